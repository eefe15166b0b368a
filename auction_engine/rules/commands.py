"""What is asked of an auction and what it answers, as values, as wire arrays and as contract objects.

The wire arrays are those of docs/engine-protocol.md; the objects are those of contracts 1 "Output".
"""

from typing import Any

import msgspec

from auction_engine.codes import NUMBER_OF, WITH_MINIMUM, code_of

#: The bid engine takes 1 .. 10^13 fen (contracts, head); in Lua a double holds them, and their sums, exactly.
AMOUNT_MAX = 10**13

#: Milliseconds a command may have waited between its entry and its decision (contracts 1 "Time").
GRACE_MS = 2_000

ACTIONS = (
    "bid",
    "accept",
    "seal",
    "proxy",
    "withdraw",
    "score",
    "exercise",
    "suspend",
    "resume",
    "cancel",
    "disqualify",
    "admit",
    "tick",
)

#: The longest text that can be an envelope; the engine looks at its length alone.
ENVELOPE_MAX = 8_192

#: Actions whose `value` is an amount in fen that must be given.
WITH_AMOUNT = frozenset({"bid", "accept", "seal", "proxy"})


class Canary(msgspec.Struct, frozen=True, array_like=True):
    """A sealed bid of nobody's, and what was in it: at publication both keys could open what they are to open."""

    envelope: str
    amount_fen: int
    bidder_nonce: str


class Sealing(msgspec.Struct, frozen=True, kw_only=True):
    """How the bids of a live sealed auction are sealed: public keys as base64url, and the proof of the private ones.

    `hash` is the SHA-256 of the rest, in hex. Without a sealing (rehearsals) a seal is a plain amount. `terms_hash` is
    the profile's hash as published, to which envelopes are bound; empty where it is that of the creation. They
    differ where priority holders were confirmed in between.
    """

    kem: str
    venue_key: str
    opener_key: str
    canary: Canary
    hash: str
    terms_hash: str = ""


class BidOpening(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What came out of one envelope: the amount, or 0 and the reason why it will not open.

    `seq` is the number of the command that sealed it. `bidder_nonce` lets anyone check the envelope's commitment.
    """

    paddle: int
    seq: int
    amount_fen: int
    bidder_nonce: str
    reason: str


class Openings(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What `open_bids` carries: every envelope that stands, by `seq`; and private keys where they must be shown.

    `venue_key` and `opener_key` are empty unless an envelope did not open: then they prove that it does not.
    """

    bids: tuple[BidOpening, ...]
    venue_key: str = ""
    opener_key: str = ""


class Creation(msgspec.Struct, frozen=True, kw_only=True):
    """What `create` carries: rules, paddles admitted from the start, and the schedule of a falling clock.

    `profile` is the normalised `auction` object of contracts 1 and `hash` the SHA-256 of `salt` and its canonical
    JSON; the salt is empty where nothing in the profile is secret. `schedule` (dutch formats
    only, else empty) is derived from it: second price, drop after that, number of prices. `sealing` is None unless
    bids are sealed in envelopes.
    """

    profile: dict[str, Any]
    hash: str
    paddles: tuple[tuple[int, int], ...] = ()
    schedule: tuple[int, ...] = ()
    sealing: Sealing | None = None
    salt: str = ""

    def to_wire(self) -> dict[str, Any]:
        """The protocol's map; what is not there is left out."""
        whole: dict[str, Any] = msgspec.to_builtins(self)
        if self.sealing is None:
            del whole["sealing"]
        elif not self.sealing.terms_hash:
            del whole["sealing"]["terms_hash"]
        if not self.salt:
            del whole["salt"]
        return whole


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One action on one auction.

    `paddle` is 0 where there is none. `value` is the amount or maximum in fen; for `admit` it is the limit, 0 for
    none. An amount that the engine can't take is kept as it is here and clamped on the wire, where it is refused
    as `invalid_amount` all the same. `envelope` (a live `seal`) stands in an amount's place, `openings` are those of
    `open_bids`: see docs/sealed-bids.md.
    """

    do: str
    paddle: int = 0
    value: int = 0
    id: str = ""
    reason: str = ""
    scores: dict[str, int] | None = None
    creation: Creation | None = None
    envelope: str = ""
    openings: Openings | None = None

    def to_wire(self, auction: int, *, age_us: int) -> list[Any]:
        """The protocol's array, for the `auction`-th of the batch (from 1), `age_us` after it entered."""
        value = min(max(self.value, -1), AMOUNT_MAX + 1)
        array: list[Any] = [auction, self.do, age_us, self.wire_paddle, value, self.id]
        extra = self._extra()
        if extra is not None:
            array.append(extra)
        return array

    @property
    def wire_paddle(self) -> int:
        """The paddle as it goes over the wire, 0 for none and for what can't be one."""
        return self.paddle if 0 < self.paddle <= AMOUNT_MAX else 0

    def _extra(self) -> object:
        """The last element of the array; None where there is nothing to say."""
        if self.creation is not None:
            return self.creation.to_wire()
        if self.openings is not None:
            return msgspec.to_builtins(self.openings)
        if self.scores is not None:
            return self.scores
        return self.envelope or self.reason or None

    @classmethod
    def from_wire(cls, array: list[Any]) -> tuple["Command", int, int]:
        """The command, its auction's index in the batch (from 1), and its age in microseconds."""
        auction, do, age_us, paddle, value, command_id = array[:6]
        extra = array[6] if len(array) > 6 else None
        command = cls(
            do=do,
            paddle=paddle,
            value=value,
            id=command_id,
            reason=extra if isinstance(extra, str) and do != "seal" else "",
            scores=extra if do == "score" else None,
            creation=msgspec.convert(extra, Creation) if do == "create" else None,
            envelope=extra if isinstance(extra, str) and do == "seal" else "",
            openings=_openings_in(extra) if do == "open_bids" else None,
        )
        return command, auction, age_us

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """What must be the same in a retry (contracts 1: same id, action, paddle and amount)."""
        scores = tuple(sorted((self.scores or {}).items()))
        return (self.do, self.paddle, self.value, scores, self.envelope, self.openings)


def _openings_in(extra: object) -> Openings | None:
    """The openings, or None where there are none to be read: the rules refuse that as `invalid_amount`."""
    try:
        return msgspec.convert(extra, Openings)
    except msgspec.ValidationError:
        return None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one command: accepted with the standing state, or refused with a code.

    `seq` is 0 for a tick and for `create`. `shows_price` is false where the format answers without price and
    leader. `ends_at` is None while suspended.
    """

    accepted: bool
    seq: int = 0
    price_fen: int | None = None
    leader: int | None = None
    ends_at: int | None = None
    shows_price: bool = True
    replayed: bool = False
    reason: str = ""
    minimum_fen: int = 0

    def to_wire(self) -> list[int]:
        """The protocol's array of numbers."""
        if not self.accepted:
            return [0, NUMBER_OF[self.reason], self.minimum_fen]
        price = (self.price_fen or 0) if self.shows_price else -1
        ends_at = -1 if self.ends_at is None else self.ends_at
        return [2 if self.replayed else 1, self.seq, price, self.leader or 0, ends_at]

    @classmethod
    def from_wire(cls, array: list[int]) -> "Decision":
        """The decision that a protocol array stands for."""
        if array[0] == 0:
            return cls(accepted=False, reason=code_of(array[1]), minimum_fen=array[2])
        kind, seq, price, leader, ends_at = array
        return cls(
            accepted=True,
            seq=seq,
            price_fen=price if price > 0 else None,
            leader=leader or None,
            ends_at=None if ends_at < 0 else ends_at,
            shows_price=price >= 0,
            replayed=kind == 2,
        )

    def as_object(self) -> dict[str, Any]:
        """The decision as contracts 1 prints it."""
        if not self.accepted:
            refused: dict[str, Any] = {"accepted": False, "reason": self.reason}
            if self.reason in WITH_MINIMUM:
                refused["minimum_fen"] = self.minimum_fen
            return refused
        answer: dict[str, Any] = {"accepted": True}
        if self.seq:
            answer["seq"] = self.seq
        if self.shows_price:
            answer |= {"price_fen": self.price_fen, "leader": self.leader}
        answer["ends_at"] = self.ends_at
        if self.replayed:
            answer["replayed"] = True
        return answer


class Share(msgspec.Struct, frozen=True):
    """One winner of several equal units."""

    paddle: int
    units: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How an auction stands at a moment, as contracts 1 prints it. `winners` is None but for `uniform_price`."""

    outcome: str
    reason: str | None = None
    winner: int | None = None
    winners: tuple[Share, ...] | None = None
    price_fen: int | None = None
    underbidder: int | None = None
    closed_at: int | None = None
    extensions: int = 0

    def as_object(self) -> dict[str, Any]:
        """The result as contracts 1 prints it."""
        answer: dict[str, Any] = msgspec.to_builtins(self)
        if self.winners is None:
            del answer["winners"]
        else:
            answer["winners"] = list(answer["winners"])
        return answer
