"""What the funds of a case owe and are owed, each with whether it was paid: what a clearing statement proves.

The amounts are those of the opening and of every final clearing; whether they were paid is what the bank confirmed.
"""

from datetime import datetime

import msgspec

from kit.sql import Connection, load_statements
from settlement import cases, payments, recoveries
from settlement.compensation import relief
from settlement.payments import Payout

_SQL = load_statements("settlement", "sql/ledger.sql")
ADVANCE, TOP_UP, RETURN = "advance", "top_up", "return"
DUE, PAID = "DUE", "PAID"
_ADVANCE_PAID = "compensation_advance_paid"


class DueLine(msgspec.Struct, frozen=True, kw_only=True):
    """One sum between a fund and a party; `payer` and `payee` are parties of the scheme, the amount is above 0.

    `state` is DUE until the bank confirmed the payment, then PAID with its moment and its reference.
    """

    what: str
    payer: str
    payee: str
    amount_fen: int
    state: str
    paid_at: datetime | None
    bank_reference: str | None


async def dues_of(conn: Connection, case: cases.Case) -> tuple[DueLine, ...]:
    """The advances, top-ups and returns of a case, in the order in which they came to be due."""
    claim, opening, _ = case.claimed()
    queued = await payments.payouts_of(conn, case.id)
    found: list[DueLine] = []
    for fund in claim.scheme.funds:
        for party, fen in relief(opening, opening.advance[fund]).items():
            payout = _taken(queued, case, party, fen, _ADVANCE_PAID)
            if payout is not None:
                found.append(_outgoing(ADVANCE, fund, party, payout))
    settlements = await recoveries.settlements(conn, case.id)
    for row in settlements:
        if row.amount_fen > 0:
            payout = _taken(queued, case, row.party, row.amount_fen, _top_up_paid(row.version))
            assert payout is not None, "a top-up is queued with its clearing"
            found.append(_outgoing(TOP_UP, row.fund_party, row.party, payout))
    found += [
        DueLine(
            what=RETURN,
            payer=row.party,
            payee=row.fund_party,
            amount_fen=-row.amount_fen,
            state=DUE if row.settled_at is None else PAID,
            paid_at=row.settled_at,
            bank_reference=row.bank_reference,
        )
        for row in settlements
        if row.amount_fen < 0
    ]
    return tuple(found)


def _top_up_paid(version: int) -> str:
    """The purpose of a top-up's payout: each version of a clearing has its own."""
    return "compensation_top_up_paid" if version == 1 else f"compensation_top_up_{version}_paid"


async def fund_cash_fen(
    conn: Connection, case: cases.Case, fund: str, dues: tuple[DueLine, ...]
) -> int:
    """What a fund got back less what it paid for a case: what its special account moved, but for what is queued.

    Money that left the special account waits on a payable account until the bank paid it out: it is not paid yet.
    """
    moved_fen: int = await conn.fetchval(
        _SQL["moved_for"], "fund_special_account", case.parties[fund], case.ref
    )
    waiting = (due for due in dues if due.payer == fund and due.state == DUE)
    return moved_fen + sum(due.amount_fen for due in waiting)


def _taken(
    queued: list[Payout], case: cases.Case, party: str, amount_fen: int, purpose: str
) -> Payout | None:
    """Take the oldest payout of this kind from the list; funds queue in the order of the scheme."""
    wanted = (case.parties[party], amount_fen, purpose)
    for index, payout in enumerate(queued):
        if (payout.payee_id, payout.amount_fen, payout.purpose) == wanted:
            return queued.pop(index)
    return None


def _outgoing(what: str, fund: str, party: str, payout: Payout) -> DueLine:
    return DueLine(
        what=what,
        payer=fund,
        payee=party,
        amount_fen=payout.amount_fen,
        state=PAID if payout.state == payments.PAID else DUE,
        paid_at=payout.paid_at,
        bank_reference=payout.bank_reference,
    )
