"""Pages of documents (文件): the papers about one thing, the form to add one, its versions, who may read it."""

import asyncio
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.documents import rules, service
from marketplace.documents.http import OWNERS, READERS
from marketplace.documents.rules import FileRefused
from marketplace.documents.schemas import Document, DocumentChange, NewDocument, NewTerms, Subject
from marketplace.documents.words import KINDS, SUBJECTS
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.identity import AnyConnection
from marketplace.edge.policies import POLICY, allow
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import ledger_words
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given, version_of
from marketplace.pages.rendering import page
from marketplace.pages.serving import NOTICE_FORM_BYTES, PAGE, form_of, upload_of, visitor_of

_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}
#: Two texts of 20,000 characters.
_TERMS: Final[dict[str, Any]] = {"request_max_body_size": NOTICE_FORM_BYTES, **PAGE}
#: The largest file, and what a form adds around it.
_BODY_BYTES_MAX: Final = rules.BYTES_MAX + 64 * 1024
_SHOWN: Final = (*REFUSALS, FileRefused)
_OWNERS_ROLES: Final = (Role.BANK_MAKER, Role.VENUE_OPERATOR)


async def read_first(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Guard after the policy's: a slow upload is read before the request takes a connection."""
    await cast("Request[Any, Any, Any]", connection).body()


_SENDS: Final[dict[str, Any]] = {
    "request_max_body_size": _BODY_BYTES_MAX,
    "guards": [read_first],
    **PAGE,
}


@get("/documents/{subject:str}/{subject_id:uuid}", opt={POLICY: READERS}, **PAGE)
async def documents_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    caller: Me,
    subject: FromPath[str],
    subject_id: FromPath[UUID],
) -> Response[str]:
    """My organisation's papers about a loan, right, pledge, valuation, consignment or lot, with their hashes."""
    return await _shown(request, reader, caller, _subject(subject), subject_id, Form())


@post("/documents/{subject:str}/{subject_id:uuid}", opt={POLICY: OWNERS}, **_SENDS)
async def register_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    subject: FromPath[str],
    subject_id: FromPath[UUID],
) -> Response[Any]:
    """A paper with its first version; what its content is decides, not its name."""
    about = _subject(subject)
    fields = await form_of(request)
    try:
        async with conn.transaction():
            wanted = fields | {"subject": about, "subject_id": str(subject_id)}
            made = await service.register(conn, caller, given(wanted, NewDocument), now=now)
            await _send(request, conn, caller, made.id, now=now)
    except _SHOWN as error:
        form = Form(values=fields, error=error)
        return await _shown(request, conn, caller, about, subject_id, form)
    return _to(made)


@post("/documents/{document_id:uuid}/versions", opt={POLICY: OWNERS}, **_SENDS)
async def add_version_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, document_id: FromPath[UUID]
) -> Redirect:
    """The next version of a paper."""
    await form_of(request)
    return _to(await _send(request, conn, caller, document_id, now=now))


@post("/documents/{document_id:uuid}/changes", opt={POLICY: OWNERS}, **_STEPS)
async def change_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, document_id: FromPath[UUID]
) -> Redirect:
    """Who may read it from now on; or withdraw it from data rooms."""
    fields = await form_of(request)
    version = version_of(fields.pop("version", ""))
    changed = given(fields, DocumentChange)
    return _to(await service.change(conn, caller, document_id, changed, version=version, now=now))


@post("/lots/{lot_id:uuid}/data-room/terms", opt={POLICY: allow(Role.VENUE_OPERATOR)}, **_TERMS)
async def publish_terms_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """The secrecy terms of my venue's lot from now on; who accepted others accepts anew."""
    terms = given(await form_of(request), NewTerms)
    await service.publish_terms(conn, caller, lot_id, terms, now=now)
    return Redirect(f"/lots/{lot_id}/data-room", status_code=303)


async def _send(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    document_id: UUID,
    *,
    now: datetime,
) -> Document:
    content = await upload_of(request)
    file = (await request.form()).get("file")
    assert isinstance(file, UploadFile), "upload_of asked for it"
    kind = await asyncio.to_thread(rules.media_type, content)
    return await service.add_version(
        conn,
        caller,
        document_id,
        content,
        media_type=kind,
        given_name=file.filename or "",
        now=now,
    )


async def _shown(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    subject: Subject,
    subject_id: UUID,
    form: Form,
) -> Response[str]:
    await service.require_about(conn, caller, subject, subject_id)
    documents = await service.of_subject(conn, caller, subject_id)
    return page(
        "documents.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="",
        subject=subject,
        subject_id=subject_id,
        about=SUBJECTS[subject],
        name=(await approvals.names(conn, {subject_id})).get(subject_id, ""),
        documents=documents,
        kinds=KINDS,
        visibilities=ledger_words.VISIBILITIES,
        may_change=caller.has(*_OWNERS_ROLES),
        form=form,
    )


def _subject(written: str) -> Subject:
    try:
        return Subject(written)
    except ValueError as error:
        raise NotFound from error


def _to(document: Document) -> Redirect:
    return Redirect(f"/documents/{document.subject}/{document.subject_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    documents_page,
    register_by_form,
    add_version_by_form,
    change_by_form,
    publish_terms_by_form,
]
