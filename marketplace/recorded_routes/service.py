"""Recorded routes: proposed by a bank's maker, decided by its checker; each cash flow becomes a recovery, once."""

from datetime import datetime
from functools import partial
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.audit.steps import moved
from marketplace.claims import recovering
from marketplace.consignments import service as consignments
from marketplace.consignments.rules import require_another_person
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller, OrganisationKind
from marketplace.recorded_routes.rules import require_route_step
from marketplace.recorded_routes.schemas import (
    Flow,
    FlowIn,
    RecordedRoute,
    RecordedRouteIn,
    RouteDecision,
    RouteState,
)
from settlement.errors import translated
from settlement.rules.case import Cost, RecoveryEvent

_SQL = load_statements("marketplace.recorded_routes", "queries.sql")
_moved = partial(moved, subject="recorded_route")
_WATCH = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})


class DocumentDiffers(Conflict):
    """The document is not the one recorded: read it again. / 文件与登记不符，请重新查看。"""

    code = "document_differs"


class FlowDiffers(Conflict):
    """This reference was recorded with other figures. / 该凭证号已登记且金额不同。"""

    code = "flow_differs"


async def propose(
    conn: Connection, caller: Caller, given: RecordedRouteIn, *, now: datetime
) -> RecordedRoute:
    """Record what the caller's bank agreed outside the platform over one of its consignments."""
    consignment = await consignments.get(conn, caller, given.consignment_id)
    if consignment.organisation_id != caller.organisation_id:
        raise NotFound
    route_id = uuid7(now)
    await conn.execute(
        _SQL["insert"],
        route_id,
        consignment.id,
        consignment.case_id,
        consignment.organisation_id,
        consignment.venue_id,
        given.kind,
        given.counterparty,
        given.terms,
        given.amount_fen,
        given.document_sha256,
        caller.user_id,
        now,
    )
    await _moved(conn, caller, route_id, "", RouteState.PROPOSED, now=now)
    return await get(conn, caller, route_id)


async def decide(
    conn: Connection, caller: Caller, route_id: UUID, given: RouteDecision, *, now: datetime
) -> RecordedRoute:
    """Another person of the bank decides; after a yes its cash flows count."""
    before = await _locked_own(conn, caller, route_id)
    require_another_person(before.proposed_by, caller.user_id)
    if before.document_sha256 != given.document_sha256:
        raise DocumentDiffers
    wanted = RouteState.APPROVED if given.approved else RouteState.REFUSED
    require_route_step(before.state, wanted, number=before.number)
    await conn.execute(_SQL["decide"], route_id, wanted, caller.user_id, now)
    await _moved(conn, caller, route_id, before.state, wanted, now=now)
    return await get(conn, caller, route_id)


async def end(
    conn: Connection, caller: Caller, route_id: UUID, *, reason: str, now: datetime
) -> RecordedRoute:
    """No more money is expected on the route."""
    before = await _locked_own(conn, caller, route_id)
    require_route_step(before.state, RouteState.ENDED, number=before.number)
    await conn.execute(_SQL["end"], route_id, reason, now)
    await _moved(conn, caller, route_id, before.state, RouteState.ENDED, now=now, reason=reason)
    return await get(conn, caller, route_id)


async def add_flow(
    conn: Connection, caller: Caller, route_id: UUID, given: FlowIn, *, now: datetime
) -> RecordedRoute:
    """Money came in: the loan's claim shares it as soon as it can. The same reference again is known.

    Raises `FlowDiffers`, `DuplicateBankReference` for a credit of this bank that was booked as something else.
    """
    route = await _locked_own(conn, caller, route_id)
    known = next(
        (one for one in await _flows(conn, route_id) if one.reference == given.reference), None
    )
    if known is not None:
        if (known.gross_fen, known.costs_fen) != (given.gross_fen, given.costs_fen):
            raise FlowDiffers
        return await get(conn, caller, route_id)
    if route.state is not RouteState.APPROVED:
        raise Conflict(
            f"route {route.number} is {route.state}; money counts once it is approved",
            f"{route.number} 状态为 {route.state}，须经复核后方可登记回款",
        )
    flow_id = uuid7(now)
    with translated():
        await conn.execute(
            _SQL["insert_flow"],
            flow_id,
            route_id,
            given.reference,
            given.gross_fen,
            given.costs_fen,
            given.received_on,
            caller.user_id,
            now,
        )
    await audit.record(
        conn,
        caller,
        now=now,
        action="recorded_flow_added",
        subject="recorded_route",
        subject_id=route_id,
        after=given,
    )
    await duties.add(conn, Kind.SHARE_FLOW, subject_id=flow_id, due_at=now, now=now)
    return await get(conn, caller, route_id)


async def share(conn: Connection, flow_id: UUID, *, now: datetime) -> bool:
    """Hand a flow to the loan's compensation case, once; False while that is not ready for it."""
    row = await conn.fetchrow(_SQL["lock_flow"], flow_id)
    assert row is not None, "a duty's flow exists"
    if row["shared_at"] is not None:
        return True
    costs = (Cost(name="collection 回款费用", amount_fen=row["costs_fen"]),)
    event = RecoveryEvent(
        id=f"flow:{flow_id}",
        gross_fen=row["gross_fen"],
        costs=costs if row["costs_fen"] else (),
    )
    if not await recovering.record_other_recovery(
        conn, SYSTEM_CALLER, case_id=row["case_id"], event=event, now=now
    ):
        return False
    await conn.execute(_SQL["mark_shared"], flow_id, now)
    return True


async def get(conn: Connection, caller: Caller, route_id: UUID) -> RecordedRoute:
    """A recorded route that the caller may see, with its flows; raises `NotFound`."""
    sees_all = caller.organisation_kind in _WATCH
    route = _route(await conn.fetchrow(_SQL["by_id"], route_id, caller.organisation_id, sees_all))
    return msgspec.structs.replace(route, flows=await _flows(conn, route_id))


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[RecordedRoute]:
    """Recorded routes that the caller may see, newest first, without their flows."""
    sees_all = caller.organisation_kind in _WATCH
    rows = await conn.fetch(_SQL["page"], after, caller.organisation_id, sees_all, limit)
    return [_route(row) for row in rows]


async def _flows(conn: Connection, route_id: UUID) -> list[Flow]:
    return [msgspec.convert(dict(row), Flow) for row in await conn.fetch(_SQL["flows"], route_id)]


async def _locked_own(conn: Connection, caller: Caller, route_id: UUID) -> RecordedRoute:
    route = _route(await conn.fetchrow(_SQL["lock"], route_id))
    if route.organisation_id != caller.organisation_id:
        raise NotFound
    return route


def _route(row: asyncpg.Record | None) -> RecordedRoute:
    if row is None:
        raise NotFound("no such route", "没有该处置记录")
    return msgspec.convert(dict(row), RecordedRoute)
