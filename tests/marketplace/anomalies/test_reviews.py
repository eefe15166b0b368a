"""A result on hold, over HTTP: found after the close, released by two people, and clear where nothing is wrong."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg

from kit.clock import system_clock
from marketplace.anomalies.service import DEFAULTS_SINCE
from marketplace.conflicts import service as conflicts
from marketplace.organisations.schemas import Role
from tests.make_stage import START_FEN, Stage

CODE = "91420100MA4KZZZZ3A"


async def sold(stage: Stage) -> tuple[dict[str, Any], UUID]:
    """A lot that one bidder won, and who."""
    lot = await stage.published(opens_in=4.0, lasts=8.0)
    winner, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    await winner.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    return lot, winner.caller.organisation_id


async def test_clear_result_is_confirmed(stage: Stage) -> None:
    """Where nothing is found the review says so, and the confirmation follows without anybody's release."""
    lot, _ = await sold(stage)
    path = f"/v1/lots/{lot['id']}"
    await stage.operator.get(f"{path}/review", expect=404)
    await stage.until_closed(lot)
    await stage.operator.post(f"{path}/confirmation")
    review = await stage.operator.get(f"{path}/review")
    assert (review["state"], review["anomalies"], review["lots_seen"]) == ("clear", [], 1)
    await stage.operator.post(f"{path}/review/release", {"reason": "r"}, expect=409)
    stranger = await stage.person(Role.VENUE_OPERATOR)
    await stranger.get(f"{path}/review", expect=404)
    assert (await stage.operator.get("/v1/alerts"))["items"] == []


async def test_bidders_with_a_party_in_common_hold_the_result(stage: Stage) -> None:
    """MON-07: two who name the same related party were let in, and what came of it is held; the venue is alarmed."""
    lot = await stage.published(opens_in=4.0, lasts=6.0)
    party = {"name": "Somebody 某方", "code": CODE}
    declared = {"source_of_funds": "own money 自有资金", "related": [party]}
    one, first = await stage.deposited(lot, declaration=declared)
    _, second = await stage.deposited(lot, declaration=declared)
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await stage.until_closed(lot)
    path = f"/v1/lots/{lot['id']}"
    held = await stage.operator.post(f"{path}/confirmation", expect=409)
    assert held["code"] == "result_held"
    await stage.work()
    review = await stage.checker.get(f"{path}/review")
    paddles = ", ".join(str(paddle) for paddle in sorted([first["paddle"], second["paddle"]]))
    assert [one["kind"] for one in review["anomalies"]] == ["in_common"]
    assert review["anomalies"][0]["detail"]["paddles"] == paddles
    [alert] = (await stage.checker.get("/v1/alerts"))["items"]
    assert (alert["code"], alert["subject"]) == ("MON-07", lot["number"])
    assert alert["evidence"]["paddles"] == paddles


async def test_held_result_needs_two_people(stage: Stage) -> None:
    """A winner barred since it registered holds the result: no confirmation until one proposes and another releases."""
    lot, winner_id = await sold(stage)
    path = f"/v1/lots/{lot['id']}"
    await stage.pool.execute(
        "UPDATE market.organisations SET credit_code = $2 WHERE id = $1", winner_id, CODE
    )
    barred = {"code": CODE, "kind": "close_relative", "reason": "found late 事后发现"}
    await stage.operator.post("/v1/barred-parties", barred)
    await stage.until_closed(lot)
    held = await stage.operator.post(f"{path}/confirmation", expect=409)
    assert held["code"] == "result_held"
    await stage.work()
    review = await stage.checker.get(f"{path}/review")
    assert review["state"] == "held"
    assert [one["kind"] for one in review["anomalies"]] == ["register"]
    listed = await stage.operator.get("/v1/anomalies")
    assert [one["lot_id"] for one in listed["items"]] == [lot["id"]]
    await stage.checker.post(f"{path}/review/release/approve", expect=409)
    reason = {"reason": "a namesake 同名不同人"}
    await stage.checker.post(f"{path}/review/release", reason, expect=403)
    proposed = await stage.operator.post(f"{path}/review/release", reason)
    assert proposed["state"] == "release_proposed"
    still = await stage.operator.post(f"{path}/confirmation", expect=409)
    assert still["code"] == "result_held"
    await stage.operator.post(f"{path}/review/release/approve", expect=403)
    both = await stage.person(
        Role.VENUE_CHECKER, organisation_id=stage.operator.caller.organisation_id
    )
    released = await both.post(f"{path}/review/release/approve")
    assert (released["state"], released["released_by"]) == ("released", str(both.caller.user_id))
    confirmed = await stage.operator.post(f"{path}/confirmation")
    assert confirmed["lot_id"] == lot["id"]
    actions = await stage.pool.fetch(
        "SELECT action FROM market.audit_entries WHERE action LIKE 'result_%' ORDER BY id"
    )
    assert [row["action"] for row in actions] == [
        "result_held",
        "result_release_proposed",
        "result_released",
    ]


_COLUMNS = """
SELECT attname AS name FROM pg_attribute
 WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"""


async def copied(
    conn: asyncpg.Connection, table: str, lot_column: str, of: str, **changed: object
) -> None:
    """The only row of a lot in a table once more, with these columns changed."""
    names = [row["name"] for row in await conn.fetch(_COLUMNS, table)]
    taken = [f"'{changed[name]}'" if name in changed else name for name in names]
    await conn.execute(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(taken)}"
        f" FROM {table} WHERE {lot_column} = '{of}'"
    )


async def test_repeated_defaults_hold_the_result(stage: Stage, database_url: str) -> None:
    """A winner who left two lots unpaid within two years is looked at before this one is confirmed."""
    lot, winner_id = await sold(stage)
    conn = await asyncpg.connect(database_url)
    await conn.execute("SET session_replication_role = replica; SET app.scope = 'all'")
    for number in (1, 2):
        other, bidder = uuid4(), uuid4()
        of, number_of = lot["id"], f"{lot['number']}-{number}"
        await copied(conn, "market.lots", "id", of, id=other, status="defaulted", number=number_of)
        await copied(conn, "market.bidders", "lot_id", of, id=bidder, lot_id=other)
        await conn.execute(
            "INSERT INTO market.sales (lot_id, outcome, winner_id, winner_paddle, price_fen, extensions, closed_at,"
            " recorded_at) VALUES ($1, 'sold', $2, 1, 1, 0, now(), now())",
            other, bidder,
        )  # fmt: skip
        since = system_clock() - DEFAULTS_SINCE
        assert await conflicts.defaults_since(conn, winner_id, since) == number
    await conn.close()
    await stage.until_closed(lot)
    path = f"/v1/lots/{lot['id']}"
    held = await stage.operator.post(f"{path}/confirmation", expect=409)
    assert held["code"] == "result_held"
    await stage.work()
    (found,) = (await stage.checker.get(f"{path}/review"))["anomalies"]
    assert (found["kind"], found["detail"]) == ("repeated_default", {"defaults": 2})
