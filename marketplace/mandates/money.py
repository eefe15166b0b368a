"""What an agency owes of a period's income, and what of it came in: each receipt is a recovery of the loan.

Source: domain 3.9 (OPERATION_MANDATE: agreed share of proceeds), 3.8 (floor return), 6.6.
"""

from datetime import datetime
from uuid import UUID

from kit.clock import CHINA
from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.money import yuan
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.claims import recovering
from marketplace.consignments import service as consignments
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.mandates import service
from marketplace.mandates.schemas import Mandate, MandateReceiptIn, Report
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from settlement import dues
from settlement.errors import translated
from settlement.rules.case import RecoveryEvent

_SQL = load_statements("marketplace.mandates", "queries.sql")


class ReceiptDiffers(Conflict):
    """This reference was booked with another amount or for another period. / 该流水号已按其他金额或期间登记。"""

    code = "mandate_receipt_differs"


class NotReported(Conflict):
    """Money counts for a period once it was reported on. / 该期运营报告提交后方可登记回款。"""

    code = "mandate_not_reported"


async def receive(
    conn: Connection,
    caller: Caller,
    mandate_id: UUID,
    n: int,
    given: MandateReceiptIn,
    *,
    now: datetime,
) -> Mandate:
    """Book what the agency paid the caller's bank of a reported period; the same reference again is known.

    Raises `NotReported`, `ReceiptDiffers`, `InvalidInput` for more than is owed, `DuplicateBankReference` for a credit
    that was booked as something else or for another mandate.
    """
    mandate = await service.lock(conn, mandate_id)
    if mandate.organisation_id != caller.organisation_id:
        raise NotFound
    report = next((one for one in (await service.shown(conn, mandate)).reports if one.n == n), None)
    if report is None:
        raise NotFound
    known = await conn.fetchrow(_SQL["receipt"], mandate_id, given.bank_reference)
    if known is not None:
        if (known["report_id"], known["amount_fen"]) != (report.id, given.amount_fen):
            raise ReceiptDiffers
        return await service.get(conn, caller, mandate_id)
    _require_owed(report, given.amount_fen)
    if given.received_on > now.astimezone(CHINA).date():
        raise InvalidInput("received_on", "must not be in the future", "不得晚于今日")
    receipt_id = uuid7(now)
    with translated():
        await conn.execute(
            _SQL["insert_receipt"],
            receipt_id,
            report.id,
            mandate_id,
            given.bank_reference,
            given.amount_fen,
            given.received_on,
            caller.user_id,
            now,
        )
    await audit.record(
        conn,
        caller,
        now=now,
        action="mandate_receipt_booked",
        subject="mandate",
        subject_id=mandate_id,
        after=given,
    )
    await duties.add(conn, Kind.SHARE_MANDATE_RECEIPT, subject_id=receipt_id, due_at=now, now=now)
    return await service.get(conn, caller, mandate_id)


async def give_dues(conn: Connection, holder_id: UUID, *, now: datetime) -> None:
    """Enter what agencies owe a bank of the periods that they reported on, so that credits find it."""
    for row in await conn.fetch(_SQL["reports_without_due"], holder_id):
        mandate = await service.get(conn, SYSTEM_CALLER, row["mandate_id"])
        report = next(one for one in mandate.reports if one.id == row["id"])
        if report.due_fen:
            await dues.give(
                conn,
                "MANDATE",
                subject_id=report.id,
                party_id=mandate.agency_id,
                party_name=row["agency_name"],
                holder_id=holder_id,
                amount_fen=report.due_fen,
                now=now,
            )


async def receive_matched(
    conn: Connection,
    caller: Caller,
    report_id: UUID,
    *,
    bank_reference: str,
    amount_fen: int,
    received_at: datetime,
    now: datetime,
) -> int:
    """Book a credit that a statement of the caller, the mandate's bank, shows for a period; how much is above its due.

    Raises `InvalidInput` where nothing of it is owed any more.
    """
    mandate_id = await conn.fetchval(_SQL["mandate_of_report"], report_id)
    mandate = await service.shown(conn, await service.lock(conn, mandate_id))
    report = next(one for one in mandate.reports if one.id == report_id)
    owed_fen = (report.due_fen or 0) - report.received_fen
    applied_fen = min(amount_fen, owed_fen) or amount_fen  # of nothing owed all of it is refused
    given = MandateReceiptIn(
        bank_reference=bank_reference,
        amount_fen=applied_fen,
        received_on=received_at.astimezone(CHINA).date(),
    )
    await receive(conn, caller, mandate_id, report.n, given, now=now)
    return amount_fen - applied_fen


async def share(conn: Connection, receipt_id: UUID, *, now: datetime) -> bool:
    """Hand a receipt to the loan's compensation case, once; False while that is not ready for it."""
    row = await conn.fetchrow(_SQL["lock_receipt"], receipt_id)
    assert row is not None, "a duty's receipt exists"
    if row["shared_at"] is not None:
        return True
    consignment = await consignments.get(conn, SYSTEM_CALLER, row["consignment_id"])
    event = RecoveryEvent(id=f"mandate:{receipt_id}", gross_fen=row["amount_fen"])
    if not await recovering.record_other_recovery(
        conn, SYSTEM_CALLER, case_id=consignment.case_id, event=event, now=now
    ):
        return False
    await conn.execute(_SQL["mark_receipt_shared"], receipt_id, now)
    return True


def _require_owed(report: Report, amount_fen: int) -> None:
    if report.due_fen is None:
        raise NotReported
    left_fen = report.due_fen - report.received_fen
    if amount_fen > left_fen:
        raise InvalidInput(
            "amount_fen",
            f"is above the {yuan(left_fen)} yuan that are still owed for period {report.n}",
            f"超过第 {report.n} 期尚欠的 {yuan(left_fen)} 元",
        )
