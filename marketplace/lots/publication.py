"""From the check of a lot (标的审查) to its notice: what was found is stored, what bidders will rely on is frozen."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auction_engine.rules.commands import GRACE_MS
from auction_engine.rules.formats import SEALED_FORMATS
from kit.clock import CHINA, in_china
from kit.errors import Forbidden, InvalidInput, NotFound
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.diligence.schemas import Cause
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import intake
from marketplace.lots.background import background_of
from marketplace.lots.content import notice_content
from marketplace.lots.offered import OFFERED
from marketplace.lots.profile import freeze, rules_of
from marketplace.lots.regimes import (
    Finding,
    Regime,
    Severity,
    Terms,
    check_notice,
    check_terms,
)
from marketplace.lots.relisting import check_extension
from marketplace.lots.rules import LotStatus, Origin, require_lot_step
from marketplace.lots.schemas import Lot, LotCheck, LotPublished, Override
from marketplace.lots.service import (
    LotNotReady,
    findings,
    for_update,
    get,
    notified_on,
    owned_for_update,
    set_status,
)
from marketplace.notices import service as notices
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.outbox import service as outbox
from marketplace.sales import coverage
from marketplace.sealings import service as sealings

#: The close is final once so long has passed after the end. Source: contracts 1 "Time".
GRACE = timedelta(milliseconds=GRACE_MS)
_SQL = load_statements("marketplace.lots", "queries.sql")


_TELL_FIRST = Finding(
    code="ELG-21",
    severity=Severity.BLOCK,
    field="status",
    message="parties and priority holders are told three days before the notice (Fa Shi [2016] 18, art. 16)",
    message_zh="应当在公告发布三日前通知当事人和已知优先购买权人（法释〔2016〕18号第十六条）",
)
_SHOW_FIRST = Finding(
    code="ELG-21",
    severity=Severity.BLOCK,
    field="viewings",
    message="what is auctioned can be viewed on at least two days (Auction Law art. 48): offer viewings",
    message_zh="拍卖标的的展示时间不得少于两日（拍卖法第四十八条），请安排看样",
)


class SamePersonTwice(Forbidden):
    """The lot must be published by another person than the one who drafted it. / 公告发布人不得为标的起草人。"""

    code = "publisher_is_drafter"


async def check(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> LotCheck:
    """Run the eligibility rules and the regime's, store what they find, and go on to `checked` if nothing blocks."""
    lot = await owned_for_update(conn, caller, lot_id)
    require_lot_step(lot.status, LotStatus.CHECKED, number=lot.number)
    found = await _find(conn, caller, lot, cause=Cause.LOT_CHECKED, now=now)
    await conn.execute(_SQL["clear_findings"], lot_id)
    await conn.executemany(
        _SQL["insert_finding"],
        [
            (lot_id, n, f.code, f.severity, f.field, f.message, f.message_zh, now)
            for n, f in enumerate(found, start=1)
        ],
    )
    stored = await findings(conn, lot_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="lot_check_made",
        subject="lot",
        subject_id=lot_id,
        after=[f"{finding.severity}:{finding.code}" for finding in stored],
    )
    if not any(finding.severity is Severity.BLOCK for finding in stored):
        await conn.execute(_SQL["set_checked"], lot_id, caller.user_id)
        lot = await set_status(conn, caller, lot, LotStatus.CHECKED, now=now)
    return LotCheck(lot=lot, findings=stored)


async def override(
    conn: Connection, caller: Caller, lot_id: UUID, given: Override, *, now: datetime
) -> LotCheck:
    """Pass over a finding that holds the lot, for a stated reason; not by the person who drafted it."""
    lot = await owned_for_update(conn, caller, lot_id)
    if caller.user_id == lot.drafted_by:
        raise SamePersonTwice
    done = await conn.execute(
        _SQL["override_finding"], lot_id, given.position, caller.user_id, given.reason
    )
    if done == "UPDATE 0":
        raise NotFound(
            f"lot {lot.number} has no finding {given.position} that could be overridden",
            f"标的 {lot.number} 没有可人工放行的第 {given.position} 项问题",
        )
    await audit.record(
        conn,
        caller,
        now=now,
        action="lot_finding_overridden",
        subject="lot",
        subject_id=lot_id,
        after={"position": given.position},
        reason=given.reason,
    )
    return LotCheck(lot=lot, findings=await findings(conn, lot_id))


async def publish(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> Lot:
    """Freeze the rule profile, publish the notice, and put the opening and the close on the list of duties.

    By another person than the drafter. The eligibility rules run once more: what was found at the check may have
    changed since.
    """
    lot = await owned_for_update(conn, caller, lot_id)
    if caller.user_id == lot.drafted_by:
        raise SamePersonTwice
    require_lot_step(lot.status, LotStatus.PUBLISHED, number=lot.number)
    if lot.opens_at <= now:
        raise InvalidInput(
            "opens_at",
            f"{in_china(lot.opens_at)} (UTC+8) is not after the notice",
            f"{in_china(lot.opens_at)} 不晚于公告时间",
        )
    await _require_told(conn, lot, now=now)
    await coverage.require_needed(conn, lot, now=now)
    await _require_nothing_new(conn, caller, lot, now=now)
    lot = await _freeze(conn, caller, lot, now=now)
    lot = await set_status(conn, caller, lot, LotStatus.PUBLISHED, now=now)
    await _reauction(conn, caller, lot, now=now)
    await intake.begin_disposal(conn, caller, lot.consignment_id, now=now)
    await outbox.add(
        conn,
        LotPublished(
            lot_id=lot.id,
            number=lot.number,
            notice_sha256=lot.notice_sha256 or "",
            profile_hash=lot.profile_hash or "",
        ),
        now=now,
    )
    await duties.add(conn, Kind.MATCH_SUBSCRIPTIONS, subject_id=lot.id, due_at=now, now=now)
    for kind, due_at in _course(lot):
        await duties.add(conn, kind, subject_id=lot.id, due_at=due_at, now=now)
    if lot.registration_opens_at <= now:
        return await set_status(conn, SYSTEM_CALLER, lot, LotStatus.REGISTRATION, now=now)
    await duties.add(
        conn,
        Kind.OPEN_REGISTRATION,
        subject_id=lot.id,
        due_at=lot.registration_opens_at,
        now=now,
    )
    return lot


async def _reauction(conn: Connection, caller: Caller, lot: Lot, *, now: datetime) -> None:
    """The lot whose buyer defaulted is on sale again from here; the defaulter is barred (法释〔2016〕18号 art. 24)."""
    if lot.origin is not Origin.REAUCTION or lot.origin_lot_id is None:
        return
    defaulted = await for_update(conn, lot.origin_lot_id)
    if defaulted.status is LotStatus.DEFAULTED:
        reason = f"on sale again as {lot.number} 重新处置：{lot.number}"
        await set_status(conn, caller, defaulted, LotStatus.RE_AUCTION, now=now, reason=reason)


async def _require_told(conn: Connection, lot: Lot, *, now: datetime) -> None:
    """Refuse a notice before the parties were told, or the things can be seen, as the regime asks; not of a rehearsal.

    Sources: 法释〔2016〕18号 art. 16 (three days before the notice); Auction Law art. 48 (viewing on two days).
    """
    if lot.shortened_times:
        return
    found = []
    if lot.regime is Regime.JUDICIAL_NETWORK:
        told_on = await notified_on(conn, lot.id)
        today = now.astimezone(CHINA).date()
        if lot.status is not LotStatus.NOTIFIED or told_on is None or (today - told_on).days < 3:
            found.append(_TELL_FIRST)
    if lot.regime is Regime.COMMERCIAL_AUCTION:
        days = await conn.fetchval(_SQL["viewing_days"], lot.id)
        if days < 2:
            found.append(_SHOW_FIRST)
    _refuse_if_any(found)


def _course(lot: Lot) -> tuple[tuple[Kind, datetime], ...]:
    """What must happen to a published lot, and when."""
    if lot.format in OFFERED:
        return ((Kind.OPEN_OFFERS, lot.opens_at), (Kind.CLOSE_OFFERS, lot.closes_at))
    return (
        (Kind.CREATE_AUCTION, lot.priority_closes_at),
        (Kind.OPEN_AUCTION, lot.opens_at),
        (Kind.CLOSE_AUCTION, lot.closes_at + GRACE),
    )


async def _find(
    conn: Connection, caller: Caller, lot: Lot, *, cause: Cause, now: datetime
) -> list[Finding]:
    """Eligibility first; what it says of price or deposit the regime's rules do not say again."""
    terms = await _terms_of(conn, lot)
    found = await intake.eligibility(conn, caller, lot.consignment_id, cause=cause, now=now)
    codes = {finding.code for finding in found}
    return [
        *found,
        *(finding for finding in check_terms(terms) if finding.code not in codes),
        *check_notice(terms, published_at=now),
        *check_extension(
            terms, lot.conditions.listing_extension, is_sealed=lot.format in SEALED_FORMATS
        ),
    ]


async def _terms_of(conn: Connection, lot: Lot) -> Terms:
    """The lot's terms, with the end of the round before it where it follows one that nobody bought in.

    What is auctioned again because its buyer did not pay (art. 24) is no second auction of art. 26.
    """
    if lot.origin is Origin.REAUCTION:
        return lot.terms()
    closed_at = await conn.fetchval(
        _SQL["unsold_before"], lot.consignment_id, lot.round_number - 1, lot.regime
    )
    return msgspec.structs.replace(lot.terms(), previous_closed_at=closed_at)


async def _require_nothing_new(
    conn: Connection, caller: Caller, lot: Lot, *, now: datetime
) -> None:
    """Refuse when a stored finding still holds the lot, or a new one would.

    What was passed over counts for that very finding: another right, report or alert under the same rule holds anew.
    """
    stored = await findings(conn, lot.id)
    standing = [finding for finding in stored if finding.holds]
    passed_over = {
        (finding.code, finding.field, finding.message)
        for finding in stored
        if finding.overridden_by is not None
    }
    fresh = [
        finding
        for finding in await _find(conn, caller, lot, cause=Cause.PUBLISHED, now=now)
        if finding.severity is Severity.BLOCK
        or (
            finding.severity is Severity.HOLD
            and (finding.code, finding.field, finding.message) not in passed_over
        )
    ]
    _refuse_if_any([*standing, *fresh])


def _refuse_if_any(found: Sequence[Finding]) -> None:
    if not found:
        return
    raise LotNotReady(
        "; ".join(f"{f.code} {f.field}: {f.message}" for f in found),
        "；".join(f"{f.code} {f.field}：{f.message_zh}" for f in found),
        findings=[f.code for f in found],
    )


async def _freeze(conn: Connection, caller: Caller, lot: Lot, *, now: datetime) -> Lot:
    """The profile in canonical form, its hash, and the notice that prints both."""
    sealing = await sealings.proved_for(conn, lot)
    frozen = sealing.frozen() if sealing else freeze(rules_of(lot))
    content = notice_content(
        lot,
        assets=await intake.described_assets(conn, lot.consignment_id),
        findings=await findings(conn, lot.id),
        frozen=frozen,
        background=await background_of(conn, lot, now=now),
        sealing=sealing.terms() if sealing else None,
    )
    notice = await notices.publish_sale(
        conn,
        caller,
        lot.id,
        lot_number=lot.number,
        regime=lot.regime.value,
        content=content,
        now=now,
    )
    await conn.execute(
        _SQL["freeze"],
        lot.id,
        caller.user_id,
        now,
        frozen.text,
        frozen.salt,
        frozen.hash,
        notice.sha256,
    )
    return await get(conn, lot.id)
