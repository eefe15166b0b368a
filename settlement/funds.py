"""A compensation fund's money (专户): what came in, what is promised, and what is left to promise."""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import InvalidInput
from kit.failpoints import register
from kit.sql import Connection, load_statements
from settlement.errors import DuplicateBankReference
from settlement.ledger import balance, fund_account, move, outside, post_one

_SQL = load_statements("settlement", "sql/cases.sql")

_before_receive = register("settlement.funds.before_receive")
_after_receive = register("settlement.funds.after_receive")


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """Where a fund stands: `callable_fen` is what its promises may still cost, `free_fen` what is left."""

    balance_fen: int
    promised_fen: int
    advanced_fen: int
    callable_fen: int

    @property
    def free_fen(self) -> int:
        """What a further claim could be promised; the fund is liable up to its balance only."""
        return max(self.balance_fen - self.callable_fen, 0)


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What of a fund's caps is used: for one borrower, in one year; and its exposure."""

    borrower_fen: int
    year_fen: int
    exposure: Exposure


async def receive(
    conn: Connection,
    fund_id: UUID,
    *,
    source_id: UUID,
    amount_fen: int,
    bank_reference: str,
    now: datetime,
) -> None:
    """Money paid into the fund's special account, a budget appropriation for instance; once a reference.

    Raises `DuplicateBankReference` for what a party of a case gave back or was charged, under this reference.
    """
    if amount_fen <= 0:
        raise InvalidInput("amount_fen", f"must be above 0, not {amount_fen}", "须大于 0")
    await conn.execute(_SQL["lock_credit"], bank_reference)
    if await conn.fetchval(_SQL["was_given_back"], bank_reference, fund_id):
        raise DuplicateBankReference
    _before_receive()
    await post_one(
        conn,
        move(
            f"fund:{fund_id}:in:{bank_reference}",
            kind="fund_in",
            ref=f"fund:{fund_id}",
            source=outside(source_id, f"fund:{fund_id}"),
            target=fund_account(fund_id),
            amount_fen=amount_fen,
        ),
        now=now,
    )
    _after_receive()


async def use(conn: Connection, fund_id: UUID, *, borrower_id: UUID, year: int) -> Use:
    """What is used of a fund as seen by a new claim; no other claim looks until this transaction ends."""
    await conn.execute(_SQL["lock_fund"], fund_id)
    row = await conn.fetchrow(_SQL["fund_use"], fund_id, borrower_id, year)
    assert row is not None, "an aggregate has one row"
    held_fen = await balance(conn, fund_account(fund_id))
    exposure = Exposure(
        balance_fen=held_fen,
        promised_fen=row["promised_fen"],
        advanced_fen=row["advanced_fen"],
        callable_fen=row["callable_fen"],
    )
    return Use(borrower_fen=row["borrower_fen"], year_fen=row["year_fen"], exposure=exposure)


async def exposure(conn: Connection, fund_id: UUID) -> Exposure:
    """Where a fund stands now."""
    row = await conn.fetchrow(_SQL["fund_use"], fund_id, UUID(int=0), 0)
    assert row is not None, "an aggregate has one row"
    return Exposure(
        balance_fen=await balance(conn, fund_account(fund_id)),
        promised_fen=row["promised_fen"],
        advanced_fen=row["advanced_fen"],
        callable_fen=row["callable_fen"],
    )
