"""Valuations: which kind for which loan, and for how long."""

from datetime import date, datetime

import pytest

from kit.errors import InvalidInput, NotFound
from kit.sql import Connection
from marketplace.assets import service as assets
from marketplace.assets.service import AlreadyRegistered
from marketplace.cases import service as cases
from marketplace.pledges import service as pledges
from marketplace.valuations import service
from marketplace.valuations.rules import is_kind_allowed, is_valid_on, require_validity
from marketplace.valuations.schemas import ValuationKind
from tests.make_portfolio import make_parties, some_asset, some_case, some_pledge, some_valuation

LIMIT = 1_000_000_000


@pytest.mark.parametrize("kind", list(ValuationKind))
@pytest.mark.parametrize(
    ("loan_fen", "is_small"), [(LIMIT - 1, True), (LIMIT, True), (LIMIT + 1, False)]
)
def test_ten_million_inclusive_may_be_valued_inside(
    kind: ValuationKind, loan_fen: int, is_small: bool
) -> None:
    """Up to CNY 10,000,000.00 any kind will do; a fen more needs a valuer from outside."""
    assert is_kind_allowed(kind, loan_amount_fen=loan_fen) == (
        is_small or kind is ValuationKind.EXTERNAL
    )


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        (date(2026, 8, 31), False),
        (date(2026, 9, 1), True),
        (date(2027, 9, 1), True),
        (date(2027, 9, 2), False),
    ],
)
def test_a_valuation_holds_for_a_year_at_most(day: date, holds: bool) -> None:
    """Both ends are in, and a longer validity on paper does not stretch it."""
    assert is_valid_on(day, base_on=date(2026, 9, 1), valid_to=date(2030, 1, 1)) == holds


@pytest.mark.parametrize("valid_to", [date(2026, 9, 1), date(2026, 1, 1), date(2027, 9, 2)])
def test_another_validity_is_refused(valid_to: date) -> None:
    """It ends after its base day and within a year."""
    with pytest.raises(InvalidInput, match="valid_to"):
        require_validity(date(2026, 9, 1), valid_to)


async def test_the_loan_s_size_decides_at_registration(conn: Connection, now: datetime) -> None:
    """Rights that secure more than 10 million are not valued inside; reports are entered once and seen by their own."""
    parties = await make_parties(conn, now=now)
    large = some_case(loan_amount_fen=LIMIT + 1)
    case = await cases.register(conn, parties.maker, large, now=now)
    asset = await assets.register(conn, parties.maker, some_asset(), now=now)
    pledge = some_pledge(case.id, asset.id, pledgee_code=parties.code)
    await pledges.register(conn, parties.maker, pledge, now=now)
    inside = some_valuation(asset.id, kind="internal")
    with pytest.raises(service.ExternalValuationNeeded):
        await service.register(conn, parties.maker, inside, now=now)
    made = await service.register(conn, parties.maker, some_valuation(asset.id), now=now)
    again = some_valuation(asset.id, report_number=made.report_number)
    with pytest.raises(AlreadyRegistered):
        await service.register(conn, parties.maker, again, now=now)
    assert await service.get(conn, parties.checker, made.id) == made
    assert await service.of_assets(conn, [asset.id]) == [made]
    with pytest.raises(NotFound):
        await service.get(conn, parties.venue, made.id)
