"""A second opinion on clearing: contracts 2 worked out on plain JSON values with exact fractions.

Written from the text of the contract and sharing no code with settlement.rules. It is slow and flat on purpose.
"""

from fractions import Fraction
from typing import Any

Json = dict[str, Any]
HALF = Fraction(1, 2)


def floor(value: Fraction) -> int:
    """The whole part of a fraction that is not negative."""
    return value.numerator // value.denominator


def half(amount: int, bp: int) -> int:
    """Rounded to the nearest fen, halves up."""
    return floor(Fraction(amount * bp, 10000) + HALF)


def hand_out(total: int, weights: dict[str, int]) -> dict[str, int]:
    """Largest remainder: whole parts first, then fen by fen to whoever is furthest below the exact share."""
    if total == 0:
        return dict.fromkeys(weights, 0)
    exact = {
        name: Fraction(total * weight, sum(weights.values())) for name, weight in weights.items()
    }
    parts = {name: floor(share) for name, share in exact.items()}
    while sum(parts.values()) < total:
        behind = {name: exact[name] - parts[name] for name in weights}
        most = max(behind.values())
        parts[next(name for name in weights if behind[name] == most)] += 1
    return parts


def rate_of(scheme: Json, loan: Json, name: str) -> int:
    """Step 4."""
    if name in scheme.get("comp_rate_bp", {}):
        rate = scheme["comp_rate_bp"][name]
    else:
        granted = loan.get("amount_fen", loan["principal_fen"])
        fits = [
            tier["bp"]
            for tier in scheme.get("tiers", [])
            if tier["party"] == name and tier["loan_upto_fen"] >= granted
        ]
        if not fits:
            return 0
        rate = fits[0]
    for addon in scheme.get("addons", []):
        if addon["party"] == name and addon["flag"] in loan.get("flags", []):
            rate += addon["bp"]
    cap = scheme.get("total_cap_bp")
    return min([rate, 10000] + ([] if cap is None else [cap]))


def limited(scheme: Json, name: str, amount: int) -> int:
    """The amount under every cap of a fund that is not null."""
    caps = scheme.get("caps", {}).get(name, {}).values()
    return min([amount] + [cap for cap in caps if cap is not None])


def open_by_hand(case: Json) -> Json:
    """Steps 1 to 7."""
    scheme, loan = case["scheme"], case["loan"]
    names, funds, bank = roles_of(scheme)
    loss = half(covered_of(scheme, loan), loan.get("ip_part_bp", 10000))
    borne = hand_out(loss, {party["party"]: party["bear_bp"] for party in scheme["parties"]})
    gave, took = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for cession in scheme.get("cession", []):
        giver = cession["party"]
        moved = min(half(borne[giver], cession["bp"]), borne[giver] - gave[giver])
        gave[giver] += moved
        took[cession["to"]] += moved
    kept = {name: borne[name] - gave[name] for name in names}
    promised, compensation = promise_by_hand(scheme, loan, borne, kept)
    opening = {}
    for name in names:
        if name in funds:
            opening[name] = promised[name]
        else:
            opening[name] = kept[name] + took[name] - compensation[name]
        if name == bank and scheme["comp_mode"] == "DIRECT_SHARE":
            opening[name] += sum(borne[fund] for fund in funds)
    ahead = scheme.get("advance_bp", 0)
    advance = {name: floor(Fraction(promised[name] * ahead, 10000)) for name in funds}
    return {
        "loss_fen": loss,
        "borne": borne,
        "ceded": {name: took[name] - gave[name] for name in names},
        "compensation": compensation,
        "promised": promised,
        "opening": opening,
        "advance": advance,
        "advance_fen": sum(advance.values()),
    }


def roles_of(scheme: Json) -> tuple[list[str], list[str], str]:
    """Every party, the funds, the bank."""
    by_role = [(party["party"], party["role"]) for party in scheme["parties"]]
    bank = next(name for name, role in by_role if role == "BANK")
    return [name for name, _ in by_role], [name for name, role in by_role if role == "FUND"], bank


def covered_of(scheme: Json, loan: Json) -> int:
    """X of step 1."""
    x: int = loan["principal_fen"]
    if scheme["base"] != "PRINCIPAL":
        x += loan.get("interest_fen", 0)
    if scheme["base"] == "NET_LOSS":
        x -= loan.get("received_fen", 0)
    return x


def promise_by_hand(
    scheme: Json, loan: Json, borne: dict[str, int], kept: dict[str, int]
) -> tuple[dict[str, int], dict[str, int]]:
    """Step 5: promised, compensation."""
    names, funds, bank = roles_of(scheme)
    others = [name for name in names if name not in funds]
    if scheme["comp_mode"] == "DIRECT_SHARE":
        promised = {name: limited(scheme, name, borne[name]) for name in funds}
        return promised, dict.fromkeys(others, 0) | {bank: sum(promised.values())}
    if scheme["comp_mode"] == "COMPENSATE_RETAINED":
        compensation = {name: half(kept[name], rate_of(scheme, loan, name)) for name in others}
        allowed = limited(scheme, funds[0], sum(compensation.values()))
        if allowed < sum(compensation.values()):
            compensation = hand_out(allowed, compensation)
        return {funds[0]: sum(compensation.values())}, compensation
    n = sum(kept[name] for name in others)
    promised = {}
    for name in funds:
        wanted = limited(scheme, name, half(n, rate_of(scheme, loan, name)))
        promised[name] = min(wanted, n - sum(promised.values()))
    return promised, hand_out(sum(promised.values()), {name: kept[name] for name in others})


def groups_of(scheme: Json) -> list[list[str]]:
    """Who is made good before whom."""
    names, funds, bank = roles_of(scheme)
    first = {"BORNE_POSITION": names, "BANK_FIRST": [bank], "FUND_FIRST": funds}[
        scheme["recovery"]["share_by"]
    ]
    return [first, [name for name in names if name not in first]]


def clear_by_hand(case: Json) -> Json:
    """All of contracts 2, as the JSON that it prints."""
    opened = open_by_hand(case)
    walk = Walk(case, opened)
    seen: set[str] = set()
    printed, final = [], False
    for event in case.get("events", []):
        if event["id"] in seen:
            continue
        seen.add(event["id"])
        if event["kind"] == "final":
            final = True
        else:
            printed.append(walk.recover(event))
    settled = settle_by_hand(opened, walk.positions, walk.groups) if final else None
    return opened | {"events": printed, "final": settled, "balanced": True}


class Walk:
    """Step 8: what changes from one recovery to the next."""

    def __init__(self, case: Json, opened: Json) -> None:
        self.loan, scheme = case["loan"], case["scheme"]
        self.groups = groups_of(scheme)
        self.positions: dict[str, int] = dict(opened["opening"])
        self.unpaid = {
            "interest": self.loan.get("interest_fen", 0) if scheme["base"] == "PRINCIPAL" else 0,
            "uncovered": covered_of(scheme, self.loan) - opened["loss_fen"],
            "penalty": self.loan.get("penalty_fen", 0),
        }
        self.order = ["shared", "interest", "uncovered", "penalty"]
        if not scheme["recovery"]["interest_after_principal"]:
            self.order = ["interest", "shared", "uncovered", "penalty"]
        self.juniors = [dict(claim) for claim in case.get("junior_claims", [])]
        self.carried = 0
        self.lender_got = 0

    def recover(self, event: Json) -> Json:
        """One event as it is printed."""
        gross = event["gross_fen"]
        due = self.carried + sum(cost["amount_fen"] for cost in event.get("costs", []))
        costs = min(gross, due)
        self.carried = due - costs
        rows: list[Json] = [{"rank": 1, "to": "costs", "amount_fen": costs}]
        left, shared = self.pay_lender(gross - costs, rows)
        left = self.pay_juniors(left, rows)
        rows.append({"rank": rows[-1]["rank"] + 1, "to": "pledgor", "amount_fen": left})
        movements = self.move(shared)
        return {
            "id": event["id"],
            "net_fen": gross - costs,
            "shared_fen": shared,
            "movements": movements,
            "positions": dict(self.positions),
            "waterfall": rows,
            "debt": {"costs_fen": self.carried} | debt_left(self.loan, self.lender_got),
        }

    def pay_lender(self, left: int, rows: list[Json]) -> tuple[int, int]:
        """Ranks 2 to 5: what is left after them, and what was shared."""
        shared = 0
        for to in self.order:
            owed = sum(self.positions.values()) if to == "shared" else self.unpaid[to]
            paid = min(left, owed)
            left -= paid
            self.lender_got += paid
            if to == "shared":
                shared = paid
            else:
                self.unpaid[to] -= paid
            rows.append({"rank": len(rows) + 1, "to": to, "amount_fen": paid})
        return left, shared

    def pay_juniors(self, left: int, rows: list[Json]) -> int:
        """Ranks from 6 on: what is left after them."""
        for rank, day in enumerate(sorted({claim["registered_at"] for claim in self.juniors}), 6):
            peers = [claim for claim in self.juniors if claim["registered_at"] == day]
            owed = {str(n): claim["claim_fen"] for n, claim in enumerate(peers)}
            parts = hand_out(min(left, sum(owed.values())), owed)
            for n, claim in enumerate(peers):
                paid = parts[str(n)]
                rows.append(
                    {"rank": rank, "to": "junior", "party": claim["party"], "amount_fen": paid}
                )
                claim["claim_fen"] -= paid
                left -= paid
        return left

    def move(self, shared: int) -> dict[str, int]:
        """What each position falls by."""
        moved: dict[str, int] = {}
        for group in self.groups:
            weights = {name: self.positions[name] for name in group}
            part = min(shared, sum(weights.values()))
            moved |= hand_out(part, weights)
            shared -= part
        for name in self.positions:
            self.positions[name] -= moved[name]
        return {name: moved[name] for name in self.positions}


def debt_left(loan: Json, lender_got: int) -> Json:
    """The debtor's book after all that came in: what was received before the claim, then all since."""
    got = loan.get("received_fen", 0) + lender_got
    left = {}
    for field in ("interest_fen", "principal_fen", "penalty_fen"):
        owed = loan.get(field, 0)
        left[field] = owed - min(got, owed)
        got -= min(got, owed)
    return left


def settle_by_hand(opened: Json, positions: dict[str, int], groups: list[list[str]]) -> Json:
    """Step 9."""
    closing: dict[str, int] = {}
    for group in groups:
        left = sum(positions[name] for name in group)
        closing |= hand_out(left, {name: opened["opening"][name] for name in group})
    closing = {name: closing[name] for name in positions}
    delta = {fund: closing[fund] - advance for fund, advance in opened["advance"].items()}
    return {
        "true_up": {name: closing[name] - positions[name] for name in positions},
        "closing": closing,
        "delta": delta,
        "delta_fen": sum(delta.values()),
    }
