"""Where what is asked about has its room, what people call it, and how the room's own step is taken (办理)."""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Approval, ApprovalState, DecisionIn
from marketplace.claims import reviews
from marketplace.claims import rows as claim_rows
from marketplace.claims import service as claims
from marketplace.claims.schemas import Decision as ClaimDecision
from marketplace.consignments import service as consignments
from marketplace.liabilities import service as liabilities
from marketplace.liabilities.schemas import DecisionIn as LiabilityDecision
from marketplace.lots import signing as lots
from marketplace.organisations.authorities import Area, oversees
from marketplace.organisations.schemas import Caller, Role
from marketplace.plans import service as plans
from marketplace.plans.schemas import Decision as PlanDecision
from marketplace.sales import proceeds
from marketplace.sales.schemas import Approval as PlanApproval
from marketplace.sessions import service as sessions
from marketplace.set_offs import service as set_offs
from marketplace.set_offs.schemas import SetOffDecision

_SQL = load_statements("marketplace.approvals", "places.sql")
_PAGES: Final = MappingProxyType(
    {
        "consignment": "/consignments/{id}",
        "session": "/auction-sessions/{id}",
        "plan": "/plans/{id}",
        "plan_change": "/plans/{id}",
        "set_off": "/set-offs/{id}",
        "claim": "/claims/{id}",
        "liability": "/liabilities/{id}",
        "distribution": "/lots/{id}/distribution",
    }
)
#: Whose a room is among regulators; the others' page is not for them (`edge.policies`).
_AREAS: Final = MappingProxyType(
    {
        "consignment": Area.DISPOSAL,
        "plan": Area.DISPOSAL,
        "plan_change": Area.DISPOSAL,
        "set_off": Area.LOANS,
        "claim": Area.FUNDS,
        "liability": Area.FUNDS,
    }
)
_OVER: Final = frozenset({ApprovalState.APPROVED, ApprovalState.REFUSED})


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is about. `page_id` is what the page's address goes by: the plan of a change, for instance."""

    id: UUID
    room: str
    name: str
    page_id: UUID

    def path_for(self, caller: Caller) -> str | None:
        """The page on which this person reads it; None for a lot, which has none before its notice."""
        pattern = _PAGES.get(self.room)
        if self.room == "distribution" and caller.has(Role.REGULATOR, Role.AUDITOR):
            return None  # supervisors read the plan among the statements
        if self.room in _AREAS and not oversees(caller, _AREAS[self.room]):
            return None
        return None if pattern is None else pattern.format(id=self.page_id)


async def places(conn: Connection, subject_ids: Collection[UUID]) -> dict[UUID, Place]:
    """The places of these subjects; people and organisations have none here."""
    async with everything(conn):  # who may see a request is told what it is about
        rows = await conn.fetch(_SQL["places"], list(subject_ids))
    return {row["id"]: msgspec.convert(dict(row), Place) for row in rows}


async def decide(
    conn: Connection, caller: Caller, approval_id: UUID, given: DecisionIn, *, now: datetime
) -> Approval:
    """Decide on a request, and, where that was the last word that it needed, take its room's step in the same act.

    A plan's change that is a price cut too waits for both; a session, for all of its lots. Raises what
    `approvals.decide` and the room's step raise, and ContentChanged: then nothing was decided.
    """
    decided = await approvals.decide(conn, caller, approval_id, given, now=now)
    if decided.state not in _OVER:
        return decided
    place = (await places(conn, [decided.subject_id])).get(decided.subject_id)
    if place is None:
        return decided
    async with everything(conn):  # a room's step moves the rows of those whose business it is
        if decided.state is ApprovalState.APPROVED and await _waits(conn, decided, place):
            return decided
        await _ROOMS[place.room](conn, caller, decided, place, given, now)
    done = await approvals.get(conn, caller, approval_id)
    if done.state is ApprovalState.WITHDRAWN:  # what stands in the room is not what was shown
        raise approvals.ContentChanged
    return done


async def _waits(conn: Connection, decided: Approval, place: Place) -> bool:
    whose = decided.organisation_id
    if place.room == "session":
        return bool(await conn.fetchval(_SQL["session_waits"], place.page_id, whose))
    return bool(await conn.fetchval(_SQL["waits_besides"], decided.subject_id, whose, decided.id))


async def _consignment(
    conn: Connection, caller: Caller, _: Approval, place: Place, given: DecisionIn, now: datetime
) -> None:
    if given.approved:
        await consignments.approve(conn, caller, place.id, now=now)
    else:
        await consignments.send_back(conn, caller, place.id, reason=given.reason, now=now)


async def _lot(
    conn: Connection, caller: Caller, _: Approval, place: Place, given: DecisionIn, now: datetime
) -> None:
    if given.approved:  # a refused one stays as it is, for its operator to revise
        await lots.publish(conn, caller, place.id, now=now)


async def _session(
    conn: Connection, caller: Caller, _: Approval, place: Place, given: DecisionIn, now: datetime
) -> None:
    if given.approved:
        await sessions.publish(conn, caller, place.page_id, now=now)


async def _plan(
    conn: Connection, caller: Caller, _: Approval, place: Place, given: DecisionIn, now: datetime
) -> None:
    plan = await plans.get(conn, caller, place.id)
    word = PlanDecision(sha256=plan.sha256, approved=given.approved)
    await plans.approve(conn, caller, plan.id, word, now=now)


async def _plan_change(
    conn: Connection, caller: Caller, _: Approval, place: Place, given: DecisionIn, now: datetime
) -> None:
    plan = await plans.get(conn, caller, place.page_id)
    change = next(one for one in plan.changes if one.id == place.id)
    word = PlanDecision(sha256=change.sha256, approved=given.approved)
    await plans.decide_change(conn, caller, plan.id, change.id, word, now=now)


async def _set_off(
    conn: Connection, caller: Caller, _: Approval, place: Place, given: DecisionIn, now: datetime
) -> None:
    set_off = await set_offs.get(conn, caller, place.id)
    word = SetOffDecision(price_fen=set_off.price_fen, approved=given.approved)
    await set_offs.decide(conn, caller, set_off.id, word, now=now)


async def _claim(
    conn: Connection,
    caller: Caller,
    decided: Approval,
    place: Place,
    given: DecisionIn,
    now: datetime,
) -> None:
    sha256 = msgspec.json.decode(decided.content, type=_ClaimPaper).claim_sha256
    word = ClaimDecision(approved=given.approved, reason=given.reason, claim_sha256=sha256)
    claim = await claim_rows.get(conn, caller, place.id)
    if claim.organisation_id == caller.organisation_id:
        await claims.decide(conn, caller, place.id, word, now=now)
    else:
        await reviews.review(conn, caller, place.id, word, now=now)


async def _liability(
    conn: Connection,
    caller: Caller,
    decided: Approval,
    place: Place,
    given: DecisionIn,
    now: datetime,
) -> None:
    if given.approved:  # nothing stands in the room of what was refused
        word = LiabilityDecision(approved=True, reason=given.reason, sha256=decided.sha256)
        await liabilities.decide(conn, caller, place.id, word, now=now)


async def _distribution(
    conn: Connection,
    caller: Caller,
    decided: Approval,
    place: Place,
    given: DecisionIn,
    now: datetime,
) -> None:
    if (
        given.approved
    ):  # what speaks against a plan is an objection, entered and answered at its page
        shown = msgspec.json.decode(decided.content, type=PlanApproval)
        await proceeds.approve_plan(conn, caller, place.page_id, shown, now=now)


class _ClaimPaper(msgspec.Struct, frozen=True):
    claim_sha256: str


_Room: TypeAlias = Callable[
    [Connection, Caller, Approval, Place, DecisionIn, datetime], Awaitable[None]
]
_ROOMS: Final[MappingProxyType[str, _Room]] = MappingProxyType(
    {
        "consignment": _consignment,
        "lot": _lot,
        "session": _session,
        "plan": _plan,
        "plan_change": _plan_change,
        "set_off": _set_off,
        "claim": _claim,
        "liability": _liability,
        "distribution": _distribution,
    }
)
