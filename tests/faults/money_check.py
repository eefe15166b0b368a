"""What must hold of the money after every fault: I8, I9 and I10 of reliability 3.2, a pure function of what is left.

What a fund owes is worked out from what people asked for, by the second opinion on clearing: no code of settlement.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from tests.settlement.clearing_oracle import clear_by_hand

#: What a fund's account is moved by, as the ledger names it: paid in, advanced, topped up (补拨), come back (退回).
PAID_IN, ADVANCED, TOPPED_UP, RETURNED = (
    "fund_in",
    "compensation_advance",
    "compensation_top_up",
    "compensation_returned",
)


class Violation(msgspec.Struct, frozen=True):
    """One invariant that does not hold, and where."""

    invariant: str
    what: str


class FundClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim on a fund: what was asked for, and what the books say of it.

    `asked` is the case in the words of contracts 2. What comes after its `final` event reopens the clearing.
    `moved` has every amount on the fund's account in the claim's name, by kind; below 0 went out.
    """

    asked: dict[str, Any]
    moved: dict[str, list[int]]
    positions: dict[str, int]


class Fund(msgspec.Struct, frozen=True, kw_only=True):
    """A fund's special account: what it began with, what was asked to be paid in by bank reference, what is there now.

    `moved` has every amount on the account that is in no claim's name, by kind.
    """

    party: str
    opening_fen: int
    paid_in: dict[str, int]
    moved: dict[str, list[int]]
    claims: dict[str, FundClaim]
    balance_fen: int


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger after a sale: entries by transfer, balances by account with their floors, and what was settled."""

    transfers: dict[str, list[int]]
    balances: dict[str, tuple[int, int | None]]
    entry_sums: dict[str, int]
    settlements: dict[str, int]
    deposits: dict[str, list[str]]
    fund: Fund | None = None


def money_violations(money: Money | None) -> Iterator[Violation]:
    """I8, I9 and I10."""
    if money is None:
        return
    for lot, count in money.settlements.items():
        if count != 1:
            yield Violation("I8", f"lot {lot} was settled {count} times")
    for deposit, ends in money.deposits.items():
        if len(ends) != 1:
            yield Violation("I8", f"deposit {deposit} ended as {ends}")
    yield from _ledger(money)
    if money.fund is not None:
        yield from _fund(money.fund)


def _ledger(money: Money) -> Iterator[Violation]:
    for transfer, amounts in money.transfers.items():
        if sum(amounts) != 0 or len(amounts) < 2:
            yield Violation("I9", f"transfer {transfer} does not balance: {amounts}")
    for account, (balance, floor) in money.balances.items():
        if balance != money.entry_sums.get(account, 0):
            yield Violation("I9", f"account {account}: balance {balance} is not its entries' sum")
        if floor is not None and balance < floor:
            yield Violation("I9", f"account {account} is below its floor: {balance}")


def _fund(fund: Fund) -> Iterator[Violation]:
    """I10: opening + paid in - advances + recoveries - fees == closing; each claim by the closed form of domain 5.3.

    No fee is charged to a fund: whatever is on its account beside these kinds is a violation, and so is any of them
    that is there twice, not at all, or with another amount.
    """
    wanted = {PAID_IN: sorted(fund.paid_in.values())} if fund.paid_in else {}
    yield from _compared("the fund's own money", wanted, fund.moved)
    closing_fen = fund.opening_fen + sum(fund.paid_in.values())
    for name, claim in fund.claims.items():
        owed, positions = _closed_form(claim.asked, fund.party)
        closing_fen += sum(sum(amounts) for amounts in owed.values())
        yield from _compared(f"claim {name}", owed, claim.moved)
        if claim.positions != positions:
            yield Violation("I10", f"claim {name}: stands {claim.positions}, owed {positions}")
    if fund.balance_fen != closing_fen:
        yield Violation("I10", f"the fund has {fund.balance_fen}, and should have {closing_fen}")


def _compared(
    what: str, wanted: dict[str, list[int]], found: dict[str, list[int]]
) -> Iterator[Violation]:
    for kind in sorted(wanted.keys() | found.keys()):
        owed, moved = wanted.get(kind, []), sorted(found.get(kind, []))
        if owed != moved:
            yield Violation("I10", f"{what}: {kind} moved {moved}, owed {owed}")


def _closed_form(asked: dict[str, Any], fund: str) -> tuple[dict[str, list[int]], dict[str, int]]:
    """What the fund's account must have been moved by for a claim, by kind, and every party's position at the end."""
    events = asked["events"]
    whole = clear_by_hand(asked)
    owed: dict[str, list[int]] = defaultdict(list)
    if whole["advance"][fund]:
        owed[ADVANCED].append(-whole["advance"][fund])
    positions = whole["events"][-1]["positions"] if whole["events"] else whole["opening"]
    first = next((n for n, event in enumerate(events) if event["kind"] == "final"), len(events))
    before_fen = 0
    for number in range(first, len(events)):
        final = clear_by_hand(asked | {"events": events[: number + 1]})["final"]
        positions, step_fen = final["closing"], final["delta"][fund] - before_fen
        before_fen = final["delta"][fund]
        if step_fen > 0:
            kind = TOPPED_UP if number == first else f"{TOPPED_UP}_{number - first + 1}"
            owed[kind].append(-step_fen)
        elif step_fen < 0:
            owed[RETURNED].append(-step_fen)
    return {kind: sorted(amounts) for kind, amounts in owed.items()}, positions
