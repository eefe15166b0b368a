"""Random valid clearing cases from any source of randomness, Hypothesis's own included."""

from random import Random
from typing import Any

from tests.make_cases import Json

OTHER_ROLES = ("GUARANTOR", "INSURER", "VALUER", "REGUARANTOR")
FLAGS = ("key_list", "policy_tool", "first_loan")


def random_case(random: Random, *, fen_max: int = 10**13) -> Json:
    """A case that contracts 2 accepts. Small figures are as likely as large ones: that is where ties are."""
    mode = random.choice(("DIRECT_SHARE", "COMPENSATE_RETAINED", "LAYERED"))
    base = random.choice(("PRINCIPAL", "PRINCIPAL_INTEREST", "NET_LOSS"))
    parties = _parties(random, mode)
    loan = _loan(random, base, fen_max)
    size = loan["principal_fen"] + loan["interest_fen"] + 10
    scheme: Json = {"base": base, "comp_mode": mode, "parties": parties}
    scheme |= _cessions(random, parties) | _rates(random, mode, parties, size)
    scheme |= _caps(random, parties, size)
    scheme["advance_bp"] = random.choice((0, 3333, 5000, 10000))
    scheme["recovery"] = {
        "share_by": random.choice(("BORNE_POSITION", "BANK_FIRST", "FUND_FIRST")),
        "interest_after_principal": random.random() < 0.5,
    }
    return {
        "scheme": scheme,
        "loan": loan,
        "junior_claims": _juniors(random, size),
        "events": _events(random, size),
    }


def _amount(random: Random, upto: int) -> int:
    """From 0 to `upto`, of any magnitude."""
    return random.randint(0, min(upto, 10 ** random.randint(0, 13)))


def _parties(random: Random, mode: str) -> list[Json]:
    roles = ["BANK"] + [random.choice(OTHER_ROLES) for _ in range(random.randint(0, 3))]
    funds = 1 if mode == "COMPENSATE_RETAINED" else random.randint(0, 2)
    roles += ["FUND"] * funds
    random.shuffle(roles)
    bearing = [n for n, role in enumerate(roles) if role != "FUND" or mode == "DIRECT_SHARE"]
    marks = sorted(random.randint(0, 10000) for _ in bearing[1:])
    shares = [high - low for low, high in zip([0, *marks], [*marks, 10000], strict=True)]
    bear_bp = dict(zip(bearing, shares, strict=True))
    return [
        {"party": f"p{n}", "role": role, "bear_bp": bear_bp.get(n, 0)}
        for n, role in enumerate(roles)
    ]


def _loan(random: Random, base: str, fen_max: int) -> Json:
    principal, interest = _amount(random, fen_max), _amount(random, fen_max)
    loan: Json = {
        "principal_fen": principal,
        "interest_fen": interest,
        "penalty_fen": _amount(random, fen_max),
        "received_fen": random.randint(0, min(principal + interest, 10**13))
        if base == "NET_LOSS"
        else 0,
        "ip_part_bp": random.choice((10000, 10000, random.randint(0, 10000))),
        "flags": [flag for flag in FLAGS if random.random() < 0.5],
    }
    if random.random() < 0.5:
        loan["amount_fen"] = _amount(random, fen_max)
    return loan


def _cessions(random: Random, parties: list[Json]) -> Json:
    names = [party["party"] for party in parties if party["role"] != "FUND"]
    left = dict.fromkeys(names, 10000)
    cessions = []
    for _ in range(random.randint(0, 3) if len(names) > 1 else 0):
        giver, taker = random.sample(names, 2)
        bp = random.choice((random.randint(0, left[giver]), left[giver]))
        left[giver] -= bp
        cessions.append({"party": giver, "to": taker, "bp": bp})
    return {"cession": cessions}


def _rates(random: Random, mode: str, parties: list[Json], size: int) -> Json:
    if mode == "DIRECT_SHARE":
        return {}
    rated = [p["party"] for p in parties if (p["role"] == "FUND") == (mode == "LAYERED")]
    rates, tiers, addons = {}, [], []
    for name in rated:
        kind = random.choice(("rate", "tiers", "none"))
        if kind == "rate":
            rates[name] = random.randint(0, 10000)
        elif kind == "tiers":
            tiers += [
                {
                    "party": name,
                    "loan_upto_fen": _amount(random, min(2 * size, 10**13)),
                    "bp": random.randint(0, 10000),
                }
                for _ in range(random.randint(1, 3))
            ]
        if random.random() < 0.5:
            addons.append(
                {"party": name, "flag": random.choice(FLAGS), "bp": random.randint(0, 6000)}
            )
    cap = random.choice((None, random.randint(0, 10000)))
    return {"comp_rate_bp": rates, "tiers": tiers, "addons": addons, "total_cap_bp": cap}


def _caps(random: Random, parties: list[Json], size: int) -> Json:
    names = ("per_loan_fen", "per_borrower_fen", "year_fen", "fund_balance_fen")
    caps = {
        party["party"]: {
            name: random.randint(0, min(size, 10**13)) for name in names if random.random() < 0.25
        }
        for party in parties
        if party["role"] == "FUND" and random.random() < 0.7
    }
    return {"caps": caps}


def _juniors(random: Random, size: int) -> list[Json]:
    return [
        {
            "party": f"junior {n}",
            "claim_fen": random.randint(0, min(size, 10**13)),
            "registered_at": f"202{random.randint(0, 2)}-01-01",
        }
        for n in range(random.randint(0, 3))
    ]


def _events(random: Random, size: int) -> list[Json]:
    """Recoveries, some repeated, some costing more than they bring; often a final event, then repeats."""
    events: list[dict[str, Any]] = []
    for n in range(random.randint(0, 5)):
        gross = random.randint(0, min(size, 10**13))
        costs = [
            {"name": "cost", "amount_fen": random.randint(0, gross // 2 + 3)}
            for _ in range(random.randint(0, 3))
        ]
        events.append({"id": f"e{n}", "kind": "recovery", "gross_fen": gross, "costs": costs})
    repeats = [event for event in events if random.random() < 0.2]
    if random.random() < 0.7:
        events.append({"id": "end", "kind": "final"})
    return events + repeats
