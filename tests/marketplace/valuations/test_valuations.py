"""Valuations: which kind for which loan, and for how long."""

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from kit.errors import InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection
from marketplace.assets import service as assets
from marketplace.assets.service import AlreadyRegistered
from marketplace.cases import service as cases
from marketplace.cases.schemas import Case
from marketplace.consignments import service as consignments
from marketplace.consignments.dossier import facts_of
from marketplace.pledges import service as pledges
from marketplace.valuations import service
from marketplace.valuations.rules import (
    LoanSize,
    farthest,
    is_kind_allowed,
    is_valid_on,
    require_validity,
)
from marketplace.valuations.schemas import ValuationKind
from settlement import cases as schemes
from settlement import enrolments
from settlement.schemes import OperatingTerms
from tests.make_portfolio import (
    make_parties,
    some_asset,
    some_case,
    some_pledge,
    some_terms,
    some_valuation,
)
from tests.settlement.make_money import scheme_with_advance

LIMIT = 1_000_000_000


@pytest.mark.parametrize("kind", list(ValuationKind))
@pytest.mark.parametrize(
    ("loan_fen", "is_small"), [(LIMIT - 1, True), (LIMIT, True), (LIMIT + 1, False)]
)
def test_ten_million_inclusive_may_be_valued_inside(
    kind: ValuationKind, loan_fen: int, is_small: bool
) -> None:
    """Up to CNY 10,000,000.00 any kind will do; a fen more needs a valuer from outside."""
    assert is_kind_allowed(kind, loan=LoanSize(loan_fen)) == (
        is_small or kind is ValuationKind.EXTERNAL
    )


def test_the_loan_farthest_above_its_own_limit_decides() -> None:
    """A larger loan that its scheme lets be valued inside does not; where there is none, the limit is the plain one."""
    wide, over = LoanSize(3 * LIMIT, 3 * LIMIT), LoanSize(LIMIT + 1)
    assert farthest([wide, over]) == farthest([over, wide]) == over
    assert farthest([]) == LoanSize(0, LIMIT)
    assert is_kind_allowed(ValuationKind.INTERNAL, loan=wide)
    assert not is_kind_allowed(ValuationKind.INTERNAL, loan=LoanSize(3 * LIMIT + 1, 3 * LIMIT))


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


async def test_a_scheme_widens_the_limit_for_its_own_loans(conn: Connection, now: datetime) -> None:
    """Twenty million, inclusive, once the enrolment is accepted; a fen more, and another scheme's loan, not."""
    parties = await make_parties(conn, now=now)
    terms = OperatingTerms(internal_valuation_max_fen=2 * LIMIT)
    file = msgspec.structs.replace(scheme_with_advance(), version=9, terms=terms)
    for each in (file, scheme_with_advance()):
        await schemes.add_scheme(conn, each, now=now)

    async def loaned(amount_fen: int, *, version: int) -> tuple[Case, UUID, UUID]:
        case = await cases.register(
            conn, parties.maker, some_case(loan_amount_fen=amount_fen), now=now
        )
        asset = await assets.register(conn, parties.maker, some_asset(), now=now)
        pledge = some_pledge(case.id, asset.id, pledgee_code=parties.code)
        await pledges.register(conn, parties.maker, pledge, now=now)
        given = enrolments.NewEnrolment(
            scheme_id=file.id,
            scheme_version=version,
            lender_id=parties.maker.organisation_id,
            borrower_id=uuid7(now),
            loan_number=case.contract_number,
            contract_hash=case.contract_number.encode().ljust(32, b"."),
            principal_fen=amount_fen,
            granted_on=now.date(),
            due_on=now.date() + timedelta(days=90),
        )
        by = parties.maker.user_id
        return case, asset.id, (await enrolments.file(conn, given, enrolled_by=by, now=now)).id

    async def refusal(asset_id: UUID) -> str:
        try:
            inside = some_valuation(asset_id, kind="internal")
            await service.register(conn, parties.maker, inside, now=now)
        except service.ExternalValuationNeeded as error:
            return str(error)
        return ""

    async def accept(enrolment_id: UUID) -> None:
        await enrolments.decide(
            conn, enrolment_id, accepted=True, reason="ok", decided_by=uuid7(now), now=now
        )

    case, asset_id, filed_id = await loaned(2 * LIMIT, version=9)
    assert "up to 10,000,000.00" in await refusal(asset_id)
    await accept(filed_id)
    assert await refusal(asset_id) == ""
    assert await service.largest_loans(conn, [asset_id]) == {
        asset_id: LoanSize(2 * LIMIT, 2 * LIMIT)
    }
    terms_of_sale = some_terms(parties.venue.organisation_id, case.id, asset_id)
    consignment = await consignments.draft(conn, parties.maker, terms_of_sale, now=now)
    facts = await facts_of(conn, consignment, today=now.date())
    assert facts.internal_limit_fen == 2 * LIMIT
    for amount_fen, version, words in (
        (2 * LIMIT + 1, 9, "up to 20,000,000.00"),
        (2 * LIMIT, 2, "up to 10,000,000.00"),
    ):
        _, asset_id, filed_id = await loaned(amount_fen, version=version)
        await accept(filed_id)
        assert words in await refusal(asset_id)
