"""Enters a bank's statement file: once, whole or not at all, and its money on the books before it is anyone's.

A file that does not hold is kept aside with the reason (quarantined). Each credit is posted to the holder's account
`unmatched`; `matching` attributes it from there. Source: domain 6.6, reliability T33, F33.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import in_china
from kit.errors import NotFound
from kit.failpoints import register
from kit.ids import uuid7
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement import payee_accounts
from settlement.bank_files import BankFileRefused, is_xml, refused
from settlement.bank_statements import (
    CREDIT,
    BankEntry,
    BankStatement,
    Direction,
    StatementFile,
    read_statements,
)
from settlement.custody import lock_holder
from settlement.ledger import AccountKey, Transfer, move, outside, post

_SQL = load_statements("settlement", "sql/statement_files.sql")
IMPORTED: Final = "IMPORTED"
QUARANTINED: Final = "QUARANTINED"
STATEMENT: Final = "STATEMENT"
STATUS: Final = "STATUS"
OPEN, HELD, MATCHED, ASSIGNED = "OPEN", "HELD", "MATCHED", "ASSIGNED"
RETURNED, BOOKED, NOTED = "RETURNED", "BOOKED", "NOTED"
RECEIVED: Final = "RECEIVED"
"""The verdict on an entry that nobody has looked at yet."""

_before_import = register("settlement.statement_files.before_import")
_after_import = register("settlement.statement_files.after_import")


class BankFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came from a bank, and what became of it; `is_repeat` when it had been entered before."""

    id: UUID
    holder_id: UUID
    kind: str
    format: str | None
    encoding: str | None
    sha256: bytes
    state: str
    reason_code: str | None
    reason: str | None
    reason_zh: str | None
    received_by: UUID
    received_at: datetime
    is_repeat: bool = False


class StoredEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a statement, and whose it turned out to be."""

    id: UUID
    statement_id: UUID
    holder_id: UUID
    account_number: str
    bank_reference: str
    direction: Direction
    amount_fen: int
    booked_at: datetime
    counterparty_name: str
    counterparty_account: str
    remittance: str
    end_to_end_id: str
    is_reversal: bool
    state: str
    verdict: str
    due_reference: str | None
    payout_id: UUID | None
    recorded_at: datetime

    @property
    def key(self) -> str:
        """The entry's name in idempotency ids: holder, account and the bank's reference."""
        return f"bank:{self.holder_id}:{self.account_number}:{self.bank_reference}"


def unmatched(holder_id: UUID) -> AccountKey:
    """What came into a holder's custody and is nobody's yet."""
    return AccountKey("unmatched", holder_id)


def unattributed(holder_id: UUID) -> AccountKey:
    """The world beyond the books, as long as it is not known who it was."""
    return outside(holder_id, "unmatched")


async def receive_statements(
    conn: Connection, holder_id: UUID, content: bytes, *, received_by: UUID, now: datetime
) -> BankFile:
    """Enter a statement file of one of the holder's own accounts; the same file again changes nothing.

    A file that does not hold is kept as QUARANTINED with its reason; sent again after the cause is gone (an account
    that was not registered yet), it is entered.
    """
    await lock_holder(conn, holder_id)
    known = await known_file(conn, holder_id, STATEMENT, content)
    if known is not None and known.state == IMPORTED:
        return msgspec.structs.replace(known, is_repeat=True)
    read: StatementFile | None = None
    fresh: list[list[BankEntry]] = []
    refusal: BankFileRefused | None = None
    try:
        read = await asyncio.to_thread(read_statements, content)
        fresh = await _fresh_entries(conn, holder_id, read, now=now)
    except BankFileRefused as error:
        refusal = error
    file = await store_file(
        conn,
        holder_id,
        content,
        kind=STATEMENT,
        read=None if read is None else (read.format, read.encoding),
        refusal=refusal,
        received_by=received_by,
        now=now,
    )
    if refusal is None and read is not None:
        for statement, entries in zip(read.statements, fresh, strict=True):
            await _enter(conn, file, statement, entries, now=now)
    return file


async def known_file(
    conn: Connection, holder_id: UUID, kind: str, content: bytes
) -> BankFile | None:
    """The same file, if it came before."""
    row = await conn.fetchrow(_SQL["file_by_content"], holder_id, kind, content)
    return None if row is None else _file(row)


async def store_file(
    conn: Connection,
    holder_id: UUID,
    content: bytes,
    *,
    kind: str,
    read: tuple[str, str] | None,
    refusal: BankFileRefused | None,
    received_by: UUID,
    now: datetime,
) -> BankFile:
    """Keep a file as it came, entered or quarantined; a quarantined one may be entered later."""
    state = IMPORTED if refusal is None else QUARANTINED
    format_, encoding = read or ("xml" if is_xml(content) else None, None)
    why: tuple[str | None, ...] = (None, None, None)
    if refusal is not None:
        why = (refusal.reason, refusal.english, refusal.chinese)
    file_id = await conn.fetchval(
        _SQL["store_file"],
        *(uuid7(now), holder_id, kind, format_, encoding, content, state, *why, received_by, now),
    )
    return await file_of(conn, holder_id, file_id)


async def file_of(conn: Connection, holder_id: UUID, file_id: UUID) -> BankFile:
    """A file of a holder; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["file"], holder_id, file_id)
    if row is None:
        raise NotFound("no such file", "没有该银行文件")
    return _file(row)


async def files(
    conn: Connection, holder_id: UUID, *, kind: str, after: UUID | None, limit: int
) -> list[BankFile]:
    """A holder's files of one kind, newest first."""
    rows = await conn.fetch(_SQL["files"], holder_id, kind, after, limit)
    return [_file(row) for row in rows]


async def entry(conn: Connection, holder_id: UUID, entry_id: UUID) -> StoredEntry:
    """An entry of a holder's statements, locked until the transaction ends; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["lock_entry"], holder_id, entry_id)
    if row is None:
        raise NotFound("no such entry", "没有该流水")
    return _entry(row)


async def entries(
    conn: Connection,
    holder_id: UUID,
    *,
    states: Sequence[str] = (),
    file_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 200,
) -> list[StoredEntry]:
    """Entries in the order entered, of these states (none named: all), of one file or of all."""
    rows = await conn.fetch(_SQL["entries"], holder_id, list(states), file_id, after, limit)
    return [_entry(row) for row in rows]


async def received(conn: Connection, holder_id: UUID) -> list[StoredEntry]:
    """The entries that nobody has looked at yet, in the order entered."""
    return [_entry(row) for row in await conn.fetch(_SQL["received"], holder_id, RECEIVED)]


async def set_entry(
    conn: Connection,
    entry: StoredEntry,
    state: str,
    *,
    verdict: str,
    due_reference: str | None = None,
    payout_id: UUID | None = None,
) -> StoredEntry:
    """Move an entry on; the database refuses a step that does not exist."""
    row = await conn.fetchrow(_SQL["set_entry"], entry.id, state, verdict, due_reference, payout_id)
    assert row is not None, "a locked entry is there"
    return _entry(row)


async def _fresh_entries(
    conn: Connection, holder_id: UUID, read: StatementFile, *, now: datetime
) -> list[list[BankEntry]]:
    """The entries of each statement that are new. Raises `BankFileRefused` when anything contradicts the books."""
    own = await payee_accounts.own_numbers(conn, holder_id)
    fresh = []
    for statement in read.statements:
        if statement.account_number not in own:
            raise refused(
                "not_our_account",
                f"account {statement.account_number} is none of your registered accounts",
                f"账号 {statement.account_number} 不是贵机构登记的账户",
            )
        references = [entry.bank_reference for entry in statement.entries]
        rows = await conn.fetch(
            _SQL["known_entries"], holder_id, statement.account_number, references
        )
        known = {row["bank_reference"]: (row["direction"], row["amount_fen"]) for row in rows}
        for entry in statement.entries:
            _refuse_contradiction(entry, known.get(entry.bank_reference), now=now)
        fresh.append([entry for entry in statement.entries if entry.bank_reference not in known])
    return fresh


def _refuse_contradiction(
    entry: BankEntry, known: tuple[str, int] | None, *, now: datetime
) -> None:
    if entry.booked_at > now:
        raise refused(
            "future",
            f"entry {entry.bank_reference} is booked in the future, {in_china(entry.booked_at)} (UTC+8)",
            f"流水 {entry.bank_reference} 的记账时间在未来",
        )
    if known is not None and known != (entry.direction, entry.amount_fen):
        raise refused(
            "entry_differs",
            f"entry {entry.bank_reference} was entered before as {known[0]} of CNY {yuan(known[1])},"
            f" now it is {entry.direction} of CNY {yuan(entry.amount_fen)}",
            f"流水 {entry.bank_reference} 此前登记为 {yuan(known[1])} 元，本文件为 {yuan(entry.amount_fen)} 元",
        )


async def _enter(
    conn: Connection,
    file: BankFile,
    statement: BankStatement,
    fresh: list[BankEntry],
    *,
    now: datetime,
) -> None:
    """A statement's row, its new entries, and their money: in custody, and nobody's yet."""
    statement_id = uuid7(now)
    await conn.execute(
        _SQL["insert_statement"],
        *(statement_id, file.id, statement.account_number, statement.number),
        *(statement.opening_fen, statement.closing_fen, len(statement.entries)),
    )
    stored = [
        StoredEntry(
            id=uuid7(now),
            statement_id=statement_id,
            holder_id=file.holder_id,
            account_number=statement.account_number,
            state=OPEN,
            verdict=RECEIVED,
            due_reference=None,
            payout_id=None,
            recorded_at=now,
            **msgspec.structs.asdict(entry),
        )
        for entry in fresh
    ]
    _before_import()
    await conn.executemany(_SQL["insert_entry"], [_columns(entry) for entry in stored])
    await post(conn, [_came_in(entry) for entry in stored if entry.direction == CREDIT], now=now)
    _after_import()


def _columns(entry: StoredEntry) -> tuple[object, ...]:
    return (
        *(entry.id, entry.statement_id, entry.holder_id, entry.account_number),
        *(entry.bank_reference, entry.direction, entry.amount_fen, entry.booked_at),
        *(entry.counterparty_name, entry.counterparty_account, entry.remittance),
        *(entry.end_to_end_id, entry.is_reversal, entry.state, entry.verdict, entry.recorded_at),
    )


def _came_in(entry: StoredEntry) -> Transfer:
    return move(
        f"{entry.key}:in",
        kind="bank_credit",
        ref=f"holder:{entry.holder_id}",
        source=unattributed(entry.holder_id),
        target=unmatched(entry.holder_id),
        amount_fen=entry.amount_fen,
        effective_at=entry.booked_at,
    )


def _file(row: asyncpg.Record) -> BankFile:
    return msgspec.convert(dict(row), BankFile)


def _entry(row: asyncpg.Record) -> StoredEntry:
    return msgspec.convert(dict(row), StoredEntry)
