"""The form of a registration (竞买登记表) as the struct that the API takes.

People write parties line by line, "name, code"; a natural person's identity number is kept as its SHA-256 only, as
`conflicts` knows persons.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from kit.errors import InvalidInput
from marketplace.bidders.schemas import Registration
from marketplace.pages.forms import built, in_fen

_SEPARATOR: Final = re.compile(r"[,，\t]")
_CREDIT_CODE: Final = re.compile(r"[0-9A-Z]{18}")
_IDENTITY_NUMBER: Final = re.compile(r"[0-9A-Z]{6,18}")


def registration_of(fields: Mapping[str, str], *, warnings: int) -> Registration:
    """The registration; each of the notice's `warnings` special warnings must be ticked. Raises `InvalidInput`.

    Source: 法释〔2016〕18号 art. 14; domain 7 (特别提示: a tick per item).
    """
    for n in range(1, warnings + 1):
        if fields.get(f"warning_{n}") != "true":
            raise InvalidInput(
                f"warning_{n}",
                "read each special warning and tick it",
                "请逐条阅读特别提示并勾选",
            )
    declaration: dict[str, object] = {
        "controllers": [
            *_parties(fields, "controllers", are_people=False),
            *_parties(fields, "controlling_persons", are_people=True),
        ],
        "related": _parties(fields, "related", are_people=False),
        "source_of_funds": fields.get("source_of_funds", "").strip(),
        "is_foreign": fields.get("is_foreign") == "true",
    }
    if letter := fields.get("letter_of_intent", "").strip():
        declaration["letter_of_intent"] = letter
    values: dict[str, object] = {
        "disclosure_sha256": fields.get("disclosure_sha256", ""),
        "conflict_statement": fields.get("conflict_statement", "").strip(),
        "declaration": declaration,
    }
    if (limit := in_fen(fields, "limit").get("limit_fen")) is not None:
        values["limit_fen"] = int(limit)
    return built(values, Registration)


def _parties(fields: Mapping[str, str], name: str, *, are_people: bool) -> list[dict[str, str]]:
    """The parties of a field's lines. Raises `InvalidInput` with the line."""
    found = []
    for place, line in enumerate(fields.get(name, "").splitlines(), 1):
        if not line.strip():
            continue
        called, _, written = (part.strip() for part in _SEPARATOR.sub(",", line).partition(","))
        code = re.sub(r"\s", "", written).upper()
        shape = _IDENTITY_NUMBER if are_people else _CREDIT_CODE
        if not called or shape.fullmatch(code) is None:
            raise _wrong_line(name, place, are_people=are_people)
        if are_people:
            code = hashlib.sha256(code.encode()).hexdigest()
        found.append({"name": called, "code": code})
    return found


def _wrong_line(name: str, place: int, *, are_people: bool) -> InvalidInput:
    if are_people:
        return InvalidInput(
            name,
            f"line {place} must be a name, a comma, and the number of the identity papers",
            f"第 {place} 行须为：姓名，证件号码",
        )
    return InvalidInput(
        name,
        f"line {place} must be a name, a comma, and the unified social credit code of 18 signs",
        f"第 {place} 行须为：名称，18 位统一社会信用代码",
    )
