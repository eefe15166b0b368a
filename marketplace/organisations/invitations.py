"""Invitations 邀请: a link lets one person in once, who sets a password that nobody else has seen; so do resets.

Rights are given by two people once there are two to ask (domain 7: user rights; `two_people` says who): the token of an
invitation, and a change of roles, count when another person has approved exactly those roles.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, LuochuiError, NotFound
from kit.ids import uuid7
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Approval
from marketplace.approvals.schemas import Kind as ApprovalKind
from marketplace.audit import service as audit
from marketplace.organisations import rules, service, tokens, two_people
from marketplace.organisations.schemas import (
    PLATFORM_ORGANISATION_ID,
    SYSTEM_CALLER,
    AccessStep,
    Caller,
    Invitation,
    InvitationIn,
    NewInvitation,
    RightsIn,
    Role,
    User,
    UserIn,
)

_SQL = load_statements("marketplace.organisations", "invitations.sql")


class InvitationRefused(LuochuiError):
    """The link was used, has run out or never was; ask for a new one. / 链接无效、已使用或已过期，请重新获取。"""

    code = "invitation_refused"


async def invite(
    conn: Connection, caller: Caller, given: InvitationIn, *, now: datetime
) -> NewInvitation:
    """Invite somebody into an organisation. Raises AlreadyExists, RoleNotAllowed, InvalidInput, NotFound."""
    rules.require_username(given.username)
    employer = await service.organisation_by_id(conn, given.organisation_id)
    rules.require_roles_fit(employer.kind, given.roles)
    if await service.is_taken(conn, given.username):
        raise service.taken(given.username)
    made = await _insert(
        conn,
        caller,
        organisation_id=given.organisation_id,
        user_id=None,
        username=given.username,
        display_name=given.display_name,
        roles=given.roles,
        hours=given.hours,
        identity_digest=rules.identity_digest(given.identity_number),
        now=now,
    )
    asked_of = await _decider(conn, caller.user_id, given.organisation_id, given.roles, now=now)
    if asked_of is not None:
        paper = _paper(caller, made.invitation.id, given.organisation_id, given.roles, asked_of)
        async with everything(conn):
            await approvals.ask(conn, caller, paper, reason=given.reason, now=now)
    return made


async def reset_password(
    conn: Connection, caller: Caller, user_id: UUID, *, hours: int, now: datetime
) -> NewInvitation:
    """A link by which a user sets a new password; what is signed in now ends, and the old password lets nobody in.

    Raises ApprovalMissing where another must agree first (`two_people`).
    """
    user = await service.lock_user(conn, user_id)
    await two_people.require_step(conn, caller, user_id, AccessStep.PASSWORD_RESET, now=now)
    await service.close_access(conn, user_id, now=now)
    return await _insert(
        conn,
        caller,
        organisation_id=user.organisation_id,
        user_id=user_id,
        username=user.username,
        display_name=user.display_name,
        roles=user.roles,
        hours=hours,
        now=now,
    )


async def page(conn: Connection, *, after: UUID | None, rows: int) -> list[Invitation]:
    """Invitations, newest first."""
    return [_invitation(row) for row in await conn.fetch(_SQL["page"], after, rows)]


async def revoke(conn: Connection, caller: Caller, invitation_id: UUID, *, now: datetime) -> None:
    """Take an invitation back. Raises NotFound."""
    if await conn.fetchval(_SQL["revoke"], invitation_id, now) is None:
        raise NotFound
    await _told(conn, caller, invitation_id, "invitation_revoked", now=now)


async def standing(conn: Connection, token: str, *, now: datetime) -> Invitation:
    """The invitation of this token. Raises InvitationRefused."""
    row = await conn.fetchrow(_SQL["by_token"], tokens.digest(token), now)
    if row is None:
        raise InvitationRefused
    return _invitation(row)


async def accept(conn: Connection, token: str, *, password_hash: str, now: datetime) -> User:
    """The person behind the link sets a password, once. Raises InvitationRefused, ApprovalMissing, AlreadyExists."""
    found = await standing(conn, token, now=now)
    if found.user_id is not None:
        await service.open_access(conn, found.user_id, password_hash=password_hash, now=now)
        user = await service.user(conn, found.user_id)
    else:
        await _require_approved(conn, found, now=now)
        given = UserIn(
            organisation_id=found.organisation_id,
            username=found.username,
            display_name=found.display_name,
            roles=found.roles,
            password="",
        )
        inviter = msgspec.structs.replace(SYSTEM_CALLER, user_id=found.invited_by)
        user = await service.insert_user(
            conn,
            inviter,
            given,
            password_hash=password_hash,
            identity_digest=await conn.fetchval(_SQL["identity"], found.id),
            now=now,
        )
    await conn.execute(_SQL["accept"], found.id, now, user.id)
    themselves = msgspec.structs.replace(
        SYSTEM_CALLER, user_id=user.id, organisation_id=user.organisation_id
    )
    await _told(conn, themselves, found.id, "invitation_accepted", now=now)
    return user


async def ask_rights(
    conn: Connection, caller: Caller, user_id: UUID, given: RightsIn, *, now: datetime
) -> Approval:
    """Ask another administrator to approve these roles of a user; `PATCH /v1/users/{id}` then carries them out."""
    user = await service.user(conn, user_id)
    employer = await service.organisation_by_id(conn, user.organisation_id)
    rules.require_roles_fit(employer.kind, given.roles)
    asked_of = await _decider(
        conn,
        caller.user_id,
        user.organisation_id,
        [*given.roles, *user.roles],
        user_id=user_id,
        now=now,
    )
    paper = _paper(
        caller, user_id, user.organisation_id, given.roles, asked_of or PLATFORM_ORGANISATION_ID
    )
    async with everything(conn):
        return await approvals.ask(conn, caller, paper, reason=given.reason, now=now)


async def require_rights(
    conn: Connection, caller: Caller, user: User, roles: list[Role], *, now: datetime
) -> None:
    """Pass a change of roles that another has approved, once. Raises ApprovalMissing."""
    if sorted(set(roles)) == sorted(user.roles):
        return
    # To take a checker's rights away is as weighty as to give them.
    asked_of = await _decider(
        conn, caller.user_id, user.organisation_id, [*roles, *user.roles], user_id=user.id, now=now
    )
    if asked_of is not None:
        paper = _paper(caller, user.id, user.organisation_id, roles, asked_of)
        async with everything(conn):
            await approvals.use(conn, paper, now=now, anywhere=True)


async def require_alone(
    conn: Connection, caller: Caller, organisation_id: UUID, roles: list[Role], *, now: datetime
) -> None:
    """Pass who may make a user with these roles without anybody's word. Raises ApprovalMissing: invite instead."""
    if await _decider(conn, caller.user_id, organisation_id, roles, now=now) is not None:
        raise approvals.ApprovalMissing(
            "another person must agree to these rights: invite the user, and they approve the roles",
            "该授权须由他人复核：请发出邀请，由另一管理员或该机构复核人复核角色",
        )


async def _decider(
    conn: Connection,
    asked_by: UUID,
    organisation_id: UUID,
    roles: list[Role],
    *,
    now: datetime,
    user_id: UUID | None = None,
) -> UUID | None:
    return await two_people.decider(
        conn,
        asked_by,
        user_id=user_id,
        organisation_id=organisation_id,
        alone=two_people.alone_with(roles),
        now=now,
    )


async def _require_approved(conn: Connection, found: Invitation, *, now: datetime) -> None:
    """What was asked was answered with yes; what need not be asked then needs no answer now."""
    asked_of = await _decider(conn, found.invited_by, found.organisation_id, found.roles, now=now)
    if asked_of is None and not await approvals.was_asked(conn, ApprovalKind.USER_RIGHTS, found.id):
        return
    inviter = msgspec.structs.replace(SYSTEM_CALLER, user_id=found.invited_by)
    paper = _paper(
        inviter,
        found.id,
        found.organisation_id,
        found.roles,
        asked_of or PLATFORM_ORGANISATION_ID,
    )
    await approvals.use(conn, paper, now=now, anywhere=True)


def _paper(
    caller: Caller, subject_id: UUID, organisation_id: UUID, roles: list[Role], asked_of: UUID
) -> approvals.Paper:
    return approvals.Paper(
        kind=ApprovalKind.USER_RIGHTS,
        organisation_id=asked_of,
        subject_id=subject_id,
        asked_by=caller.user_id,
        content={"organisation_id": organisation_id, "roles": sorted(set(roles))},
    )


async def _insert(
    conn: Connection,
    caller: Caller,
    *,
    organisation_id: UUID,
    user_id: UUID | None,
    username: str,
    display_name: str,
    roles: list[Role],
    hours: int,
    now: datetime,
    identity_digest: bytes | None = None,
) -> NewInvitation:
    token = secrets.token_urlsafe(32)
    await conn.execute(_SQL["revoke_stale"], username, now, user_id is not None)
    try:
        async with conn.transaction():
            row = await conn.fetchrow(
                _SQL["insert"],
                uuid7(now),
                organisation_id,
                user_id,
                username,
                display_name,
                sorted(set(roles)),
                user_id is not None,
                tokens.digest(token),
                caller.user_id,
                now,
                now + timedelta(hours=hours),
                identity_digest,
            )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            f"username: {username} is invited already; revoke that first",
            f"username：{username} 已有未了结的邀请，请先撤销",
        ) from error
    assert row is not None
    made = _invitation(row)
    action = "user_invited" if user_id is None else "password_reset"
    await _told(conn, caller, made.id, action, now=now, after=made)
    return NewInvitation(invitation=made, token=token)


def _invitation(row: asyncpg.Record) -> Invitation:
    return msgspec.convert(dict(row), Invitation)


async def _told(
    conn: Connection,
    caller: Caller,
    invitation_id: UUID,
    action: str,
    *,
    now: datetime,
    after: object = None,
) -> None:
    await audit.record(
        conn,
        caller,
        now=now,
        action=action,
        subject="invitation",
        subject_id=invitation_id,
        after=after,
    )
