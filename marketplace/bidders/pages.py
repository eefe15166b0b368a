"""Pages of bidders (竞买人): an agency registers for a lot; the lot's venue looks through those who did."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from auction_engine.rules.profile import RANKED
from kit.errors import Forbidden, NotFound
from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.banking import service as banking
from marketplace.banking.schemas import DueView
from marketplace.bidders import acknowledging, limits, own_money, registration_form, service
from marketplace.bidders.next_steps import DUE_NAMES, NEXT_STEPS
from marketplace.bidders.origins import origin
from marketplace.bidders.rules import BidderStatus
from marketplace.bidders.schemas import (
    Acknowledgement,
    Barring,
    Bidder,
    DepositReceipt,
    LimitChange,
    PriorityClaim,
)
from marketplace.conflicts import service as conflicts
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.inquiries import service as inquiries
from marketplace.inquiries.schemas import AcknowledgementIn
from marketplace.lots import service as lots
from marketplace.lots.regimes import Regime
from marketplace.lots.rules import TAKES_BIDDERS
from marketplace.lots.schemas import Lot, PublicLot
from marketplace.notices import service as notices
from marketplace.notices.schemas import WHOLE
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import built, given, in_china, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import LONG_FORM_BYTES, PAGE, form_of, visitor_of

_AGENCY: Final = allow(Role.AGENCY_BIDDER)
_VENUE: Final = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_OPERATOR: Final = allow(Role.VENUE_OPERATOR)
_WHY: Final = (
    "The venue keeps its bidders' registrations, and an agency enters one for another's lot."
)
_REGISTERS: Final[dict[str, Any]] = {"request_max_body_size": LONG_FORM_BYTES, **PAGE}
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}
#: What a person can read beside the form: what is to be put right there, and what keeps the bidder out.
_SHOWN: Final = (*REFUSALS, Forbidden)
_B: Final = BidderStatus

_Step = Callable[[Connection, Caller, UUID], Awaitable[Bidder]]


@get("/lots/{lot_id:uuid}/registration", opt={POLICY: _AGENCY}, **PAGE)
async def registration_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """My agency at this lot: the form to register, or how far it has come and what it is to do next."""
    return await _registration(request, reader, caller, lot_id, Form(), now=now)


@post("/lots/{lot_id:uuid}/registration", opt={POLICY: _AGENCY, REACH: _WHY}, **_REGISTERS)
async def register_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[Any]:
    """Register: each special warning ticked (domain 7), interests and means declared, the notice named by its hash."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            warnings = await _warnings(conn, lot_id)
            wanted = registration_form.registration_of(fields, warnings=len(warnings))
            await service.register(conn, caller, lot_id, wanted, now=now, origin=origin(request))
            ticked = AcknowledgementIn(
                notice_sha256=wanted.disclosure_sha256,
                warnings=list(range(1, len(warnings) + 1)),
            )
            await inquiries.acknowledge(conn, caller, lot_id, ticked, now=now)
    except _SHOWN as error:
        form = Form(values=fields, error=error)
        return await _registration(request, conn, caller, lot_id, form, now=now)
    return Redirect(f"/lots/{lot_id}/registration", status_code=303)


@post(
    "/lots/{lot_id:uuid}/registration/acknowledgement", opt={POLICY: _AGENCY, REACH: _WHY}, **_STEPS
)
async def acknowledge_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Say that the notice which was disclosed anew has been read."""
    read = given(await form_of(request), Acknowledgement)
    await acknowledging.acknowledge(conn, caller, lot_id, read, now=now)
    return Redirect(f"/lots/{lot_id}/registration", status_code=303)


@post("/lots/{lot_id:uuid}/registration/deposit", opt={POLICY: _AGENCY, REACH: _WHY}, **_STEPS)
async def hold_own_deposit_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Hold my deposit out of my free money at the lot's venue."""
    await form_of(request)
    await own_money.hold(conn, caller, lot_id, now=now)
    return Redirect(f"/lots/{lot_id}/registration", status_code=303)


@post("/lots/{lot_id:uuid}/registration/limit", opt={POLICY: _AGENCY, REACH: _WHY}, **_STEPS)
async def change_limit_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[Any]:
    """Raise, lower or lift the most that my agency may bid, in yuan; an empty field lifts it."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            written = in_fen(fields, "limit").get("limit_fen")
            wanted = built({"limit_fen": int(written) if written else None}, LimitChange)
            await limits.change(conn, caller, lot_id, wanted, now=now)
    except REFUSALS as error:
        form = Form(which="limit", values=fields, error=error)
        return await _registration(request, conn, caller, lot_id, form, now=now)
    return Redirect(f"/lots/{lot_id}/registration", status_code=303)


@get("/lots/{lot_id:uuid}/bidders", opt={POLICY: _VENUE}, **PAGE)
async def bidders_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """Who registered for my venue's lot, what each declared, and the next step of each."""
    return await _bidders(request, reader, caller, lot_id, Form(), now=now)


@post("/bidders/{bidder_id:uuid}/qualification", opt={POLICY: _OPERATOR, REACH: _WHY}, **_STEPS)
async def qualify_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, bidder_id: FromPath[UUID]
) -> Response[Any]:
    """The agency's papers are in order."""
    step = partial(service.qualify, now=now)
    return await _stepped(request, conn, caller, bidder_id, "qualification", step, now=now)


@post("/bidders/{bidder_id:uuid}/exemption", opt={POLICY: _OPERATOR, REACH: _WHY}, **_STEPS)
async def exempt_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, bidder_id: FromPath[UUID]
) -> Response[Any]:
    """The applicant creditor of a judicial sale need not pay what its claim covers (法释〔2016〕18号 art. 17)."""
    step = partial(service.exempt, now=now)
    return await _stepped(request, conn, caller, bidder_id, "exemption", step, now=now)


@post("/bidders/{bidder_id:uuid}/deposit", opt={POLICY: _OPERATOR, REACH: _WHY}, **_STEPS)
async def receive_deposit_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, bidder_id: FromPath[UUID]
) -> Response[Any]:
    """Book a deposit read from the bank's own paper; one on a statement file books itself (`/banking`)."""
    fields = await form_of(request)

    async def step(conn: Connection, caller: Caller, bidder_id: UUID) -> Bidder:
        written = in_china(in_fen(fields, "amount"), "received_at")
        receipt = given(written, DepositReceipt)
        return await service.receive_deposit(conn, caller, bidder_id, receipt, now=now)

    return await _stepped(request, conn, caller, bidder_id, "deposit", step, now=now)


@post("/bidders/{bidder_id:uuid}/priority", opt={POLICY: _OPERATOR, REACH: _WHY}, **_STEPS)
async def confirm_priority_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, bidder_id: FromPath[UUID]
) -> Response[Any]:
    """Confirm a right of first refusal and its rank (法释〔2016〕18号 art. 19)."""
    fields = await form_of(request)

    async def step(conn: Connection, caller: Caller, bidder_id: UUID) -> Bidder:
        claim = given(fields, PriorityClaim)
        return await service.confirm_priority(conn, caller, bidder_id, claim, now=now)

    return await _stepped(request, conn, caller, bidder_id, "priority", step, now=now)


@post("/bidders/{bidder_id:uuid}/bar", opt={POLICY: _OPERATOR, REACH: _WHY}, **_STEPS)
async def bar_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, bidder_id: FromPath[UUID]
) -> Response[Any]:
    """Keep a bidder out that has not been admitted yet, with the reason."""
    fields = await form_of(request)

    async def step(conn: Connection, caller: Caller, bidder_id: UUID) -> Bidder:
        return await service.bar(conn, caller, bidder_id, given(fields, Barring), now=now)

    return await _stepped(request, conn, caller, bidder_id, "bar", step, now=now)


async def _stepped(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    bidder_id: UUID,
    name: str,
    step: _Step,
    *,
    now: datetime,
) -> Response[Any]:
    """The step taken, then the list again; what is refused stands at the form it was sent by."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            bidder = await step(conn, caller, bidder_id)
    except REFUSALS as error:
        bidder = await service.get(conn, bidder_id)
        form = Form(which=f"{name} {bidder_id}", values=fields, error=error)
        return await _bidders(request, conn, caller, bidder.lot_id, form, now=now)
    return Redirect(f"/lots/{bidder.lot_id}/bidders", status_code=303)


async def _registration(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    form: Form,
    *,
    now: datetime,
) -> Response[str]:
    lot = await lots.public(conn, lot_id)
    mine = await _own(conn, caller, lot_id)
    return page(
        "registration.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="",
        lot=lot,
        mine=mine,
        next_step=_next_step(lot, mine),
        dues=[] if mine is None else await _dues(conn, caller, lot_id, now=now),
        may_hold=mine is not None and await own_money.suffices(conn, lot_id, mine),
        warnings=await _warnings(conn, lot_id),
        steps=NEXT_STEPS,
        due_names=DUE_NAMES,
        may_register=mine is None and lot.status in TAKES_BIDDERS,
        may_limit=mine is not None and lot.status in TAKES_BIDDERS and mine.status is not _B.BARRED,
        must_acknowledge=mine is not None
        and lot.status in TAKES_BIDDERS
        and mine.disclosure_sha256 != lot.notice_sha256,
        form=form,
    )


async def _bidders(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    form: Form,
    *,
    now: datetime,
) -> Response[str]:
    found = await service.of_lot(conn, caller, lot_id)
    lot = await lots.owned(conn, caller, lot_id)
    return page(
        "bidders.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="",
        lot=lot,
        bidders=found,
        names=await approvals.names(conn, {one.organisation_id for one in found}),
        declared=await conflicts.declarations(conn, [one.id for one in found]),
        steps={one.id: _steps(lot, one, now=now) for one in found}
        if caller.has(Role.VENUE_OPERATOR)
        else {},
        form=form,
    )


def _steps(lot: Lot, bidder: Bidder, *, now: datetime) -> frozenset[str]:
    """Which forms a bidder's row has now: those whose step would not be refused for the state alone."""
    if lot.status not in TAKES_BIDDERS:
        return frozenset()
    found = set()
    if bidder.status is _B.APPLIED:
        found.add("qualification")
    if bidder.status is _B.QUALIFIED:
        found.add("deposit")
        is_applicant = bidder.organisation_id == lot.consignor_id
        if lot.regime is Regime.JUDICIAL_NETWORK and is_applicant and bidder.exempt_fen is None:
            found.add("exemption")
    is_before = now < lot.priority_closes_at and lot.format in RANKED
    if bidder.status in (_B.QUALIFIED, _B.DEPOSITED) and is_before and bidder.rank is None:
        found.add("priority")
    if bidder.status in (_B.APPLIED, _B.QUALIFIED, _B.DEPOSITED):
        found.add("bar")
    return frozenset(found)


def _next_step(lot: PublicLot, mine: Bidder | None) -> str:
    """What the agency waits for, or is to do: a key of the page's words."""
    if mine is None:
        return "register" if lot.status in TAKES_BIDDERS else "closed"
    if lot.status in TAKES_BIDDERS and mine.disclosure_sha256 != lot.notice_sha256:
        return "acknowledge"
    return str(mine.status)


async def _own(conn: Connection, caller: Caller, lot_id: UUID) -> Bidder | None:
    try:
        return await service.own(conn, caller, lot_id)
    except NotFound:
        return None


async def _dues(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> list[DueView]:
    """What is still to be paid for the lot, with the account and the reference."""
    try:
        found = await banking.own_dues(conn, caller, lot_id, now=now)
    except NotFound:
        return []
    return [due for due in found if due.due_fen > 0]


async def _warnings(conn: Connection, lot_id: UUID) -> list[dict[str, str]]:
    """The special warnings (特别提示) of the notice in force."""
    published = [one for one in await notices.of_lot(conn, lot_id) if one.kind in WHOLE]
    if not published:
        return []
    content: dict[str, Any] = msgspec.json.decode(published[-1].content)
    return list(content["warnings"])


routes: list[HTTPRouteHandler] = [
    registration_page,
    register_by_form,
    acknowledge_by_form,
    hold_own_deposit_by_form,
    change_limit_by_form,
    bidders_page,
    qualify_by_form,
    exempt_by_form,
    receive_deposit_by_form,
    confirm_priority_by_form,
    bar_by_form,
]
