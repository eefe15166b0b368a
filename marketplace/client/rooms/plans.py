"""The operations of plans. Made by `make client` from the routes; not to be edited."""

from urllib.parse import quote
from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.plans import schemas as plans_schemas


class Plans:
    """Operations of plans."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_plans(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[plans_schemas.Plan]:
        """Plans of my bank, for my venue, or all for supervisors; newest first, without their steps.

        `GET /v1/plans`
        """
        return await self._calls.struct(
            "GET",
            "/v1/plans",
            edge_cursors.Page[plans_schemas.Plan],
            query={"cursor": cursor, "limit": limit},
        )

    async def draft_plan(
        self, data: plans_schemas.PlanIn, *, key: str | None = None
    ) -> plans_schemas.Plan:
        """State what is tried after what, and on what terms, for an accepted consignment of my bank.

        `POST /v1/plans`
        """
        return await self._calls.struct(
            "POST", "/v1/plans", plans_schemas.Plan, body=data, key=key or new_key()
        )

    async def get_plan(self, plan_id: UUID) -> plans_schemas.Plan:
        """A plan with its steps, what each began and became, its changes, and what is still owed.

        `GET /v1/plans/{plan_id}`
        """
        return await self._calls.struct("GET", f"/v1/plans/{plan_id}", plans_schemas.Plan)

    async def approve_plan(
        self, plan_id: UUID, data: plans_schemas.Decision, *, key: str | None = None
    ) -> plans_schemas.Plan:
        """Agree to the plan as shown, or not; by another person than its drafter.

        `POST /v1/plans/{plan_id}/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/plans/{plan_id}/approve",
            plans_schemas.Plan,
            body=data,
            key=key or new_key(),
        )

    async def propose_plan_change(
        self, plan_id: UUID, data: plans_schemas.PlanChangeIn, *, key: str | None = None
    ) -> plans_schemas.Plan:
        """Propose other steps in the place of those that have not begun.

        `POST /v1/plans/{plan_id}/changes`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/plans/{plan_id}/changes",
            plans_schemas.Plan,
            body=data,
            key=key or new_key(),
        )

    async def decide_plan_change(
        self,
        plan_id: UUID,
        change_id: UUID,
        data: plans_schemas.Decision,
        *,
        key: str | None = None,
    ) -> plans_schemas.Plan:
        """Decide on a change as shown; by another person than its proposer.

        `POST /v1/plans/{plan_id}/changes/{change_id}/decide`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/plans/{plan_id}/changes/{change_id}/decide",
            plans_schemas.Plan,
            body=data,
            key=key or new_key(),
        )

    async def start_plan(self, plan_id: UUID, *, key: str | None = None) -> plans_schemas.Plan:
        """Take the plan on: its lots are published in my name, and its first step begins.

        `POST /v1/plans/{plan_id}/start`
        """
        return await self._calls.struct(
            "POST", f"/v1/plans/{plan_id}/start", plans_schemas.Plan, key=key or new_key()
        )

    async def retry_plan_step(
        self, plan_id: UUID, n: int, *, key: str | None = None
    ) -> plans_schemas.Plan:
        """Begin a held step anew, once what held it is settled.

        `POST /v1/plans/{plan_id}/steps/{n}/retry`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/plans/{plan_id}/steps/{quote(str(n), safe='')}/retry",
            plans_schemas.Plan,
            key=key or new_key(),
        )

    async def skip_plan_step(
        self, plan_id: UUID, n: int, data: plans_schemas.Why, *, key: str | None = None
    ) -> plans_schemas.Plan:
        """Pass over a held step: the plan goes on with the next.

        `POST /v1/plans/{plan_id}/steps/{n}/skip`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/plans/{plan_id}/steps/{quote(str(n), safe='')}/skip",
            plans_schemas.Plan,
            body=data,
            key=key or new_key(),
        )

    async def stop_plan(
        self, plan_id: UUID, data: plans_schemas.Why, *, key: str | None = None
    ) -> plans_schemas.Plan:
        """End the plan; what has not begun is passed over.

        `POST /v1/plans/{plan_id}/stop`
        """
        return await self._calls.struct(
            "POST", f"/v1/plans/{plan_id}/stop", plans_schemas.Plan, body=data, key=key or new_key()
        )
