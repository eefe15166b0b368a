"""Money out: queued payouts gathered into an instruction file, approved by a second person, exported once, answered.

DRAFT -> APPROVED -> EXPORTED, or WITHDRAWN, or VOID when a payee's account changes. An approval is bound to the file's
bytes and to the accounts that it pays. A payout is in one file at a time; one that the bank rejects goes back to the
queue and may be sent again under the same EndToEndId. Source: domain 6.6, reliability T33, T35.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, InvalidInput, NotFound
from kit.failpoints import register
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement import payee_accounts, payments
from settlement.custody import lock_holder
from settlement.errors import IllegalStep, PlanChanged, SamePerson
from settlement.payee_accounts import PayeeAccount, accounts_hash
from settlement.payment_messages import Format, Instruction, Message, Party, encode

_SQL = load_statements("settlement", "sql/instructions.sql")
DRAFT, APPROVED, EXPORTED = "DRAFT", "APPROVED", "EXPORTED"
WITHDRAWN, VOID = "WITHDRAWN", "VOID"
PENDING, ACCEPTED, PAID = "PENDING", "ACCEPTED", "PAID"
REJECTED, DROPPED = "REJECTED", "DROPPED"
LINES_MAX: Final = 1000

_before_export = register("settlement.instructions.before_export")
_after_export = register("settlement.instructions.after_export")


class NothingToPay(Conflict):
    """No payout is ready: none is queued, or their payees' accounts are not registered. / 没有可付款项。"""

    code = "nothing_to_pay"


class PayoutNotReady(Conflict):
    """This payout can't be put into a file now. / 该付款当前不能列入付款文件。"""

    code = "payout_not_ready"


class OwnAccountMissing(Conflict):
    """Register your own account first, the one that payments leave from. / 请先登记本机构付款账户。"""

    code = "own_account_missing"


class WaitingPayout(msgspec.Struct, frozen=True, kw_only=True):
    """A payout in the queue. `not_ready` says why it can't be paid yet: no_account, account_waits, in_file."""

    id: UUID
    payee_id: UUID
    payee_name: str
    amount_fen: int
    purpose: str
    ref: str
    queued_at: datetime
    attempts: int
    rejection: str | None
    not_ready: str | None


class PaymentFile(msgspec.Struct, frozen=True, kw_only=True):
    """An instruction file. What is approved is `content_hash` (the bytes) with `accounts_hash` (where they pay)."""

    id: UUID
    holder_id: UUID
    message_id: str
    format: Format
    content_hash: bytes
    accounts_hash: bytes
    line_count: int
    total_fen: int
    state: str
    drafted_by: UUID
    drafted_at: datetime
    approved_by: UUID | None
    approved_at: datetime | None
    exported_by: UUID | None
    exported_at: datetime | None
    closed_reason: str | None


class PaymentLine(msgspec.Struct, frozen=True, kw_only=True):
    """A payout in a file, and what the bank said of it."""

    file_id: UUID
    payout_id: UUID
    position: int
    amount_fen: int
    payee_id: UUID
    payee_name: str
    account_number: str
    bank_code: str
    end_to_end_id: str
    instruction_id: str
    state: str
    reason_code: str | None
    reason: str | None
    payout_state: str


async def waiting(conn: Connection, holder_id: UUID, *, now: datetime) -> list[WaitingPayout]:
    """The holder's payouts that are queued, oldest first."""
    rows = await conn.fetch(_SQL["waiting"], holder_id, now)
    return [msgspec.convert(dict(row), WaitingPayout) for row in rows]


async def draft(
    conn: Connection,
    holder_id: UUID,
    *,
    format_: Format,
    drafted_by: UUID,
    now: datetime,
    payout_ids: Sequence[UUID] | None = None,
) -> PaymentFile:
    """Gather payouts into a file: those named, or all that are ready (up to 1,000).

    Raises `PayoutNotReady` for one that is named and not ready, `NothingToPay`, `OwnAccountMissing`.
    """
    await lock_holder(conn, holder_id)
    chosen = _chosen(await waiting(conn, holder_id, now=now), payout_ids)
    accounts = await payee_accounts.active(
        conn, holder_id, [holder_id, *(payout.payee_id for payout in chosen)]
    )
    own = accounts.get(holder_id)
    if own is None or own.usable_at is None or own.usable_at > now:
        raise OwnAccountMissing
    file_id = uuid7(now)
    message = _message(f"LC{file_id.hex}", chosen, accounts, own, now=now)
    used = {account.id: account for account in (own, *(accounts[p.payee_id] for p in chosen))}
    await conn.execute(
        _SQL["insert_file"],
        *(file_id, holder_id, message.message_id, format_, encode(message, format_)),
        *(accounts_hash(list(used.values())), len(chosen), message.total_fen, drafted_by, now),
    )
    await conn.executemany(
        _SQL["insert_line"],
        [
            (
                *(file_id, payout.id, position, accounts[payout.payee_id].id, payout.amount_fen),
                *(instruction.end_to_end_id, instruction.instruction_id, now),
            )
            for position, (payout, instruction) in enumerate(
                zip(chosen, message.instructions, strict=True), start=1
            )
        ],
    )
    return await get(conn, holder_id, file_id)


async def approve(
    conn: Connection,
    holder_id: UUID,
    file_id: UUID,
    *,
    content_hash: bytes,
    accounts_hash: bytes,
    approved_by: UUID,
    now: datetime,
) -> PaymentFile:
    """Approve a file as shown, by another person: its bytes, and the accounts that they pay."""
    await lock_holder(conn, holder_id)
    file = await get(conn, holder_id, file_id)
    if (file.content_hash, file.accounts_hash) != (content_hash, accounts_hash):
        raise PlanChanged
    if file.state in (APPROVED, EXPORTED) and file.approved_by == approved_by:
        return file
    if file.state != DRAFT:
        raise IllegalStep(f"payment file {file_id}", state=file.state, step=APPROVED)
    if file.drafted_by == approved_by:
        raise SamePerson
    await _require_same_accounts(conn, file, now=now)
    await conn.execute(_SQL["approve_file"], file_id, approved_by, now, content_hash, accounts_hash)
    return await get(conn, holder_id, file_id)


async def withdraw(
    conn: Connection, holder_id: UUID, file_id: UUID, *, reason: str, now: datetime
) -> PaymentFile:
    """Withdraw a file that was not exported; its payouts are free for another."""
    await lock_holder(conn, holder_id)
    file = await get(conn, holder_id, file_id)
    if file.state == WITHDRAWN:
        return file
    if file.state not in (DRAFT, APPROVED):
        raise IllegalStep(f"payment file {file_id}", state=file.state, step=WITHDRAWN)
    await conn.execute(_SQL["withdraw_file"], file_id, reason)
    await conn.execute(_SQL["drop_lines_of"], file_id, now)
    return await get(conn, holder_id, file_id)


async def export(
    conn: Connection, holder_id: UUID, file_id: UUID, *, exported_by: UUID, now: datetime
) -> PaymentFile:
    """Release an approved file for the bank, once: its payouts are sent. Again, it is the same file.

    Raises `PlanChanged` when an account is no longer what was approved, and `PayoutNotReady` when a payout was
    paid in another way meanwhile.
    """
    await lock_holder(conn, holder_id)
    file = await get(conn, holder_id, file_id)
    if file.state == EXPORTED:
        return file
    if file.state != APPROVED:
        raise IllegalStep(f"payment file {file_id}", state=file.state, step=EXPORTED)
    await _require_same_accounts(conn, file, now=now)
    _before_export()
    sent = await conn.fetch(_SQL["send_payouts"], file_id)
    if len(sent) != file.line_count:
        raise PayoutNotReady(
            "a payout of this file was paid in another way; withdraw the file and draft a new one",
            "文件中有付款已以其他方式支付，请撤回并重新起草",
        )
    await conn.execute(_SQL["export_file"], file_id, exported_by, now)
    _after_export()
    return await get(conn, holder_id, file_id)


async def content(conn: Connection, holder_id: UUID, file_id: UUID) -> bytes:
    """The bytes of an exported file: always the same. Raises `IllegalStep` before the export."""
    file = await get(conn, holder_id, file_id)
    if file.state != EXPORTED:
        raise IllegalStep(f"payment file {file_id}", state=file.state, step="download")
    found: bytes = await conn.fetchval(_SQL["content"], file_id)
    return found


async def get(conn: Connection, holder_id: UUID, file_id: UUID) -> PaymentFile:
    """A file of a holder; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["file"], holder_id, file_id)
    if row is None:
        raise NotFound("no such payment file", "没有该付款文件")
    return msgspec.convert(dict(row), PaymentFile)


async def page(
    conn: Connection, holder_id: UUID, *, after: UUID | None, limit: int
) -> list[PaymentFile]:
    """A holder's files, newest first."""
    rows = await conn.fetch(_SQL["files"], holder_id, after, limit)
    return [msgspec.convert(dict(row), PaymentFile) for row in rows]


async def lines(conn: Connection, file_id: UUID) -> list[PaymentLine]:
    """The lines of a file, in its order."""
    return [line_of(row) for row in await conn.fetch(_SQL["lines"], file_id)]


def line_of(row: asyncpg.Record) -> PaymentLine:
    """A line as the database gives it."""
    return msgspec.convert(dict(row), PaymentLine)


async def is_ours(conn: Connection, holder_id: UUID, end_to_end_id: str) -> bool:
    """Whether one of the holder's payments was named so."""
    return bool(end_to_end_id and await conn.fetchval(_SQL["is_ours"], holder_id, end_to_end_id))


async def settle_debit(
    conn: Connection,
    holder_id: UUID,
    end_to_end_id: str,
    *,
    amount_fen: int,
    bank_reference: str,
    now: datetime,
) -> tuple[str, UUID | None]:
    """The bank's statement shows a debit: one of our payments left, or a person must look. Verdict and payout."""
    row = (
        await conn.fetchrow(_SQL["sent_line"], holder_id, end_to_end_id) if end_to_end_id else None
    )
    if row is None:
        return "UNKNOWN_DEBIT", None
    line = line_of(row)
    if line.amount_fen != amount_fen:
        return "AMOUNT_DIFFERS", None
    if line.state == REJECTED:
        return "PAID_AFTER_REJECTION", None
    if await payments.is_reference_used(conn, bank_reference, but_for=line.payout_id):
        return "REFERENCE_IN_USE", None
    await settle_line(conn, line, bank_reference=bank_reference, now=now)
    return "PAYOUT", line.payout_id


async def settle_line(
    conn: Connection, line: PaymentLine, *, bank_reference: str, now: datetime
) -> None:
    """A payment left the bank: the payout is confirmed, unless it is already, and the line is PAID."""
    if line.payout_state != payments.PAID:
        await payments.confirm_payout(conn, line.payout_id, bank_reference=bank_reference, now=now)
    if line.state != PAID:
        await conn.execute(_SQL["set_line"], line.file_id, line.payout_id, PAID, None, None, now)


def _chosen(
    queue: Sequence[WaitingPayout], payout_ids: Sequence[UUID] | None
) -> list[WaitingPayout]:
    if payout_ids is None:
        chosen = [payout for payout in queue if payout.not_ready is None][:LINES_MAX]
    else:
        by_id = {payout.id: payout for payout in queue}
        for payout_id in payout_ids:
            payout = by_id.get(payout_id)
            if payout is None or payout.not_ready is not None:
                why = "not queued here" if payout is None else str(payout.not_ready)
                raise PayoutNotReady(f"payout {payout_id}: {why}", f"付款 {payout_id}：{why}")
        if len(set(payout_ids)) < len(payout_ids) or len(payout_ids) > LINES_MAX:
            raise InvalidInput("payout_ids", f"must be up to {LINES_MAX}, each once", "不得重复")
        chosen = [by_id[payout_id] for payout_id in payout_ids]
    if not chosen:
        raise NothingToPay
    return chosen


def _message(
    message_id: str,
    chosen: Sequence[WaitingPayout],
    accounts: dict[UUID, PayeeAccount],
    own: PayeeAccount,
    *,
    now: datetime,
) -> Message:
    return Message(
        message_id=message_id,
        created_at=now,
        execution_date=now.astimezone(CHINA).date(),
        payer=_party(own),
        instructions=tuple(
            Instruction(
                instruction_id=f"{payout.id.hex}-{payout.attempts + 1:02d}",
                end_to_end_id=payout.id.hex,
                amount_fen=payout.amount_fen,
                payee=_party(accounts[payout.payee_id]),
                remittance=f"{payout.purpose} {payout.ref}"[:140],
            )
            for payout in chosen
        ),
    )


def _party(account: PayeeAccount) -> Party:
    return Party(
        name=account.account_name,
        account_number=account.account_number,
        is_iban=payee_accounts.is_iban(account.account_number),
        bank_code=account.bank_code,
        bank_name=account.bank_name,
    )


async def _require_same_accounts(conn: Connection, file: PaymentFile, *, now: datetime) -> None:
    """Refuse a file when an account that it pays, or pays from, is no longer the one it was drafted with."""
    payees = {line.payee_id for line in await lines(conn, file.id)}
    accounts = await payee_accounts.active(conn, file.holder_id, [file.holder_id, *payees])
    if accounts_hash(list(accounts.values())) != file.accounts_hash or any(
        account.usable_at is None or account.usable_at > now for account in accounts.values()
    ):
        raise PlanChanged(
            "a payee's account changed after the file was drafted; draft it again",
            "收款账户在起草后已变更，请重新起草",
        )
