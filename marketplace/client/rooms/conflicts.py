"""The operations of conflicts. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.conflicts import schemas as conflicts_schemas
from marketplace.edge import cursors as edge_cursors


class Conflicts:
    """Operations of conflicts."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_barred(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[conflicts_schemas.BarredParty]:
        """My venue's register, newest first, lifted entries too.

        `GET /v1/barred-parties`
        """
        return await self._calls.struct(
            "GET",
            "/v1/barred-parties",
            edge_cursors.Page[conflicts_schemas.BarredParty],
            query={"cursor": cursor, "limit": limit},
        )

    async def bar_party(
        self, data: conflicts_schemas.BarredPartyIn, *, key: str | None = None
    ) -> conflicts_schemas.BarredParty:
        """Enter somebody who may not bid at my venue: court, staff, close relatives, defaulters
        (art. 34).

        `POST /v1/barred-parties`
        """
        return await self._calls.struct(
            "POST",
            "/v1/barred-parties",
            conflicts_schemas.BarredParty,
            body=data,
            key=key or new_key(),
        )

    async def lift_bar(
        self, entry_id: UUID, data: conflicts_schemas.LiftIn, *, key: str | None = None
    ) -> conflicts_schemas.BarredParty:
        """Let somebody bid again; by another person than who entered it.

        `POST /v1/barred-parties/{entry_id}/lift`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/barred-parties/{entry_id}/lift",
            conflicts_schemas.BarredParty,
            body=data,
            key=key or new_key(),
        )

    async def list_group(self) -> conflicts_schemas.GroupMemberList:
        """My organisation's group.

        `GET /v1/group-members`
        """
        return await self._calls.struct(
            "GET", "/v1/group-members", conflicts_schemas.GroupMemberList
        )

    async def add_group_member(
        self, data: conflicts_schemas.GroupMemberIn, *, key: str | None = None
    ) -> conflicts_schemas.GroupMember:
        """Enter somebody of my organisation's group: they may not bid for what it sells.

        `POST /v1/group-members`
        """
        return await self._calls.struct(
            "POST",
            "/v1/group-members",
            conflicts_schemas.GroupMember,
            body=data,
            key=key or new_key(),
        )

    async def end_group_member(
        self, member_id: UUID, data: conflicts_schemas.LiftIn, *, key: str | None = None
    ) -> conflicts_schemas.GroupMember:
        """Somebody does not belong to my organisation's group any more.

        `POST /v1/group-members/{member_id}/end`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/group-members/{member_id}/end",
            conflicts_schemas.GroupMember,
            body=data,
            key=key or new_key(),
        )
