"""Clearing against an oracle written independently with exact fractions, and the invariants of domain 5.7."""

import json
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.clearing import clear_document
from tests.make_cases import Json
from tests.make_random_cases import random_case
from tests.settlement.clearing_oracle import clear_by_hand

#: Random cases by the thousand go through the same lines again and again (tests/tracing.py).
pytestmark = pytest.mark.untraced

SEEDS, CASES_A_SEED = 10, 1_200


def cleared(case: Json) -> Json:
    """What the program would print."""
    result: Json = msgspec.to_builtins(clear_document(json.dumps(case).encode()))
    return result


def recoveries(case: Json) -> list[Json]:
    """The recoveries of a case, without repeats."""
    first = {event["id"]: event for event in case["events"] if event["kind"] == "recovery"}
    return list(first.values())


@pytest.mark.parametrize("seed", range(SEEDS))
def test_twelve_thousand_cases_agree_with_the_oracle(seed: int) -> None:
    """Every printed figure, and the order of every field, is what the oracle works out, case after case."""
    random = Random(seed)
    for number in range(CASES_A_SEED):
        case = random_case(random, fen_max=random.choice((9, 1000, 10**13)))
        assert json.dumps(cleared(case)) == json.dumps(clear_by_hand(case)), (
            f"case {number}: {case}"
        )


@given(st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_shrunk_cases_agree_with_the_oracle(random: Random) -> None:
    """The same, from a search that reduces a difference to its smallest case."""
    case = random_case(random)
    assert json.dumps(cleared(case)) == json.dumps(clear_by_hand(case))


def check_sums(case: Json, result: Json) -> None:
    """Domain 5.7: what is borne, carried, moved and paid adds up, and nobody is below nothing."""
    assert result["balanced"] is True
    loss = result["loss_fen"]
    assert sum(result["borne"].values()) == sum(result["opening"].values()) == loss
    assert sum(result["ceded"].values()) == 0
    assert sum(result["promised"].values()) == sum(result["compensation"].values())
    shared = 0
    for event, done in zip(recoveries(case), result["events"], strict=True):
        shared += done["shared_fen"]
        assert sum(row["amount_fen"] for row in done["waterfall"]) == event["gross_fen"]
        assert sum(done["movements"].values()) == done["shared_fen"]
        assert sum(done["positions"].values()) == loss - shared
        assert min([*done["movements"].values(), *done["positions"].values()]) >= 0
        assert min(row["amount_fen"] for row in done["waterfall"]) >= 0
        assert min(done["debt"].values()) >= 0
    if result["final"]:
        paid = {
            fund: result["advance"][fund] + fen for fund, fen in result["final"]["delta"].items()
        }
        assert paid == {fund: result["final"]["closing"][fund] for fund in paid}


def check_caps(case: Json, result: Json) -> None:
    """No promise passes a cap, no advance passes its promise."""
    for fund, caps in case["scheme"]["caps"].items():
        assert result["promised"][fund] <= min([*caps.values(), 10**14])
    assert all(result["advance"][fund] <= fen for fund, fen in result["promised"].items())


def check_claims(case: Json, result: Json) -> None:
    """No claim is paid before a senior one is full, and nobody gets more than the claim."""
    owed = sum(claim["claim_fen"] for claim in case["junior_claims"])
    got = {"junior": 0}
    for done in result["events"]:
        rows = done["waterfall"]
        to_lender = sum(row["amount_fen"] for row in rows[1:5])
        left = sum(fen for field, fen in done["debt"].items() if field != "costs_fen")
        got["junior"] += sum(row["amount_fen"] for row in rows if row["to"] == "junior")
        if any(row["amount_fen"] for row in rows[5:]):
            assert left == 0
        if rows[-1]["amount_fen"]:
            assert got["junior"] == owed
        if to_lender:
            assert done["debt"]["costs_fen"] == 0
    assert got["junior"] <= owed


@given(st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_the_invariants_of_a_clearing_hold(random: Random) -> None:
    """Sums, caps and priorities hold in every case."""
    case = random_case(random)
    result = cleared(case)
    check_sums(case, result)
    check_caps(case, result)
    check_claims(case, result)


@given(st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_repeats_of_events_change_nothing(random: Random) -> None:
    """Every event sent twice, at once or at the very end, clears like every event sent once."""
    case = random_case(random)
    once = [*{event["id"]: event for event in case["events"]}.values()]
    doubled = [event for event in once for _ in range(2)] + once
    assert cleared(case | {"events": once}) == cleared(case | {"events": doubled})


def shared_only(random: Random) -> Json:
    """A case without costs that could be left unpaid, so that any order shares the same total."""
    return shared_only_of(random_case(random))


def shared_only_of(case: Json) -> Json:
    """The case made one without costs that could be left unpaid."""
    case["events"] = [event | {"costs": []} for event in recoveries(case)]
    case["scheme"]["recovery"]["interest_after_principal"] = True
    return case


@given(st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_order_and_number_of_recoveries_do_not_change_the_end(random: Random) -> None:
    """The same net money in another order, or in one sum, ends in the same closing and the same delta."""
    case = shared_only(random)
    events = list(case["events"])
    end = {"id": "end", "kind": "final"}
    whole = {
        "id": "all",
        "kind": "recovery",
        "gross_fen": min(sum(e["gross_fen"] for e in events), 10**13),
    }
    if sum(event["gross_fen"] for event in events) > 10**13:
        return
    want = cleared(case | {"events": [*events, end]})["final"]
    random.shuffle(events)
    for other in ([*events, end], [whole, end]):
        got = cleared(case | {"events": other})["final"]
        assert (got["closing"], got["delta"]) == (want["closing"], want["delta"])


@given(st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_full_recovery_leaves_no_loss(random: Random) -> None:
    """When all that is owed comes in, every position is 0 and every advance goes back."""
    case = shared_only(random)
    case["scheme"]["recovery"]["interest_after_principal"] = random.random() < 0.5
    owed = sum(case["loan"][field] for field in ("principal_fen", "interest_fen", "penalty_fen"))
    parts = [
        {"id": f"r{n}", "kind": "recovery", "gross_fen": fen} for n, fen in enumerate(halves(owed))
    ]
    result = cleared(case | {"events": [*parts, {"id": "end", "kind": "final"}]})
    assert not any(result["events"][-1]["positions"].values())
    assert result["final"]["delta"] == {fund: -fen for fund, fen in result["advance"].items()}
    assert set(result["events"][-1]["debt"].values()) == {0}


def halves(total: int) -> list[int]:
    """A total in four parts, each of which a field can hold."""
    return [(total + n) // 4 for n in range(4)]


@given(st.randoms(use_true_random=False), st.integers(0, 10**12))
@settings(max_examples=200, deadline=None)
def test_more_recovered_never_leaves_anyone_worse_off(random: Random, more: int) -> None:
    """A larger last recovery leaves no group of parties with more loss, and the debtor with no more debt."""
    case = shared_only(random)
    last: Any = {"id": "last", "kind": "recovery", "gross_fen": 10**6}
    results = [
        cleared(case | {"events": [*case["events"], last | {"gross_fen": 10**6 + extra}]})[
            "events"
        ][-1]
        for extra in (0, more)
    ]
    assert sum(results[1]["positions"].values()) <= sum(results[0]["positions"].values())
    assert all(results[1]["debt"][field] <= fen for field, fen in results[0]["debt"].items())
