"""The reference model: decides commands one after the other, exactly as the function library must.

Source: contracts 1. Nothing here reads a clock or a server; `at` is when a command entered the venue's server and
`decided` when the engine decided it, both in milliseconds.
"""

from typing import Any

import msgspec

from auction_engine.rules.book import Book, Paddle, Refusal
from auction_engine.rules.commands import (
    AMOUNT_MAX,
    ENVELOPE_MAX,
    GRACE_MS,
    WITH_AMOUNT,
    Command,
    Creation,
    Decision,
    Openings,
    Result,
    Sealing,
)
from auction_engine.rules.formats import FORMAT_CLASSES
from auction_engine.rules.profile import Profile, parse_profile, profile_hash, profile_object
from auction_engine.rules.terms import Clock, schedule
from auction_engine.rules.timeline import Timeline
from kit.money import BP_ONE

#: What the venue's operators may do in every format.
OPERATOR_ACTIONS = frozenset({"suspend", "resume", "cancel", "disqualify", "admit"})
#: What they may do while the auction is suspended.
WHILE_SUSPENDED = frozenset({"resume", "cancel", "disqualify", "admit"})


def create_command(
    profile: Profile,
    paddles: dict[int, int | None] | None = None,
    *,
    sealing: Sealing | None = None,
    salt: str = "",
) -> Command:
    """The `create` command of an auction; `paddles` maps a paddle to its limit, None for none.

    `salt` is that of the profile's hash, which is what tells one profile from another.
    """
    prices: tuple[int, ...] = ()
    if isinstance(profile.terms, Clock):
        clock = schedule(profile.start_price_fen, profile.terms)
        prices = (clock.second_fen, clock.drop_fen, clock.last_fen, clock.prices)
    creation = Creation(
        profile=profile_object(profile),
        hash=profile_hash(profile, salt=salt),
        paddles=tuple((paddle, limit or 0) for paddle, limit in (paddles or {}).items()),
        schedule=prices,
        sealing=sealing,
        salt=salt,
    )
    return Command(do="create", creation=creation)


class Auction:
    """One auction: its book, its format's rules, and the ids of what it accepted."""

    def __init__(
        self,
        profile: Profile,
        paddles: dict[int, int | None] | None = None,
        *,
        sealing: Sealing | None = None,
        salt: str = "",
    ) -> None:
        self.profile = profile
        self.hash = profile_hash(profile, salt=salt)
        self.book = Book(
            profile=profile,
            paddles={paddle: Paddle(limit) for paddle, limit in (paddles or {}).items()},
            timeline=Timeline(),
            ranks={holder.paddle: holder.rank for holder in profile.priority},
            sealing=sealing,
        )
        self.format = FORMAT_CLASSES[profile.format](self.book)
        self.cancelled_at: int | None = None
        self.is_final = False
        self._ids: dict[tuple[int, str], tuple[tuple[object, ...], Decision]] = {}

    @classmethod
    def from_creation(cls, creation: Creation) -> "Auction":
        """The auction that a `create` command makes."""
        limits = {paddle: limit or None for paddle, limit in creation.paddles}
        profile = parse_profile(creation.profile, "profile")
        return cls(profile, limits, sealing=creation.sealing, salt=creation.salt)

    def decide(self, command: Command, at_ms: int, decided_ms: int) -> Decision:
        """Decide one command and enter it if it is accepted. `decided_ms` never falls from call to call."""
        self.is_final = self.is_final or self._is_past_grace(decided_ms)
        if command.do == "tick":
            return self._answer(command, seq=0)
        first = self._ids.get((command.paddle, command.id)) if command.id else None
        if first is not None and first[0] == command.fingerprint:
            return msgspec.structs.replace(first[1], replayed=True)
        if command.do == "open_bids":
            refusal = self._refuse_opening(command, id_used=first is not None)
        else:
            refusal = self._refusal(command, at_ms, id_used=first is not None)
        if refusal is not None:
            return Decision(accepted=False, reason=refusal.reason, minimum_fen=refusal.minimum_fen)
        self.book.seq += 1
        self._apply(command, at_ms)
        decision = self._answer(command, seq=self.book.seq)
        if command.id:
            self._ids[(command.paddle, command.id)] = (command.fingerprint, decision)
        return decision

    def recreate(self, creation: Creation) -> Decision:
        """Answer a `create` of what is there: a replay if the rules and the sealing are the same."""
        own, given = self.book.sealing, creation.sealing
        is_same = (own.hash if own else "") == (given.hash if given else "")
        if creation.hash != self.hash or not is_same:
            return Decision(accepted=False, reason="id_reused")
        return msgspec.structs.replace(self.created(), replayed=True)

    def created(self) -> Decision:
        """The answer to the `create` command."""
        ends_at = self.book.timeline.real(self.format.ends())
        shows = self.format.shows_price("create")
        return Decision(accepted=True, ends_at=ends_at, shows_price=shows)

    # Refusals, in the order of contracts 1.

    def _refusal(self, command: Command, at: int, *, id_used: bool) -> Refusal | None:
        moment = self.book.timeline.moment(at)
        reason = (
            ("invalid_amount" if self._is_invalid(command) else None)
            or ("wrong_action" if self._is_wrong(command.do) else None)
            or self._untimely(command.do, at, moment)
            or self._unfit(command, moment)
            or ("id_reused" if id_used else None)
            or ("over_limit" if self._is_over_limit(command) else None)
        )
        if reason is not None:
            return Refusal(reason)
        if command.do in OPERATOR_ACTIONS:
            return None
        return self.format.check(command, moment)

    def _refuse_opening(self, command: Command, *, id_used: bool) -> Refusal | None:
        """Opening is the last thing that happens to a live sealed auction, once, for all its envelopes together."""
        waiting = self.format.envelopes()
        checks = (
            (self.book.sealing is None, "wrong_action"),
            (self.cancelled_at is not None, "cancelled"),
            (not self.is_final, "not_due"),
            (not waiting, "closed"),
            (id_used, "id_reused"),
            (not _is_opening_of(command.openings, waiting), "invalid_amount"),
        )
        return next((Refusal(reason) for applies, reason in checks if applies), None)

    def _is_invalid(self, command: Command) -> bool:
        if command.do == "seal" and self.book.sealing is not None:
            length = len(command.envelope.encode())
            return command.value != 0 or not 1 <= length <= ENVELOPE_MAX
        return _is_out_of_range(command)

    def _is_wrong(self, do: str) -> bool:
        if do == "resume":
            return self.book.timeline.suspended_at is None
        return do not in OPERATOR_ACTIONS and self.format.is_wrong(do)

    def _untimely(self, do: str, at: int, moment: int) -> str | None:
        if self.cancelled_at is not None:
            return "cancelled"
        if self.book.timeline.suspended_at is not None:
            return None if do in WHILE_SUSPENDED else "suspended"
        runs_only = do not in WHILE_SUSPENDED
        if runs_only and at < self.profile.opens_at:
            return "not_open"
        if self.is_final or self.book.closed_at is not None or moment >= self.format.ends_for(do):
            return "closed"
        if do not in OPERATOR_ACTIONS and self.format.is_between(do, moment):
            return "not_open"
        if runs_only and self.book.timeline.stood_still_at(at):
            return "suspended"
        return None

    def _unfit(self, command: Command, moment: int) -> str | None:
        if command.do in ("suspend", "resume", "cancel"):
            return None
        paddle = self.book.paddles.get(command.paddle)
        if command.do == "admit":
            if command.paddle < 1 or command.paddle > AMOUNT_MAX:
                return "unknown_paddle"
            return "barred" if paddle is not None and paddle.barred else None
        if paddle is None:
            return "unknown_paddle"
        if paddle.barred:
            return "barred"
        bars = command.do != "disqualify" and self.format.bars(command.paddle, moment)
        return "barred" if bars else None

    def _is_over_limit(self, command: Command) -> bool:
        if command.do in OPERATOR_ACTIONS:
            return False
        limit = self.book.paddles[command.paddle].limit_fen
        return limit is not None and self.format.amount(command) > limit

    # Effects.

    def _apply(self, command: Command, at: int) -> None:
        book, moment = self.book, self.book.timeline.moment(at)
        match command.do:
            case "suspend":
                book.timeline.suspend(at)
            case "resume":
                book.timeline.resume(at)
            case "cancel":
                self.cancelled_at = at
            case "admit":
                self.format.settle(moment)
                book.paddles[command.paddle] = Paddle(command.value or None)
            case "disqualify":
                self.format.settle(moment)
                book.paddles[command.paddle].barred = True
                self.format.void(command.paddle)
            case "open_bids":
                assert command.openings is not None, "checked before"
                self.format.open(command.openings.bids)
                book.is_opened = True
            case _:
                book.bids += command.do in BIDS
                self.format.apply(command, moment, at=at)

    # Answers.

    def _ends_at(self) -> int | None:
        if self.cancelled_at is not None:
            return self.cancelled_at
        if self.book.timeline.suspended_at is not None:
            return None
        if self.book.closed_at is not None:
            return self.book.closed_at
        return self.book.timeline.real(self.format.ends())

    def _is_past_grace(self, decided_ms: int) -> bool:
        ends_at = self._ends_at()
        return (
            self.cancelled_at is None and ends_at is not None and decided_ms >= ends_at + GRACE_MS
        )

    def _is_closed_for_good(self, at_ms: int) -> bool:
        return self.is_final or self._is_past_grace(at_ms)

    def is_opening_due(self, at_ms: int) -> bool:
        """Whether the close is final and envelopes wait: until they are opened there is no result."""
        return self._is_closed_for_good(at_ms) and bool(self.format.envelopes())

    def _answer(self, command: Command, *, seq: int) -> Decision:
        price, leader = self.format.standing()
        shows = self.format.shows_price(command.do)
        return Decision(
            accepted=True,
            seq=seq,
            price_fen=price if shows else None,
            leader=leader if shows else None,
            ends_at=self._ends_at(),
            shows_price=shows,
        )

    def result(self, at_ms: int) -> Result:
        """How the auction stands once the engine's clock shows `at_ms`, as contracts 1 prints it."""
        several = () if self.profile.format == "uniform_price" else None
        extensions = self.book.extensions
        if self.cancelled_at is not None:
            return Result(
                outcome="cancelled",
                winners=several,
                closed_at=self.cancelled_at,
                extensions=extensions,
            )
        if not self._is_closed_for_good(at_ms) or self.format.envelopes():
            return Result(outcome="open", winners=several, extensions=extensions)
        award = self.format.award()
        return Result(
            outcome="sold" if award.reason is None else "unsold",
            reason=award.reason,
            winner=award.winner,
            winners=several if award.winners is None else award.winners,
            price_fen=award.price_fen,
            underbidder=award.underbidder,
            closed_at=self._ends_at(),
            extensions=extensions,
        )

    def status(self, at_ms: int) -> str:
        """`scheduled`, `open`, `suspended`, `closed` or `cancelled`, as a bid that enters at `at_ms` meets it."""
        book = self.book
        if self.cancelled_at is not None:
            return "cancelled"
        if book.timeline.suspended_at is not None:
            return "suspended"
        if at_ms < self.profile.opens_at:
            return "scheduled"
        is_over = book.closed_at is not None or book.timeline.moment(at_ms) >= self.format.ends()
        return "closed" if is_over or self.is_final else "open"

    def view(self, at_ms: int) -> dict[str, Any]:
        """The public state at `at_ms`: what `view_v1` answers. Never a maximum, never the reserve."""
        result = self.result(at_ms)
        is_final = result.outcome != "open"
        price, leader = self.format.standing()
        hidden = not self.format.shows_price("tick")
        reserve = self.profile.reserve_price_fen
        return {
            "status": self.status(at_ms),
            "price_fen": None if hidden else price,
            "leader": None if hidden else leader,
            "ends_at": self._ends_at(),
            "closed_at": result.closed_at,
            "seq": self.book.seq,
            "bids": None if hidden and not is_final else self.book.bids,
            "bidders": None if hidden and not is_final else self.format.bidders(),
            "extensions": self.book.extensions,
            "minimum_fen": self.format.minimum(self.book.timeline.moment(at_ms)),
            "reserve_met": None
            if hidden
            else reserve is None or (price is not None and price >= reserve),
            "final": is_final,
            "result": result.as_object(),
            "opening_due": self.is_opening_due(at_ms) or None,
        }


#: The actions that place a bid of some kind.
BIDS = frozenset({"bid", "proxy", "accept", "seal"})


def _is_opening_of(openings: Openings | None, waiting: list[tuple[int, int]]) -> bool:
    """Whether these are openings of exactly these envelopes, each with an amount or with a reason."""
    if openings is None or [(one.paddle, one.seq) for one in openings.bids] != waiting:
        return False
    return all(
        one.amount_fen == 0 if one.reason else 1 <= one.amount_fen <= AMOUNT_MAX
        for one in openings.bids
    )


def _is_out_of_range(command: Command) -> bool:
    if command.do in WITH_AMOUNT:
        return not 1 <= command.value <= AMOUNT_MAX
    if command.do == "admit":
        return not 0 <= command.value <= AMOUNT_MAX
    if command.do == "score":
        return any(not 0 <= score <= BP_ONE for score in (command.scores or {}).values())
    return False
