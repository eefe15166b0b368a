"""Writes the synthetic sample portfolio: `python samples/portfolio.py OUT.xlsx [--with-errors] [--today 2026-11-02]`.

Everything in it is made up (合成示例数据); see `marketplace/imports/sample.py` for what it holds.
"""

import argparse
from datetime import date
from pathlib import Path

from kit.clock import CHINA, system_clock
from marketplace.imports.sample import portfolio_bytes, portfolio_with_errors_bytes


def main() -> None:
    """Write the workbook that the arguments ask for."""
    parser = argparse.ArgumentParser(
        description="Write the synthetic sample portfolio. / 生成合成示例资产包"
    )
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--with-errors", action="store_true", help="plant mistakes to see them found"
    )
    parser.add_argument(
        "--today", type=date.fromisoformat, default=system_clock().astimezone(CHINA).date()
    )
    given = parser.parse_args()
    make = portfolio_with_errors_bytes if given.with_errors else portfolio_bytes
    given.out.write_bytes(make(today=given.today))


if __name__ == "__main__":
    main()
