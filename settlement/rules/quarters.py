"""Quarters, the last day of their returns, and what a branch's figures must satisfy. Source: domain 1.2, 1.4, 1.6."""

import re
from datetime import date, timedelta

import msgspec

from kit.errors import InvalidInput
from settlement.rules.npl import TOLERANCE_BP, gap_bp, is_tolerated

DUE_DAYS = 10
_QUARTER = re.compile(r"(20\d\d)Q([1-4])")


class Branch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a branch reports of a quarter, in fen; bad loans are the last three classes (次级、可疑、损失)."""

    branch: str
    is_science_branch: bool = False
    ip_opening_fen: int
    ip_new_fen: int
    ip_repaid_fen: int
    ip_balance_fen: int
    ip_overdue_fen: int
    ip_substandard_fen: int
    ip_doubtful_fen: int
    ip_loss_fen: int
    all_balance_fen: int
    all_npl_fen: int

    @property
    def ip_npl_fen(self) -> int:
        """Bad IP-pledged loans."""
        return self.ip_substandard_fen + self.ip_doubtful_fen + self.ip_loss_fen


class Tolerance(msgspec.Struct, frozen=True, kw_only=True):
    """The tolerance test of a branch: its gap in basis points as an exact fraction, and the verdict."""

    branch: str
    gap_bp: str
    limit_bp: int
    is_tolerated: bool


def before(today: date) -> str:
    """The last quarter that is over, like 2026Q3."""
    year, number = today.year, (today.month - 1) // 3
    return f"{year - 1}Q4" if number == 0 else f"{year}Q{number}"


def span(quarter: str, field: str = "quarter") -> tuple[date, date]:
    """The first and the last day of a quarter written 2026Q3. Raises `InvalidInput`."""
    found = _QUARTER.fullmatch(quarter)
    if found is None:
        raise InvalidInput(field, f"must be like 2026Q3, not {quarter!r}", "格式应为 2026Q3")
    year, number = int(found[1]), int(found[2])
    following = date(year + number // 4, number % 4 * 3 + 1, 1)
    return date(year, number * 3 - 2, 1), following - timedelta(days=1)


def due_on(quarter: str) -> date:
    """The last day for the quarter's return: ten calendar days after its end, holidays or not (domain 11, 13)."""
    return span(quarter)[1] + timedelta(days=DUE_DAYS)


def check(branch: Branch, field: str) -> None:
    """Refuse figures that can't be: a balance that does not add up, bad loans beyond the balance."""
    for name in branch.__struct_fields__:
        value = getattr(branch, name)
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            raise InvalidInput(f"{field}.{name}", f"must be 0 or more, not {value}", "不能为负数")
    closing = branch.ip_opening_fen + branch.ip_new_fen - branch.ip_repaid_fen
    if branch.ip_balance_fen != closing:
        raise InvalidInput(
            f"{field}.ip_balance_fen",
            f"must be opening + new - repaid = {closing}, not {branch.ip_balance_fen}",
            f"期末余额应为期初＋新增－收回＝{closing}",
        )
    for name, part, whole in (
        ("ip_substandard_fen", branch.ip_npl_fen, branch.ip_balance_fen),
        ("ip_overdue_fen", branch.ip_overdue_fen, branch.ip_balance_fen),
        ("all_npl_fen", branch.all_npl_fen, branch.all_balance_fen),
        ("ip_balance_fen", branch.ip_balance_fen, branch.all_balance_fen),
    ):
        if part > whole:
            raise InvalidInput(
                f"{field}.{name}", f"{part} is more than the {whole} it is part of", "超过所属余额"
            )


def tolerance(branch: Branch) -> Tolerance:
    """Three percentage points, inclusive, by exact integers (domain 1.4)."""
    figures = {
        "ip_npl_fen": branch.ip_npl_fen,
        "ip_balance_fen": branch.ip_balance_fen,
        "all_npl_fen": branch.all_npl_fen,
        "all_balance_fen": branch.all_balance_fen,
    }
    return Tolerance(
        branch=branch.branch,
        gap_bp=str(gap_bp(**figures)),
        limit_bp=TOLERANCE_BP,
        is_tolerated=is_tolerated(**figures),
    )


def disagrees(reported_fen: int, ledger_fen: int, *, tolerance_bp: int) -> bool:
    """MON-02: whether what is reported differs from the ledger by more than a part of it."""
    return abs(reported_fen - ledger_fen) * 10_000 > tolerance_bp * ledger_fen
