"""Due diligence over consignments: runs that are kept, overrides by a checker, and rechecks when something changes."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from uuid import UUID

import httpx
import pytest

from kit.errors import Conflict, NotFound
from kit.sql import Connection
from marketplace.app import Resources, create_app
from marketplace.assets import service as assets
from marketplace.assets.schemas import Asset, AssetStatus
from marketplace.cases import service as cases
from marketplace.cases.schemas import CaseState
from marketplace.consignments import service as consignments
from marketplace.consignments.http import routes as consignment_routes
from marketplace.consignments.rules import SamePerson
from marketplace.consignments.schemas import Consignment
from marketplace.diligence import service
from marketplace.diligence.http import routes
from marketplace.diligence.schemas import Cause, NewOverride, Outcome
from marketplace.jobs.handlers import recheck_consignment
from marketplace.organisations.schemas import Role
from tests.make_people import client_of, key_of, make_caller
from tests.make_portfolio import Parties, make_consignment, make_parties


@pytest.fixture
async def parties(conn: Connection, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(conn, now=now)


async def submitted(conn: Connection, parties: Parties, now: datetime) -> Consignment:
    """A consignment that the bank's checker has passed on."""
    draft = await make_consignment(conn, parties, now=now)
    await consignments.submit(conn, parties.maker, draft.id, now=now)
    return await consignments.approve(conn, parties.checker, draft.id, now=now)


async def read_again(
    conn: Connection, parties: Parties, asset_id: UUID, paid_to: str, now: datetime
) -> Asset:
    """A newer reading of the register: fees paid to another day."""
    asset = await assets.get(conn, parties.maker, asset_id)
    status = AssetStatus(
        legal_status=asset.legal_status,
        status_as_of=asset.status_as_of,
        status_source="登记簿副本",
        fee_paid_to=date.fromisoformat(paid_to),
    )
    return await assets.record_status(
        conn, parties.maker, asset_id, status, version=asset.version, now=now
    )


async def test_a_checker_passes_over_what_holds_until_the_evidence_changes(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Held, then overridden with a reason and disclosed; a newer reading is a new finding, and holds again."""
    consignment = await submitted(conn, parties, now)
    asset_id = consignment.asset_ids[0]
    checker = await make_caller(
        conn, Role.VENUE_CHECKER, now=now, organisation_id=parties.venue.organisation_id
    )
    first = await service.run(conn, parties.venue, consignment.id, cause=Cause.ASKED, now=now)
    assert (first.outcome, first.findings) == (Outcome.CLEAR, ())
    await read_again(conn, parties, asset_id, "2027-01-31", now)
    held = await service.run(conn, parties.venue, consignment.id, cause=Cause.ASKED, now=now)
    assert held.outcome is Outcome.HELD
    [finding] = held.findings
    assert finding.code == "ELG-12"
    assert finding.evidence["paid_to"] == "2027-01-31"
    given = NewOverride(evidence_sha256=finding.evidence_sha256, reason="委托人承诺缴费")
    with pytest.raises(SamePerson):
        await service.override(conn, parties.maker, consignment.id, given, now=now)
    passed = await service.override(conn, checker, consignment.id, given, now=now)
    assert passed.outcome is Outcome.WARNED
    assert passed.findings[0].overridden_reason == "委托人承诺缴费"
    with pytest.raises(service.NotOverridable):
        await service.override(conn, checker, consignment.id, given, now=now)
    await read_again(conn, parties, asset_id, "2027-01-30", now)
    again = await service.run(conn, parties.venue, consignment.id, cause=Cause.ASKED, now=now)
    assert again.outcome is Outcome.HELD
    with pytest.raises(NotFound):
        await service.override(conn, checker, consignment.id, given, now=now)
    runs = await service.runs_of(conn, parties.regulator, consignment.id)
    assert [run.outcome for run in runs] == ["held", "warned", "held", "clear"]
    stranger = await make_parties(conn, now=now)
    with pytest.raises(NotFound):
        await service.runs_of(conn, stranger.maker, consignment.id)


async def test_the_loan_goes_its_way_with_its_consignment(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Submitted, approved, route set, in disposal; back to its beginning when the consignment comes back."""
    consignment = await submitted(conn, parties, now)

    async def state() -> CaseState:
        return (await cases.get(conn, parties.maker, consignment.case_id)).state

    assert await state() is CaseState.APPROVED
    await consignments.send_back(conn, parties.venue, consignment.id, reason="补件", now=now)
    assert await state() is CaseState.REGISTERED
    await consignments.submit(conn, parties.maker, consignment.id, now=now)
    assert await state() is CaseState.SUBMITTED
    await consignments.approve(conn, parties.checker, consignment.id, now=now)
    await consignments.accept(conn, parties.venue, consignment.id, now=now)
    assert await state() is CaseState.ROUTE_SET
    await consignments.begin_disposal(conn, parties.venue, consignment.id, now=now)
    assert await state() is CaseState.IN_DISPOSAL


async def test_a_fund_with_a_claim_is_told_of_each_price(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """ELG-29 holds until the fund was told of the price that stands; a price cut asks for another notice."""
    consignment = await submitted(conn, parties, now)
    with pytest.raises(Conflict, match="no fund"):
        await consignments.tell_fund(conn, parties.maker, consignment.id, now=now)
    fund = await make_caller(conn, Role.FUND_ADMINISTRATOR, now=now)
    await conn.execute(
        "INSERT INTO market.claims (id, case_id, organisation_id, scheme_id, scheme_version, fund_ids, application,"
        " figures, claim_sha256, state, drafted_by, drafted_at)"
        " VALUES (gen_random_uuid(), $1, $2, 's', 1, ARRAY[$3::uuid], '{}', '{}', decode(repeat('00', 32), 'hex'),"
        " 'drafted', $4, $5)",
        consignment.case_id,
        consignment.organisation_id,
        fund.organisation_id,
        parties.maker.user_id,
        now,
    )

    async def codes() -> list[str]:
        fresh = await consignments.get(conn, parties.maker, consignment.id)
        return [finding.code for finding in await service.examine(conn, fresh, now=now)]

    assert await codes() == ["ELG-29"]
    for _ in range(2):
        await consignments.tell_fund(conn, parties.maker, consignment.id, now=now)
    assert await codes() == []
    [told] = await consignments.fund_notices(conn, fund, before=None, limit=5)
    assert told.start_price_fen == consignment.start_price_fen
    await conn.execute(
        "UPDATE market.consignments SET start_price_fen = start_price_fen - 1, reserve_price_fen = NULL WHERE id = $1",
        consignment.id,
    )
    assert await codes() == ["ELG-29"]
    stranger = await make_caller(conn, Role.FUND_CHECKER, now=now)
    assert await consignments.fund_notices(conn, stranger, before=None, limit=5) == []


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the diligence's and consignments' routes."""
    app = create_app(resources, routes=[*routes, *consignment_routes])
    async with client_of(app) as opened:
        yield opened


async def test_a_change_beneath_a_consignment_has_it_checked_again(
    client: httpx.AsyncClient, resources: Resources, now: datetime
) -> None:
    """The change itself writes the duty; the job runs the rules and keeps the outcome; acceptance keeps a run too."""
    parties = await make_parties(resources.pool, now=now)
    async with resources.pool.acquire() as conn, conn.transaction():
        consignment = await submitted(conn, parties, now)
    venue = await key_of(resources.pool, parties.venue, now=now)
    path = f"/v1/consignments/{consignment.id}"
    accepted = await client.post(f"{path}/acceptance", headers={**venue, "Idempotency-Key": "a"})
    assert accepted.status_code == 200, accepted.text

    async def waiting() -> int:
        found = await resources.pool.fetchval(
            "SELECT count(*) FROM market.duties WHERE kind = 'recheck_consignment' AND subject_id = $1",
            consignment.id,
        )
        return int(found)

    assert await waiting() == 0
    async with resources.pool.acquire() as conn, conn.transaction():
        await read_again(conn, parties, consignment.asset_ids[0], "2027-01-31", now)
    assert await waiting() == 1
    await recheck_consignment(resources, consignment.id, now)  # type: ignore[arg-type]  # it needs no engine
    runs = (await client.get(f"{path}/diligence", headers=venue)).json()
    assert [(run["cause"], run["outcome"]) for run in runs] == [
        ("changed", "held"),
        ("accepted", "clear"),
    ]
    asked = await client.post(f"{path}/diligence", headers={**venue, "Idempotency-Key": "d"})
    assert asked.status_code == 201, asked.text
    checker = await make_caller(
        resources.pool,
        Role.VENUE_CHECKER,
        now=now,
        organisation_id=parties.venue.organisation_id,
    )
    key = await key_of(resources.pool, checker, now=now)
    body = {"evidence_sha256": asked.json()["findings"][0]["evidence_sha256"], "reason": "承诺"}
    passed = await client.post(
        f"{path}/diligence/overrides", json=body, headers={**key, "Idempotency-Key": "o"}
    )
    assert (passed.status_code, passed.json()["outcome"]) == (201, "warned")
    rules = (await client.get("/v1/eligibility-rules", headers=venue)).json()
    assert len(rules["checks"]) == 32
