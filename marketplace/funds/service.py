"""A fund's special account: money in, and where the fund stands. Source: domain 5.3, 7."""

from datetime import datetime
from uuid import UUID

from kit.errors import NotFound
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.funds.schemas import ContributionIn, Fund, FundReceived
from marketplace.organisations.schemas import SYSTEM_USER_ID, Caller, OrganisationKind
from marketplace.outbox import service as outbox
from settlement import funds

_SQL = load_statements("marketplace.funds", "queries.sql")
_READERS = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})


async def contribute(
    conn: Connection, caller: Caller, fund_id: UUID, given: ContributionIn, *, now: datetime
) -> Fund:
    """Book money paid into the caller's special account; the same reference again changes nothing.

    Raises `NotFound` for another's fund, `IdempotencyIdReused` for a reference that was booked with another amount.
    """
    if fund_id != caller.organisation_id:
        raise NotFound
    await get(conn, caller, fund_id)
    is_known = await conn.fetchval(_SQL["is_booked"], f"fund:{fund_id}:in:{given.bank_reference}")
    await funds.receive(
        conn,
        fund_id,
        source_id=fund_id,
        amount_fen=given.amount_fen,
        bank_reference=given.bank_reference,
        now=now,
    )
    if is_known:
        return await get(conn, caller, fund_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="fund_received",
        subject="fund",
        subject_id=fund_id,
        after=given,
    )
    event = FundReceived(
        fund_id=fund_id, amount_fen=given.amount_fen, bank_reference=given.bank_reference
    )
    await outbox.add(conn, event, now=now)
    return await get(conn, caller, fund_id)


async def get(conn: Connection, caller: Caller, fund_id: UUID) -> Fund:
    """Where a fund stands; its own people see it, regulators and auditors any. Raises `NotFound`."""
    sees_all = caller.organisation_kind in _READERS or caller.user_id == SYSTEM_USER_ID
    row = await conn.fetchrow(_SQL["fund"], fund_id, sees_all, caller.organisation_id)
    if row is None:
        raise NotFound
    stands = await funds.exposure(conn, fund_id)
    return Fund(
        id=fund_id,
        name=row["name"],
        balance_fen=stands.balance_fen,
        promised_fen=stands.promised_fen,
        advanced_fen=stands.advanced_fen,
        outstanding_fen=stands.callable_fen,
        free_fen=stands.free_fen,
    )
