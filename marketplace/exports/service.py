"""Gathers a bank's portfolio, or the rights that somebody may see, as tables in the layout of the import."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

from kit.money import yuan
from kit.sql import Connection
from marketplace.assets import service as assets
from marketplace.assets.details import Component
from marketplace.assets.schemas import Asset
from marketplace.assets.types import FACTS
from marketplace.cases import service as cases
from marketplace.exports.rules import csv_bytes
from marketplace.exports.workbooks import xlsx_bytes
from marketplace.imports.layout import LOANS, PLEDGES, RIGHTS, VALUATIONS, Column, Kind, Sheet
from marketplace.imports.lists import joined
from marketplace.organisations.schemas import Caller
from marketplace.pledges import service as pledges
from marketplace.valuations import service as valuations
from marketplace.valuations.schemas import Valuation
from marketplace.valuations.scoring import NewScores, Scored

_PAGE_ROWS = 1_000
Rows = list[list[str]]


class SheetName(StrEnum):
    """A sheet of the portfolio by its name in an address."""

    LOANS = "loans"
    PLEDGES = "pledges"
    RIGHTS = "rights"
    VALUATIONS = "valuations"


SHEET_OF = {
    SheetName.LOANS: LOANS,
    SheetName.PLEDGES: PLEDGES,
    SheetName.RIGHTS: RIGHTS,
    SheetName.VALUATIONS: VALUATIONS,
}


class _HasId(Protocol):
    @property
    def id(self) -> UUID:
        """Where its page goes on."""
        ...


T = TypeVar("T", bound=_HasId)


async def portfolio(conn: Connection, caller: Caller) -> bytes:
    """Everything of the caller's bank as the workbook that an import takes."""
    sheets = []
    for name, sheet in SHEET_OF.items():
        sheets.append((sheet.title, _titles(sheet), await rows_of(conn, caller, name)))
    return await asyncio.to_thread(xlsx_bytes, sheets)


async def sheet_csv(conn: Connection, caller: Caller, name: SheetName) -> bytes:
    """One sheet of it as CSV, with the header by which an import knows it."""
    return csv_bytes(_titles(SHEET_OF[name]), await rows_of(conn, caller, name))


async def rows_of(conn: Connection, caller: Caller, name: SheetName) -> Rows:
    """The rows of one sheet, oldest first."""
    match name:
        case SheetName.LOANS:
            return [
                _row(LOANS, msgspec.structs.asdict(each))
                async for each in _all(cases.page, conn, caller)
            ]
        case SheetName.RIGHTS:
            return [rights_row(each) async for each in _all(assets.page, conn, caller)]
        case SheetName.PLEDGES:
            return await _pledges(conn, caller)
        case SheetName.VALUATIONS:
            return await _valuations(conn, caller)


CATALOGUE_HEADER = (
    "等级 Grade",
    "类型 Type",
    "编号 Number",
    "名称 Title",
    "权利人 Owner",
    "地区 Region",
    "行业 Industry",
    "法律状态 Legal status",
    "届满日 Expires on",
    "出口类别 Export class",
    "最近估值(元) Latest value (CNY)",
    "评估有效期至 Valid to",
)


async def catalogue(conn: Connection, caller: Caller) -> Rows:
    """The graded and classified catalogue (分级分类管理目录) of the rights that the caller may see, best first."""
    seen = [each async for each in _all(assets.page, conn, caller)]
    reports = await valuations.of_assets(conn, [each.id for each in seen])
    newest: dict[UUID, Valuation] = {}
    for each_report in reversed(reports):
        newest.update(dict.fromkeys(each_report.asset_ids, each_report))
    ordered = sorted(seen, key=lambda each: (each.grade or "z", each.industry or "z", each.number))
    rows = []
    for each in ordered:
        report: Valuation | None = newest.get(each.id)
        rows.append(
            [
                (each.grade or "").upper(),
                FACTS[each.ip_type].title_zh,
                each.number,
                each.title,
                each.owner_name,
                each.region or "",
                each.industry or "",
                _choice(RIGHTS, "legal_status", each.legal_status),
                _day(each.expires_on),
                each.export_class or "",
                "" if report is None else yuan(report.value_fen).replace(",", ""),
                "" if report is None else _day(report.valid_to),
            ]
        )
    return rows


async def _all(
    page: Callable[..., Awaitable[list[T]]], conn: Connection, caller: Caller
) -> AsyncIterator[T]:
    """Everything that a room shows the caller, page by page."""
    after: UUID | None = None
    while found := await page(conn, caller, after=after, limit=_PAGE_ROWS):
        for each in found:
            yield each
        after = found[-1].id


async def _numbers(conn: Connection, caller: Caller) -> dict[UUID, str]:
    """How a pledge or valuation names each right: its number, with its class for a mark."""
    return {
        each.id: each.number if each.nice_class is None else f"{each.number}/{each.nice_class}"
        async for each in _all(assets.page, conn, caller)
    }


async def _pledges(conn: Connection, caller: Caller) -> Rows:
    numbers = await _numbers(conn, caller)
    contracts = {each.id: each.contract_number async for each in _all(cases.page, conn, caller)}
    rows = []
    async for each in _all(pledges.page, conn, caller):
        joint = each.joint_pledgees
        more = {
            "contract_number": contracts[each.case_id],
            "assets": joined(numbers[asset_id] for asset_id in each.asset_ids),
            "joint_pledgees": tuple(pledgee.name for pledgee in joint),
            "joint_consent": tuple(pledgee.has_consented for pledgee in joint),
        }
        rows.append(_row(PLEDGES, msgspec.structs.asdict(each) | more))
    return rows


async def _valuations(conn: Connection, caller: Caller) -> Rows:
    numbers = await _numbers(conn, caller)
    return [
        _row(
            VALUATIONS,
            msgspec.structs.asdict(each)
            | {
                "assets": joined(numbers[asset_id] for asset_id in each.asset_ids),
                "computation": _json(each.computation),
                "scores": _json(_given(each.scores)),
            },
        )
        async for each in _all(valuations.page, conn, caller)
    ]


def _json(value: msgspec.Struct | None) -> str:
    return "" if value is None else msgspec.json.encode(value, order="sorted").decode()


def _given(scores: Scored | None) -> NewScores | None:
    """Scores as they were given: what they come to is worked out anew."""
    if scores is None:
        return None
    return NewScores(version=scores.version, scene=scores.scene, scores=scores.scores)


def rights_row(asset: Asset) -> list[str]:
    """A right as a row of its sheet, with what its type has."""
    return _row(RIGHTS, _right(asset))


def _right(asset: Asset) -> dict[str, object]:
    owners = asset.co_owners
    details = {} if asset.details is None else msgspec.structs.asdict(asset.details)
    family = None if asset.details is None else asset.details.__struct_config__.tag
    return (
        msgspec.structs.asdict(asset)
        | {
            "co_owners": tuple(owner.name for owner in owners),
            "co_owner_consent": tuple(owner.has_consented for owner in owners),
        }
        | {f"{family}.{field}": value for field, value in details.items()}
    )


def _row(sheet: Sheet, values: dict[str, object]) -> list[str]:
    return [_text(column, values.get(column.key)) for column in sheet.columns]


def _text(column: Column, value: object) -> str:
    match value:
        case None | () | "":
            return ""
        case tuple() if column.kind is Kind.CONSENTS:
            words = [column.choices["yes" if said else "no"] for said in value]
            return words[0] if len(set(words)) == 1 else joined(words)
        case tuple() if column.kind is Kind.PARTS:
            return joined(_part(component) for component in value)
        case tuple():
            return joined(value)
        case bool():
            return column.choices["yes" if value else "no"]
        case date():
            return value.isoformat()
        case int() if column.kind is Kind.AMOUNT:
            return yuan(value).replace(",", "")
        case int() if column.kind is Kind.PERCENT:
            return f"{value // 100}.{value % 100:02d}"
        case frozenset():
            return joined(sorted(column.choices[str(code)] for code in value))
        case _:
            return column.choices.get(str(value), str(value))


def _part(component: Component) -> str:
    """A component as one item of a cell: name, licence, whether it may be sold on."""
    fits = {None: "", True: "是", False: "否"}[component.is_compatible]
    return joined([component.name, component.licence, *([fits] if fits else [])], separators="|")


def _choice(sheet: Sheet, key: str, code: str) -> str:
    column = next(each for each in sheet.columns if each.key == key)
    return column.choices.get(code, code)


def _titles(sheet: Sheet) -> Sequence[str]:
    return [column.heading for column in sheet.columns]


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
