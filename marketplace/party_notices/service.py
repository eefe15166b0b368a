"""Records who was told of a sale and when, and takes a checked lot on to `notified` once everybody was."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.consignments.dossier import facts_of
from marketplace.consignments.facts import parties_to_tell
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus, require_lot_step
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import Caller
from marketplace.party_notices.rules import effective_on, may_publish_from
from marketplace.party_notices.schemas import (
    PartyNotice,
    PartyNoticeIn,
    PartyNoticeList,
    PartyNoticeOutcome,
)

_SQL = load_statements("marketplace.party_notices", "queries.sql")


class PartyToldAlready(Conflict):
    """This party was sent word of the sale, or its word is settled, already. / 已通知该当事人或通知已有结果。"""

    code = "party_told_already"


class PartiesNotTold(Conflict):
    """Not everybody who has to be told was. / 尚有应通知的当事人未通知到。"""

    code = "parties_not_told"


async def record(
    conn: Connection, caller: Caller, lot_id: UUID, given: PartyNoticeIn, *, now: datetime
) -> PartyNoticeList:
    """Record that a party was sent word of a sale that is not public yet."""
    lot = await _unpublished(conn, caller, lot_id)
    if given.sent_on > now.astimezone(CHINA).date():
        raise InvalidInput("sent_on", "must not be in the future", "不得晚于今日")
    try:
        async with conn.transaction():
            await conn.execute(
                _SQL["insert"],
                uuid7(now),
                lot_id,
                given.party_name,
                given.role,
                given.method,
                given.sent_on,
                caller.user_id,
                now,
            )
    except asyncpg.UniqueViolationError as error:
        raise PartyToldAlready from error
    await _audit(conn, caller, lot, "party_notice_sent", given, now=now)
    return await _shown(conn, lot, now=now)


async def settle(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    notice_id: UUID,
    given: PartyNoticeOutcome,
    *,
    now: datetime,
) -> PartyNoticeList:
    """Record what became of it: received, waived, or unreachable with the reason published."""
    lot = await _unpublished(conn, caller, lot_id)
    known = next((one for one in await of_lot(conn, lot_id) if one.id == notice_id), None)
    if known is None:
        raise NotFound
    if not known.sent_on <= given.on <= now.astimezone(CHINA).date():
        raise InvalidInput(
            "on", f"must be from {known.sent_on} to today", f"须在 {known.sent_on} 至今日之间"
        )
    if known.state != "sent":
        raise PartyToldAlready
    day = effective_on(given.state, given.on)
    await conn.execute(_SQL["settle"], notice_id, given.state, day, given.evidence)
    await _audit(conn, caller, lot, f"party_notice_{given.state}", given, now=now)
    return await _shown(conn, lot, now=now)


async def finish(
    conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime
) -> PartyNoticeList:
    """Everybody was told: the checked lot is `notified`, and may be published three days after the last (art. 16)."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    require_lot_step(lot.status, LotStatus.NOTIFIED, number=lot.number)
    shown = await _shown(conn, lot, now=now)
    if shown.may_publish_from is None:
        named = {one.party_name for one in shown.items if one.effective_on is not None}
        missing = [name for name in shown.required if name not in named] or ["one of the parties"]
        raise PartiesNotTold(
            f"not told yet: {', '.join(missing)} (Fa Shi [2016] 18, art. 16)",
            f"尚未通知：{'、'.join(missing)}（法释〔2016〕18号第十六条）",
        )
    last = max(one.effective_on for one in shown.items if one.effective_on is not None)
    lot = await lots.set_notified(conn, caller, lot, last, now=now)
    return await _shown(conn, lot, now=now)


async def get(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> PartyNoticeList:
    """Who has to be told of a lot's sale and who was, for its venue and its consignor."""
    return await _shown(conn, await lots.owned(conn, caller, lot_id), now=now)


async def of_lot(conn: Connection, lot_id: UUID) -> list[PartyNotice]:
    """The words sent, in the order recorded."""
    return [
        msgspec.convert(dict(row), PartyNotice) for row in await conn.fetch(_SQL["of_lot"], lot_id)
    ]


async def _shown(conn: Connection, lot: Lot, *, now: datetime) -> PartyNoticeList:
    consignment = await intake.of(conn, lot.consignment_id)
    facts = await facts_of(conn, consignment, today=now.astimezone(CHINA).date())
    required = parties_to_tell(facts.rights, facts.case)
    items = await of_lot(conn, lot.id)
    return PartyNoticeList(
        required=sorted(required),
        items=items,
        may_publish_from=may_publish_from(required, items),
        lot=lot,
    )


async def _unpublished(conn: Connection, caller: Caller, lot_id: UUID) -> Lot:
    lot = await lots.owned_for_update(conn, caller, lot_id)
    if lot.published_at is not None:
        raise Conflict(
            f"lot {lot.number} is public: the parties are told before the notice",
            f"标的 {lot.number} 已公告，当事人应于公告前通知",
        )
    return lot


async def _audit(
    conn: Connection, caller: Caller, lot: Lot, action: str, facts: object, *, now: datetime
) -> None:
    await audit.record(
        conn, caller, now=now, action=action, subject="lot", subject_id=lot.id, after=facts
    )
