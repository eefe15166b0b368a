"""The form by which a bank enters a defaulted loan (登记案件); it is read in the ledger."""

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from marketplace.cases import service
from marketplace.cases.schemas import NewCase
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.organisations.schemas import Role
from marketplace.pages import intake_words, vocabulary
from marketplace.pages.filling import REFUSALS, Form, chosen_of
from marketplace.pages.forms import given, in_bp, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of

_MAKER = allow(Role.BANK_MAKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}
_MONEY: Final = ("loan_amount", "principal", "interest", "penalty")


@get("/ledger/new", opt={POLICY: _MAKER}, **PAGE)
async def new_case_page(request: Request[Any, Any, Any], caller: Me) -> Response[str]:
    """The form of a defaulted loan."""
    return _form(request, Form())


@post("/ledger/new", opt={POLICY: _MAKER}, **_STEPS)
async def enter_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[Any]:
    """Enter the loan, amounts in yuan, the part secured by rights in percent."""
    fields = await form_of(request)
    chosen = await chosen_of(request, "flags")
    try:
        async with conn.transaction():
            written = in_fen(fields, *_MONEY)
            if written.get("ip_part", "").strip():
                written = in_bp(written, "ip_part")
            written.pop("ip_part", None)
            new = given(written, NewCase, chosen=chosen)
            made = await service.register(conn, caller, new, now=now)
    except REFUSALS as error:
        return _form(request, Form(values=fields, chosen=chosen, error=error))
    return Redirect(f"/ledger/{made.id}", status_code=303)


def _form(request: Request[Any, Any, Any], form: Form) -> Response[str]:
    return page(
        "new_case.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/ledger",
        form=form,
        grades=list(vocabulary.GRADES.items()),
        flags=list(intake_words.CASE_FLAGS.items()),
    )


routes: list[HTTPRouteHandler] = [new_case_page, enter_by_form]
