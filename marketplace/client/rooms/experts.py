"""The operations of experts. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.experts import schemas as experts_schemas


class Experts:
    """Operations of experts."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_draws(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[experts_schemas.Draw]:
        """The draws of my venue, oldest first.

        `GET /v1/expert-draws`
        """
        return await self._calls.struct(
            "GET",
            "/v1/expert-draws",
            edge_cursors.Page[experts_schemas.Draw],
            query={"cursor": cursor, "limit": limit},
        )

    async def draw_experts(
        self, data: experts_schemas.NewDraw, *, key: str | None = None
    ) -> experts_schemas.Draw:
        """Draw by lot out of my venue's base, leaving out who is tied to a party; the answer lets
        anybody repeat it.

        `POST /v1/expert-draws`
        """
        return await self._calls.struct(
            "POST", "/v1/expert-draws", experts_schemas.Draw, body=data, key=key or new_key()
        )

    async def get_draw(self, draw_id: UUID) -> experts_schemas.Draw:
        """Seed, candidates by rank, exclusions with reasons, seats with declarations.

        `GET /v1/expert-draws/{draw_id}`
        """
        return await self._calls.struct("GET", f"/v1/expert-draws/{draw_id}", experts_schemas.Draw)

    async def declare_conflicts(
        self,
        draw_id: UUID,
        expert_id: UUID,
        data: experts_schemas.Declaration,
        *,
        key: str | None = None,
    ) -> experts_schemas.Draw:
        """The expert, or the base's operator with their written word; who is not free is replaced by
        the next by lot.

        `POST /v1/expert-draws/{draw_id}/experts/{expert_id}/declaration`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/expert-draws/{draw_id}/experts/{expert_id}/declaration",
            experts_schemas.Draw,
            body=data,
            key=key or new_key(),
        )

    async def set_draw_aside(
        self, draw_id: UUID, data: experts_schemas.SetAside, *, key: str | None = None
    ) -> experts_schemas.Draw:
        """The draw counts no more, with a reason; by another person than the one who drew.

        `POST /v1/expert-draws/{draw_id}/set-aside`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/expert-draws/{draw_id}/set-aside",
            experts_schemas.Draw,
            body=data,
            key=key or new_key(),
        )

    async def list_experts(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[experts_schemas.Expert]:
        """The base of my venue; supervisors see every base.

        `GET /v1/experts`
        """
        return await self._calls.struct(
            "GET",
            "/v1/experts",
            edge_cursors.Page[experts_schemas.Expert],
            query={"cursor": cursor, "limit": limit},
        )

    async def register_expert(
        self, data: experts_schemas.NewExpert, *, key: str | None = None
    ) -> experts_schemas.Expert:
        """Enter an expert, with their standing interests, in my venue's base.

        `POST /v1/experts`
        """
        return await self._calls.struct(
            "POST", "/v1/experts", experts_schemas.Expert, body=data, key=key or new_key()
        )

    async def get_expert(self, expert_id: UUID) -> experts_schemas.Expert:
        """One expert of my venue's base.

        `GET /v1/experts/{expert_id}`
        """
        return await self._calls.struct("GET", f"/v1/experts/{expert_id}", experts_schemas.Expert)

    async def change_expert(
        self, expert_id: UUID, data: experts_schemas.ExpertChange, version: int
    ) -> experts_schemas.Expert:
        """What the entry says from now on: fields, interests, and whether they can be drawn.

        `PUT /v1/experts/{expert_id}`
        """
        return await self._calls.struct(
            "PUT", f"/v1/experts/{expert_id}", experts_schemas.Expert, body=data, version=version
        )

    async def list_tasks(self) -> list[experts_schemas.Draw]:
        """The panels on which I sit, newest first.

        `GET /v1/me/expert-tasks`
        """
        return await self._calls.struct("GET", "/v1/me/expert-tasks", list[experts_schemas.Draw])
