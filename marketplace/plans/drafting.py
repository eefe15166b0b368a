"""Pages on which a bank drafts and changes a plan of disposal (拟订、变更处置计划), and the steps people take in it."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kit.errors import InvalidInput, LuochuiError
from kit.sql import Connection
from marketplace.consignments import service as consignments
from marketplace.consignments.choices import choices
from marketplace.consignments.schemas import ConsignmentState
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.licence_offers import offer_forms
from marketplace.lots import draft_forms
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import intake_words, route_words, vocabulary
from marketplace.pages.filling import REFUSALS, Form, digests_of
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import NOTICE_FORM_BYTES, PAGE, form_of, visitor_of
from marketplace.pages.vocabulary import Words
from marketplace.pages.written import Written
from marketplace.plans import plan_forms, service, stepping
from marketplace.plans.schemas import Plan, PlanChangeIn, PlanIn, Step, StepState, Why

_MAKER = allow(Role.BANK_MAKER)
_WHY: Final = "A plan moves the bank's consignment and the venue's lots."
_DOCUMENTS_BYTES_MAX: Final = 20 * 1024 * 1024
_DRAFTS: Final[dict[str, Any]] = {
    "request_max_body_size": _DOCUMENTS_BYTES_MAX + NOTICE_FORM_BYTES,
    **PAGE,
}
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}
_PLANNABLE: Final = (ConsignmentState.ACCEPTED, ConsignmentState.UNSOLD)


def _step(path: str, *roles: Role) -> dict[str, Any]:
    return {
        "path": f"/plans/{{plan_id:uuid}}/{path}",
        "opt": {POLICY: allow(*roles), REACH: _WHY},
        **_STEPS,
    }


@get("/plans/new", opt={POLICY: _MAKER}, **PAGE)
async def new_plan_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    caller: Me,
    consignment: FromQuery[UUID | None] = None,
) -> Response[str]:
    """The form of a plan for one of my bank's consignments; its texts are those of my bank's last lot."""
    last = await lots.page_of_organisation(reader, caller, after=None, limit=1)
    texts = draft_forms.texts_of(last[0].conditions) if last else {}
    values = {f"{plan_forms.LOT}{name}": value for name, value in texts.items()}
    if consignment is not None:
        values["consignment_id"] = str(consignment)
    return await _new(request, reader, caller, Form(values=values))


@post("/plans/new", opt={POLICY: _MAKER, REACH: _WHY}, **_DRAFTS)
async def draft_plan_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[Any]:
    """Draft it: it waits for the bank's checkers among the approvals."""
    fields = await form_of(request)
    fields |= await digests_of(request)
    if _asks_for_fields(fields):
        return await _new(request, conn, caller, Form(values=_counted(fields)))
    try:
        async with conn.transaction():
            ids = {str(one) for one, _ in await choices(conn, caller, _PLANNABLE)}
            named = UUID(Written(fields).choice("consignment_id", ids))
            one = await consignments.get(conn, caller, named)
            wanted = PlanIn(
                consignment_id=one.id,
                lot=plan_forms.lot_of(fields),
                steps=await plan_forms.steps_of(
                    conn, fields, first_price_fen=one.start_price_fen, venue_id=one.venue_id
                ),
            )
            made = await service.draft(conn, caller, wanted, now=now)
    except REFUSALS as error:
        return await _new(request, conn, caller, Form(values=fields, error=_placed(error)))
    return _to(made.id)


@get("/plans/{plan_id:uuid}/change", opt={POLICY: _MAKER}, **PAGE)
async def plan_change_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, plan_id: FromPath[UUID]
) -> Response[str]:
    """The form of a change: the steps that have not begun, each to be kept, moved, left out or said anew."""
    plan = await service.get(reader, caller, plan_id)
    left = _planned(plan)
    values = {
        f"{plan_forms.at(n)}kind": f"{plan_forms.KEEP}{one.n}" for n, one in enumerate(left, 1)
    }
    return _change(request, plan, Form(values=values | {"steps": str(max(len(left), 1))}))


@post("/plans/{plan_id:uuid}/change", opt={POLICY: _MAKER, REACH: _WHY}, **_DRAFTS)
async def propose_change_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, plan_id: FromPath[UUID]
) -> Response[Any]:
    """Propose other steps in the place of those that have not begun; the bank's checkers decide among the approvals."""
    fields = await form_of(request)
    fields |= await digests_of(request)
    plan = await service.get(conn, caller, plan_id)
    if _asks_for_fields(fields):
        return _change(request, plan, Form(values=_counted(fields)))
    begun = len(plan.steps) - len(_planned(plan))
    try:
        async with conn.transaction():
            one = await consignments.get(conn, caller, plan.consignment_id)
            wanted = PlanChangeIn(
                steps=await plan_forms.steps_of(
                    conn,
                    fields,
                    first_price_fen=one.start_price_fen,
                    venue_id=one.venue_id,
                    before=plan.steps,
                ),
                reason=given({"reason": fields.get("reason", "")}, Why).reason,
            )
            await service.propose_change(conn, caller, plan_id, wanted, now=now)
    except REFUSALS as error:
        form = Form(values=fields, error=_placed(error, begun=begun))
        return _change(request, plan, form)
    return _to(plan_id)


@post(**_step("start", Role.VENUE_CHECKER))
async def start_plan_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, plan_id: FromPath[UUID]
) -> Redirect:
    """Take the plan on: its lots are published in my name, and its first step begins."""
    await form_of(request)
    await service.start(conn, caller, plan_id, now=now)
    return _to(plan_id)


@post(**_step("stop", Role.BANK_CHECKER))
async def stop_plan_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, plan_id: FromPath[UUID]
) -> Redirect:
    """End the plan; what has not begun is passed over."""
    said = given(await form_of(request), Why)
    await service.stop(conn, caller, plan_id, reason=said.reason, now=now)
    return _to(plan_id)


@post(**_step("steps/{n:int}/retry", Role.VENUE_CHECKER))
async def retry_step_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    plan_id: FromPath[UUID],
    n: FromPath[int],
) -> Redirect:
    """Begin a held step anew, once what held it is settled."""
    await form_of(request)
    await stepping.retry(conn, caller, plan_id, n, now=now)
    return _to(plan_id)


@post(**_step("steps/{n:int}/skip", Role.BANK_CHECKER))
async def skip_step_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    plan_id: FromPath[UUID],
    n: FromPath[int],
) -> Redirect:
    """Pass over a held step: the plan goes on with the next."""
    said = given(await form_of(request), Why)
    await stepping.skip(conn, caller, plan_id, n, reason=said.reason, now=now)
    return _to(plan_id)


def _asks_for_fields(fields: dict[str, str]) -> bool:
    """Whether the form wants the fields of what was chosen, or was sent without having seen them."""
    chosen = plan_forms.variant(fields)
    return "show" in fields or fields.get("shown", chosen) != chosen


def _counted(fields: dict[str, str]) -> dict[str, str]:
    """The form with its steps counted; the fields of a new licence step begin with the law's own clauses."""
    steps = plan_forms.count(fields)
    usual = {
        f"{plan_forms.at(n)}{name}": value
        for n in range(1, steps + 1)
        for name, value in offer_forms.usual().items()
    }
    fields.pop("show", None)  # it was followed
    return usual | fields | {"steps": str(steps)}


def _placed(error: LuochuiError, *, begun: int = 0) -> LuochuiError:
    return plan_forms.at_its_step(error, begun=begun) if isinstance(error, InvalidInput) else error


def _planned(plan: Plan) -> list[Step]:
    return [step for step in plan.steps if step.state is StepState.PLANNED]


async def _new(
    request: Request[Any, Any, Any], conn: Connection, caller: Caller, form: Form
) -> Response[str]:
    return page(
        "new_plan.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/plans",
        form=form,
        consignments=await choices(conn, caller, _PLANNABLE),
        **_of_steps(form),
    )


def _change(request: Request[Any, Any, Any], plan: Plan, form: Form) -> Response[str]:
    return page(
        "plan_change.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/plans",
        form=form,
        plan=plan,
        **_of_steps(form, _planned(plan)),
    )


def _of_steps(form: Form, kept: Sequence[Step] = ()) -> dict[str, Any]:
    """What the fields of the steps are drawn from."""
    keep = {
        f"{plan_forms.KEEP}{step.n}": Words(
            f"保留第 {step.n} 步：{_name(step).zh}", f"Keep step {step.n}: {_name(step).en}"
        )
        for step in kept
    }
    return {
        "count": plan_forms.count(form.values),
        "variant": plan_forms.variant(form.values),
        "unseen": "shown" in form.values and form.error is None,
        "kinds": list((keep | dict(route_words.STEP_KINDS)).items()),
        "kept": frozenset(keep),
        "formats": list(vocabulary.FORMATS.items()),
        "grids": list(intake_words.GRIDS.items()),
        "regimes": [(one.value, vocabulary.REGIMES[one]) for one in plan_forms.REGIMES],
        "step_variants": {
            n: form.values.get(f"{plan_forms.at(n)}kind", "") or "lot"
            for n in range(1, plan_forms.STEPS_MAX + 1)
        },
        "own_ends": plan_forms.OWN_ENDS,
        "steps_max": plan_forms.STEPS_MAX,
    }


def _name(step: Step) -> Words:
    bidding = getattr(step.terms, "bidding", None)
    return (
        vocabulary.of(route_words.STEP_KINDS, step.kind)
        if bidding is None
        else vocabulary.FORMATS[bidding.format]
    )


def _to(plan_id: UUID) -> Redirect:
    return Redirect(f"/plans/{plan_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    new_plan_page,
    draft_plan_by_form,
    plan_change_page,
    propose_change_by_form,
    start_plan_by_form,
    stop_plan_by_form,
    retry_step_by_form,
    skip_step_by_form,
]
