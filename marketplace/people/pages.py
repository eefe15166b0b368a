"""The pages of people: my access (登录与凭证), people of the market (人员管理), an invitation's link (接受邀请)."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import InvalidInput, LuochuiError
from kit.sql import Connection
from marketplace.approvals import contents
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Approval, ApprovalState, DecisionIn
from marketplace.edge.cursors import Position, page_of
from marketplace.edge.dependencies import At, Config, Conn, Known, Me, Now
from marketplace.edge.identity import Identity
from marketplace.edge.policies import POLICY, allow, public, signed_in
from marketplace.edge.problems import TooManyRequests, status_of
from marketplace.organisations import access, invitations, second_factor, service, two_people
from marketplace.organisations.gate import Gate
from marketplace.organisations.http import forget
from marketplace.organisations.invitations import InvitationRefused
from marketplace.organisations.schemas import (
    PLATFORM_ORGANISATION_ID,
    Acceptance,
    AccessStep,
    AccessStepIn,
    ApiKeyIn,
    Caller,
    CodeProof,
    InvitationIn,
    OrganisationIn,
    OrganisationKind,
    Role,
    SecondFactorBegun,
    UserChange,
)
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.pages.vocabulary import Words
from marketplace.people.http import accepted, no_key, proved
from marketplace.people.words import AUTHORITIES, KINDS
from marketplace.settings import Settings

_ADMINISTRATOR = allow(Role.PLATFORM_ADMINISTRATOR)
_STEPS = {"request_max_body_size": 16 * 1024, **PAGE}
_NO_FORM = Form()
_ROWS = 100
_RESET_HOURS = 24


@get("/access", opt={POLICY: signed_in()}, **PAGE)
async def my_access(
    request: Request[Any, Any, Any], reader: Conn, identity: Known, now: Now, settings: Config
) -> Response[str]:
    """Where I am signed in, my keys, my second factor."""
    return await _access(request, reader, identity, settings, now=now)


@post("/access/sessions/{session_id:uuid}/end", opt={POLICY: signed_in()}, **_STEPS)
async def end_session(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, session_id: FromPath[UUID]
) -> Redirect:
    """End one of my sessions."""
    await form_of(request)
    await access.end_session(conn, caller, session_id, now=now)
    forget(request)
    return _to("/access")


@post("/access/keys", opt={POLICY: signed_in()}, status_code=200, **_STEPS)
async def make_key(
    request: Request[Any, Any, Any], conn: Conn, identity: Known, now: Now, settings: Config
) -> Response[str]:
    """A new key, shown this once."""
    fields = await form_of(request)
    no_key(identity)
    days = fields.get("days", "")
    asked = {
        "name": fields.get("name", ""),
        "roles": [fields.get("role", "")],
        "days": int(days) if days.isascii() and days.isdigit() else 0,
    }
    try:
        wanted = msgspec.convert(asked, ApiKeyIn)
    except msgspec.ValidationError as error:
        raise InvalidInput("api_key", str(error), "名称、权限或天数有误") from error
    made = await access.create_api_key(conn, identity.caller, wanted, now=now)
    return await _access(request, conn, identity, settings, now=now, made_key=made.key)


@post("/access/keys/{key_id:uuid}/revoke", opt={POLICY: signed_in()}, **_STEPS)
async def revoke_key(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, key_id: FromPath[UUID]
) -> Redirect:
    """Revoke one of my keys for good."""
    await form_of(request)
    await access.revoke_api_key(conn, caller, key_id, now=now)
    forget(request)
    return _to("/access")


@post("/access/second-factor", opt={POLICY: signed_in()}, status_code=200, **_STEPS)
async def begin_second_factor(
    request: Request[Any, Any, Any], conn: Conn, identity: Known, now: Now, settings: Config
) -> Response[str]:
    """A secret for my authenticator, shown this once."""
    fields = await form_of(request)
    user = await proved(request, conn, identity, fields.get("password", ""), now=now)
    gate: Gate = request.app.state.resources.gate
    begun = await second_factor.begin(
        conn, identity.caller, username=user.username, sealer=gate.sealer, now=now
    )
    return await _access(request, conn, identity, settings, now=now, begun=begun)


@post("/access/second-factor/confirmation", opt={POLICY: signed_in()}, status_code=200, **_STEPS)
async def confirm_second_factor(
    request: Request[Any, Any, Any], conn: Conn, identity: Known, now: Now, settings: Config
) -> Response[str]:
    """Turn it on; the recovery codes are shown this once."""
    code = given(await form_of(request), CodeProof).code
    no_key(identity)
    gate: Gate = request.app.state.resources.gate
    await gate.count_code(identity.caller.user_id, now=now)
    codes = await second_factor.confirm(conn, identity.caller, code, sealer=gate.sealer, now=now)
    await access.end_other_sessions(conn, identity.caller, identity.session_id, now=now)
    forget(request)
    return await _access(request, conn, identity, settings, now=now, codes=codes)


@post("/access/second-factor/removal", opt={POLICY: signed_in()}, **_STEPS)
async def remove_second_factor(
    request: Request[Any, Any, Any], conn: Conn, identity: Known, now: Now
) -> Redirect:
    """Take it away, by password and code."""
    fields = await form_of(request)
    await proved(request, conn, identity, fields.get("password", ""), now=now)
    gate: Gate = request.app.state.resources.gate
    await gate.show_code(identity.caller.user_id, fields.get("code"), now=now)
    await second_factor.remove(conn, identity.caller, identity.caller.user_id, now=now)
    await access.end_other_sessions(conn, identity.caller, identity.session_id, now=now)
    forget(request)
    return _to("/access")


@get("/people", opt={POLICY: _ADMINISTRATOR}, **PAGE)
async def people(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, position: At
) -> Response[str]:
    """Users, invitations, and rights that wait for me."""
    return await _people(request, reader, caller, position, now=now)


@post("/people/invitations", opt={POLICY: _ADMINISTRATOR}, status_code=200, **_STEPS)
async def invite(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    settings: Config,
    position: At,
) -> Response[str]:
    """Invite a person; the link is shown this once."""
    fields = await form_of(request)
    role = fields.pop("role", "")
    fields["identity_number"] = "".join(fields.get("identity_number", "").split()).upper()
    asked = {name: value for name, value in fields.items() if name != "form_token" and value}
    try:
        wanted = msgspec.convert(asked | {"roles": [role] if role else []}, InvitationIn)
    except msgspec.ValidationError as error:
        raise InvalidInput("invitation", str(error), "邀请内容有误") from error
    made = await invitations.invite(conn, caller, wanted, now=now)
    link = f"{settings.origin}/invitations/{made.token}"
    return await _people(request, conn, caller, position, now=now, link=link)


@post("/people/organisations", opt={POLICY: _ADMINISTRATOR}, **_STEPS)
async def make_organisation(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, position: At
) -> Response[Any]:
    """Register an organisation; it is active at once."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            made = given(fields, OrganisationIn)
            await service.create_organisation(conn, caller, made, now=now)
    except REFUSALS as error:
        form = Form(which="organisation", values=fields, error=error)
        return await _people(request, conn, caller, position, now=now, form=form)
    return _to("/people")


@post("/people/invitations/{invitation_id:uuid}/revoke", opt={POLICY: _ADMINISTRATOR}, **_STEPS)
async def revoke_invitation(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, invitation_id: FromPath[UUID]
) -> Redirect:
    """The link lets nobody in any more."""
    await form_of(request)
    await invitations.revoke(conn, caller, invitation_id, now=now)
    return _to("/people")


@post("/people/approvals/{approval_id:uuid}", opt={POLICY: _ADMINISTRATOR}, **_STEPS)
async def decide_rights(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, approval_id: FromPath[UUID]
) -> Redirect:
    """Agree to rights that another administrator asked for, or refuse them."""
    fields = await form_of(request)
    word = DecisionIn(
        approved=fields.get("word") == "yes",
        sha256=fields.get("sha256", ""),
        reason=fields.get("reason", "") or "—",
    )
    await approvals.decide(conn, caller, approval_id, word, now=now)
    return _to("/people")


@post("/people/users/{user_id:uuid}/off", opt={POLICY: _ADMINISTRATOR}, **_STEPS)
async def switch_off(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, user_id: FromPath[UUID]
) -> Redirect:
    """Nobody signs in as this user; what is signed in ends within a second. Where another must agree, it is asked."""
    return await _switched(request, conn, caller, user_id, AccessStep.SWITCH_OFF, now=now)


@post("/people/users/{user_id:uuid}/on", opt={POLICY: _ADMINISTRATOR}, **_STEPS)
async def switch_on(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, user_id: FromPath[UUID]
) -> Redirect:
    """The user may sign in again. Where another must agree, it is asked."""
    return await _switched(request, conn, caller, user_id, AccessStep.SWITCH_ON, now=now)


@post("/people/users/{user_id:uuid}/reset", opt={POLICY: _ADMINISTRATOR}, status_code=200, **_STEPS)
async def reset(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    settings: Config,
    position: At,
    user_id: FromPath[UUID],
) -> Response[str]:
    """End the user's access, and show the link to a new password this once. Where another must agree, it is asked."""
    fields = await form_of(request)
    try:
        made = await invitations.reset_password(conn, caller, user_id, hours=_RESET_HOURS, now=now)
    except approvals.ApprovalMissing:
        await _asked(conn, caller, user_id, AccessStep.PASSWORD_RESET, fields, now=now)
        return await _people(request, conn, caller, position, now=now)
    forget(request)
    link = f"{settings.origin}/invitations/{made.token}"
    return await _people(request, conn, caller, position, now=now, link=link)


@get("/invitations/{token:str}", opt={POLICY: public()}, **PAGE)
async def invitation_form(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """The form of a link; whether it still counts is told when it is sent, as for any guess."""
    return _invitation(request, token)


@post("/invitations/{token:str}", opt={POLICY: public()}, **_STEPS)
async def accept(request: Request[Any, Any, Any], now: Now, token: FromPath[str]) -> Response[Any]:
    """Set a password by the link, once, and go on to sign in."""
    fields = await form_of(request)
    try:
        await accepted(
            request, Acceptance(token=token, password=fields.get("password", "")), now=now
        )
    except (
        InvitationRefused,
        InvalidInput,
        TooManyRequests,
        approvals.ApprovalMissing,
    ) as error:
        return _invitation(request, token, error=error)
    return _to("/sign-in")


async def _switched(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    user_id: UUID,
    step: AccessStep,
    *,
    now: datetime,
) -> Redirect:
    fields = await form_of(request)
    change = UserChange(is_active=step is AccessStep.SWITCH_ON)
    await service.lock_user(conn, user_id)
    try:
        await two_people.require_step(conn, caller, user_id, step, now=now)
    except approvals.ApprovalMissing:
        await _asked(conn, caller, user_id, step, fields, now=now)
    else:
        await service.change_user(conn, caller, user_id, change, now=now)
        forget(request)
    return _to("/people")


async def _asked(
    conn: Connection,
    caller: Caller,
    user_id: UUID,
    step: AccessStep,
    fields: dict[str, str],
    *,
    now: datetime,
) -> None:
    """Ask for the step with the reason that the form gave. Raises InvalidInput without one."""
    reason = fields.get("reason", "").strip()
    if not reason:
        raise InvalidInput("reason", "say why: another person decides", "请填写理由，由他人复核")
    given = AccessStepIn(subject_id=user_id, step=step, reason=reason[:1000])
    await two_people.ask_step(conn, caller, given, now=now)


async def _access(
    request: Request[Any, Any, Any],
    conn: Connection,
    identity: Identity,
    settings: Settings,
    *,
    now: datetime,
    begun: SecondFactorBegun | None = None,
    codes: list[str] | None = None,
    made_key: str | None = None,
) -> Response[str]:
    caller, idle = identity.caller, timedelta(minutes=settings.session_idle_minutes)
    return page(
        "access.html",
        visitor=visitor_of(request),
        here="/access",
        factor=await second_factor.state(conn, caller.user_id),
        sessions=await access.sessions(
            conn, caller, session_id=identity.session_id, idle=idle, now=now
        ),
        keys=await access.api_keys(conn, caller, after=None, rows=_ROWS),
        roles=sorted(caller.roles),
        begun=begun,
        codes=codes,
        made_key=made_key,
        is_demanded=identity.lacks_second_factor and codes is None,
    )


async def _people(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    position: Position,
    *,
    now: datetime,
    link: str | None = None,
    form: Form = _NO_FORM,
) -> Response[str]:
    found = await service.users(conn, after=position.after, rows=position.rows)
    listed = page_of(found, position, key=lambda one: one.id)
    employers = await service.organisations(conn, after=None, rows=_ROWS * 10)
    asked = await _open_approvals(conn, caller)
    named = await approvals.names(
        conn, set().union(*(contents.ids_in(one.content) for one in asked))
    )
    return page(
        "people.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/people",
        users=listed.items,
        next_cursor=listed.next_cursor,
        organisations=employers,
        names={one.id: one.name for one in employers},
        invitations=await invitations.page(conn, after=None, rows=_ROWS),
        approvals=asked,
        parts={one.id: contents.parts_of(one.content, named) for one in asked},
        platform=PLATFORM_ORGANISATION_ID,
        needs_two=await two_people.are_two(conn, now=now),
        all_roles=list(Role),
        kinds=KINDS,
        authorities=AUTHORITIES,
        banks=[
            (one.id, one.name)
            for one in employers
            if one.kind is OrganisationKind.BANK and one.parent_id is None
        ],
        form=form.at("organisation"),
        me=caller.user_id,
        link=link,
        now=now,
    )


async def _open_approvals(conn: Connection, caller: Caller) -> list[Approval]:
    """What waits for somebody's word, and what has it and waits to be carried out."""
    return [
        one
        for state in (ApprovalState.PENDING, ApprovalState.APPROVED)
        for one in await approvals.page(conn, caller, after=None, rows=_ROWS, state=state)
    ]


def _invitation(
    request: Request[Any, Any, Any], token: str, *, error: LuochuiError | None = None
) -> Response[str]:
    return page(
        "invitation.html",
        status_code=HTTPStatus.OK if error is None else status_of(error),
        visitor=visitor_of(request),
        here="",
        invitation_token=token,
        refusal=None if error is None else Words(error.message_zh, error.message),
    )


def _to(path: str) -> Redirect:
    return Redirect(path, status_code=303)


routes: list[HTTPRouteHandler] = [
    my_access,
    end_session,
    make_key,
    revoke_key,
    begin_second_factor,
    confirm_second_factor,
    remove_second_factor,
    people,
    invite,
    make_organisation,
    revoke_invitation,
    decide_rights,
    switch_off,
    switch_on,
    reset,
    invitation_form,
    accept,
]
