"""The operations of documents. Made by `make client` from the routes; not to be edited."""

from urllib.parse import quote
from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.documents import schemas as documents_schemas


class Documents:
    """Operations of documents."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_intake_papers(self, consignment_id: UUID) -> list[documents_schemas.Document]:
        """What its bank put to a consignment to my venue, its loan and rights, to look it through.

        `GET /v1/consignments/{consignment_id}/documents`
        """
        return await self._calls.struct(
            "GET", f"/v1/consignments/{consignment_id}/documents", list[documents_schemas.Document]
        )

    async def read_intake_paper(self, consignment_id: UUID, document_id: UUID) -> bytes:
        """The newest version of such a paper; the reading is logged.

        `GET /v1/consignments/{consignment_id}/documents/{document_id}/content`
        """
        return await self._calls.raw(
            "GET", f"/v1/consignments/{consignment_id}/documents/{document_id}/content"
        )

    async def register_document(
        self, data: documents_schemas.NewDocument, *, key: str | None = None
    ) -> documents_schemas.Document:
        """A document about a loan, right, pledge, valuation or consignment of my bank, or a lot of
        my venue.

        `POST /v1/documents`
        """
        return await self._calls.struct(
            "POST", "/v1/documents", documents_schemas.Document, body=data, key=key or new_key()
        )

    async def list_documents(self, subject_id: UUID) -> list[documents_schemas.Document]:
        """My organisation's documents about one thing, oldest first.

        `GET /v1/documents/about/{subject_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/documents/about/{subject_id}", list[documents_schemas.Document]
        )

    async def get_document(self, document_id: UUID) -> documents_schemas.Document:
        """One document of my organisation, with its versions and their hashes.

        `GET /v1/documents/{document_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/documents/{document_id}", documents_schemas.Document
        )

    async def change_document(
        self, document_id: UUID, data: documents_schemas.DocumentChange, version: int
    ) -> documents_schemas.Document:
        """Title, kind, visibility; or withdraw it from data rooms.

        `PUT /v1/documents/{document_id}`
        """
        return await self._calls.struct(
            "PUT",
            f"/v1/documents/{document_id}",
            documents_schemas.Document,
            body=data,
            version=version,
        )

    async def add_version(
        self, document_id: UUID, content: bytes, content_type: str, *, key: str | None = None
    ) -> documents_schemas.Document:
        """The file itself as the body: PDF, PNG, JPEG, XLSX or UTF-8 text, 20 MB at most, told by
        its content.

        `POST /v1/documents/{document_id}/versions`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/documents/{document_id}/versions",
            documents_schemas.Document,
            content=(content, content_type),
            key=key or new_key(),
        )

    async def download_version(self, document_id: UUID, number: int) -> bytes:
        """A version of my organisation's document; the download is logged.

        `GET /v1/documents/{document_id}/versions/{number}/content`
        """
        return await self._calls.raw(
            "GET", f"/v1/documents/{document_id}/versions/{quote(str(number), safe='')}/content"
        )

    async def get_data_room(self, lot_id: UUID) -> documents_schemas.DataRoom:
        """What I may read of a lot's documents, how many are withheld, and the secrecy terms to
        accept for more.

        `GET /v1/lots/{lot_id}/data-room`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/data-room", documents_schemas.DataRoom
        )

    async def accept_terms(
        self, lot_id: UUID, data: documents_schemas.Acceptance, *, key: str | None = None
    ) -> documents_schemas.DataRoom:
        """My organisation, registered for the lot, accepts the terms with this hash.

        `POST /v1/lots/{lot_id}/data-room/acceptance`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/data-room/acceptance",
            documents_schemas.DataRoom,
            body=data,
            key=key or new_key(),
        )

    async def list_accesses(
        self, lot_id: UUID, *, cursor: str | None = None, limit: int = 50
    ) -> list[documents_schemas.Access]:
        """Who read what in the data room, the newest first; before `cursor` if given.

        `GET /v1/lots/{lot_id}/data-room/accesses`
        """
        return await self._calls.struct(
            "GET",
            f"/v1/lots/{lot_id}/data-room/accesses",
            list[documents_schemas.Access],
            query={"cursor": cursor, "limit": limit},
        )

    async def publish_terms(
        self, lot_id: UUID, data: documents_schemas.NewTerms, *, key: str | None = None
    ) -> documents_schemas.SecrecyTerms:
        """The secrecy terms of my venue's lot from now on; earlier acceptances count no more.

        `POST /v1/lots/{lot_id}/data-room/terms`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/data-room/terms",
            documents_schemas.SecrecyTerms,
            body=data,
            key=key or new_key(),
        )

    async def read_in_room(self, lot_id: UUID, document_id: UUID) -> bytes:
        """The newest version of a document that I may read; the reading is logged.

        `GET /v1/lots/{lot_id}/data-room/{document_id}/content`
        """
        return await self._calls.raw("GET", f"/v1/lots/{lot_id}/data-room/{document_id}/content")
