"""Route of the change feed (变更流)."""

from typing import Annotated, TypeAlias

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from marketplace.changes import service
from marketplace.changes.schemas import ChangePage
from marketplace.edge.dependencies import Conn, Me
from marketplace.edge.policies import signed_in

_After: TypeAlias = Annotated[int, QueryParameter(ge=0, le=2**63 - 1)]
_Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=service.LIMIT_MAX)]


@get("/v1/changes", opt={"policy": signed_in()}, summary="Changes 变更流")
async def list_changes(
    reader: Conn, caller: Me, after: _After = 0, limit: _Limit = 100
) -> ChangePage:
    """What happened that concerns my organisation, after a position, oldest first and without a gap.

    Keep `next_after` and ask with it again: nothing is missed and nothing comes twice, however long you were away.
    """
    return await service.after(reader, caller, position=after, limit=limit)


routes: list[HTTPRouteHandler] = [list_changes]
