"""What a plan's steps are and what is still owed: read by the services that run it."""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.sql import Connection, load_statements
from marketplace.cases import service as cases
from marketplace.consignments import service as consignments
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller, OrganisationKind
from marketplace.plans.rules import start_prices
from marketplace.plans.schemas import Plan, Step, StepState
from marketplace.sales import received

_SQL = load_statements("marketplace.plans", "queries.sql")


def caller_of(
    organisation_id: UUID,
    *,
    user_id: UUID | None = None,
    kind: OrganisationKind = OrganisationKind.VENUE,
) -> Caller:
    """The system acting for an organisation; in a person's name where that person decided it beforehand."""
    return msgspec.structs.replace(
        SYSTEM_CALLER,
        organisation_id=organisation_id,
        organisation_kind=kind,
        user_id=user_id or SYSTEM_CALLER.user_id,
    )


async def steps_of(conn: Connection, plan_id: UUID) -> list[Step]:
    """The steps in their order."""
    rows = await conn.fetch(_SQL["steps"], plan_id)
    return [
        msgspec.convert(dict(row) | {"terms": msgspec.json.decode(row["terms"])}, Step)
        for row in rows
    ]


async def priced_steps(conn: Connection, plan: Plan) -> list[Step]:
    """The steps with what each starts at."""
    steps = await steps_of(conn, plan.id)
    consignment = await consignments.get(conn, SYSTEM_CALLER, plan.consignment_id)
    prices = start_prices(consignment.start_price_fen, [step.terms for step in steps])
    return [
        msgspec.structs.replace(step, start_price_fen=price)
        for step, price in zip(steps, prices, strict=True)
    ]


async def outstanding_fen(conn: Connection, plan: Plan) -> int:
    """What of the debt has not been paid; compensation pays none of it (domain 6.2). Never below nothing."""
    consignment = await consignments.get(conn, SYSTEM_CALLER, plan.consignment_id)
    case = await cases.get(conn, SYSTEM_CALLER, consignment.case_id)
    owed_fen = case.principal_fen + case.interest_fen + case.penalty_fen
    return max(owed_fen - await received.paid_of_loan(conn, case.id), 0)


async def skip_planned(conn: Connection, plan_id: UUID, *, reason: str, now: datetime) -> None:
    """Pass over what has not begun."""
    for step in await steps_of(conn, plan_id):
        if step.state is StepState.PLANNED:
            await conn.execute(
                _SQL["set_step"], plan_id, step.n, StepState.SKIPPED, None, reason, now
            )
