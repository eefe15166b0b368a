"""The pages of statements (结算单, 分配方案, 清算单): one to be read and printed, and the list of those I may see."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me
from marketplace.edge.policies import POLICY, allow
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of
from marketplace.statements import service
from settlement.statement_tables import Fen, tables

#: More columns than this do not fit on a sheet of A4.
_COLUMNS_MAX: Final = 9
#: Those whose money statements tell of, and those who watch over it; the service shows each only its own.
READERS: Final = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.FUND_ADMINISTRATOR,
    Role.FUND_CHECKER,
    Role.RISK_BEARER,
    Role.RISK_CHECKER,
    Role.PLEDGOR,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(
        Area.SALES,
        Area.FUNDS,
    ),
)


@get("/statements", opt={POLICY: READERS}, **PAGE)
async def statements_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The statements that I may see, newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda statement: statement.id)
    return page(
        "statements.html",
        visitor=visitor_of(request),
        here="/statements",
        statements=listed.items,
        next_cursor=listed.next_cursor,
    )


@get("/statements/{statement_id:uuid}", opt={POLICY: READERS}, **PAGE)
async def statement_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, statement_id: FromPath[UUID]
) -> Response[str]:
    """One statement, in the same tables as its workbook and its file for print."""
    issued = await service.get(reader, caller, statement_id)
    return page(
        "statement.html",
        visitor=visitor_of(request),
        here="",
        statement=issued,
        document=issued.document,
        sha256=issued.sha256.hex(),
        tables=tables(issued.document),
        columns_max=_COLUMNS_MAX,
        is_money=lambda cell: isinstance(cell, Fen),
        is_number=lambda cell: isinstance(cell, int),
    )


routes: list[HTTPRouteHandler] = [statements_page, statement_page]
