"""The pages of people: sign in (登录), sign out (退出), my desk (我的)."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from kit.errors import LuochuiError
from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.approvals.rules import CHECKERS
from marketplace.bidders import service as bidders
from marketplace.bidders.rules import BidderStatus
from marketplace.edge.addresses import address_of
from marketplace.edge.dependencies import Config, Conn, Me, Now
from marketplace.edge.identity import cookie_name, identity_of
from marketplace.edge.policies import POLICY, public, signed_in
from marketplace.edge.problems import TooManyRequests, status_of
from marketplace.inquiries import service as inquiries
from marketplace.inquiries.schemas import Waiting
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import PublicLot
from marketplace.organisations import service
from marketplace.organisations.gate import Gate, SignInRefused
from marketplace.organisations.http import dead_cookie, session_cookie
from marketplace.organisations.passwords import PasswordChecksBusy
from marketplace.organisations.schemas import Caller, Role
from marketplace.organisations.second_factor import SecondFactorNeeded, SecondFactorRefused
from marketplace.pages.rendering import page
from marketplace.pages.rooms import rooms_of
from marketplace.pages.serving import PAGE, form_of, local_path, visitor_of
from marketplace.pages.vocabulary import Words

_ROWS_MAX = 50
_SMALL_BODY = 16 * 1024
#: Whose organisation sells or consigns lots, and so sees its own from the draft on.
_SELLERS = (Role.BANK_MAKER, Role.BANK_CHECKER, Role.VENUE_OPERATOR, Role.VENUE_CHECKER)


class OwnLot(msgspec.Struct, frozen=True, kw_only=True):
    """A lot that my organisation sells or consigned, without its reserve."""

    id: UUID
    number: str
    title: str
    title_zh: str
    status: LotStatus
    start_price_fen: int
    opens_at: datetime
    published_at: datetime | None


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """A lot in which my organisation takes part."""

    lot: PublicLot
    status: BidderStatus
    paddle: int | None


@get("/sign-in", opt={POLICY: public()}, **PAGE)
async def sign_in_form(request: Request[Any, Any, Any]) -> Response[str]:
    """The form; `next` says where to go afterwards, within this site."""
    return _form(request, next_path=local_path(request.query_params.get("next")))


@post("/sign-in", opt={POLICY: public()}, request_max_body_size=_SMALL_BODY, **PAGE)
async def sign_in(request: Request[Any, Any, Any], now: Now, settings: Config) -> Response[Any]:
    """Start a session and go on; a refusal shows the form again, with the name but without the password."""
    fields = await form_of(request)
    next_path = local_path(fields.get("next"))
    gate: Gate = request.app.state.resources.gate
    try:
        signed = await gate.sign_in(
            fields.get("username", ""),
            fields.get("password", ""),
            address=address_of(request),
            user_agent=request.headers.get("user-agent", ""),
            old_token=request.cookies.get(cookie_name(settings.origin)),
            now=now,
            code=fields.get("code") or None,
        )
    except (
        SignInRefused,
        SecondFactorNeeded,
        SecondFactorRefused,
        TooManyRequests,
        PasswordChecksBusy,
    ) as error:
        return _form(request, next_path=next_path, username=fields.get("username", ""), error=error)
    return Redirect(
        "/access" if signed.identity.lacks_second_factor else next_path,
        status_code=303,
        cookies=[session_cookie(settings, signed.token)],
    )


@post("/sign-out", opt={POLICY: public()}, request_max_body_size=_SMALL_BODY, **PAGE)
async def sign_out(request: Request[Any, Any, Any], now: Now, settings: Config) -> Response[Any]:
    """End the session; who has none any more is simply sent to the first page."""
    identity = identity_of(request)
    token = request.cookies.get(cookie_name(settings.origin))
    if identity is not None and token:
        await form_of(request)
        gate: Gate = request.app.state.resources.gate
        await gate.sign_out(identity, token, now=now)
    return Redirect("/", status_code=303, cookies=[dead_cookie(settings)])


@get("/me", opt={POLICY: signed_in()}, **PAGE)
async def my_desk(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, settings: Config
) -> Response[str]:
    """Who I am, what I may do now, and where I take part."""
    return page(
        "me.html",
        visitor=visitor_of(request),
        here="/me",
        profile=await service.profile(reader, caller),
        seats=await _seats(reader, caller),
        lots=await _own_lots(reader, caller),
        rooms=rooms_of(caller),
        waiting=await _waiting(reader, caller),
        questions=await _questions(reader, caller),
        idle_minutes=settings.session_idle_minutes,
    )


async def _waiting(reader: Connection, caller: Caller) -> int | None:
    """How many requests wait for this checker; None for who decides nothing."""
    if not any(caller.has(*roles) for roles in CHECKERS.values()):
        return None
    return len(await approvals.waiting(reader, caller))


async def _questions(reader: Connection, caller: Caller) -> list[Waiting]:
    """What bidders asked and this person may answer."""
    if not caller.has(Role.VENUE_OPERATOR, Role.BANK_MAKER):
        return []
    return await inquiries.waiting(reader, caller, limit=_ROWS_MAX)


async def _seats(reader: Connection, caller: Caller) -> list[Seat]:
    if not caller.has(Role.AGENCY_BIDDER):
        return []
    found = await bidders.of_organisation(reader, caller, after=None, limit=_ROWS_MAX)
    return [
        Seat(
            lot=await lots.public(reader, bidder.lot_id), status=bidder.status, paddle=bidder.paddle
        )
        for bidder in found
    ]


async def _own_lots(reader: Connection, caller: Caller) -> list[OwnLot]:
    if not caller.has(*_SELLERS):
        return []
    found = await lots.page_of_organisation(reader, caller, after=None, limit=_ROWS_MAX)
    return [msgspec.convert(lot, OwnLot, from_attributes=True) for lot in found]


def _form(
    request: Request[Any, Any, Any],
    *,
    next_path: str,
    username: str = "",
    error: LuochuiError | None = None,
) -> Response[str]:
    return page(
        "sign_in.html",
        status_code=HTTPStatus.OK if error is None else status_of(error),
        visitor=visitor_of(request),
        here="/sign-in",
        next_path=next_path,
        username=username,
        refusal=None if error is None else Words(error.message_zh, error.message),
    )


routes: list[HTTPRouteHandler] = [sign_in_form, sign_in, sign_out, my_desk]
