"""Pages of consignments (委托): the list with what the rules found, one with its terms and steps, a new one's form."""

from collections.abc import Awaitable
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.approvals import contents
from marketplace.approvals import service as approvals
from marketplace.cases import service as cases
from marketplace.consignments import service
from marketplace.consignments.choices import rights_of_loan
from marketplace.consignments.schemas import Consignment, ConsignmentState, Refusal, Terms
from marketplace.diligence import service as diligence
from marketplace.diligence.schemas import Cause
from marketplace.documents import intake
from marketplace.documents.service import reads_documents
from marketplace.documents.words import KINDS
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.organisations import service as organisations
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import content_words, formats, vocabulary
from marketplace.pages.filling import REFUSALS, Form, chosen_of
from marketplace.pages.forms import given, in_bp, in_fen, version_of
from marketplace.pages.rendering import page
from marketplace.pages.serving import LONG_FORM_BYTES, PAGE, form_of, visitor_of

_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.DISPOSAL,),
)
_MAKER = allow(Role.BANK_MAKER)
_VENUE = (Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": LONG_FORM_BYTES, **PAGE}
_S = ConsignmentState
_DRAFTED = frozenset({_S.DRAFT, _S.RETURNED})
_OFFERABLE = frozenset({_S.ACCEPTED, _S.UNSOLD})
_TAKEN_BACK = frozenset(
    {_S.DRAFT, _S.SUBMITTED, _S.UNDER_REVIEW, _S.RETURNED, _S.ACCEPTED, _S.UNSOLD}
)
_MONEY: Final = ("start_price", "reserve_price", "deposit")


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """Which steps the page offers; the services decide again when one is taken."""

    change: bool = False
    decide: bool = False
    accept: bool = False
    send_back: bool = False
    withdraw: bool = False
    draft_lot: bool = False


@get("/consignments", opt={POLICY: _READERS}, **PAGE)
async def consignments_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The consignments that I may see, oldest first, each with the outcome of its last examination."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "consignments.html",
        visitor=visitor_of(request),
        here="/consignments",
        consignments=listed.items,
        outcomes=await diligence.outcomes_of(reader, [one.id for one in listed.items]),
        is_maker=caller.has(Role.BANK_MAKER),
        next_cursor=listed.next_cursor,
    )


@get("/consignments/new", opt={POLICY: _MAKER}, **PAGE)
async def new_consignment_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, case: FromQuery[UUID]
) -> Response[str]:
    """The form by which my bank consigns rights that stand behind one of its loans."""
    return await _form(request, reader, caller, case, Form())


@post("/consignments/new", opt={POLICY: _MAKER}, **_STEPS)
async def draft_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, case: FromQuery[UUID]
) -> Response[Any]:
    """Draft it: prices in yuan, the commission in percent."""
    fields = await form_of(request)
    chosen = await chosen_of(request, "asset_ids")
    try:
        async with conn.transaction():
            made = await service.draft(conn, caller, _terms(fields, chosen, case), now=now)
    except REFUSALS as error:
        form = Form(values=fields, chosen=chosen, error=error)
        return await _form(request, conn, caller, case, form)
    return _to(made.id)


@get("/consignments/{consignment_id:uuid}", opt={POLICY: _READERS}, **PAGE)
async def consignment_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, consignment_id: FromPath[UUID]
) -> Response[str]:
    """One consignment: its terms, how far it is, and the step that comes next."""
    return await _shown(request, reader, caller, consignment_id, Form())


@get("/consignments/{consignment_id:uuid}/terms", opt={POLICY: _MAKER}, **PAGE)
async def terms_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, consignment_id: FromPath[UUID]
) -> Response[str]:
    """The form of a draft, or of one that came back, as it stands."""
    one = await _own(reader, caller, consignment_id)
    return await _form(request, reader, caller, one.case_id, _as_form(one), changing=one)


@post("/consignments/{consignment_id:uuid}/terms", opt={POLICY: _MAKER}, **_STEPS)
async def change_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    consignment_id: FromPath[UUID],
) -> Response[Any]:
    """Give it new terms; refused where somebody changed it meanwhile."""
    fields = await form_of(request)
    chosen = await chosen_of(request, "asset_ids")
    one = await _own(conn, caller, consignment_id)
    version = fields.pop("version", "")
    try:
        async with conn.transaction():
            terms = _terms(fields, chosen, one.case_id)
            await service.change(conn, caller, one.id, terms, version=version_of(version), now=now)
    except REFUSALS as error:
        form = Form(values=fields, chosen=chosen, error=error)
        return await _form(request, conn, caller, one.case_id, form, changing=one)
    return _to(one.id)


@post("/consignments/{consignment_id:uuid}/submission", opt={POLICY: _MAKER}, **_STEPS)
async def submit_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    consignment_id: FromPath[UUID],
) -> Response[Any]:
    """Hand it to my bank's checker."""
    await form_of(request)
    step = service.submit(conn, caller, consignment_id, now=now)
    return await _taken(request, conn, caller, consignment_id, step)


@post("/consignments/{consignment_id:uuid}/acceptance", opt={POLICY: allow(*_VENUE)}, **_STEPS)
async def accept_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    consignment_id: FromPath[UUID],
) -> Response[Any]:
    """Take it on for my venue, and have the rules run."""
    await form_of(request)

    async def step() -> None:
        await service.accept(conn, caller, consignment_id, now=now)
        await diligence.run(conn, caller, consignment_id, cause=Cause.ACCEPTED, now=now)

    return await _taken(request, conn, caller, consignment_id, step())


@post(
    "/consignments/{consignment_id:uuid}/return",
    opt={POLICY: allow(Role.BANK_CHECKER, *_VENUE)},
    **_STEPS,
)
async def return_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    consignment_id: FromPath[UUID],
) -> Response[Any]:
    """Send it back to the maker with a reason."""
    said = given(await form_of(request), Refusal)
    step = service.send_back(conn, caller, consignment_id, reason=said.reason, now=now)
    return await _taken(request, conn, caller, consignment_id, step)


@post(
    "/consignments/{consignment_id:uuid}/withdrawal",
    opt={POLICY: allow(Role.BANK_CHECKER)},
    **_STEPS,
)
async def withdraw_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    consignment_id: FromPath[UUID],
) -> Response[Any]:
    """Take it back, with a reason."""
    said = given(await form_of(request), Refusal)
    step = service.withdraw(conn, caller, consignment_id, reason=said.reason, now=now)
    return await _taken(request, conn, caller, consignment_id, step)


async def _taken(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    consignment_id: UUID,
    step: Awaitable[object],
) -> Response[Any]:
    """Take a step; what stands in its way is said on the page."""
    try:
        async with conn.transaction():
            await step
    except REFUSALS as error:
        return await _shown(request, conn, caller, consignment_id, Form(error=error))
    return _to(consignment_id)


async def _own(conn: Connection, caller: Caller, consignment_id: UUID) -> Consignment:
    one = await service.get(conn, caller, consignment_id)
    if one.organisation_id != caller.organisation_id:
        raise NotFound
    return one


def _terms(fields: dict[str, str], chosen: dict[str, frozenset[str]], case_id: UUID) -> Terms:
    written = in_bp(in_fen(fields, *_MONEY), "commission")
    return given(written | {"case_id": str(case_id)}, Terms, chosen=chosen)


def _as_form(one: Consignment) -> Form:
    """The terms as a person would write them."""
    written = {
        name: "true" if value is True else str(value)
        for name, value in msgspec.to_builtins(
            msgspec.convert(one, Terms, from_attributes=True)
        ).items()
        if value not in (None, False, "") and not isinstance(value, list)
    }
    written |= {name: formats.plain(getattr(one, f"{name}_fen")) for name in _MONEY}
    written["commission"] = formats.percent(one.commission_bp).removesuffix("%")
    chosen = {"asset_ids": frozenset(str(id) for id in one.asset_ids)}
    return Form(values=written, chosen=chosen)


async def _form(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    case_id: UUID,
    form: Form,
    *,
    changing: Consignment | None = None,
) -> Response[str]:
    return page(
        "new_consignment.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/consignments",
        form=form,
        changing=changing,
        case=await cases.get(conn, caller, case_id),
        rights=await rights_of_loan(conn, caller, case_id),
        venues=[(id, name) for id, name in await organisations.venues(conn)],
        regimes=list(vocabulary.REGIMES.items()),
        disposal_routes=list(content_words.ROUTES.items()),
        authorities=list(content_words.AUTHORITIES.items()),
        bearers=list(content_words.BEARERS.items()),
    )


async def _shown(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    consignment_id: UUID,
    form: Form,
) -> Response[str]:
    one = await service.get(conn, caller, consignment_id)
    terms = msgspec.json.encode(msgspec.convert(one, Terms, from_attributes=True)).decode()
    ids = contents.ids_in(terms) | {one.organisation_id}
    names = await approvals.names(conn, ids)
    is_venue = caller.has(*_VENUE)
    return page(
        "consignment.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/consignments",
        consignment=one,
        bank=names.get(one.organisation_id, ""),
        parts=contents.parts_of(terms, names),
        steps=steps_for(caller, one),
        reads_documents=reads_documents(caller, one.organisation_id),
        papers=await intake.papers(conn, caller, consignment_id) if is_venue else None,
        kinds=KINDS,
        form=form,
    )


def steps_for(caller: Caller, one: Consignment) -> Steps:
    """What this person may do with the consignment now."""
    is_bank = caller.organisation_id == one.organisation_id
    is_checker = is_bank and caller.has(Role.BANK_CHECKER)
    is_venue = caller.organisation_id == one.venue_id and caller.has(*_VENUE)
    return Steps(
        change=is_bank and caller.has(Role.BANK_MAKER) and one.state in _DRAFTED,
        decide=is_checker and one.state is _S.SUBMITTED and caller.user_id != one.submitted_by,
        accept=is_venue and one.state is _S.UNDER_REVIEW,
        send_back=(is_checker and one.state is _S.SUBMITTED)
        or (is_venue and one.state is _S.UNDER_REVIEW),
        withdraw=is_checker and one.state in _TAKEN_BACK,
        draft_lot=is_venue and caller.has(Role.VENUE_OPERATOR) and one.state in _OFFERABLE,
    )


def _to(consignment_id: UUID) -> Redirect:
    return Redirect(f"/consignments/{consignment_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    consignments_page,
    new_consignment_page,
    draft_by_form,
    consignment_page,
    terms_page,
    change_by_form,
    submit_by_form,
    accept_by_form,
    return_by_form,
    withdraw_by_form,
]
