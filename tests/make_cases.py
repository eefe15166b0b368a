"""Factories of clearing cases as JSON values: a test names only what it is about."""

import copy
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def party(name: str, role: str, bear_bp: int = 0) -> Json:
    """A party of a scheme."""
    return {"party": name, "role": role, "bear_bp": bear_bp}


def make_scheme(**given: Any) -> Json:
    """Bank 60 : fund 40 on principal, half of it advanced; what is given replaces it."""
    scheme: Json = {
        "base": "PRINCIPAL",
        "comp_mode": "DIRECT_SHARE",
        "parties": [party("bank", "BANK", 6000), party("fund", "FUND", 4000)],
        "advance_bp": 5000,
        "recovery": {"share_by": "BORNE_POSITION", "interest_after_principal": True},
    }
    return scheme | given


def recovery(event_id: str, gross_fen: int, *costs: int) -> Json:
    """A recovery with its costs."""
    listed = [{"name": f"cost {n}", "amount_fen": fen} for n, fen in enumerate(costs, start=1)]
    return {"id": event_id, "kind": "recovery", "gross_fen": gross_fen, "costs": listed}


def final(event_id: str = "end") -> Json:
    """The final event."""
    return {"id": event_id, "kind": "final"}


def junior(name: str, claim_fen: int, registered_at: str = "2024-03-01") -> Json:
    """A later pledgee."""
    return {"party": name, "claim_fen": claim_fen, "registered_at": registered_at}


def make_case(
    *events: Json, scheme: Json | None = None, loan: Json | None = None, juniors: Any = ()
) -> Json:
    """A case: 1,000.00 of principal under `make_scheme()` unless something else is given."""
    return {
        "scheme": make_scheme() if scheme is None else scheme,
        "loan": {"principal_fen": 100_000} | (loan or {}),
        "junior_claims": list(juniors),
        "events": list(events),
    }


def changed(case: Mapping[str, Any], path: str, value: Any) -> Json:
    """A copy of the case with the value at a path such as `scheme.parties.0.bear_bp` replaced or added."""
    copied = copy.deepcopy(dict(case))
    *steps, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    place: Any = copied
    for step in steps:
        place = place[step]
    if isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    return copied


def without(case: Mapping[str, Any], path: str) -> Json:
    """A copy of the case without the field at a path."""
    copied = copy.deepcopy(dict(case))
    *steps, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    place: Any = copied
    for step in steps:
        place = place[step]
    del place[last]
    return copied


def contract_case() -> Json:
    """The example of contracts 2, as it stands there."""
    return {
        "scheme": {
            "base": "PRINCIPAL",
            "comp_mode": "COMPENSATE_RETAINED",
            "parties": [
                party("bank", "BANK", 2000),
                party("guarantor", "GUARANTOR", 8000),
                party("reguarantor", "REGUARANTOR", 0),
                party("fund", "FUND", 0),
            ],
            "cession": [{"party": "guarantor", "to": "reguarantor", "bp": 4000}],
            "comp_rate_bp": {"guarantor": 3000},
            "tiers": [
                {"party": "bank", "loan_upto_fen": 500000000, "bp": 4000},
                {"party": "bank", "loan_upto_fen": 1500000000, "bp": 3000},
            ],
            "addons": [{"party": "bank", "flag": "key_list", "bp": 1500}],
            "total_cap_bp": 4000,
            "caps": {
                "fund": {
                    "per_loan_fen": 150000000,
                    "per_borrower_fen": None,
                    "year_fen": None,
                    "fund_balance_fen": 900000000,
                }
            },
            "advance_bp": 5000,
            "recovery": {"share_by": "BORNE_POSITION", "interest_after_principal": True},
        },
        "loan": {
            "amount_fen": 1000000000,
            "principal_fen": 765432109,
            "interest_fen": 13246809,
            "penalty_fen": 500000,
            "received_fen": 0,
            "ip_part_bp": 10000,
            "flags": ["key_list"],
        },
        "junior_claims": [junior("second pledgee", 50000000)],
        "events": [
            {
                "id": "e1",
                "kind": "recovery",
                "gross_fen": 204760000,
                "costs": [{"name": "commission", "amount_fen": 4760000}],
            },
            final(),
        ],
    }
