"""The whole application on a database of its own, with people and one published lot."""

from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import msgspec
import pytest

from kit.sql import Pool
from marketplace.app import Resources
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from tests.make_app import client_on
from tests.make_people import (
    PASSWORD,
    MovableClock,
    key_of,
    make_caller,
    make_organisation,
)
from tests.make_shown_lots import SECRET_RESERVE_FEN, make_published_lot


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A site to visit: its client, its people, the header by which each calls, and what is for sale."""

    client: httpx.AsyncClient
    clock: MovableClock
    bidder: Caller
    operator: Caller
    headers: dict[str, dict[str, str]]
    username: str
    lot: Lot


@pytest.fixture
async def site(
    resources: Resources, clock: MovableClock, database: Pool, now: datetime
) -> AsyncIterator[Site]:
    """A venue with one lot that has a secret reserve, one operator, one bidder with a password."""
    drafter = await make_caller(database, Role.VENUE_OPERATOR, now=now)
    operator = await make_caller(
        database, Role.VENUE_OPERATOR, now=now, organisation_id=drafter.organisation_id
    )
    password_hash = await resources.passwords.hash(PASSWORD)
    bidder = await make_caller(database, Role.AGENCY_BIDDER, now=now, password_hash=password_hash)
    bank = await make_organisation(database, OrganisationKind.BANK, now=now)
    async with database.acquire() as conn:
        lot = await make_published_lot(
            conn,
            drafter=drafter,
            publisher=operator,
            consignor_id=bank,
            now=now,
            reserve_price_fen=SECRET_RESERVE_FEN,
        )
    async with client_on(resources) as client:
        yield Site(
            client=client,
            clock=clock,
            bidder=bidder,
            operator=operator,
            headers={
                "anonymous": {},
                "bidder": await key_of(database, bidder, now=now),
                "operator": await key_of(database, operator, now=now),
            },
            username=await database.fetchval(
                "SELECT username FROM market.users WHERE id = $1", bidder.user_id
            ),
            lot=lot,
        )
