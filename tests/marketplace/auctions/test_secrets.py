"""A hidden reserve, a bidder's limit and a proxy's maximum, looked for everywhere while the auction is open."""

import pytest
from litestar.routes import HTTPRoute

from marketplace.app import create_app
from marketplace.organisations.schemas import Role
from tests.make_stage import Person, Stage

RESERVE_FEN, LIMIT_FEN, MAXIMUM_FEN = 7_777_777_000_001, 6_666_666_000_001, 5_555_555_000_000
SECRETS = tuple(str(amount) for amount in (RESERVE_FEN, LIMIT_FEN, MAXIMUM_FEN))
#: Never answered to the end: it tells each change of the public state, which its neighbour tells too.
_ENDLESS = "/v1/auctions/{auction_id}/events"
_TABLES = ("audit_entries", "outbox", "notices", "lot_findings", "duties", "auction_orders")


def found(text: str) -> list[str]:
    """The secrets in a text, in fen or in yuan, with separators or without."""
    digits = text.replace(",", "").replace(".", "").replace("_", "")
    return [secret for secret in SECRETS if secret in digits]


def paths(stage: Stage, ids: dict[str, str]) -> list[str]:
    """Every path that answers a GET, with the ids of this sale in it."""
    routes = create_app(stage.resources).routes
    names = [
        route.path_format
        for route in routes
        if isinstance(route, HTTPRoute) and "GET" in route.methods
    ]
    anything = dict.fromkeys(("name", "bid_id", "scheme_id"), "1")
    given = ids | anything
    found_paths = []
    for name in names:
        if name == _ENDLESS:
            continue
        for field in [part[1:-1] for part in name.split("/") if part.startswith("{")]:
            name = name.replace(f"{{{field}}}", given.get(field, ids["lot_id"]))
        found_paths.append(name)
    return found_paths


async def test_no_secret_shows_while_the_auction_is_open(stage: Stage) -> None:
    """No answer to anybody but the bank's and the venue's own people, and no record that others read, has one."""
    lot = await stage.published(terms={"reserve_price_fen": RESERVE_FEN}, lasts=120)
    one, bidder = await stage.deposited(lot, limit_fen=LIMIT_FEN)
    rival, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    hidden = await one.post(f"/v1/auctions/{lot['id']}/proxies", {"max_fen": MAXIMUM_FEN})
    assert hidden["accepted"], hidden
    await stage.work()
    insider = await stage.operator.get(f"/v1/my/lots/{lot['id']}")
    assert found(str(insider)) == [str(RESERVE_FEN)], "the search finds what is there"
    ids = {
        "lot_id": lot["id"],
        "auction_id": lot["id"],
        "bidder_id": bidder["id"],
        "consignment_id": lot["consignment_id"],
    }
    outsiders: list[Person] = [stage.anyone, rival]
    outsiders += [await stage.person(role) for role in Role]
    answered = 0
    for person in outsiders:
        for path in paths(stage, ids):
            answer = await stage.client.get(path, headers=person.headers)
            answered += answer.is_success
            assert not found(answer.text), (path, person.caller.roles)
            assert not found(str(answer.headers)), (path, person.caller.roles)
    assert answered > 100


@pytest.mark.parametrize("table", _TABLES)
async def test_no_secret_is_written_where_others_read(stage: Stage, table: str) -> None:
    """Trail, events, notices, findings, duties and orders are without them, also after a refusal."""
    lot = await stage.published(terms={"reserve_price_fen": RESERVE_FEN}, lasts=60)
    one, _ = await stage.deposited(lot, limit_fen=LIMIT_FEN)
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/proxies", {"max_fen": MAXIMUM_FEN})
    too_much = {"max_fen": LIMIT_FEN + 999_999}
    refused = await one.post(f"/v1/auctions/{lot['id']}/proxies", too_much, expect=409)
    assert refused["code"] == "over_limit"
    await stage.work()
    text = await stage.pool.fetchval(
        f"SELECT coalesce(string_agg(t::text, '|'), '') FROM market.{table} t"
    )
    assert not found(text)
    if table == "audit_entries":
        assert "has_reserve" in text
        assert "has_limit" in text
