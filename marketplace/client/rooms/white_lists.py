"""The operations of white_lists. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.white_lists import schemas as white_lists_schemas


class WhiteLists:
    """Operations of white_lists."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_lists(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[white_lists_schemas.WhiteList]:
        """Those that my organisation keeps or received, oldest first.

        `GET /v1/white-lists`
        """
        return await self._calls.struct(
            "GET",
            "/v1/white-lists",
            edge_cursors.Page[white_lists_schemas.WhiteList],
            query={"cursor": cursor, "limit": limit},
        )

    async def draft_list(
        self, data: white_lists_schemas.NewList, *, key: str | None = None
    ) -> white_lists_schemas.WhiteList:
        """A draft under the next number of its name.

        `POST /v1/white-lists`
        """
        return await self._calls.struct(
            "POST",
            "/v1/white-lists",
            white_lists_schemas.WhiteList,
            body=data,
            key=key or new_key(),
        )

    async def get_list(self, list_id: UUID) -> white_lists_schemas.WhiteList:
        """Entries, hash, pushes and receipts; a bank sees its own push.

        `GET /v1/white-lists/{list_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/white-lists/{list_id}", white_lists_schemas.WhiteList
        )

    async def change_list(
        self, list_id: UUID, data: white_lists_schemas.NewList, version: int
    ) -> white_lists_schemas.WhiteList:
        """A draft's new content; what is published does not change.

        `PUT /v1/white-lists/{list_id}`
        """
        return await self._calls.struct(
            "PUT",
            f"/v1/white-lists/{list_id}",
            white_lists_schemas.WhiteList,
            body=data,
            version=version,
        )

    async def list_answers(self, list_id: UUID) -> list[white_lists_schemas.Answer]:
        """What banks said: all for the keeper and supervisors, its own for a bank.

        `GET /v1/white-lists/{list_id}/answers`
        """
        return await self._calls.struct(
            "GET", f"/v1/white-lists/{list_id}/answers", list[white_lists_schemas.Answer]
        )

    async def answer_list(
        self, list_id: UUID, data: white_lists_schemas.NewAnswer, *, key: str | None = None
    ) -> list[white_lists_schemas.Answer]:
        """What became of an enterprise at my bank.

        `POST /v1/white-lists/{list_id}/answers`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/white-lists/{list_id}/answers",
            list[white_lists_schemas.Answer],
            body=data,
            key=key or new_key(),
        )

    async def publish_list(
        self, list_id: UUID, *, key: str | None = None
    ) -> white_lists_schemas.WhiteList:
        """Freeze it under its hash; older ones of the name are superseded. Not by its drafter.

        `POST /v1/white-lists/{list_id}/publication`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/white-lists/{list_id}/publication",
            white_lists_schemas.WhiteList,
            key=key or new_key(),
        )

    async def push_list(
        self, list_id: UUID, data: white_lists_schemas.PushTo, *, key: str | None = None
    ) -> white_lists_schemas.WhiteList:
        """To these banks, each once.

        `POST /v1/white-lists/{list_id}/pushes`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/white-lists/{list_id}/pushes",
            white_lists_schemas.WhiteList,
            body=data,
            key=key or new_key(),
        )

    async def receive_list(
        self, list_id: UUID, *, key: str | None = None
    ) -> white_lists_schemas.WhiteList:
        """My bank has it: the receipt names its number and hash.

        `POST /v1/white-lists/{list_id}/receipt`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/white-lists/{list_id}/receipt",
            white_lists_schemas.WhiteList,
            key=key or new_key(),
        )
