"""The operations of approvals. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.approvals import schemas as approvals_schemas
from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors


class Approvals:
    """Operations of approvals."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_limits(self) -> list[approvals_schemas.Limit]:
        """From which amount on two checkers of my organisation must agree; the first is in force.

        `GET /v1/approval-limits`
        """
        return await self._calls.struct("GET", "/v1/approval-limits", list[approvals_schemas.Limit])

    async def ask_limit(
        self, data: approvals_schemas.LimitIn, *, key: str | None = None
    ) -> approvals_schemas.Approval:
        """Ask for a new limit; it is in force once another checker agrees.

        `POST /v1/approval-limits`
        """
        return await self._calls.struct(
            "POST",
            "/v1/approval-limits",
            approvals_schemas.Approval,
            body=data,
            key=key or new_key(),
        )

    async def list_approvals(
        self,
        *,
        status: approvals_schemas.ApprovalState | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> edge_cursors.Page[approvals_schemas.Approval]:
        """What my organisation asked to have approved, newest first; of all organisations, for
        regulators and auditors.

        `GET /v1/approvals`
        """
        return await self._calls.struct(
            "GET",
            "/v1/approvals",
            edge_cursors.Page[approvals_schemas.Approval],
            query={"status": status, "cursor": cursor, "limit": limit},
        )

    async def list_waiting(self) -> list[approvals_schemas.Approval]:
        """What I may decide now, oldest first, a hundred at most: neither asked nor decided by my
        person, nor about it.

        `GET /v1/approvals/waiting`
        """
        return await self._calls.struct(
            "GET", "/v1/approvals/waiting", list[approvals_schemas.Approval]
        )

    async def get_approval(self, approval_id: UUID) -> approvals_schemas.Approval:
        """What exactly is to be approved, and who has decided.

        `GET /v1/approvals/{approval_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/approvals/{approval_id}", approvals_schemas.Approval
        )

    async def decide_approval(
        self, approval_id: UUID, data: approvals_schemas.DecisionIn, *, key: str | None = None
    ) -> approvals_schemas.Approval:
        """Yes or no to exactly the content with this hash; by another person than who asked.

        `POST /v1/approvals/{approval_id}/decision`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/approvals/{approval_id}/decision",
            approvals_schemas.Approval,
            body=data,
            key=key or new_key(),
        )

    async def withdraw_approval(
        self, approval_id: UUID, *, key: str | None = None
    ) -> approvals_schemas.Approval:
        """Take my request back.

        `POST /v1/approvals/{approval_id}/withdrawal`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/approvals/{approval_id}/withdrawal",
            approvals_schemas.Approval,
            key=key or new_key(),
        )
