"""Routes of organisations, users, sign-in, sessions and API keys."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from kit.errors import Forbidden, InvalidInput
from marketplace.approvals.schemas import Approval
from marketplace.edge.addresses import address_of
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Config, Conn, IfMatch, Known, Me, Now
from marketplace.edge.identity import cookie_name
from marketplace.edge.policies import allow, public, signed_in
from marketplace.edge.transactions import reader_of, transaction_of
from marketplace.edge.versions import etag, require_version
from marketplace.organisations import access, invitations, rules, service, two_people
from marketplace.organisations.gate import Gate, SignInRefused
from marketplace.organisations.passwords import Passwords
from marketplace.organisations.schemas import (
    AccessStep,
    AccessStepIn,
    ApiKey,
    ApiKeyIn,
    NewApiKey,
    Organisation,
    OrganisationChange,
    OrganisationIn,
    PasswordChange,
    Profile,
    Role,
    Session,
    SignIn,
    User,
    UserChange,
    UserIn,
)
from marketplace.settings import Settings

_ADMINISTRATOR = allow(Role.PLATFORM_ADMINISTRATOR)
_SMALL_BODY = 16 * 1024


def session_cookie(settings: Settings, token: str) -> Cookie:
    """The session's cookie: not for scripts, not for other sites' posts, over https alone where there is https."""
    return Cookie(
        key=cookie_name(settings.origin),
        value=token,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.is_https,
        max_age=settings.session_hours * 3600,
    )


def dead_cookie(settings: Settings) -> Cookie:
    """The cookie that makes a browser forget the session's."""
    return Cookie(
        key=cookie_name(settings.origin),
        value="",
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.is_https,
        max_age=0,
    )


@post(
    "/v1/session",
    opt={
        "policy": public(),
        "idempotency": "none",
        "example": {"username": "operator", "password": "correct horse battery staple"},
    },
    request_max_body_size=_SMALL_BODY,
    summary="Sign in 登录",
)
async def sign_in(
    request: Request[Any, Any, Any], data: JSONBody[SignIn], now: Now, settings: Config
) -> Response[Session]:
    """Start a session, whose token comes as a cookie. A wrong name and a wrong password get the same answer.

    Where a second factor is on, `code` is what the authenticator shows, or a recovery code; each counts once.
    """
    gate: Gate = request.app.state.resources.gate
    signed = await gate.sign_in(
        data.username,
        data.password,
        address=address_of(request),
        user_agent=request.headers.get("user-agent", ""),
        old_token=request.cookies.get(cookie_name(settings.origin)),
        now=now,
        code=data.code,
    )
    assert signed.identity.session_id is not None
    session = Session(
        id=signed.identity.session_id,
        created_at=now,
        last_seen_at=now,
        expires_at=signed.expires_at,
        user_agent=request.headers.get("user-agent", "")[:200],
        is_current=True,
    )
    return Response(
        session,
        cookies=[session_cookie(settings, signed.token)],
        headers={"Cache-Control": "no-store"},
    )


@delete("/v1/session", opt={"policy": signed_in()}, summary="Sign out 退出登录")
async def sign_out(
    request: Request[Any, Any, Any], identity: Known, now: Now, settings: Config
) -> Response[None]:
    """End this session; signing out twice is no error."""
    gate: Gate = request.app.state.resources.gate
    token = request.cookies.get(cookie_name(settings.origin))
    if token:
        await gate.sign_out(identity, token, now=now)
    return Response(None, status_code=204, cookies=[dead_cookie(settings)])


@get("/v1/sessions", opt={"policy": signed_in()}, summary="My sessions 我的会话")
async def list_sessions(reader: Conn, identity: Known, now: Now, settings: Config) -> Page[Session]:
    """Where I am signed in now, newest first."""
    idle = timedelta(minutes=settings.session_idle_minutes)
    found = await access.sessions(
        reader, identity.caller, session_id=identity.session_id, idle=idle, now=now
    )
    return Page(items=found)


@delete(
    "/v1/sessions/{session_id:uuid}", opt={"policy": signed_in()}, summary="End a session 结束会话"
)
async def end_session(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, session_id: FromPath[UUID]
) -> None:
    """End one of my sessions; it is dead everywhere within a second."""
    await access.end_session(conn, caller, session_id, now=now)
    forget(request)


@get("/v1/me", opt={"policy": signed_in()}, summary="Who I am 当前用户")
async def me(reader: Conn, caller: Me) -> Profile:
    """The user, the organisation and the roles behind this session or key."""
    return await service.profile(reader, caller)


@post(
    "/v1/me/password",
    opt={"policy": signed_in(), "idempotency": "none"},
    request_max_body_size=_SMALL_BODY,
    status_code=204,
    summary="Change my password 修改密码",
)
async def change_password(
    request: Request[Any, Any, Any],
    identity: Known,
    now: Now,
    data: JSONBody[PasswordChange],
) -> None:
    """Set a new password; all my other sessions end. For people who are signed in, not for keys."""
    if identity.api_key_id is not None:
        raise Forbidden(
            "a key can't change a password; sign in", "接口密钥不能修改密码，请登录操作"
        )
    gate: Gate = request.app.state.resources.gate
    passwords: Passwords = request.app.state.resources.passwords
    # No connection is held while passwords are hashed, nor while the gate asks for its own.
    address = address_of(request)
    user_id = identity.caller.user_id
    if not await gate.is_password(user_id, data.old_password, address=address, now=now):
        raise SignInRefused(
            "old_password: is wrong", "old_password：密码错误", field="old_password"
        )
    async with reader_of(request) as reader:
        user = await service.user(reader, user_id)
    rules.require_good_password(data.new_password, username=user.username)
    password_hash = await passwords.hash(data.new_password)
    async with transaction_of(request) as conn:
        await access.set_password(
            conn,
            identity.caller,
            password_hash=password_hash,
            session_id=identity.session_id,
            now=now,
        )
    forget(request)


@post("/v1/organisations", opt={"policy": _ADMINISTRATOR}, summary="New organisation 新建机构")
async def create_organisation(
    conn: Conn, caller: Me, now: Now, data: JSONBody[OrganisationIn]
) -> Response[Organisation]:
    """Register an organisation; it is active at once."""
    made = await service.create_organisation(conn, caller, data, now=now)
    return Response(
        made, headers={"ETag": etag(made.version), "Location": f"/v1/organisations/{made.id}"}
    )


@get("/v1/organisations", opt={"policy": _ADMINISTRATOR}, summary="Organisations 机构列表")
async def list_organisations(reader: Conn, position: At) -> Page[Organisation]:
    """All organisations, in the order in which they were made."""
    found = await service.organisations(reader, after=position.after, rows=position.rows)
    return page_of(found, position, key=lambda item: item.id)


@get(
    "/v1/organisations/{organisation_id:uuid}",
    opt={"policy": signed_in()},
    summary="An organisation 机构",
)
async def get_organisation(
    reader: Conn, caller: Me, organisation_id: FromPath[UUID]
) -> Response[Organisation]:
    """My own organisation; any, for the platform's administrator."""
    found = await service.organisation(reader, caller, organisation_id)
    return Response(found, headers={"ETag": etag(found.version)})


@patch(
    "/v1/organisations/{organisation_id:uuid}",
    opt={"policy": _ADMINISTRATOR},
    summary="Change 修改机构",
)
async def change_organisation(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    organisation_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[OrganisationChange],
) -> Response[Organisation]:
    """Rename an organisation, or switch it off: then none of its people can act.

    Where two people administer the platform, switching needs the other's approval first (`/v1/access-steps`).
    """
    before = await service.lock_organisation(conn, organisation_id)
    require_version(before.version, if_match)
    if data.is_active is not msgspec.UNSET and data.is_active is not before.is_active:
        step = AccessStep.ORGANISATION_ON if data.is_active else AccessStep.ORGANISATION_OFF
        await two_people.require_step(conn, caller, organisation_id, step, now=now)
    changed = await service.change_organisation(conn, caller, organisation_id, data, now=now)
    forget(request)
    return Response(changed, headers={"ETag": etag(changed.version)})


@post(
    "/v1/users",
    opt={"policy": _ADMINISTRATOR},
    request_max_body_size=_SMALL_BODY,
    summary="New user 新建用户",
)
async def create_user(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, data: JSONBody[UserIn]
) -> Response[User]:
    """Add a person to an organisation, with roles that such an organisation has; while one person administers alone.

    Where two do, invite the person: the other approves the roles.
    """
    passwords: Passwords = request.app.state.resources.passwords
    rules.require_good_password(data.password, username=data.username)
    await invitations.require_alone(conn, caller, data.organisation_id, data.roles, now=now)
    made = await service.create_user(
        conn, caller, data, password_hash=await passwords.hash(data.password), now=now
    )
    return Response(made, headers={"ETag": etag(made.version), "Location": f"/v1/users/{made.id}"})


@get("/v1/users", opt={"policy": _ADMINISTRATOR}, summary="Users 用户列表")
async def list_users(
    reader: Conn, position: At, organisation_id: FromQuery[UUID | None] = None
) -> Page[User]:
    """Users, of one organisation or of all, in the order in which they were made."""
    found = await service.users(
        reader, after=position.after, rows=position.rows, organisation_id=organisation_id
    )
    return page_of(found, position, key=lambda item: item.id)


@get("/v1/users/{user_id:uuid}", opt={"policy": _ADMINISTRATOR}, summary="A user 用户")
async def get_user(reader: Conn, user_id: FromPath[UUID]) -> Response[User]:
    """One user."""
    found = await service.user(reader, user_id)
    return Response(found, headers={"ETag": etag(found.version)})


@patch("/v1/users/{user_id:uuid}", opt={"policy": _ADMINISTRATOR}, summary="Change a user 修改用户")
async def change_user(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    user_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[UserChange],
) -> Response[User]:
    """Rename a user, change their roles, switch them on or off. New roles end the user's sessions.

    Where two people administer the platform, new roles need the other's approval first (`/rights`), and so does
    switching off or on (`/v1/access-steps`).
    """
    before = await service.lock_user(conn, user_id)
    require_version(before.version, if_match)
    if data.roles is not msgspec.UNSET:
        await invitations.require_rights(conn, caller, before, data.roles, now=now)
    if data.is_active is not msgspec.UNSET and data.is_active is not before.is_active:
        step = AccessStep.SWITCH_ON if data.is_active else AccessStep.SWITCH_OFF
        await two_people.require_step(conn, caller, user_id, step, now=now)
    changed = await service.change_user(conn, caller, user_id, data, now=now)
    forget(request)
    return Response(changed, headers={"ETag": etag(changed.version)})


@post(
    "/v1/access-steps",
    opt={"policy": _ADMINISTRATOR},
    summary="Ask for a step 申请停用、启用或重置",
)
async def ask_access_step(
    conn: Conn, caller: Me, now: Now, data: JSONBody[AccessStepIn]
) -> Approval:
    """Ask another person to approve switching off or on, a reset, or the removal of a second factor; then do it.

    The answer names the organisation whose people decide: the platform, the user's own, or a venue.
    """
    return await two_people.ask_step(conn, caller, data, now=now)


@post(
    "/v1/api-keys",
    opt={"policy": signed_in(), "shown_once": ("key",)},
    summary="New API key 新建接口密钥",
)
async def create_api_key(
    conn: Conn, identity: Known, now: Now, data: JSONBody[ApiKeyIn]
) -> Response[NewApiKey]:
    """Make a key that acts as me with some of my roles. Its text is shown in this answer and never again."""
    if identity.api_key_id is not None:
        raise InvalidInput(
            "Authorization", "a key can't make keys; sign in", "接口密钥不能创建密钥，请登录操作"
        )
    made = await access.create_api_key(conn, identity.caller, data, now=now)
    return Response(made, headers={"Cache-Control": "no-store"})


@get("/v1/api-keys", opt={"policy": signed_in()}, summary="My API keys 我的接口密钥")
async def list_api_keys(reader: Conn, caller: Me, position: At) -> Page[ApiKey]:
    """My keys, without their secrets."""
    found = await access.api_keys(reader, caller, after=position.after, rows=position.rows)
    return page_of(found, position, key=lambda item: item.id)


@delete(
    "/v1/api-keys/{api_key_id:uuid}", opt={"policy": signed_in()}, summary="Revoke 吊销接口密钥"
)
async def revoke_api_key(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, api_key_id: FromPath[UUID]
) -> None:
    """Revoke one of my keys for good."""
    await access.revoke_api_key(conn, caller, api_key_id, now=now)
    forget(request)


def forget(request: Request[Any, Any, Any]) -> None:
    """After a change of somebody's access, this process asks the database again."""
    gate: Gate = request.app.state.resources.gate
    gate.forget()


routes: list[HTTPRouteHandler] = [
    sign_in,
    sign_out,
    list_sessions,
    end_session,
    me,
    change_password,
    create_organisation,
    list_organisations,
    get_organisation,
    change_organisation,
    create_user,
    list_users,
    get_user,
    change_user,
    ask_access_step,
    create_api_key,
    list_api_keys,
    revoke_api_key,
]
