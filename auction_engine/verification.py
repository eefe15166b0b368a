"""Checks a bundle against nothing but itself and the venue's public key; says what does not hold first, and where.

Order: each line is read and spelt as it must be; the batches chain; each opened command is in its batch; the rules,
replayed, give the same decisions and the same result; the last batch is under the checkpoints; receipts hold and
agree; the whole file is signed. No server, no network, no clock.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256

import msgspec

from auction_engine.bundle import (
    BUNDLE_VERSION,
    AnyLine,
    Batch,
    End,
    Given,
    Head,
    Inclusion,
    KeyGiven,
    Opening,
    Published,
    Signed,
    decode_line,
    encode_line,
    end_statement,
    handovers_in,
)
from auction_engine.checkpoints import BadNote, Checkpoint, is_signed, open_checkpoint, origin_of
from auction_engine.errors import JournalBroken
from auction_engine.journal import (
    ACCEPTED,
    HEADER_VERSION,
    PublicHeader,
    WireCommand,
    WireDecision,
    chain_value,
    command_leaf,
)
from auction_engine.key_history import is_handed_over, trusted_with
from auction_engine.merkle import Tree, is_consistent, leaf_hash, root_from_inclusion
from auction_engine.publication import NoticeProved, Untied, proved_notice
from auction_engine.receipts import DO, EXTRA, VALUE, Receipt, batch_statement, fault_in, restored
from auction_engine.replica import Replica
from auction_engine.rules.commands import Creation, Openings
from auction_engine.sealed_canary import terms_of
from auction_engine.sealed_checks import fault_in_openings, fault_in_sealing
from auction_engine.sealed_opening import KEY_LOST, sealed_bids_in
from auction_engine.verdicts import place_in_chinese, reason_in_chinese
from auction_engine.verified import SealedSummary, Verified
from kit.errors import LuochuiError

#: How a bundle begins, and how its other lines do: a file with neither is no bundle at all.
_FIRST, _NEXT = b'{"line":"head"', b'\n{"line":"'


class Unreadable(LuochuiError):
    """The file is not a bundle. / 文件不是拍卖证据包。"""

    code = "unreadable_bundle"


class DoesNotHold(LuochuiError):
    """Something in the bundle is not true. / 证据包内容不成立。"""

    code = "bundle_does_not_hold"

    def __init__(self, place: str, reason: str) -> None:
        self.place = place
        self.reason = reason
        self.place_zh = place_in_chinese(place)
        self.reason_zh = reason_in_chinese(reason)
        super().__init__(
            f"{place}: {reason}", f"{self.place_zh}：{self.reason_zh}", place=place, reason=reason
        )


class _State:
    """What has been checked so far."""

    def __init__(self, head: Head, is_trusted: Callable[[bytes], bool]) -> None:
        self.head = head
        self.is_trusted = is_trusted
        self.chain = _hash(head.chain_before, "line 1: chain_before")
        self.header: PublicHeader | None = None
        self.replica = Replica()
        self.openings: dict[tuple[int, int], Opening] = {}
        self.roots: dict[int, str] = {}
        self.checkpoint: Checkpoint | None = None
        self.included = False
        self.receipts = 0
        self.history: list[tuple[WireCommand, WireDecision]] = []
        self.sealed: SealedSummary | None = None
        self.notice: NoticeProved | None = None


def verify_bundle(
    data: bytes, *, trusted_keys: Sequence[bytes] | None = None, needs_notice: bool = False
) -> Verified:
    """What the bundle proves. Raises Unreadable where it is no bundle at all, or DoesNotHold with the first place.

    `needs_notice`: the rules must be those of a notice that the bundle shows.

    `trusted_keys` are the venue's public keys as its verifier knows them; without them the bundle's own are
    taken, which proves that the file is whole and consistent, not whose it is: compare `keys` with the published ones.
    """
    lines = _read(data)
    head, end = lines[0], lines[-1]
    if not isinstance(head, Head):
        raise DoesNotHold("line 1", "it is not the head of a bundle")
    if not isinstance(end, End):
        raise DoesNotHold(f"line {len(lines)}", "the file does not end with the line that signs it")
    state = _State(head, _trust(lines, head, trusted_keys))
    with _numbers_at("line 1"):
        _check_head(state)
    for place, line in enumerate(lines[1:-1], start=2):
        with _numbers_at(f"line {place}"):
            _check_line(state, line, f"line {place}")
    _check_whole(state)
    if needs_notice and state.notice is None:
        raise DoesNotHold("the end", "it shows no notice with the rules as published")
    _check_end(state, end, data, f"line {len(lines)}")
    assert state.checkpoint is not None
    return Verified(
        auction=head.auction,
        result=head.result,
        profile_hash=head.profile_hash,
        batches=head.last_batch - head.first_batch + 1,
        commands=head.commands,
        receipts=state.receipts,
        checkpoint_size=state.checkpoint.size,
        keys=head.keys,
        sealed=state.sealed,
        notice=state.notice,
    )


@contextmanager
def _numbers_at(place: str) -> Iterator[None]:
    """A number too large to be written again, or outside what is signed, is one that no bundle holds."""
    try:
        yield
    except (OverflowError, struct.error):
        raise DoesNotHold(place, "it holds a number out of range") from None


def _read(data: bytes) -> list[AnyLine]:
    if not data.startswith(_FIRST) and _NEXT not in data:
        raise Unreadable(
            "it does not begin as a bundle of an auction does", "文件开头不是拍卖证据包"
        )
    lines: list[AnyLine] = []
    raw_lines = data.removesuffix(b"\n").split(b"\n")
    if not data.endswith(b"\n"):
        raise DoesNotHold(f"line {len(raw_lines)}", "it does not end with a line feed: cut off")
    for place, raw in enumerate(raw_lines, start=1):
        try:
            line = decode_line(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DoesNotHold(f"line {place}", f"it can't be read ({error})") from None
        with _numbers_at(f"line {place}"):
            if encode_line(line) != raw:
                raise DoesNotHold(f"line {place}", "it is not in its one right spelling")
        lines.append(line)
    return lines


def _trust(
    lines: Sequence[AnyLine], head: Head, trusted_keys: Sequence[bytes] | None
) -> Callable[[bytes], bool]:
    """The bundle's own keys, or those you trust with what they handed over to."""
    if trusted_keys is None:
        own = {_hash(key, "line 1: keys") for key in head.keys}
        return own.__contains__
    return trusted_with(trusted_keys, handovers_in(lines), log_name=head.log).__contains__


def _check_head(state: _State) -> None:
    head = state.head
    if head.version != BUNDLE_VERSION:
        raise DoesNotHold("line 1: version", f"{head.version} is unknown")
    for key in head.keys:
        if not state.is_trusted(_hash(key, "line 1: keys")):
            raise DoesNotHold("line 1: keys", f"{key} is not among the keys you trust")


def _check_line(state: _State, line: AnyLine, place: str) -> None:
    match line:
        case Batch():
            _check_batch(
                state, line, f"{place}: batch {line.header.seq} of shard {state.head.shard}"
            )
        case KeyGiven():
            _check_handover(state, line, place)
        case Signed():
            _check_checkpoint(state, line, f"{place}: checkpoint")
        case Inclusion():
            _check_inclusion(state, line, f"{place}: inclusion")
        case Given():
            _check_receipt(state, line.receipt, f"{place}: receipt")
        case Published():
            _check_published(state, line, f"{place}: published")
        case Head() | End():
            raise DoesNotHold(place, "it does not belong here")


def _check_handover(state: _State, line: KeyGiven, place: str) -> None:
    if state.header is not None:
        raise DoesNotHold(place, "it does not belong here")
    if not {line.key, line.previous} <= set(state.head.keys):
        raise DoesNotHold(f"{place}: key", "it is not among the keys of the first line")
    if not is_handed_over(
        state.head.log,
        previous=_hash(line.previous, f"{place}: previous"),
        following=_hash(line.key, f"{place}: key"),
        signature=_bytes(line.signature, f"{place}: signature"),
    ):
        raise DoesNotHold(f"{place}: signature", "the key before did not sign this one")


def _check_batch(state: _State, batch: Batch, place: str) -> None:
    if state.checkpoint is not None:
        raise DoesNotHold(place, "it stands behind a checkpoint")
    _check_header(state, batch.header, place)
    root = _hash(batch.root, f"{place}: root")
    _check_seal(state, batch, root, place)
    if batch.leaves:
        leaves = [_hash(leaf, f"{place}: leaf {n}") for n, leaf in enumerate(batch.leaves)]
        if Tree(leaves).root() != root:
            raise DoesNotHold(place, "its leaves do not give its root")
        last_index = -1
        for opening in batch.openings:
            where = f"{place}, command {opening.index}"
            if not last_index < opening.index < len(leaves):
                raise DoesNotHold(where, "it is out of order, or not a command of the batch")
            last_index = opening.index
            leaf = leaves[opening.index]
            _check_opening(state, opening, leaf=leaf, header=batch.header, place=where)
            state.openings[batch.header.seq, opening.index] = opening
    elif batch.openings:
        raise DoesNotHold(place, "it shows commands without its leaves")
    state.chain = chain_value(state.chain, batch.header, root)
    state.header = batch.header
    state.roots[batch.header.seq] = batch.root


def _check_seal(state: _State, batch: Batch, root: bytes, place: str) -> None:
    key = _hash(batch.key, f"{place}: key")
    if not state.is_trusted(key):
        raise DoesNotHold(f"{place}: key", "it is not a key of the venue")
    statement = batch_statement(state.head.shard, batch.header, root=root, mode=batch.mode)
    if not is_signed(key, _bytes(batch.signature, f"{place}: signature"), statement):
        raise DoesNotHold(
            f"{place}: signature", "its header and root are not what the venue signed"
        )


def _check_header(state: _State, header: PublicHeader, place: str) -> None:
    before, expected = state.header, state.head.first_batch
    if header.version != HEADER_VERSION:
        raise DoesNotHold(place, f"header version {header.version} is unknown")
    if before is not None:
        expected = before.seq + 1
        if header.decided_ms < before.decided_ms:
            raise DoesNotHold(place, "its clock is behind the batch before it")
        if header.epoch < before.epoch:
            raise DoesNotHold(place, "its epoch is older than that of the batch before it")
    if header.seq != expected:
        raise DoesNotHold(place, f"batch {expected} is missing or out of order")


def _check_opening(
    state: _State, opening: Opening, *, leaf: bytes, header: PublicHeader, place: str
) -> None:
    auction, decided_ms = state.head.auction, header.decided_ms
    blinding = _hash(opening.blind, f"{place}: blind")
    if command_leaf(blinding, auction, opening.command, opening.decision) != leaf:
        raise DoesNotHold(
            place, "the command and its decision are not what the batch's leaf hashes"
        )
    try:
        if not state.openings:
            _check_creation(state, opening, place)
        expected = state.replica.decide(opening.command, decided_ms)
    except (
        JournalBroken,
        msgspec.ValidationError,
        LuochuiError,
        TypeError,
        ValueError,
        LookupError,
        AssertionError,
    ) as error:
        raise DoesNotHold(place, f"the rules can't replay it ({error})") from None
    if expected != opening.decision:
        raise DoesNotHold(
            place, f"it was decided {opening.decision}; by the rules it is {expected}"
        )
    _check_sealed(state, opening, place)


def _check_creation(state: _State, opening: Opening, place: str) -> None:
    command = opening.command
    if command[DO] != "create" or len(command) <= EXTRA:
        raise DoesNotHold(place, "the first command does not create the auction")
    creation = command[EXTRA]
    if creation["profile"] != state.head.profile or creation["hash"] != state.head.profile_hash:
        raise DoesNotHold("line 1: profile", "the auction was created with other rules")


def _check_sealed(state: _State, opening: Opening, place: str) -> None:
    """The canary of a live sealed auction, and each opening against its envelope."""
    if state.replica.auction.book.sealing is None:
        return
    state.history.append((opening.command, opening.decision))
    creation = msgspec.convert(state.history[0][0][EXTRA], Creation)
    if opening.command[DO] == "create" and opening.decision[0] == ACCEPTED:
        fault = fault_in_sealing(state.head.auction, creation)
        if fault is not None:
            raise DoesNotHold(place, fault)
    if opening.command[DO] != "open_bids" or opening.decision[0] != ACCEPTED:
        return
    openings = msgspec.convert(opening.command[EXTRA], Openings)
    terms = terms_of(state.head.auction, creation)
    fault = fault_in_openings(terms, sealed_bids_in(state.history), openings)
    if fault is not None:
        raise DoesNotHold(place, fault)
    unopened = state.replica.auction.format.unopened
    state.sealed = SealedSummary(
        envelopes=len(openings.bids),
        opened=len(openings.bids) - len(unopened),
        unopened=list(unopened.items()),
        key_lost=any(one.reason == KEY_LOST for one in openings.bids),
    )


def _check_checkpoint(state: _State, line: Signed, place: str) -> None:
    origin = origin_of(state.head.log, state.head.shard)
    checkpoint = _opened(state, line.note, origin, place)
    before = state.checkpoint
    path = [_hash(step, place) for step in line.consistency]
    if before is None:
        if path:
            raise DoesNotHold(place, "the first checkpoint has nothing to be consistent with")
    elif checkpoint.size <= before.size or not is_consistent(
        path,
        old=before.size,
        new=checkpoint.size,
        old_root=before.root,
        new_root=checkpoint.root,
    ):
        raise DoesNotHold(place, f"it does not continue the checkpoint of size {before.size}")
    state.checkpoint = checkpoint


def _opened(state: _State, note: str, origin: str, place: str) -> Checkpoint:
    error: BadNote | None = None
    for key in state.head.keys:
        try:
            return open_checkpoint(note, origin=origin, public_key=_hash(key, place))
        except BadNote as bad:
            error = bad
    raise DoesNotHold(place, str(error or "there is no key to check it with"))


def _check_inclusion(state: _State, line: Inclusion, place: str) -> None:
    if state.checkpoint is None or state.header is None or state.included:
        raise DoesNotHold(place, "it does not stand behind the batches and their checkpoints")
    path = [_hash(step, place) for step in line.path]
    index, size = state.header.seq - 1, state.checkpoint.size
    root = root_from_inclusion(leaf_hash(state.chain), index=index, size=size, path=path)
    if root != state.checkpoint.root:
        raise DoesNotHold(
            place,
            f"batch {state.header.seq}, and with it the chain from batch {state.head.first_batch} on,"
            f" is not in the log of {size} batches that the checkpoint signs",
        )
    state.included = True


def _check_published(state: _State, line: Published, place: str) -> None:
    if state.notice is not None:
        raise DoesNotHold(place, "it stands twice")
    try:
        state.notice = proved_notice(line, auction=state.head.auction, played=state.head.profile)
    except Untied as fault:
        raise DoesNotHold(f"{place}: {fault.field}", fault.reason) from None
    bound_to = _sealed_terms(state)
    if bound_to and bound_to != line.profile_hash:
        raise DoesNotHold(f"{place}: profile_hash", "the envelopes are bound to other rules")


def _sealed_terms(state: _State) -> str:
    """The hash of the published rules that the envelopes are bound to; empty where they are bound to those played."""
    if not state.history:
        return ""
    sealing = msgspec.convert(state.history[0][0][EXTRA], Creation).sealing
    bound_to = "" if sealing is None else sealing.terms_hash
    return "" if bound_to == state.head.profile_hash else bound_to


def _check_receipt(state: _State, receipt: Receipt, place: str) -> None:
    if receipt.auction != state.head.auction or receipt.shard != state.head.shard:
        raise DoesNotHold(place, "it is of another auction or shard")
    if receipt.log != state.head.log:
        raise DoesNotHold(place, f"it is of the log {receipt.log!r}")
    where = f"{place} of batch {receipt.header.seq}, command {receipt.index}"
    opening = state.openings.get((receipt.header.seq, receipt.index))
    if opening is None:
        raise DoesNotHold(where, "the journal shows no such command of this auction")
    try:
        hidden = opening.command[VALUE]
        shown = restored(receipt.command, hidden_value=hidden, hidden_extra=None)
    except (LookupError, TypeError):
        raise DoesNotHold(where, "its command is malformed") from None
    if receipt.root != state.roots[receipt.header.seq]:
        raise DoesNotHold(where, "its batch has another root in the journal")
    if shown != opening.command or receipt.decision != opening.decision:
        raise DoesNotHold(where, "the journal shows another command or decision at its place")
    fault = fault_in(receipt, is_trusted=state.is_trusted, hidden_value=hidden)
    if fault is not None:
        raise DoesNotHold(where, fault)
    state.receipts += 1


def _check_whole(state: _State) -> None:
    """What can be said only once every batch has been read."""
    head, header = state.head, state.header
    if header is None or header.seq != head.last_batch:
        raise DoesNotHold(
            "line 1: last_batch", f"batch {head.last_batch} is not the last one shown"
        )
    if len(state.openings) != head.commands:
        raise DoesNotHold(
            "line 1: commands",
            f"{head.commands} commands were decided, {len(state.openings)} are shown: some are missing",
        )
    if state.checkpoint is None or not state.included:
        raise DoesNotHold("the end", "no checkpoint covers the last batch")
    if _sealed_terms(state) and state.notice is None:
        raise DoesNotHold("the end", "the envelopes are bound to rules that no notice shows")
    result = state.replica.result(header.decided_ms).as_object()
    waiting = len(state.replica.auction.format.envelopes())
    if state.replica.auction.is_opening_due(header.decided_ms):
        raise DoesNotHold("line 1: result", f"{waiting} sealed bids were not opened")
    if result["outcome"] == "open":
        raise DoesNotHold("line 1: result", "the auction is not final after its last command")
    if msgspec.to_builtins(result) != head.result:
        raise DoesNotHold("line 1: result", f"the rules, replayed, give {result}")


def _check_end(state: _State, end: End, data: bytes, place: str) -> None:
    body = data[: data.rindex(b"\n", 0, len(data) - 1) + 1]
    digest = sha256(body).digest()
    if digest.hex() != end.sha256:
        raise DoesNotHold(place, "the lines before it have another SHA-256")
    key = _hash(end.key, f"{place}: key")
    if not state.is_trusted(key):
        raise DoesNotHold(f"{place}: key", "it is not a key of the venue")
    if not is_signed(key, _bytes(end.signature, f"{place}: signature"), end_statement(digest)):
        raise DoesNotHold(f"{place}: signature", "it does not hold")


def _hash(text: str, place: str) -> bytes:
    value = _bytes(text, place)
    if len(value) != 32:
        raise DoesNotHold(place, "it is not 32 bytes")
    return value


def _bytes(text: str, place: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        raise DoesNotHold(place, "it is not hexadecimal") from None
    if value.hex() != text:
        raise DoesNotHold(place, "it is not in lower-case hexadecimal")
    return value
