"""A synthetic portfolio for demonstrations and tests: one bank, one defaulted loan, four rights. Nothing in it is real.

The loan has the size of domain 5.6, example 1. Numbers carry right check digits and name no existing right or firm;
every name says that it is an example. `with_errors` plants the mistakes listed in `PLANTED`.
"""

import io
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from openpyxl import load_workbook

from marketplace.assets.identifiers import credit_check_symbol, patent_check_digit
from marketplace.assets.terms import add_years
from marketplace.imports.layout import LOANS, PLEDGES, RIGHTS, VALUATIONS
from marketplace.imports.template import Value, workbook_bytes

NOTICE: Final = "合成示例数据，非真实主体和权利。 SYNTHETIC EXAMPLE: no real party, loan or right."

Rows = dict[str, list[dict[str, Value]]]


def credit_code_of(body: str) -> str:
    """A code with its right check symbol."""
    return body + credit_check_symbol(body)


def patent_number_of(digits: str) -> str:
    """A patent number as certificates print it, with its right check digit."""
    return f"ZL{digits}.{patent_check_digit(digits)}"


BANK_NAME: Final = "汾河示例银行股份有限公司"
BANK_CODE: Final = credit_code_of("91140000MA0EXAMP1")
BORROWER_NAME: Final = "示例智造科技有限公司"
BORROWER_CODE: Final = credit_code_of("91140100MA0EXAMP2")
CONTRACT: Final = "示例贷字2024第0001号"
PATENTS: Final = tuple(
    patent_number_of(digits) for digits in ("201810999901", "202010999902", "202120999903")
)
TRADEMARK: Final = "99990001"


def rows(today: date) -> Rows:
    """The rows of the sample, all right, with days such that valuation and fees are good on `today`."""
    return {
        LOANS.title: [_loan(today)],
        PLEDGES.title: _pledges(today),
        RIGHTS.title: _rights(today),
        VALUATIONS.title: _valuations(today),
    }


def portfolio_bytes(
    *, today: date, bank_name: str = BANK_NAME, bank_code: str = BANK_CODE, serial: int = 1
) -> bytes:
    """The sample as a workbook; the bank's name and code are those of the pledgee.

    Another `serial` (1 to 3,000) is another loan with other rights, so that one installation can import several.
    """
    made = _numbered(_of_bank(rows(today), bank_name, bank_code), serial)
    return workbook_bytes(made, notice=NOTICE)


def portfolio_with_errors_bytes(
    *, today: date, bank_name: str = BANK_NAME, bank_code: str = BANK_CODE, serial: int = 1
) -> bytes:
    """The sample with the mistakes of `PLANTED`; nothing of it may be imported."""
    wrong = _of_bank(rows(today), bank_name, bank_code)
    for title, number, key, spoil in _SPOILED:
        row = wrong[title][number - 2]
        row[key] = spoil(row[key])
    wrong = _numbered(wrong, serial)
    book = load_workbook(io.BytesIO(workbook_bytes(wrong, notice=NOTICE)))
    book[VALUATIONS.title]["G2"] = "=1500000*2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _loan(today: date) -> dict[str, Value]:
    granted = add_years(today, -2)
    return {
        "contract_number": CONTRACT,
        "borrower_name": BORROWER_NAME,
        "borrower_code": BORROWER_CODE,
        "loan_amount_fen": Decimal("5000000.00"),
        "principal_fen": Decimal("4876543.21"),
        "interest_fen": Decimal("132468.09"),
        "penalty_fen": Decimal("0"),
        "granted_on": granted,
        "due_on": add_years(granted, 1),
        "defaulted_on": add_years(granted, 1) + timedelta(days=90),
        "demanded_on": add_years(granted, 1) + timedelta(days=95),
        "limitation_ends_on": add_years(granted, 4),
        "grade": "可疑",
        "flags": "已纳入风险补偿",
        "ip_part_bp": Decimal("100"),
    }


def _pledges(today: date) -> list[dict[str, Value]]:
    granted = add_years(today, -2)
    shared: dict[str, Value] = {
        "contract_number": CONTRACT,
        "pledgee_name": BANK_NAME,
        "pledgee_code": BANK_CODE,
        "pledgor_name": BORROWER_NAME,
        "pledgor_code": BORROWER_CODE,
        "secured_amount_fen": Decimal("6000000.00"),
        "is_maximum": "是",
    }
    return [
        shared
        | {
            "registration_number": "Y2024990000001",
            "registered_on": granted + timedelta(days=4),
            "assets": "；".join(PATENTS),
        },
        shared
        | {
            "registration_number": "示例商质2024第0001号",
            "registered_on": granted + timedelta(days=7),
            "secured_amount_fen": Decimal("800000.00"),
            "is_maximum": "否",
            "assets": f"{TRADEMARK}/9",
        },
    ]


def _rights(today: date) -> list[dict[str, Value]]:
    shared: dict[str, Value] = {
        "owner_name": BORROWER_NAME,
        "owner_code": BORROWER_CODE,
        "legal_status": "有效",
        "status_as_of": today - timedelta(days=3),
        "status_source": "登记簿副本（示例）",
        "fee_paid_to": add_years(today, 1),
    }
    first, second, third = PATENTS
    return [
        shared
        | {
            "ip_type": "发明专利",
            "number": first,
            "title": "一种煤层气井口智能控制装置（示例）",
            "filed_on": date(2018, 7, 31),
            "granted_on": date(2020, 3, 17),
        },
        shared
        | {
            "ip_type": "发明专利",
            "number": second,
            "title": "矿用传感器组网方法（示例）",
            "filed_on": date(2020, 5, 11),
            "granted_on": date(2022, 8, 5),
        },
        shared
        | {
            "ip_type": "实用新型专利",
            "number": third,
            "title": "防爆型网关外壳（示例）",
            "filed_on": date(2021, 4, 2),
            "granted_on": date(2021, 12, 10),
            "has_evaluation_report": "是",
        },
        shared
        | {
            "ip_type": "商标",
            "number": TRADEMARK,
            "nice_class": 9,
            "title": "示例智造 EXAMPLE",
            "filed_on": date(2016, 9, 1),
            "granted_on": date(2017, 10, 14),
            "expires_on": add_years(today, 4),
            "fee_paid_to": None,
        },
    ]


def _valuations(today: date) -> list[dict[str, Value]]:
    base = today - timedelta(days=60)
    shared: dict[str, Value] = {
        "valuer_name": "示例资产评估有限公司",
        "base_on": base,
        "valid_to": add_years(base, 1),
    }
    return [
        shared
        | {
            "report_number": "示例评报字第0001号",
            "assets": "；".join(PATENTS),
            "kind": "外部评估",
            "method": "收益法",
            "value_fen": Decimal("3000000.00"),
        },
        shared
        | {
            "report_number": "示例评报字第0002号",
            "assets": TRADEMARK,
            "kind": "银行内部评估",
            "method": "市场法",
            "value_fen": Decimal("200000.00"),
        },
    ]


def _of_bank(sheets: Rows, name: str, code: str) -> Rows:
    for row in sheets[PLEDGES.title]:
        row["pledgee_name"], row["pledgee_code"] = name, code
    return sheets


def _numbered(sheets: Rows, serial: int) -> Rows:
    """The same rows with the borrower and the numbers of the `serial`-th sample; the first stays as it is."""
    # Year and type digit stay; the serial number of seven digits goes on by three a sample.
    new = {
        old: patent_number_of(f"{old[2:7]}{int(old[7:14]) + 3 * (serial - 1):07}")
        for old in PATENTS
    }
    if serial > 1:
        new |= {
            BORROWER_NAME: f"示例智造科技{serial:04}号有限公司",
            BORROWER_CODE: credit_code_of(f"91140100MAEX{serial:05}"),
        }
    new |= {
        CONTRACT: f"示例贷字2024第{serial:04}号",
        TRADEMARK: f"{99990000 + serial}",
        "Y2024990000001": f"Y2024990{serial:06}",
        "示例商质2024第0001号": f"示例商质2024第{serial:04}号",
        "示例评报字第0001号": f"示例评报字第{2 * serial - 1:04}号",
        "示例评报字第0002号": f"示例评报字第{2 * serial:04}号",
    }
    pattern = re.compile("|".join(map(re.escape, new)))

    def renumber(value: Value) -> Value:
        return pattern.sub(lambda found: new[found[0]], value) if isinstance(value, str) else value

    return {
        title: [{key: renumber(value) for key, value in row.items()} for row in sheet]
        for title, sheet in sheets.items()
    }


def _last_changed(value: Value) -> str:
    text = str(value)
    return text[:-1] + ("1" if text[-1] == "0" else "0")


def _to(value: Value) -> Callable[[Value], Value]:
    return lambda _: value


#: Sheet, row, column, and what the right value is turned into.
_SPOILED: Final[tuple[tuple[str, int, str, Callable[[Value], Value]], ...]] = (
    (LOANS.title, 2, "borrower_code", _last_changed),
    (LOANS.title, 2, "principal_fen", _to("4,876,543.21")),
    (LOANS.title, 2, "interest_fen", _to(Decimal("132468.095"))),
    (LOANS.title, 2, "granted_on", _to("2024-02-30")),
    (LOANS.title, 2, "grade", _to("不良")),
    (PLEDGES.title, 2, "contract_number", _to("示例贷字2024第9999号")),
    (PLEDGES.title, 3, "registration_number", _to("Y2024990000001")),
    (PLEDGES.title, 3, "assets", _to("99990002/9")),
    (PLEDGES.title, 3, "secured_amount_fen", _to("80万")),
    (RIGHTS.title, 2, "number", _last_changed),
    (RIGHTS.title, 4, "number", _to(PATENTS[1])),
    (RIGHTS.title, 5, "nice_class", _to(46)),
    (RIGHTS.title, 3, "status_as_of", _to(None)),
    (VALUATIONS.title, 3, "valid_to", lambda value: add_years(_day(value), 1)),
)

#: Where each planted mistake is to be found, and under which code.
PLANTED: Final[Mapping[str, str]] = {
    "贷款!C2": "invalid_identifier",
    "贷款!E2": "invalid_amount",
    "贷款!F2": "invalid_amount",
    "贷款!H2": "invalid_day",
    "贷款!M2": "invalid_choice",
    "质押!A2": "dangling_reference",
    "质押!B3": "duplicate",
    "质押!J3": "dangling_reference",
    "质押!H3": "invalid_amount",
    "知识产权!B2": "invalid_identifier",
    "知识产权!B4": "invalid_identifier",
    "知识产权!C5": "invalid_identifier",
    "知识产权!M3": "required",
    "评估!G2": "formula",
    "评估!H3": "contradiction",
}

#: What follows from them: the numbers that were spoiled are named elsewhere.
FOLLOWING: Final[Mapping[str, str]] = {
    "质押!J2": "dangling_reference",
    "评估!B2": "dangling_reference",
}


def _day(value: Value) -> date:
    assert isinstance(value, date)
    return value
