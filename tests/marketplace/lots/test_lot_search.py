"""Lists and search of lots: what is found, in which order, on which index; and the benchmark's own lots."""

from uuid import UUID

import asyncpg
import msgspec
import pytest

from kit.errors import InvalidInput
from kit.sql import Pool
from loadtests import lots_bench
from marketplace.lots import search
from marketplace.lots.rules import LotStatus
from marketplace.organisations.schemas import SYSTEM_CALLER
from tests.make_stage import Stage

LOTS = 400


@pytest.fixture
async def filled(database_url: str) -> asyncpg.Connection:
    """A database with the benchmark's lots."""
    conn = await asyncpg.connect(database_url)
    await lots_bench.fill(conn, LOTS)
    return conn


async def test_search_finds_what_a_scan_finds(filled: asyncpg.Connection) -> None:
    """Common words, rare ones, several, half and full width, in every page: the same lots as reading them all."""
    bodies = {
        row["lot_id"]: (row["body"], row["status"])
        for row in await filled.fetch("SELECT lot_id, body, status FROM market.lot_search")
    }
    for query in (
        "专利权",
        "锂电池 材料",
        "ＬＩＴＨＩＵＭ device",
        "量子通信",
        "no. 39",
        "（第",
        "没有",
    ):
        words = await search.words_of(filled, query)
        wanted = sorted(
            (id for id, (body, _) in bodies.items() if all(word in body for word in words)),
            reverse=True,
        )
        found: list[UUID] = []
        after = None
        while page := await search.find(filled, query, after=after, limit=17):
            found += page
            after = page[-1]
        assert found == wanted, query
    done = await search.find(filled, "锂电池", after=None, limit=LOTS, status=LotStatus.DONE)
    assert done == sorted(
        (id for id, (body, status) in bodies.items() if "锂电池" in body and status == "done"),
        reverse=True,
    )
    await filled.close()


async def test_benchmarks_lots_are_as_published(filled: asyncpg.Connection) -> None:
    """What the benchmark copies in is what the database's own trigger would have written."""
    rows = await filled.fetch(
        "SELECT s.body = market.lot_search_body(l) AND s.grams = market.bigrams(s.body) AS same"
        "  FROM market.lot_search s JOIN market.lots l ON l.id = s.lot_id"
    )
    assert [row["same"] for row in rows] == [True] * LOTS
    await filled.close()


@pytest.mark.parametrize("viewer", list(lots_bench.VIEWERS))
async def test_rare_words_go_by_the_index(filled: asyncpg.Connection, viewer: str) -> None:
    """The statement for rare words uses the index of character pairs, and lists use theirs, whoever looks.

    Row-level security adds conditions, and only leakproof ones are asked after an index: none is lost by it.
    """
    await filled.execute("ANALYZE market.lots, market.lot_search")
    await filled.execute("SET enable_seqscan = off")
    venue_id = await filled.fetchval("SELECT venue_id FROM market.lots LIMIT 1")
    await filled.execute("SET ROLE luochui_app")
    assert await search.page(filled, after=None, limit=5) == []
    caller = msgspec.structs.replace(SYSTEM_CALLER, organisation_id=venue_id)
    await lots_bench.look_as(filled, lots_bench.VIEWERS[viewer], caller)
    statements = lots_bench._SEARCH
    plans = {
        "lot_search_grams": (statements["found_by_index"], (None, 51, None, ["反物质存储"])),
        "lots_public": (statements["newest"], (None, 51)),
        "lots_listed": (statements["newest_of_status"], (None, 51, "open")),
    }
    for index, (statement, given) in plans.items():
        rows = await filled.fetch(f"EXPLAIN {statement}", *given)
        assert any(index in row[0] for row in rows), index
        assert not any("Seq Scan on lot" in row[0] for row in rows), index
    assert len(await search.page(filled, after=None, limit=51)) == 51
    assert await search.page(filled, after=None, limit=51, query="锂电池")
    await filled.close()


@pytest.mark.parametrize("query", ["锂", "a bc", "。", "x" * 101, "一二 " * 9, "\x00\x00"])
async def test_bad_query_is_refused(database: Pool, query: str) -> None:
    """Words of one character, too many words, and too long a query are refused, with the field."""
    async with database.acquire() as conn:
        with pytest.raises(InvalidInput) as refusal:
            await search.find(conn, query, after=None, limit=10)
    assert refusal.value.context["field"] == "q"


async def test_published_lot_is_found(stage: Stage) -> None:
    """From its notice on, and not before, a lot is found by its title, number and rights; its status follows."""
    draft = await stage.draft()
    assert (await stage.anyone.get("/v1/lots?q=专利一项"))["items"] == []
    await stage.operator.post(f"/v1/lots/{draft['id']}/check")
    lot = await stage.checker.post(f"/v1/lots/{draft['id']}/publish")
    [right] = await stage.pool.fetch(
        "SELECT a.title, a.number, a.owner_name FROM market.lot_assets l JOIN market.assets a ON a.id = l.asset_id"
    )
    for words in ("专利一项", "ONE　patent", lot["number"][3:], *right):
        page = await stage.anyone.get(f"/v1/lots?q={words}")
        assert [each["id"] for each in page["items"]] == [lot["id"]], words
    assert (await stage.anyone.get("/v1/lots?q=专利一项&status=open"))["items"] == []
    await stage.operator.post(f"/v1/lots/{lot['id']}/withdraw", {"reason": "test 测试"})
    page = await stage.anyone.get("/v1/lots?q=专利一项&status=withdrawn")
    assert [each["id"] for each in page["items"]] == [lot["id"]]
    shown = await stage.client.get("/", params={"q": "专利一项"})
    assert lot["number"] in shown.text
    none = await stage.client.get("/", params={"q": "没有的词"})
    assert (none.status_code, lot["number"] in none.text) == (200, False)
    refused = await stage.client.get("/v1/lots", params={"q": "一"})
    assert (refused.status_code, refused.json()["field"]) == (400, "q")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await stage.pool.execute("UPDATE market.lot_search SET body = 'x'")
