"""Routes of statements (结算单, 分配方案, 清算单): issued, listed, read as JSON, workbook or printable page."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from kit.errors import NotFound
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.documentation import PAPERS, PRODUCES
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.statements import service
from marketplace.statements.schemas import Statement, StatementIn, StatementSummary
from settlement.statements import Statement as IssuedStatement

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "A statement is drawn from the accounts of all parties."
_ISSUERS = allow(
    Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.FUND_ADMINISTRATOR, Role.FUND_CHECKER
)
_READERS = allow(
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
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@post("/v1/statements", opt={"policy": _ISSUERS, REACH: _WHY}, summary="Issue 出具单据")
async def issue_statement(
    conn: Conn, caller: Me, now: Now, data: JSONBody[StatementIn]
) -> Response[Statement]:
    """Issue a statement as the books stand; where nothing changed since the last one, that is the answer."""
    issued = await service.issue(conn, caller, data.kind, data.subject_id, now=now)
    return Response(issued, headers={"Location": f"/v1/statements/{issued.id}"})


@get("/v1/statements", opt={"policy": _READERS}, summary="Statements 单据列表")
async def list_statements(
    reader: Conn, caller: Me, position: At, subject: FromQuery[UUID | None] = None
) -> Page[StatementSummary]:
    """The statements that I may see, of one lot or loan (`subject`) or of all, newest first."""
    found = await service.page(
        reader, caller, after=position.after, limit=position.rows, subject_id=subject
    )
    return page_of(found, position, key=lambda statement: statement.id)


@get(
    "/v1/statements/{name:str}",
    opt={"policy": _READERS, PRODUCES: PAPERS},
    summary="A statement 单据",
)
async def get_statement(
    reader: Conn, caller: Me, name: FromPath[str]
) -> Response[Statement | bytes | str]:
    """`{id}`: the statement. `{id}.json`: the very bytes that were hashed; `{id}.xlsx`, `{id}.html`: as files."""
    identifier, _, suffix = name.partition(".")
    try:
        statement_id = UUID(identifier)
    except ValueError as error:
        raise NotFound from error
    if suffix not in ("", "json", "xlsx", "html"):
        raise NotFound
    return _as(await service.get(reader, caller, statement_id), suffix)


def _as(issued: IssuedStatement, suffix: str) -> Response[Statement | bytes | str]:
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{issued.sha256.hex()}"'}
    if suffix:
        headers["Content-Disposition"] = (
            f'attachment; filename="{issued.number}-{issued.version}.{suffix}"'
        )
    match suffix:
        case "json":
            return Response(issued.content, media_type="application/json", headers=headers)
        case "xlsx":
            return Response(service.workbook(issued), media_type=_XLSX, headers=headers)
        case "html":
            return Response(
                service.printable(issued), media_type="text/html; charset=utf-8", headers=headers
            )
        case _:
            return Response(service.shown(issued), headers=headers)


routes: list[HTTPRouteHandler] = [issue_statement, list_statements, get_statement]
