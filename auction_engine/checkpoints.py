"""Signed notes and checkpoints in the C2SP formats (signed-note, tlog-checkpoint), with Ed25519 keys.

A shard's log is named by its origin, `<log name>/s<shard>`; the signature line carries the origin as key name.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

#: The note format's signature type of plain Ed25519.
_ED25519 = b"\x01"
_SIGNATURE_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
#: Notes may carry witnesses' signatures; more than this is refused before any is checked.
_SIGNATURES_MAX = 64
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


class BadNote(ValueError):
    """A signed note or checkpoint that does not hold; the text says why."""


class Checkpoint(msgspec.Struct, frozen=True):
    """A log's head at one size: what is signed."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note text, without extension lines."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


class LogKey:
    """The Ed25519 key that signs the batches and checkpoints of every shard of one engine."""

    def __init__(self, log_name: str, private_key: Ed25519PrivateKey) -> None:
        assert re.fullmatch(r"[^\s+]+", log_name), "a log's name has no spaces and no plus sign"
        self.log_name = log_name
        self._private_key = private_key
        self.public_key = private_key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """The 64-byte signature over `data`."""
        return self._private_key.sign(data)

    def origin(self, shard: int) -> str:
        """The name of a shard's log."""
        return origin_of(self.log_name, shard)

    def sign_checkpoint(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a signed note; whoever calls has proved it consistent with the last one signed."""
        text = checkpoint.text()
        signature = key_id(checkpoint.origin, self.public_key) + self.sign(text.encode())
        return f"{text}\n— {checkpoint.origin} {b64encode(signature).decode()}\n"


def origin_of(log_name: str, shard: int) -> str:
    """The name of a shard's log: `<log name>/s07`."""
    return f"{log_name}/s{shard:02d}"


def key_id(name: str, public_key: bytes) -> bytes:
    """The four bytes by which a signature line names its key."""
    return sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def verifier_key(name: str, public_key: bytes) -> str:
    """The text in which a venue publishes its key: `<name>+<key id>+<base64 of type and key>`."""
    return f"{name}+{key_id(name, public_key).hex()}+{b64encode(_ED25519 + public_key).decode()}"


def is_signed(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` was made with `public_key`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def open_note(note: str, *, name: str, public_key: bytes) -> str:
    """The text of a note that `public_key` has signed under `name`; BadNote where it has not."""
    if any(ord(character) < 0x20 and character != "\n" for character in note):
        raise BadNote("the note holds a control character")
    text, blank, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not blank or lines.pop() != "" or not lines or len(lines) > _SIGNATURES_MAX:
        raise BadNote("the note has no signature lines after its last empty line")
    signed = text + "\n"
    found = False
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise BadNote("a signature line is malformed")
        signature = _base64(match["signature"], "signature")
        if match["name"] != name or signature[:4] != key_id(name, public_key):
            continue
        if not is_signed(public_key, signature[4:], signed.encode()):
            raise BadNote(f"the signature of {name} does not hold")
        found = True
    if not found:
        raise BadNote(f"the note is not signed by {name}")
    return signed


def open_checkpoint(note: str, *, origin: str, public_key: bytes) -> Checkpoint:
    """The checkpoint in a note signed by `public_key` under the name `origin`; BadNote where it is not.

    Signatures by keys we do not know are ignored (witnesses may have added theirs), as the format demands.
    """
    text = open_note(note, name=origin, public_key=public_key)
    checkpoint = parse_checkpoint(text)
    if checkpoint.origin != origin:
        raise BadNote(f"the checkpoint is of the log {checkpoint.origin!r}, not of {origin!r}")
    return checkpoint


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note text states; extension lines are refused, since nothing here signs any."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] != "" or not lines[0]:
        raise BadNote("a checkpoint has three lines: origin, size, root")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size):
        raise BadNote("the size is not a decimal number without leading zeros")
    decoded = _base64(root, "root")
    if len(decoded) != 32:
        raise BadNote("the root hash is not 32 bytes")
    return Checkpoint(origin=origin, size=int(size), root=decoded)


def _base64(text: str, what: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except Base64Error as error:
        raise BadNote(f"the {what} is not base64") from error
    if b64encode(data).decode() != text:
        raise BadNote(f"the {what} is not in its one right base64 spelling")
    return data
