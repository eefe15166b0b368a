"""Routes of enrolments (备案): filed by a bank's maker, accepted or refused by another person, its checker."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.enrolments import service
from marketplace.enrolments.schemas import EnrolmentDecision, EnrolmentIn, EnrolmentOut
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.FUND_ADMINISTRATOR,
    Role.FUND_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.FUNDS,),
)


@post("/v1/enrolments", opt={"policy": allow(Role.BANK_MAKER)}, summary="Enrol a loan 贷款备案")
async def file_enrolment(
    conn: Conn, caller: Me, now: Now, data: JSONBody[EnrolmentIn]
) -> Response[EnrolmentOut]:
    """File a sound loan under a scheme, before its default."""
    filed = await service.file(conn, caller, data, now=now)
    return Response(filed, headers={"Location": f"/v1/enrolments/{filed.id}"})


@post(
    "/v1/enrolments/{enrolment_id:uuid}/decide",
    opt={"policy": allow(Role.BANK_CHECKER)},
    summary="Decide 备案复核",
    status_code=200,
)
async def decide_enrolment(
    conn: Conn,
    caller: Me,
    now: Now,
    enrolment_id: FromPath[UUID],
    data: JSONBody[EnrolmentDecision],
) -> EnrolmentOut:
    """Accept or refuse an enrolment of my bank; by another person than who filed it."""
    return await service.decide(conn, caller, enrolment_id, data, now=now)


@get("/v1/enrolments", opt={"policy": READERS}, summary="Enrolments 备案列表")
async def list_enrolments(reader: Conn, caller: Me, position: At) -> Page[EnrolmentOut]:
    """The enrolments that I may see, newest first."""
    found = await service.page(reader, caller, before=position.after, limit=position.rows)
    return page_of(found, position, key=lambda one: one.id)


@get("/v1/enrolments/{enrolment_id:uuid}", opt={"policy": READERS}, summary="An enrolment 备案")
async def get_enrolment(reader: Conn, caller: Me, enrolment_id: FromPath[UUID]) -> EnrolmentOut:
    """An enrolment of my bank; of banks to which my fund has promised under its scheme; those that I oversee."""
    return await service.get(reader, caller, enrolment_id)


routes: list[HTTPRouteHandler] = [
    file_enrolment,
    decide_enrolment,
    list_enrolments,
    get_enrolment,
]
