"""Money that is to come back to a fund: by when, what it bears when late, and that it came.

Deadlines are counted in working days on the Chinese calendar. Source: domain 5.1 (typical clauses), 5.3, 8.
"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import InvalidInput, NotFound
from kit.failpoints import register
from kit.ids import uuid7
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement import cases
from settlement.calendars import china
from settlement.cases import Case
from settlement.errors import DuplicateBankReference, IllegalStep, translated
from settlement.ledger import fund_account, move, outside, post_one
from settlement.rules.royalties import RoyaltyTerms, late_interest
from settlement.schemes import OperatingTerms

_SQL = load_statements("settlement", "sql/returning.sql")

_before_return = register("settlement.recoveries.before_return")
_after_return = register("settlement.recoveries.after_return")
_before_charge_paid = register("returning.before_charge_paid")
_after_charge_paid = register("returning.after_charge_paid")


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What moves at a clearing between a fund and a party: above 0 to the party, below 0 back to the fund.

    `version` is the clearing's; `due_on` is the last day on which what is to come back comes in time.
    """

    fund_party: str
    party: str
    version: int = 1
    amount_fen: int
    due_on: date | None = None
    settled_at: datetime | None
    bank_reference: str | None


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What a party owes a fund beside the clearing: interest for lateness, or everything it got by fraud."""

    id: UUID
    kind: Literal["LATE_INTEREST", "CLAWBACK"]
    fund_party: str
    party: str
    version: int
    amount_fen: int
    computation: str
    due_on: date
    charged_at: datetime
    settled_at: datetime | None
    bank_reference: str | None


async def terms_of(conn: Connection, case: Case) -> OperatingTerms:
    """How the scheme of a case is run."""
    return (await cases.scheme(conn, case.scheme_id, case.scheme_version)).operating


def deadline(terms: OperatingTerms, now: datetime) -> date:
    """The last working day on which what is asked back today comes in time."""
    return china().add_workdays(now.astimezone(CHINA).date(), terms.remit_workdays)


async def record_return(
    conn: Connection,
    case_id: UUID,
    *,
    fund_party: str,
    party: str,
    amount_fen: int,
    bank_reference: str,
    now: datetime,
) -> Case:
    """A party returned to the fund what a clearing asked for, the oldest first; once a bank reference.

    Raises `IllegalStep` when nothing is to be returned, `InvalidInput` for another amount, `DuplicateBankReference` for
    a credit that was booked as something else. What comes after its last
    day is charged interest, which keeps the case open until it is paid.
    """
    case = await cases.lock(conn, case_id)
    asked = [
        row
        for row in await settlements(conn, case_id)
        if (row.fund_party, row.party) == (fund_party, party) and row.amount_fen < 0
    ]
    if any(row.bank_reference == bank_reference for row in asked):
        return case
    due = next((row for row in asked if row.settled_at is None), None)
    if due is None:
        if asked:
            raise DuplicateBankReference
        raise IllegalStep(f"case {case_id}", state=case.state, step="return")
    if amount_fen != -due.amount_fen:
        raise InvalidInput(
            "amount_fen",
            f"must be the CNY {yuan(-due.amount_fen)} that is due, not {yuan(amount_fen)}",
            f"应为应退回的 {yuan(-due.amount_fen)} 元，不能是 {yuan(amount_fen)} 元",
        )
    _before_return()
    suffix = "" if due.version == 1 else f":{due.version}"
    await _into_fund(
        conn,
        case,
        f"{case.ref}:return:{fund_party}:{party}{suffix}",
        kind="compensation_returned",
        fund_party=fund_party,
        party=party,
        amount_fen=amount_fen,
        now=now,
    )
    with translated():
        await conn.execute(
            _SQL["settle"], case_id, fund_party, party, due.version, now, bank_reference
        )
    await _charge_lateness(conn, case, due, now=now)
    await close_if_settled(conn, case)
    _after_return()
    return await cases.get(conn, case_id)


async def record_charge_paid(
    conn: Connection,
    case_id: UUID,
    charge_id: UUID,
    *,
    amount_fen: int,
    bank_reference: str,
    now: datetime,
) -> Charge:
    """A charge came in, whole and once. Raises `NotFound`, `InvalidInput`, `DuplicateBankReference`."""
    case = await cases.lock(conn, case_id)
    charge = next((one for one in await charges(conn, case_id) if one.id == charge_id), None)
    if charge is None:
        raise NotFound
    if amount_fen != charge.amount_fen:
        raise InvalidInput(
            "amount_fen",
            f"must be the CNY {yuan(charge.amount_fen)} that is charged, not {yuan(amount_fen)}",
            f"应为应付的 {yuan(charge.amount_fen)} 元，不能是 {yuan(amount_fen)} 元",
        )
    if charge.settled_at is not None:
        if charge.bank_reference != bank_reference:
            raise DuplicateBankReference
        return charge
    _before_charge_paid()
    await _into_fund(
        conn,
        case,
        f"{case.ref}:charge:{charge_id}",
        kind=f"{charge.kind.lower()}_paid",
        fund_party=charge.fund_party,
        party=charge.party,
        amount_fen=amount_fen,
        now=now,
    )
    with translated():
        await conn.execute(_SQL["settle_charge"], charge_id, now, bank_reference)
    await close_if_settled(conn, case)
    _after_charge_paid()
    return msgspec.structs.replace(charge, settled_at=now, bank_reference=bank_reference)


async def add_charge(
    conn: Connection,
    case: Case,
    kind: Literal["LATE_INTEREST", "CLAWBACK"],
    *,
    fund_party: str,
    party: str,
    version: int,
    amount_fen: int,
    computation: str,
    due_on: date,
    now: datetime,
) -> None:
    """Charge a party once for one thing; nothing for 0."""
    if amount_fen > 0:
        await conn.execute(
            _SQL["insert_charge"],
            *(uuid7(now), case.id, kind, fund_party, party, version, amount_fen),
            *(computation, due_on, now),
        )


async def settlements(conn: Connection, case_id: UUID) -> list[Settlement]:
    """What the clearings moved or ask back, by fund, party and version."""
    rows = await conn.fetch(_SQL["settlements"], case_id)
    return [msgspec.convert(dict(row), Settlement) for row in rows]


async def charges(conn: Connection, case_id: UUID) -> list[Charge]:
    """What was charged beside the clearings, oldest first."""
    rows = await conn.fetch(_SQL["charges"], case_id)
    return [msgspec.convert(dict(row), Charge) for row in rows]


async def close_if_settled(conn: Connection, case: Case) -> None:
    """A cleared case to which everything came back is over."""
    now_at = await cases.get(conn, case.id)
    if now_at.state != cases.FINAL_CLEARING:
        return
    open_settlements = [row for row in await settlements(conn, case.id) if row.settled_at is None]
    open_charges = [row for row in await charges(conn, case.id) if row.settled_at is None]
    if not open_settlements and not open_charges:
        await cases.set_state(conn, case, cases.CLOSED)


async def _charge_lateness(conn: Connection, case: Case, due: Settlement, *, now: datetime) -> None:
    today = now.astimezone(CHINA).date()
    terms = await terms_of(conn, case)
    if due.due_on is None or today <= due.due_on:
        return
    days = (today - due.due_on).days
    rate = RoyaltyTerms(
        rate_bp=0, late_bp_year=terms.late_interest_bp_year, year_days=terms.late_year_days
    )
    await add_charge(
        conn,
        case,
        "LATE_INTEREST",
        fund_party=due.fund_party,
        party=due.party,
        version=due.version,
        amount_fen=late_interest(rate, overdue_fen=-due.amount_fen, days=days),
        computation=f"{yuan(-due.amount_fen)} × {days} days 天 × {terms.late_interest_bp_year} bp 基点 /"
        f" {terms.late_year_days} (due 期限 {due.due_on}, came 到账 {today})",
        due_on=deadline(terms, now),
        now=now,
    )


async def _into_fund(
    conn: Connection,
    case: Case,
    idempotency_id: str,
    *,
    kind: str,
    fund_party: str,
    party: str,
    amount_fen: int,
    now: datetime,
) -> None:
    await post_one(
        conn,
        move(
            idempotency_id[:200],
            kind=kind,
            ref=case.ref,
            source=outside(case.parties[party], case.ref),
            target=fund_account(case.parties[fund_party]),
            amount_fen=amount_fen,
        ),
        now=now,
    )
