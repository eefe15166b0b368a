"""The second reading of contracts 1, of the two formats that go on after their first decision.

`dutch_hybrid`: sealed offers above the price that was accepted, then a last look. `dynamic` with `exercise: after`:
each holder's turn once the bidding is over. Like `oracle.py` it works everything out anew from what was accepted.
"""

from typing import Any

from tests.auction_engine.rules.oracle import Oracle


class HybridOracle(Oracle):
    """`dutch_hybrid`."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__(given)
        self.taken: dict[str, Any] | None = None
        self.at = 0
        #: The turns: sealing from, to, last look from, to; on the auction's own clock.
        self.turns = (0, 0, 0, 0)
        self.is_look_due = False

    def answer(self, do: str, seq: int | None) -> dict[str, Any]:
        told: dict[str, Any] = {"accepted": True} | ({} if seq is None else {"seq": seq})
        if self.taken is None:
            told |= {"price_fen": None, "leader": None}
        elif do == "accept":
            told |= {"price_fen": self.taken["amount"], "leader": self.taken["paddle"]}
        return told | {"ends_at": self.ends_at()}

    def refusal(
        self, do: str, paddle: int, amount: int, at: int, *, is_used: bool
    ) -> tuple[str | None, int]:
        self.at = at
        return super().refusal(do, paddle, amount, at, is_used=is_used)

    def refusal_of_form(self, do: str, amount: int) -> str | None:
        reason = super().refusal_of_form(do, amount)
        return reason or ("wrong_action" if do == "accept" and self.taken else None)

    def refusal_of_time(self, do: str, at: int) -> str | None:
        reason = super().refusal_of_time(do, at)
        if self.is_suspended or reason in ("cancelled", "closed", "not_open"):
            return reason
        return "not_open" if do in ("seal", "withdraw") and self.is_between(at) else reason

    def is_between(self, at: int) -> bool:
        """Before, and in the pauses around, the sealing."""
        moment = self.running(at)
        seal_from, seal_to, look_from, _ = self.turns
        return self.taken is None or moment < seal_from or seal_to <= moment < look_from

    def refusal_of_offer(self, do: str, paddle: int, amount: int) -> tuple[str | None, int]:
        if self.taken is None:
            prices = self.prices()
            drops = (self.running(self.at) - self.opens) // self.rules["drop_every_ms"]
            return (None if amount == prices[min(drops, len(prices) - 1)] else "wrong_price"), 0
        is_winner, is_look = paddle == self.taken["paddle"], self.running(self.at) >= self.turns[2]
        if do == "seal" and amount <= self.taken["amount"]:
            return "below_minimum", self.taken["amount"] + 1
        if do == "seal" and is_winner and not is_look:
            return "already_leading", 0
        if is_look and not is_winner:
            return "match_not_allowed", 0
        is_there = paddle in self.offers()
        if (is_there or do == "withdraw") and not (
            is_there and self.rules["amend"] == "latest_counts"
        ):
            return "not_amendable", 0
        return None, 0

    def enter(self, do: str, paddle: int, amount: int, at: int, step: dict[str, Any]) -> None:
        moment = self.running(at)
        if do == "accept":
            self.taken = {"paddle": paddle, "amount": amount, "seq": self.seq}
            seal_from = moment + self.rules["pause_ms"]
            seal_to = seal_from + self.rules["sealed_ms"]
            look_from = seal_to + self.rules["pause_ms"]
            self.turns = (seal_from, seal_to, look_from, look_from + self.rules["last_look_ms"])
        else:
            # A last look that has become due stays due, whoever's offer is voided or withdrawn in it.
            is_later = do in ("admit", "disqualify") and moment >= self.turns[1]
            is_in_it = do in ("seal", "withdraw") and moment >= self.turns[2]
            self.is_look_due |= self.taken is not None and (is_later or is_in_it)
            super().enter(do, paddle, amount, at, step)
        if self.taken is not None:
            self.end = self.turns[3] if self.offers() or self.is_look_due else self.turns[1]

    def ranking(self) -> tuple[list[int], int]:
        offers = self.offers()
        if self.taken is not None and self.taken["paddle"] not in self.barred:
            offers.setdefault(self.taken["paddle"], (self.taken["amount"], self.taken["seq"]))
        order = sorted(offers, key=lambda p: (-offers[p][0], offers[p][1]))
        return order, offers[order[0]][0] if order else 0


class ExerciseOracle(Oracle):
    """`dynamic` whose holders exercise after the end."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__(given)
        self.ranks = {h["paddle"]: h["rank"] for h in self.rules.get("priority", [])}
        self.taker: int | None = None
        self.at = 0
        self.fixed: list[int] | None = None

    def turns(self) -> list[int]:
        """Who may exercise, in turn."""
        if self.fixed is not None:
            return self.fixed
        _, leader = super().standing()
        if leader is None:
            return []
        holders = [
            paddle
            for paddle in self.ranks.keys() & self.limits.keys()
            if paddle != leader
            and paddle not in self.barred
            and (paddle in self.free or not self.rules["require_free_bid"])
        ]
        return sorted(holders, key=lambda p: (self.ranks[p], p))

    def end_for(self, do: str) -> int:
        if do == "bid":
            return self.end
        return int(self.end + len(self.turns()) * self.rules["exercise_window_ms"])

    def standing(self) -> tuple[int | None, int | None]:
        price, leader = super().standing()
        return price, leader if self.taker is None else self.taker

    def refusal(
        self, do: str, paddle: int, amount: int, at: int, *, is_used: bool
    ) -> tuple[str | None, int]:
        self.at = at
        if do == "exercise":
            amount = self.standing()[0] or 0
        return super().refusal(do, paddle, amount, at, is_used=is_used)

    def refusal_of_form(self, do: str, amount: int) -> str | None:
        return None if do == "exercise" else super().refusal_of_form(do, amount)

    def refusal_of_raise(self, do: str, paddle: int, amount: int) -> tuple[str | None, int]:
        if do != "exercise":
            return super().refusal_of_raise(do, paddle, amount)
        if paddle == self.standing()[1]:
            return "already_leading", 0
        if paddle not in self.ranks:
            return "match_not_allowed", 0
        since = self.running(self.at) - self.end
        place = since // self.rules["exercise_window_ms"]
        is_due = since >= 0 and self.turns()[place] == paddle
        return (None if is_due else "not_due"), 0

    def enter(self, do: str, paddle: int, amount: int, at: int, step: dict[str, Any]) -> None:
        if do == "exercise":
            self.taker, self.closed_at = paddle, at
            return
        if do in ("admit", "disqualify") and self.running(at) >= self.end:
            self.fixed = self.turns()  # the end does not move
        super().enter(do, paddle, amount, at, step)

    def result(self) -> dict[str, Any]:
        told = super().result()
        if told["outcome"] != "sold" or self.taker is None:
            return told
        others = [paddle for paddle in self.ranking()[0] if paddle != self.taker]
        return told | {"winner": self.taker, "underbidder": others[0] if others else None}


def play_by_the_text(given: dict[str, Any]) -> dict[str, Any]:
    """What the text of contracts 1 makes of a scenario."""
    rules = given["auction"]
    kind = Oracle
    if rules["format"] == "dutch_hybrid":
        kind = HybridOracle
    elif rules.get("exercise") == "after":
        kind = ExerciseOracle
    oracle = kind(given)
    decisions = [oracle.decide(step) for step in given["steps"]]
    return {"decisions": decisions, "result": oracle.result()}
