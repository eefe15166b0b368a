"""What a valuation's row says of its computation and its scores: as the API takes them, and as right."""

from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec

from kit.errors import InvalidInput
from marketplace.imports.portfolio import Row, about_cell
from marketplace.imports.schemas import Finding
from marketplace.valuations.calculators import Computation
from marketplace.valuations.rules import computed_as
from marketplace.valuations.schemas import ValuationMethod
from marketplace.valuations.scoring import NewScores, scored

_KINDS: Final[dict[str, Any]] = {"computation": Computation, "scores": NewScores}


def workings_of(row: Row, values: dict[str, object]) -> tuple[dict[str, object], list[Finding]]:
    """`computation` and `scores` of a row as structs, and what is wrong with them; `values` are the row's others."""
    found: dict[str, object] = {}
    findings: list[Finding] = []
    for key, kind in _KINDS.items():
        said = values.get(key)
        if said is None:
            continue
        try:
            found[key] = msgspec.convert(said, kind)
        except msgspec.ValidationError as error:
            findings.append(about_cell(row, key, "invalid_json", str(error), f"内容不符：{error}"))
    findings += _wrong(row, found, values)
    return found, findings


def _wrong(row: Row, found: dict[str, object], values: dict[str, object]) -> Iterator[Finding]:
    try:
        if "scores" in found:
            scored(cast("NewScores", found["scores"]))
    except InvalidInput as error:
        yield about_cell(row, "scores", "invalid_scores", error.message, error.message_zh)
    try:
        if "computation" in found:
            computed_as(
                cast("Computation", found["computation"]),
                method=ValuationMethod(cast("str", values["method"])),
                value_fen=cast("int", values["value_fen"]),
            )
    except InvalidInput as error:
        yield about_cell(row, "computation", "wrong_computation", error.message, error.message_zh)
