"""Pages on which a venue drafts a lot (起草标的), has it checked, and hands it to its checkers for its notice."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kit.errors import InvalidInput
from kit.reach import everything
from kit.sql import Connection
from marketplace.consignments import service as consignments
from marketplace.consignments.schemas import Consignment
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.lots import draft_forms, publication, service, signing
from marketplace.lots.bidding_forms import USUAL, has_own_end, variant
from marketplace.lots.regimes import FORMATS, Regime
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot, Override
from marketplace.lots.service import LotNotReady
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import content_words, intake_words, vocabulary
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given, version_of
from marketplace.pages.rendering import page
from marketplace.pages.rules_in_words import rules_in_words
from marketplace.pages.serving import NOTICE_FORM_BYTES, PAGE, form_of, visitor_of
from marketplace.pages.vocabulary import Words

_OPERATOR, _CHECKER = allow(Role.VENUE_OPERATOR), allow(Role.VENUE_CHECKER)
_VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_INSIDERS = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": NOTICE_FORM_BYTES, **PAGE}
_OPEN = frozenset({LotStatus.DRAFT, LotStatus.CHECKED, LotStatus.NOTIFIED})
#: Waits for the venue's checkers, who agree among the approvals.
_WAITS = frozenset({LotStatus.CHECKED, LotStatus.NOTIFIED})


@get("/lots/new", opt={POLICY: _OPERATOR}, **PAGE)
async def new_lot_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, consignment: FromQuery[UUID]
) -> Response[str]:
    """The form of a lot over a consignment that my venue accepted; the texts are those of my venue's last lot."""
    one = await consignments.get(reader, caller, consignment)
    return _form(request, await _proposed(reader, caller, one), one)


@post("/lots/new", opt={POLICY: _OPERATOR}, **_STEPS)
async def draft_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, consignment: FromQuery[UUID]
) -> Response[Any]:
    """Draft the lot."""
    fields = await form_of(request)
    one = await consignments.get(conn, caller, consignment)
    if _asks_for_fields(fields):
        return _form(request, Form(values=fields), one)
    try:
        async with conn.transaction():
            fields = await _with_offerer(conn, fields)
            draft = draft_forms.draft_of(fields, one.id, start_price_fen=one.start_price_fen)
            made = await service.draft(conn, caller, draft, now=now)
    except REFUSALS as error:
        return _form(request, Form(values=fields, error=error), one)
    return _to(made.id)


@get("/lots/{lot_id:uuid}/draft", opt={POLICY: _INSIDERS}, **PAGE)
async def draft_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, lot_id: FromPath[UUID]
) -> Response[str]:
    """A lot before its notice: its terms, what the check found, and the step that comes next."""
    return await _shown(request, reader, caller, lot_id, Form())


@get("/lots/{lot_id:uuid}/terms", opt={POLICY: _OPERATOR}, **PAGE)
async def lot_terms_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, lot_id: FromPath[UUID]
) -> Response[str]:
    """The form of an unpublished lot as it stands."""
    lot = await service.owned(reader, caller, lot_id)
    _require_whole(lot)
    one = await consignments.get(reader, caller, lot.consignment_id)
    values = draft_forms.form_of_lot(lot).values
    form = Form(values=await _with_offerers_code(reader, values))
    return _form(request, form, one, changing=lot)


@post("/lots/{lot_id:uuid}/terms", opt={POLICY: _OPERATOR}, **_STEPS)
async def revise_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[Any]:
    """Give it new terms; refused where somebody changed it meanwhile. A checked lot is a draft again."""
    fields = await form_of(request)
    lot = await service.owned(conn, caller, lot_id)
    one = await consignments.get(conn, caller, lot.consignment_id)
    _require_whole(lot)
    if _asks_for_fields(fields):
        return _form(request, Form(values=fields), one, changing=lot)
    version = fields.pop("version", "")
    try:
        async with conn.transaction():
            fields = await _with_offerer(conn, fields)
            draft = draft_forms.draft_of(
                fields, lot.consignment_id, start_price_fen=lot.start_price_fen, changing=lot
            )
            opened = version_of(version)
            await service.revise(conn, caller, lot_id, draft, version=opened, now=now)
    except REFUSALS as error:
        return _form(request, Form(values=fields, error=error), one, changing=lot)
    return _to(lot_id)


@post("/lots/{lot_id:uuid}/check", opt={POLICY: _VENUE}, **_STEPS)
async def check_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[Any]:
    """Run all rules; with nothing that blocks it waits for the venue's checkers."""
    await form_of(request)
    try:
        async with conn.transaction():
            await signing.check(conn, caller, lot_id, now=now)
    except REFUSALS as error:
        return await _shown(request, conn, caller, lot_id, Form(error=error))
    return _to(lot_id)


@post("/lots/{lot_id:uuid}/overrides", opt={POLICY: _CHECKER}, **_STEPS)
async def override_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Pass over a finding that holds the lot, with a reason."""
    wanted = given(await form_of(request), Override)
    await publication.override(conn, caller, lot_id, wanted, now=now)
    return _to(lot_id)


async def _proposed(conn: Connection, caller: Caller, one: Consignment) -> Form:
    """A new lot's form: the consignment's title, the usual rules, the texts of the venue's last lot."""
    values = {"title": one.title, "title_zh": one.title, "window_minutes": "5"}
    last = await service.page_of_organisation(conn, caller, after=None, limit=1)
    return Form(values=values | (draft_forms.texts_of(last[0].conditions) if last else {}))


def _asks_for_fields(fields: Mapping[str, str]) -> bool:
    """Whether the form wants the fields of what was chosen, or was sent without having seen them."""
    chosen = variant(fields)
    return "show" in fields or fields.get("shown", chosen) != chosen


async def _with_offerer(conn: Connection, fields: dict[str, str]) -> dict[str, str]:
    """The form with the id of the one agency that may offer, whom it names by its credit code."""
    code = fields.get("reserved_for_code", "").strip()
    if not code:
        return fields
    agency_id = await organisations.agency_by_code(conn, code)
    if agency_id is None:
        raise InvalidInput(
            "reserved_for_code",
            "is not the credit code of an operating agency that is registered here",
            "不是已在平台登记的运营机构的统一社会信用代码",
        )
    return fields | {"reserved_for": str(agency_id)}


async def _with_offerers_code(conn: Connection, values: Mapping[str, str]) -> dict[str, str]:
    shown = dict(values)
    if agency_id := shown.pop("reserved_for", ""):
        async with everything(conn):  # who bids is nobody else's to list
            agency = await organisations.organisation_by_id(conn, UUID(agency_id))
        shown["reserved_for_code"] = agency.credit_code or ""
    return shown


def _formats(regime: Regime, form: Form) -> list[tuple[str, Words]]:
    """The forms of bidding that the regime allows, and the one that was chosen."""
    allowed = FORMATS[regime] | {form.value("format", USUAL)}
    return [(name, said) for name, said in vocabulary.FORMATS.items() if name in allowed]


def _form(
    request: Request[Any, Any, Any], form: Form, one: Consignment, *, changing: Lot | None = None
) -> Response[str]:
    return page(
        "new_lot.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/consignments",
        form=form,
        consignment=one,
        changing=changing,
        formats=_formats(one.regime if changing is None else changing.regime, form),
        variant=variant(form.values),
        unseen="shown" in form.values and form.error is None,
        has_own_end=has_own_end(form.value("format", USUAL)),
        grids=list(intake_words.GRIDS.items()),
        releases=list(content_words.RELEASES.items()),
        labels=content_words.PARTS,
        required_texts=draft_forms.REQUIRED,
        optional_texts=draft_forms.OPTIONAL,
    )


async def _shown(
    request: Request[Any, Any, Any], conn: Connection, caller: Caller, lot_id: UUID, form: Form
) -> Response[str]:
    lot = await service.owned(conn, caller, lot_id)
    is_venue = caller.organisation_id == lot.venue_id
    is_checker = is_venue and caller.has(Role.VENUE_CHECKER) and caller.user_id != lot.drafted_by
    is_open = lot.status in _OPEN
    is_whole = draft_forms.is_whole(lot)
    may_write = is_venue and is_open and caller.has(Role.VENUE_OPERATOR)
    return page(
        "lot_draft.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="",
        lot=lot,
        form=form,
        labels=content_words.PARTS,
        releases=content_words.RELEASES,
        conditions=msgspec.to_builtins(lot.conditions),
        rules=rules_in_words(lot.bidding),
        findings=await service.findings(conn, lot_id),
        is_venue=is_venue,
        may_check=is_venue and lot.status is LotStatus.DRAFT,
        may_revise=may_write and is_whole,
        is_kept=may_write and not is_whole,
        may_pass_over=is_checker and is_open,
        may_agree=is_checker and lot.status in _WAITS,
        waits=lot.status in _WAITS,
    )


def _require_whole(lot: Lot) -> None:
    """Refuse a form that would drop terms that it cannot show."""
    if not draft_forms.is_whole(lot):
        raise LotNotReady(
            f"lot {lot.number} has terms that the form does not show: change it over the API",
            f"标的 {lot.number} 含有表单未列的条款，请通过接口修改",
        )


def _to(lot_id: UUID) -> Redirect:
    return Redirect(f"/lots/{lot_id}/draft", status_code=303)


routes: list[HTTPRouteHandler] = [
    new_lot_page,
    draft_by_form,
    draft_page,
    lot_terms_page,
    revise_by_form,
    check_by_form,
    override_by_form,
]
