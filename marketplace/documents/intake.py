"""What a venue reads of a consignor's papers to look a consignment through, before there is a lot (domain 7)."""

from datetime import datetime
from uuid import UUID

from kit.errors import NotFound
from kit.reach import everything
from kit.sql import Connection
from marketplace.consignments import service as consignments
from marketplace.consignments.schemas import ConsignmentState
from marketplace.documents import service
from marketplace.documents.schemas import Document
from marketplace.organisations.schemas import Caller

#: Given back: no longer the venue's to look through.
_GIVEN_BACK = frozenset({ConsignmentState.RETURNED, ConsignmentState.WITHDRAWN})


async def papers(conn: Connection, caller: Caller, consignment_id: UUID) -> list[Document]:
    """The papers behind a consignment to the caller's venue: of its loan, rights, pledges and valuations.

    Inside ones too, as in a lot's data room. None while it is given back; `NotFound` for anybody else.
    """
    one = await consignments.get(conn, caller, consignment_id)
    if one.venue_id != caller.organisation_id:
        raise NotFound
    if one.state in _GIVEN_BACK:
        return []
    async with everything(
        conn
    ):  # the bank's documents, asked for by a consignment that is the caller's to read
        found = await service.of_disposal(conn, consignment_id=consignment_id)
    return [each for each in found if each.versions and not each.is_withdrawn]


async def read(
    conn: Connection, caller: Caller, consignment_id: UUID, document_id: UUID, *, now: datetime
) -> service.File:
    """The newest version of such a paper, and a line in the log."""
    found = await papers(conn, caller, consignment_id)
    return await service.read_newest(conn, caller, found, document_id, lot_id=None, now=now)
