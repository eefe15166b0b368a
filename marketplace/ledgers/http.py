"""Routes of the case ledger (案件台账)."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.cases.schemas import Case
from marketplace.consignments.schemas import Refusal
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.ledgers import service
from marketplace.ledgers.schemas import CaseFile, LedgerLine
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

_READERS = allow(
    Role.BANK_MAKER, Role.BANK_CHECKER, Role.REGULATOR, Role.AUDITOR, areas=(Area.LOANS,)
)


@get("/v1/case-ledger", opt={"policy": _READERS}, summary="Case ledger 案件台账")
async def list_ledger(reader: Conn, caller: Me, now: Now, position: At) -> Page[LedgerLine]:
    """Every loan of my bank with its delay, grade, rights and open alerts; supervisors see all."""
    lines = await service.page(reader, caller, after=position.after, limit=position.rows, now=now)
    return page_of(lines, position, key=lambda line: line.case.id)


@get("/v1/cases/{case_id:uuid}/file", opt={"policy": _READERS}, summary="A loan's file 案件档案")
async def get_case_file(reader: Conn, caller: Me, now: Now, case_id: FromPath[UUID]) -> CaseFile:
    """Rights, consignments, alerts, deadlines and the timeline of one loan."""
    return await service.file_of(reader, caller, case_id, now=now)


@post(
    "/v1/cases/{case_id:uuid}/release",
    opt={"policy": allow(Role.BANK_CHECKER)},
    summary="Release a loan 解除案件",
    status_code=200,
)
async def release_case(
    conn: Conn, caller: Me, now: Now, case_id: FromPath[UUID], data: JSONBody[Refusal]
) -> Case:
    """The debt is paid and every pledge is cancelled; with a reason."""
    return await service.release(conn, caller, case_id, reason=data.reason, now=now)


routes: list[HTTPRouteHandler] = [list_ledger, get_case_file, release_case]
