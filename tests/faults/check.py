"""What must hold after every fault: a pure function of the bidders' history and of the final state.

The invariants are those of reliability 3.2, by their numbers. Nothing here asks a server or a clock.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from auction_engine.checkpoints import BadNote, open_checkpoint
from auction_engine.errors import JournalBroken
from auction_engine.journal import ACCEPTED, EMPTY_CHAIN, EMPTY_HEAD, Entry, WireCommand
from auction_engine.merkle import Tree, leaf_hash
from auction_engine.receipts import DO, ID, PADDLE, VALUE, Receipt, fault_in
from auction_engine.replica import Replica, replay_entry
from auction_engine.rows import ingress_ms
from auction_engine.rules.commands import GRACE_MS
from tests.faults.client import Record
from tests.faults.money_check import Money, Violation, money_violations

#: Commands that bidders send; their ids are in the history.
_BIDS = ("bid", "proxy")
_RECEIPTS_MAX = 1_000
#: I14, on one server and on a Cluster.
LIVE_SECONDS, CLUSTER_LIVE_SECONDS = 10.0, 15.0


class Seen(msgspec.Struct, frozen=True):
    """One event that a watcher was shown."""

    auction: str
    seq: int
    price_fen: int | None
    leader: int | None


class Epoch(msgspec.Struct, frozen=True):
    """Why an epoch of a shard began."""

    shard: int
    epoch: int
    reason: str
    suspended: tuple[str, ...]


class Note(msgspec.Struct, frozen=True):
    """A checkpoint as it was published."""

    shard: int
    size: int
    note: str


class Final(msgspec.Struct, kw_only=True):
    """The state after healing, projection and closing."""

    public_key: bytes
    origins: dict[int, str]
    entries: dict[int, list[Entry]]
    positions: dict[int, tuple[int, int, str]]
    step_fen: int
    viewed_ms: int
    #: The engine's views and books, and those of a second server that the journal was replayed into.
    views: dict[str, dict[str, Any]]
    second_views: dict[str, dict[str, Any]]
    books: dict[str, dict[bytes, bytes]]
    second_books: dict[str, dict[bytes, bytes]]
    #: Results in the database, of the auctions that had to close.
    results: dict[str, dict[str, Any] | None]
    #: What the tables say that the journal does not.
    differences: list[str]
    epochs: list[Epoch]
    notes: list[Note]
    seen_notes: list[Note]
    seen: list[Seen]
    receipts: list[Receipt]
    undecided: int
    #: Seconds from healing to the first fresh bid accepted; None where none was.
    live_after_seconds: float | None
    live_within_seconds: float = LIVE_SECONDS
    #: Whether the faults were such that a shard had to be fenced; None where it may or may not have been.
    fenced: bool | None = None
    money: Money | None = None


class Accepted(msgspec.Struct, frozen=True):
    """One accepted command of an auction, as journalled."""

    auction: str
    do: str
    paddle: int
    id: str
    value: int
    seq: int
    price_fen: int
    ends_at: int
    ends_before: int
    price_before: int
    at_ms: int
    decided_ms: int

    @property
    def key(self) -> tuple[str, int, str, str, int]:
        """What makes it one request, however often it was sent."""
        return (self.auction, self.paddle, self.id, self.do, self.value)


def check(history: list[Record], final: Final) -> list[Violation]:
    """Everything that does not hold, in the order of the invariants."""
    accepted = accepted_of(final)
    return [
        *_acknowledged_is_journalled(history, accepted),
        *_journalled_was_asked(history, accepted),
        *_sequences(accepted, final),
        *_in_time(accepted, final),
        *_real_time_order(history, accepted),
        *_books(final),
        *_results(final),
        *money_violations(final.money),
        *_proofs(history, final),
        *_same_answers(history),
        *_watchers(accepted, final),
        *_live(history, final),
        *_audit(final),
    ]


def accepted_of(final: Final) -> list[Accepted]:
    """Every accepted command of the journal, by auction and sequence."""
    found: list[Accepted] = []
    before: dict[str, tuple[int, int]] = {}
    for entries in final.entries.values():
        for entry in entries:
            pairs = zip(entry.commands, entry.decisions, strict=True)
            for (auction, command), decision in pairs:
                if decision[0] != ACCEPTED or (command[DO] != "create" and not decision[1]):
                    continue
                _, seq, price, _, ends_at = decision
                price_before, ends_before = before.get(auction, (0, -1))
                found.append(
                    Accepted(
                        auction,
                        str(command[DO]),
                        _number(command, PADDLE),
                        str(command[ID]),
                        _number(command, VALUE),
                        seq,
                        price,
                        ends_at,
                        ends_before,
                        price_before,
                        ingress_ms(command, entry.header.decided_ms),
                        entry.header.decided_ms,
                    )
                )
                before[auction] = (price, ends_at)
    return found


def _number(command: WireCommand, place: int) -> int:
    value = command[place]
    assert isinstance(value, int)
    return value


def key_of(record: Record) -> tuple[str, int, str, str, int]:
    """What makes it one request, however often it was sent."""
    request = record.req
    return (request["auction"], record.p, request["id"], record.f, request["value"])


def _acknowledged_is_journalled(
    history: list[Record], accepted: list[Accepted]
) -> Iterator[Violation]:
    """I1."""
    journalled = {one.key: one for one in accepted if one.id}
    for record in history:
        if record.out != "ok" or record.f not in _BIDS:
            continue
        found = journalled.get(key_of(record))
        if found is None:
            yield Violation("I1", f"acknowledged and lost: {record.req} as {record.rep}")
        elif (record.rep["seq"], record.rep["price_fen"]) != (found.seq, found.price_fen):
            yield Violation("I1", f"acknowledged as {record.rep}, journalled as {found}")


def _journalled_was_asked(history: list[Record], accepted: list[Accepted]) -> Iterator[Violation]:
    """I2."""
    asked: dict[object, set[str]] = defaultdict(set)
    for record in history:
        asked[key_of(record)].add(record.out)
    for one in accepted:
        if one.do not in _BIDS:
            continue
        outs = asked.get(one.key)
        if outs is None:
            yield Violation("I2", f"journalled, but nobody asked for it: {one}")
        elif "refused" in outs:
            yield Violation("I2", f"journalled, but its bidder was told it is refused: {one}")


def _sequences(accepted: list[Accepted], final: Final) -> Iterator[Violation]:
    """I3."""
    by_auction: dict[str, list[Accepted]] = defaultdict(list)
    for one in accepted:
        by_auction[one.auction].append(one)
    for auction, own in by_auction.items():
        if [one.seq for one in own] != list(range(len(own))):
            yield Violation("I3", f"auction {auction}: sequences {[one.seq for one in own]}")
        for one in own:
            floor = one.price_before + final.step_fen if one.price_before else 0
            if one.do == "bid" and one.value < floor:
                yield Violation("I3", f"bid less than a step above the price: {one}")
            if one.price_fen < one.price_before:
                yield Violation("I3", f"the price fell: {one}")
    for text in final.differences:
        yield Violation("I3", f"tables and journal differ: {text}")


def _in_time(accepted: list[Accepted], final: Final) -> Iterator[Violation]:
    """I4."""
    for one in accepted:
        if one.do not in _BIDS or one.ends_before < 0:
            continue
        if one.at_ms >= one.ends_before:
            yield Violation("I4", f"entered at or after the end: {one}")
        if one.decided_ms > one.ends_before + GRACE_MS:
            yield Violation("I4", f"decided after the grace: {one}")
    for auction, result in final.results.items():
        if result is not None and final.views[auction]["status"] not in ("closed", "cancelled"):
            yield Violation("I4", f"auction {auction} left its final state")


def _real_time_order(history: list[Record], accepted: list[Accepted]) -> Iterator[Violation]:
    """I5: a bid that was asked for after another's acknowledgement comes after it."""
    first_asked: dict[object, int] = {}
    first_told: dict[object, int] = {}
    for record in history:
        key = key_of(record)
        first_asked[key] = min(record.t0, first_asked.get(key, record.t0))
        if record.out == "ok":
            first_told[key] = min(record.t1, first_told.get(key, record.t1))
    by_auction: dict[str, list[Accepted]] = defaultdict(list)
    for one in accepted:
        if one.key in first_asked:
            by_auction[one.auction].append(one)
    for own in by_auction.values():
        told_later: float = float("inf")
        for one in sorted(own, key=lambda bid: bid.seq, reverse=True):
            if told_later < first_asked[one.key]:
                yield Violation("I5", f"a later sequence was told before this was asked: {one}")
            told_later = min(told_later, first_told.get(one.key, float("inf")))


def _replayed(final: Final) -> dict[str, Replica]:
    """Every auction by the reference model; JournalBroken where the engine decided otherwise."""
    replicas: dict[str, Replica] = defaultdict(Replica)
    for entries in final.entries.values():
        for entry in entries:
            replay_entry(entry, replicas)
    return replicas


def _books(final: Final) -> Iterator[Violation]:
    """I6, and the model's half of I7."""
    try:
        replicas = _replayed(final)
    except JournalBroken as error:
        yield Violation("I6", f"the reference model decides otherwise: {error}")
        return
    for auction, view in final.views.items():
        model = _known(replicas[auction].auction.view(final.viewed_ms))
        if _known(view) != model:
            yield Violation("I6", f"auction {auction}: engine {_known(view)}, model {model}")
        result = _known(final.results.get(auction) or {})
        if result and result != model["result"]:
            yield Violation("I7", f"auction {auction}: table {result}, model {model['result']}")
    for key in sorted(final.books.keys() | final.second_books.keys()):
        if final.books.get(key) != final.second_books.get(key):
            yield Violation("I6", f"{key} differs from the book rebuilt on another server")


def _known(view: dict[str, Any]) -> dict[str, Any]:
    """Without what is null: the engine leaves it out, the others may not."""
    return {
        name: _known(value) if isinstance(value, dict) else value
        for name, value in view.items()
        if value is not None
    }


def _results(final: Final) -> Iterator[Violation]:
    """I7."""
    for auction, result in final.results.items():
        if result is None:
            yield Violation("I7", f"auction {auction} has no result")
        elif _known(final.second_views[auction].get("result", {})) != _known(result):
            yield Violation("I7", f"auction {auction}: another server gives another result")


def _proofs(history: list[Record], final: Final) -> Iterator[Violation]:
    """I11: chain, checkpoints, and what the bidders hold."""
    headers: dict[tuple[int, int], Any] = {}
    for shard, entries in final.entries.items():
        head, chain = EMPTY_HEAD, EMPTY_CHAIN
        leaves: list[bytes] = []
        for number, entry in enumerate(entries, start=1):
            if entry.header.seq != number or entry.header.previous_head != head:
                yield Violation("I11", f"shard {shard}: batch {number} continues another past")
            head, chain = entry.head, entry.chain_after(chain)
            leaves.append(leaf_hash(chain))
            headers[shard, number] = entry.header.public()
        if final.positions[shard][1:] != (len(entries), head):
            yield Violation("I11", f"shard {shard}: the position is not the last batch")
        yield from _checkpoints(final, shard, leaves)
    asked: dict[object, set[int]] = defaultdict(set)
    for record in history:
        asked[record.req["auction"], record.p, record.req["id"]].add(record.req["value"])
    for receipt in final.receipts[:_RECEIPTS_MAX]:
        name = (receipt.auction, _number(receipt.command, PADDLE), str(receipt.command[ID]))
        hidden = asked[name] if receipt.command[VALUE] is None else {None}
        faults = [
            fault_in(receipt, is_trusted=lambda key: key == final.public_key, hidden_value=value)
            for value in hidden
        ]
        if None not in faults:
            yield Violation("I11", f"a receipt does not hold: {faults}")
        if headers.get((receipt.shard, receipt.header.seq)) != receipt.header:
            yield Violation("I11", f"a receipt's batch is not the journal's: {receipt.header}")


def _checkpoints(final: Final, shard: int, leaves: list[bytes]) -> Iterator[Violation]:
    stored = {(note.shard, note.size): note.note for note in final.notes}
    for note in final.notes:
        if note.shard != shard:
            continue
        try:
            signed = open_checkpoint(
                note.note, origin=final.origins[shard], public_key=final.public_key
            )
        except BadNote as error:
            yield Violation("I11", f"shard {shard}: a checkpoint does not hold: {error}")
            continue
        if signed.size > len(leaves) or Tree(leaves[: signed.size]).root() != signed.root:
            yield Violation("I11", f"shard {shard}: a checkpoint of size {signed.size} is untrue")
    for note in final.seen_notes:
        if note.shard == shard and stored.get((note.shard, note.size)) != note.note:
            yield Violation("I11", f"shard {shard}: a checkpoint that was seen is gone")


def _same_answers(history: list[Record]) -> Iterator[Violation]:
    """I12."""
    told: dict[object, dict[str, Any]] = {}
    for record in history:
        if record.out != "ok" or not record.req["id"]:
            continue
        answer = {name: value for name, value in record.rep.items() if name != "replayed"}
        first = told.setdefault(key_of(record), answer)
        if first != answer:
            yield Violation("I12", f"{record.req} was told {first} and then {answer}")


def _watchers(accepted: list[Accepted], final: Final) -> Iterator[Violation]:
    """I13."""
    journalled = {(one.auction, one.seq): one.price_fen for one in accepted}
    last: dict[str, int] = {}
    for event in final.seen:
        if event.seq != last.get(event.auction, -1) + 1:
            yield Violation("I13", f"a watcher saw {event} after {last.get(event.auction)}")
        last[event.auction] = event.seq
        if journalled.get((event.auction, event.seq), -1) != (event.price_fen or 0):
            yield Violation("I13", f"a watcher saw what is not journalled: {event}")


def _live(history: list[Record], final: Final) -> Iterator[Violation]:
    """I14."""
    if final.live_after_seconds is None or final.live_after_seconds > final.live_within_seconds:
        yield Violation("I14", f"no fresh bid was accepted ({final.live_after_seconds} s)")
    if final.undecided:
        yield Violation("I14", f"{final.undecided} bids never had a definite answer")
    for record in history:
        if record.rep.get("code") == "no_such_auction":
            yield Violation("I14", f"an auction that exists was said not to: {record.req}")
            return


def _audit(final: Final) -> Iterator[Violation]:
    """I15: epochs follow one another, each with its reason, each suspension journalled."""
    by_shard: dict[int, list[Epoch]] = defaultdict(list)
    for epoch in final.epochs:
        by_shard[epoch.shard].append(epoch)
    for shard, own in by_shard.items():
        own.sort(key=lambda one: one.epoch)
        if [one.epoch for one in own] != list(range(1, len(own) + 1)):
            yield Violation("I15", f"shard {shard}: epochs {[one.epoch for one in own]}")
        if final.positions[shard][0] != len(own):
            yield Violation("I15", f"shard {shard}: in epoch {final.positions[shard][0]}")
        for epoch in own:
            if len(epoch.reason) < 10:
                yield Violation("I15", f"shard {shard}: epoch {epoch.epoch} has no reason")
            suspended = _suspended_in(final.entries[shard], epoch.epoch)
            if not set(epoch.suspended) <= suspended:
                yield Violation("I15", f"shard {shard}: a suspension is not in the journal")
    fenced = any(len(own) > 1 for own in by_shard.values())
    if final.fenced is not None and fenced != final.fenced:
        yield Violation("I15", f"a shard was {'' if fenced else 'not '}fenced: {final.epochs}")


def _suspended_in(entries: list[Entry], epoch: int) -> set[str]:
    return {
        auction
        for entry in entries
        if entry.header.epoch == epoch
        for (auction, command), decision in zip(entry.commands, entry.decisions, strict=True)
        if command[DO] == "suspend" and decision[0] == ACCEPTED
    }
