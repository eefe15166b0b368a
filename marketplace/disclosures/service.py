"""Changes a notice and discloses it anew (重新披露): one person of the venue proposes, another publishes it.

Who had registered acknowledges the new notice before it is admitted; its deposit stays held, and goes back if it
does not.
"""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from auction_engine.rules.formats import SEALED_FORMATS
from kit.errors import Conflict, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Kind as ApprovalKind
from marketplace.audit.steps import moved
from marketplace.consignments.rules import require_another_person
from marketplace.diligence.schemas import Cause
from marketplace.disclosures import following
from marketplace.disclosures.rules import changed, require_change_step, require_changeable
from marketplace.disclosures.schemas import (
    ChangeKind,
    ChangeState,
    DisclosureChange,
    NoticeChanged,
    RedisclosureDecision,
    RedisclosureIn,
)
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.background import background_of
from marketplace.lots.content import notice_content
from marketplace.lots.profile import Frozen, freeze, rules_of
from marketplace.lots.regimes import Finding, Severity
from marketplace.lots.relisting import check_extension, check_redisclosure
from marketplace.lots.schemas import Lot
from marketplace.notices import service as notices
from marketplace.notices.rules import canonical_text, digest
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox
from marketplace.sealings import service as sealings

_SQL = load_statements("marketplace.disclosures", "queries.sql")


class RedisclosureRefused(Conflict):
    """The changed notice would break a rule; the findings say which, with the article. / 重新披露不符合规则。"""

    code = "redisclosure_refused"


class RedisclosureProposed(Conflict):
    """A change of this notice waits for its decision. / 本公告已有待复核的变更。"""

    code = "redisclosure_proposed"


class RedisclosureDiffers(Conflict):
    """The change proposed is another one, or there is none. / 拟议变更不符或尚未提出。"""

    code = "redisclosure_differs"


async def propose(
    conn: Connection, caller: Caller, lot_id: UUID, given: RedisclosureIn, *, now: datetime
) -> DisclosureChange:
    """Propose to change the notice of the caller's lot.

    Raises `RedisclosureRefused` with the articles, `TooLateToChange`, `RedisclosureProposed`.
    """
    lot = await lots.owned_for_update(conn, caller, lot_id)
    require_changeable(lot, now=now)
    after = changed(lot, given)
    await _require_allowed(conn, lot, after, now=now)
    change_id = uuid7(now)
    try:
        async with conn.transaction():
            await conn.execute(
                _SQL["insert"],
                *(change_id, lot.id, ChangeKind.REDISCLOSURE, None, ChangeState.PROPOSED),
                *(given.reason, msgspec.json.encode(given.conditions).decode()),
                *(after.priority_closes_at, after.opens_at, after.closes_at),
                *(caller.user_id, now, None, None, None, None),
            )
    except asyncpg.UniqueViolationError as error:
        raise RedisclosureProposed from error
    await moved(
        conn,
        caller,
        subject="disclosure_change",
        subject_id=change_id,
        before="",
        after=ChangeState.PROPOSED,
        now=now,
        reason=given.reason,
        facts={"lot_id": lot.id},
    )
    return await _proposed(conn, lot.id)


async def decide(
    conn: Connection, caller: Caller, lot_id: UUID, given: RedisclosureDecision, *, now: datetime
) -> DisclosureChange:
    """Another person of the venue publishes the change as shown, or refuses it; two do from the venue's limit on."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    change = await _proposed(conn, lot.id)
    if change.sha256 != given.sha256:
        raise RedisclosureDiffers
    require_another_person(change.proposed_by, caller.user_id)
    if not given.approved:
        return await _decided(conn, caller, change, ChangeState.REFUSED, given.reason, now=now)
    require_changeable(lot, now=now)
    assert change.conditions is not None, "a redisclosure says what"
    after = msgspec.structs.replace(
        lot,
        conditions=change.conditions,
        priority_closes_at=change.priority_closes_at,
        opens_at=change.opens_at,
        closes_at=change.closes_at,
    )
    await _require_allowed(conn, lot, after, now=now)
    await _require_eligible(conn, caller, lot, now=now)
    paper = approvals.Paper(
        kind=ApprovalKind.LISTING,
        organisation_id=lot.venue_id,
        subject_id=change.id,
        asked_by=change.proposed_by,
        content={"lot": lot.number, "redisclosure": change.sha256, "reason": change.reason},
        amount_fen=lot.start_price_fen,
    )
    signed = await approvals.sign(conn, caller, paper, reason=given.reason, now=now)
    if not signed.is_complete:
        return change
    return await _publish(conn, caller, lot, after, change, reason=given.reason, now=now)


async def waiting(conn: Connection, caller: Caller, lot_id: UUID) -> DisclosureChange:
    """The change that waits for its decision, for the lot's venue and consignor. Raises `NotFound` for none."""
    await lots.owned(conn, caller, lot_id)
    return await _proposed(conn, lot_id)


async def published(conn: Connection, lot_id: UUID) -> list[DisclosureChange]:
    """What of a lot's notice was changed, oldest first: public, as the notices themselves are."""
    found = [_change(row) for row in await conn.fetch(_SQL["of_lot"], lot_id)]
    return [one for one in found if one.state is ChangeState.PUBLISHED]


async def _publish(
    conn: Connection,
    caller: Caller,
    lot: Lot,
    after: Lot,
    change: DisclosureChange,
    *,
    reason: str,
    now: datetime,
) -> DisclosureChange:
    """The whole notice anew, then the lot after it; the course of duties finds the new times by itself."""
    frozen = await _frozen(conn, lot, after)
    sealing = await sealings.row_or_none(conn, lot.id)
    content = notice_content(
        after,
        assets=await intake.described_assets(conn, lot.consignment_id),
        findings=await lots.findings(conn, lot.id),
        frozen=frozen,
        background=await background_of(conn, after, now=now),
        sealing=sealing.terms() if sealing else None,
    )
    notice = await notices.publish_redisclosure(
        conn,
        caller,
        lot.id,
        lot_number=lot.number,
        regime=lot.regime.value,
        content=content | {"reason": change.reason, "replaces": lot.notice_sha256},
        now=now,
    )
    require_change_step(change.state, ChangeState.PUBLISHED)
    await conn.execute(
        _SQL["decide"],
        *(change.id, ChangeState.PUBLISHED, caller.user_id, now, frozen.hash, notice.sha256),
    )
    await following.follow(conn, after, frozen, notice_sha256=notice.sha256, now=now)
    await moved(
        conn,
        caller,
        subject="disclosure_change",
        subject_id=change.id,
        before=change.state,
        after=ChangeState.PUBLISHED,
        now=now,
        reason=reason,
        facts={"lot_id": lot.id, "notice_sha256": notice.sha256},
    )
    event = NoticeChanged(
        lot_id=lot.id,
        number=lot.number,
        notice_sha256=notice.sha256,
        opens_at=after.opens_at,
        closes_at=after.closes_at,
    )
    await outbox.add(conn, event, now=now)
    return (await published(conn, lot.id))[-1]


async def _frozen(conn: Connection, lot: Lot, after: Lot) -> Frozen:
    """The rules with the new times; as they were proved to the key holders where the times stay."""
    if rules_of(after) == rules_of(lot):
        return await lots.frozen_profile(conn, lot.id)
    return freeze(rules_of(after))


async def _require_allowed(conn: Connection, lot: Lot, after: Lot, *, now: datetime) -> None:
    """Raise `RedisclosureRefused` for a changed notice that would stand too short, or must not change like this."""
    assert lot.published_at is not None, "only a published notice is changed"
    is_sealed = lot.format in SEALED_FORMATS
    found = [
        *check_redisclosure(after.terms(), disclosed_at=lot.published_at, changed_at=now),
        *check_extension(after.terms(), after.conditions.listing_extension, is_sealed=is_sealed),
    ]
    if is_sealed and rules_of(after) != rules_of(lot):
        found.append(_SEALED)
    if await conn.fetchval(_SQL["is_in_session"], lot.id):
        found.append(_IN_SESSION)
    _refuse_if_any(found)


async def _require_eligible(conn: Connection, caller: Caller, lot: Lot, *, now: datetime) -> None:
    """The eligibility rules run again: what blocks, or holds and was not known when the lot was published, refuses."""
    known = {(finding.code, finding.field) for finding in await lots.findings(conn, lot.id)}
    found = await intake.eligibility(
        conn, caller, lot.consignment_id, cause=Cause.PUBLISHED, now=now
    )
    _refuse_if_any(
        [
            finding
            for finding in found
            if finding.severity is Severity.BLOCK
            or (finding.severity is Severity.HOLD and (finding.code, finding.field) not in known)
        ]
    )


def _refuse_if_any(found: list[Finding]) -> None:
    holding = [finding for finding in found if finding.severity is not Severity.WARN]
    if holding:
        raise RedisclosureRefused(
            "; ".join(f"{f.code} {f.field}: {f.message}" for f in holding),
            "；".join(f"{f.code} {f.field}：{f.message_zh}" for f in holding),
            findings=[f.code for f in holding],
            field=holding[0].field,
        )


async def _decided(
    conn: Connection,
    caller: Caller,
    change: DisclosureChange,
    wanted: ChangeState,
    reason: str,
    *,
    now: datetime,
) -> DisclosureChange:
    require_change_step(change.state, wanted)
    await conn.execute(_SQL["decide"], change.id, wanted, caller.user_id, now, None, None)
    await moved(
        conn,
        caller,
        subject="disclosure_change",
        subject_id=change.id,
        before=change.state,
        after=wanted,
        now=now,
        reason=reason,
        facts={"lot_id": change.lot_id},
    )
    return msgspec.structs.replace(change, state=wanted, decided_by=caller.user_id, decided_at=now)


async def _proposed(conn: Connection, lot_id: UUID) -> DisclosureChange:
    row = await conn.fetchrow(_SQL["proposed"], lot_id)
    if row is None:
        raise NotFound("no change of this notice waits", "本公告没有待复核的变更")
    return _change(row)


def _change(row: asyncpg.Record) -> DisclosureChange:
    fields = dict(row)
    if fields["conditions"] is not None:
        fields["conditions"] = msgspec.json.decode(fields["conditions"])
    change = msgspec.convert(fields, DisclosureChange)
    shown = {
        name: msgspec.to_builtins(getattr(change, name))
        for name in ("id", "lot_id", "conditions", "priority_closes_at", "opens_at", "closes_at")
    }
    return msgspec.structs.replace(change, sha256=digest(canonical_text(shown)))


_SEALED = Finding(
    code="REGIME",
    severity=Severity.BLOCK,
    field="closes_at",
    message="bids are sealed to the close that the key holders proved: withdraw the lot and announce it anew",
    message_zh="密封报价的密钥与截止时间绑定：请撤回后重新公告",
)
_IN_SESSION = Finding(
    code="REGIME",
    severity=Severity.BLOCK,
    field="lot_id",
    message="the lot opens and closes with its session: withdraw it and announce it anew",
    message_zh="标的随专场统一开始和结束：请撤回后重新公告",
)
