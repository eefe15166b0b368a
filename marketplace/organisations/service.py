"""Organisations and their users: made and changed by the platform's administrator, one audit entry a change."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.organisations import rules
from marketplace.organisations.schemas import (
    PLATFORM_ORGANISATION_ID,
    SYSTEM_CALLER,
    SYSTEM_USER_ID,
    Caller,
    Organisation,
    OrganisationChange,
    OrganisationIn,
    Profile,
    Role,
    User,
    UserChange,
    UserIn,
)

_SQL = load_statements("marketplace.organisations", "queries.sql")


class AlreadyExists(Conflict):
    """There is one already. / 已存在。"""

    code = "already_exists"


class AlreadyBootstrapped(Conflict):
    """There is a platform administrator already; sign in as that one. / 平台管理员已存在。"""

    code = "already_bootstrapped"


async def create_organisation(
    conn: Connection, caller: Caller, given: OrganisationIn, *, now: datetime
) -> Organisation:
    """A new organisation, active at once. Raises InvalidInput, AlreadyExists for a second one of the same code."""
    rules.require_attributes(given)
    if given.parent_id is not None:
        parent = await organisation_by_id(conn, given.parent_id)
        if parent.kind is not given.kind or parent.parent_id is not None:
            raise InvalidInput(
                "parent_id", "must be a bank that is no branch itself", "须为非分支机构的银行"
            )
    try:
        async with conn.transaction():
            row = await conn.fetchrow(
                _SQL["insert_organisation"],
                uuid7(now),
                given.kind,
                given.name,
                given.credit_code,
                now,
                given.parent_id,
                given.is_science_branch,
                given.authority,
                given.region,
            )
    except asyncpg.UniqueViolationError as error:
        raise AlreadyExists(
            f"credit_code: {given.credit_code} is registered already",
            f"credit_code：{given.credit_code} 已登记",
            field="credit_code",
        ) from error
    made = _organisation(row)
    await audit.record(
        conn,
        caller,
        now=now,
        action="organisation_created",
        subject="organisation",
        subject_id=made.id,
        after=made,
    )
    return made


async def change_organisation(
    conn: Connection,
    caller: Caller,
    organisation_id: UUID,
    change: OrganisationChange,
    *,
    now: datetime,
) -> Organisation:
    """Change what `change` names. The caller has compared the version of `lock_organisation`."""
    before = await lock_organisation(conn, organisation_id)
    name = before.name if change.name is msgspec.UNSET else change.name
    is_active = before.is_active if change.is_active is msgspec.UNSET else change.is_active
    if organisation_id == PLATFORM_ORGANISATION_ID and not is_active:
        raise Conflict(
            "is_active: the platform's own organisation stays active", "is_active：平台机构不能停用"
        )
    after = _organisation(
        await conn.fetchrow(_SQL["update_organisation"], organisation_id, name, is_active)
    )
    await audit.record(
        conn,
        caller,
        now=now,
        action="organisation_changed",
        subject="organisation",
        subject_id=organisation_id,
        before=before,
        after=after,
    )
    return after


async def organisation(conn: Connection, caller: Caller, organisation_id: UUID) -> Organisation:
    """The caller's own organisation, or any for the platform's administrator. Raises NotFound."""
    if organisation_id != caller.organisation_id and not caller.has(Role.PLATFORM_ADMINISTRATOR):
        raise NotFound()
    return _organisation(await conn.fetchrow(_SQL["organisation_by_id"], organisation_id))


async def organisation_by_id(conn: Connection, organisation_id: UUID) -> Organisation:
    """Any organisation, for another room that has checked who asks. Raises NotFound."""
    return _organisation(await conn.fetchrow(_SQL["organisation_by_id"], organisation_id))


async def agency_by_code(conn: Connection, code: str) -> UUID | None:
    """The operating agency with this credit code, whom a bank names without seeing who else there is."""
    async with everything(conn):  # who bids is nobody else's to list
        found: UUID | None = await conn.fetchval(_SQL["agency_by_code"], code.strip().upper())
    return found


async def by_code(conn: Connection, code: str) -> UUID | None:
    """The organisation with this credit code, of any kind: whom a licence's terms name."""
    async with everything(conn):  # who bids is nobody else's to list
        found: UUID | None = await conn.fetchval(_SQL["by_code"], code.strip().upper())
    return found


async def venues(conn: Connection) -> list[tuple[UUID, str]]:
    """The venues to which a bank may consign, by name; who they are is open to everybody."""
    return [(row["id"], row["name"]) for row in await conn.fetch(_SQL["venues"])]


async def lock_organisation(conn: Connection, organisation_id: UUID) -> Organisation:
    """The organisation, kept from others until the transaction ends. Raises NotFound."""
    return _organisation(await conn.fetchrow(_SQL["lock_organisation"], organisation_id))


async def organisations(conn: Connection, *, after: UUID | None, rows: int) -> list[Organisation]:
    """Organisations by id, beginning after `after`."""
    return [
        _organisation(row) for row in await conn.fetch(_SQL["organisations_after"], after, rows)
    ]


async def create_user(
    conn: Connection, caller: Caller, given: UserIn, *, password_hash: str, now: datetime
) -> User:
    """A new user, who can sign in at once. Raises AlreadyExists, RoleNotAllowed, InvalidInput, NotFound."""
    rules.require_username(given.username)
    rules.require_good_password(given.password, username=given.username)
    employer = _organisation(await conn.fetchrow(_SQL["organisation_by_id"], given.organisation_id))
    rules.require_roles_fit(employer.kind, given.roles)
    return await insert_user(conn, caller, given, password_hash=password_hash, now=now)


def taken(username: str) -> AlreadyExists:
    """What is said of a user name that somebody has."""
    return AlreadyExists(
        f"username: {username} is taken", f"username：{username} 已被使用", field="username"
    )


async def is_taken(conn: Connection, username: str) -> bool:
    """Whether somebody has this user name."""
    return bool(await conn.fetchval(_SQL["is_taken"], username))


async def close_access(conn: Connection, user_id: UUID, *, now: datetime) -> None:
    """The user's password lets nobody in any more, and sessions and keys end."""
    if user_id == SYSTEM_USER_ID:
        raise Conflict("the platform itself has no password", "平台系统用户没有密码")
    await conn.execute(_SQL["close_password"], user_id)
    await conn.execute(_SQL["end_sessions_of_user"], user_id, now, None)
    await conn.execute(_SQL["revoke_keys_of_user"], user_id, now)


async def open_access(
    conn: Connection, user_id: UUID, *, password_hash: str, now: datetime
) -> None:
    """The user signs in with this password from now on."""
    await conn.execute(_SQL["set_password_hash"], user_id, password_hash)
    await conn.execute(_SQL["end_sessions_of_user"], user_id, now, None)


async def insert_user(
    conn: Connection,
    caller: Caller,
    given: UserIn,
    *,
    password_hash: str,
    now: datetime,
    identity_digest: bytes | None = None,
) -> User:
    """A new user as given; who asks has checked it. Raises AlreadyExists.

    `identity_digest`: of an identity number that was given before, with an invitation.
    """
    try:
        async with conn.transaction():
            row = await conn.fetchrow(
                _SQL["insert_user"],
                uuid7(now),
                given.organisation_id,
                given.username,
                given.display_name,
                password_hash,
                sorted(set(given.roles)),
                now,
                identity_digest or rules.identity_digest(given.identity_number),
            )
    except asyncpg.UniqueViolationError as error:
        raise taken(given.username) from error
    made = _user(row)
    await audit.record(
        conn, caller, now=now, action="user_created", subject="user", subject_id=made.id, after=made
    )
    return made


async def change_user(
    conn: Connection, caller: Caller, user_id: UUID, change: UserChange, *, now: datetime
) -> User:
    """Change what `change` names; new roles and inactivity end all the user's sessions (reliability T44)."""
    before = await lock_user(conn, user_id)
    if user_id == SYSTEM_USER_ID:
        raise Conflict("the platform itself stays as it is", "平台系统用户不可更改")
    employer = _organisation(
        await conn.fetchrow(_SQL["organisation_by_id"], before.organisation_id)
    )
    roles = before.roles if change.roles is msgspec.UNSET else sorted(set(change.roles))
    rules.require_roles_fit(employer.kind, roles)
    is_active = before.is_active if change.is_active is msgspec.UNSET else change.is_active
    if user_id == caller.user_id and (not is_active or roles != before.roles):
        raise Conflict(
            "nobody changes their own roles or switches themselves off; ask another administrator",
            "不能更改本人角色或停用本人，请由另一管理员操作",
        )
    name = before.display_name if change.display_name is msgspec.UNSET else change.display_name
    after = _user(await conn.fetchrow(_SQL["update_user"], user_id, name, roles, is_active, now))
    if roles != before.roles or not is_active:
        await conn.execute(_SQL["end_sessions_of_user"], user_id, now, None)
    await audit.record(
        conn,
        caller,
        now=now,
        action="user_changed",
        subject="user",
        subject_id=user_id,
        before=before,
        after=after,
    )
    return after


async def user(conn: Connection, user_id: UUID) -> User:
    """A user by id. Raises NotFound."""
    return _user(await conn.fetchrow(_SQL["user_by_id"], user_id))


async def lock_user(conn: Connection, user_id: UUID) -> User:
    """The user, kept from others until the transaction ends. Raises NotFound."""
    return _user(await conn.fetchrow(_SQL["lock_user"], user_id))


async def users(
    conn: Connection, *, after: UUID | None, rows: int, organisation_id: UUID | None = None
) -> list[User]:
    """Users by id, beginning after `after`, of one organisation or of all."""
    return [
        _user(row) for row in await conn.fetch(_SQL["users_after"], after, rows, organisation_id)
    ]


async def profile(conn: Connection, caller: Caller) -> Profile:
    """Who the caller is."""
    return Profile(
        user=await user(conn, caller.user_id),
        organisation=_organisation(
            await conn.fetchrow(_SQL["organisation_by_id"], caller.organisation_id)
        ),
        acting_roles=sorted(caller.roles),
    )


async def bootstrap(
    conn: Connection, *, username: str, password: str, password_hash: str, now: datetime
) -> User:
    """The first platform administrator, made from the command line. Raises AlreadyBootstrapped for a second."""
    rules.require_username(username)
    rules.require_good_password(password, username=username)
    await conn.execute(_SQL["lock_bootstrap"])
    if await conn.fetchval(_SQL["has_administrator"]):
        raise AlreadyBootstrapped()
    given = UserIn(
        organisation_id=PLATFORM_ORGANISATION_ID,
        username=username,
        display_name=username,
        roles=[Role.PLATFORM_ADMINISTRATOR],
        password=password,
    )
    return await insert_user(conn, SYSTEM_CALLER, given, password_hash=password_hash, now=now)


def _organisation(row: asyncpg.Record | None) -> Organisation:
    if row is None:
        raise NotFound()
    return msgspec.convert(dict(row), Organisation)


def _user(row: asyncpg.Record | None) -> User:
    if row is None:
        raise NotFound()
    return msgspec.convert(dict(row), User)
