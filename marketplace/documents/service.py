"""Keeps documents by content, opens the data room of a lot to those who may read it, and logs who read what."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, NotFound
from kit.ids import uuid7
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.cases import service as cases
from marketplace.consignments import service as consignments
from marketplace.documents import rules
from marketplace.documents.schemas import (
    Access,
    DataRoom,
    Document,
    DocumentChange,
    DocumentKind,
    NewDocument,
    NewTerms,
    SecrecyTerms,
    Subject,
    Version,
    Visibility,
)
from marketplace.edge.versions import VersionChanged
from marketplace.lots.rules import LotStatus
from marketplace.organisations.authorities import Area, oversees
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from marketplace.pledges import service as pledges
from marketplace.valuations import service as valuations

_SQL = load_statements("marketplace.documents", "queries.sql")
#: What a bank's maker hands in with a defaulted loan. Source: domain 7.
_EVIDENCE = (
    DocumentKind.LOAN_CONTRACT,
    DocumentKind.PLEDGE_CONTRACT,
    DocumentKind.REGISTRATION_CERTIFICATE,
    DocumentKind.DEMAND_NOTICE,
)
_SUPERVISORS = (Role.REGULATOR, Role.AUDITOR)


class TermsChanged(Conflict):
    """These are not the secrecy terms as they now stand; read them again. / 保密条款已更新，请重新阅读。"""

    code = "secrecy_terms_changed"


class File(msgspec.Struct, frozen=True):
    """A version's content, with its type and the name under which it is given out."""

    content: bytes
    media_type: str
    name: str


async def register(
    conn: Connection, caller: Caller, new: NewDocument, *, now: datetime
) -> Document:
    """A new document about something of the caller's own organisation; its versions are sent afterwards."""
    await _require_own(conn, caller, new.subject, new.subject_id)
    document_id = uuid7(now)
    await conn.execute(
        _SQL["insert"],
        document_id,
        caller.organisation_id,
        new.subject,
        new.subject_id,
        new.kind,
        new.title,
        new.visibility,
        caller.user_id,
        now,
    )
    await record(
        conn,
        caller,
        now=now,
        action="document_registered",
        subject="document",
        subject_id=document_id,
        after=new,
    )
    return await own(conn, caller, document_id)


async def change(
    conn: Connection,
    caller: Caller,
    document_id: UUID,
    given: DocumentChange,
    *,
    version: int,
    now: datetime,
) -> Document:
    """Title, kind, visibility, withdrawal of one's own document; what was read before stays in the log."""
    before = await own(conn, caller, document_id)
    done = await conn.execute(
        _SQL["change"],
        document_id,
        version,
        given.title,
        given.kind,
        given.visibility,
        given.is_withdrawn,
        now,
    )
    if done != "UPDATE 1":
        raise VersionChanged(version=before.version)
    await record(
        conn,
        caller,
        now=now,
        action="document_changed",
        subject="document",
        subject_id=document_id,
        before={name: getattr(before, name) for name in DocumentChange.__struct_fields__},
        after=given,
    )
    return await own(conn, caller, document_id)


async def add_version(
    conn: Connection,
    caller: Caller,
    document_id: UUID,
    content: bytes,
    *,
    media_type: str,
    given_name: str,
    now: datetime,
) -> Document:
    """The next version of one's own document; `media_type` is what `rules.media_type` said of `content`.

    The same content as the newest version changes nothing.
    """
    await conn.execute(_SQL["lock"], document_id)
    before = await own(conn, caller, document_id)
    digest = hashlib.sha256(content)
    if before.versions and before.versions[-1].sha256 == digest.hexdigest():
        return before
    async with everything(conn):
        await conn.execute(_SQL["insert_blob"], digest.digest(), content, media_type, now)
    number = len(before.versions) + 1
    row = (document_id, number, digest.digest(), rules.given_name(given_name), caller.user_id, now)
    await conn.execute(_SQL["insert_version"], *row)
    await record(
        conn,
        caller,
        now=now,
        action="document_version_added",
        subject="document",
        subject_id=document_id,
        after={"number": number, "sha256": digest.hexdigest(), "size": len(content)},
    )
    return await own(conn, caller, document_id)


async def own(conn: Connection, caller: Caller, document_id: UUID) -> Document:
    """One document of the caller's organisation (supervisors: of any), or `NotFound`."""
    found = await _document_or_none(conn, document_id)
    seen = visibility_of(caller)
    sees_all = seen.owner_id is None and seen.venue_id is None
    if found is None or not (sees_all or found.organisation_id == caller.organisation_id):
        raise _missing(document_id)
    return found


async def of_subject(conn: Connection, caller: Caller, subject_id: UUID) -> list[Document]:
    """The documents of the caller's organisation about one thing (supervisors: anybody's), oldest first."""
    seen = visibility_of(caller)
    sees_all = seen.owner_id is None and seen.venue_id is None
    rows = await conn.fetch(_SQL["of_subject"], subject_id)
    found = await _documents(conn, rows)
    return [each for each in found if sees_all or each.organisation_id == caller.organisation_id]


async def data_room(conn: Connection, caller: Caller | None, lot_id: UUID) -> DataRoom:
    """What of a lot's documents the caller may read now; None is a visitor. `NotFound` before it is published."""
    async with everything(conn):  # others' documents, as far as `_may_read` lets them be read
        may_read, terms, has_accepted = await _may_read(conn, caller, lot_id)
        found = await of_disposal(conn, lot_id=lot_id)
    open_ones = [each for each in found if each.versions and not each.is_withdrawn]
    shown = tuple(each for each in open_ones if each.visibility in may_read)
    return DataRoom(
        lot_id=lot_id,
        terms=terms,
        has_accepted=has_accepted,
        withheld=sum(
            each.visibility in (Visibility.REGISTERED, Visibility.NDA) for each in open_ones
        )
        - sum(each.visibility in (Visibility.REGISTERED, Visibility.NDA) for each in shown),
        documents=shown,
    )


async def read_in_room(
    conn: Connection, caller: Caller | None, lot_id: UUID, document_id: UUID, *, now: datetime
) -> File:
    """The newest version of a document in a lot's data room, and a line in the log."""
    room = await data_room(conn, caller, lot_id)
    return await read_newest(conn, caller, room.documents, document_id, lot_id=lot_id, now=now)


async def of_disposal(
    conn: Connection, *, lot_id: UUID | None = None, consignment_id: UUID | None = None
) -> list[Document]:
    """The documents of a lot, or of a consignment without one; who may read which, the caller asks."""
    return await _documents(conn, await conn.fetch(_SQL["of_disposal"], lot_id, consignment_id))


async def read_newest(
    conn: Connection,
    caller: Caller | None,
    shown: Iterable[Document],
    document_id: UUID,
    *,
    lot_id: UUID | None,
    now: datetime,
) -> File:
    """The newest version of one of the documents that the caller may read, and a line in the log."""
    found = next((each for each in shown if each.id == document_id), None)
    if found is None:
        raise _missing(document_id)
    return await _read(conn, caller, found, found.versions[-1], lot_id=lot_id, now=now)


async def read_own(
    conn: Connection, caller: Caller, document_id: UUID, number: int, *, now: datetime
) -> File:
    """A version of one's own document, and a line in the log."""
    found = await own(conn, caller, document_id)
    if not 1 <= number <= len(found.versions):
        raise _missing(document_id)
    return await _read(conn, caller, found, found.versions[number - 1], lot_id=None, now=now)


async def publish_terms(
    conn: Connection, caller: Caller, lot_id: UUID, new: NewTerms, *, now: datetime
) -> SecrecyTerms:
    """The secrecy terms of the caller's lot from now on; who accepted others accepts anew."""
    sides = await conn.fetchrow(_SQL["lot_sides"], lot_id, caller.organisation_id)
    if sides is None or sides["venue_id"] != caller.organisation_id:
        raise NotFound(f"lot {lot_id}: no such lot", f"标的 {lot_id} 不存在")
    await conn.execute(_SQL["lock_terms"], lot_id)
    digest = hashlib.sha256(f"{new.text_zh}\n\n{new.text_en}".encode())
    await conn.execute(
        _SQL["insert_terms"],
        lot_id,
        caller.organisation_id,
        new.text_zh,
        new.text_en,
        digest.digest(),
        caller.user_id,
        now,
    )
    await record(
        conn,
        caller,
        now=now,
        action="secrecy_terms_published",
        subject="lot",
        subject_id=lot_id,
        after={"sha256": digest.hexdigest()},
    )
    terms = await _terms_or_none(conn, lot_id)
    assert terms is not None
    return terms


async def accept_terms(
    conn: Connection, caller: Caller, lot_id: UUID, sha256: str, *, now: datetime
) -> DataRoom:
    """The caller's organisation, registered for the lot, accepts the terms that it read."""
    sides = await conn.fetchrow(_SQL["lot_sides"], lot_id, caller.organisation_id)
    if sides is None or not sides["is_registered"]:
        raise NotFound(f"lot {lot_id}: you are not registered for it", f"贵机构未报名标的 {lot_id}")
    terms = await _terms_or_none(conn, lot_id)
    if terms is None or terms.sha256 != sha256:
        raise TermsChanged(field="sha256")
    await conn.execute(_SQL["accept"], lot_id, caller.organisation_id, sha256, caller.user_id, now)
    await record(
        conn,
        caller,
        now=now,
        action="secrecy_terms_accepted",
        subject="lot",
        subject_id=lot_id,
        after={"sha256": sha256},
    )
    return await data_room(conn, caller, lot_id)


async def accesses(
    conn: Connection, caller: Caller, lot_id: UUID, *, before: UUID | None, limit: int
) -> list[Access]:
    """Who read what in a lot's data room, the newest first: for its bank, its venue and supervisors.

    Supervisors, who hold nothing to sell, see the names at once. Bank and venue see their own people; of others, until
    the lot is sold, that somebody read and what, not who.
    """
    if not await _is_inside(conn, caller, lot_id):
        raise NotFound(f"lot {lot_id}: no such lot", f"标的 {lot_id} 不存在")
    sides = await conn.fetchrow(_SQL["lot_sides"], lot_id, caller.organisation_id)
    assert sides is not None, "who is inside a lot sees it"
    async with everything(conn):
        rows = await conn.fetch(_SQL["accesses"], None, lot_id, before, limit)
    found = [msgspec.convert(dict(row), Access) for row in rows]
    if caller.has(*_SUPERVISORS) or rules.names_readers(LotStatus(sides["status"])):
        return found
    inside = (None, sides["venue_id"], sides["consignor_id"])
    return [one if one.organisation_id in inside else _withheld(one) for one in found]


def _withheld(one: Access) -> Access:
    return msgspec.structs.replace(one, organisation_id=None, user_id=None, is_withheld=True)


async def _may_read(
    conn: Connection, caller: Caller | None, lot_id: UUID
) -> tuple[frozenset[Visibility], SecrecyTerms | None, bool]:
    organisation_id = None if caller is None else caller.organisation_id
    sides = await conn.fetchrow(_SQL["lot_sides"], lot_id, organisation_id)
    is_inside = caller is not None and await _is_inside(conn, caller, lot_id)
    if sides is None or not (sides["is_published"] or is_inside):
        raise NotFound(f"lot {lot_id}: no such lot", f"标的 {lot_id} 不存在")
    terms = await _terms_or_none(conn, lot_id)
    has_accepted = terms is not None and bool(
        await conn.fetchval(_SQL["has_accepted"], lot_id, organisation_id, terms.sha256)
    )
    may_read = rules.levels(
        is_inside=is_inside, is_registered=sides["is_registered"], has_accepted=has_accepted
    )
    return may_read, terms, has_accepted


async def _is_inside(conn: Connection, caller: Caller, lot_id: UUID) -> bool:
    seen = visibility_of(caller)
    sides = await conn.fetchrow(_SQL["lot_sides"], lot_id, caller.organisation_id)
    if sides is None:
        return False
    if caller.organisation_kind is OrganisationKind.REGULATOR:
        return bool(sides["is_overseen"])
    sees_all = seen.owner_id is None and seen.venue_id is None
    return sees_all or caller.organisation_id in (sides["venue_id"], sides["consignor_id"])


async def _read(
    conn: Connection,
    caller: Caller | None,
    document: Document,
    version: Version,
    *,
    lot_id: UUID | None,
    now: datetime,
) -> File:
    async with everything(conn):  # it may be another's document, and a visitor leaves a line too
        content: bytes = await conn.fetchval(_SQL["content"], version.sha256)
        await conn.execute(
            _SQL["insert_access"],
            uuid7(now),
            document.id,
            version.number,
            lot_id,
            None if caller is None else caller.organisation_id,
            None if caller is None else caller.user_id,
            now,
        )
    name = rules.server_name(document.id, version.number, version.media_type)
    return File(content, version.media_type, name)


async def evidence_of_case(conn: Connection, case_id: UUID) -> dict[DocumentKind, bool]:
    """The papers that prove a defaulted loan, and which of them are there; withdrawn ones are not (domain 7)."""
    there = {row["kind"] for row in await conn.fetch(_SQL["kinds_of_case"], case_id)}
    return {kind: kind in there for kind in _EVIDENCE}


def reads_documents(caller: Caller, owner_id: UUID) -> bool:
    """Whether papers about what is this organisation's are open to the caller: their own, or what they supervise."""
    if caller.has(*_SUPERVISORS):
        return oversees(caller, Area.DISPOSAL)
    return caller.organisation_id == owner_id


async def require_about(
    conn: Connection, caller: Caller, subject: Subject, subject_id: UUID
) -> None:
    """Raise `NotFound` unless the caller may read papers about it: it is of their organisation, or they supervise."""
    seen = visibility_of(caller)
    owner = await _owner_of(conn, caller, subject, subject_id)
    sees_all = seen.owner_id is None and seen.venue_id is None and owner is not None
    if not (sees_all or owner == caller.organisation_id):
        raise _not_yours(subject, subject_id)


async def _require_own(
    conn: Connection, caller: Caller, subject: Subject, subject_id: UUID
) -> None:
    """Raise `NotFound` unless what the document is about belongs to the caller's organisation."""
    if await _owner_of(conn, caller, subject, subject_id) != caller.organisation_id:
        raise _not_yours(subject, subject_id)


async def _owner_of(
    conn: Connection, caller: Caller, subject: Subject, subject_id: UUID
) -> UUID | None:
    """Whose it is; None for a lot that the caller does not know. Raises `NotFound`."""
    match subject:
        case Subject.CASE:
            return (await cases.get(conn, caller, subject_id)).organisation_id
        case Subject.ASSET:
            return (await assets.get(conn, caller, subject_id)).organisation_id
        case Subject.PLEDGE:
            return (await pledges.get(conn, caller, subject_id)).organisation_id
        case Subject.VALUATION:
            return (await valuations.get(conn, caller, subject_id)).organisation_id
        case Subject.CONSIGNMENT:
            return (await consignments.get(conn, caller, subject_id)).organisation_id
        case Subject.LOT:
            sides = await conn.fetchrow(_SQL["lot_sides"], subject_id, caller.organisation_id)
            return None if sides is None else sides["venue_id"]


def _not_yours(subject: Subject, subject_id: UUID) -> NotFound:
    return NotFound(f"{subject} {subject_id}: not yours", f"{subject} {subject_id} 不属于贵机构")


async def _terms_or_none(conn: Connection, lot_id: UUID) -> SecrecyTerms | None:
    row = await conn.fetchrow(_SQL["terms"], lot_id)
    return None if row is None else msgspec.convert(dict(row), SecrecyTerms)


async def _document_or_none(conn: Connection, document_id: UUID) -> Document | None:
    row = await conn.fetchrow(_SQL["by_id"], document_id)
    return None if row is None else (await _documents(conn, [row]))[0]


async def _documents(conn: Connection, rows: Iterable[asyncpg.Record]) -> list[Document]:
    found = list(rows)
    async with everything(conn):  # type and size stand with the content
        versions = await conn.fetch(_SQL["versions"], [row["id"] for row in found])
    return [
        msgspec.convert(
            dict(row)
            | {
                "versions": [
                    msgspec.convert(dict(each), Version)
                    for each in versions
                    if each["document_id"] == row["id"]
                ]
            },
            Document,
        )
        for row in found
    ]


def _missing(document_id: UUID) -> NotFound:
    return NotFound(f"document {document_id}: no such document", f"文件 {document_id} 不存在")
