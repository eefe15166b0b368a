"""What raises the signals about banks and schemes: MON-02 holds the bank's listings, MON-08 warns the funds."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest

from kit.sql import Connection
from marketplace.consignments.dossier import facts_of
from marketplace.consignments.rules import eligibility
from marketplace.monitoring import rules, service
from marketplace.organisations.schemas import OrganisationKind, Role
from marketplace.valuations import service as valuations
from settlement import cases
from settlement.rules.case import Loan
from tests.make_people import make_caller, make_organisation
from tests.make_portfolio import make_collateral, make_consignment, make_parties, some_valuation
from tests.settlement import make_money
from tests.settlement.test_compensation_terms import enrol, enrolment, with_breaker

LOSS_FEN = 1_000_000


async def test_a_return_that_does_not_hold_holds_the_banks_listings(
    conn: Connection, now: datetime
) -> None:
    """ELG-28 looks at the bank's own alert (MON-02) as at those of the loan; another bank's is not concerned."""
    parties, stranger = await make_parties(conn, now=now), await make_parties(conn, now=now)
    consignment = await make_consignment(conn, parties, now=now)
    facts = await facts_of(conn, consignment, today=now.date())
    assert "ELG-28" not in [found.code for found in eligibility(facts)]
    for party in (stranger, parties):
        for signal in rules.return_disagrees(quarter="2026Q3", reported_fen=1, ledger_fen=1_000):
            await service.raise_alert(
                conn, signal, organisation_id=party.maker.organisation_id, now=now
            )
        facts = await facts_of(conn, consignment, today=now.date())
        is_held = "ELG-28" in [found.code for found in eligibility(facts)]
        assert is_held is (party is parties)


@pytest.mark.parametrize(
    ("enrolled_fen", "is_near"),
    [
        (41_666_667, False),  # 1,000,000 is under 80% of 3% of it
        (41_666_666, True),
    ],
)
async def test_funds_are_warned_before_a_breaker_trips(
    enrolled_fen: int,
    is_near: bool,
    conn: Connection,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """MON-08 by the daily look at a loan: the fund that the bank claims from is warned once a period, no other."""
    parties = await make_parties(conn, now=now)
    loan, _ = await make_collateral(conn, parties, now=now)
    lender_id = parties.maker.organisation_id
    monkeypatch.setattr(make_money, "BANK", lender_id)
    file = with_breaker("DEFER")
    before = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
    await cases.add_scheme(conn, file, now=before)
    given = enrolment("E-1", principal_fen=enrolled_fen)
    await enrol(conn, msgspec.structs.replace(given, lender_id=lender_id), now=before)
    lost = Loan(amount_fen=LOSS_FEN, principal_fen=LOSS_FEN)
    await make_money.make_claim(conn, loan=lost, now=before, file=file)
    funds = [
        await make_caller(
            conn,
            Role.FUND_ADMINISTRATOR,
            now=now,
            organisation_id=await make_organisation(conn, OrganisationKind.FUND, now=now),
        )
        for _ in range(2)
    ]
    await conn.execute(
        "INSERT INTO market.claims (id, case_id, organisation_id, scheme_id, scheme_version, fund_ids, application,"
        " figures, claim_sha256, state, drafted_by, drafted_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, '{}', '{}', $7, 'drafted', $8, $9)",
        uuid4(),
        loan.id,
        lender_id,
        file.id,
        file.version,
        [funds[0].organisation_id],
        bytes(32),
        parties.maker.user_id,
        now,
    )
    for _ in range(2):
        assert await service.watch_case(conn, loan.id, now=now)
    found = [
        [alert.code for alert in await service.page(conn, fund, after=None, limit=9)]
        for fund in funds
    ]
    assert found == [["MON-08"] if is_near else [], []]


@pytest.mark.parametrize(("value_fen", "is_outlier"), [(200_000_000, False), (200_000_001, True)])
async def test_a_report_is_held_against_the_model_s_value_too(
    value_fen: int, is_outlier: bool, conn: Connection, now: datetime
) -> None:
    """MON-03: near the report before it, and twice what the model computed, which is named."""
    parties = await make_parties(conn, now=now)
    loan, asset = await make_collateral(conn, parties, now=now)  # a report of 300 million fen
    modelled = some_valuation(
        asset.id,
        kind="internal",
        method="cost",
        base_on="2026-08-15",
        valid_to="2027-08-15",
        value_fen=100_000_000,
        computation={"type": "cost", "replacement_fen": 200_000_000, "obsolescence_bp": 5_000},
    )
    newest = some_valuation(
        asset.id, base_on="2026-10-01", valid_to="2027-10-01", value_fen=value_fen
    )
    for report in (modelled, newest):
        await valuations.register(conn, parties.maker, report, now=now)
    assert await service.watch_case(conn, loan.id, now=now)
    found = [
        alert.evidence["reference"]
        for alert in await service.page(conn, parties.checker, after=None, limit=9)
        if alert.code == "MON-03"
    ]
    assert found == ([modelled.report_number] if is_outlier else [])
