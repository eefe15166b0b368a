"""People for tests: organisations, users with roles, and the credentials with which they call."""

import itertools
from datetime import datetime, timedelta
from uuid import UUID

import httpx
from litestar import Litestar

from kit.ids import uuid7
from kit.sql import Connection, Pool
from marketplace.organisations import access
from marketplace.organisations.rules import ROLES_OF
from marketplace.organisations.schemas import (
    PLATFORM_ORGANISATION_ID,
    ApiKeyIn,
    Authority,
    Caller,
    OrganisationKind,
    Role,
)

_numbers = itertools.count(1)
#: Where test clients call; the settings of test applications name it as their own origin.
ORIGIN = "http://luochui.test"
PASSWORD = "correct horse 87"


class MovableClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **units: float) -> None:
        """Move on by a timedelta's worth."""
        self.now += timedelta(**units)


async def make_organisation(
    conn: Connection | Pool,
    kind: OrganisationKind,
    *,
    now: datetime,
    name: str | None = None,
    authority: Authority | None = None,
    region: str | None = None,
) -> UUID:
    """A new organisation of this kind; the platform's own is there already. A regulator is the joint conference."""
    if kind is OrganisationKind.PLATFORM:
        return PLATFORM_ORGANISATION_ID
    organisation_id = uuid7(now)
    await conn.execute(
        "INSERT INTO market.organisations (id, kind, name, created_at, authority, region)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        organisation_id,
        kind,
        name or f"{kind} {next(_numbers)}",
        now,
        authority or (Authority.JOINT if kind is OrganisationKind.REGULATOR else None),
        region,
    )
    return organisation_id


async def make_caller(
    conn: Connection | Pool,
    *roles: Role,
    now: datetime,
    organisation_id: UUID | None = None,
    password_hash: str | None = None,
) -> Caller:
    """A user with these roles, in an organisation that has such roles: a new one, or the one given."""
    fitting = [kind for kind, known in ROLES_OF.items() if set(roles) & known]
    kind = min(fitting, key=lambda kind: len(ROLES_OF[kind]), default=OrganisationKind.BANK)
    employer = organisation_id or await make_organisation(conn, kind, now=now)
    user_id, number = uuid7(now), next(_numbers)
    await conn.execute(
        "INSERT INTO market.users (id, organisation_id, username, display_name, password_hash, roles, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        user_id,
        employer,
        f"user{number}",
        f"User {number}",
        password_hash,
        sorted(roles),
        now,
    )
    return Caller(
        user_id=user_id,
        organisation_id=employer,
        organisation_kind=kind,
        roles=frozenset(roles),
        display_name=f"User {number}",
        authority=await conn.fetchval(
            "SELECT authority FROM market.organisations WHERE id = $1", employer
        ),
    )


async def key_of(conn: Connection | Pool, caller: Caller, *, now: datetime) -> dict[str, str]:
    """The header by which `caller` calls: an API key with all their roles."""
    given = ApiKeyIn(name="test", roles=sorted(caller.roles))
    if not isinstance(conn, Pool):
        made = await access.create_api_key(conn, caller, given, now=now)
    else:
        async with conn.acquire() as connection:
            made = await access.create_api_key(connection, caller, given, now=now)
    return {"Authorization": f"Bearer {made.key}"}


def client_of(app: Litestar, **options: object) -> httpx.AsyncClient:
    """A client that calls the application in this process and event loop."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN, **options)  # type: ignore[arg-type]  # headers and such, as httpx takes them
