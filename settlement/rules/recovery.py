"""One recovery after another: where the money goes, what the parties still carry, what the debtor still owes.

The book is all that a later recovery needs to know of the earlier ones, so a case can be cleared in one go or
one event a year: positions before, movements, positions after. Source: contracts 2, step 8 (domain 5.3, 7).
"""

from collections.abc import Mapping

import msgspec

from kit.money import split_among
from settlement.rules.bearing import interest_claim
from settlement.rules.case import JuniorClaim, Loan, RecoveryEvent
from settlement.rules.compensation import Opening
from settlement.rules.scheme import BANK_FIRST, FUND_FIRST, Scheme
from settlement.rules.waterfall import COSTS, PLEDGOR, Claim, by_registration, pay_by_rank

SHARED, INTEREST, UNCOVERED, PENALTY = "shared", "interest", "uncovered", "penalty"

JUNIOR_RANK = 6
"""The rank of the first registration date among the later pledgees."""


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """The debtor's own book (Civil Code 561). Compensation never enters it."""

    costs_fen: int
    interest_fen: int
    principal_fen: int
    penalty_fen: int


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case stands between two events.

    `positions` is the loss that each party still carries; `interest_fen`, `uncovered_fen`, `penalty_fen` and
    the claims of `juniors` are what is still unpaid of the claims beside it. `debt.costs_fen` is what earlier
    recoveries could not pay of their costs.
    """

    positions: dict[str, int]
    interest_fen: int
    uncovered_fen: int
    penalty_fen: int
    juniors: tuple[JuniorClaim, ...]
    debt: Debt


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the waterfall; `party` names a later pledgee and is absent elsewhere."""

    rank: int
    to: str
    party: str | msgspec.UnsetType = msgspec.UNSET
    amount_fen: int


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What one recovery did. The rows add up to its gross, the movements to what was shared."""

    id: str
    net_fen: int
    shared_fen: int
    movements: dict[str, int]
    positions: dict[str, int]
    waterfall: tuple[Row, ...]
    debt: Debt


def start_book(
    scheme: Scheme, loan: Loan, opening: Opening, *, junior_claims: tuple[JuniorClaim, ...] = ()
) -> Book:
    """The book before the first recovery. What came in before the claim paid interest, then principal."""
    interest_paid_fen = min(loan.received_fen, loan.interest_fen)
    return Book(
        positions=dict(opening.positions),
        interest_fen=interest_claim(scheme, loan),
        uncovered_fen=opening.bearing.uncovered_fen,
        penalty_fen=loan.penalty_fen,
        juniors=junior_claims,
        debt=Debt(
            costs_fen=0,
            interest_fen=loan.interest_fen - interest_paid_fen,
            principal_fen=loan.principal_fen - (loan.received_fen - interest_paid_fen),
            penalty_fen=loan.penalty_fen,
        ),
    )


def recover(scheme: Scheme, book: Book, event: RecoveryEvent) -> tuple[Recovered, Book]:
    """Step 8 for one recovery: what it did, and the book after it."""
    costs_due_fen = book.debt.costs_fen + sum(cost.amount_fen for cost in event.costs)
    claims = [
        Claim(rank=1, to=COSTS, owed_fen=costs_due_fen),
        *_lender_claims(scheme, book),
        *_junior_claims(book),
    ]
    payments, surplus_fen = pay_by_rank(event.gross_fen, claims)
    rows = [
        Row(
            rank=payment.claim.rank,
            to=payment.claim.to,
            party=msgspec.UNSET if payment.claim.party is None else payment.claim.party,
            amount_fen=payment.amount_fen,
        )
        for payment in payments
    ]
    rows.append(Row(rank=rows[-1].rank + 1, to=PLEDGOR, amount_fen=surplus_fen))
    paid = {row.to: row.amount_fen for row in rows[:5]}
    movements = share(scheme, paid[SHARED], book.positions)
    after = _book_after(
        book,
        paid=paid,
        movements=movements,
        juniors_paid=[row.amount_fen for row in rows[5:-1]],
        costs_fen=costs_due_fen - paid[COSTS],
    )
    recovered = Recovered(
        id=event.id,
        net_fen=event.gross_fen - paid[COSTS],
        shared_fen=paid[SHARED],
        movements=movements,
        positions=after.positions,
        waterfall=tuple(rows),
        debt=after.debt,
    )
    return recovered, after


def share(scheme: Scheme, amount_fen: int, positions: Mapping[str, int]) -> dict[str, int]:
    """What of a shared amount goes to each party: by positions, within the groups of the scheme in turn."""
    movements = dict.fromkeys(scheme.names, 0)
    left_fen = amount_fen
    for group in share_groups(scheme):
        weights = {name: positions[name] for name in group}
        part_fen = min(left_fen, sum(weights.values()))
        movements.update(split_among(part_fen, weights))
        left_fen -= part_fen
    return movements


def share_groups(scheme: Scheme) -> list[tuple[str, ...]]:
    """The parties in the groups that are made good one after the other; one group under BORNE_POSITION."""
    if scheme.recovery.share_by == BANK_FIRST:
        first: tuple[str, ...] = (scheme.bank,)
    elif scheme.recovery.share_by == FUND_FIRST:
        first = scheme.funds
    else:
        return [scheme.names]
    return [first, tuple(name for name in scheme.names if name not in first)]


def _lender_claims(scheme: Scheme, book: Book) -> list[Claim]:
    """Ranks 2 to 5: the lender's side, before any later pledgee."""
    owed = {
        SHARED: sum(book.positions.values()),
        INTEREST: book.interest_fen,
        UNCOVERED: book.uncovered_fen,
        PENALTY: book.penalty_fen,
    }
    first = (SHARED, INTEREST) if scheme.recovery.interest_after_principal else (INTEREST, SHARED)
    order = (*first, UNCOVERED, PENALTY)
    return [Claim(rank=rank, to=to, owed_fen=owed[to]) for rank, to in enumerate(order, start=2)]


def _junior_claims(book: Book) -> list[Claim]:
    return by_registration(
        ((claim.party, claim.claim_fen, claim.registered_at) for claim in book.juniors),
        first_rank=JUNIOR_RANK,
    )


def _book_after(
    book: Book,
    *,
    paid: Mapping[str, int],
    movements: Mapping[str, int],
    juniors_paid: list[int],
    costs_fen: int,
) -> Book:
    # The rows stand in order of registration, and sorting is stable: so are the claims once sorted.
    juniors = sorted(book.juniors, key=lambda claim: claim.registered_at)
    return Book(
        positions={name: fen - movements[name] for name, fen in book.positions.items()},
        interest_fen=book.interest_fen - paid[INTEREST],
        uncovered_fen=book.uncovered_fen - paid[UNCOVERED],
        penalty_fen=book.penalty_fen - paid[PENALTY],
        juniors=tuple(
            msgspec.structs.replace(claim, claim_fen=claim.claim_fen - fen)
            for claim, fen in zip(juniors, juniors_paid, strict=True)
        ),
        debt=_debt_after(
            book.debt,
            paid_fen=paid[SHARED] + paid[INTEREST] + paid[UNCOVERED] + paid[PENALTY],
            costs_fen=costs_fen,
        ),
    )


def _debt_after(debt: Debt, *, paid_fen: int, costs_fen: int) -> Debt:
    """All that the lender's side got pays interest, then principal, then penalty."""
    interest_fen = min(paid_fen, debt.interest_fen)
    principal_fen = min(paid_fen - interest_fen, debt.principal_fen)
    return Debt(
        costs_fen=costs_fen,
        interest_fen=debt.interest_fen - interest_fen,
        principal_fen=debt.principal_fen - principal_fen,
        penalty_fen=debt.penalty_fen - (paid_fen - interest_fen - principal_fen),
    )
