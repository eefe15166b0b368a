"""A whole sale on real servers: application, engine, people, a consignment; lots that run within seconds.

Dates follow the real clock, because the bid engine decides by its server's time and nobody can tell it another.
"""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

import httpx
import msgspec

from auction_engine.engine import Engine
from kit.clock import CHINA, system_clock
from kit.sql import Pool
from marketplace.assets import service as assets
from marketplace.cases import service as cases
from marketplace.consignments import service as consignments
from marketplace.jobs.running import run_due_duties
from marketplace.organisations.schemas import Caller, Role
from marketplace.pledges import service as pledges
from marketplace.resources import Resources, open_resources
from marketplace.settings import Settings
from marketplace.valuations import service as valuations
from tests.make_app import client_on
from tests.make_people import ORIGIN, key_of, make_caller
from tests.make_portfolio import (
    Parties,
    make_parties,
    some_asset,
    some_case,
    some_pledge,
    some_terms,
    some_valuation,
)

START_FEN, STEP_FEN, DEPOSIT_FEN = 210_000_000, 1_000_000, 21_000_000
_PAIR = {"en": "As the notice says.", "zh": "以公告为准。"}
CONDITIONS = dict.fromkeys(
    (
        "bidder_conditions",
        "known_defects",
        "viewing",
        "delivery",
        "taxes_and_bearer",
        "deposit_account",
        "contact",
        "complaints",
        "priority_holders",
        "court",
    ),
    _PAIR,
)
_numbers = itertools.count(1)


class Refused(Exception):
    """An answer other than the one expected."""


class Person(msgspec.Struct, frozen=True):
    """Somebody who calls the API."""

    client: httpx.AsyncClient
    caller: Caller
    headers: dict[str, str]

    async def post(
        self, path: str, body: object = None, *, expect: int | None = None, key: str | None = None
    ) -> Any:
        """POST under a key of its own; the answer's JSON, or an error that shows it."""
        headers = self.headers | {"Idempotency-Key": key or str(uuid4())}
        json = None if body is None else msgspec.to_builtins(body)
        response = await self.client.post(path, json=json, headers=headers)
        return _checked(response, expect)

    async def get(self, path: str, *, expect: int | None = None) -> Any:
        """GET; the answer's JSON."""
        return _checked(await self.client.get(path, headers=self.headers), expect)


def _checked(response: httpx.Response, expect: int | None) -> Any:
    is_fine = response.status_code == expect if expect else response.is_success
    if not is_fine:
        raise Refused(f"{response.request.url} {response.status_code} {response.text}")
    return response.json()


class Stage:
    """Everybody and everything of a sale."""

    def __init__(
        self,
        resources: Resources,
        client: httpx.AsyncClient,
        parties: Parties,
        people: dict[str, Person],
    ) -> None:
        self.resources = resources
        self.client = client
        self.parties = parties
        self.operator = people["operator"]
        self.checker = people["checker"]
        self.bank_maker = people["bank_maker"]
        self.bank_checker = people["bank_checker"]
        self.anyone = Person(client, self.operator.caller, {})

    @property
    def pool(self) -> Pool:
        """The database."""
        return self.resources.pool

    @property
    def engine(self) -> Engine:
        """The bid engine: with the pool, all that duties need."""
        return self.resources.hall.engine

    async def work(self) -> int:
        """What the worker and the projector would do now."""
        tried = await run_due_duties(self, system_clock())
        await self.project()
        return tried

    async def project(self) -> None:
        """Bring the journal into the database."""
        projector = self.engine.projector
        for row in await self.pool.fetch("SELECT shard FROM engine.shards"):
            await projector.project(row["shard"])

    async def person(self, *roles: Role, organisation_id: UUID | None = None) -> Person:
        """A new person with an API key."""
        now = system_clock()
        caller = await make_caller(self.pool, *roles, now=now, organisation_id=organisation_id)
        return Person(self.client, caller, await key_of(self.pool, caller, now=now))

    async def draft(self, **changed: Any) -> dict[str, Any]:
        """A lot over a consignment of its own, drafted."""
        consignment_id = await accepted_consignment(self, **changed.pop("terms", {}))
        return dict(await self.operator.post("/v1/lots", lot_draft(consignment_id, **changed)))

    async def published(self, **changed: Any) -> dict[str, Any]:
        """A lot that takes bidders."""
        lot = await self.draft(**changed)
        checked = await self.operator.post(f"/v1/lots/{lot['id']}/check")
        assert checked["lot"]["status"] == "checked", checked["findings"]
        published: dict[str, Any] = await self.checker.post(f"/v1/lots/{lot['id']}/publish")
        return published

    async def registered(
        self, lot: dict[str, Any], **changed: Any
    ) -> tuple[Person, dict[str, Any]]:
        """An agency of its own, registered and qualified."""
        agency = await self.person(Role.AGENCY_BIDDER)
        given = {
            "disclosure_sha256": lot["notice_sha256"],
            "conflict_statement": "no interest in the seller 与委托人、出质人无关联",
        }
        bidder = await agency.post(f"/v1/lots/{lot['id']}/bidders", given | changed)
        await self.operator.post(f"/v1/bidders/{bidder['id']}/qualify")
        return agency, bidder

    async def deposited(
        self, lot: dict[str, Any], *, rank: int | None = None, **changed: Any
    ) -> tuple[Person, dict[str, Any]]:
        """An agency whose deposit is held; with `rank`, a confirmed priority holder."""
        agency, bidder = await self.registered(lot, **changed)
        if rank is not None:
            claim = {"rank": rank, "nature": "co-owner 共有人"}
            await self.operator.post(f"/v1/bidders/{bidder['id']}/priority", claim)
        held = await self.operator.post(f"/v1/bidders/{bidder['id']}/deposit", money(DEPOSIT_FEN))
        assert held["status"] == "deposited"
        return agency, await agency.get(f"/v1/lots/{lot['id']}/bidders/me")

    async def until_open(self, lot: dict[str, Any]) -> None:
        """Wait for the opening, with the duties that it needs done."""
        await until(moment(lot["opens_at"]))
        await self.work()

    async def until_closed(self, lot: dict[str, Any]) -> dict[str, Any]:
        """Work until the result is recorded."""
        for _ in range(600):
            await self.work()
            status = await self.pool.fetchval(
                "SELECT status FROM market.lots WHERE id = $1", UUID(lot["id"])
            )
            if status not in ("registration", "open", "paused"):
                return dict(await self.anyone.get(f"/v1/lots/{lot['id']}"))
            await asyncio.sleep(0.1)
        raise AssertionError("the auction did not close")

    async def until_confirmed(self, lot: dict[str, Any]) -> dict[str, Any]:
        """Work until the confirmation is there, for which nobody asks."""
        await self.until_closed(lot)
        for _ in range(100):
            shown = await self.anyone.get(f"/v1/lots/{lot['id']}")
            if shown["status"] == "awaiting_payment":
                return dict(shown)
            await self.work()
            await asyncio.sleep(0.1)
        raise AssertionError("the result was not confirmed")


@asynccontextmanager
async def open_stage(database_url: str, redis_url: str, directory: Path) -> AsyncIterator[Stage]:
    """The application with everything behind it, and the people of a sale."""
    key_path = directory / f"signing-key-{next(_numbers)}"
    key_path.write_bytes(secrets.token_bytes(32))
    settings = Settings(
        database_url=database_url,
        redis_url=redis_url,
        public_origin=ORIGIN,
        signing_key_path=str(key_path),
        database_pool_max=20,
    )
    async with open_resources(settings) as resources, client_on(resources) as client:
        now = system_clock()
        parties = await make_parties(resources.pool, now=now)
        checker = await make_caller(
            resources.pool,
            Role.VENUE_CHECKER,
            now=now,
            organisation_id=parties.venue.organisation_id,
        )
        callers = {
            "operator": parties.venue,
            "checker": checker,
            "bank_maker": parties.maker,
            "bank_checker": parties.checker,
        }
        people = {
            name: Person(client, caller, await key_of(resources.pool, caller, now=now))
            for name, caller in callers.items()
        }
        yield Stage(resources, client, parties, people)


class Market(Protocol):
    """Where a consignment can be made: a database with the parties of a sale."""

    @property
    def pool(self) -> Pool:
        """The database."""
        ...

    @property
    def parties(self) -> Parties:
        """Bank and venue."""
        ...


async def accepted_consignment(stage: Market, **changed: Any) -> UUID:
    """A consignment that bank and venue have passed on, its dates around today."""
    parties, now = stage.parties, system_clock()
    today = now.astimezone(CHINA).date()
    async with stage.pool.acquire() as conn, conn.transaction():
        case = await cases.register(
            conn,
            parties.maker,
            some_case(
                granted_on=today - timedelta(days=800),
                due_on=today - timedelta(days=435),
                defaulted_on=today - timedelta(days=300),
                demanded_on=today - timedelta(days=290),
            ),
            now=now,
        )
        right = some_asset(
            status_as_of=today - timedelta(days=1), fee_paid_to=today + timedelta(days=700)
        )
        asset = await assets.register(conn, parties.maker, right, now=now)
        pledge = some_pledge(
            case.id,
            asset.id,
            pledgee_code=parties.code,
            registered_on=today - timedelta(days=790),
        )
        await pledges.register(conn, parties.maker, pledge, now=now)
        report = some_valuation(
            asset.id, base_on=today - timedelta(days=60), valid_to=today + timedelta(days=300)
        )
        await valuations.register(conn, parties.maker, report, now=now)
        given = {"regime": "exchange", "closing_on": today + timedelta(days=40)} | changed
        terms = some_terms(parties.venue.organisation_id, case.id, asset.id, **given)
        made = await consignments.draft(conn, parties.maker, terms, now=now)
        await consignments.submit(conn, parties.maker, made.id, now=now)
        await consignments.approve(conn, parties.checker, made.id, now=now)
        await consignments.accept(conn, parties.venue, made.id, now=now)
    return made.id


def lot_draft(
    consignment_id: UUID, *, opens_in: float = 1.5, lasts: float = 3.0, **changed: Any
) -> dict[str, Any]:
    """An English auction with shortened times, soft close of one second."""
    opens_at = system_clock() + timedelta(seconds=opens_in)
    bidding = {
        "format": "english",
        "step": {"kind": "fixed", "step_fen": STEP_FEN},
        "grid": "multiple",
        "extension": {"mode": "reset", "window_ms": 1000},
    }
    draft: dict[str, Any] = {
        "consignment_id": str(consignment_id),
        "title": "One patent",
        "title_zh": "专利一项",
        "bidding": bidding | changed.pop("bidding", {}),
        "conditions": CONDITIONS,
        "opens_at": text(opens_at),
        "closes_at": text(opens_at + timedelta(seconds=lasts)),
        "release_on": "PRICE_PAID",
        "objection_days": 0,
        "shortened_times": True,
    }
    return draft | changed


def money(amount_fen: int) -> dict[str, Any]:
    """A credit that the bank reports, with a reference of its own."""
    return {
        "bank_reference": f"BANK-{uuid4().hex[:12]}",
        "amount_fen": amount_fen,
        "received_at": text(system_clock()),
    }


def text(at: datetime) -> str:
    """RFC 3339."""
    return at.isoformat()


def moment(written: str) -> datetime:
    """The instant that an answer names."""
    return datetime.fromisoformat(written)


async def until(at: datetime) -> None:
    """Wait for an instant."""
    await asyncio.sleep(max(0.0, (at - system_clock()).total_seconds()))
