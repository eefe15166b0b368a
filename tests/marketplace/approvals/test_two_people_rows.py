"""Where two people are asked for, the table refuses one person in both columns, whatever is written past the services.

The rows stand alone here: what they refer to is left out, and the trigger under test is the only one that fires.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from kit.sql import Connection
from marketplace.organisations.schemas import Role
from tests.make_people import make_caller

_ONE_DAY = timedelta(days=1)


def rows(now: datetime) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """A row of each table with nobody in it yet, and the columns of the first and the second person."""
    times = {"created_at": now, "updated_at": now}
    papers = {"content": "{}", "sha256": "", "consignment_id": uuid4(), "organisation_id": uuid4()}
    return {
        "auction_orders": (
            "ordered_by",
            "approved_by",
            {"id": uuid4(), "lot_id": uuid4(), "action": "cancel", "reason": "r", "ordered_at": now,
             "state": "proposed"},
        ),
        "result_reviews": (
            "proposed_by",
            "released_by",
            {
                "lot_id": uuid4(), "venue_id": uuid4(), "reviewed_at": now, "lots_seen": 1, "state": "released",
                "proposed_at": now, "reason": "r", "released_at": now,
            },
        ),
        "mandates": (
            "drafted_by",
            "approved_by",
            papers | times | {
                "id": uuid4(), "number": "M", "venue_id": uuid4(), "agency_id": uuid4(), "starts_on": date(2026, 11, 2),
                "ends_on": date(2027, 11, 2),
            },
        ),
        "licence_offers": (
            "drafted_by",
            "approved_by",
            papers | times | {
                "id": uuid4(), "number": "O", "case_id": uuid4(), "venue_id": uuid4(), "way": "posted",
                "closes_at": now, "opened_by": now,
            },
        ),
        "auction_sessions": (
            "drafted_by",
            "published_by",
            times | {
                "id": uuid4(), "number": "S", "venue_id": uuid4(), "title": "t", "title_zh": "题", "opens_at": now,
                "first_closes_at": now + _ONE_DAY, "stagger_seconds": 60,
            },
        ),
        "barred_parties": (
            "added_by",
            "lifted_by",
            {
                "id": uuid4(), "venue_id": uuid4(), "code": "91310000MA1FL0000X", "kind": "staff", "reason": "r",
                "valid_from": now, "added_at": now, "lifted_at": now, "lift_reason": "r",
            },
        ),
        "alerts": (
            "reviewer_id",
            "closed_by",
            {
                "id": uuid4(), "organisation_id": uuid4(), "code": "MON-01", "level": "high", "subject": "s",
                "message": "m", "message_zh": "m", "evidence": "{}", "fingerprint": bytes(32), "signals_version": "1",
                "state": "confirmed",
                "raised_at": now, "updated_at": now,
            },
        ),
        "white_lists": (
            "drafted_by",
            "published_by",
            times | {
                "id": uuid4(), "organisation_id": uuid4(), "name": "n", "authority": "a", "criteria": "c", "number": 1,
                "entries": "[]", "sha256": bytes(32), "state": "published",
            },
        ),
        "underbidder_offers": (
            "proposed_by",
            "consented_by",
            {
                "lot_id": uuid4(), "bidder_id": uuid4(), "price_fen": 1, "state": "offered", "answer_hours": 1,
                "reason": "r", "proposed_at": now, "answer_by": now, "updated_at": now,
            },
        ),
        "sealings": (
            "proposed_by",
            "keyed_by",
            {
                "lot_id": uuid4(), "kem": "x25519", "venue_key": "k", "opener_id": uuid4(), "opener_key": "o",
                "profile": "{}", "profile_salt": "s", "profile_hash": "0" * 64, "deadline_ms": 1, "state": "keyed",
                "canary": "c", "proposed_at": now,
            },
        ),
    }  # fmt: skip


_HASHED = {"mandates", "licence_offers"}
#: The hash of the two bytes that stand for a content here.
_SHA256 = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


async def insert(conn: Connection, table: str, row: dict[str, Any]) -> None:
    """Write the row as it is given."""
    names, marks = ", ".join(row), ", ".join(f"${n}" for n in range(1, len(row) + 1))
    async with conn.transaction():
        await conn.execute(f"INSERT INTO market.{table} ({names}) VALUES ({marks})", *row.values())


@pytest.mark.parametrize(
    "table",
    [
        "auction_orders", "result_reviews", "mandates", "licence_offers", "auction_sessions", "barred_parties",
        "white_lists", "alerts", "underbidder_offers", "sealings",
    ],
)  # fmt: skip
async def test_no_person_is_both(conn: Connection, now: datetime, table: str) -> None:
    """The same account, and another account of the same person: neither at once nor later. Another person: yes."""
    maker, twin, other = [
        (await make_caller(conn, Role.VENUE_CHECKER, now=now)).user_id for _ in range(3)
    ]
    await conn.execute("UPDATE market.users SET person_id = $2 WHERE id = $1", twin, maker)
    first, second, row = rows(now)[table]
    if table in _HASHED:
        row["sha256"] = _SHA256
    await conn.execute("SET LOCAL ROLE NONE")  # the tables' owner: whom no privilege holds back
    await conn.execute(f"ALTER TABLE market.{table} DISABLE TRIGGER ALL")
    await conn.execute(f"ALTER TABLE market.{table} ENABLE TRIGGER two_people_{second}")
    for same, code in ((twin, "LC069"), (maker, "23514")):
        with pytest.raises(asyncpg.PostgresError) as refused:
            await insert(conn, table, row | {first: maker, second: same})
        assert refused.value.sqlstate == code
    await insert(conn, table, row | {first: maker, second: other})
    with pytest.raises(asyncpg.PostgresError) as refused:
        async with conn.transaction():
            await conn.execute(f"UPDATE market.{table} SET {second} = $1", twin)
    assert refused.value.sqlstate == "LC069"


async def test_every_pair_of_people_has_its_trigger(conn: Connection) -> None:
    """A table whose constraint says `by_another` is guarded by the person as well: a new one is not forgotten."""
    missing = await conn.fetch(
        """
        SELECT c.conrelid::regclass::text AS name, c.conname
          FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
         WHERE n.nspname IN ('market', 'settlement') AND c.conname LIKE '%by_another'
           AND NOT EXISTS (SELECT FROM pg_trigger t
                            WHERE t.tgrelid = c.conrelid AND t.tgfoid = 'market.two_people'::regproc)
        """
    )
    assert [f"{row['name']}: {row['conname']}" for row in missing] == []
