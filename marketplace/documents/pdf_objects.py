"""Looks into the objects of a PDF that lie packed in streams (PDF 1.5, ISO 32000-1, 7.5.7), where a name by which the
file acts could hide from a look at its bytes. Source: reliability T67.
"""

import re
import zlib
from typing import Final

#: A stream that may be packed: the keyword, the end of its line, the first byte of a zlib header (RFC 1950).
_STREAM: Final = re.compile(
    rb"stream[\x00\t\x0c ]*[\r\n]{0,2}(?=[\x08\x18\x28\x38\x48\x58\x68\x78])"
)
#: How packed objects begin: pairs of a number and an offset, after white space and comments.
_OBJECTS: Final = re.compile(rb"[\x00\s]*(?:%[^\r\n]*[\r\n][\x00\s]*)*\d+[\x00\s]+\d+[\x00\s]")
#: Ways to write packed objects that no program needs, and that are not undone here.
_OTHERWISE: Final = re.compile(
    rb"/(?:LZW|ASCIIHex|ASCII85|RunLength)Decode\b|/(?:AHx|A85|LZW|RL)\b"
    rb"|/ObjStm[^>]{0,400}/Predictor\b|/Predictor\b[^>]{0,400}>>[^>]{0,400}/ObjStm"
)
_HEAD_BYTES: Final = 4_096
_INPUT_BYTES: Final = 65_536
_STREAMS_MAX: Final = 20_000
#: Of all packed objects together.
UNPACKED_MAX: Final = 32_000_000


class Unreadable(ValueError):
    """Packed objects that can't be looked into within reason."""


def unpacked(content: bytes, plain: bytes) -> bytes:
    """The packed objects of a PDF, one after the other; `plain` is its content with the escapes in names undone.

    Raises `Unreadable` for objects packed in another way than by Flate alone, for more than `UNPACKED_MAX` of them,
    and for more streams than a document has.
    """
    # Counted before they are looked around: a search holds up everybody, and each place costs it hundreds of steps.
    if max(plain.count(b"/ObjStm"), plain.count(b"/Predictor")) > _STREAMS_MAX:
        raise Unreadable
    if b"/ObjStm" in plain and _OTHERWISE.search(plain):
        raise Unreadable
    found: list[bytes] = []
    left = UNPACKED_MAX
    view = memoryview(content)
    for number, stream in enumerate(_STREAM.finditer(content)):
        if number == _STREAMS_MAX:
            raise Unreadable
        objects = _objects(view[stream.end() :], left)
        left -= len(objects)
        found.append(objects)
    return b"\n".join(found)


def _objects(packed: memoryview, most: int) -> bytes:
    """What a stream unpacks to if it holds objects, as far as it can be unpacked; else nothing."""
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(packed[:_INPUT_BYTES], _HEAD_BYTES)
    except zlib.error:
        return b""
    if not _OBJECTS.match(text):
        return b""
    parts, size, at = [text], len(text), _INPUT_BYTES
    while not reader.eof:
        taken = reader.unconsumed_tail or bytes(packed[at : at + _INPUT_BYTES])
        at += 0 if reader.unconsumed_tail else _INPUT_BYTES
        try:
            part = reader.decompress(taken, _INPUT_BYTES * 16)
        except zlib.error:
            break  # a reader of PDFs shows what it got so far, too
        if not taken and not part:
            break
        parts.append(part)
        size += len(part)
        if size > most:
            raise Unreadable
    return b"".join(parts)
