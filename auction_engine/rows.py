"""The rows that a batch becomes: accepted commands, refused commands, and each touched auction's public state."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from auction_engine.codes import WITH_MINIMUM, code_of
from auction_engine.journal import ACCEPTED, REFUSED, Entry, WireCommand, WireDecision
from auction_engine.receipts import AGE, DO, ID, PADDLE, VALUE
from auction_engine.rules.commands import GRACE_MS

#: Actions whose amount is public from the moment they are decided. A maximum, a sealed bid and a limit are not.
SHOWN_AMOUNT = frozenset({"bid", "accept"})
#: The tuple that stands before an auction's first row.
FIRST_KEYS = (0, -1)

Keys = tuple[int, int]


class Accepted(msgspec.Struct, frozen=True):
    """A row of engine.bids, in the order of its columns after the shard."""

    auction_id: UUID
    seq: int
    batch_seq: int
    batch_index: int
    paddle: int | None
    action: str
    amount_fen: int | None
    bid_id: str | None
    decided_ms: int
    at_ms: int
    price_after_fen: int | None
    leader_after: int | None
    ends_at_after_ms: int | None
    previous_price_key: int
    previous_ends_key: int


class Refused(msgspec.Struct, frozen=True):
    """A row of engine.refusals, in the order of its columns after the shard."""

    auction_id: UUID
    batch_seq: int
    batch_index: int
    paddle: int | None
    action: str
    amount_fen: int | None
    bid_id: str | None
    code: str
    minimum_fen: int | None
    decided_ms: int
    at_ms: int


class Rows:
    """Rows of consecutive batches of one shard."""

    def __init__(self, last_keys: dict[UUID, Keys]) -> None:
        self.accepted: list[Accepted] = []
        self.refused: list[Refused] = []
        self._last_keys = last_keys

    def add(self, entry: Entry) -> None:
        """Add what one batch says, in order."""
        for index, ((auction, command), decision) in enumerate(
            zip(entry.commands, entry.decisions, strict=True)
        ):
            match decision:
                case [kind, seq, *_] if kind == ACCEPTED and (seq or command[DO] == "create"):
                    self._accept(entry, index, UUID(auction), command, decision)
                case [kind, *_] if kind == REFUSED:
                    self._refuse(entry, index, UUID(auction), command, decision)

    def _accept(
        self, entry: Entry, index: int, auction: UUID, command: WireCommand, decision: WireDecision
    ) -> None:
        _, seq, price, leader, ends_at = decision
        price_before, ends_before = self._last_keys.get(auction, FIRST_KEYS)
        decided_ms = entry.header.decided_ms
        self.accepted.append(
            Accepted(
                auction_id=auction,
                seq=seq,
                batch_seq=entry.header.seq,
                batch_index=index,
                paddle=number(command[PADDLE]) or None,
                action=str(command[DO]),
                amount_fen=shown_amount(command),
                bid_id=str(command[ID]) or None,
                decided_ms=decided_ms,
                at_ms=ingress_ms(command, decided_ms),
                price_after_fen=price if price > 0 else None,
                leader_after=leader or None,
                ends_at_after_ms=None if ends_at < 0 else ends_at,
                previous_price_key=price_before,
                previous_ends_key=ends_before,
            )
        )
        self._last_keys[auction] = (max(price, 0), max(ends_at, -1))

    def _refuse(
        self, entry: Entry, index: int, auction: UUID, command: WireCommand, decision: WireDecision
    ) -> None:
        _, code, minimum = decision
        decided_ms = entry.header.decided_ms
        name = code_of(code)
        self.refused.append(
            Refused(
                auction_id=auction,
                batch_seq=entry.header.seq,
                batch_index=index,
                paddle=number(command[PADDLE]) or None,
                action=str(command[DO]),
                # An amount that no rule looked at is no bid: in a sealed auction it was meant for nobody's eyes.
                amount_fen=None if name == "wrong_action" else shown_amount(command),
                bid_id=str(command[ID]) or None,
                code=name,
                minimum_fen=minimum if name in WITH_MINIMUM else None,
                decided_ms=decided_ms,
                at_ms=ingress_ms(command, decided_ms),
            )
        )


def columns(rows: Sequence[Accepted] | Sequence[Refused], count: int) -> list[list[object]]:
    """The rows as one array a column, as `unnest` takes them."""
    turned = [list(column) for column in zip(*map(msgspec.structs.astuple, rows), strict=True)]
    return turned or [[] for _ in range(count)]


def shown_amount(command: WireCommand) -> int | None:
    """The amount where everybody may see it."""
    return number(command[VALUE]) if command[DO] in SHOWN_AMOUNT else None


def ingress_ms(command: WireCommand, decided_ms: int) -> int:
    """The moment the command entered the gateway, in the engine's time; by the grace before the decision at most.

    The engine judges it so (rules/shard.py). What it is sent may be a little older than a gateway lets in, because it
    waited between the look at its age and the sending.
    """
    return decided_ms - min(max(number(command[AGE]) // 1000, 0), GRACE_MS)


def number(value: object) -> int:
    """A wire field that the protocol says is a number."""
    assert isinstance(value, int)
    return value
