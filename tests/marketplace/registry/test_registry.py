"""Register look-ups out of extracts that were brought in: day and source with every answer, and a log of enquiries."""

from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest

from marketplace.app import Resources, create_app
from marketplace.assets import service as assets
from marketplace.imports.http import CSV
from marketplace.imports.layout import RIGHTS
from marketplace.organisations.schemas import Role
from marketplace.registry.http import routes
from tests.make_people import client_of, key_of, make_caller
from tests.make_portfolio import BORROWER_CODE, Parties, make_parties, some_asset


@pytest.fixture
async def parties(resources: Resources, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(resources.pool, now=now)


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the register's routes."""
    async with client_of(create_app(resources, routes=routes)) as opened:
        yield opened


def extract(number: str, *, as_of: str, paid_to: str, status: str = "有效") -> bytes:
    """An extract with one invention patent, as the office's clerk hands it over."""
    values = {
        "ip_type": "发明专利",
        "number": number,
        "title": "示例发明",
        "owner_name": "示例借款人",
        "owner_code": BORROWER_CODE,
        "filed_on": "2018-07-31",
        "granted_on": "2020-03-17",
        "legal_status": status,
        "status_as_of": as_of,
        "status_source": "专利登记簿副本",
        "fee_paid_to": paid_to,
    }
    header = ",".join(column.title_zh for column in RIGHTS.columns)
    row = ",".join(values.get(column.key, "") for column in RIGHTS.columns)
    return f"{header}\n{row}\n".encode("gb18030")


async def test_an_answer_has_its_day_and_source_and_is_taken_over(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """The newest day wins; what is not in an extract is not known; another bank's extract is not asked."""
    async with resources.pool.acquire() as conn, conn.transaction():
        asset = await assets.register(conn, parties.maker, some_asset(), now=now)
    stranger = (await make_parties(resources.pool, now=now)).maker
    platform = await make_caller(resources.pool, Role.PLATFORM_ADMINISTRATOR, now=now)
    keys = {
        name: await key_of(resources.pool, who, now=now)
        for name, who in (("maker", parties.maker), ("stranger", stranger), ("platform", platform))
    }

    async def bring(who: str, content: bytes, key: str) -> httpx.Response:
        sent = keys[who] | {"Content-Type": CSV, "Idempotency-Key": key}
        return await client.post("/v1/registry-extracts", content=content, headers=sent)

    async def ask(who: str, key: str) -> dict[str, object]:
        body = {"ip_type": "patent_invention", "number": f"ZL{asset.number}"}
        sent = keys[who] | {"Idempotency-Key": key}
        answer = await client.post("/v1/registry-enquiries", json=body, headers=sent)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert (await ask("maker", "q0"))["record"] is None
    newer = extract(asset.number, as_of="2026-11-01", paid_to="2029-07-31")
    for key, content in (
        ("a", newer),
        ("b", newer),
        ("c", extract(asset.number, as_of="2026-10-31", paid_to="2028-07-31")),
    ):
        brought = await bring("maker", content, key)
        assert brought.status_code == 201, brought.text
    found = await ask("maker", "q1")
    assert (found["as_of"], found["source"]) == ("2026-11-01", "专利登记簿副本")
    assert (await ask("stranger", "q2"))["record"] is None
    common = extract(asset.number, as_of="2026-11-02", paid_to="2030-07-31", status="终止")
    brought = await bring("platform", common, "d")
    assert brought.status_code == 201, brought.text
    assert (await ask("stranger", "q3"))["as_of"] == "2026-11-02"
    sent = keys["maker"] | {"If-Match": '"1"', "Idempotency-Key": "t"}
    taken = await client.post(f"/v1/assets/{asset.id}/status-from-registry", headers=sent)
    assert taken.status_code == 200, taken.text
    assert (taken.json()["legal_status"], taken.json()["status_as_of"]) == ("lapsed", "2026-11-02")
    assert taken.json()["status_source"].startswith("专利登记簿副本 (SHA-256 ")
    logged = await resources.pool.fetchval("SELECT count(*) FROM market.registry_enquiries")
    assert logged == 5
    listed = (await client.get("/v1/registry-extracts", headers=keys["maker"])).json()
    assert [each["as_of"] for each in listed] == ["2026-11-02", "2026-11-01", "2026-10-31"]


async def test_a_wrong_extract_is_refused_whole(
    client: httpx.AsyncClient, resources: Resources, parties: Parties, now: datetime
) -> None:
    """A wrong number names its cell; two days in one file are refused; nothing of either is kept."""
    maker = await key_of(resources.pool, parties.maker, now=now)
    fine = extract("201810861934.2", as_of="2026-11-01", paid_to="2029-07-31")
    wrong = fine.replace(b"201810861934.2", b"201810861934.3")
    other = extract("201710431918.5", as_of="2026-10-01", paid_to="2029-07-31")
    two_days = fine + other.split(b"\n", 1)[1].replace(b"2018-07-31", b"2017-06-09")
    for key, content, said in (("w", wrong, "知识产权!B2"), ("t", two_days, "2 days")):
        sent = maker | {"Content-Type": CSV, "Idempotency-Key": key}
        refused = await client.post("/v1/registry-extracts", content=content, headers=sent)
        assert refused.status_code in (400, 422)
        assert said in refused.json()["detail"]
    assert (await client.get("/v1/registry-extracts", headers=maker)).json() == []
