"""Looks at loans and their collateral, raises alerts, and takes them through review by two people."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import Forbidden, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.schemas import Asset
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.burdens import service as burdens
from marketplace.cases import service as cases
from marketplace.cases.schemas import Case, CaseState
from marketplace.monitoring import rules
from marketplace.monitoring.events import AlertMoved, AlertRaised
from marketplace.monitoring.schemas import (
    BY_CODE,
    SIGNALS,
    Alert,
    AlertState,
    Review,
    Signal,
    Step,
)
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.outbox.service import add as tell
from marketplace.pledges import service as pledges
from marketplace.valuations import service as valuations
from settlement import breakers
from settlement import cases as compensation_cases

_SQL = load_statements("marketplace.monitoring", "queries.sql")
_OVER = frozenset({CaseState.CLOSED, CaseState.RELEASED})
_SETTLED = _OVER | {CaseState.SATISFIED, CaseState.EXHAUSTED}
#: What is confirmed of these still stands in a loan's way (domain 1.6: MON-01 freezes).
_STANDING = sorted(kind.code for kind in SIGNALS.signals if kind.stands_confirmed)


class ReviewerCloses(Forbidden):
    """An alert is closed by another person than the one who reviewed it. / 预警须由复核人以外的人员关闭。"""

    code = "reviewer_closes"


async def raise_alert(
    conn: Connection,
    signal: Signal,
    *,
    organisation_id: UUID,
    now: datetime,
    case_id: UUID | None = None,
    asset_id: UUID | None = None,
) -> UUID | None:
    """Raise an alert for an organisation, once an occasion; its id, or None when it was raised before."""
    kind = BY_CODE[signal.code]
    alert_id: UUID | None = await conn.fetchval(
        _SQL["insert"],
        uuid7(now),
        organisation_id,
        signal.code,
        signal.level or kind.level,
        case_id,
        asset_id,
        signal.subject,
        signal.message,
        signal.message_zh,
        msgspec.json.encode(signal.evidence).decode(),
        rules.fingerprint(signal),
        SIGNALS.version,
        now,
    )
    if alert_id is None:
        return None
    acting = msgspec.structs.replace(SYSTEM_CALLER, organisation_id=organisation_id)
    await record(
        conn,
        acting,
        now=now,
        action="alert_raised",
        subject="alert",
        subject_id=alert_id,
        after=signal,
    )
    told = AlertRaised(alert_id=alert_id, organisation_id=organisation_id, code=signal.code)
    await tell(conn, told, now=now)
    return alert_id


async def watch_case(conn: Connection, case_id: UUID, *, now: datetime) -> bool:
    """Look at one loan and everything that secures it, for a job; whether there is still something to watch.

    MON-01, 05 and 06 look at the loan, MON-03 and 04 at each right, MON-08 at the schemes by which its bank claims.
    What befell a right (MON-04) also ends every recognition of reports about it.
    """
    case = await cases.get(conn, SYSTEM_CALLER, case_id)
    if case.state in _OVER:
        return False
    today = now.astimezone(CHINA).date()
    rows = await conn.fetch(_SQL["alike"], case_id)
    others = [msgspec.convert(dict(row), rules.OtherLoan) for row in rows]
    about_loan = [
        *rules.loan_twice(case, others),
        *rules.pledgor_events(case),
        *rules.overdue(case, today=today),
    ]
    for signal in about_loan:
        await raise_alert(
            conn, signal, organisation_id=case.organisation_id, case_id=case_id, now=now
        )
    await _watch_breakers(conn, case_id, now=now)
    ids = [row["asset_id"] for row in await conn.fetch(_SQL["assets_of_case"], case_id)]
    for asset in await assets.of_ids(conn, ids, organisation_id=case.organisation_id):
        await _watch_asset(conn, case, asset, now=now)
    return True


async def _watch_breakers(conn: Connection, case_id: UUID, *, now: datetime) -> None:
    """MON-08: the funds under whose schemes the loan's bank claims are warned before a breaker trips."""
    for row in await conn.fetch(_SQL["schemes_of_lender"], case_id):
        file = await compensation_cases.scheme(conn, row["scheme_id"], row["scheme_version"])
        for reading in await breakers.readings(conn, file, row["lender_id"], now=now):
            for signal in rules.near_breaker(
                scheme=f"{file.id} {row['lender_name']}",
                period=f"{reading.metric} {reading.period_from}/{reading.period_to}",
                loss_fen=reading.loss_fen,
                enrolled_fen=reading.enrolled_fen,
                threshold_bp=reading.threshold_bp,
            ):
                for fund_id in row["fund_ids"]:
                    await raise_alert(conn, signal, organisation_id=fund_id, now=now)


async def _watch_asset(conn: Connection, case: Case, asset: Asset, *, now: datetime) -> None:
    today = now.astimezone(CHINA).date()
    over = await pledges.over_assets(conn, [asset.id])
    standing = [each for each in over if each.case_id == case.id]
    events = [
        *rules.collateral_events(
            asset, await burdens.of_assets(conn, [asset.id]), is_pledged=bool(standing), today=today
        ),
        *(
            signal
            for pledge in standing[:1]
            for signal in rules.transferred_without_consent(
                asset, pledgor_name=pledge.pledgor_name, pledgor_code=pledge.pledgor_code
            )
        ),
    ]
    outliers = await _outliers(conn, asset)
    for signal in (*events, *outliers):
        alert_id = await raise_alert(
            conn,
            signal,
            organisation_id=case.organisation_id,
            case_id=case.id,
            asset_id=asset.id,
            now=now,
        )
        if alert_id is not None and signal.code == "MON-04":
            await valuations.clear_recognitions(
                conn,
                SYSTEM_CALLER,
                ip_type=asset.ip_type.value,
                number=asset.number,
                reason=f"MON-04: {signal.message}",
                now=now,
            )


async def _outliers(conn: Connection, asset: Asset) -> list[Signal]:
    """The newest report against the one before it, and against the last value that was computed by a model (MON-03).

    Reports about several rights are compared with no other.
    """
    reports = [
        each for each in await valuations.of_assets(conn, [asset.id]) if len(each.asset_ids) == 1
    ]
    if len(reports) < 2:
        return []
    newest, before = reports[0], reports[1]
    modelled = next((each for each in reports[1:] if each.computation is not None), before)
    references = [before] if modelled is before else [before, modelled]
    return [
        signal
        for reference in references
        for signal in rules.valuation_outlier(
            number=asset.number,
            report=newest.report_number,
            value_fen=newest.value_fen,
            reference_fen=reference.value_fen,
            reference=reference.report_number,
        )
    ]


async def review(
    conn: Connection, caller: Caller, alert_id: UUID, given: Review, *, now: datetime
) -> Alert:
    """The next step of an alert of the caller's organisation.

    Whoever takes it under review does not close it. `frozen` freezes the alert's loan; closing an alert that froze it
    lets the loan go on where it stood, unless another alert still holds it frozen. A fraud that is confirmed (MON-01)
    keeps it frozen; who looks at that again reviews it, and another person dismisses or confirms it.
    """
    row = await conn.fetchrow(_SQL["lock"], alert_id, caller.organisation_id)
    alert = _from_row(row, alert_id)
    rules.require_alert_step(alert.state, given.state, code=alert.code)
    is_closing = given.state in (AlertState.CONFIRMED, AlertState.DISMISSED)
    if is_closing and alert.reviewer_id == caller.user_id:
        raise ReviewerCloses
    await conn.execute(
        _SQL["set_state"],
        alert_id,
        given.state,
        None if is_closing or alert.state is AlertState.UNDER_REVIEW else caller.user_id,
        caller.user_id if is_closing else None,
        now,
    )
    step = (alert_id, given.state, given.reason, caller.user_id, now)
    await conn.execute(_SQL["insert_step"], *step)
    await _freeze_or_thaw(conn, caller, alert, given, now=now)
    await record(
        conn,
        caller,
        now=now,
        action="alert_moved",
        subject="alert",
        subject_id=alert_id,
        before={"state": alert.state},
        after={"state": given.state},
        reason=given.reason,
    )
    told = AlertMoved(
        alert_id=alert_id, organisation_id=alert.organisation_id, state=given.state.value
    )
    await tell(conn, told, now=now)
    return await get(conn, caller, alert_id)


async def _freeze_or_thaw(
    conn: Connection, caller: Caller, alert: Alert, given: Review, *, now: datetime
) -> None:
    if alert.case_id is None:
        return
    reason = f"{alert.code}: {given.reason}"
    stands = given.state is AlertState.CONFIRMED and BY_CODE[alert.code].stands_confirmed
    is_again = given.state is AlertState.FROZEN and alert.state is AlertState.CONFIRMED
    if stands or is_again:
        case = await cases.get(conn, SYSTEM_CALLER, alert.case_id)
        if case.state in _SETTLED:
            return  # nothing goes on with it that could be stopped
    if given.state is AlertState.FROZEN or stands:
        await cases.freeze(conn, caller, alert.case_id, reason=reason, now=now)
    elif alert.state is AlertState.FROZEN:
        others = await open_over(conn, case_id=alert.case_id, asset_ids=())
        if not any(each.state in (AlertState.FROZEN, AlertState.CONFIRMED) for each in others):
            await cases.thaw(conn, caller, alert.case_id, reason=reason, now=now)


async def get(conn: Connection, caller: Caller, alert_id: UUID) -> Alert:
    """One alert of the caller's organisation (supervisors: any), with the steps of its review."""
    alert = _from_row(await conn.fetchrow(_SQL["by_id"], alert_id, _owner(caller)), alert_id)
    steps = [msgspec.convert(dict(row), Step) for row in await conn.fetch(_SQL["steps"], alert_id)]
    return msgspec.structs.replace(alert, steps=tuple(steps))


async def page(
    conn: Connection,
    caller: Caller,
    *,
    after: UUID | None,
    limit: int,
    state: AlertState | None = None,
) -> list[Alert]:
    """Up to `limit` alerts that the caller may see, with ids after `after`, of one state if given."""
    rows = await conn.fetch(_SQL["page"], after, _owner(caller), state, limit)
    return [_from_row(row, row["id"]) for row in rows]


async def open_over(
    conn: Connection, *, case_id: UUID, asset_ids: Iterable[UUID]
) -> Sequence[Alert]:
    """What is not closed about a loan or these rights, or stands confirmed, for a room that has checked who asks."""
    rows = await conn.fetch(_SQL["open_over"], case_id, sorted(set(asset_ids)), _STANDING)
    return [_from_row(row, row["id"]) for row in rows]


async def open_of_lender(conn: Connection, *, case_id: UUID) -> Sequence[Alert]:
    """What is not closed about the bank of a loan and holds its listings (MON-02), for a room that checked who asks."""
    rows = await conn.fetch(_SQL["open_of_lender"], case_id)
    return [_from_row(row, row["id"]) for row in rows]


def _owner(caller: Caller) -> UUID | None:
    """Whose alerts the caller sees: their own organisation's, whatever it is; supervisors and jobs see all."""
    seen = visibility_of(caller)
    sees_all = seen.owner_id is None and seen.venue_id is None
    return None if sees_all else caller.organisation_id


def _from_row(row: asyncpg.Record | None, alert_id: UUID) -> Alert:
    if row is None:
        raise NotFound(f"alert {alert_id}: no such alert", f"预警 {alert_id} 不存在")
    return msgspec.convert(dict(row) | {"evidence": msgspec.json.decode(row["evidence"])}, Alert)
