"""Regulators by authority: each reads what its authority oversees in its region, by policies of routes and of rows.

Domain 1.4 十二 and 7. The sale is of a bank and a venue of Wuhan (420100), by an exchange.
"""

import re
from collections import Counter

import pytest

from kit.clock import system_clock
from kit.reach import Scope
from marketplace.monitoring import rules
from marketplace.monitoring import service as monitoring
from marketplace.organisations.authorities import COVERED_BY, Area, covers
from marketplace.organisations.schemas import Authority, OrganisationKind, Role
from tests.make_people import make_organisation
from tests.make_stage import Person, Stage, accepted_consignment
from tests.marketplace.people.test_rows import _PUBLISHED, counts

_HUBEI, _YICHANG, _BEIJING = "420000", "420500", "110000"
#: Areas of which some authorities see single rows alone, and under which name the database knows those.
_ROW_BY_ROW = {Authority.COURT: "court", Authority.COPYRIGHT: "copyrights"}
#: What each authority sees of this sale beneath every route: the tables that are not published to all.
_SEES = {
    Authority.IP_OFFICE: {"loan_cases", "pledges", "valuations", "consignments", "diligence_runs"},
    Authority.COPYRIGHT: set[str](),
    Authority.FINANCIAL: {"loan_cases", "pledges", "valuations", "consignments", "approvals", "diligence_runs"},
    Authority.LOCAL_FINANCIAL: {"loan_cases", "pledges", "consignments", "approvals"},
    Authority.FISCAL: {"approvals"},
    Authority.CENTRAL_BANK: {"loan_cases", "pledges"},
    Authority.SME: set[str](),
    Authority.COURT: set[str](),
    Authority.JOINT: {"loan_cases", "pledges", "valuations", "consignments", "approvals"},
}  # fmt: skip
_AREAS_OF_TABLES = set().union(*_SEES.values())
#: A route of each area, with the sale's ids.
_ROUTES = {
    Area.LOANS: "/v1/cases/{case_id}",
    Area.COLLATERAL: "/v1/assets/{asset_id}",
    Area.DISPOSAL: "/v1/consignments/{consignment_id}",
    Area.SALES: "/v1/experts",
    Area.FUNDS: "/v1/claims",
    Area.RETURNS: "/v1/returns",
    Area.ALERTS: "/v1/alerts",
    Area.WHITE_LISTS: "/v1/white-lists",
    Area.DECISIONS: "/v1/audit",
}


@pytest.fixture
async def sale(stage: Stage) -> Stage:
    """A published lot of Wuhan with a registered bidder."""
    await stage.pool.execute(
        "UPDATE market.organisations SET region = '420100' WHERE id = ANY ($1::uuid[])",
        [stage.operator.caller.organisation_id, stage.bank_maker.caller.organisation_id],
    )
    await stage.registered(await stage.published(lasts=600, opens_in=600))
    return stage


async def regulator(stage: Stage, authority: Authority, region: str | None) -> Person:
    """Somebody of an authority of a region."""
    organisation_id = await make_organisation(
        stage.pool,
        OrganisationKind.REGULATOR,
        now=system_clock(),
        authority=authority,
        region=region,
    )
    return await stage.person(Role.REGULATOR, organisation_id=organisation_id)


async def test_the_database_and_the_routes_know_the_same_areas(stage: Stage) -> None:
    """What `market.covers` says is what the policies say, but for those who see single rows of an area."""
    for area in set(Area) - {Area.ENTRUSTED}:
        for authority in Authority:
            found = await stage.pool.fetchval("SELECT market.covers($1, $2)", authority, area)
            by_row = authority in _ROW_BY_ROW and area in (
                Area.COLLATERAL, Area.DISPOSAL, Area.SALES,
            )  # fmt: skip
            if by_row and covers(authority, area):
                rows = _ROW_BY_ROW[authority]
                assert not found
                assert await stage.pool.fetchval("SELECT market.covers($1, $2)", authority, rows)
            else:
                assert found is covers(authority, area), (authority, area)
    assert COVERED_BY.keys() == set(Area)
    assert not covers(None, *Area)


async def test_rows_are_of_ones_authority_and_region(sale: Stage) -> None:
    """Without any condition a query shows a regulator what it oversees; elsewhere, what is published."""
    for region in (None, _HUBEI, "420100", _YICHANG, _BEIJING):
        for authority in Authority:
            person = await regulator(sale, authority, region)
            seen = {
                name.partition(".")[2]
                for name in await counts(sale, Scope.AUTHORITY, person.caller)
                if name.startswith("market.") and name not in _PUBLISHED
            }
            assert "bidders" not in seen, "who bids is nobody's to know before the close"
            if region in (_YICHANG, _BEIJING):
                assert seen <= {"users", "api_keys", "audit_entries"}, (authority, region)
                continue
            assert seen & _AREAS_OF_TABLES >= _SEES[authority], (authority, region)
            unseen = {"loan_cases", "pledges", "approvals"} - _SEES[authority]
            assert not seen & unseen, (authority, region)


async def test_routes_are_for_the_authorities_that_oversee_them(sale: Stage) -> None:
    """403 where the authority does not cover the area; 404 and empty lists where the region is another's."""
    ids = {
        f"{name}_id": str(await sale.pool.fetchval(f"SELECT id FROM market.{table} LIMIT 1"))
        for name, table in (
            ("case", "loan_cases"),
            ("asset", "assets"),
            ("consignment", "consignments"),
        )
    }
    for authority in Authority:
        here = await regulator(sale, authority, _HUBEI)
        away = await regulator(sale, authority, _BEIJING)
        for area, path in _ROUTES.items():
            address = path.format(**ids)
            if not covers(authority, area):
                assert (await here.get(address, expect=403))["code"] == "forbidden"
                continue
            # The sale is an exchange's: a court reads judicial ones, a copyright office no patents.
            by_row = authority in _ROW_BY_ROW and area in (Area.COLLATERAL, Area.DISPOSAL)
            is_one = address != path
            if is_one and not by_row:
                await here.get(address)
            elif is_one and area is not Area.COLLATERAL:
                await here.get(address, expect=404)
            if not is_one:
                found = (await away.get(address))["items"]
                own = str(away.caller.organisation_id)
                assert [one for one in found if one["organisation_id"] != own] == []
            elif area is not Area.COLLATERAL:  # the rights of a published lot are published
                await away.get(address, expect=404)


async def _links_followed(person: Person) -> dict[str, int]:
    """Every page to which links lead from my desk and the first page, with its status; a few of each kind."""
    waiting, found, kinds = ["/me", "/"], dict[str, int](), Counter[str]()
    while waiting:
        path = waiting.pop()
        kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", path.partition("?")[0])
        if path in found or kinds[kind] > 2 or path.startswith(("/v1/", "/static/", "/docs")):
            continue
        kinds[kind] += 1
        answer = await person.client.get(path, headers=person.headers | {"Accept": "text/html"})
        found[path] = answer.status_code
        waiting += re.findall(r'<a[^>]* href="(/[^"]*)"', answer.text)
    return found


@pytest.mark.parametrize("authority", list(Authority))
async def test_no_link_leads_a_supervisor_to_a_refusal(sale: Stage, authority: Authority) -> None:
    """What an authority does not oversee is not linked to from what it does; what it may read is reached by links."""
    bank_id = sale.bank_maker.caller.organisation_id
    case_id = await sale.pool.fetchval("SELECT id FROM market.loan_cases LIMIT 1")
    seen = rules.Signal(
        code="MON-06", key="L-1", subject="L-1", message="overdue", message_zh="逾期", evidence={"loan": str(case_id)}
    )  # fmt: skip
    async with sale.pool.acquire() as conn, conn.transaction():
        await monitoring.raise_alert(
            conn, seen, organisation_id=bank_id, case_id=case_id, now=system_clock()
        )
    found = await _links_followed(await regulator(sale, authority, _HUBEI))
    assert {path: status for path, status in found.items() if status != 200} == {}
    kinds = {path.split("/")[1] for path in found}
    assert ("consignments" in kinds) is covers(authority, Area.DISPOSAL)
    assert ("ledger" in kinds) is covers(authority, Area.LOANS)
    assert ("alerts" in kinds) is covers(authority, Area.ALERTS)


async def test_a_court_reads_judicial_sales(sale: Stage) -> None:
    """A consignment that goes the judicial way is the court's of the region to read, and no other court's."""
    consignment_id = await accepted_consignment(
        sale, regime="judicial_network", authority="court_order_realisation"
    )
    here = await regulator(sale, Authority.COURT, _HUBEI)
    away = await regulator(sale, Authority.COURT, _BEIJING)
    found = await here.get(f"/v1/consignments/{consignment_id}")
    assert found["regime"] == "judicial_network"
    await away.get(f"/v1/consignments/{consignment_id}", expect=404)


async def test_who_supervises_says_which_authority_it_is(stage: Stage) -> None:
    """An organisation of regulators has an authority, by the service and by the database."""
    administrator = await stage.person(Role.PLATFORM_ADMINISTRATOR)
    refused = await administrator.post(
        "/v1/organisations", {"kind": "regulator", "name": "某局"}, expect=400
    )
    assert refused["field"] == "authority"
    made = await administrator.post(
        "/v1/organisations", {"kind": "regulator", "name": "某法院", "authority": "court"}
    )
    assert made["authority"] == "court"
