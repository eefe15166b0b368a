"""Mandates to operate: drafted and approved by two people of the bank, agreed by the agency, reported on, ended."""

from datetime import date, datetime, time, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit.steps import moved
from marketplace.consignments import service as consignments
from marketplace.consignments.rules import require_another_person
from marketplace.consignments.schemas import ConsignmentState
from marketplace.diligence import service as diligence
from marketplace.diligence.schemas import NOT_OF_LICENCES, Cause
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.mandates.rules import last_day, money_of, periods, require_mandate_step
from marketplace.mandates.schemas import (
    AgencyPaymentDue,
    Mandate,
    MandateDecision,
    MandateIn,
    MandateState,
    Report,
    ReportIn,
)
from marketplace.notices.rules import canonical_text, digest
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import (
    SYSTEM_CALLER,
    SYSTEM_USER_ID,
    Caller,
    OrganisationKind,
)
from marketplace.outbox import service as outbox
from settlement.rules.references import reference_of
from settlement.rules.references import shown as shown_reference

_SQL = load_statements("marketplace.mandates", "queries.sql")
_moved = partial(moved, subject="mandate")
_WATCH = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})
_S = MandateState
_OPEN_REPORTS = frozenset({"due", "late"})
#: A payment is called to mind when the third day before its last begins.
_REMINDED_BEFORE = timedelta(days=4)


class MandateExists(Conflict):
    """The consignment has a mandate that is not over. / 该委托已有未结束的运营委托。"""

    code = "mandate_exists"


class MandateTextDiffers(Conflict):
    """The mandate is not the one you were shown: read it again. / 运营委托内容与所示不符，请重新查看。"""

    code = "mandate_text_differs"


class NotApprovedYet(Conflict):
    """The bank's checker has not approved the mandate. / 运营委托尚未经银行复核。"""

    code = "mandate_not_approved"


class NoReportDue(Conflict):
    """No report is due. / 当前无待报告期间。"""

    code = "no_report_due"


async def propose(conn: Connection, caller: Caller, given: MandateIn, *, now: datetime) -> Mandate:
    """Draft a mandate over a consignment of the caller's bank."""
    consignment = await consignments.get(conn, caller, given.consignment_id)
    if consignment.organisation_id != caller.organisation_id:
        raise NotFound
    agency = await organisations.organisation_by_id(conn, given.mandate.agency_id)
    if agency.kind is not OrganisationKind.AGENCY:
        raise InvalidInput("mandate.agency_id", "is not an operating agency", "不是运营机构")
    mandate_id = uuid7(now)
    text = canonical_text(msgspec.to_builtins(given.mandate))
    starts_on = now.astimezone(CHINA).date() + timedelta(days=given.mandate.starts_in_days)
    try:
        async with conn.transaction():
            await conn.execute(
                _SQL["insert"],
                mandate_id,
                consignment.id,
                consignment.organisation_id,
                consignment.venue_id,
                given.mandate.agency_id,
                text,
                digest(text),
                caller.user_id,
                starts_on,
                last_day(starts_on, given.mandate),
                now,
            )
    except asyncpg.UniqueViolationError as error:
        raise MandateExists from error
    await _moved(conn, caller, mandate_id, "", _S.PROPOSED, now=now)
    return await lock(conn, mandate_id)


async def approve(
    conn: Connection, caller: Caller, mandate_id: UUID, given: MandateDecision, *, now: datetime
) -> Mandate:
    """Another person of the bank approves the mandate as shown: the agency sees it from here. A no declines it.

    The rules on the rights are run before a yes; what they hold against it is passed over or cured first.
    """
    mandate = await lock(conn, mandate_id)
    if mandate.organisation_id != caller.organisation_id:
        raise NotFound
    require_another_person(mandate.drafted_by, caller.user_id)
    if mandate.sha256 != given.sha256:
        raise MandateTextDiffers
    require_mandate_step(mandate.state, _S.AGREED, number=mandate.number)
    if not given.approved:
        return await _set_state(conn, caller, mandate, _S.DECLINED, now=now)
    await diligence.require_clear(
        conn,
        caller,
        mandate.consignment_id,
        cause=Cause.DECIDED,
        leaving_out=NOT_OF_LICENCES,
        now=now,
    )
    await conn.execute(_SQL["approve"], mandate_id, caller.user_id, now)
    await _moved(conn, caller, mandate_id, mandate.state, "approved", now=now)
    return await lock(conn, mandate_id)


async def answer(
    conn: Connection, caller: Caller, mandate_id: UUID, given: MandateDecision, *, now: datetime
) -> Mandate:
    """The agency agrees to the mandate as shown, or declines. The rights are in disposal from here."""
    mandate = await lock(conn, mandate_id)
    if mandate.agency_id != caller.organisation_id or mandate.approved_by is None:
        raise NotFound
    if mandate.sha256 != given.sha256:
        raise MandateTextDiffers
    if not given.approved:
        return await _set_state(conn, caller, mandate, _S.DECLINED, now=now)
    mandate = await _set_state(conn, caller, mandate, _S.AGREED, now=now)
    await consignments.begin_disposal(conn, SYSTEM_CALLER, mandate.consignment_id, now=now)
    for n, period in enumerate(periods(mandate.starts_on, mandate.terms), start=1):
        report_id = uuid7(now)
        await conn.execute(
            _SQL["insert_report"],
            report_id,
            mandate_id,
            n,
            period.first,
            period.last,
            period.due_on,
            period.pay_by,
        )
        for kind, day in (
            (Kind.ASK_MANDATE_REPORT, period.last),
            (Kind.CHECK_MANDATE_REPORT, period.due_on),
            (Kind.REMIND_MANDATE_PAYMENT, period.pay_by - _REMINDED_BEFORE),
            (Kind.CHECK_MANDATE_PAYMENT, period.pay_by),
        ):
            await duties.add(conn, kind, subject_id=report_id, due_at=_after(day), now=now)
    first = datetime.combine(mandate.starts_on, time(), CHINA)
    await duties.add(
        conn, Kind.START_MANDATE, subject_id=mandate_id, due_at=max(first, now), now=now
    )
    over = _after(mandate.ends_on + timedelta(days=mandate.terms.report_within_days))
    await duties.add(conn, Kind.END_MANDATE, subject_id=mandate_id, due_at=over, now=now)
    return await shown(conn, mandate)


async def start(conn: Connection, mandate_id: UUID, *, now: datetime) -> None:
    """The first day has come."""
    mandate = await lock(conn, mandate_id)
    if mandate.state is _S.AGREED:
        await _set_state(conn, SYSTEM_CALLER, mandate, _S.RUNNING, now=now)


async def ask_report(conn: Connection, report_id: UUID, *, now: datetime) -> None:
    """A period is over: its report is due."""
    mandate = await _of_report(conn, report_id)
    if mandate.state is _S.AGREED:
        mandate = await _set_state(conn, SYSTEM_CALLER, mandate, _S.RUNNING, now=now)
    report = next(one for one in mandate.reports if one.id == report_id)
    if mandate.state not in (_S.RUNNING, _S.REPORT_DUE) or report.state != "expected":
        return
    await conn.execute(_SQL["set_report_state"], report_id, "due")
    if mandate.state is _S.RUNNING:
        await _set_state(conn, SYSTEM_CALLER, mandate, _S.REPORT_DUE, now=now)


async def check_report(conn: Connection, report_id: UUID, *, now: datetime) -> None:
    """A report's last day is over: what is missing is late, which is audited and told."""
    mandate = await _of_report(conn, report_id)
    report = next(one for one in mandate.reports if one.id == report_id)
    if report.state == "due":
        await conn.execute(_SQL["set_report_state"], report_id, "late")
        await _moved(conn, SYSTEM_CALLER, mandate.id, mandate.state, "report_late", now=now)


async def remind_payment(conn: Connection, report_id: UUID, *, now: datetime) -> None:
    """The last day of a payment is near: agency and bank are told where it is not in, or no report says how much."""
    mandate, report = await _unpaid(conn, report_id)
    if report is not None:
        await _tell_of_payment(conn, mandate, report, is_late=False, now=now)


async def check_payment(conn: Connection, report_id: UUID, *, now: datetime) -> None:
    """The last day of a payment is over: it is late, which stays with the report and is told; the bank may take the
    rights back for it. What comes in later is taken all the same.
    """
    mandate, report = await _unpaid(conn, report_id)
    if report is not None and not report.payment_was_late:
        await conn.execute(_SQL["mark_payment_late"], report_id)
        await _tell_of_payment(conn, mandate, report, is_late=True, now=now)


async def submit(
    conn: Connection, caller: Caller, mandate_id: UUID, n: int, given: ReportIn, *, now: datetime
) -> Mandate:
    """The agency reports on a period that is over; with no other report due the mandate runs on."""
    mandate = await shown(conn, await lock(conn, mandate_id))
    if mandate.agency_id != caller.organisation_id:
        raise NotFound
    report = next((one for one in mandate.reports if one.n == n), None)
    if report is None or report.state not in _OPEN_REPORTS:
        raise NoReportDue
    await conn.execute(
        _SQL["submit"],
        report.id,
        given.income_fen,
        given.costs_fen,
        given.activities,
        caller.user_id,
        now,
    )
    mandate = await shown(conn, mandate)
    if mandate.state is _S.REPORT_DUE and not _waits(mandate):
        return await shown(conn, await _set_state(conn, caller, mandate, _S.RUNNING, now=now))
    await _moved(conn, caller, mandate_id, mandate.state, "report_submitted", now=now)
    return mandate


async def revert(
    conn: Connection, caller: Caller, mandate_id: UUID, *, reason: str, now: datetime
) -> Mandate:
    """The bank's checker takes the rights back before the time is over: the plan goes on."""
    mandate = await lock(conn, mandate_id)
    if mandate.organisation_id != caller.organisation_id:
        raise NotFound
    return await _set_state(conn, caller, mandate, _S.REVERTED, now=now, reason=reason)


async def expire(conn: Connection, mandate_id: UUID, *, now: datetime) -> None:
    """The mandate's time, and that of its last report, is over."""
    mandate = await lock(conn, mandate_id)
    if mandate.state in (_S.RUNNING, _S.REPORT_DUE):
        await _set_state(conn, SYSTEM_CALLER, mandate, _S.ENDED, now=now)


async def get(conn: Connection, caller: Caller, mandate_id: UUID) -> Mandate:
    """A mandate that the caller may see, with its reports; raises `NotFound`."""
    sees_all = caller.organisation_kind in _WATCH or caller.user_id == SYSTEM_USER_ID
    row = await conn.fetchrow(_SQL["by_id"], mandate_id, caller.organisation_id, sees_all)
    return await shown(conn, _mandate(row))


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[Mandate]:
    """Mandates that the caller may see, newest first, without their reports."""
    sees_all = caller.organisation_kind in _WATCH
    rows = await conn.fetch(_SQL["page"], after, caller.organisation_id, sees_all, limit)
    return [_mandate(row) for row in rows]


async def lock(conn: Connection, mandate_id: UUID) -> Mandate:
    """A mandate, locked until the transaction ends, for services."""
    return _mandate(await conn.fetchrow(_SQL["lock"], mandate_id))


async def shown(conn: Connection, mandate: Mandate) -> Mandate:
    """The mandate with its reports."""
    rows = await conn.fetch(_SQL["reports"], mandate.id)
    reports = [msgspec.convert(dict(row), Report) for row in rows]
    return msgspec.structs.replace(mandate, reports=[_with_money(one, mandate) for one in reports])


def _with_money(report: Report, mandate: Mandate) -> Report:
    """The report with what the agency owes by it, and the reference to pay it under."""
    terms = mandate.terms
    if report.income_fen is None or report.costs_fen is None:
        return report
    money = money_of(
        report.income_fen,
        report.costs_fen,
        agency_bp=terms.agency_bp,
        floor_fen=terms.floor_fen,
    )
    return msgspec.structs.replace(
        report,
        agency_fen=money.agency_fen,
        due_fen=money.due_fen,
        reference=shown_reference(reference_of("MANDATE", report.id, mandate.agency_id)),
    )


async def _of_report(conn: Connection, report_id: UUID) -> Mandate:
    mandate_id = await conn.fetchval(_SQL["mandate_of_report"], report_id)
    return await shown(conn, await lock(conn, mandate_id))


async def _unpaid(conn: Connection, report_id: UUID) -> tuple[Mandate, Report | None]:
    """The mandate, and its report where something of the period is still owed. Of a period that was not reported on
    before the rights went back nothing is known to be.
    """
    mandate = await _of_report(conn, report_id)
    report = next(one for one in mandate.reports if one.id == report_id)
    is_paid = report.due_fen is not None and report.received_fen >= report.due_fen
    is_void = report.due_fen is None and mandate.state is _S.REVERTED
    return mandate, None if is_paid or is_void else report


async def _tell_of_payment(
    conn: Connection, mandate: Mandate, report: Report, *, is_late: bool, now: datetime
) -> None:
    """Bank and venue hear of a step of their mandate, the agency of what it owes."""
    assert report.pay_by is not None, "a duty's report has its last day"
    owed_fen = None if report.due_fen is None else report.due_fen - report.received_fen
    facts = {"n": report.n, "pay_by": report.pay_by, "owed_fen": owed_fen}
    after = "payment_late" if is_late else "payment_due"
    await _moved(conn, SYSTEM_CALLER, mandate.id, mandate.state, after, now=now, facts=facts)
    told = AgencyPaymentDue(
        organisation_id=mandate.agency_id,
        mandate_id=mandate.id,
        n=report.n,
        pay_by=report.pay_by,
        owed_fen=owed_fen,
        is_late=is_late,
    )
    await outbox.add(conn, told, now=now)


def _waits(mandate: Mandate) -> bool:
    return any(one.state in _OPEN_REPORTS for one in mandate.reports)


async def _set_state(
    conn: Connection,
    caller: Caller,
    mandate: Mandate,
    wanted: MandateState,
    *,
    now: datetime,
    reason: str | None = None,
) -> Mandate:
    """The one way in which a mandate's state changes; what ended is looked at by the plan that began it."""
    require_mandate_step(mandate.state, wanted, number=mandate.number)
    agreer = caller.user_id if wanted is _S.AGREED else None
    await conn.execute(_SQL["set_state"], mandate.id, wanted, agreer, reason, now)
    await _moved(conn, caller, mandate.id, mandate.state, wanted, now=now, reason=reason)
    if wanted in (_S.ENDED, _S.REVERTED):
        consignment = await consignments.get(conn, SYSTEM_CALLER, mandate.consignment_id)
        if consignment.state is ConsignmentState.DISPOSING:
            await consignments.end_disposal(
                conn,
                SYSTEM_CALLER,
                mandate.consignment_id,
                is_sold=wanted is _S.ENDED,
                now=now,
                reason=reason,
            )
    if wanted in (_S.ENDED, _S.REVERTED, _S.DECLINED):
        await duties.add(conn, Kind.FOLLOW_PLAN, subject_id=mandate.id, due_at=now, now=now)
    return await lock(conn, mandate.id)


def _after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), CHINA)


def _mandate(row: asyncpg.Record | None) -> Mandate:
    if row is None:
        raise NotFound("no such mandate", "没有该运营委托")
    return msgspec.convert(dict(row), Mandate)
