"""One auction's bundle: everything a stranger needs to check the winner and the price without trusting the venue.

A file of JSON lines, each in one canonical spelling: the head (auction, rules, keys, claimed result), every batch of
the shard from the creation to the last command, the checkpoints, receipts, and a last line that signs all before it.
Of other auctions' commands only blinded leaf hashes are in it. Written only once the auction is final, because a
replay needs the hidden maxima and the reserve (docs/engine-protocol.md).
"""

import contextlib
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from auction_engine import key_history, log_tree
from auction_engine.checkpoints import LogKey
from auction_engine.errors import AuctionNotFinal, JournalBroken, NoSuchAuction
from auction_engine.journal import ACCEPTED, Entry, PublicHeader
from auction_engine.key_history import KeyEntry
from auction_engine.receipts import DO, EXTRA, PADDLE, Receipt, SealedEntry
from auction_engine.replica import entries_from_rows
from auction_engine.rows import number
from kit.sql import Connection, load_statements

BUNDLE_VERSION = 1
_DOMAIN = b"luochui-bundle-v1\x00"
_SQL = load_statements("auction_engine", "sql/bundle.sql")


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="line"):
    """One line of a bundle."""


class Head(Line, frozen=True, kw_only=True, tag="head"):
    """The first line. Keys and hashes are hex; `commands` counts the auction's commands, refused ones included."""

    version: int
    log: str
    keys: list[str]
    auction: str
    shard: int
    first_batch: int
    last_batch: int
    chain_before: str
    profile: dict[str, Any]
    profile_hash: str
    commands: int
    result: dict[str, Any]


class Opening(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One command of this auction: its place in the batch, what opens its leaf, itself, its decision."""

    index: int
    blind: str
    command: list[Any]
    decision: list[int]


class KeyGiven(Line, frozen=True, kw_only=True, tag="key"):
    """A change of the signing key: `previous` signed `key` (key_history.py). Who trusts the one may trust the other."""

    key: str
    previous: str
    signature: str


class Batch(Line, frozen=True, kw_only=True, tag="batch"):
    """One batch, with the signature that its receipts carry.

    `leaves` is empty where none of its commands is this auction's; the root then stands alone.
    """

    header: PublicHeader
    root: str
    mode: str
    key: str
    signature: str
    leaves: list[str]
    openings: list[Opening]


class Signed(Line, frozen=True, kw_only=True, tag="checkpoint"):
    """A checkpoint as a signed note, and its consistency with the one on the line before (empty for the first)."""

    note: str
    consistency: list[str]


class Inclusion(Line, frozen=True, kw_only=True, tag="inclusion"):
    """The proof that the last batch is in the tree of the last checkpoint."""

    path: list[str]


class Given(Line, frozen=True, kw_only=True, tag="receipt"):
    """A receipt that a bidder was given."""

    receipt: Receipt


class Holder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A priority holder whose right was confirmed between notice and opening. `barred`: and who was barred later."""

    paddle: int
    rank: int
    barred: bool


class Published(Line, frozen=True, kw_only=True, tag="published"):
    """What was published before: the notice's text and SHA-256, and the rule profile whose salted hash it states.

    `profile` is canonical JSON; `profile_hash` is the SHA-256 of `salt` and it. `holders` are all that were confirmed.
    """

    notice_number: str
    notice_sha256: str
    notice: str
    profile: str
    salt: str
    profile_hash: str
    holders: list[Holder]


class End(Line, frozen=True, kw_only=True, tag="end"):
    """The SHA-256 of all bytes before this line, and a signature over it."""

    sha256: str
    key: str
    signature: str


AnyLine = Head | KeyGiven | Batch | Signed | Inclusion | Given | Published | End

decode_line = msgspec.json.Decoder(AnyLine).decode
_encode = msgspec.json.Encoder().encode


def encode_line(line: AnyLine) -> bytes:
    """The one spelling of a line, without its line feed."""
    return _encode(line)


def handovers_in(lines: Iterable[AnyLine]) -> list[tuple[bytes, bytes, bytes]]:
    """The changes of key that a bundle tells of; what is not hexadecimal is left out, and found when it is checked."""
    found = []
    for line in lines:
        if isinstance(line, KeyGiven):
            with contextlib.suppress(ValueError):
                parts = (line.previous, line.key, line.signature)
                previous, key, signature = (bytes.fromhex(part) for part in parts)
                found.append((previous, key, signature))
    return found


def end_statement(digest: bytes) -> bytes:
    """What the last line signs."""
    return _DOMAIN + digest


async def export_bundle(
    conn: Connection, auction: UUID, *, key: LogKey, mode: str, published: Published | None = None
) -> bytes:
    """The bundle of a final auction whose last batch is under a signed checkpoint.

    Without `published` (an auction of which no notice told) nothing ties its rules to a notice.

    Call inside a transaction that sees one state (REPEATABLE READ). Raises NoSuchAuction, AuctionNotFinal, and
    JournalBroken where no checkpoint covers the auction yet.
    """
    row = await conn.fetchrow(_SQL["auction"], auction)
    if row is None:
        raise NoSuchAuction(f"auction_id: there is no auction {auction}", f"没有拍卖 {auction}")
    if not row["final"]:
        raise AuctionNotFinal(auction_id=str(auction))
    shard = row["shard"]
    spans = await conn.fetchrow(_SQL["span"], auction)
    assert spans is not None, "an auction that exists has batches"
    first, last = spans["first"], spans["last"]
    rows = await conn.fetch(_SQL["batches"], shard, first, last)
    entries = entries_from_rows(rows)
    text = str(auction)
    known = await key_history.history(conn, key.log_name)
    head = _head(
        text,
        entries,
        key=key,
        keys=[entry.public_key for entry in known],
        chain_before=rows[0]["previous_chain"],
        result=row["result"],
    )
    lines: list[AnyLine] = [head, *_handovers(known)]
    lines += [_batch(text, entry, key=key, mode=mode) for entry in entries]
    lines += await _checkpoints(conn, shard, last=last)
    lines += [Given(receipt=r) for r in last_receipts(text, entries, key=key, mode=mode)]
    if published is not None:
        lines.append(published)
    return seal(lines, key=key)


def seal(lines: Iterable[AnyLine], *, key: LogKey) -> bytes:
    """The file: the lines, and the line that signs them."""
    body = b"".join(encode_line(line) + b"\n" for line in lines)
    digest = sha256(body).digest()
    end = End(
        sha256=digest.hex(),
        key=key.public_key.hex(),
        signature=key.sign(end_statement(digest)).hex(),
    )
    return body + encode_line(end) + b"\n"


def last_receipts(
    auction: str, entries: Sequence[Entry], *, key: LogKey, mode: str
) -> list[Receipt]:
    """The receipt of each paddle's last accepted command."""
    found: dict[int, Receipt] = {}
    for entry in entries:
        sealed = SealedEntry(entry, key=key, mode=mode)
        for index, ((of, command), decision) in enumerate(
            zip(entry.commands, entry.decisions, strict=True)
        ):
            paddle = number(command[PADDLE])
            if of == auction and paddle and decision[0] == ACCEPTED:
                found[paddle] = sealed.receipt(index)
    return [found[paddle] for paddle in sorted(found)]


def _head(
    auction: str,
    entries: Sequence[Entry],
    *,
    key: LogKey,
    keys: Sequence[bytes],
    chain_before: bytes,
    result: str,
) -> Head:
    of_auction = [command for entry in entries for of, command in entry.commands if of == auction]
    creation = of_auction[0]
    assert creation[DO] == "create", "a journal begins with the creation"
    extra: Any = creation[EXTRA]
    return Head(
        version=BUNDLE_VERSION,
        log=key.log_name,
        keys=[one.hex() for one in dict.fromkeys([*keys, key.public_key])],
        auction=auction,
        shard=entries[0].shard,
        first_batch=entries[0].header.seq,
        last_batch=entries[-1].header.seq,
        chain_before=chain_before.hex(),
        profile=extra["profile"],
        profile_hash=extra["hash"],
        commands=len(of_auction),
        result=msgspec.json.decode(result),
    )


def _handovers(known: Sequence[KeyEntry]) -> list[AnyLine]:
    """Every change of key that was signed by the key before."""
    return [
        KeyGiven(
            key=entry.public_key.hex(),
            previous=entry.previous.hex(),
            signature=entry.handover.hex(),
        )
        for entry in known
        if entry.previous is not None and entry.handover is not None
    ]


def _batch(auction: str, entry: Entry, *, key: LogKey, mode: str) -> Batch:
    openings = [
        Opening(index, entry.blind_of(index).hex(), command, decision)
        for index, ((of, command), decision) in enumerate(
            zip(entry.commands, entry.decisions, strict=True)
        )
        if of == auction
    ]
    sealed = SealedEntry(entry, key=key, mode=mode).seal
    return Batch(
        header=entry.header.public(),
        root=sealed.root.hex(),
        mode=mode,
        key=key.public_key.hex(),
        signature=sealed.signature.hex(),
        leaves=[leaf.hex() for leaf in entry.leaves] if openings else [],
        openings=openings,
    )


async def _checkpoints(conn: Connection, shard: int, *, last: int) -> list[AnyLine]:
    """The checkpoints up to the first that covers batch `last`, each proved to continue the one before."""
    rows = await conn.fetch(_SQL["checkpoints"], shard, last)
    if not rows or rows[-1]["size"] < last:
        raise JournalBroken(
            f"shard {shard}: no checkpoint covers batch {last} yet; the projector signs one at the close",
            f"分片 {shard} 第 {last} 批尚无检查点",
        )
    lines: list[AnyLine] = []
    before = 0
    for row in rows:
        path = await log_tree.consistency(conn, shard, old=before, new=row["size"])
        lines.append(Signed(note=row["note"], consistency=[step.hex() for step in path]))
        before = row["size"]
    path = await log_tree.inclusion(conn, shard, index=last - 1, size=before)
    return [*lines, Inclusion(path=[step.hex() for step in path])]
