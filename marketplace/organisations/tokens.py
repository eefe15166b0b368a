"""Opaque secrets: session tokens and API keys. Only their SHA-256 is stored; their entropy needs no slower hash."""

import hashlib
import re
import secrets
import string

import msgspec

_BASE62 = string.digits + string.ascii_letters
_KEY = re.compile(r"lc_live_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})\Z")


class ApiKeyText(msgspec.Struct, frozen=True, kw_only=True):
    """A key in its parts: the public id finds its row, the secret proves it."""

    public_id: str
    secret: str

    @property
    def whole(self) -> str:
        """The key as its owner sends it; the prefix lets secret scanners find leaks."""
        return f"lc_live_{self.public_id}_{self.secret}"


def new_session_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def new_api_key() -> ApiKeyText:
    """An id of 12 and a secret of 43 characters (256 bits)."""
    return ApiKeyText(public_id=_random(12), secret=_random(43))


def parse_api_key(key: str) -> ApiKeyText | None:
    """The parts of a key; None for anything that was never one."""
    match = _KEY.match(key)
    return None if match is None else ApiKeyText(public_id=match[1], secret=match[2])


def digest(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def form_token(session_token: str) -> str:
    """What HTML forms of this session carry: only who has the session can know it (reliability T45)."""
    return hashlib.sha256(b"form:" + session_token.encode()).hexdigest()


def is_same(one: str | bytes, other: str | bytes) -> bool:
    """Equality in constant time."""
    left = one.encode() if isinstance(one, str) else one
    right = other.encode() if isinstance(other, str) else other
    return secrets.compare_digest(left, right)


def _random(length: int) -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(length))
