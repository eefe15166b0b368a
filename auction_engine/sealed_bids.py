"""Sealed bids: the envelope that a bidder's client makes and that nobody opens alone (docs/sealed-bids.md).

Two HPKE layers (RFC 9180): the inner to the second opener's public key, the outer to the venue's. What is inside is
256 bytes whatever the amount. `info` binds auction, paddle, nonce, deadline and terms, so that an envelope opens in
one place only. A commitment in the clear lets anyone check an opened amount without a key. Source: design "Sealed
bids"; reliability T23-T27.
"""

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import sha256
from typing import Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from auction_engine.rules.commands import AMOUNT_MAX
from kit.errors import InvalidInput, LuochuiError

FORMAT = "lsb1"
HYBRID = "mlkem768-x25519"
CLASSIC = "x25519"

PLAINTEXT_BYTES = 256
_PLAINTEXT_VERSION = b"\x01"
_AMOUNT_BYTES = 8
_NONCE_BYTES = 16
_BIDDER_NONCE_BYTES = 32
_PADDING = bytes(PLAINTEXT_BYTES - len(_PLAINTEXT_VERSION) - _AMOUNT_BYTES - _BIDDER_NONCE_BYTES)
_TAG_BYTES = 16
_MLKEM_PUBLIC_BYTES, _MLKEM_SEED_BYTES = 1184, 64
#: The paddle of a canary, which proves the keys at publication; no bidder has it.
CANARY_PADDLE = 0

_SUITES = {
    HYBRID: Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
    CLASSIC: Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
}
KEMS = tuple(_SUITES)
#: What one layer adds to what it holds: the encapsulated key and the tag.
_LAYER_BYTES = {HYBRID: 1120 + _TAG_BYTES, CLASSIC: 32 + _TAG_BYTES}

_ID = re.compile(r"[0-9a-f-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{64}")


class MalformedEnvelope(LuochuiError):
    """The text is no sealed bid of this version. / 不是本版本的密封报价。"""

    code = "malformed_envelope"


class WillNotOpen(LuochuiError):
    """A sealed bid does not open with these keys for this paddle, auction, deadline and terms. / 密封报价无法开启。"""

    code = "will_not_open"

    def __init__(self, reason: str) -> None:
        super().__init__(f"envelope: {reason}", reason=reason)
        self.reason = reason


class SealingTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the venue publishes of a sealed auction: all that a client needs to seal for it.

    `deadline_ms` is the profile's `closes_at`, in ms since 1970, `terms_hash` the profile's SHA-256 in hex, the keys
    are base64url. Raises InvalidInput on a field that can't be right.
    """

    auction: str
    deadline_ms: int
    terms_hash: str
    kem: str
    venue_key: str
    opener_key: str

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.auction):
            raise InvalidInput("auction", "must be an id in lower case", "须为小写编号")
        if not _HASH.fullmatch(self.terms_hash):
            raise InvalidInput(
                "terms_hash", "must be a SHA-256 in lower-case hex", "须为小写十六进制 SHA-256"
            )
        if self.deadline_ms < 0:
            raise InvalidInput("deadline_ms", "must not be negative", "不得为负")
        for field, key in (("venue_key", self.venue_key), ("opener_key", self.opener_key)):
            check_public_key(self.kem, key, field=field)
        if self.venue_key == self.opener_key:
            raise InvalidInput(
                "opener_key", "must not be the venue's own key", "不得与平台公钥相同"
            )


class Envelope(msgspec.Struct, frozen=True):
    """A sealed bid, parsed. All but `body` is in the clear; nothing of it depends on the amount but through hashes."""

    kem: str
    nonce: str
    commitment: str
    body: bytes

    def text(self) -> str:
        """The one spelling: five parts joined by dots, base64url without padding."""
        return ".".join((FORMAT, self.kem, self.nonce, self.commitment, to_base64url(self.body)))


class Bid(msgspec.Struct, frozen=True):
    """What an envelope holds: the amount in fen, and 32 random bytes that hide it in the commitment."""

    amount_fen: int
    bidder_nonce: bytes

    def plaintext(self) -> bytes:
        """The 256 bytes: version, amount, nonce, zeros."""
        amount = self.amount_fen.to_bytes(_AMOUNT_BYTES, "big")
        return _PLAINTEXT_VERSION + amount + self.bidder_nonce + _PADDING

    def is_whole(self) -> bool:
        """Whether this can be written as 256 bytes."""
        fits = 0 <= self.amount_fen < 1 << 8 * _AMOUNT_BYTES
        return fits and len(self.bidder_nonce) == _BIDDER_NONCE_BYTES


def random_bid() -> Bid:
    """A bid of a random amount, for a canary."""
    amount = 1 + secrets.randbelow(AMOUNT_MAX)
    return Bid(amount, secrets.token_bytes(_BIDDER_NONCE_BYTES))


class SealingKey:
    """A private key of the venue or of a second opener, made for one auction."""

    def __init__(self, kem: str, secret: bytes) -> None:
        """`secret` is the ML-KEM seed (64 bytes; hybrid only), then the X25519 private key (32 bytes)."""
        _check_kem(kem)
        expected = 32 + (_MLKEM_SEED_BYTES if kem == HYBRID else 0)
        if len(secret) != expected:
            raise InvalidInput("key", f"must be {expected} bytes", f"须为 {expected} 字节")
        self.kem = kem
        self._secret = secret
        classic = X25519PrivateKey.from_private_bytes(secret[-32:])
        public = classic.public_key().public_bytes_raw()
        self._key: X25519PrivateKey | MLKEM768X25519PrivateKey = classic
        if kem == HYBRID:
            lattice = MLKEM768PrivateKey.from_seed_bytes(secret[:_MLKEM_SEED_BYTES])
            public = lattice.public_key().public_bytes_raw() + public
            self._key = MLKEM768X25519PrivateKey(lattice, classic)
        self.public = to_base64url(public)

    @classmethod
    def generate(cls, kem: str = HYBRID) -> Self:
        """A new key from the operating system's random numbers."""
        _check_kem(kem)
        return cls(kem, secrets.token_bytes(32 + (_MLKEM_SEED_BYTES if kem == HYBRID else 0)))

    @classmethod
    def from_text(cls, kem: str, text: str) -> Self:
        """The key that `text()` wrote."""
        return cls(kem, from_base64url(text, field="key"))

    def text(self) -> str:
        """The private key as base64url: for its holder's key store, and for the journal only when it is disclosed."""
        return to_base64url(self._secret)

    def __repr__(self) -> str:
        return f"SealingKey({self.kem})"  # never the secret

    def decrypt(self, ciphertext: bytes, info: bytes) -> bytes | None:
        """What one layer holds; None where it was not made for this key and this info."""
        try:
            return _SUITES[self.kem].decrypt(ciphertext, self._key, info)
        except (InvalidTag, ValueError):
            return None


def seal(amount_fen: int, *, paddle: int, terms: SealingTerms) -> str:
    """The envelope of a bid, to be sent as it is. Keep the amount: nobody can tell it before the opening.

    Raises InvalidInput on an amount outside 1 .. 10^13 fen or a paddle below 1.
    """
    if type(amount_fen) is not int or not 1 <= amount_fen <= AMOUNT_MAX:
        raise InvalidInput(
            "amount_fen",
            f"must be a whole number from 1 to {AMOUNT_MAX}",
            f"须为 1 至 {AMOUNT_MAX} 的整数",
        )
    if type(paddle) is not int or paddle < 1:
        raise InvalidInput("paddle", "must be a whole number from 1", "须为不小于 1 的整数")
    return seal_bid(Bid(amount_fen, secrets.token_bytes(_BIDDER_NONCE_BYTES)), paddle, terms)


def seal_bid(bid: Bid, paddle: int, terms: SealingTerms) -> str:
    """The envelope of a bid as it stands: for `seal`, for canaries, and for tests of what must not open."""
    return seal_plaintext(bid.plaintext(), paddle, terms)


def seal_plaintext(
    plaintext: bytes, paddle: int, terms: SealingTerms, *, commitment: str = ""
) -> str:
    """The envelope of any bytes, under any commitment: what is not right in it is found at the opening."""
    nonce = to_base64url(secrets.token_bytes(_NONCE_BYTES))
    commitment = commitment or commit(plaintext, paddle=paddle, nonce=nonce, terms=terms)
    bare = Envelope(terms.kem, nonce, commitment, b"")
    inner_info, outer_info = (layer_info(name, bare, paddle, terms) for name in ("inner", "outer"))
    inner = _encrypt(terms.kem, terms.opener_key, plaintext, inner_info)
    outer = _encrypt(terms.kem, terms.venue_key, inner, outer_info)
    return msgspec.structs.replace(bare, body=outer).text()


def commit(plaintext: bytes, *, paddle: int, nonce: str, terms: SealingTerms) -> str:
    """The commitment of a plaintext: SHA-256, base64url. Hiding, because 32 random bytes are in the plaintext."""
    context = _info("commitment", terms, paddle=paddle, nonce=nonce, commitment="")
    return to_base64url(sha256(context + plaintext).digest())


def is_committed(bid: Bid, envelope: Envelope, *, paddle: int, terms: SealingTerms) -> bool:
    """Whether an opened amount is what the envelope committed to; needs no key."""
    expected = commit(bid.plaintext(), paddle=paddle, nonce=envelope.nonce, terms=terms)
    return expected == envelope.commitment


def parse_envelope(text: str) -> Envelope:
    """The envelope, if the text is one in its one right spelling. Raises MalformedEnvelope saying why not."""
    parts = text.split(".")
    if len(parts) != 5 or parts[0] != FORMAT:
        raise MalformedEnvelope(f"envelope: it does not have the five parts of a {FORMAT} envelope")
    _, kem, nonce, commitment, body_text = parts
    if kem not in _SUITES:
        raise MalformedEnvelope(f"envelope: its key encapsulation must be one of {', '.join(KEMS)}")
    body = _part(body_text, _body_bytes(kem), "body")
    _part(nonce, _NONCE_BYTES, "nonce")
    _part(commitment, sha256().digest_size, "commitment")
    return Envelope(kem, nonce, commitment, body)


def peel(envelope: Envelope, venue_key: SealingKey, *, paddle: int, terms: SealingTerms) -> bytes:
    """The inner layer. Raises WillNotOpen (`outer_layer`)."""
    inner = venue_key.decrypt(envelope.body, layer_info("outer", envelope, paddle, terms))
    if inner is None:
        raise WillNotOpen("outer_layer")
    return inner


def open_inner(
    inner: bytes, envelope: Envelope, opener_key: SealingKey, *, paddle: int, terms: SealingTerms
) -> bytes:
    """What the bidder sealed. Raises WillNotOpen (`inner_layer`)."""
    plaintext = opener_key.decrypt(inner, layer_info("inner", envelope, paddle, terms))
    if plaintext is None:
        raise WillNotOpen("inner_layer")
    return plaintext


def read_bid(plaintext: bytes, envelope: Envelope, *, paddle: int, terms: SealingTerms) -> Bid:
    """The bid in an opened envelope. Raises WillNotOpen (`padding`, `commitment`, `out_of_range`)."""
    head = len(_PLAINTEXT_VERSION)
    amount_end = head + _AMOUNT_BYTES
    nonce_end = amount_end + _BIDDER_NONCE_BYTES
    is_laid_out = plaintext[:head] == _PLAINTEXT_VERSION and plaintext[nonce_end:] == _PADDING
    if len(plaintext) != PLAINTEXT_BYTES or not is_laid_out:
        raise WillNotOpen("padding")
    bid = Bid(int.from_bytes(plaintext[head:amount_end], "big"), plaintext[amount_end:nonce_end])
    if not is_committed(bid, envelope, paddle=paddle, terms=terms):
        raise WillNotOpen("commitment")
    if not 1 <= bid.amount_fen <= AMOUNT_MAX:
        raise WillNotOpen("out_of_range")
    return bid


def layer_info(layer: str, envelope: Envelope, paddle: int, terms: SealingTerms) -> bytes:
    """The HPKE `info` of one layer of an envelope."""
    return _info(layer, terms, paddle=paddle, nonce=envelope.nonce, commitment=envelope.commitment)


def _info(layer: str, terms: SealingTerms, *, paddle: int, nonce: str, commitment: str) -> bytes:
    """Nine lines of ASCII, each ended by a line feed: any language can write them."""
    lines = (
        "luochui-sealed-bid-v1",
        layer,
        terms.kem,
        terms.auction,
        str(paddle),
        nonce,
        str(terms.deadline_ms),
        terms.terms_hash,
        commitment,
    )
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _encrypt(kem: str, public_key: str, plaintext: bytes, info: bytes) -> bytes:
    return _SUITES[kem].encrypt(plaintext, _public_key(kem, public_key, field="key"), info)


def check_public_key(kem: str, text: str, *, field: str) -> None:
    """Refuse a public key that this key encapsulation can't use, naming the field."""
    _public_key(kem, text, field=field)


def _public_key(kem: str, text: str, *, field: str) -> X25519PublicKey | MLKEM768X25519PublicKey:
    _check_kem(kem)
    raw = from_base64url(text, field=field)
    expected = 32 + (_MLKEM_PUBLIC_BYTES if kem == HYBRID else 0)
    if len(raw) != expected:
        raise InvalidInput(field, f"must be {expected} bytes", f"须为 {expected} 字节")
    classic = X25519PublicKey.from_public_bytes(raw[-32:])
    if kem == CLASSIC:
        return classic
    try:
        lattice = MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC_BYTES])
    except ValueError as error:
        raise InvalidInput(field, "is no ML-KEM-768 key", "不是 ML-KEM-768 公钥") from error
    return MLKEM768X25519PublicKey(lattice, classic)


def _check_kem(kem: str) -> None:
    if kem not in _SUITES:
        raise InvalidInput(
            "kem", f"must be one of {', '.join(KEMS)}", f"须为 {'、'.join(KEMS)} 之一"
        )


def _body_bytes(kem: str) -> int:
    return PLAINTEXT_BYTES + 2 * _LAYER_BYTES[kem]


def envelope_length(kem: str) -> int:
    """The length of every envelope's text: it does not depend on the amount."""
    return len(Envelope(kem, "-" * 22, "-" * 43, bytes(_body_bytes(kem))).text())


def to_base64url(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str, *, field: str) -> bytes:
    """The bytes, if the text is their one right spelling; InvalidInput naming the field otherwise."""
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (Base64Error, UnicodeEncodeError):
        data = b""
    if not data or to_base64url(data) != text:
        raise InvalidInput(field, "must be base64url without padding", "须为无填充的 base64url")
    return data


def _part(text: str, size: int, name: str) -> bytes:
    try:
        data = from_base64url(text, field=name)
    except InvalidInput as error:
        raise MalformedEnvelope(f"envelope: {error.message}") from None
    if len(data) != size:
        raise MalformedEnvelope(f"envelope: {name} must be {size} bytes, not {len(data)}")
    return data
