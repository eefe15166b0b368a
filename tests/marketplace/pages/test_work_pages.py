"""The rooms of daily work as pages, worked by forms alone: files, due diligence, alerts, white lists, webhooks."""

import re
from collections.abc import AsyncIterator
from datetime import date, datetime
from uuid import UUID

import httpx
import msgspec
import pytest

from marketplace.app import Resources
from marketplace.assets import service as assets
from marketplace.assets.schemas import AssetStatus
from marketplace.consignments import service as consignments
from marketplace.diligence import service as diligence
from marketplace.diligence.schemas import Cause
from marketplace.imports import jobs
from marketplace.imports.pages import FINDINGS_SHOWN
from marketplace.imports.template import workbook_bytes
from marketplace.monitoring import service as monitoring
from marketplace.monitoring.schemas import Signal
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from marketplace.pages.rooms import ROOMS_OF_WORK, rooms_of
from marketplace.webhooks.delivering import deliver_due
from marketplace.webhooks.sending import Sender
from tests.make_app import client_on
from tests.make_people import MovableClock, key_of, make_caller, make_organisation
from tests.make_portfolio import BORROWER_CODE, Parties, make_consignment, make_parties
from tests.marketplace.exports.test_exports import right_row, sheet
from tests.marketplace.pages.test_money_pages import Desk, found, value_of
from tests.marketplace.webhooks.receiver import receiving

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
async def parties(resources: Resources, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(resources.pool, now=now)


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A client of every page; webhooks may come to this machine."""
    settings = msgspec.structs.replace(resources.settings, webhooks_to_loopback=True)
    async with client_on(msgspec.structs.replace(resources, settings=settings)) as opened:
        yield opened


async def desk_of(
    client: httpx.AsyncClient, resources: Resources, caller: Caller, now: datetime
) -> Desk:
    """This person with a browser."""
    return Desk(client, await key_of(resources.pool, caller, now=now))


async def hand_in(desk: Desk, content: bytes, name: str) -> str:
    """Send a file by the form; the path of its progress."""
    sent = await desk.client.post(
        "/imports", headers=desk.headers, data={"form_token": ""}, files={"file": (name, content)}
    )
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"])


async def test_a_file_is_handed_in_and_its_progress_shown(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """Waiting (the page asks again), half entered, over (it does not); the report; what is refused names its cells."""
    maker = await desk_of(client, resources, parties.maker, now)
    content = sheet(*(right_row(number) for number in range(6_000))).encode()
    path = await hand_in(maker, content, "<b>x.csv")
    waiting = await maker.see(path)
    assert 'http-equiv="refresh"' in waiting
    assert "<progress aria-label" in waiting  # nobody knows yet how many rows there are
    assert "0 / 0" not in waiting
    assert "排队中" in waiting
    seen: list[str] = []

    class Listening(jobs.Progress):
        async def __call__(self, *told: object) -> None:
            await super().__call__(*told)  # type: ignore[arg-type]  # as it was told
            seen.append(await maker.see(path))

    job_id = UUID(path.rsplit("/", 1)[1])
    await jobs.run(resources, job_id, now, progress=Listening(resources.pool, job_id, now))
    assert any(
        "5,000 / 6,000" in page and '<progress max="6000" value="5000"' in page for page in seen
    )
    assert any(
        "核对中" in page and ">6,000<" in page and "<progress aria-label" in page for page in seen
    )
    done = await maker.see(path)
    assert 'http-equiv="refresh"' not in done
    assert "6,000 / 6,000" in done
    report = await maker.see(found(done, r"/imports/[0-9a-f-]{36}"))
    assert "已全部登记" in report
    listed = await maker.see("/imports")
    assert "&lt;b&gt;x.csv" in listed
    assert "/v1/exports/portfolio.xlsx" in listed
    regulator = await desk_of(client, resources, parties.regulator, now)
    theirs = await regulator.see("/imports")
    assert 'action="/imports"' not in theirs
    assert "/v1/exports/portfolio.xlsx" not in theirs
    stranger = await desk_of(
        client, resources, (await make_parties(resources.pool, now=now)).maker, now
    )
    assert (await client.get(path, headers=stranger.headers)).status_code == 404


async def test_a_refused_file_names_its_cells_and_an_unreadable_one_why(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """The first findings on the page and how many there are; the marked workbook leads on; nothing of it is entered."""
    maker = await desk_of(client, resources, parties.maker, now)
    rows = [right_row(1, HOSTILE) for _ in range(FINDINGS_SHOWN + 2)]
    path = await hand_in(maker, sheet(*rows).encode(), "twice.csv")
    await jobs.run(resources, UUID(path.rsplit("/", 1)[1]), now)
    refused = await maker.see(path)
    assert f"已核对 {len(rows)} 行" in refused
    assert "<progress" not in refused
    report = await maker.see(found(refused, r"/imports/[0-9a-f-]{36}"))
    # What is wrong how often stands first, with the column as the template calls it.
    (kind,) = re.findall(r'<tr data-part="kind">.*?</tr>', report, re.DOTALL)
    assert f">{FINDINGS_SHOWN + 1}<" in kind
    assert ">编号<" in kind
    assert report.count('<td class="code">') == FINDINGS_SHOWN
    assert f"共 {FINDINGS_SHOWN + 1} 处" in report
    marked = found(report, r"/v1/imports/[0-9a-f-]{36}/report.xlsx")
    assert (await client.get(marked, headers=maker.headers)).status_code == 200
    path = await hand_in(maker, b"\xff\xfe\x00", "nothing.csv")
    await jobs.run(resources, UUID(path.rsplit("/", 1)[1]), now)
    assert "UTF-16" in await maker.see(path)
    template = await hand_in(maker, workbook_bytes({}), "empty.xlsx")
    await jobs.run(resources, UUID(template.rsplit("/", 1)[1]), now)
    assert 'http-equiv="refresh"' not in await maker.see(template)
    assert await resources.pool.fetchval("SELECT count(*) FROM market.assets") == 0
    sent = await client.post(
        "/imports", headers=maker.headers, data={"form_token": "x"}, files={"file": ("a", b"a")}
    )
    assert sent.status_code == 403


async def held(resources: Resources, parties: Parties, now: datetime) -> UUID:
    """A consignment whose examination holds it: its fees are paid for too short a time."""
    pool = resources.pool
    async with pool.acquire() as conn, conn.transaction():
        draft = await make_consignment(conn, parties, now=now)
        await consignments.submit(conn, parties.maker, draft.id, now=now)
        await consignments.approve(conn, parties.checker, draft.id, now=now)
        asset = await assets.get(conn, parties.maker, draft.asset_ids[0])
        status = AssetStatus(
            legal_status=asset.legal_status,
            status_as_of=asset.status_as_of,
            status_source="登记簿副本",
            fee_paid_to=date(2027, 1, 31),
        )
        await assets.record_status(
            conn, parties.maker, asset.id, status, version=asset.version, now=now
        )
        await diligence.run(conn, parties.venue, draft.id, cause=Cause.ASKED, now=now)
    return draft.id


async def test_a_checker_passes_over_a_held_finding_by_its_form(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """The list leads there; who submitted it finds no form and is refused; a checker's reason is shown after."""
    consignment_id = await held(resources, parties, now)
    path = f"/consignments/{consignment_id}/diligence"
    operator = await desk_of(client, resources, parties.venue, now)
    listed = await operator.see("/consignments")
    assert path in listed
    assert 'data-state="held"' in listed
    shown = await operator.see(path)
    assert "ELG-12" in shown
    assert f"{path}/overrides" not in shown
    checker = await make_caller(
        resources.pool,
        Role.VENUE_CHECKER,
        now=now,
        organisation_id=parties.venue.organisation_id,
    )
    desk = await desk_of(client, resources, checker, now)
    shown = await desk.see(path)
    evidence = value_of(shown, "evidence_sha256")
    await operator.send(f"{path}/overrides", 403, evidence_sha256=evidence, reason="x")
    await desk.send(f"{path}/overrides", 400, evidence_sha256=evidence, reason="")
    await desk.send(f"{path}/overrides", evidence_sha256=evidence, reason="委托人承诺缴费")
    after = await desk.see(path)
    assert "委托人承诺缴费" in after
    assert f"{path}/overrides" not in after
    await operator.send(path)
    assert "人工发起" in await operator.see(path)
    stranger = await make_parties(resources.pool, now=now)
    other = await desk_of(client, resources, stranger.maker, now)
    assert path not in await other.see("/consignments")


async def test_an_alert_is_reviewed_by_one_and_closed_by_another(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """Taken under review, not closed by the same person, dismissed by the next; supervisors read only."""
    signal = Signal(
        code="MON-03", subject="R-1", key="k", message=HOSTILE, message_zh="估值异常",
        evidence={"value_fen": "1"},
    )  # fmt: skip
    async with resources.pool.acquire() as conn:
        alert_id = await monitoring.raise_alert(
            conn, signal, organisation_id=parties.maker.organisation_id, now=now
        )
    path = f"/alerts/{alert_id}"
    maker = await desk_of(client, resources, parties.maker, now)
    checker = await desk_of(client, resources, parties.checker, now)
    assert path in await maker.see("/alerts?alert_state=open")
    assert path not in await maker.see("/alerts?alert_state=frozen")
    assert 'value="confirmed"' not in await maker.see(path)
    await maker.send(f"{path}/review", state="under_review", reason="核实中")
    mine = await maker.see(path)
    assert 'value="confirmed"' not in mine
    assert 'value="frozen"' in mine
    await maker.send(f"{path}/review", 403, state="dismissed", reason="自己关闭")
    regulator = await desk_of(client, resources, parties.regulator, now)
    assert "/review" not in await regulator.see(path)
    assert 'value="dismissed"' in await checker.see(path)
    await checker.send(f"{path}/review", state="dismissed", reason="经核实无异常")
    closed = await checker.see(path)
    assert "经核实无异常" in closed
    assert "/review" not in closed
    assert path in await regulator.see("/alerts")


async def test_a_white_list_goes_to_a_bank_and_comes_back(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """Drafted line by line, published by another person, pushed, received, answered; wrong lines are named."""
    keeper = await desk_of(client, resources, parties.venue, now)
    publisher = await make_caller(
        resources.pool, Role.VENUE_CHECKER, now=now, organisation_id=parties.venue.organisation_id
    )
    checker = await desk_of(client, resources, publisher, now)
    bank = await desk_of(client, resources, parties.maker, now)
    fields = {"name": "融资白名单", "authority": "知识产权局", "criteria": "贯标认证"}
    wrong = await keeper.send("/white-lists", 400, entries="示例企业，x", **fields)
    assert "第 1 行" in wrong.text
    line = f"{HOSTILE}，{BORROWER_CODE}，专精特新，省级\n"
    made = await keeper.send("/white-lists", entries=line, **fields)
    path = made.headers["location"]
    assert f"{path}/publication" not in await keeper.see(path)
    await keeper.send(f"{path}/publication", 403)
    await checker.see(path)
    await checker.send(f"{path}/publication")
    assert f"{path}/pushes" in await keeper.see(path)
    await keeper.send(f"{path}/pushes", 400, bank_id="x")
    assert (await client.get(path, headers=bank.headers)).status_code == 404
    await keeper.send(f"{path}/pushes", bank_id=str(parties.maker.organisation_id))
    assert f"{path}/receipt" in await bank.see(path)
    await bank.send(f"{path}/answers", 409, code=BORROWER_CODE, outcome="contacted")
    await bank.send(f"{path}/receipt")
    answer = {"code": BORROWER_CODE, "outcome": "credit_granted"}
    await bank.send(f"{path}/answers", 400, amount="1,000", **answer)
    await bank.send(f"{path}/answers", amount="5000000.00", note="首贷", **answer)
    for desk in (bank, keeper):
        shown = await desk.see(path)
        assert "¥5,000,000.00" in shown
        assert "首贷" in shown
    assert "1 / 1" in await keeper.see("/white-lists")
    other = await make_organisation(resources.pool, OrganisationKind.BANK, now=now)
    await keeper.send(f"{path}/pushes", bank_id="all")
    pushed = await resources.pool.fetch("SELECT bank_id FROM market.white_list_pushes")
    assert {row["bank_id"] for row in pushed} >= {other, parties.maker.organisation_id}


async def test_a_webhook_is_registered_tested_and_replayed(
    client: httpx.AsyncClient, resources: Resources, clock: MovableClock, now: datetime
) -> None:
    """Its secret once, a test with the receiver's answer in the log, sent again, rotated, off and on."""
    caller = await make_caller(resources.pool, Role.BANK_MAKER, now=now)
    maker = await desk_of(client, resources, caller, now)
    async with receiving() as receiver, Sender(loopback=True) as sender:
        await maker.send("/webhooks", 400, url="http://10.0.0.1/", kinds="")
        await maker.send("/webhooks", 400, url=receiver.url, kinds="Not A Kind")
        made = await maker.send("/webhooks", 200, url=receiver.url, description=HOSTILE, kinds="")
        [secret] = re.findall(r'data-part="secret">(whsec_[^<]+)<', made.text)
        path = found(made.text, r"/webhooks/[0-9a-f-]{36}")
        assert secret not in await maker.see(path)
        await maker.send(f"{path}/ping")
        assert "等待发送" in await maker.see(path)
        assert await deliver_due(resources.pool, sender, clock, draw=lambda: 0.5) == 1
        log = await maker.see(path)
        assert "已送达" in log
        assert '<span class="code">200</span>' in log or '<span class="code">204</span>' in log
        await maker.send(f"{path}/replay", 404, after="0")
        rotated = await maker.send(f"{path}/rotate", 200)
        assert re.findall(r'data-part="secret">(whsec_[^<]+)<', rotated.text) != [secret]
        version = value_of(await maker.see(path), "version")
        await maker.send(f"{path}/kinds", version=version, turn="off")
        await maker.send(f"{path}/kinds", 412, version=version, turn="on")
        off = await maker.see(path)
        assert f"{path}/ping" not in off
        assert "由所属机构停用" in off
        await maker.send(f"{path}/ping", 409)
        again = value_of(off, "version")
        await maker.send(f"{path}/kinds", version=again, url=receiver.url, kinds="lot_published")
        assert "lot_published" in await maker.see("/webhooks")
    stranger = await make_caller(resources.pool, Role.BANK_MAKER, now=now)
    other = await desk_of(client, resources, stranger, now)
    assert path not in await other.see("/webhooks")
    assert (await client.get(path, headers=other.headers)).status_code == 404


async def test_my_desk_leads_to_the_rooms_of_my_roles(
    client: httpx.AsyncClient, resources: Resources, now: datetime
) -> None:
    """Every role finds its rooms on its desk, each opens; a room of others is on no desk and refuses."""
    for role in Role:
        caller = await make_caller(resources.pool, role, now=now)
        desk = await desk_of(client, resources, caller, now)
        mine = await desk.see("/me")
        open_ones = {room.path for room in rooms_of(caller)}
        assert open_ones
        for room in ROOMS_OF_WORK:
            assert (f'href="{room.path}"' in mine) is (room.path in open_ones), (role, room.path)
            answer = await client.get(room.path, headers=desk.headers)
            expected = 200 if room.path in open_ones else 403
            assert answer.status_code == expected, (role, room.path)
