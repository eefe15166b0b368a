"""Payment references: what a payer writes on a transfer so that it is known what is paid.

A reference follows from what is due alone, so it is the same whenever it is asked for: `LCD-` (a deposit), `LCP-` (a
price), `LCC-` (a claim on a buyer), `LCR-` (an invoice of a licence) or `LCM-` (a period of a mandate), ten
characters of Crockford's base 32 (no I, L, O, U), and a check character against slips of the pen.
"""

import hashlib
import re
import unicodedata
from typing import Literal
from uuid import UUID

DueKind = Literal["DEPOSIT", "PRICE", "CLAIM", "ROYALTY", "MANDATE"]
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS: dict[DueKind, str] = {
    "DEPOSIT": "D",
    "PRICE": "P",
    "CLAIM": "C",
    "ROYALTY": "R",
    "MANDATE": "M",
}
_BODY = 10
#: What people write for what they mean: 0 for O, 1 for I and L.
_MISREAD = str.maketrans("OIL", "011")
_SEPARATORS = re.compile(r"[\s\-_./·—–:：,，、]+")
_FOUND = re.compile(r"(?=LC([DPCRM])([0-9A-TV-Z]{11}))")
_BRACKETS = str.maketrans("()[]【】〔〕", "()()()()")


def reference_of(kind: DueKind, subject_id: UUID, party_id: UUID) -> str:
    """The reference of what a party is to pay for a lot, invoice or period, without the hyphens it is shown with."""
    seed = f"{kind}:{subject_id}:{party_id}".encode()
    number = int.from_bytes(hashlib.sha256(seed).digest()[:8], "big") >> (64 - 5 * _BODY)
    body = "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_BODY)))
    letter = _LETTERS[kind]
    return f"LC{letter}{body}{_check_character(letter, body)}"


def shown(reference: str) -> str:
    """A reference as people read it: `LCD-7G3QK-0M9XTA`."""
    return f"{reference[:3]}-{reference[3:8]}-{reference[8:]}"


def references_in(text: str) -> list[str]:
    """The references that a remittance text holds, each once, whatever spaces, width and case they are written in."""
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    found = []
    for match in _FOUND.finditer(plain):
        letter, written = match.groups()
        code = written.translate(_MISREAD)
        if _check_character(letter, code[:_BODY]) == code[_BODY]:
            found.append(f"LC{letter}{code}")
    return list(dict.fromkeys(found))


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for width, spaces, case and the kind of brackets."""
    return _plain_name(one) == _plain_name(other) != ""


def _plain_name(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).translate(_BRACKETS)
    return "".join(text.split()).casefold()


def _check_character(letter: str, body: str) -> str:
    """A weighted sum modulo 31, a prime: a single slip or a swap of two changes it, unless it is 0 against Z."""
    total = sum(
        (place + 2) * _ALPHABET.index(character) for place, character in enumerate(letter + body)
    )
    return _ALPHABET[total % 31]
