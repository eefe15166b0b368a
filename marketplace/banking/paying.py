"""Money out: the register of accounts with four eyes, and instruction files that two people send."""

from datetime import datetime
from uuid import UUID

from kit.sql import Connection
from marketplace.audit import service as audit
from marketplace.banking.schemas import (
    AccountApproval,
    AccountIn,
    AccountView,
    PayeeAccountChanged,
    PaymentFileApproval,
    PaymentFileExported,
    PaymentFileIn,
    PaymentFileView,
    PaymentLineView,
    PayoutView,
    Withdrawal,
    picked,
)
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox
from settlement import instructions, payee_accounts
from settlement.instructions import PaymentFile
from settlement.payee_accounts import AccountDetails, PayeeAccount


async def propose_account(
    conn: Connection, caller: Caller, given: AccountIn, *, now: datetime
) -> AccountView:
    """Propose where a payee of the caller's organisation is to be paid; another person approves it."""
    details = AccountDetails(
        payee_id=given.payee_id,
        account_name=given.account_name,
        account_number=given.account_number,
        bank_code=given.bank_code,
        bank_name=given.bank_name,
    )
    account = await payee_accounts.propose(
        conn,
        caller.organisation_id,
        details,
        reason=given.reason,
        proposed_by=caller.user_id,
        now=now,
    )
    if account.proposed_at == now:
        await _record_account(conn, caller, account, now=now, reason=given.reason)
    return _account_view(account)


async def approve_account(
    conn: Connection, caller: Caller, account_id: UUID, given: AccountApproval, *, now: datetime
) -> AccountView:
    """Approve an account as shown. Files that would have paid the one before are void."""
    before = await payee_accounts.get(conn, caller.organisation_id, account_id)
    done = await payee_accounts.approve(
        conn,
        caller.organisation_id,
        account_id,
        account_hash=bytes.fromhex(given.account_hash),
        approved_by=caller.user_id,
        now=now,
    )
    account = done.account
    if before.state == account.state:
        return _account_view(account)
    await _record_account(conn, caller, account, now=now)
    for file_id in done.voided_files:
        voided = await instructions.get(conn, caller.organisation_id, file_id)
        await _record_file(conn, caller, voided, now=now, reason=voided.closed_reason)
    if done.replaced is not None and account.usable_at is not None:
        event = PayeeAccountChanged(
            holder_id=account.holder_id,
            payee_id=account.payee_id,
            account_id=account.id,
            replaced_id=done.replaced.id,
            usable_at=account.usable_at,
        )
        await outbox.add(conn, event, now=now)
    return _account_view(account)


async def refuse_account(
    conn: Connection, caller: Caller, account_id: UUID, given: Withdrawal, *, now: datetime
) -> AccountView:
    """Refuse a proposed account."""
    before = await payee_accounts.get(conn, caller.organisation_id, account_id)
    account = await payee_accounts.refuse(
        conn, caller.organisation_id, account_id, refused_by=caller.user_id, now=now
    )
    if before.state != account.state:
        await _record_account(conn, caller, account, now=now, reason=given.reason)
    return _account_view(account)


async def accounts(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[AccountView]:
    """The register of the caller's organisation, newest first."""
    found = await payee_accounts.page(conn, caller.organisation_id, after=after, limit=limit)
    return [_account_view(account) for account in found]


async def payouts(conn: Connection, caller: Caller, *, now: datetime) -> list[PayoutView]:
    """The payouts that wait at the caller's organisation, oldest first."""
    found = await instructions.waiting(conn, caller.organisation_id, now=now)
    return [PayoutView(**picked(payout, PayoutView)) for payout in found]


async def draft_file(
    conn: Connection, caller: Caller, given: PaymentFileIn, *, now: datetime
) -> PaymentFileView:
    """Gather payouts into an instruction file."""
    file = await instructions.draft(
        conn,
        caller.organisation_id,
        format_=given.format,
        payout_ids=given.payout_ids,
        drafted_by=caller.user_id,
        now=now,
    )
    await _record_file(conn, caller, file, now=now)
    return await _view(conn, file)


async def approve_file(
    conn: Connection, caller: Caller, file_id: UUID, given: PaymentFileApproval, *, now: datetime
) -> PaymentFileView:
    """Approve a file as shown: its bytes, and the accounts that they pay."""
    before = await instructions.get(conn, caller.organisation_id, file_id)
    file = await instructions.approve(
        conn,
        caller.organisation_id,
        file_id,
        content_hash=bytes.fromhex(given.content_hash),
        accounts_hash=bytes.fromhex(given.accounts_hash),
        approved_by=caller.user_id,
        now=now,
    )
    return await _changed(conn, caller, before, file, now=now)


async def withdraw_file(
    conn: Connection, caller: Caller, file_id: UUID, given: Withdrawal, *, now: datetime
) -> PaymentFileView:
    """Withdraw a file that was not exported."""
    before = await instructions.get(conn, caller.organisation_id, file_id)
    file = await instructions.withdraw(
        conn, caller.organisation_id, file_id, reason=given.reason, now=now
    )
    return await _changed(conn, caller, before, file, now=now, reason=given.reason)


async def export_file(
    conn: Connection, caller: Caller, file_id: UUID, *, now: datetime
) -> PaymentFileView:
    """Release an approved file for the bank, once."""
    before = await instructions.get(conn, caller.organisation_id, file_id)
    file = await instructions.export(
        conn, caller.organisation_id, file_id, exported_by=caller.user_id, now=now
    )
    if before.state != file.state:
        event = PaymentFileExported(
            file_id=file.id, holder_id=file.holder_id, total_fen=file.total_fen
        )
        await outbox.add(conn, event, now=now)
    return await _changed(conn, caller, before, file, now=now)


async def get_file(conn: Connection, caller: Caller, file_id: UUID) -> PaymentFileView:
    """A file of the caller's organisation, line by line."""
    return await _view(conn, await instructions.get(conn, caller.organisation_id, file_id))


async def content_of(conn: Connection, caller: Caller, file_id: UUID) -> tuple[PaymentFile, bytes]:
    """The bytes of an exported file, always the same."""
    file = await instructions.get(conn, caller.organisation_id, file_id)
    return file, await instructions.content(conn, caller.organisation_id, file_id)


async def files(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[PaymentFileView]:
    """The files of the caller's organisation, newest first, without their lines."""
    found = await instructions.page(conn, caller.organisation_id, after=after, limit=limit)
    return [_file_view(file, []) for file in found]


async def _changed(
    conn: Connection,
    caller: Caller,
    before: PaymentFile,
    file: PaymentFile,
    *,
    now: datetime,
    reason: str | None = None,
) -> PaymentFileView:
    if before.state != file.state:
        await _record_file(conn, caller, file, now=now, reason=reason)
    return await _view(conn, file)


async def _view(conn: Connection, file: PaymentFile) -> PaymentFileView:
    lines = await instructions.lines(conn, file.id)
    return _file_view(file, [PaymentLineView(**picked(line, PaymentLineView)) for line in lines])


def _file_view(file: PaymentFile, lines: list[PaymentLineView]) -> PaymentFileView:
    return PaymentFileView(
        **picked(
            file,
            PaymentFileView,
            content_hash=file.content_hash.hex(),
            accounts_hash=file.accounts_hash.hex(),
            lines=lines,
        )
    )


def _account_view(account: PayeeAccount) -> AccountView:
    return AccountView(**picked(account, AccountView, account_hash=account.account_hash.hex()))


async def _record_account(
    conn: Connection,
    caller: Caller,
    account: PayeeAccount,
    *,
    now: datetime,
    reason: str | None = None,
) -> None:
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"payee_account_{account.state.lower()}",
        subject="payee_account",
        subject_id=account.id,
        after={"payee_id": account.payee_id, "account_hash": account.account_hash.hex()},
        reason=reason,
    )


async def _record_file(
    conn: Connection, caller: Caller, file: PaymentFile, *, now: datetime, reason: str | None = None
) -> None:
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"payment_file_{file.state.lower()}",
        subject="payment_file",
        subject_id=file.id,
        after={
            "content_hash": file.content_hash.hex(),
            "accounts_hash": file.accounts_hash.hex(),
            "total_fen": file.total_fen,
        },
        reason=reason,
    )
