"""What a right has besides: its type's own fields, terms, the annuity calendar, export control, packages."""

from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from kit.errors import InvalidInput, NotFound
from kit.sql import Connection
from marketplace.assets import service
from marketplace.assets.details import DETAILS_OF
from marketplace.assets.export_control import ExportClass, foreign_bidder
from marketplace.assets.rules import detail_contradictions, normal
from marketplace.assets.schemas import Asset, AssetParticulars
from marketplace.assets.service import AlreadyRegistered
from marketplace.assets.types import FACTS, IpType
from marketplace.assets.upkeep import SCHEDULE, annual_fee, cost_of_keeping, surcharge, upkeep
from marketplace.edge.versions import VersionChanged
from marketplace.packages import service as packages
from marketplace.packages.schemas import NewPackage
from tests.make_portfolio import facts, make_parties, some_asset

DUE = date(2026, 7, 31)


def right(**changed: Any) -> Asset:
    """A patent on record that was filed on 2018-07-31."""
    return facts(asset=changed).rights[0].asset


@pytest.mark.parametrize("ip_type", list(IpType))
def test_every_type_has_details_of_its_own(ip_type: IpType) -> None:
    """The type's own details fit it, another family's are refused by field."""
    fitting = DETAILS_OF[ip_type]()
    assert detail_contradictions(ip_type, fitting) == []
    others = [kind for kind in set(DETAILS_OF.values()) if kind is not type(fitting)]
    for kind in others:
        [wrong] = detail_contradictions(ip_type, kind())
        assert wrong.field == "details"


TERMS: list[tuple[dict[str, Any], date]] = [
    (
        {
            "ip_type": "ic_layout",
            "number": "BS.205012345",
            "filed_on": "2020-05-01",
            "details": {"type": "layout", "first_exploited_on": "2019-02-01"},
        },
        date(2029, 2, 1),
    ),
    (
        {
            "ip_type": "ic_layout",
            "number": "BS.205012345",
            "filed_on": "2020-05-01",
            "details": {"type": "layout", "created_on": "2010-03-01"},
        },
        date(2025, 3, 1),
    ),
    (
        {
            "ip_type": "plant_variety",
            "number": "CNA20191000001",
            "details": {"type": "variety", "is_woody": True},
        },
        date(2045, 3, 17),
    ),
    (
        {
            "ip_type": "plant_variety",
            "number": "CNA20191000001",
            "details": {"type": "variety"},
        },
        date(2040, 3, 17),
    ),
    (
        {
            "ip_type": "software_copyright",
            "number": "2020SR1234567",
            "details": {"type": "copyright", "published_on": "2020-06-01"},
        },
        date(2070, 12, 31),
    ),
]


@pytest.mark.parametrize(("changed", "end"), TERMS)
def test_terms_follow_from_the_type_s_own_dates(changed: dict[str, Any], end: date) -> None:
    """Layouts, varieties and works end when their law says (domain 3.1); a stated end is kept."""
    given = some_asset(**{"filed_on": "2018-07-31", "granted_on": "2020-03-17"} | changed)
    assert normal(given).expires_on == end


@pytest.mark.parametrize(
    ("paid_on", "share_bp"),
    [
        (date(2026, 7, 31), 0),
        (date(2026, 8, 1), 0),
        (date(2026, 8, 31), 0),
        (date(2026, 9, 1), 500),
        (date(2026, 9, 30), 500),
        (date(2026, 10, 1), 1000),
        (date(2026, 11, 30), 1500),
        (date(2026, 12, 31), 2000),
        (date(2027, 1, 31), 2500),
        (date(2027, 2, 1), None),
    ],
)
def test_the_surcharge_grows_by_the_month(paid_on: date, share_bp: int | None) -> None:
    """Nothing in the first month over, 5% more each month, 25% in the sixth, and then the right has ended."""
    found = surcharge(200_000, due_on=DUE, paid_on=paid_on)
    assert found == (None if share_bp is None else 200_000 * share_bp // 10_000)


@pytest.mark.parametrize(
    ("ip_type", "total_fen"),
    [
        (IpType.PATENT_INVENTION, 8_230_000),
        (IpType.PATENT_UTILITY, 1_120_000),
        (IpType.PATENT_DESIGN, 2_620_000),
    ],
)
def test_every_year_of_a_patent_has_a_fee(ip_type: IpType, total_fen: int) -> None:
    """The bands leave no year out and none twice; the whole life costs what the table adds up to."""
    bands = SCHEDULE.fees[ip_type]
    years = [year for band in bands for year in range(band.from_year, band.to_year + 1)]
    assert years == list(range(1, years[-1] + 1))
    fees = [annual_fee(ip_type, year) for year in years]
    assert None not in fees
    assert sum(fee or 0 for fee in fees) == total_fen
    assert annual_fee(ip_type, years[-1] + 1) is None


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2026, 7, 31), "safe"),
        (date(2026, 8, 1), "grace"),
        (date(2027, 1, 31), "grace"),
        (date(2027, 2, 1), "lapsed"),
    ],
)
def test_the_calendar_says_how_a_patent_stands(today: date, state: str) -> None:
    """Paid to an anniversary, the next year's fee is due on it; the rest follows year by year to the end."""
    found = upkeep(right(fee_paid_to="2026-07-31"), today=today)
    assert found.state == state
    assert found.fee_safe_until == date(2026, 7, 31)
    first = found.dues[0]
    assert (first.year, first.due_on, first.grace_ends_on) == (9, DUE, date(2027, 1, 31))
    assert [due.year for due in found.dues] == list(range(9, 21))
    assert found.dues[-1].due_on == date(2037, 7, 31)


def test_keeping_costs_what_falls_due_before_closing_and_90_days() -> None:
    """Two anniversaries before the safe day are paid for, the one on it is not; lateness adds its surcharge."""
    asset = right(fee_paid_to="2026-07-31")
    cost = cost_of_keeping(asset, closing_on=date(2026, 12, 15), today=date(2026, 11, 2))
    assert cost == 200_000 + 200_000 * 1500 // 10_000
    later = cost_of_keeping(asset, closing_on=date(2027, 5, 3), today=date(2026, 7, 1))
    assert later == 200_000 + 400_000
    assert cost_of_keeping(asset, closing_on=date(2027, 5, 2), today=date(2026, 7, 1)) == 200_000


@pytest.mark.parametrize(
    ("changed", "state", "safe_until"),
    [
        ({"fee_paid_to": None}, "unknown", None),
        (
            {"ip_type": "copyright", "number": "国作登字-2020-F-01234567", "filed_on": None},
            "safe",
            None,
        ),
        ({"ip_type": "plant_variety", "number": "CNA20191000001"}, "safe", date(2028, 7, 31)),
    ],
)
def test_other_rights_have_their_own_upkeep(
    changed: dict[str, Any], state: str, safe_until: date | None
) -> None:
    """What is not known is said to be unknown; a work needs no upkeep; a variety's fee has a day and no amount."""
    asset = right(**changed)
    if asset.ip_type is IpType.COPYRIGHT:
        asset = msgspec.structs.replace(asset, expires_on=None)
    found = upkeep(asset, today=date(2026, 11, 2))
    assert found.state == state
    assert found.fee_safe_until == safe_until
    assert found.is_unlimited == (asset.ip_type is IpType.COPYRIGHT)
    assert all(due.fee_fen is None for due in found.dues)


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2036, 10, 12), "safe"),
        (date(2036, 10, 13), "due"),
        (date(2037, 10, 13), "due"),
        (date(2037, 10, 14), "grace"),
        (date(2038, 4, 13), "grace"),
        (date(2038, 4, 14), "lapsed"),
    ],
)
def test_a_mark_is_renewed_within_twelve_months_or_six_after(today: date, state: str) -> None:
    """Trademark Law 40: twelve months before the end, six months of grace."""
    mark = facts(mark=True).rights[0].asset
    assert upkeep(mark, today=today).state == state
    unknown = msgspec.structs.replace(mark, expires_on=None)
    assert upkeep(unknown, today=today).state == "unknown"


EXPORTS: list[tuple[str, ExportClass | None, dict[str, bool], bool, int]] = [
    ("patent_invention", None, {}, False, 0),
    ("patent_invention", ExportClass.FREE, {}, True, 2),
    ("patent_invention", ExportClass.RESTRICTED, {}, False, 0),
    ("patent_invention", ExportClass.RESTRICTED, {"has_letter_of_intent": True}, True, 2),
    ("patent_invention", ExportClass.PROHIBITED, {"has_letter_of_intent": True}, False, 0),
    ("patent_invention", ExportClass.FREE, {"is_defence_or_secret": True}, False, 0),
    ("trade_secret", ExportClass.FREE, {}, True, 1),
    ("trademark", None, {}, True, 0),
    ("ic_layout", ExportClass.NO_TECHNOLOGY, {}, True, 0),
]


@pytest.mark.parametrize(("ip_type", "export_class", "more", "is_admitted", "duties"), EXPORTS)
def test_a_foreign_bidder_meets_export_control(
    ip_type: str,
    export_class: ExportClass | None,
    more: dict[str, bool],
    is_admitted: bool,
    duties: int,
) -> None:
    """Prohibited never, restricted with a letter of intent, free with registration; then come the duties."""
    found = foreign_bidder(IpType(ip_type), export_class, **more)
    assert (found.is_admitted, len(found.duties), len(found.duties_zh)) == (
        is_admitted,
        duties,
        duties,
    )
    assert found.reason != found.reason_zh


async def test_particulars_and_packages_are_the_bank_s_own(conn: Connection, now: datetime) -> None:
    """Recorded over a version, read back whole, refused for another bank's right; a package names each right once."""
    parties = await make_parties(conn, now=now)
    stranger = await make_parties(conn, now=now)
    asset = await service.register(conn, parties.maker, some_asset(), now=now)
    other = await service.register(conn, parties.maker, some_asset(), now=now)
    given = msgspec.convert(
        {
            "details": {"type": "patent", "ipc": ["G06F16/27"], "has_service_inventors": True},
            "export_class": "free",
            "grade": "b",
            "region": "420115",
            "industry": "C39",
        },
        AssetParticulars,
    )
    after = await service.record_particulars(
        conn, parties.maker, asset.id, given, version=1, now=now
    )
    assert (after.version, after.grade, after.details) == (2, given.grade, given.details)
    with pytest.raises(VersionChanged):
        await service.record_particulars(conn, parties.maker, asset.id, given, version=1, now=now)
    with pytest.raises(InvalidInput, match="asset_ids"):
        await service.record_particulars(conn, stranger.maker, asset.id, given, version=2, now=now)
    wrong = msgspec.convert({"details": {"type": "mark"}}, AssetParticulars)
    with pytest.raises(InvalidInput, match="details"):
        await service.record_particulars(conn, parties.maker, asset.id, wrong, version=2, now=now)
    new = NewPackage(name="组合一", asset_ids=(other.id, asset.id), indivisible_reason="配套使用")
    made = await packages.register(conn, parties.maker, new, now=now)
    assert await packages.get(conn, parties.checker, made.id) == made
    assert await packages.page(conn, parties.regulator, after=None, limit=5) == [made]
    with pytest.raises(AlreadyRegistered):
        await packages.register(conn, parties.maker, new, now=now)
    for outsider in (stranger.maker, parties.venue):
        with pytest.raises(NotFound):
            await packages.get(conn, outsider, made.id)
    twice = NewPackage(name="二", asset_ids=(asset.id, asset.id))
    with pytest.raises(InvalidInput, match="twice"):
        await packages.register(conn, parties.maker, twice, now=now)
    assert FACTS[asset.ip_type].has_upkeep
