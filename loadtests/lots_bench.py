"""Lists and search over a million lots: filled by COPY, asked through the same service as the API, plans shown.

The lots are synthetic: titles are drawn from lists of words, with a seed, so that some words are in nearly every lot
and some in a handful. What a search finds is compared with what a scan without an index finds.
"""

import asyncio
import shutil
import tempfile
import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kit.embedded import Postgres
from kit.ids import uuid7
from kit.migrate import migrate
from kit.reach import Scope, enter
from kit.sql import Connection, load_statements
from loadtests.report import Figure, Integrity, Report, machine
from marketplace.lots import search, service
from marketplace.lots.rules import LotStatus
from marketplace.organisations.schemas import Caller, OrganisationKind

_SQL = load_statements("loadtests", "sql/lots.sql")
_LOTS = load_statements("marketplace.lots", "queries.sql")
_SEARCH = load_statements("marketplace.lots", "search.sql")
#: What every list and every search is to stay under, at the 99th of a hundred.
LIMIT_MS = 50.0
_PAGE = 51
_WARM = 6  # the first five times PostgreSQL plans anew
_CHUNK = 20_000
_VENUES = 50
_START = datetime(2020, 1, 1, tzinfo=UTC)
_DIGITS = 64
_MULTIPLIER, _INCREMENT = 6364136223846793005, 1442695040888963407
_COLUMNS = (
    "id",
    "number",
    "consignment_id",
    "venue_id",
    "consignor_id",
    "pledgor_codes",
    "title",
    "title_zh",
    "regime",
    "format",
    "round_number",
    "status",
    "valuation_fen",
    "start_price_fen",
    "deposit_fen",
    "bidding",
    "conditions",
    "registration_opens_at",
    "priority_closes_at",
    "opens_at",
    "closes_at",
    "payment_hours",
    "release_on",
    "objection_days",
    "shortened_times",
    "drafted_by",
    "published_by",
    "published_at",
    "profile",
    "profile_hash",
    "notice_sha256",
    "created_at",
    "updated_at",
)
_SEARCH_COLUMNS = ("lot_id", "status", "body", "grams")
#: The words of titles, Chinese and English: the first of each list are in most lots, the last in few.
_FIELDS = (
    ("锂电池", "lithium battery"),
    ("图像识别", "image recognition"),
    ("数控机床", "machine tool"),
    ("水处理", "water treatment"),
    ("光伏组件", "photovoltaic module"),
    ("氢燃料电池", "hydrogen fuel cell"),
    ("基因测序", "gene sequencing"),
    ("量子通信", "quantum communication"),
    ("太赫兹成像", "terahertz imaging"),
    ("反物质存储", "antimatter storage"),
)
_KINDS = (
    ("控制方法", "control method"),
    ("装置", "device"),
    ("系统", "system"),
    ("材料", "material"),
)
_STATUSES = (
    LotStatus.DONE,
    LotStatus.UNSOLD,
    LotStatus.DEFAULTED,
    LotStatus.WITHDRAWN,
    LotStatus.PAID,
    LotStatus.OPEN,
)

#: Who looks at lots: a visitor belongs to nobody.
VIEWERS: Mapping[str, OrganisationKind | None] = {
    "visitor": None,
    "bidder": OrganisationKind.AGENCY,
    "bank": OrganisationKind.BANK,
    "venue": OrganisationKind.VENUE,
}

Say = Callable[[str], None]


class Plan(msgspec.Struct, frozen=True):
    """How PostgreSQL answers one question."""

    name: str
    lines: list[str]


class LotsReport(Report, frozen=True, kw_only=True):
    """The report, with the plans."""

    plans: list[Plan]


class _Draw:
    """A seeded generator: the same lots every time, and nothing that has to be secret."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, bound: int) -> int:
        """A number from 0 to `bound` - 1."""
        self._state = (self._state * _MULTIPLIER + _INCREMENT) % 2**_DIGITS
        return (self._state >> 33) % bound

    def skewed(self, count: int) -> int:
        """A place in a list of `count`, each half as likely as the one before; the last few are rare."""
        place = 0
        while place < count - 1 and self.below(2):
            place += 1
        return place


def bench_lots(lots: int, asks: int, say: Say, *, database_url: str | None = None) -> LotsReport:
    """Fill and measure, on a throw-away server or on an empty database given."""
    return asyncio.run(_bench(lots, asks, say, database_url))


async def _bench(lots: int, asks: int, say: Say, database_url: str | None) -> LotsReport:
    if database_url is not None:
        return await _measure(database_url, lots, asks, say)
    with _server() as server:
        return await _measure(server.url(), lots, asks, say)


@contextmanager
def _server() -> Iterator[Postgres]:
    """A throw-away server, with real fsync."""
    directory = Path(tempfile.mkdtemp(prefix="luochui-bench-"))
    directory.chmod(0o755)  # PostgreSQL runs as a user of its own
    try:
        with Postgres(directory / "pg", durable=True) as server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def _measure(url: str, lots: int, asks: int, say: Say) -> LotsReport:
    before = machine()
    migrate(url)
    conn = await asyncpg.connect(url)
    try:
        say(f"filling {lots} lots")
        started = perf_counter()
        caller = await fill(conn, lots)
        await conn.execute(_SQL["settle"])
        await conn.execute(_SQL["write_out"])
        filled = _figure("fill", perf_counter() - started, "s")
        say(f"filled in {filled.value} s")
        await conn.execute("SET ROLE luochui_app")
        await look_as(conn, VIEWERS["venue"], caller)
        questions = await _questions(conn, caller, lots)
        figures = [filled]
        for name, ask in questions.items():
            figures += await _time(name, ask, asks)
            say(f"{name}: p99 {figures[-1].value} ms")
        plans = await _plans_of_all(conn, caller, lots)
        await look_as(conn, VIEWERS["venue"], caller)
        # The check compares whole rows, which requests may not read.
        await conn.execute("RESET ROLE")
        integrity = await _integrity(conn, figures, plans, lots)
        sizes = await conn.fetchrow(_SQL["sizes"])
        durability = {"postgresql": {"fsync": await conn.fetchval("SHOW fsync")}}
    finally:
        await conn.close()
    return LotsReport(
        figures=figures,
        ratios=[],
        machine=before | {"sizes": dict(sizes or {})},
        durability=durability,
        integrity=integrity,
        plans=plans,
    )


async def fill(conn: Connection, lots: int) -> Caller:
    """Write the lots by COPY; a caller of the first venue."""
    venues = [uuid7(_START + timedelta(milliseconds=n)) for n in range(_VENUES)]
    await conn.execute(_SQL["organisations"], venues)
    users = [uuid7(_START), uuid7(_START)]
    for number, user in enumerate(users):
        await conn.execute(_SQL["user"], user, venues[0], str(number))
    draw = _Draw(seed=8)
    await conn.execute(_SQL["without_triggers"])
    index: str = await conn.fetchval(_SQL["search_index"])
    await conn.execute(_SQL["drop_search_index"])
    for first in range(0, lots, _CHUNK):
        chunk = range(first, min(first + _CHUNK, lots))
        rows = list(_rows(chunk, draw, venues, users))
        await _copy(conn, "lots", _COLUMNS, rows)
        await _copy(conn, "lot_search", _SEARCH_COLUMNS, [_searchable(row) for row in rows])
    await conn.execute(_SQL["more_memory"])
    await conn.execute(index)
    await conn.execute(_SQL["with_triggers"])
    return Caller(
        user_id=users[0],
        organisation_id=venues[0],
        organisation_kind=OrganisationKind.VENUE,
        roles=frozenset(),
        display_name="Bench",
    )


async def look_as(conn: Connection, kind: OrganisationKind | None, caller: Caller) -> None:
    """Ask from now on as people of this kind do; without one, as a visitor. Venues are `caller`'s, others strangers."""
    if kind is None:
        await enter(conn, Scope.PUBLIC)
        return
    whose = caller.organisation_id if kind is OrganisationKind.VENUE else uuid7(_START)
    await enter(conn, Scope.ORGANISATION, str(whose), kind.value)


async def _copy(
    conn: Connection, table: str, columns: Sequence[str], rows: list[tuple[Any, ...]]
) -> None:
    await conn.copy_records_to_table(table, schema_name="market", columns=columns, records=rows)


def _searchable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What the database's own trigger would write for a lot; a check afterwards asks the database."""
    named = dict(zip(_COLUMNS, row, strict=True))
    said = f"{named['number']} {named['title_zh']} {named['title']}"
    body = unicodedata.normalize("NFKC", said).lower()
    pairs = {
        ord(first) << 21 | ord(second)
        for first, second in pairwise(body)
        if first != " " and second != " "
    }
    return named["id"], named["status"], body, sorted(pairs)


def _rows(
    chunk: range, draw: _Draw, venues: list[UUID], users: list[UUID]
) -> Iterator[tuple[Any, ...]]:
    pair = {"en": "As the notice says.", "zh": "以公告为准。"}
    names = (
        "bidder_conditions",
        "known_defects",
        "viewing",
        "delivery",
        "taxes_and_bearer",
        "deposit_account",
        "contact",
        "complaints",
        "priority_holders",
    )
    conditions = msgspec.json.encode(dict.fromkeys(names, pair)).decode()
    bidding = msgspec.json.encode(
        {"format": "english", "step": {"kind": "fixed", "step_fen": 100_000}, "grid": "multiple"}
    ).decode()
    for number in chunk:
        at = _START + timedelta(seconds=30 * number)
        field, kind = _FIELDS[draw.skewed(len(_FIELDS))], _KINDS[draw.skewed(len(_KINDS))]
        price = 10_000_000 + 1_000_000 * draw.below(1000)
        status = _STATUSES[draw.skewed(len(_STATUSES))]
        yield (
            uuid7(at),
            f"LC-{at.year}-{number:07}",
            UUID(int=number),
            venues[draw.below(_VENUES)],
            venues[draw.below(_VENUES)],
            [],
            f"A {kind[1]} for {field[1]} no. {number}",
            f"一种{field[0]}{kind[0]}专利权（第{number}号）",
            "exchange",
            "english",
            1,
            status.value,
            price,
            price * 7 // 10,
            price * 7 // 100,
            bidding,
            conditions,
            at,
            at + timedelta(days=20),
            at + timedelta(days=30),
            at + timedelta(days=31),
            360,
            "TITLE_RECORDED",
            15,
            False,
            users[0],
            users[1],
            at,
            "{}",
            "0" * 64,
            "0" * 64,
            at,
            at,
        )


Ask = Callable[[], Awaitable[Any]]


async def _questions(conn: Connection, caller: Caller, lots: int) -> dict[str, Ask]:
    """What people ask, by name."""
    middle: UUID = await conn.fetchval(_SQL["at"], lots // 2)

    def listed(**given: Any) -> Ask:
        return lambda: search.page(conn, limit=_PAGE, **({"after": None} | given))

    def own(after: UUID | None) -> Ask:
        return lambda: service.page_of_organisation(conn, caller, after=after, limit=_PAGE)

    questions: dict[str, Ask] = {
        "newest": listed(),
        "page_in_the_middle": listed(after=middle),
        "common_status": listed(status=LotStatus.DONE),
        "rare_status": listed(status=LotStatus.OPEN),
        "rare_status_in_the_middle": listed(status=LotStatus.OPEN, after=middle),
        "own_lots": own(None),
        "own_lots_in_the_middle": own(middle),
    }
    for name, query in _queries(lots).items():
        questions[name] = listed(query=query)
    questions["search_rare_in_the_middle"] = listed(query=_FIELDS[-2][0], after=middle)
    return questions


def _queries(lots: int) -> dict[str, str]:
    """Searches, from a word in every lot to one in none."""
    return {
        "search_in_every_lot": "专利权",
        "search_common": "锂电池 控制方法",
        "search_common_english": "battery device",
        "search_less_common": "氢燃料电池",
        "search_rare": _FIELDS[-1][0],
        "search_two_less_common": "量子通信 材料",
        "search_number": f"{lots - 17:07}",
        "search_none": "没有这样的标的",
    }


async def _time(name: str, ask: Ask, asks: int) -> list[Figure]:
    for _ in range(_WARM):
        await ask()
    taken = []
    for _ in range(asks):
        started = perf_counter()
        await ask()
        taken.append((perf_counter() - started) * 1000)
    cuts = quantiles(taken, n=100, method="inclusive")
    return [
        _figure(f"{name}_p50", cuts[49], "ms"),
        _figure(f"{name}_p99", cuts[98], "ms"),
    ]


def _figure(name: str, value: float, unit: str) -> Figure:
    return Figure(name, round(value, 2), unit, [round(value, 2)])


async def _plans(
    conn: Connection, caller: Caller, lots: int
) -> list[tuple[str, str, tuple[Any, ...]]]:
    middle: UUID = await conn.fetchval(_SQL["at"], lots // 2)
    rare = [_FIELDS[-1][0]]
    return [
        ("newest", _SEARCH["newest"], (None, _PAGE)),
        ("page_in_the_middle", _SEARCH["newest"], (middle, _PAGE)),
        ("status", _SEARCH["newest_of_status"], (middle, _PAGE, "open")),
        ("own_lots", _LOTS["of_organisation"], (caller.organisation_id, middle, _PAGE)),
        ("found_among_newest", _SEARCH["found_among_newest"], (None, _PAGE, None, rare, 3000)),
        ("found_by_index", _SEARCH["found_by_index"], (None, _PAGE, None, rare)),
    ]


async def _plans_of_all(conn: Connection, caller: Caller, lots: int) -> list[Plan]:
    """The plans for each kind of viewer: row-level security adds conditions that differ, and must cost no index."""
    plans = []
    for viewer, kind in VIEWERS.items():
        await look_as(conn, kind, caller)
        for name, statement, given in await _plans(conn, caller, lots):
            plans.append(await _plan(conn, f"{name} ({viewer})", statement, given))
    return plans


async def _plan(conn: Connection, name: str, statement: str, given: tuple[Any, ...]) -> Plan:
    rows = await conn.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", *given)
    return Plan(name, [row[0] for row in rows])


async def _integrity(
    conn: Connection, figures: list[Figure], plans: list[Plan], lots: int
) -> Integrity:
    counted = await conn.fetchrow(_SQL["count"])
    assert counted is not None
    checked = {f"{lots} lots, each in the search": tuple(counted) == (lots, lots)}
    checked["what is searched is what the database's own trigger writes"] = not await conn.fetchval(
        _SQL["unlike_the_trigger"]
    )
    scans = [
        plan.name
        for plan in plans
        if any(
            "Seq Scan on lots" in line or "Seq Scan on lot_search" in line for line in plan.lines
        )
    ]
    checked[f"every plan uses an index (without: {', '.join(scans) or 'none'})"] = not scans
    slow = [
        figure.name
        for figure in figures
        if figure.name.endswith("_p99") and figure.value > LIMIT_MS
    ]
    checked[f"p99 under {LIMIT_MS:.0f} ms (over: {', '.join(slow) or 'none'})"] = not slow
    for name, query in _queries(lots).items():
        if " " in query:
            continue
        wanted = await conn.fetchval(_SQL["newest_matching"], query, _PAGE) or []
        found = await search.find(conn, query, after=None, limit=_PAGE)
        total = await conn.fetchval(_SQL["matching"], query)
        checked[f"{name} finds what a scan finds ({total} lots)"] = found == wanted
    return Integrity([text for text, holds in checked.items() if holds], all(checked.values()))
