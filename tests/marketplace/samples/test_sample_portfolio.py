"""The sample program writes workbooks that are clearly synthetic."""

import io
import os
import subprocess
import sys
from pathlib import Path

from openpyxl import load_workbook

from marketplace.assets.identifiers import credit_code, patent_number
from marketplace.imports.sample import (
    BANK_CODE,
    BORROWER_CODE,
    NOTICE,
    PATENTS,
    PLANTED,
    TRADEMARK,
    portfolio_bytes,
)
from tests.make_portfolio import TODAY

ROOT = Path(__file__).resolve().parents[3]


def test_the_program_writes_both_workbooks(tmp_path: Path) -> None:
    """`python samples/portfolio.py OUT` and `--with-errors` write what the library makes."""
    out = tmp_path / "sample.xlsx"
    command = [sys.executable, "samples/portfolio.py", str(out), "--today", "2026-11-02"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for more in ([], ["--with-errors"]):
        subprocess.run([*command, *more], cwd=ROOT, env=environment, check=True)
        book = load_workbook(out)
        assert NOTICE in str(book["说明"]["A1"].value)
    assert book["评估"]["G2"].data_type == "f"


def test_the_sample_is_synthetic_and_its_numbers_verify() -> None:
    """Check digits are right, every name says that it is an example, and a dozen mistakes are planted at least."""
    assert [patent_number(number) for number in PATENTS]
    assert credit_code(BANK_CODE) != credit_code(BORROWER_CODE)
    assert TRADEMARK.startswith("9999")
    assert len(PLANTED) >= 12
    book = load_workbook(io.BytesIO(portfolio_bytes(today=TODAY)))
    names = [
        book["贷款"]["B2"],
        book["质押"]["D2"],
        book["评估"]["E2"],
        *book["知识产权"]["D"][1:5],
    ]
    assert all("示例" in str(cell.value) for cell in names)
