"""The form of a quarterly return (季度统计表) as the struct that the API takes: a line a branch, as in a sheet."""

import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from kit.errors import InvalidInput
from marketplace.imports.cells import CellWrong, amount_fen
from marketplace.pages.forms import built
from marketplace.pages.vocabulary import Words
from marketplace.returns.schemas import ReturnIn

#: The amounts of a line after the branch's name, in this order.
COLUMNS: Final[Mapping[str, Words]] = {
    "ip_opening": Words("期初余额", "Opening"),
    "ip_new": Words("新增", "New"),
    "ip_repaid": Words("收回", "Repaid"),
    "ip_balance": Words("期末余额", "Closing"),
    "ip_overdue": Words("逾期", "Overdue"),
    "ip_substandard": Words("次级", "Substandard"),
    "ip_doubtful": Words("可疑", "Doubtful"),
    "ip_loss": Words("损失", "Loss"),
    "all_balance": Words("全部贷款余额", "All loans"),
    "all_npl": Words("全部不良贷款", "All bad loans"),
}
#: How a branch is marked that is a science branch (科技支行), after its name.
_SCIENCE: Final = "*"


def return_of(fields: Mapping[str, str]) -> ReturnIn:
    """The return. Raises `InvalidInput` with the line that is wrong."""
    return built(
        {
            "quarter": fields.get("quarter", "").strip(),
            "recipients": [_recipient(fields, name) for name in ("recipient_1", "recipient_2")],
            "branches": _branches(fields.get("branches", "")),
        },
        ReturnIn,
    )


def _recipient(fields: Mapping[str, str], name: str) -> str:
    try:
        return str(UUID(fields.get(name, "")))
    except ValueError as error:
        raise InvalidInput(name, "choose an authority", "请选择主管部门") from error


def _branches(text: str) -> list[dict[str, object]]:
    found = []
    for place, line in enumerate(text.splitlines(), 1):
        if line.strip():
            found.append(_branch(line, place))
    return found


def _branch(line: str, place: int) -> dict[str, object]:
    """A line's parts have tabs between them, as from a sheet, or commas where no amount has one."""
    parts = [part.strip() for part in re.split("\t" if "\t" in line else "[,，]", line)]
    if len(parts) != len(COLUMNS) + 1 or not parts[0]:
        raise InvalidInput(
            "branches",
            f"line {place} has {len(parts)} parts; it must have a branch and {len(COLUMNS)} amounts",
            f"第 {place} 行有 {len(parts)} 项，须为支行名称和 {len(COLUMNS)} 项金额",
        )
    branch: dict[str, object] = {
        "branch": parts[0].removesuffix(_SCIENCE).strip(),
        "is_science_branch": parts[0].endswith(_SCIENCE),
    }
    for (name, said), written in zip(COLUMNS.items(), parts[1:], strict=True):
        try:
            branch[f"{name}_fen"] = (
                0 if written in ("0", "0.00", "-", "") else amount_fen(written.replace(",", ""))
            )
        except CellWrong as error:
            raise InvalidInput(
                "branches",
                f"line {place}, {said.en}: {error.message}",
                f"第 {place} 行{said.zh}：{error.message_zh}",
            ) from error
    return branch
