"""What one journal entry holds, and the hashes that commit to it (docs/engine-protocol.md).

The engine writes an entry as four byte strings: header, commands, decisions, auctions. Two hashes bind them:
`head` (SHA-1, made in Lua) tells forks apart between engine and database; `chain` (SHA-256) and the Merkle root
over the commands are what is signed. The *public header* has the hash of the salt in the salt's place, so that
it can be shown to everyone: whoever held the salt could guess the other bidders' hidden maxima.
"""

import hmac
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha1, sha256
from typing import Any

import msgspec

from auction_engine.errors import JournalBroken
from auction_engine.merkle import Tree, leaf_hash

#: The first field of a header; a reader refuses a version it does not know.
HEADER_VERSION = 1
#: The head of an empty shard, and the chain value before its first batch.
EMPTY_HEAD = ""
EMPTY_CHAIN = bytes(32)
#: A decision's first number.
REFUSED, ACCEPTED, REPLAYED = 0, 1, 2

#: The first element of commands, and of decisions, that are kept as columns; version 2 had decisions as rows.
COLUMNS, _COLUMNS_WITH_ROWS = 3, 2
#: How many columns of commands come before the extras, and what stands for a column of nothing else.
_PLAIN, _FIRST, _BID = 6, 1, "bid"
#: Where the ages stand among the columns.
_AGES = 2

_decode_array = msgspec.msgpack.Decoder(list[object]).decode
_decode_rows = msgspec.msgpack.Decoder(list[list[object]]).decode
_decode_texts = msgspec.msgpack.Decoder(list[str]).decode
_encode = msgspec.msgpack.Encoder().encode
#: How a batch's commands begin: an array of eight, of which the first says that columns follow.
_HEAD = b"\x98" + _encode(COLUMNS)

#: `[do, age_us, paddle, value, id, extra]`, the last absent where there is nothing to say.
WireCommand = list[object]
#: `[1, seq, price, leader, ends_at]`, `[2, ...]` or `[0, code, minimum]`.
WireDecision = list[int]


class Header(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The header of a batch as the engine writes it."""

    version: int
    epoch: int
    seq: int
    decided_ms: int
    previous_head: str
    salt: str

    def public(self) -> "PublicHeader":
        """The header that may be shown: the salt's hash in place of the salt."""
        return PublicHeader(
            version=self.version,
            epoch=self.epoch,
            seq=self.seq,
            decided_ms=self.decided_ms,
            previous_head=self.previous_head,
            salt_hash=sha256(bytes.fromhex(self.salt)).hexdigest(),
        )


class PublicHeader(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The header of a batch as anyone may see it; its hash is part of the chain and of every receipt."""

    version: int
    epoch: int
    seq: int
    decided_ms: int
    previous_head: str
    salt_hash: str

    def digest(self) -> bytes:
        """SHA-256 of the packed fields."""
        return sha256(_encode(self)).digest()


_decode_header = msgspec.msgpack.Decoder(Header).decode


class Entry(msgspec.Struct, frozen=True, dict=True):
    """One batch of one shard, as bytes; everything else about it is derived."""

    shard: int
    header_bytes: bytes
    commands_bytes: bytes
    decisions_bytes: bytes
    auctions_bytes: bytes

    @cached_property
    def header(self) -> Header:
        """The decoded header."""
        header = _decode_header(self.header_bytes)
        if header.version != HEADER_VERSION:
            raise JournalBroken(f"batch header version {header.version} is unknown")
        return header

    @cached_property
    def auctions(self) -> list[str]:
        """The auctions of the batch, in the order the commands count them."""
        return _decode_texts(self.auctions_bytes)

    @cached_property
    def commands(self) -> list[tuple[str, WireCommand]]:
        """Each command with its auction's id, without its place in the batch's list of auctions."""
        auctions = self.auctions
        return [
            (auctions[int(row[0]) - 1], row[1:])  # type: ignore[call-overload]  # a number by protocol
            for row in decode_commands(self.commands_bytes)
        ]

    @cached_property
    def decisions(self) -> list[WireDecision]:
        """One decision a command, in order."""
        decisions = decode_decisions(self.decisions_bytes)
        if isinstance(decisions, DecisionColumns):
            if len(decisions.seqs) == len(self.commands):
                return [
                    decisions.row(index, command[2], command[3])  # type: ignore[arg-type]  # numbers by protocol
                    for index, (_, command) in enumerate(self.commands)
                ]
        elif len(decisions) == len(self.commands):
            return decisions
        raise JournalBroken(f"batch {self.header.seq}: decisions and commands differ in number")

    @cached_property
    def head(self) -> str:
        """The SHA-1 chain head after this batch, as the engine computes it."""
        return head_after(
            self.header.previous_head,
            self.header_bytes,
            self.commands_bytes,
            self.decisions_bytes,
            self.auctions_bytes,
        )

    @cached_property
    def leaves(self) -> list[bytes]:
        """The leaf hash of each command."""
        salt = bytes.fromhex(self.header.salt)
        return [
            command_leaf(blind(salt, index), auction, command, decision)
            for index, ((auction, command), decision) in enumerate(
                zip(self.commands, self.decisions, strict=True)
            )
        ]

    @cached_property
    def tree(self) -> Tree:
        """The Merkle tree over the commands."""
        return Tree(self.leaves)

    def blind_of(self, index: int) -> bytes:
        """What, with the command itself, opens leaf `index`."""
        return blind(bytes.fromhex(self.header.salt), index)

    def chain_after(self, previous: bytes) -> bytes:
        """The chain value after this batch."""
        return chain_value(previous, self.header.public(), self.tree.root())


def head_after(
    previous_head: str, header: bytes, commands: bytes, decisions: bytes, auctions: bytes
) -> str:
    """`sha1hex(previous head .. m .. c .. d .. a)`; SHA-1 only detects forks, no signature rests on it."""
    digest = sha1(previous_head.encode(), usedforsecurity=False)
    for part in (header, commands, decisions, auctions):
        digest.update(part)
    return digest.hexdigest()


def blind(salt: bytes, index: int) -> bytes:
    """The blinding value of command `index`: HMAC-SHA256 under the batch's salt of the index as four bytes."""
    return hmac.digest(salt, index.to_bytes(4, "big"), "sha256")


def command_leaf(
    blinding: bytes, auction: str, command: Sequence[object], decision: Sequence[int]
) -> bytes:
    """The leaf hash of one command: it can be shown to be in the batch without showing any other."""
    return leaf_hash(blinding + _encode([auction, command, decision]))


def chain_value(previous: bytes, header: PublicHeader, root: bytes) -> bytes:
    """`SHA-256(previous chain || SHA-256(public header) || leaf root)`."""
    return sha256(previous + header.digest() + root).digest()


def encode_commands(rows: Sequence[Sequence[object]]) -> bytes:
    """A batch's commands as columns, `[3, auctions, actions, ages, paddles, values, ids, extras]`, extras by position.

    The engine unpacks a table a column several times as fast as a table a command.
    """
    extras: dict[int, object] = {}
    if sum(map(len, rows)) > _PLAIN * len(rows):
        extras = {place: row[_PLAIN] for place, row in enumerate(rows, 1) if len(row) > _PLAIN}
    auctions, actions, ages, *plain = list(zip(*rows, strict=False))[:_PLAIN]
    before, after = columns_around_ages(auctions, actions, *plain, extras=extras)
    return before + encode_column(ages) + after


def columns_around_ages(
    auctions: Sequence[object],
    actions: Sequence[object],
    *plain: Sequence[object],
    extras: dict[int, object],
) -> tuple[bytes, bytes]:
    """What stands before the column of ages and after it: all that is known before the call leaves.

    1 stands for auctions that are all the first, "bid" for actions that are all that.
    """
    first = _FIRST if auctions.count(_FIRST) == len(auctions) else auctions
    bids = _BID if actions.count(_BID) == len(actions) else actions
    before = _HEAD + _encode(first) + _encode(bids)
    return before, b"".join((*map(_encode, plain), _encode(extras)))


def encode_column(column: Sequence[object]) -> bytes:
    """One column by itself."""
    return _encode(column)


def encode_bid(paddle: int, value: int, command_id: str, *, age_us: int) -> bytes:
    """The columns of a batch that is one bid and nothing besides, on the batch's one auction."""
    return _encode((COLUMNS, _FIRST, _BID, (age_us,), (paddle,), (value,), (command_id,), {}))


def decode_commands(packed: bytes) -> list[list[object]]:
    """The rows of a batch's commands, `[auction, action, age_us, paddle, value, id, extra]`, from columns or rows."""
    given = _decode_array(packed)
    if not given or isinstance(given[0], list):
        return _decode_rows(packed)
    version, extras = given[0], given[-1]
    columns: list[Any] = given[1:-1]
    if (
        version not in (COLUMNS, _COLUMNS_WITH_ROWS)
        or len(columns) != _PLAIN
        or not isinstance(extras, dict)
    ):
        raise JournalBroken(f"commands of version {version} are unknown")
    try:
        if version == COLUMNS:
            for place, alone in enumerate((_FIRST, _BID)):
                if columns[place] == alone:
                    columns[place] = [alone] * len(columns[_AGES])
        rows = [list(row) for row in zip(*columns, strict=True)]
        for place, extra in extras.items():
            rows[place - 1].append(extra)
    except (TypeError, ValueError, IndexError) as error:
        raise JournalBroken(f"the columns of a batch's commands do not fit: {error}") from error
    return rows


class DecisionColumns(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The decisions of a batch as the engine writes them (docs/engine-protocol.md).

    A bid that leads at its own amount has its number in `seqs` and the end in `ends`; a refusal has the code, negative,
    and the least amount; anything else has zeros there, and stands in `rows` with its place in `places`, from 1.
    """

    version: int
    seqs: list[int]
    ends: list[int]
    places: list[int]
    rows: list[WireDecision]

    def row(self, index: int, paddle: int, value: int) -> WireDecision:
        """The decision on command `index`, by this paddle and of this value."""
        seq = self.seqs[index]
        if seq > 0:
            return [ACCEPTED, seq, value, paddle, self.ends[index]]
        if seq < 0:
            return [REFUSED, -seq, self.ends[index]]
        return self.rows[self.places.index(index + 1)]


_decode_decision_rows = msgspec.msgpack.Decoder(list[list[int]]).decode
_decode_decision_columns = msgspec.msgpack.Decoder(DecisionColumns).decode
#: How an array of the columns of `DecisionColumns` begins: five elements, the first its version.
_COLUMNS_HEAD = bytes((0x95, COLUMNS))


def decode_decisions(packed: bytes) -> DecisionColumns | list[WireDecision]:
    """The decisions of a batch, one a command, in order: columns, or rows as older batches have them."""
    if not packed.startswith(_COLUMNS_HEAD):
        return _decode_decision_rows(packed)
    decisions = _decode_decision_columns(packed)
    if not len(decisions.seqs) == len(decisions.ends) or not len(decisions.places) == len(
        decisions.rows
    ):
        raise JournalBroken("the columns of a batch's decisions do not fit: they differ in length")
    return decisions


def encode_rows(rows: Sequence[Sequence[object]]) -> bytes:
    """Rows as they stand in an entry."""
    return _encode(rows)


def encode_places(places: Sequence[int]) -> bytes:
    """Places of commands in their batch."""
    return _encode(places)


def entry_of(shard: int, fields: dict[bytes, bytes]) -> Entry:
    """The entry that a stream entry's fields hold."""
    try:
        return Entry(
            shard=shard,
            header_bytes=fields[b"m"],
            commands_bytes=fields[b"c"],
            decisions_bytes=fields[b"d"],
            auctions_bytes=fields[b"a"],
        )
    except KeyError as missing:
        raise JournalBroken(f"a journal entry of shard {shard} lacks the field {missing}") from None
