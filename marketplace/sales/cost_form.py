"""The form of a sale's costs (费用) as the struct that the API takes: a line a cost, parted by tabs or commas."""

import re
from collections.abc import Mapping
from typing import Final

from kit.errors import InvalidInput
from marketplace.imports.cells import CellWrong, amount_fen
from marketplace.pages.forms import built
from marketplace.sales.schemas import CostsIn

_KINDS: Final[Mapping[str, str]] = {"费用": "COST", "税": "TAX", "COST": "COST", "TAX": "TAX"}
_LEAST, _MOST = 5, 6


def costs_of(fields: Mapping[str, str]) -> CostsIn:
    """The costs. Raises `InvalidInput` with the line that is wrong."""
    lines = [
        _line(line, place)
        for place, line in enumerate(fields.get("lines", "").splitlines(), 1)
        if line.strip()
    ]
    return built({"lines": lines}, CostsIn)


def _line(line: str, place: int) -> dict[str, object]:
    parts = [part.strip() for part in re.split("\t" if "\t" in line else "[,，]", line)]
    if not _LEAST <= len(parts) <= _MOST or parts[0].upper() not in _KINDS:
        raise InvalidInput(
            "lines",
            f"line {place} must be 费用 or 税, name, amount in yuan, payee, the payee's code, evidence",
            f"第 {place} 行须为：费用或税，名称，金额（元），收款人，收款人代码，凭证",
        )
    try:
        fen = amount_fen(parts[2].replace(",", ""))
    except CellWrong as error:
        raise InvalidInput(
            "lines", f"line {place}: {error.message}", f"第 {place} 行：{error.message_zh}"
        ) from error
    return {
        "kind": _KINDS[parts[0].upper()],
        "name": parts[1],
        "amount_fen": fen,
        "payee_name": parts[3],
        "payee_code": parts[4],
        "evidence": parts[5] if len(parts) == _MOST else "",
    }
