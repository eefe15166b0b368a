"""The worked examples of domain 5.6, 5.8 and 6.2 through the clearing, to the fen."""

import json
from typing import Any

import msgspec
import pytest

from settlement.clearing import clear_document
from tests.make_cases import Json, changed, final, junior, make_case, make_scheme, party, recovery


def cleared(case: Any) -> Json:
    """What the program would print."""
    result: Json = msgspec.to_builtins(clear_document(json.dumps(case).encode()))
    return result


def values(mapping: Json) -> list[int]:
    """The amounts of a map, in the order of the parties."""
    return list(mapping.values())


BANK_AND_FUND = {"loan": {"principal_fen": 487654321, "interest_fen": 13246809}}


@pytest.mark.parametrize(
    ("gross", "costs", "movements", "closing", "delta"),
    [
        (
            238000000,
            (4760000, 3000000, 562137, 71400),
            [137763878, 91842585],
            [154828715, 103219143],
            5688279,
        ),
        (430000000, (8600000, 3000000, 562137, 129000), None, [41967275, 27978183], -69552681),
    ],
    ids=["example 1: the fund tops up", "example 1b: the bank returns"],
)
def test_example_1_bank_and_fund(
    gross: int, costs: tuple[int, ...], movements: list[int] | None, closing: list[int], delta: int
) -> None:
    """An advance of half the promise is trued up in either direction."""
    result = cleared(make_case(recovery("e1", gross, *costs), final(), **BANK_AND_FUND))
    assert values(result["borne"]) == [292592593, 195061728]
    assert (result["advance"], result["advance_fen"]) == ({"fund": 97530864}, 97530864)
    if movements is not None:
        assert values(result["events"][0]["movements"]) == movements
    assert values(result["final"]["closing"]) == closing
    assert (result["final"]["delta"], result["final"]["delta_fen"]) == ({"fund": delta}, delta)
    cash = result["events"][0]["net_fen"] + 97530864 + delta
    assert 487654321 - cash == closing[0]


CEDED = make_scheme(
    comp_mode="COMPENSATE_RETAINED",
    parties=[
        party("bank", "BANK", 2000),
        party("guarantor", "GUARANTOR", 8000),
        party("reguarantor", "REGUARANTOR"),
        party("fund", "FUND"),
    ],
    cession=[{"party": "guarantor", "to": "reguarantor", "bp": 4000}],
    comp_rate_bp={"bank": 3000, "guarantor": 3000},
)


def test_example_2_what_is_ceded_is_not_compensated() -> None:
    """The fund pays on the retained share only: 734,814.82 less to the guarantor than without the deduction."""
    loan = {"principal_fen": 765432109}
    result = cleared(make_case(recovery("e1", 200000000), scheme=CEDED, loan=loan))
    assert values(result["borne"]) == [153086422, 612345687, 0, 0]
    assert values(result["ceded"]) == [0, -244938275, 244938275, 0]
    assert values(result["compensation"]) == [45925927, 110222224, 0]
    assert values(result["opening"]) == [107160495, 257185188, 244938275, 156148151]
    assert values(result["events"][0]["movements"]) == [28000000, 67200000, 64000000, 40800000]
    assert values(result["events"][0]["positions"]) == [79160495, 189985188, 180938275, 115348151]
    undeducted = cleared(make_case(scheme=CEDED | {"cession": []}, loan=loan))
    assert undeducted["compensation"]["guarantor"] - 110222224 == 73481482


def test_example_3_principal_and_interest() -> None:
    """Insured interest is part of the loss; a tie of remainders goes to the earlier party."""
    loan = {"principal_fen": 300000000, "interest_fen": 9753333}
    two = make_scheme(
        base="PRINCIPAL_INTEREST",
        parties=[party("bank", "BANK", 3000), party("insurer", "INSURER", 7000)],
    )
    result = cleared(make_case(recovery("e1", 65000000, 2135055), scheme=two, loan=loan))
    assert (result["loss_fen"], values(result["borne"])) == (309753333, [92926000, 216827333])
    assert values(result["events"][0]["movements"]) == [18859484, 44005461]
    assert values(result["events"][0]["positions"]) == [74066516, 172821872]
    qingdao = [party("insurer", "INSURER", 6000), party("bank", "BANK", 2000)]
    qingdao.append(party("guarantor", "GUARANTOR", 2000))
    result = cleared(make_case(scheme=two | {"parties": qingdao}, loan=loan))
    assert values(result["borne"]) == [185852000, 61950667, 61950666]


def test_example_4_caps_stay_with_whom_they_would_have_relieved() -> None:
    """Layers under a fund balance and a cap a loan; recoveries go by actual, not nominal, positions."""
    layers = make_scheme(
        comp_mode="LAYERED",
        parties=[party("bank", "BANK", 10000), party("province", "FUND"), party("city", "FUND")],
        comp_rate_bp={"province": 4000, "city": 2000},
        caps={"province": {"fund_balance_fen": 300000000}, "city": {"per_loan_fen": 100000000}},
    )
    case = make_case(recovery("e1", 123456789), scheme=layers, loan={"principal_fen": 900000000})
    result = cleared(case)
    assert values(result["opening"]) == [500000000, 300000000, 100000000]
    assert values(result["events"][0]["movements"]) == [68587105, 41152263, 13717421]
    assert values(result["events"][0]["positions"]) == [431412895, 258847737, 86282579]
    nominal = cleared(changed(case, "scheme.caps", {}))
    assert values(nominal["opening"]) == [360000000, 360000000, 180000000]


def test_guangzhou_rates_stop_at_the_total_cap() -> None:
    """A loan of 12 million: 30 % and two add-ons are 50 %, the cap, of a loss of 6 million."""
    scheme = make_scheme(
        comp_mode="COMPENSATE_RETAINED",
        parties=[party("bank", "BANK", 10000), party("fund", "FUND")],
        tiers=[
            {"party": "bank", "loan_upto_fen": fen, "bp": bp}
            for fen, bp in ((500000000, 4000), (1500000000, 3000), (3000000000, 2000))
        ],
        addons=[
            {"party": "bank", "flag": "ip", "bp": 1500},
            {"party": "bank", "flag": "tool", "bp": 500},
        ],
        total_cap_bp=5000,
    )
    loan = {"principal_fen": 600000000, "amount_fen": 1200000000, "flags": ["tool", "ip"]}
    promised = {
        "inside the cap": (loan, 300000000),
        "at the edge of a tier": (loan | {"amount_fen": 500000000, "flags": []}, 240000000),
        "cut by the cap": (loan | {"amount_fen": 500000000}, 300000000),
        "above every tier": (loan | {"amount_fen": 3000000001}, 0),
    }
    for name, (given, want) in promised.items():
        assert cleared(make_case(scheme=scheme, loan=given))["promised"] == {"fund": want}, name


YEARS = [
    (15000000, 1234567, 5506173),
    (80000000, 2664000, 30934400),
    (10000000, 1500000, 3400000),
    (12965963, 1944894, 4408428),
    (19629633, 2944445, 6674075),
    (8154845, 1223227, 2772647),
]


def test_example_5_partial_recoveries_over_three_years() -> None:
    """A forfeited deposit, a re-auction, a licence and its royalties end at the exact split."""
    events = [recovery(f"e{n}", gross, cost) for n, (gross, cost, _) in enumerate(YEARS, start=1)]
    result = cleared(make_case(*events, final(), loan={"principal_fen": 500000000}))
    to_fund = [event["movements"]["fund"] for event in result["events"]]
    assert to_fund == [fund for _, _, fund in YEARS]
    assert sum(event["net_fen"] for event in result["events"]) == 134239308
    assert values(result["final"]["closing"]) == [219456415, 146304277]
    assert values(result["final"]["true_up"]) == [0, 0]


def test_example_6_over_recovery_reaches_the_second_pledgee_and_the_pledgor() -> None:
    """The advance goes back whole, then interest, penalty, the second pledgee, and the pledgor."""
    case = make_case(
        recovery("e1", 235000000, 4500000, 1800000, 70500, 360000),
        final(),
        scheme=make_scheme(advance_bp=10000),
        loan={"principal_fen": 120000000, "interest_fen": 8640000, "penalty_fen": 1234560},
        juniors=[junior("second", 50000000)],
    )
    result = cleared(case)
    event = result["events"][0]
    rows = [row["amount_fen"] for row in event["waterfall"]]
    assert rows == [6730500, 120000000, 8640000, 0, 1234560, 50000000, 48394940]
    assert values(event["movements"]) == [72000000, 48000000]
    assert values(event["positions"]) == [0, 0]
    assert set(event["debt"].values()) == {0}
    assert result["final"]["delta"] == {"fund": -48000000}


@pytest.mark.parametrize(
    ("interest_after_principal", "shared", "movements"),
    [(True, 50000000, [30000000, 20000000]), (False, 44000000, [26400000, 17600000])],
)
def test_domain_6_2_two_books(
    interest_after_principal: bool, shared: int, movements: list[int]
) -> None:
    """The sharing order changes what the fund gets, never what the debtor owes."""
    order = {"share_by": "BORNE_POSITION", "interest_after_principal": interest_after_principal}
    case = make_case(
        recovery("e1", 50000000),
        scheme=make_scheme(recovery=order),
        loan={"principal_fen": 100000000, "interest_fen": 6000000},
    )
    event = cleared(case)["events"][0]
    assert (event["shared_fen"], values(event["movements"])) == (shared, movements)
    assert event["debt"] == {
        "costs_fen": 0,
        "interest_fen": 0,
        "principal_fen": 56000000,
        "penalty_fen": 0,
    }
    names = [row["to"] for row in event["waterfall"]]
    assert names.index("shared") - names.index("interest") == (
        -1 if interest_after_principal else 1
    )


def test_costs_that_a_recovery_cannot_pay_are_carried() -> None:
    """Net is never negative; what is left unpaid is due with the next recovery, and shown until paid."""
    result = cleared(
        make_case(recovery("a", 100, 150), recovery("b", 30), recovery("c", 100, 10), final())
    )
    assert [event["net_fen"] for event in result["events"]] == [0, 0, 70]
    assert [event["debt"]["costs_fen"] for event in result["events"]] == [50, 20, 0]


def test_the_uncovered_part_is_the_banks_alone() -> None:
    """Of a combined loan only the IP's part is shared; the rest is paid after it, outside the scheme."""
    case = make_case(
        recovery("a", 75_000), loan={"principal_fen": 100_001, "ip_part_bp": 5000, "penalty_fen": 9}
    )
    result = cleared(case)
    assert result["loss_fen"] == 50_001
    rows = {row["to"]: row["amount_fen"] for row in result["events"][0]["waterfall"]}
    assert (rows["shared"], rows["uncovered"], rows["penalty"]) == (50_001, 24_999, 0)
    assert result["events"][0]["debt"]["principal_fen"] == 25_001


def test_net_loss_counts_what_came_in_before() -> None:
    """Under NET_LOSS earlier recoveries lower the loss, and in the debtor's book paid interest first."""
    case = make_case(
        recovery("a", 10),
        scheme=make_scheme(base="NET_LOSS"),
        loan={"principal_fen": 100, "interest_fen": 20, "received_fen": 30},
    )
    result = cleared(case)
    assert result["loss_fen"] == 90
    debt = result["events"][0]["debt"]
    assert (debt["interest_fen"], debt["principal_fen"]) == (0, 80)


@pytest.mark.parametrize(
    ("share_by", "movements"),
    [
        ("BORNE_POSITION", [200, 300, 250, 250]),
        ("BANK_FIRST", [400, 225, 188, 187]),
        ("FUND_FIRST", [0, 0, 500, 500]),
    ],
)
def test_who_is_made_good_first(share_by: str, movements: list[int]) -> None:
    """The first group takes all it can by its positions, and the others split the rest by theirs."""
    parties = [party("bank", "BANK", 2000), party("guarantor", "GUARANTOR", 3000)]
    parties += [party("city", "FUND", 2500), party("county", "FUND", 2500)]
    order = {"share_by": share_by, "interest_after_principal": True}
    case = make_case(
        recovery("a", 1000),
        final(),
        scheme=make_scheme(parties=parties, recovery=order),
        loan={"principal_fen": 2000},
    )
    result = cleared(case)
    assert values(result["events"][0]["movements"]) == movements
    assert sum(values(result["final"]["closing"])) == 1000


def test_junior_claims_go_by_registration_and_pro_rata_within_a_day() -> None:
    """An earlier date is paid in full first; one date shares by what is still owed; rows come in rank order."""
    juniors = [
        junior("late", 100, "2024-05-01"),
        junior("early b", 200, "2024-01-01"),
        junior("early a", 100, "2024-01-01"),
    ]
    case = make_case(
        recovery("a", 101), recovery("b", 250), loan={"principal_fen": 1}, juniors=juniors
    )
    rows = [event["waterfall"][5:] for event in cleared(case)["events"]]
    assert [(row["rank"], row.get("party"), row["amount_fen"]) for row in rows[0]] == [
        (6, "early b", 67),
        (6, "early a", 33),
        (7, "late", 0),
        (8, None, 0),
    ]
    assert [row["amount_fen"] for row in rows[1]] == [133, 67, 50, 0]


def test_a_final_event_alone_settles_the_advance() -> None:
    """Without a recovery the whole promise is due: the fund tops up what it has not advanced."""
    result = cleared(make_case(final()))
    assert (result["events"], result["final"]["delta_fen"]) == ((), 20_000)
    assert cleared(make_case(recovery("a", 1)))["final"] is None
