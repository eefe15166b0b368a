"""Loans, rights, pledges, valuations and consignments for tests: sensible by default, a test names what it is about."""

import io
import itertools
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from openpyxl import Workbook, load_workbook

from kit.ids import uuid7
from kit.sql import Connection, Pool
from marketplace.assets import service as assets
from marketplace.assets.identifiers import credit_check_symbol, patent_check_digit
from marketplace.assets.schemas import Asset, NewAsset
from marketplace.cases import service as cases
from marketplace.cases.schemas import Case, NewCase
from marketplace.consignments import service as consignments
from marketplace.consignments.facts import Facts, Right
from marketplace.consignments.schemas import Consignment, Terms
from marketplace.imports.sample import portfolio_bytes
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from marketplace.pledges import service as pledges
from marketplace.pledges.schemas import NewPledge, Pledge
from marketplace.valuations import service as valuations
from marketplace.valuations.schemas import NewValuation, Valuation
from tests.make_people import make_caller

_numbers = itertools.count(1)
TODAY = date(2026, 11, 2)
MOMENT = datetime.fromisoformat("2026-11-02T01:00:00+00:00")
BORROWER_CODE = "91140100MA0EXAMP25"


def some_credit_code(number: int | None = None) -> str:
    """A code with a right check symbol that no other test uses."""
    body = f"9114{number if number is not None else next(_numbers):013d}"
    return body + credit_check_symbol(body)


def some_patent_number(type_digit: int = 1) -> str:
    """A patent number with a right check digit that no other test uses."""
    digits = f"2018{type_digit}{next(_numbers):07d}"
    return f"{digits}.{patent_check_digit(digits)}"


def some_case(**changed: Any) -> NewCase:
    """A defaulted loan of CNY 5 million."""
    fields: dict[str, Any] = {
        "contract_number": f"L-{next(_numbers)}",
        "borrower_name": "示例借款人",
        "borrower_code": BORROWER_CODE,
        "loan_amount_fen": 500_000_000,
        "principal_fen": 487_654_321,
        "interest_fen": 13_246_809,
        "granted_on": date(2024, 3, 1),
        "due_on": date(2025, 3, 1),
        "defaulted_on": date(2025, 6, 1),
        "demanded_on": date(2025, 6, 5),
        "grade": "doubtful",
    }
    return msgspec.convert(fields | changed, NewCase)


def some_asset(**changed: Any) -> NewAsset:
    """An invention patent in force, its fees paid for years."""
    fields: dict[str, Any] = {
        "ip_type": "patent_invention",
        "number": some_patent_number(),
        "title": "示例发明",
        "owner_name": "示例借款人",
        "owner_code": BORROWER_CODE,
        "filed_on": date(2018, 7, 31),
        "granted_on": date(2020, 3, 17),
        "legal_status": "in_force",
        "status_as_of": date(2026, 10, 30),
        "status_source": "登记簿副本",
        "fee_paid_to": date(2028, 7, 31),
    }
    return msgspec.convert(fields | changed, NewAsset)


def some_mark(**changed: Any) -> NewAsset:
    """A registered trademark in class 9."""
    fields: dict[str, Any] = {
        "ip_type": "trademark",
        "number": f"{90_000_000 + next(_numbers)}",
        "nice_class": 9,
        "filed_on": date(2016, 9, 1),
        "granted_on": date(2017, 10, 14),
        "expires_on": date(2037, 10, 13),
        "fee_paid_to": None,
    }
    return some_asset(**fields | changed)


def some_pledge(case_id: UUID, *asset_ids: UUID, pledgee_code: str, **changed: Any) -> NewPledge:
    """A pledge over these rights for this loan."""
    fields: dict[str, Any] = {
        "case_id": case_id,
        "asset_ids": asset_ids,
        "registration_number": f"Y{next(_numbers)}",
        "registered_on": date(2024, 3, 10),
        "pledgee_name": "示例银行",
        "pledgee_code": pledgee_code,
        "pledgor_name": "示例借款人",
        "pledgor_code": BORROWER_CODE,
        "secured_amount_fen": 600_000_000,
    }
    return msgspec.convert(fields | changed, NewPledge)


def some_valuation(*asset_ids: UUID, **changed: Any) -> NewValuation:
    """An external valuation of these rights at CNY 3 million, good for a year."""
    fields: dict[str, Any] = {
        "report_number": f"V-{next(_numbers)}",
        "asset_ids": asset_ids,
        "kind": "external",
        "method": "income",
        "valuer_name": "示例评估机构",
        "base_on": date(2026, 9, 1),
        "value_fen": 300_000_000,
        "valid_to": date(2027, 9, 1),
    }
    return msgspec.convert(fields | changed, NewValuation)


def some_terms(venue_id: UUID, case_id: UUID, *asset_ids: UUID, **changed: Any) -> Terms:
    """Terms of a commercial auction with nothing to object to."""
    fields: dict[str, Any] = {
        "title": "示例专利",
        "venue_id": venue_id,
        "case_id": case_id,
        "asset_ids": asset_ids,
        "regime": "commercial_auction",
        "route": "auction_timed",
        "authority": "pledge_contract_self_sale",
        "authority_document": "质押合同第12条",
        "start_price_fen": 210_000_000,
        "deposit_fen": 21_000_000,
        "commission_bp": 200,
        "closing_on": date(2026, 12, 15),
    }
    return msgspec.convert(fields | changed, Terms)


class Parties(msgspec.Struct, frozen=True, kw_only=True):
    """The people of a consignment, each in a role of their own."""

    code: str
    maker: Caller
    checker: Caller
    venue: Caller
    regulator: Caller


async def make_parties(conn: Connection | Pool, *, now: datetime = MOMENT) -> Parties:
    """A bank with a credit code, its maker and checker; a venue; a regulator."""
    maker = await make_caller(conn, Role.BANK_MAKER, now=now)
    code = some_credit_code()
    await conn.execute(
        "UPDATE market.organisations SET credit_code = $2 WHERE id = $1",
        maker.organisation_id,
        code,
    )
    return Parties(
        code=code,
        maker=maker,
        checker=await make_caller(
            conn, Role.BANK_CHECKER, now=now, organisation_id=maker.organisation_id
        ),
        venue=await make_caller(conn, Role.VENUE_OPERATOR, now=now),
        regulator=await make_caller(conn, Role.REGULATOR, now=now),
    )


async def make_collateral(
    conn: Connection, parties: Parties, *, now: datetime = MOMENT
) -> tuple[Case, Asset]:
    """A loan with one pledged and valued patent, on record."""
    case = await cases.register(conn, parties.maker, some_case(), now=now)
    asset = await assets.register(conn, parties.maker, some_asset(), now=now)
    pledge = some_pledge(case.id, asset.id, pledgee_code=parties.code)
    await pledges.register(conn, parties.maker, pledge, now=now)
    await valuations.register(conn, parties.maker, some_valuation(asset.id), now=now)
    return case, asset


async def make_consignment(
    conn: Connection, parties: Parties, *, now: datetime = MOMENT, **changed: Any
) -> Consignment:
    """A draft over a loan and patent of its own."""
    case, asset = await make_collateral(conn, parties, now=now)
    terms = some_terms(parties.venue.organisation_id, case.id, asset.id, **changed)
    return await consignments.draft(conn, parties.maker, terms, now=now)


async def make_accepted_consignment(
    conn: Connection, parties: Parties, *, now: datetime = MOMENT, **changed: Any
) -> Consignment:
    """A consignment that maker, checker and venue have passed on."""
    draft = await make_consignment(conn, parties, now=now, **changed)
    await consignments.submit(conn, parties.maker, draft.id, now=now)
    await consignments.approve(conn, parties.checker, draft.id, now=now)
    return await consignments.accept(conn, parties.venue, draft.id, now=now)


def facts(
    *,
    case: dict[str, Any] | None = None,
    asset: dict[str, Any] | None = None,
    pledge: dict[str, Any] | None = None,
    valuation: dict[str, Any] | None = None,
    terms: dict[str, Any] | None = None,
    mark: bool = False,
    **changed: Any,
) -> Facts:
    """What the eligibility checks look at, about one right, with nothing to object to unless a test changes it."""
    code = some_credit_code(7)
    bank = Caller(
        user_id=uuid7(MOMENT),
        organisation_id=uuid7(MOMENT),
        organisation_kind=OrganisationKind.BANK,
        roles=frozenset(),
        display_name="",
    )
    stored: dict[str, Any] = {
        "organisation_id": bank.organisation_id,
        "import_id": None,
        "version": 1,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    loan = _stored(some_case(**case or {}), Case, stored | {"state": "registered"})
    right = _stored((some_mark if mark else some_asset)(**asset or {}), Asset, stored)
    if right.expires_on is None:
        right = msgspec.structs.replace(right, expires_on=date(2038, 7, 31))
    pledged = _stored(
        some_pledge(loan.id, right.id, pledgee_code=code, **pledge or {}),
        Pledge,
        stored | {"state": "registered"},
    )
    valued = _stored(some_valuation(right.id, **valuation or {}), Valuation, stored)
    given = Facts(
        terms=some_terms(uuid7(MOMENT), loan.id, right.id, **terms or {}),
        consignor_code=code,
        case=loan,
        rights=(Right(asset=right, pledges=(pledged,), valuation=valued),),
        today=TODAY,
    )
    return msgspec.structs.replace(given, **changed) if changed else given


def _stored(new: msgspec.Struct, kind: type[Any], more: dict[str, Any]) -> Any:
    fields = {name: getattr(new, name) for name in new.__struct_fields__}
    return msgspec.convert(fields | {"id": uuid7(MOMENT)} | more, kind)


def changed_workbook(
    change: Callable[[Workbook], None], *, today: date = TODAY, **bank: str
) -> bytes:
    """The sample portfolio after `change`."""
    book = load_workbook(io.BytesIO(portfolio_bytes(today=today, **bank)))
    change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
