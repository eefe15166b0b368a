"""What the bank answers to an exported file: accepted, paid, or rejected, each once, all of an answer or none.

An answer that contradicts what is known (a payment rejected after it was paid, one that was never sent) is kept aside
with the reason. A rejected payout goes back to the queue. Source: reliability T33.
"""

import asyncio
from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import LuochuiError
from kit.failpoints import register
from kit.sql import Connection, load_statements
from settlement import instructions, payments
from settlement import statement_files as files
from settlement.bank_files import BankFileRefused, refused
from settlement.custody import lock_holder
from settlement.instructions import ACCEPTED, EXPORTED, PAID, PENDING, REJECTED, PaymentLine
from settlement.payment_statuses import PaymentStatus, StatusFile, read_statuses
from settlement.statement_files import IMPORTED, STATUS, BankFile

_SQL = load_statements("settlement", "sql/instructions.sql")
_FINAL = (PAID, REJECTED)

_before_answer = register("settlement.payment_answers.before_answer")
_after_answer = register("settlement.payment_answers.after_answer")


async def receive_statuses(
    conn: Connection, holder_id: UUID, content: bytes, *, received_by: UUID, now: datetime
) -> BankFile:
    """Take in a status file; the same file again changes nothing, one that does not hold is quarantined."""
    await lock_holder(conn, holder_id)
    known = await files.known_file(conn, holder_id, STATUS, content)
    if known is not None and known.state == IMPORTED:
        return msgspec.structs.replace(known, is_repeat=True)
    read: StatusFile | None = None
    refusal: BankFileRefused | None = None
    try:
        read = await asyncio.to_thread(read_statuses, content)
        async with conn.transaction():
            for status in read.statuses:
                await _apply(conn, holder_id, status, now=now)
    except BankFileRefused as error:
        refusal = error
    return await files.store_file(
        conn,
        holder_id,
        content,
        kind=STATUS,
        read=None if read is None else (read.format, read.encoding),
        refusal=refusal,
        received_by=received_by,
        now=now,
    )


async def _apply(
    conn: Connection, holder_id: UUID, status: PaymentStatus, *, now: datetime
) -> None:
    for line in await _lines_of(conn, holder_id, status):
        _require_possible(line, status)
        if line.state in (status.status, PAID):
            continue  # told before, or late news of what is paid
        _before_answer()
        if status.status == PAID:
            await _settle(conn, line, status, now=now)
        elif status.status == REJECTED:
            await conn.execute(
                _SQL["set_line"],
                *(line.file_id, line.payout_id, REJECTED, status.reason_code, status.reason, now),
            )
            await conn.execute(_SQL["fail_payout"], line.payout_id)
            await conn.execute(_SQL["requeue_payout"], line.payout_id)
        else:
            await conn.execute(
                _SQL["set_line"], line.file_id, line.payout_id, ACCEPTED, None, None, now
            )
        _after_answer()


async def _lines_of(conn: Connection, holder_id: UUID, status: PaymentStatus) -> list[PaymentLine]:
    """The lines that a status is about. Raises `BankFileRefused` when there are none."""
    row = await conn.fetchrow(_SQL["file_by_message"], holder_id, status.message_id)
    if row is None or row["state"] != EXPORTED:
        raise refused(
            "unknown_message",
            f"answers to {status.message_id}, which was not sent from here",
            f"文件编号 {status.message_id} 不是本机构发出的付款文件",
        )
    lines = await instructions.lines(conn, row["id"])
    if status.end_to_end_id:
        lines = [line for line in lines if line.end_to_end_id == status.end_to_end_id]
    if not lines:
        raise refused(
            "unknown_payment",
            f"names payment {status.end_to_end_id}, which is not in {status.message_id}",
            f"付款 {status.end_to_end_id} 不在文件 {status.message_id} 中",
        )
    return lines


def _require_possible(line: PaymentLine, status: PaymentStatus) -> None:
    """Refuse what can't be: rejected after paid, anything else after rejected."""
    is_paid = PAID in (line.state, line.payout_state)
    contradicts = (status.status == REJECTED and is_paid) or (
        line.state == REJECTED and status.status != REJECTED
    )
    if contradicts or line.state not in (PENDING, ACCEPTED, *_FINAL):
        raise refused(
            "contradiction",
            f"says that payment {line.end_to_end_id} is {status.status}, after it was {line.state}",
            f"付款 {line.end_to_end_id} 此前为 {line.state}，本文件称 {status.status}",
        )


async def _settle(
    conn: Connection, line: PaymentLine, status: PaymentStatus, *, now: datetime
) -> None:
    reference = status.bank_reference or f"E2E:{line.end_to_end_id}"
    if await payments.is_reference_used(conn, reference, but_for=line.payout_id):
        raise refused(
            "reference_in_use",
            f"gives payment {line.end_to_end_id} the reference of another, {reference}",
            f"银行流水号 {reference} 已用于其他付款",
        )
    try:
        await instructions.settle_line(conn, line, bank_reference=reference, now=now)
    except LuochuiError as error:
        raise refused("contradiction", error.message, error.message_zh) from error
