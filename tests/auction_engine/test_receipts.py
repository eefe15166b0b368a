"""Receipts and signed notes: they hold as given, fail when touched, and show nothing that is secret."""

import secrets
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auction_engine.checkpoints import (
    BadNote,
    Checkpoint,
    key_id,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    verifier_key,
)
from auction_engine.journal import Entry, encode_rows
from auction_engine.receipts import Receipt, SealedEntry, fault_in
from auction_engine.rules.commands import Command
from tests.auction_engine.make_engine import AUCTION, OTHER_AUCTION, a_bid, a_key
from tests.auction_engine.make_journal import a_creation

#: The example of the signed-note format's reference implementation (golang.org/x/mod/sumdb/note).
NOTE_NAME = "PeterNeumann"
NOTE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NOTE_PUBLIC = bytes.fromhex("1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6")
ORIGIN = "venue.example/engine/s05"


def a_batch() -> SealedEntry:
    """A batch of two auctions with a bid, a hidden maximum, a refusal and a creation in it."""
    commands = [
        (1, a_bid(7, 10_000_000, "a")),
        (1, Command(do="proxy", paddle=8, value=88_888_888, id="b")),
        (2, a_bid(9, 5)),
        (2, a_creation(reserve_price_fen=77_777_777)),
    ]
    decisions = [[1, 1, 10_000_000, 7, 9], [1, 2, 10_100_000, 8, 9], [0, 11, 5], [2, 0, 0, 0, 9]]
    entry = Entry(
        5,
        msgspec.msgpack.encode([1, 3, 12, 1_790_000_000_000, "ab" * 20, secrets.token_hex(16)]),
        encode_rows([command.to_wire(place, age_us=5) for place, command in commands]),
        encode_rows(decisions),
        encode_rows([AUCTION, OTHER_AUCTION]),
    )
    return SealedEntry(entry, key=a_key(), mode="local")


def is_ours(key: bytes) -> bool:
    return key == a_key().public_key


def changed(receipt: Receipt, **fields: Any) -> Receipt:
    return msgspec.structs.replace(receipt, **fields)


def test_published_note_opens_with_its_published_key() -> None:
    """The reference implementation's example note verifies, and its key is spelt as there."""
    text = open_note(NOTE, name=NOTE_NAME, public_key=NOTE_PUBLIC)
    assert text.endswith("what your problem is.\n")
    assert verifier_key(NOTE_NAME, NOTE_PUBLIC) == NOTE_KEY
    assert key_id(NOTE_NAME, NOTE_PUBLIC).hex() == "c74f20a3"
    with pytest.raises(BadNote, match="does not hold"):
        open_note(
            NOTE.replace("cryptography", "Cryptography"), name=NOTE_NAME, public_key=NOTE_PUBLIC
        )
    with pytest.raises(BadNote, match="not signed by"):
        open_note(NOTE, name=NOTE_NAME, public_key=a_key().public_key)


def test_checkpoint_comes_back_as_it_was_signed() -> None:
    """A signed checkpoint opens with the log's key, also when a witness has added a signature."""
    checkpoint = Checkpoint(origin=ORIGIN, size=20, root=b"r" * 32)
    note = a_key().sign_checkpoint(checkpoint)
    assert note.startswith(
        f"{ORIGIN}\n20\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n\n— {ORIGIN} "
    )
    opened = open_checkpoint(note, origin=ORIGIN, public_key=a_key().public_key)
    assert opened == checkpoint
    witnessed = note + "— witness.example/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9\n"
    assert open_checkpoint(witnessed, origin=ORIGIN, public_key=a_key().public_key) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        "o\n01\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n",
        "o\n-1\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n",
        "o\n1\ncnI=\n",
        "o\n1\nnot base64!\n",
        "o\n1\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnJ=\n",
        "\n1\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n",
        "o\n1\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\nextension\n",
    ],
)
def test_malformed_checkpoint_is_refused(text: str) -> None:
    """A checkpoint has exactly an origin, a size without leading zeros and a root of 32 bytes."""
    with pytest.raises(BadNote):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: note.replace("\n20\n", "\n21\n"),
        lambda note: note.replace("— ", "- "),
        lambda note: note[:-1],
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("engine", "engines"),
        lambda note: note + "\t\n",
        lambda note: note + "— x y z\n",
    ],
    ids=["size", "dash", "cut", "no blank line", "origin", "control character", "bad line"],
)
def test_spoilt_note_is_refused(spoil: Any) -> None:
    """A note that differs from what was signed, or is not spelt as a note, does not open."""
    note = a_key().sign_checkpoint(Checkpoint(origin=ORIGIN, size=20, root=b"r" * 32))
    with pytest.raises(BadNote):
        open_checkpoint(spoil(note), origin=ORIGIN, public_key=a_key().public_key)


def test_every_command_of_a_batch_has_a_receipt_that_holds() -> None:
    """Accepted, refused and hidden commands can each be proved, with one signature for all of them."""
    batch = a_batch()
    creation = batch.entry.commands[3][1][5]
    receipts = [batch.receipt(index) for index in range(4)]
    assert len({receipt.signature for receipt in receipts}) == 1
    assert fault_in(receipts[0], is_trusted=is_ours) is None
    assert fault_in(receipts[1], is_trusted=is_ours, hidden_value=88_888_888) is None
    assert fault_in(receipts[2], is_trusted=is_ours) is None
    assert fault_in(receipts[3], is_trusted=is_ours, hidden_extra=creation) is None
    assert receipts[0].decided_ms == 1_790_000_000_000


def test_receipt_shows_no_maximum_no_reserve_and_nobody_else() -> None:
    """What a receipt is made of contains neither secrets nor another's command, and not the batch's salt."""
    batch = a_batch()
    for index in range(4):
        text = msgspec.json.encode(batch.receipt(index)).decode()
        assert "88888888" not in text
        assert "77777777" not in text
        assert batch.entry.header.salt not in text
    own = msgspec.json.encode(batch.receipt(0)).decode()
    assert OTHER_AUCTION not in own
    assert '"b"' not in own


def test_wrong_maximum_does_not_open_a_hidden_receipt() -> None:
    """Only the maximum that was really set fits the receipt: the venue can't claim another one."""
    receipt = a_batch().receipt(1)
    for wrong in (None, 88_888_887):
        fault = fault_in(receipt, is_trusted=is_ours, hidden_value=wrong)
        assert fault is not None
        assert fault.startswith("path")


TOUCHED = {
    "version": {"version": 2},
    "mode": {"mode": "journalled"},
    "shard": {"shard": 6},
    "auction": {"auction": OTHER_AUCTION},
    "index": {"index": 1},
    "size": {"size": 9},
    "command": {"command": ["bid", 5, 7, 10_000_001, "a"]},
    "decision": {"decision": [1, 2, 10_000_000, 7, 9]},
    "blind": {"blind": "00" * 32},
    "path": {"path": ["00" * 32, "00" * 32]},
    "short path": {"path": []},
    "root": {"root": "00" * 32},
    "signature": {"signature": "00" * 64},
    "key": {"key": a_key(2).public_key.hex()},
    "not hex": {"signature": "zz"},
}


@pytest.mark.parametrize("case", TOUCHED)
def test_touched_receipt_fails(case: str) -> None:
    """Each field of a receipt is bound by the signature: changing it shows."""
    assert fault_in(changed(a_batch().receipt(0), **TOUCHED[case]), is_trusted=is_ours) is not None


@pytest.mark.parametrize(
    "field", ["epoch", "seq", "decided_ms", "previous_head", "salt_hash", "version"]
)
def test_touched_header_fails(field: str) -> None:
    """Epoch, sequence, moment and what the batch continues are bound too."""
    receipt = a_batch().receipt(0)
    value = getattr(receipt.header, field)
    other = value + 1 if isinstance(value, int) else "00" * 20
    header = msgspec.structs.replace(receipt.header, **{field: other})
    fault = fault_in(changed(receipt, header=header), is_trusted=is_ours)
    assert fault is not None
    assert fault.startswith("signature")


def test_receipt_of_another_key_is_not_trusted() -> None:
    """A receipt signed by a stranger is internally consistent and still worth nothing."""
    entry = a_batch().entry
    stranger = type(a_key())("venue.example/engine", Ed25519PrivateKey.generate())
    forged = SealedEntry(entry, key=stranger, mode="local").receipt(0)
    fault = fault_in(forged, is_trusted=is_ours)
    assert fault is not None
    assert fault.startswith("key")
