"""The pages of licences (许可): the list, and one fee statement (许可费结算单) to be read, printed, taken out."""

from typing import Any, Final, Literal
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.printed import printed
from marketplace.edge.reach import REACH
from marketplace.licences import service
from marketplace.licences.http import READERS
from marketplace.organisations.schemas import Role
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from settlement.paper_tables import tables
from settlement.statement_tables import Fen

#: Why what is done here reaches over organisations (`edge.reach`).
_WHY = "The paper tells of money of lender, holder and agency, and is numbered among all papers of its kind."
#: More columns than this do not fit on a sheet of A4.
_COLUMNS_MAX: Final = 9
_SMALL: Final = 16 * 1024
#: Whose business the paper is. Supervisors read and print the page, and change nothing by it, not even a serial.
_ISSUERS: Final = (
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.AGENCY_BIDDER,
)


@get("/licences", opt={POLICY: READERS}, **PAGE)
async def licences_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The licences that I may see, with what is due and what was paid."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda licence: licence.id)
    return page(
        "licences.html",
        visitor=visitor_of(request),
        here="/licence-offers",
        licences=listed.items,
        next_cursor=listed.next_cursor,
    )


@get("/licences/{licence_id:uuid}", opt={POLICY: READERS}, **PAGE)
async def licence_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, licence_id: FromPath[UUID]
) -> Response[str]:
    """One licence's fees as the books stand, in the same tables as the paper."""
    licence = await service.get(reader, caller, licence_id)
    body = await service.statement(reader, caller, licence_id)
    return page(
        "licence.html",
        visitor=visitor_of(request),
        here="/licence-offers",
        licence=licence,
        loan=await service.loan_of(reader, caller, licence),
        now=now,
        may_issue=caller.has(*_ISSUERS),
        pay_into=await service.account_of(reader, licence),
        open_invoices=[one for one in licence.invoices if one.open_fen > 0],
        tables=tables(body),
        columns_max=_COLUMNS_MAX,
        is_money=lambda cell: isinstance(cell, Fen),
        is_number=lambda cell: isinstance(cell, int),
    )


@post(
    "/licences/{licence_id:uuid}/paper/{form:str}",
    opt={POLICY: allow(*_ISSUERS), REACH: _WHY},
    status_code=200,
    request_max_body_size=_SMALL,
    **PAGE,
)
async def licence_paper(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    licence_id: FromPath[UUID],
    form: FromPath[Literal["json", "xlsx", "html"]],
) -> Response[bytes]:
    """The 许可费结算单 as a file, issued under a number where it says something new."""
    await form_of(request)
    return printed(await service.paper(conn, caller, licence_id, now=now), form)


routes: list[HTTPRouteHandler] = [licences_page, licence_page, licence_paper]
