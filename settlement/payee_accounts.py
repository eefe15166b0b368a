"""The register of bank accounts that money may leave to, kept by each holder of custody money, with four eyes.

One person proposes an account, another approves it; then it takes the place of the one before. An account that takes
another's place waits a day, so that the payee can object, and voids every instruction file that was not exported yet.
Source: reliability T35.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement.custody import lock_holder
from settlement.errors import IllegalStep, PlanChanged, SamePerson

_SQL = load_statements("settlement", "sql/payee_accounts.sql")
PROPOSED, ACTIVE, REPLACED, REFUSED = "PROPOSED", "ACTIVE", "REPLACED", "REFUSED"
WAIT: Final = timedelta(hours=24)
"""How long an account waits that takes another's place."""
_NUMBER = re.compile(r"\A[0-9A-Z]{6,34}\Z", re.ASCII)
_IBAN = re.compile(r"\A[A-Z]{2}\d{2}[0-9A-Z]{10,30}\Z", re.ASCII)
_BANK_CODE = re.compile(r"\A\d{12}\Z", re.ASCII)
#: Spreadsheets fold the full-width signs (reliability T54).
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


class AccountProposed(Conflict):
    """Another change of this payee's account waits for its second person. / 该收款账户已有变更待复核。"""

    code = "account_proposed"


class AccountDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Where a payee is paid. `bank_code` is the twelve digits of the bank's branch (联行号, CNAPS)."""

    payee_id: UUID
    account_name: str
    account_number: str
    bank_code: str
    bank_name: str


class PayeeAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account in the register; `account_hash` is the SHA-256 of what it says."""

    id: UUID
    holder_id: UUID
    payee_id: UUID
    account_name: str
    account_number: str
    bank_code: str
    bank_name: str
    reason: str
    account_hash: bytes
    state: str
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    usable_at: datetime | None


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """An account approved, the one it replaced, and the instruction files that this made void."""

    account: PayeeAccount
    replaced: PayeeAccount | None
    voided_files: tuple[UUID, ...]


def is_iban(number: str) -> bool:
    """Whether an account number is an IBAN: its form, and its check digits modulo 97."""
    if not _IBAN.match(number):
        return False
    return int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1


def check_details(details: AccountDetails) -> None:
    """Refuse what no bank would take, or what a spreadsheet would take for a formula."""
    if not _NUMBER.match(details.account_number):
        raise InvalidInput(
            "account_number",
            "must be 6 to 34 digits and capital letters, without spaces",
            "须为 6 至 34 位数字或大写字母，不含空格",
        )
    if _IBAN.match(details.account_number) and not is_iban(details.account_number):
        raise InvalidInput("account_number", "the IBAN's check digits are wrong", "IBAN 校验位有误")
    if not _BANK_CODE.match(details.bank_code):
        raise InvalidInput("bank_code", "must be the 12 digits (CNAPS)", "联行号须为 12 位数字")
    for field in ("account_name", "bank_name"):
        text: str = getattr(details, field)
        if not 1 <= len(text) <= 140 or text != text.strip() or not text.isprintable():
            raise InvalidInput(field, "must be 1 to 140 printable characters", "须为 1 至 140 字")
        if text.startswith(_FORMULA):
            raise InvalidInput(field, "must not begin with = + - @", "不能以 = + - @ 开头")


async def propose(
    conn: Connection,
    holder_id: UUID,
    details: AccountDetails,
    *,
    reason: str,
    proposed_by: UUID,
    now: datetime,
) -> PayeeAccount:
    """Propose where a payee is to be paid. The same proposal again is answered as the first time."""
    check_details(details)
    await lock_holder(conn, holder_id)
    waiting = await _of_payee(conn, holder_id, details.payee_id, PROPOSED)
    if waiting is not None:
        if _details(waiting) == details and waiting.proposed_by == proposed_by:
            return waiting
        raise AccountProposed
    account_id = uuid7(now)
    await conn.execute(
        _SQL["insert_account"],
        *(account_id, holder_id, details.payee_id, details.account_name, details.account_number),
        *(details.bank_code, details.bank_name, reason, proposed_by, now),
    )
    return await get(conn, holder_id, account_id)


async def approve(
    conn: Connection,
    holder_id: UUID,
    account_id: UUID,
    *,
    account_hash: bytes,
    approved_by: UUID,
    now: datetime,
) -> Approved:
    """Approve an account as shown (its hash), by another person; it takes the place of the one before."""
    await lock_holder(conn, holder_id)
    account = await get(conn, holder_id, account_id)
    if account.account_hash != account_hash:
        raise PlanChanged
    if account.state == ACTIVE and account.decided_by == approved_by:
        return Approved(account=account, replaced=None, voided_files=())
    if account.state != PROPOSED:
        raise IllegalStep(f"account {account_id}", state=account.state, step=ACTIVE)
    if account.proposed_by == approved_by:
        raise SamePerson
    replaced = await _of_payee(conn, holder_id, account.payee_id, ACTIVE)
    if replaced is not None:
        await conn.execute(_SQL["replace_account"], replaced.id)
    usable_at = now if replaced is None else now + WAIT
    await conn.execute(_SQL["decide_account"], account_id, ACTIVE, approved_by, now, usable_at)
    why = f"account of payee {account.payee_id} changed"
    voided = await conn.fetch(_SQL["void_files"], holder_id, account.payee_id, why)
    ids = [row["id"] for row in voided]
    await conn.execute(_SQL["drop_lines"], ids, now)
    return Approved(
        account=await get(conn, holder_id, account_id), replaced=replaced, voided_files=tuple(ids)
    )


async def refuse(
    conn: Connection, holder_id: UUID, account_id: UUID, *, refused_by: UUID, now: datetime
) -> PayeeAccount:
    """Refuse a proposed account, by another person."""
    await lock_holder(conn, holder_id)
    account = await get(conn, holder_id, account_id)
    if account.state == REFUSED and account.decided_by == refused_by:
        return account
    if account.state != PROPOSED:
        raise IllegalStep(f"account {account_id}", state=account.state, step=REFUSED)
    if account.proposed_by == refused_by:
        raise SamePerson
    await conn.execute(_SQL["decide_account"], account_id, REFUSED, refused_by, now, None)
    return await get(conn, holder_id, account_id)


async def get(conn: Connection, holder_id: UUID, account_id: UUID) -> PayeeAccount:
    """An account of a holder's register; raises `NotFound`."""
    return _account(await conn.fetchrow(_SQL["account"], holder_id, account_id))


async def active(
    conn: Connection, holder_id: UUID, payees: Sequence[UUID]
) -> dict[UUID, PayeeAccount]:
    """The standing account of each of these payees that has one."""
    rows = await conn.fetch(_SQL["active_accounts"], holder_id, list(payees))
    return {row["payee_id"]: _account(row) for row in rows}


async def own_numbers(conn: Connection, holder_id: UUID) -> set[str]:
    """The numbers of the holder's own accounts, past ones included, whose statements it may enter."""
    return {row["account_number"] for row in await conn.fetch(_SQL["own_numbers"], holder_id)}


async def page(
    conn: Connection, holder_id: UUID, *, after: UUID | None, limit: int
) -> list[PayeeAccount]:
    """The register, newest first."""
    rows = await conn.fetch(_SQL["accounts_page"], holder_id, after, limit)
    return [_account(row) for row in rows]


def accounts_hash(accounts: Sequence[PayeeAccount]) -> bytes:
    """One SHA-256 of where a file's money goes: the accounts' hashes by id."""
    joined = b"".join(
        account.id.bytes + account.account_hash for account in sorted(accounts, key=lambda a: a.id)
    )
    return hashlib.sha256(joined).digest()


async def _of_payee(
    conn: Connection, holder_id: UUID, payee_id: UUID, state: str
) -> PayeeAccount | None:
    row = await conn.fetchrow(_SQL["account_of_payee"], holder_id, payee_id, state)
    return None if row is None else _account(row)


def _details(account: PayeeAccount) -> AccountDetails:
    names = AccountDetails.__struct_fields__
    return AccountDetails(**{name: getattr(account, name) for name in names})


def _account(row: asyncpg.Record | None) -> PayeeAccount:
    if row is None:
        raise NotFound("no such account", "没有该收款账户")
    return msgspec.convert(dict(row), PayeeAccount)
