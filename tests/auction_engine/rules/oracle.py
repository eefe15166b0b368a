"""A second reading of contracts 1, written from its text alone: it shares no line with the rules it is held against.

It is slow and plain on purpose: after every step it works leader, price and end out anew from the list of all that was
accepted, with fractions instead of rounding tricks. It covers what is easiest to get wrong: precedence, maxima and
priority, grids and caps, extension, suspension, prices on a clock, sealed winners.
"""

from fractions import Fraction
from math import floor as floor_of
from typing import Any

GRACE, MOST = 2_000, 10**13
ASCENDING = ("english", "dynamic", "rounds", "sell_off")
#: Which bidders' actions a format has.
OWN = {
    "english": {"bid", "proxy"},
    "sell_off": {"bid", "proxy"},
    "rounds": {"bid"},
    "dynamic": {"bid"},
    "dutch": {"accept"},
    "dutch_hybrid": {"accept", "seal", "withdraw"},
    "one_shot": {"seal", "withdraw"},
    "vickrey": {"seal", "withdraw"},
    "uniform_price": {"seal", "withdraw"},
    "weighted": {"seal", "withdraw", "score"},
}
OPERATOR = {"suspend", "resume", "cancel", "disqualify", "admit"}
ORDINARY = 10**9


class Oracle:
    """One scenario, step by step."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.rules: dict[str, Any] = given["auction"]
        self.kind: str = self.rules["format"]
        self.limits = {p["paddle"]: p.get("limit_fen") for p in given["paddles"]}
        self.barred: set[int] = set()
        self.seq = 0
        self.accepted: list[dict[str, Any]] = []
        self.ids: dict[tuple[int, str], tuple[Any, dict[str, Any]]] = {}
        self.pauses: list[list[int | None]] = []
        self.cancelled_at: int | None = None
        self.closed_at: int | None = None
        self.final = False
        self.extensions = 0
        self.appends = 0
        self.free: set[int] = set()
        self.opens = self.rules["opens_at"]
        self.round_from = self.opens
        self.end = self._first_end()
        self.now = 0

    # The clock.

    def _first_end(self) -> int:
        rules = self.rules
        match self.kind:
            case "sell_off":
                return int(self.opens + rules["period_ms"])
            case "rounds":
                end = self.opens + rules["round_ms"]
                return min(end, rules["deadline_at"] or end)
            case "dutch" | "dutch_hybrid":
                return int(self.opens + len(self.prices()) * rules["drop_every_ms"])
            case "dynamic":
                return int(rules["closes_at"] + rules["cycle_ms"])
        return int(rules["closes_at"])

    def running(self, at: int) -> int:
        """Milliseconds without those that stood still, as the auction's own clock counts them."""
        still = 0
        for start, end in self.pauses:
            assert start is not None
            still += max(0, min(at, at if end is None else end) - start)
        return at - still

    def wall(self, running: int) -> int:
        """The real moment of one on the auction's clock."""
        moment = running
        for start, end in self.pauses:
            assert start is not None
            if end is not None and moment >= start:
                moment += end - start
        return moment

    @property
    def is_suspended(self) -> bool:
        return bool(self.pauses) and self.pauses[-1][1] is None

    def ends_at(self) -> int | None:
        if self.cancelled_at is not None:
            return self.cancelled_at
        if self.is_suspended:
            return None
        return self.wall(self.end_for("")) if self.closed_at is None else self.closed_at

    def end_for(self, do: str) -> int:
        """Until when an action counts, on the auction's own clock; of none, when all is over."""
        return self.end

    # The standing price.

    def standing_bids(self) -> dict[int, dict[str, Any]]:
        """By paddle: its maximum, since which number, its last manual bid; voided bids are out."""
        found: dict[int, dict[str, Any]] = {}
        for bid in self.accepted:
            if bid["paddle"] in self.barred:
                continue
            held = found.setdefault(bid["paddle"], {"max": 0, "since": 0, "manual": 0})
            if bid["do"] == "bid":
                held["manual"] = bid["amount"]
            is_changed = bid["amount"] != held["max"]
            if bid["amount"] > held["max"] or (bid["do"] == "proxy" and is_changed):
                held["max"], held["since"] = bid["amount"], bid["seq"]
        return found

    def rank(self, paddle: int) -> int:
        if self.kind == "dynamic" and self.rules["exercise"] == "after":
            return ORDINARY
        ranks = {h["paddle"]: h["rank"] for h in self.rules.get("priority", [])}
        return ranks.get(paddle, ORDINARY)

    def step(self, price: int) -> int:
        rule = self.rules["step"]
        if rule["kind"] == "fixed":
            return int(rule["step_fen"])
        if rule["kind"] == "bands":
            return int(
                max(
                    (b["from_fen"], b["step_fen"]) for b in rule["bands"] if b["from_fen"] <= price
                )[1]
            )
        exact = Fraction(price * rule["basis_points"], 10_000)
        return max(
            int(exact / rule["round_to_fen"]) * int(rule["round_to_fen"]), int(rule["min_fen"])
        )

    def standing(self) -> tuple[int | None, int | None]:
        held = self.standing_bids()
        if not held:
            return None, None
        order = sorted(held, key=lambda p: (-held[p]["max"], self.rank(p), held[p]["since"]))
        leader, price = order[0], self.rules["start_price_fen"]
        if len(order) > 1:
            second = held[order[1]]["max"]
            price = max(price, min(held[leader]["max"], second + self.step(second)))
        price = max(price, held[leader]["manual"])
        reserve = self.rules.get("reserve_price_fen")
        if reserve is not None and held[leader]["max"] >= reserve:
            price = max(price, reserve)
        return price, leader

    def minimum(self) -> int:
        price, _ = self.standing()
        start = int(self.rules["start_price_fen"])
        if price is not None:
            return price + self.step(price)
        return start + (self.step(start) if self.rules.get("first") == "start_plus_step" else 0)

    def prices(self) -> list[int]:
        """The prices of a falling clock, one after the other."""
        rules = self.rules
        found, drop, floor = [rules["start_price_fen"]], rules["drop"], rules.get("floor_price_fen")
        while rules.get("prices") is None or len(found) < rules["prices"]:
            if floor is not None and found[-1] <= floor:
                break
            if drop["kind"] == "fixed":
                price = found[-1] - drop["drop_fen"]
            else:
                part = Fraction(rules["start_price_fen"] * drop["basis_points"], 10_000)
                unit = drop["round_to_fen"]
                price = floor_of((found[-1] - part) / unit + Fraction(1, 2)) * unit
            found.append(price if floor is None else max(price, floor))
        return [int(price) for price in found]

    # Decisions.

    def decide(self, step: dict[str, Any]) -> dict[str, Any]:
        at, decided = step["at"], step.get("decided_at", step["at"])
        self.now = decided
        end = self.ends_at()
        if self.cancelled_at is None and end is not None and decided >= end + GRACE:
            self.final = True
        do, paddle = step["do"], step.get("paddle", 0)
        if do == "tick":
            return self.answer(do, None)
        amount = step.get("amount_fen", step.get("max_fen", step.get("limit_fen") or 0))
        if do == "admit" and step.get("limit_fen") == 0:
            amount = -1
        content = (do, amount, tuple(sorted(step.get("scores", {}).items())))
        key = (paddle if 0 < paddle <= MOST else 0, step.get("id", ""))
        first = self.ids.get(key) if key[1] else None
        if first is not None and first[0] == content:
            return first[1] | {"replayed": True}
        reason, least = self.refusal(do, paddle, amount, at, is_used=first is not None)
        if reason is not None:
            refused = {"accepted": False, "reason": reason}
            return refused | (
                {"minimum_fen": least} if reason in ("below_start", "below_minimum") else {}
            )
        self.seq += 1
        self.enter(do, paddle, amount, at, step)
        answer = self.answer(do, self.seq)
        if key[1]:
            self.ids[key] = (content, answer)
        return answer

    def answer(self, do: str, seq: int | None) -> dict[str, Any]:
        told: dict[str, Any] = {"accepted": True}
        if seq is not None:
            told["seq"] = seq
        if self.kind in ASCENDING:
            told["price_fen"], told["leader"] = self.standing()
        elif self.kind == "dutch":
            taken = self.accepted[-1] if self.accepted else None
            told["price_fen"] = taken and taken["amount"]
            told["leader"] = taken and taken["paddle"]
        return told | {"ends_at": self.ends_at()}

    def refusal(
        self, do: str, paddle: int, amount: int, at: int, *, is_used: bool
    ) -> tuple[str | None, int]:
        """The first reason that applies, in the contract's order."""
        reason = (
            self.refusal_of_form(do, amount)
            or self.refusal_of_time(do, at)
            or self.refusal_of_paddle(do, paddle, at)
            or ("id_reused" if is_used else None)
        )
        if reason is not None:
            return reason, 0
        if do in OPERATOR or do == "score":
            return None, 0
        limit = self.limits[paddle]
        if limit is not None and do != "withdraw" and amount > limit:
            return "over_limit", 0
        if self.kind in ASCENDING:
            return self.refusal_of_raise(do, paddle, amount)
        if self.kind == "dutch":
            prices = self.prices()
            drops = (self.running(at) - self.opens) // self.rules["drop_every_ms"]
            shown = prices[min(drops, len(prices) - 1)]
            return (None if amount == shown else "wrong_price"), 0
        return self.refusal_of_offer(do, paddle, amount)

    def refusal_of_form(self, do: str, amount: int) -> str | None:
        least = {"bid": 1, "accept": 1, "seal": 1, "proxy": 1, "admit": 0}.get(do)
        if least is not None and not least <= amount <= MOST:
            return "invalid_amount"
        if do == "resume":
            return None if self.is_suspended else "wrong_action"
        return None if do in OPERATOR | OWN[self.kind] else "wrong_action"

    def refusal_of_time(self, do: str, at: int) -> str | None:
        needs_running = do not in ("resume", "cancel", "disqualify", "admit")
        if self.cancelled_at is not None:
            return "cancelled"
        if self.is_suspended:
            return "suspended" if needs_running else None
        if needs_running and at < self.opens:
            return "not_open"
        running = self.running(at)
        if self.final or self.closed_at is not None or running >= self.end_for(do):
            return "closed"
        if self.kind == "rounds" and do == "bid" and running < self.round_from:
            return "not_open"
        was_still = any(s is not None and e is not None and s <= at < e for s, e in self.pauses)
        return "suspended" if was_still and needs_running else None

    def refusal_of_paddle(self, do: str, paddle: int, at: int) -> str | None:
        if do in ("suspend", "resume", "cancel"):
            return None
        is_known = 1 <= paddle <= MOST if do == "admit" else paddle in self.limits
        if not is_known:
            return "unknown_paddle"
        if paddle in self.barred:
            return "barred"
        if self.kind != "dynamic" or do in OPERATOR or not self.rules["require_free_bid"]:
            return None
        is_limited = self.running(at) >= self.rules["closes_at"]
        return "barred" if is_limited and paddle not in self.free else None

    def refusal_of_offer(self, do: str, paddle: int, amount: int) -> tuple[str | None, int]:
        start = int(self.rules["start_price_fen"])
        least = start + (self.rules.get("floor_rule") == "strictly_above")
        if do == "seal" and amount < least:
            return ("below_start" if amount < start else "below_minimum"), least
        is_there = paddle in self.offers()
        may_amend = is_there and self.rules.get("amend") == "latest_counts"
        amends = is_there or do == "withdraw"
        return ("not_amendable" if amends and not may_amend else None), 0

    def refusal_of_raise(self, do: str, paddle: int, amount: int) -> tuple[str | None, int]:
        price, leader = self.standing()
        least, start = self.minimum(), self.rules["start_price_fen"]
        if amount < start:
            return "below_start", least
        if (
            do == "bid"
            and leader is not None
            and amount == price
            and self.rank(paddle) < self.rank(leader)
        ):
            return None, 0
        lowers_own = do == "proxy" and paddle == leader
        if amount < (price if lowers_own and price is not None else least):
            return "below_minimum", least
        base = start if price is None else price
        step = self.step(base)
        grid = self.rules.get("grid", "none")
        if (grid == "multiple" and (amount - base) % step) or (
            grid == "absolute" and amount % step
        ):
            return "off_grid", 0
        most = self.rules.get("max_steps_per_bid")
        if do == "bid" and most is not None and amount - base > most * step:
            return "above_step_cap", 0
        if do == "bid" and paddle == leader and not self.rules.get("leader_may_raise", False):
            return "already_leading", 0
        return None, 0

    def enter(self, do: str, paddle: int, amount: int, at: int, step: dict[str, Any]) -> None:
        running = self.running(at)
        match do:
            case "suspend":
                last = self.pauses[-1][1] if self.pauses else None
                self.pauses.append([at if last is None else max(at, last), None])
                return
            case "resume":
                start = self.pauses[-1][0]
                assert start is not None
                self.pauses[-1][1] = max(at, start)
                return
            case "cancel":
                self.cancelled_at = at
                return
            case "admit":
                self.limits[paddle] = amount or None
                return
            case "disqualify":
                self.barred.add(paddle)
                return
        leader = self.standing()[1] if self.kind in ASCENDING else None
        is_first = not any(one["do"] in ("bid", "proxy") for one in self.accepted)
        self.accepted.append(
            {
                "do": do,
                "paddle": paddle,
                "amount": amount,
                "seq": self.seq,
                "scores": step.get("scores"),
            }
        )
        if do == "accept":
            self.closed_at = at
        if self.kind in ASCENDING and (do == "bid" or leader != paddle):
            self.extend(running, at, is_first=is_first)

    def extend(self, running: int, at: int, *, is_first: bool) -> None:
        rules, before = self.rules, self.end
        if self.kind == "dynamic":
            if running < rules["closes_at"]:
                self.free.add(self.accepted[-1]["paddle"])
            else:
                self.end = max(self.end, running + rules["cycle_ms"])
        elif self.kind == "rounds":
            opens = running + rules["pause_ms"]
            if rules["deadline_at"] is not None and opens >= rules["deadline_at"]:
                self.closed_at = at
                return
            self.round_from, self.end = opens, opens + rules["round_ms"]
            if rules["deadline_at"] is not None:
                self.end = min(self.end, rules["deadline_at"])
        elif self.kind == "sell_off" and is_first:
            self.end = running + rules["countdown_ms"]
        else:
            self.end = self.soft_close(running)
        self.extensions += self.end != before

    def soft_close(self, running: int) -> int:
        rule = self.rules.get("extension")
        if rule is None or self.end - running >= rule["window_ms"]:
            return self.end
        if rule["mode"] == "append":
            if self.appends == rule["max"]:
                return self.end
            self.appends += 1
            end = self.end + rule["by_ms"]
        else:
            end = running + rule["window_ms"]
        if rule.get("hard_end") is not None:
            end = min(end, rule["hard_end"])
        return int(max(end, self.end))

    # The result.

    def offers(self) -> dict[int, tuple[int, int]]:
        """By paddle: amount and number of the sealed offer that stands."""
        found: dict[int, tuple[int, int]] = {}
        for one in self.accepted:
            if one["do"] == "seal":
                found[one["paddle"]] = (one["amount"], one["seq"])
            elif one["do"] == "withdraw":
                del found[one["paddle"]]
        return {paddle: offer for paddle, offer in found.items() if paddle not in self.barred}

    def totals(self, offers: dict[int, tuple[int, int]]) -> dict[int, Fraction]:
        best = max((amount for amount, _ in offers.values()), default=1)
        scores = {one["paddle"]: one["scores"] for one in self.accepted if one["do"] == "score"}
        return {
            paddle: Fraction(self.rules["price_bp"] * 10_000 * amount, best)
            + sum(
                t["weight_bp"] * scores.get(paddle, {}).get(t["name"], 0)
                for t in self.rules["terms"]
            )
            for paddle, (amount, _) in offers.items()
        }

    def result(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "outcome": "open",
            "reason": None,
            "winner": None,
            "price_fen": None,
            "underbidder": None,
            "closed_at": None,
            "extensions": self.extensions,
        }
        if self.kind == "uniform_price":
            told["winners"] = []
        if self.cancelled_at is not None:
            return told | {"outcome": "cancelled", "closed_at": self.cancelled_at}
        end = self.ends_at()
        if not self.final and (end is None or self.now < end + GRACE):
            return told
        told["closed_at"] = end
        order, price = self.ranking()
        bidders, reserve = len(order), self.rules.get("reserve_price_fen")
        if not order:
            return told | {"outcome": "unsold", "reason": "no_bids"}
        highest = self.offers()[order[0]][0] if self.kind == "one_shot" else price
        if reserve is not None and highest < reserve:
            return told | {"outcome": "unsold", "reason": "reserve_not_met"}
        if bidders < self.rules.get("min_bidders", 1):
            return told | {"outcome": "unsold", "reason": "too_few_bidders"}
        told |= {"outcome": "sold", "price_fen": price}
        if self.kind == "uniform_price":
            units = self.rules["units"]
            losers = order[units:]
            told["winners"] = [{"paddle": paddle, "units": 1} for paddle in order[:units]]
            return told | {"underbidder": losers[0] if losers else None}
        is_dutch = self.kind == "dutch"
        second = order[1] if len(order) > 1 and not is_dutch else None
        return told | {"winner": order[0], "underbidder": second}

    def ranking(self) -> tuple[list[int], int]:
        """The paddles in the Order, and the price to be paid."""
        start = int(self.rules["start_price_fen"])
        if self.kind in ASCENDING:
            held = self.standing_bids()
            order = sorted(held, key=lambda p: (-held[p]["max"], self.rank(p), held[p]["since"]))
            return order, self.standing()[0] or 0
        if self.kind == "dutch":
            taken = [(one["paddle"], one["amount"]) for one in self.accepted]
            return [taken[0][0]] if taken else [], taken[0][1] if taken else 0
        offers = self.offers()
        if self.kind == "weighted":
            totals = self.totals(offers)
            order = sorted(offers, key=lambda p: (-totals[p], -offers[p][0], offers[p][1]))
        else:
            order = sorted(offers, key=lambda p: (-offers[p][0], self.rank(p), offers[p][1]))
        units = self.rules.get("units", 1)
        if self.kind == "vickrey":
            return order, max([start, *(offers[p][0] for p in order[1:2])])
        if self.kind == "uniform_price":
            return order, max([start, *(offers[p][0] for p in order[units : units + 1])])
        return order, offers[order[0]][0] if order else 0
