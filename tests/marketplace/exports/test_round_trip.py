"""What goes out comes in again, field by field: every column of every type, in CSV and in a workbook."""

import io
import string
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from kit.money import FEN_MAX
from marketplace.app import Resources
from marketplace.assets import rules as asset_rules
from marketplace.assets import service as assets
from marketplace.assets.details import DETAILS_OF, Component, DataClass, Details, PersonalData
from marketplace.assets.export_control import ExportClass
from marketplace.assets.schemas import Asset, AssetGrade, CoOwner, LegalStatus, NewAsset
from marketplace.assets.types import FACTS, IpType
from marketplace.cases.schemas import NewCase
from marketplace.exports.rules import csv_bytes, safe
from marketplace.exports.service import rights_row
from marketplace.exports.workbooks import xlsx_bytes
from marketplace.imports.cells import RawCell
from marketplace.imports.checking import checked
from marketplace.imports.child import answer
from marketplace.imports.csv_files import csv_reading
from marketplace.imports.http import CSV
from marketplace.imports.layout import LOANS, PLEDGES, RIGHTS, SHEETS, VALUATIONS
from marketplace.imports.lists import SEPARATORS, joined, split_list
from marketplace.imports.portfolio import Known, rows_of
from marketplace.pledges.schemas import NewPledge
from marketplace.valuations.schemas import NewValuation
from tests.make_app import client_on
from tests.make_people import key_of
from tests.make_portfolio import (
    BORROWER_CODE,
    MOMENT,
    make_parties,
    some_asset,
    some_patent_number,
)

#: Not in a table: inputs of a method and scores of indicators have a structure of their own and go in over the API.
NOT_TABULAR = {"computation", "scores"}
#: Written in a column of another name, or with one more column beside it.
ELSEWHERE = {"case_id": "contract_number", "asset_ids": "assets"}
LISTED = (
    st.text(
        st.sampled_from(string.ascii_letters + "示例甲乙；;、，,|\"'()=+- 0"),
        min_size=1,
        max_size=12,
    )
    .map(str.strip)
    .filter(bool)
)
TEXT = (
    st.text(
        st.sampled_from(string.ascii_letters + "示例甲乙；，|\"'=+-@ 0"), min_size=1, max_size=20
    )
    .map(str.strip)
    .filter(bool)
)
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
SOME = st.lists(LISTED, min_size=1, max_size=4).map(tuple)
MAYBE = st.none() | st.booleans()


@pytest.mark.parametrize(
    ("sheet", "struct"),
    [(LOANS, NewCase), (PLEDGES, NewPledge), (RIGHTS, NewAsset), (VALUATIONS, NewValuation)],
)
def test_every_field_has_its_column(sheet: Any, struct: type[msgspec.Struct]) -> None:
    """Nothing that can be entered over the API is without a column, but what is no table."""
    keys = {column.key for column in sheet.columns}
    fields = set(struct.__struct_fields__) - NOT_TABULAR - {"details"}
    assert {ELSEWHERE.get(field, field) for field in fields} <= keys


@pytest.mark.parametrize("ip_type", list(IpType))
def test_every_detail_of_every_type_has_its_column(ip_type: IpType) -> None:
    """The columns of a type's family are its fields, all of them and no other."""
    details = DETAILS_OF[ip_type]
    family = details.__struct_config__.tag
    keys = {column.key for column in RIGHTS.columns if column.key.startswith(f"{family}.")}
    assert keys == {f"{family}.{field}" for field in details.__struct_fields__}


def test_no_two_columns_of_a_sheet_are_headed_alike() -> None:
    """A header tells its column; what was added later stands behind what every file has."""
    for sheet in SHEETS:
        titles = [column.title_zh for column in sheet.columns]
        assert len(titles) == len(set(titles))
        later = [column.is_later for column in sheet.columns]
        assert later == sorted(later)
        assert not any(column.is_required for column in sheet.columns if column.is_later)


@given(st.lists(LISTED, max_size=6), st.sampled_from([SEPARATORS, "|"]))
def test_a_list_comes_apart_as_it_was_put_together(items: list[str], separators: str) -> None:
    """Whatever an item holds: separators, quotes, signs."""
    assert split_list(joined(items, separators=separators), separators=separators) == tuple(items)


@given(st.text("'=+-@＝ab", max_size=6))
def test_an_apostrophe_of_an_export_goes_away_again(text: str) -> None:
    """A text that acts is written with one more apostrophe, and read with one less; all others stay as they are."""
    titles = [column.title_zh for column in RIGHTS.columns]
    row = ["", "", "", text]
    read = csv_reading(csv_bytes(titles, [row, ["x"]])).sheets[RIGHTS.title]
    cell = read[1][3] if len(read[1]) > 3 else RawCell("", "")
    assert cell.text == text
    assert cell.kind in ("s", "")
    assert not safe(text).startswith(tuple("=+-@＝"))


def right_with(**cells: str) -> list[str]:
    """A row of an invention patent with these cells beside."""
    row = rights_row(on_record(asset_rules.normal(some_asset())))
    places = {column.key: place for place, column in enumerate(RIGHTS.columns)}
    for key, text in cells.items():
        row[places[key.replace("__", ".")]] = text
    return row


WRONG_CELLS = [
    ("patent__ipc", "不是分类号", "invalid_value"),
    ("patent__ipc", '"G06F16/00', "invalid_list"),
    ("patent__claims", "0", "invalid_value"),
    ("patent__claims", "1.5", "invalid_integer"),
    ("patent__inventors", "a\x01b", "invalid_text"),
    ("patent__priority_on", "昨天", "invalid_day"),
    ("patent__evaluation_report_number", "9" * 65, "too_long"),
    ("region", "武汉", "invalid_value"),
    ("industry", "=C35", "formula"),
    ("grade", "甲级", "invalid_choice"),
    ("mark__goods", "0901", "contradiction"),
    ("copyright__components", "只有名称", "invalid_parts"),
    ("co_owner_consent", "是；否", "contradiction"),
    ("data__delivery", "长" * 501, "too_long"),
]


@pytest.mark.parametrize(("key", "text", "code"), WRONG_CELLS)
def test_a_wrong_particular_is_found_at_its_cell(key: str, text: str, code: str) -> None:
    """Each with its code, in its own column, in two languages; nothing of the row is kept."""
    titles = [column.title_zh for column in RIGHTS.columns]
    found = answer(("\r\n".join(",".join(quoted(cell) for cell in row) for row in (
        titles, right_with(**{key: text})))).encode())  # fmt: skip
    _, findings = checked(rows_of(found), Known())
    assert [finding.code for finding in findings] == [code], findings
    assert findings[0].address == RIGHTS.address(2, key.replace("__", "."))
    assert findings[0].message != findings[0].message_zh


def quoted(cell: str) -> str:
    """A cell of a CSV file as a person's spreadsheet writes it: nothing is made safe."""
    return '"' + cell.replace('"', '""') + '"'


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_in_the_first_layout_is_read(kind: str) -> None:
    """Without the columns that were added later; what stands beside its table is a finding, not a later column."""
    columns = RIGHTS.first_columns
    titles = [column.title_zh for column in columns]
    row = right_with()[: len(columns)]
    for more, codes in (([], []), (["A级"], ["stray_value"])):
        if kind == "csv":
            lines = [titles, [*row, *more]]
            content = "\r\n".join(",".join(quoted(c) for c in line) for line in lines).encode()
        else:
            content = workbook_with(titles, [*row, *more])
        portfolio, findings = checked(rows_of(answer(content)), Known())
        assert [finding.code for finding in findings] == codes
        if not codes:
            assert [right.details for right in portfolio.rights] == [None]


def workbook_with(titles: list[str], row: list[str]) -> bytes:
    """A workbook of the first layout with one right."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for each in SHEETS:
        page = book.create_sheet(each.title)
        is_rights = each.title == RIGHTS.title
        page.append(titles if is_rights else [one.title_zh for one in each.first_columns])
        if is_rights:
            page.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def test_what_a_bank_took_out_is_the_same_at_another(
    resources: Resources, now: datetime
) -> None:
    """A right of each type with its details: out, in at another bank, and out again, byte for byte."""
    first, second = [await make_parties(resources.pool, now=now) for _ in range(2)]
    async with resources.pool.acquire() as conn, conn.transaction():
        for ip_type in IpType:
            if ip_type is IpType.PATENT_APPLICATION:
                continue  # its number is the invention's
            new = full_right(ip_type)
            await assets.register(conn, first.maker, new, now=now)
    async with client_on(resources) as client:
        ours = await key_of(resources.pool, first.maker, now=now)
        theirs = await key_of(resources.pool, second.maker, now=now)
        out = await client.get("/v1/exports/portfolio/rights", headers=ours)
        assert out.content.count(b"\r\n") == len(IpType)
        sent = {**theirs, "Content-Type": CSV, "Idempotency-Key": "1"}
        done = await client.post("/v1/imports", content=out.content, headers=sent)
        assert done.json()["findings"] == [], done.text
        again = await client.get("/v1/exports/portfolio/rights", headers=theirs)
        assert sorted(again.content.split(b"\r\n")[1:]) == sorted(out.content.split(b"\r\n")[1:])


def full_right(ip_type: IpType) -> NewAsset:
    """A right with every detail of its type, hostile texts among them."""
    details = msgspec.convert(
        {"type": str(DETAILS_OF[ip_type].__struct_config__.tag), **DETAIL_EXAMPLES[ip_type]},
        Details,
    )
    is_patent = str(DETAILS_OF[ip_type].__struct_config__.tag) == "patent"
    return NewAsset(
        ip_type=ip_type,
        number=NUMBERS.get(ip_type, f"示例-2024/{ip_type}"),
        nice_class=9 if FACTS[ip_type].has_nice_class else None,
        title="=1+1；甲",
        owner_name="'@乙",
        co_owners=(
            CoOwner(name="ABC Co., Ltd.", has_consented=True),
            CoOwner(name='丙"；', has_consented=False),
        ),
        filed_on=date(2018, 7, 31) if is_patent else None,
        granted_on=date(2020, 3, 17) if is_patent else None,
        legal_status=LegalStatus.IN_FORCE,
        status_as_of=date(2026, 10, 30),
        status_source="登记簿",
        details=details,
        grade=AssetGrade.B,
        region="420100",
        industry="C35",
        export_class=ExportClass.FREE,
    )


def details_of(ip_type: IpType) -> st.SearchStrategy[Details]:
    """Details of a type with its fields filled, most of them."""
    fields: dict[str, Any] = {
        "patent": {
            "ipc": st.just(("G06F16/00", "H01L21/02")),
            "inventors": SOME,
            "claims": st.integers(1, 5_000),
            "priority_on": DAYS,
            "family": SOME,
            "has_service_inventors": st.booleans(),
            "evaluation_report_number": LISTED,
        },
        "mark": {
            "specimen": TEXT,
            "goods": st.just(("0901", "3501")),
            "similar_marks": SOME,
            "used_last_on": DAYS,
            "rules_of_use": TEXT,
        },
        "copyright": {
            "author": TEXT,
            "completed_on": DAYS,
            "published_on": st.none(),
            "moral_rights_in_scope": st.booleans(),
            "components": st.lists(
                st.builds(Component, name=LISTED, licence=LISTED, is_compatible=MAYBE),
                min_size=1,
                max_size=3,
            ).map(tuple),
        },
        "layout": {"created_on": st.just(date(2024, 1, 2)), "first_exploited_on": st.none()},
        "variety": {"species": TEXT, "is_woody": st.booleans(), "has_material": MAYBE},
        "data": {
            "registry": TEXT,
            "is_source_lawful": MAYBE,
            "personal_data": st.sampled_from(PersonalData),
            "security_class": st.sampled_from(DataClass),
            "delivery": TEXT,
        },
        "secret": {"measures": TEXT, "knowers": st.integers(1, 100_000)},
        "receivable": {
            "contract_number": LISTED,
            "debtor_name": TEXT,
            "outstanding_fen": st.integers(0, FEN_MAX),
            "last_due_on": DAYS,
        },
        "indication": {"product": TEXT, "area": TEXT, "announcement": TEXT},
    }
    struct = DETAILS_OF[ip_type]
    return st.builds(struct, **fields[str(struct.__struct_config__.tag)])


NUMBERS = {
    IpType.PATENT_INVENTION: "201810999901.4",
    IpType.PATENT_UTILITY: some_patent_number(2),
    IpType.PATENT_DESIGN: some_patent_number(3),
    IpType.PATENT_APPLICATION: "201810999901.4",
    IpType.TRADEMARK: "99990001",
    IpType.TM_COLLECTIVE: "99990002",
    IpType.TM_CERTIFICATION: "G99990003",
    IpType.COPYRIGHT: "国作登字-2020-F-01234567",
    IpType.SOFTWARE_COPYRIGHT: "2020SR1234567",
    IpType.IC_LAYOUT: "BS.205012345",
    IpType.PLANT_VARIETY: "CNA20191000001",
}


_PATENT = {"ipc": ["G06F16/00"], "inventors": ["甲, 乙", "丙"], "claims": 12, "priority_on": "2017-08-01",
           "family": ["US1234567"], "has_service_inventors": True, "evaluation_report_number": "P-1"}  # fmt: skip
_MARK = {
    "specimen": "图一",
    "goods": ["0901"],
    "similar_marks": ["一号"],
    "used_last_on": "2026-01-02",
    "rules_of_use": "x",
}
_WORK = {"author": "丁", "completed_on": "2019-01-01", "published_on": "2020-01-01", "moral_rights_in_scope": True,
         "components": [{"name": "a|b；c", "licence": "MIT"},
                        {"name": "d", "licence": "GPL", "is_compatible": False}]}  # fmt: skip
_KIND = {"species": "水稻", "is_woody": False, "has_material": True}
_SIGN = {"product": "茶", "area": "一县\n二县", "announcement": "公告1号"}
DETAIL_EXAMPLES: dict[IpType, dict[str, Any]] = {
    **dict.fromkeys(IpType, _PATENT),
    **dict.fromkeys((IpType.TRADEMARK, IpType.TM_COLLECTIVE, IpType.TM_CERTIFICATION), _MARK),
    **dict.fromkeys((IpType.COPYRIGHT, IpType.SOFTWARE_COPYRIGHT), _WORK),
    **dict.fromkeys((IpType.PLANT_VARIETY, IpType.ANIMAL_VARIETY), _KIND),
    IpType.GI_PRODUCT: _SIGN,
    IpType.IC_LAYOUT: {"created_on": "2024-01-02", "first_exploited_on": "2024-05-06"},
    IpType.DATA_IP: {"registry": "数据局", "is_source_lawful": True, "personal_data": "anonymised",
                     "security_class": "important", "delivery": "接口"},
    IpType.TRADE_SECRET: {"measures": "加密", "knowers": 7},
    IpType.LICENCE_RECEIVABLE: {"contract_number": "XK-1", "debtor_name": "戊", "outstanding_fen": 123_456,
                                "last_due_on": "2027-01-01"},
}  # fmt: skip


def rights(ip_type: IpType) -> st.SearchStrategy[NewAsset]:
    """Rights of a type with everything that may be said of one."""
    is_patent = ip_type in (
        IpType.PATENT_INVENTION,
        IpType.PATENT_UTILITY,
        IpType.PATENT_DESIGN,
    )
    owners = st.builds(CoOwner, name=LISTED, has_consented=st.booleans())
    return st.builds(
        NewAsset,
        ip_type=st.just(ip_type),
        number=st.just(NUMBERS.get(ip_type, "示例-2024/001")),
        nice_class=st.just(9 if FACTS[ip_type].has_nice_class else None),
        title=TEXT,
        owner_name=TEXT,
        owner_code=st.sampled_from([None, BORROWER_CODE]),
        co_owners=st.lists(owners, max_size=3).map(tuple),
        filed_on=st.just(date(2018, 7, 31) if is_patent else None),
        granted_on=st.just(date(2020, 3, 17) if is_patent else None),
        legal_status=st.just(LegalStatus.IN_FORCE),
        status_as_of=DAYS,
        status_source=TEXT,
        fee_paid_to=st.none() | DAYS,
        has_evaluation_report=st.booleans(),
        details=details_of(ip_type),
        export_class=st.sampled_from(ExportClass),
        grade=st.sampled_from(AssetGrade),
        region=st.just("420100"),
        industry=st.sampled_from(["C35", "I65"]),
    )


def on_record(new: NewAsset) -> Asset:
    """The right as it comes out of the database."""
    more = {
        "id": UUID(int=1),
        "organisation_id": UUID(int=2),
        "import_id": None,
        "version": 1,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return Asset(**{name: getattr(new, name) for name in new.__struct_fields__} | more)  # type: ignore[arg-type]


@pytest.mark.parametrize("ip_type", list(IpType))
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_right_of_each_type_comes_in_as_it_went_out(ip_type: IpType, data: st.DataObject) -> None:
    """Out as CSV or workbook, read, checked: the same right, every field of it."""
    new = asset_rules.normal(data.draw(rights(ip_type)))
    titles = [column.heading for column in RIGHTS.columns]
    row = rights_row(on_record(new))
    if data.draw(st.booleans()):
        content = csv_bytes(titles, [row])
    else:
        sheets = [(each.title, [one.heading for one in each.columns], []) for each in SHEETS]
        content = xlsx_bytes(
            (title, header, [row] if title == RIGHTS.title else rows)
            for title, header, rows in sheets
        )
    found = answer(content)
    assert found.refusal is None, found.refusal
    portfolio, findings = checked(rows_of(found), Known())
    assert findings == []
    assert portfolio.rights == (new,)
