"""The case ledger: lines, files, release, and the pages that show them in both languages."""

from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest

from kit.errors import NotFound
from kit.sql import Connection
from kit.states import IllegalStep
from marketplace.app import Resources, create_app
from marketplace.assets import service as assets
from marketplace.assets.details import PatentDetails
from marketplace.assets.schemas import AssetParticulars
from marketplace.burdens import service as burdens
from marketplace.burdens.schemas import BurdenKind, NewBurden
from marketplace.cases.schemas import CaseState
from marketplace.consignments import service as consignments
from marketplace.diligence import service as diligence
from marketplace.diligence.schemas import Cause
from marketplace.ledgers import service
from marketplace.ledgers.pages import routes
from marketplace.monitoring import service as monitoring
from marketplace.pledges import service as pledges
from marketplace.pledges.schemas import PledgeState
from tests.make_people import client_of, key_of
from tests.make_portfolio import make_collateral, make_consignment, make_parties


async def test_a_loan_s_file_holds_what_was_done_and_what_falls_due(
    conn: Connection, now: datetime
) -> None:
    """Delay and grade, rights with fees, deadlines soonest first, the timeline; another bank finds nothing."""
    parties = await make_parties(conn, now=now)
    consignment = await make_consignment(conn, parties, now=now)
    await monitoring.watch_case(conn, consignment.case_id, now=now)
    file = await service.file_of(conn, parties.checker, consignment.case_id, now=now)
    assert (file.line.days_overdue, file.line.stage, file.line.rights) == (611, 360, 1)
    assert file.line.grade_at_best == "loss"
    assert {alert.code for alert in file.alerts} == {"MON-06"}
    assert [each.what for each in file.deadlines] == ["valuation ends", "fee or renewal due"]
    assert [each.on for each in file.deadlines] == sorted(each.on for each in file.deadlines)
    actions = {moment.action for moment in file.timeline}
    assert {"case_registered", "asset_registered", "pledge_registered", "alert_raised"} <= actions
    assert [each.id for each in file.consignments] == [consignment.id]
    stranger = await make_parties(conn, now=now)
    with pytest.raises(NotFound):
        await service.file_of(conn, stranger.maker, consignment.case_id, now=now)
    assert await service.page(conn, stranger.maker, after=None, limit=5, now=now) == []


async def test_a_loan_is_released_once_its_pledges_are_cancelled(
    conn: Connection, now: datetime
) -> None:
    """Refused while a pledge stands, naming it; afterwards once."""
    parties = await make_parties(conn, now=now)
    case, asset = await make_collateral(conn, parties, now=now)
    [pledge] = await pledges.over_assets(conn, [asset.id])
    with pytest.raises(service.StillPledged, match=pledge.registration_number):
        await service.release(conn, parties.checker, case.id, reason="已结清", now=now)
    for state in (PledgeState.CANCEL_PENDING, PledgeState.CANCELLED):
        await pledges.move(conn, parties.maker, pledge.id, state, reason="结清", now=now)
    done = await service.release(conn, parties.checker, case.id, reason="已结清", now=now)
    assert done.state is CaseState.RELEASED
    with pytest.raises(IllegalStep):
        await service.release(conn, parties.checker, case.id, reason="再次", now=now)


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the ledger's pages."""
    async with client_of(create_app(resources, routes=routes)) as opened:
        yield opened


async def test_the_pages_show_it_to_those_who_may_see_it(
    client: httpx.AsyncClient, resources: Resources, now: datetime
) -> None:
    """Ledger, file, right and due diligence in Chinese and English; another bank sees empty lists and no such page."""
    parties = await make_parties(resources.pool, now=now)
    async with resources.pool.acquire() as conn, conn.transaction():
        made = await make_consignment(conn, parties, now=now)
        await monitoring.watch_case(conn, made.case_id, now=now)
        asset = await assets.get(conn, parties.maker, made.asset_ids[0])
        details = PatentDetails(inventors=("<b>甲",), claims=12)
        found_out = AssetParticulars(details=details, region="420100")
        await assets.record_particulars(
            conn, parties.maker, asset.id, found_out, version=asset.version, now=now
        )
        licence = NewBurden(
            asset_id=made.asset_ids[0],
            kind=BurdenKind.EXCLUSIVE_LICENCE,
            holder_name="<b>被许可人</b>",
            starts_on=now.date(),
            source="合同",
        )
        await burdens.register(conn, parties.maker, licence, now=now)
        await consignments.submit(conn, parties.maker, made.id, now=now)
        await diligence.run(conn, parties.maker, made.id, cause=Cause.ASKED, now=now)
    stranger = await make_parties(resources.pool, now=now)
    maker = await key_of(resources.pool, parties.maker, now=now)
    other = await key_of(resources.pool, stranger.maker, now=now)
    pages = {
        "/ledger": ("案件台账", "Case ledger", "611"),
        f"/ledger/{made.case_id}": ("未结预警", "Open alerts", "MON-06"),
        f"/rights/{made.asset_ids[0]}": (
            "质押顺位",
            "Pledges by rank",
            "&lt;b&gt;被许可人",
            "专利·发明人",
            "&lt;b&gt;甲",
            "420100",
        ),
        f"/consignments/{made.id}/diligence": ("合规审查", "Due diligence", "ELG-15"),
    }
    for path, words in pages.items():
        shown = await client.get(path, headers=maker)
        assert shown.status_code == 200, shown.text
        for word in words:
            assert word in shown.text, (path, word)
        hidden = await client.get(path, headers=other)
        if path == "/ledger":
            assert "尚无案件" in hidden.text
        else:
            assert hidden.status_code == 404
