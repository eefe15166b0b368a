"""A running venue for browser tests: people who can sign in, and auctions that are open."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec

from kit.reach import ENGINE
from kit.sql import Connection, Pool
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus
from marketplace.bidders.schemas import DepositReceipt, Registration
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots.schemas import Lot
from marketplace.organisations.passwords import Passwords
from marketplace.organisations.schemas import Caller, Role
from tests.make_people import PASSWORD, make_caller
from tests.make_portfolio import Parties, make_parties
from tests.make_shown_lots import make_published_lot
from tests.make_stage import accepted_consignment

_OPENS_IN = timedelta(seconds=3)
_WAIT_SECONDS = 40
_numbers = itertools.count(1)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can sign in."""

    caller: Caller
    username: str


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """An open auction with two admitted bidders and their paddles, and its operator."""

    lot: Lot
    operator: Person
    bidders: tuple[Person, Person]
    paddles: tuple[int, int]


class Sellers(msgspec.Struct, frozen=True, kw_only=True):
    """The bank and the venue of a consignment, and the database."""

    pool: Pool
    parties: Parties


class Venue:
    """Where it answers, and its database."""

    def __init__(self, base_url: str, pool: Pool, password_hash: str) -> None:
        self.base_url = base_url
        self.pool = pool
        self._password_hash = password_hash

    async def person(self, *roles: Role, organisation: Caller | None = None) -> Person:
        """A new person who signs in with `PASSWORD`."""
        caller = await make_caller(
            self.pool,
            *roles,
            now=datetime.now(UTC),
            organisation_id=organisation.organisation_id if organisation else None,
            password_hash=self._password_hash,
        )
        username = await self.pool.fetchval(
            "SELECT username FROM market.users WHERE id = $1", caller.user_id
        )
        return Person(caller=caller, username=username)

    async def open_auction(self, **texts: object) -> Sale:
        """A lot published now, whose auction opens in a moment; two bidders with deposits."""
        now = datetime.now(UTC)
        drafter = await self.person(Role.VENUE_OPERATOR)
        operator = await self.person(Role.VENUE_OPERATOR, organisation=drafter.caller)
        agencies = (await self.person(Role.AGENCY_BIDDER), await self.person(Role.AGENCY_BIDDER))
        sellers = Sellers(pool=self.pool, parties=await make_parties(self.pool, now=now))
        consignment_id = await accepted_consignment(sellers)
        async with self.pool.acquire() as conn, conn.transaction():
            lot = await make_published_lot(
                conn,
                drafter=drafter.caller,
                publisher=operator.caller,
                consignor_id=sellers.parties.maker.organisation_id,
                consignment_id=consignment_id,
                now=now,
                opens_in=_OPENS_IN,
                **texts,  # type: ignore[arg-type]  # the texts of a lot, by name
            )
            for kind, due_at in (
                (Kind.CREATE_AUCTION, lot.priority_closes_at),
                (Kind.OPEN_AUCTION, lot.opens_at),
                (Kind.CLOSE_AUCTION, lot.closes_at),
            ):
                await duties.add(conn, kind, subject_id=lot.id, due_at=due_at, now=now)
            paddles = [
                await _seat(conn, lot, agency, operator.caller, now=now) for agency in agencies
            ]
        await self._until_open(lot)
        return Sale(lot=lot, operator=operator, bidders=agencies, paddles=(paddles[0], paddles[1]))

    async def _until_open(self, lot: Lot) -> None:
        """Until the worker has set the auction up, opened it and admitted both bidders."""
        for _ in range(_WAIT_SECONDS * 5):
            active = await self.pool.fetchval(
                "SELECT count(*) FROM market.bidders b JOIN market.lots l ON l.id = b.lot_id"
                " WHERE l.id = $1 AND l.status = 'open' AND b.status = $2",
                lot.id,
                BidderStatus.ACTIVE,
            )
            if active == 2:
                return
            await asyncio.sleep(0.2)
        waiting = await self.pool.fetch(
            "SELECT kind, state, attempts, last_error FROM market.duties WHERE state <> 'done'"
        )
        raise AssertionError(f"lot {lot.number} did not open; duties: {waiting}")


async def open_venue(base_url: str, database_url: str) -> Venue:
    """The venue that answers at `base_url`."""
    passwords = Passwords()
    password_hash = await passwords.hash(PASSWORD)
    passwords.close()
    pool = await asyncpg.create_pool(
        database_url, min_size=1, max_size=4, server_settings=dict(ENGINE)
    )
    return Venue(base_url, pool, password_hash)


async def _seat(
    conn: Connection, lot: Lot, agency: Person, operator: Caller, *, now: datetime
) -> int:
    given = Registration(
        disclosure_sha256=lot.notice_sha256 or "", conflict_statement="none 无利害关系"
    )
    bidder = await bidders.register(conn, agency.caller, lot.id, given, now=now)
    await bidders.qualify(conn, operator, bidder.id, now=now)
    money = DepositReceipt(
        bank_reference=f"test-{next(_numbers)}-{lot.number}",
        amount_fen=lot.deposit_fen,
        received_at=now,
    )
    seated = await bidders.receive_deposit(conn, operator, bidder.id, money, now=now)
    assert seated.paddle is not None
    return seated.paddle
