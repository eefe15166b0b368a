"""The pages of a bank's ledger: all loans, one loan, one right, due diligence; and a lot's data room."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.clock import CHINA
from kit.errors import NotFound
from kit.sql import Connection
from marketplace.assets import service as assets
from marketplace.assets.types import FACTS
from marketplace.assets.upkeep import upkeep
from marketplace.bidders import service as bidders
from marketplace.burdens import service as burdens
from marketplace.consignments import service as consignments
from marketplace.consignments.eligibility import CHECK_SET
from marketplace.diligence import service as diligence
from marketplace.diligence.pages import CHECKERS, RUNNERS
from marketplace.documents import service as documents
from marketplace.documents.schemas import Acceptance, Subject
from marketplace.documents.service import reads_documents
from marketplace.documents.words import KINDS
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now, Visitor
from marketplace.edge.policies import POLICY, allow, public
from marketplace.exports.service import rights_row
from marketplace.imports.layout import RIGHTS
from marketplace.ledgers import service
from marketplace.lots import service as lots
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.pledges import service as pledges
from marketplace.valuations import service as valuations

_BANK = allow(Role.BANK_MAKER, Role.BANK_CHECKER, Role.REGULATOR, Role.AUDITOR, areas=(Area.LOANS,))
_INSIDE_ROLES = (
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
)
#: As over the API: rights for those who oversee collateral, due diligence for those who oversee its disposal.
_RIGHTS = allow(*_INSIDE_ROLES, areas=(Area.COLLATERAL,))
_DILIGENCE = allow(*_INSIDE_ROLES, areas=(Area.DISPOSAL,))


@get("/ledger", opt={POLICY: _BANK}, **PAGE)
async def ledger_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, position: At
) -> Response[str]:
    """Every loan on one line: how late, how graded, what stands behind it, what is alarming."""
    lines = await service.page(reader, caller, after=position.after, limit=position.rows, now=now)
    listed = page_of(lines, position, key=lambda line: line.case.id)
    return page(
        "ledger.html",
        visitor=visitor_of(request),
        here="/ledger",
        lines=listed.items,
        may_enter=caller.has(Role.BANK_MAKER),
        next_cursor=listed.next_cursor,
    )


@get("/ledger/{case_id:uuid}", opt={POLICY: _BANK}, **PAGE)
async def case_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, case_id: FromPath[UUID]
) -> Response[str]:
    """One loan: deadlines, rights, consignments, alerts, and what was done, newest first."""
    return page(
        "case_file.html",
        visitor=visitor_of(request),
        here="/ledger",
        file=await service.file_of(reader, caller, case_id, now=now),
        facts=FACTS,
        may_enter=caller.has(Role.BANK_MAKER),
        evidence=await documents.evidence_of_case(reader, case_id),
        paper_kinds=KINDS,
    )


@get("/rights/{asset_id:uuid}", opt={POLICY: _RIGHTS}, **PAGE)
async def right_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, asset_id: FromPath[UUID]
) -> Response[str]:
    """One right: what the register says and when, pledges by rank, burdens, fees, values."""
    asset = await assets.get(reader, caller, asset_id)
    return page(
        "right.html",
        visitor=visitor_of(request),
        here="/ledger",
        asset=asset,
        facts=FACTS[asset.ip_type],
        upkeep=upkeep(asset, today=now.astimezone(CHINA).date()),
        pledges=await pledges.ranked_over(reader, caller, asset_id),
        burdens=await burdens.of_asset(reader, caller, asset_id),
        reports=await valuations.of_assets(reader, [asset_id]),
        may_enter=caller.has(Role.BANK_MAKER),
        reads_documents=reads_documents(caller, asset.organisation_id),
        particulars=[
            (column, text)
            for column, text in zip(RIGHTS.columns, rights_row(asset), strict=True)
            if column.is_later and text
        ],
    )


@get("/consignments/{consignment_id:uuid}/diligence", opt={POLICY: _DILIGENCE}, **PAGE)
async def diligence_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, consignment_id: FromPath[UUID]
) -> Response[str]:
    """The last run of the eligibility rules with evidence and sources, and the runs before it."""
    consignment = await consignments.get(reader, caller, consignment_id)
    return page(
        "diligence.html",
        visitor=visitor_of(request),
        here="/consignments",
        consignment=consignment,
        runs=await diligence.runs_of(reader, caller, consignment_id),
        titles={check.code: check for check in CHECK_SET.checks},
        may_run=caller.has(*RUNNERS),
        may_override=caller.has(*CHECKERS)
        and caller.user_id not in (consignment.drafted_by, consignment.submitted_by),
    )


@get("/lots/{lot_id:uuid}/data-room", opt={POLICY: public()}, **PAGE)
async def data_room_page(
    request: Request[Any, Any, Any], reader: Conn, visitor: Visitor, lot_id: FromPath[UUID]
) -> Response[str]:
    """What I may read of a lot's documents, what is withheld, and the secrecy terms."""
    room = await documents.data_room(reader, visitor, lot_id)
    return page(
        "data_room.html",
        visitor=visitor_of(request),
        here="",
        lot=await lots.public(reader, lot_id),
        room=room,
        may_add=visitor is not None
        and visitor.has(Role.VENUE_OPERATOR)
        and await _is_of_venue(reader, visitor, lot_id),
        may_accept=room.terms is not None
        and not room.has_accepted
        and await _is_registered(reader, visitor, lot_id),
    )


@post(
    "/lots/{lot_id:uuid}/data-room/acceptance",
    opt={POLICY: allow(Role.AGENCY_BIDDER)},
    request_max_body_size=16 * 1024,
    **PAGE,
)
async def accept_terms_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """My organisation, registered for the lot, accepts the secrecy terms whose hash the form carried."""
    read = given(await form_of(request), Acceptance)
    await documents.accept_terms(conn, caller, lot_id, read.sha256, now=now)
    return Redirect(f"/lots/{lot_id}/data-room", status_code=303)


async def _is_of_venue(conn: Connection, visitor: Caller, lot_id: UUID) -> bool:
    try:
        await documents.require_about(conn, visitor, Subject.LOT, lot_id)
    except NotFound:
        return False
    return True


async def _is_registered(conn: Connection, visitor: Caller | None, lot_id: UUID) -> bool:
    if visitor is None or not visitor.has(Role.AGENCY_BIDDER):
        return False
    try:
        await bidders.own(conn, visitor, lot_id)
    except NotFound:
        return False
    return True


routes: list[HTTPRouteHandler] = [
    ledger_page,
    case_page,
    right_page,
    diligence_page,
    data_room_page,
    accept_terms_by_form,
]
