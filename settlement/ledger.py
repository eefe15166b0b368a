"""The ledger: double entry, append-only, checked by the database itself.

Services describe what moves as `Transfer`s between accounts named by `AccountKey`; `post` hands them to the one
SQL function that may write (`settlement.post_named_v1`), or, where one amount moves from one account to another, to its
short form (`settlement.post_move_v1`). Accounts open themselves when first named.
Source: domain 6.6; reliability 5.4.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import InvalidInput
from kit.ids import uuid7
from kit.money import FEN_MAX
from kit.sql import Connection, load_statements
from settlement.errors import UnbalancedTransfer, UnknownAccount, translated

_SQL = load_statements("settlement", "sql/ledger.sql")

MONEY, SHARING, DEBT = "money", "sharing", "debt"
"""The three books. No transfer crosses from one to another, so compensation can't reduce the debt."""


NOBODY = UUID(int=0)
"""The owner of what belongs to no one in particular."""


class AccountKey(msgspec.Struct, frozen=True):
    """An account by what it is for: its kind (`settlement.account_kinds`), its owner, and a reference."""

    kind: str
    owner: UUID = NOBODY
    ref: str = ""


class Entry(msgspec.Struct, frozen=True):
    """A line of a transfer: above 0 adds to the account, below 0 takes from it."""

    account: AccountKey
    amount_fen: int


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """What moves at once. The same `idempotency_id` with the same content moves once, however often it is posted.

    `effective_at` is when it took effect in the world (a bank's value date); null: when it is recorded.
    """

    idempotency_id: str
    kind: str
    ref: str
    entries: tuple[Entry, ...]
    effective_at: datetime | None = None


class Posted(msgspec.Struct, frozen=True):
    """The answer to a transfer; `replayed` when it had been posted before."""

    transfer_id: UUID
    replayed: bool


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as the ledger keeps it, with the balance before and after."""

    account_version: int
    transfer_id: UUID
    kind: str
    ref: str
    amount_fen: int
    balance_before_fen: int
    balance_after_fen: int
    effective_at: datetime
    recorded_at: datetime


def outside(owner: UUID, ref: str = "") -> AccountKey:
    """The world beyond the books: below 0 what came in from the owner, above 0 what went out to it."""
    return AccountKey("outside", owner, ref)


def client_money(bidder_id: UUID, holder_id: UUID) -> AccountKey:
    """A bidder's free money in the custody of a holder; what another holds covers nothing here (domain 6.6)."""
    return AccountKey("client_money", bidder_id, str(holder_id))


def client_deposits(bidder_id: UUID, lot_id: UUID) -> AccountKey:
    """A bidder's deposit for a lot."""
    return AccountKey("client_deposits", bidder_id, str(lot_id))


def client_price(lot_id: UUID) -> AccountKey:
    """What has been paid for a lot."""
    return AccountKey("client_price", NOBODY, str(lot_id))


def client_interest(lot_id: UUID) -> AccountKey:
    """What has been paid of the interest on a lot's instalments."""
    return AccountKey("client_interest", NOBODY, str(lot_id))


def forfeited(lot_id: UUID) -> AccountKey:
    """Deposits forfeited at a lot, kept until the re-auction's result."""
    return AccountKey("forfeited", NOBODY, str(lot_id))


def fund_account(fund_id: UUID) -> AccountKey:
    """A fund's special account (专户)."""
    return AccountKey("fund_special_account", fund_id)


def share(case_id: UUID, party: str) -> AccountKey:
    """A party's position in a case: the part of the loss that it still carries."""
    return AccountKey("share", case_id, party)


def move(
    idempotency_id: str,
    *,
    kind: str,
    ref: str,
    source: AccountKey,
    target: AccountKey,
    amount_fen: int,
    effective_at: datetime | None = None,
) -> Transfer:
    """A transfer of one amount from one account to another."""
    return Transfer(
        idempotency_id=idempotency_id,
        kind=kind,
        ref=ref,
        entries=(Entry(source, -amount_fen), Entry(target, amount_fen)),
        effective_at=effective_at,
    )


async def post(conn: Connection, transfers: Sequence[Transfer], *, now: datetime) -> list[Posted]:
    """Post transfers in order, all or none, and answer for each.

    Raises `InsufficientFunds`, `IdempotencyIdReused`, `UnbalancedTransfer`, `UnknownAccount`; the database
    refuses what the callers' rules did not.
    """
    if not transfers:
        return []
    for transfer in transfers:
        _check(transfer)
    lines = [
        (position, entry.account, entry.amount_fen)
        for position, transfer in enumerate(transfers, start=1)
        for entry in transfer.entries
    ]
    with translated():
        rows = await conn.fetch(
            _SQL["post_transfers"],
            [uuid7(now) for _ in transfers],
            [transfer.idempotency_id for transfer in transfers],
            [transfer.kind for transfer in transfers],
            [transfer.ref for transfer in transfers],
            [transfer.effective_at for transfer in transfers],
            [position for position, _, _ in lines],
            [account.kind for _, account, _ in lines],
            [account.owner for _, account, _ in lines],
            [account.ref for _, account, _ in lines],
            [amount_fen for _, _, amount_fen in lines],
            now,
        )
    return [Posted(row["transfer_id"], row["replayed"]) for row in rows]


async def post_one(conn: Connection, transfer: Transfer, *, now: datetime) -> Posted:
    """Post one transfer; see `post`."""
    if len(transfer.entries) != 2:
        (posted,) = await post(conn, [transfer], now=now)
        return posted
    _check(transfer)
    source, target = sorted(transfer.entries, key=lambda entry: entry.amount_fen)
    with translated():
        row = await conn.fetchrow(
            _SQL["post_move"],
            uuid7(now),
            transfer.idempotency_id,
            transfer.kind,
            transfer.ref,
            transfer.effective_at,
            source.account.kind,
            source.account.owner,
            source.account.ref,
            target.account.kind,
            target.account.owner,
            target.account.ref,
            target.amount_fen,
            now,
        )
    assert row is not None, "the function answers every transfer"
    return Posted(row["transfer_id"], row["replayed"])


async def open_accounts(
    conn: Connection, keys: Iterable[AccountKey], *, now: datetime
) -> dict[AccountKey, int]:
    """The ledger's numbers of these accounts, which are opened where they are new."""
    wanted = list(dict.fromkeys(keys))
    columns = (
        [key.kind for key in wanted],
        [key.owner for key in wanted],
        [key.ref for key in wanted],
    )
    rows = await conn.fetch(_SQL["account_ids"], *columns)
    if len(rows) < len(wanted):
        await conn.execute(_SQL["open_accounts"], *columns, now)
        rows = await conn.fetch(_SQL["account_ids"], *columns)
    ids = {wanted[row["position"] - 1]: row["id"] for row in rows}
    for key in wanted:
        if key not in ids:
            raise UnknownAccount(
                f"account kind {key.kind} is not known", f"未知账户类别 {key.kind}"
            )
    return ids


async def balance(conn: Connection, key: AccountKey) -> int:
    """The balance of an account in fen; 0 where it was never used."""
    value: int = await conn.fetchval(_SQL["balance"], key.kind, key.owner, key.ref)
    return value


async def balances(
    conn: Connection, *, owner: UUID | None = None, ref: str | None = None
) -> dict[AccountKey, int]:
    """The balances of every used account of an owner, of a reference, or of both."""
    rows = await conn.fetch(_SQL["balances"], owner, ref)
    return {AccountKey(row["kind"], row["owner"], row["ref"]): row["balance_fen"] for row in rows}


async def history(conn: Connection, key: AccountKey) -> list[Movement]:
    """The entries of an account, oldest first."""
    rows = await conn.fetch(_SQL["history"], key.kind, key.owner, key.ref)
    return [msgspec.convert(dict(row), Movement) for row in rows]


def _check(transfer: Transfer) -> None:
    amounts = [entry.amount_fen for entry in transfer.entries]
    for amount_fen in amounts:
        if amount_fen == 0 or abs(amount_fen) > FEN_MAX:
            raise InvalidInput(
                "amount_fen",
                f"must be from 1 to {FEN_MAX} either way, not {amount_fen}",
                f"绝对值须为 1 至 {FEN_MAX}，不能是 {amount_fen}",
            )
    if len({entry.account for entry in transfer.entries}) != len(amounts):
        raise UnbalancedTransfer(
            "a transfer names each account once", "同一转账中每个账户只能出现一次"
        )
    if len(amounts) < 2 or sum(amounts) != 0:
        raise UnbalancedTransfer
