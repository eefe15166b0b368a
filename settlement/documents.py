"""Documents as bytes: one struct gives one sequence of bytes, and the bytes one SHA-256."""

import hashlib
from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def canonical(document: msgspec.Struct) -> bytes:
    """The document as JSON, keys in order: the same content is the same bytes on every machine."""
    return msgspec.json.encode(document, order="deterministic")


def digest(document: msgspec.Struct) -> bytes:
    """The SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical(document)).digest()


def read(content: bytes, kind: type[T]) -> T:
    """A stored document as its struct."""
    return msgspec.json.decode(content, type=kind)
