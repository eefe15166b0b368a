"""Routes of white lists (白名单): the venue keeps them on the authority's word, banks receive and answer."""

from uuid import UUID

from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, IfMatch, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.versions import etag
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.white_lists import service
from marketplace.white_lists.schemas import Answer, NewAnswer, NewList, PushTo, WhiteList

KEEPERS = allow(Role.VENUE_OPERATOR)
PUBLISHERS = allow(Role.VENUE_CHECKER)
BANK = allow(Role.BANK_MAKER)
READERS = allow(
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.WHITE_LISTS,),
)


def _tagged(found: WhiteList, *, status: int = 200) -> Response[WhiteList]:
    headers = {"ETag": etag(found.version), "Location": f"/v1/white-lists/{found.id}"}
    return Response(found, status_code=status, headers=headers)


@post("/v1/white-lists", opt={"policy": KEEPERS}, summary="Draft a white list 起草白名单")
async def draft_list(
    conn: Conn, caller: Me, now: Now, data: JSONBody[NewList]
) -> Response[WhiteList]:
    """A draft under the next number of its name."""
    return _tagged(await service.draft(conn, caller, data, now=now), status=201)


@put("/v1/white-lists/{list_id:uuid}", opt={"policy": KEEPERS}, summary="Change a draft 修改白名单")
async def change_list(
    conn: Conn,
    caller: Me,
    now: Now,
    list_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[NewList],
) -> Response[WhiteList]:
    """A draft's new content; what is published does not change."""
    return _tagged(await service.change(conn, caller, list_id, data, version=if_match, now=now))


@get("/v1/white-lists", opt={"policy": READERS}, summary="White lists 白名单列表")
async def list_lists(reader: Conn, caller: Me, position: At) -> Page[WhiteList]:
    """Those that my organisation keeps or received, oldest first."""
    rows = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(rows, position, key=lambda row: row.id)


@get("/v1/white-lists/{list_id:uuid}", opt={"policy": READERS}, summary="One white list 白名单详情")
async def get_list(reader: Conn, caller: Me, list_id: FromPath[UUID]) -> Response[WhiteList]:
    """Entries, hash, pushes and receipts; a bank sees its own push."""
    return _tagged(await service.get(reader, caller, list_id))


@post(
    "/v1/white-lists/{list_id:uuid}/publication",
    opt={"policy": PUBLISHERS},
    summary="Publish 发布白名单",
    status_code=200,
)
async def publish_list(
    conn: Conn, caller: Me, now: Now, list_id: FromPath[UUID]
) -> Response[WhiteList]:
    """Freeze it under its hash; older ones of the name are superseded. Not by its drafter."""
    return _tagged(await service.publish(conn, caller, list_id, now=now))


@post(
    "/v1/white-lists/{list_id:uuid}/pushes",
    opt={"policy": KEEPERS},
    summary="Push to banks 推送白名单",
    status_code=200,
)
async def push_list(
    conn: Conn, caller: Me, now: Now, list_id: FromPath[UUID], data: JSONBody[PushTo]
) -> Response[WhiteList]:
    """To these banks, each once."""
    return _tagged(await service.push(conn, caller, list_id, data.bank_ids, now=now))


@post(
    "/v1/white-lists/{list_id:uuid}/receipt",
    opt={"policy": BANK},
    summary="Receipt 白名单回执",
    status_code=200,
)
async def receive_list(
    conn: Conn, caller: Me, now: Now, list_id: FromPath[UUID]
) -> Response[WhiteList]:
    """My bank has it: the receipt names its number and hash."""
    return _tagged(await service.receive(conn, caller, list_id, now=now))


@post(
    "/v1/white-lists/{list_id:uuid}/answers",
    opt={"policy": BANK},
    summary="Answer 白名单反馈",
)
async def answer_list(
    conn: Conn, caller: Me, now: Now, list_id: FromPath[UUID], data: JSONBody[NewAnswer]
) -> Response[list[Answer]]:
    """What became of an enterprise at my bank."""
    said = await service.answer(conn, caller, list_id, data, now=now)
    return Response(said, status_code=201)


@get(
    "/v1/white-lists/{list_id:uuid}/answers",
    opt={"policy": READERS},
    summary="Answers 白名单反馈列表",
)
async def list_answers(reader: Conn, caller: Me, list_id: FromPath[UUID]) -> list[Answer]:
    """What banks said: all for the keeper and supervisors, its own for a bank."""
    return await service.answers(reader, caller, list_id)


routes: list[HTTPRouteHandler] = [
    draft_list,
    change_list,
    list_lists,
    get_list,
    publish_list,
    push_list,
    receive_list,
    answer_list,
    list_answers,
]
