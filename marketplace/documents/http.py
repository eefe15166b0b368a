"""Routes of documents (文件) and data rooms (资料室)."""

import asyncio
from typing import Any, cast
from urllib.parse import unquote
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post, put
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.documents import intake, rules, service
from marketplace.documents.rules import FileRefused
from marketplace.documents.schemas import (
    Acceptance,
    Access,
    DataRoom,
    Document,
    DocumentChange,
    NewDocument,
    NewTerms,
    SecrecyTerms,
)
from marketplace.edge.dependencies import At, Conn, IfMatch, Me, Now, Visitor
from marketplace.edge.idempotency import key_of
from marketplace.edge.identity import AnyConnection
from marketplace.edge.policies import allow, public
from marketplace.edge.versions import etag
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

OWNERS = allow(Role.BANK_MAKER, Role.VENUE_OPERATOR)
READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.DISPOSAL,),
)
INTAKE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_SCOPE_KEY = "luochui.document"
_BODY_BYTES_MAX = rules.BYTES_MAX + 1
_NAME_HEADER = "file-name"


class _Sent(msgspec.Struct, frozen=True):
    """The file of a request, and what came of looking at it."""

    content: bytes
    given_name: str
    outcome: str | FileRefused


async def look_first(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Guard after the policy's: the file is read and looked at before the request takes a connection."""
    request = cast("Request[Any, Any, Any]", connection)
    key_of(request)
    content = await request.body()
    outcome: str | FileRefused
    try:
        outcome = await asyncio.to_thread(rules.media_type, content)
    except FileRefused as error:
        outcome = error
    name = unquote(request.headers.get(_NAME_HEADER, ""))[:1_000]
    request.scope[_SCOPE_KEY] = _Sent(content, name, outcome)  # type: ignore[literal-required]  # our own key


def _tagged(document: Document, *, status: int = 200) -> Response[Document]:
    headers = {"ETag": etag(document.version), "Location": f"/v1/documents/{document.id}"}
    return Response(document, status_code=status, headers=headers)


def _attachment(file: service.File) -> Response[bytes]:
    """A file goes out to be saved, never to be shown: under our name and its own type (the edge adds nosniff)."""
    headers = {
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "Cache-Control": "no-store",
    }
    return Response(file.content, media_type=file.media_type, headers=headers)


@post("/v1/documents", opt={"policy": OWNERS}, summary="Register a document 登记文件")
async def register_document(
    conn: Conn, caller: Me, now: Now, data: JSONBody[NewDocument]
) -> Response[Document]:
    """A document about a loan, right, pledge, valuation or consignment of my bank, or a lot of my venue."""
    return _tagged(await service.register(conn, caller, data, now=now), status=201)


@get("/v1/documents/{document_id:uuid}", opt={"policy": READERS}, summary="One document 文件详情")
async def get_document(reader: Conn, caller: Me, document_id: FromPath[UUID]) -> Response[Document]:
    """One document of my organisation, with its versions and their hashes."""
    return _tagged(await service.own(reader, caller, document_id))


@get(
    "/v1/documents/about/{subject_id:uuid}",
    opt={"policy": READERS},
    summary="Documents about something 某对象的文件",
)
async def list_documents(reader: Conn, caller: Me, subject_id: FromPath[UUID]) -> list[Document]:
    """My organisation's documents about one thing, oldest first."""
    return await service.of_subject(reader, caller, subject_id)


@put(
    "/v1/documents/{document_id:uuid}",
    opt={"policy": OWNERS},
    summary="Change a document 变更文件",
)
async def change_document(
    conn: Conn,
    caller: Me,
    now: Now,
    document_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[DocumentChange],
) -> Response[Document]:
    """Title, kind, visibility; or withdraw it from data rooms."""
    return _tagged(await service.change(conn, caller, document_id, data, version=if_match, now=now))


@post(
    "/v1/documents/{document_id:uuid}/versions",
    opt={"policy": OWNERS},
    guards=[look_first],
    request_max_body_size=_BODY_BYTES_MAX,
    summary="Send a version 上传文件版本",
)
async def add_version(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    document_id: FromPath[UUID],
) -> Response[Document]:
    """The file itself as the body: PDF, PNG, JPEG, XLSX or UTF-8 text, 20 MB at most, told by its content.

    `File-Name` (percent-encoded) is what people see beside it. The same content again changes nothing.
    """
    sent: _Sent = request.scope[_SCOPE_KEY]  # type: ignore[literal-required]  # our own key
    if isinstance(sent.outcome, FileRefused):
        raise sent.outcome
    stored = await service.add_version(
        conn,
        caller,
        document_id,
        sent.content,
        media_type=sent.outcome,
        given_name=sent.given_name,
        now=now,
    )
    return _tagged(stored, status=201)


@get(
    "/v1/documents/{document_id:uuid}/versions/{number:int}/content",
    opt={"policy": READERS},
    summary="Download a version 下载文件",
)
async def download_version(
    conn: Conn, caller: Me, now: Now, document_id: FromPath[UUID], number: FromPath[int]
) -> Response[bytes]:
    """A version of my organisation's document; the download is logged."""
    return _attachment(await service.read_own(conn, caller, document_id, number, now=now))


@get(
    "/v1/consignments/{consignment_id:uuid}/documents",
    opt={"policy": INTAKE},
    summary="Papers of a consignment 委托文件",
)
async def list_intake_papers(
    reader: Conn, caller: Me, consignment_id: FromPath[UUID]
) -> list[Document]:
    """What its bank put to a consignment to my venue, its loan and rights, to look it through."""
    return await intake.papers(reader, caller, consignment_id)


@get(
    "/v1/consignments/{consignment_id:uuid}/documents/{document_id:uuid}/content",
    opt={"policy": INTAKE},
    summary="Read a paper of a consignment 查阅委托文件",
)
async def read_intake_paper(
    conn: Conn, caller: Me, now: Now, consignment_id: FromPath[UUID], document_id: FromPath[UUID]
) -> Response[bytes]:
    """The newest version of such a paper; the reading is logged."""
    return _attachment(await intake.read(conn, caller, consignment_id, document_id, now=now))


@get("/v1/lots/{lot_id:uuid}/data-room", opt={"policy": public()}, summary="Data room 资料室")
async def get_data_room(reader: Conn, visitor: Visitor, lot_id: FromPath[UUID]) -> DataRoom:
    """What I may read of a lot's documents, how many are withheld, and the secrecy terms to accept for more."""
    return await service.data_room(reader, visitor, lot_id)


@get(
    "/v1/lots/{lot_id:uuid}/data-room/{document_id:uuid}/content",
    opt={"policy": public()},
    summary="Read in the data room 查阅资料",
)
async def read_in_room(
    conn: Conn, visitor: Visitor, now: Now, lot_id: FromPath[UUID], document_id: FromPath[UUID]
) -> Response[bytes]:
    """The newest version of a document that I may read; the reading is logged."""
    return _attachment(await service.read_in_room(conn, visitor, lot_id, document_id, now=now))


@post(
    "/v1/lots/{lot_id:uuid}/data-room/terms",
    opt={"policy": allow(Role.VENUE_OPERATOR)},
    summary="Publish secrecy terms 发布保密条款",
)
async def publish_terms(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[NewTerms]
) -> Response[SecrecyTerms]:
    """The secrecy terms of my venue's lot from now on; earlier acceptances count no more."""
    return Response(
        await service.publish_terms(conn, caller, lot_id, data, now=now), status_code=201
    )


@post(
    "/v1/lots/{lot_id:uuid}/data-room/acceptance",
    opt={"policy": allow(Role.AGENCY_BIDDER)},
    summary="Accept secrecy terms 接受保密条款",
    status_code=200,
)
async def accept_terms(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Acceptance]
) -> DataRoom:
    """My organisation, registered for the lot, accepts the terms with this hash."""
    return await service.accept_terms(conn, caller, lot_id, data.sha256, now=now)


@get(
    "/v1/lots/{lot_id:uuid}/data-room/accesses",
    opt={"policy": READERS},
    summary="Access log 查阅记录",
)
async def list_accesses(
    reader: Conn, caller: Me, lot_id: FromPath[UUID], position: At
) -> list[Access]:
    """Who read what in the data room, the newest first; before `cursor` if given."""
    return await service.accesses(
        reader, caller, lot_id, before=position.after, limit=position.limit
    )


routes: list[HTTPRouteHandler] = [
    register_document,
    get_document,
    list_documents,
    change_document,
    add_version,
    download_version,
    list_intake_papers,
    read_intake_paper,
    get_data_room,
    read_in_room,
    publish_terms,
    accept_terms,
    list_accesses,
]
