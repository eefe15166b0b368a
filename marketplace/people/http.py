"""Routes of invitations, rights, resets and second factors."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from kit.errors import Forbidden
from marketplace.approvals.schemas import Approval
from marketplace.edge.addresses import address_of
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Known, Me, Now
from marketplace.edge.identity import Identity
from marketplace.edge.policies import allow, public, signed_in
from marketplace.organisations import access, invitations, rules, second_factor, service, two_people
from marketplace.organisations.gate import Gate, SignInRefused
from marketplace.organisations.http import forget
from marketplace.organisations.schemas import (
    Acceptance,
    AccessStep,
    CodeProof,
    Invitation,
    InvitationIn,
    NewInvitation,
    PasswordProof,
    RecoveryCodes,
    RightsIn,
    Role,
    SecondFactor,
    SecondFactorBegun,
    User,
)

ADMINISTRATOR = allow(Role.PLATFORM_ADMINISTRATOR)
_SMALL_BODY = 16 * 1024
_RESET_HOURS = 24


@post(
    "/v1/users/{user_id:uuid}/rights",
    opt={"policy": ADMINISTRATOR},
    summary="Ask for rights 申请用户权限",
)
async def ask_rights(
    conn: Conn, caller: Me, now: Now, user_id: FromPath[UUID], data: JSONBody[RightsIn]
) -> Approval:
    """Ask another administrator to approve a user's roles; changing the user then carries them out."""
    return await invitations.ask_rights(conn, caller, user_id, data, now=now)


@post(
    "/v1/users/{user_id:uuid}/password-reset",
    opt={"policy": ADMINISTRATOR, "shown_once": ("token",)},
    summary="Reset a password 重置密码",
)
async def reset_password(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, user_id: FromPath[UUID]
) -> Response[NewInvitation]:
    """End a user's access and make a link by which they set a new password. Nobody else ever sees it."""
    made = await invitations.reset_password(conn, caller, user_id, hours=_RESET_HOURS, now=now)
    forget(request)
    return Response(made, headers={"Cache-Control": "no-store"})


@post(
    "/v1/users/{user_id:uuid}/second-factor-removal",
    opt={"policy": ADMINISTRATOR},
    status_code=204,
    summary="Remove a second factor 解除双因素验证",
)
async def remove_second_factor(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, user_id: FromPath[UUID]
) -> None:
    """For who lost authenticator and recovery codes: their access ends too, until a password reset lets them in."""
    if user_id == caller.user_id:
        raise Forbidden("ask another administrator", "请由另一管理员操作")
    await service.lock_user(conn, user_id)
    await two_people.require_step(conn, caller, user_id, AccessStep.SECOND_FACTOR_REMOVAL, now=now)
    await service.close_access(conn, user_id, now=now)
    await second_factor.remove(conn, caller, user_id, now=now)
    forget(request)


@get("/v1/me/second-factor", opt={"policy": signed_in()}, summary="My second factor 双因素验证")
async def get_second_factor(reader: Conn, caller: Me) -> SecondFactor:
    """Whether it is on, and how many recovery codes are left."""
    return await second_factor.state(reader, caller.user_id)


@post(
    "/v1/me/second-factor",
    opt={"policy": signed_in(), "shown_once": ("otpauth_uri", "secret")},
    request_max_body_size=_SMALL_BODY,
    summary="Begin a second factor 设置双因素验证",
)
async def begin_second_factor(
    request: Request[Any, Any, Any],
    conn: Conn,
    identity: Known,
    now: Now,
    data: JSONBody[PasswordProof],
) -> Response[SecondFactorBegun]:
    """A secret for an authenticator app, shown this once; it counts after a code of it was confirmed."""
    user = await proved(request, conn, identity, data.password, now=now)
    gate: Gate = request.app.state.resources.gate
    begun = await second_factor.begin(
        conn, identity.caller, username=user.username, sealer=gate.sealer, now=now
    )
    return Response(begun, headers={"Cache-Control": "no-store"})


@post(
    "/v1/me/second-factor/confirmation",
    opt={"policy": signed_in(), "shown_once": ("codes",)},
    request_max_body_size=_SMALL_BODY,
    summary="Confirm 确认双因素验证",
)
async def confirm_second_factor(
    request: Request[Any, Any, Any],
    conn: Conn,
    identity: Known,
    now: Now,
    data: JSONBody[CodeProof],
) -> Response[RecoveryCodes]:
    """Turn it on by what the authenticator shows; my other sessions end. The recovery codes are shown this once."""
    no_key(identity)
    gate: Gate = request.app.state.resources.gate
    await gate.count_code(identity.caller.user_id, now=now)
    codes = await second_factor.confirm(
        conn, identity.caller, data.code, sealer=gate.sealer, now=now
    )
    await access.end_other_sessions(conn, identity.caller, identity.session_id, now=now)
    forget(request)
    return Response(RecoveryCodes(codes=codes), headers={"Cache-Control": "no-store"})


@post(
    "/v1/me/second-factor/removal",
    opt={"policy": signed_in()},
    request_max_body_size=_SMALL_BODY,
    status_code=204,
    summary="Remove 停用双因素验证",
)
async def remove_own_second_factor(
    request: Request[Any, Any, Any],
    conn: Conn,
    identity: Known,
    now: Now,
    data: JSONBody[PasswordProof],
) -> None:
    """Take it away, by password and code; my other sessions end."""
    await proved(request, conn, identity, data.password, now=now)
    gate: Gate = request.app.state.resources.gate
    await gate.show_code(identity.caller.user_id, data.code, now=now)
    await second_factor.remove(conn, identity.caller, identity.caller.user_id, now=now)
    await access.end_other_sessions(conn, identity.caller, identity.session_id, now=now)
    forget(request)


@post(
    "/v1/invitations",
    opt={"policy": ADMINISTRATOR, "shown_once": ("token",)},
    summary="Invite 邀请用户",
)
async def invite_user(
    conn: Conn, caller: Me, now: Now, data: JSONBody[InvitationIn]
) -> Response[NewInvitation]:
    """Invite a person, who sets a password of their own. Where two administer, the other approves the roles first."""
    made = await invitations.invite(conn, caller, data, now=now)
    return Response(made, headers={"Cache-Control": "no-store"})


@get("/v1/invitations", opt={"policy": ADMINISTRATOR}, summary="Invitations 邀请列表")
async def list_invitations(reader: Conn, position: At) -> Page[Invitation]:
    """Invitations and resets, newest first, without their tokens."""
    found = await invitations.page(reader, after=position.after, rows=position.rows)
    return page_of(found, position, key=lambda one: one.id)


@delete(
    "/v1/invitations/{invitation_id:uuid}",
    opt={"policy": ADMINISTRATOR},
    summary="Revoke an invitation 撤销邀请",
)
async def revoke_invitation(
    conn: Conn, caller: Me, now: Now, invitation_id: FromPath[UUID]
) -> None:
    """The link lets nobody in any more."""
    await invitations.revoke(conn, caller, invitation_id, now=now)


@post(
    "/v1/invitations/acceptance",
    opt={"policy": public(), "idempotency": "none"},
    request_max_body_size=_SMALL_BODY,
    summary="Accept 接受邀请",
)
async def accept_invitation(
    request: Request[Any, Any, Any], now: Now, data: JSONBody[Acceptance]
) -> User:
    """Set my password by the link that I was given, once; then sign in."""
    return await accepted(request, data, now=now)


async def accepted(request: Request[Any, Any, Any], given: Acceptance, *, now: datetime) -> User:
    """What a person does with an invitation; they have no account yet, so the platform does it for them."""
    resources = request.app.state.resources
    gate: Gate = resources.gate
    await gate.count_visit(address_of(request), now=now)
    async with resources.pool.acquire() as conn:
        found = await invitations.standing(conn, given.token, now=now)
    rules.require_good_password(given.password, username=found.username)
    password_hash = await resources.passwords.hash(given.password)
    async with resources.pool.acquire() as conn, conn.transaction():
        user = await invitations.accept(conn, given.token, password_hash=password_hash, now=now)
    gate.forget()
    return user


async def proved(
    request: Request[Any, Any, Any], conn: Conn, identity: Identity, password: str, *, now: datetime
) -> User:
    """The caller, who has just shown their password again. A key proves nothing about who holds it."""
    no_key(identity)
    gate: Gate = request.app.state.resources.gate
    address, user_id = address_of(request), identity.caller.user_id
    if not await gate.is_password(user_id, password, address=address, now=now):
        raise SignInRefused("password: is wrong", "password：密码错误", field="password")
    return await service.user(conn, user_id)


def no_key(identity: Identity) -> None:
    """Refuse a key what only a person who signed in may do."""
    if identity.api_key_id is not None:
        raise Forbidden("a key can't do this; sign in", "接口密钥不能执行此操作，请登录")


routes: list[HTTPRouteHandler] = [
    ask_rights,
    reset_password,
    remove_second_factor,
    get_second_factor,
    begin_second_factor,
    confirm_second_factor,
    remove_own_second_factor,
    invite_user,
    list_invitations,
    revoke_invitation,
    accept_invitation,
]
