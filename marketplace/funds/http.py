"""Routes of compensation funds (风险补偿资金)."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.funds import service
from marketplace.funds.schemas import ContributionIn, Fund
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role


@post(
    "/v1/funds/{fund_id:uuid}/contributions",
    opt={"policy": allow(Role.FUND_ADMINISTRATOR)},
    summary="Contribution 资金到账",
)
async def contribute(
    conn: Conn, caller: Me, now: Now, fund_id: FromPath[UUID], data: JSONBody[ContributionIn]
) -> Fund:
    """Book money that was paid into my fund's special account (专户)."""
    return await service.contribute(conn, caller, fund_id, data, now=now)


@get(
    "/v1/funds/{fund_id:uuid}",
    opt={
        "policy": allow(
            Role.FUND_ADMINISTRATOR,
            Role.FUND_CHECKER,
            Role.REGULATOR,
            Role.AUDITOR,
            areas=(Area.FUNDS,),
        )
    },
    summary="A fund 风险补偿资金",
)
async def get_fund(reader: Conn, caller: Me, fund_id: FromPath[UUID]) -> Fund:
    """Balance, promises, advances, and what can still be promised."""
    return await service.get(reader, caller, fund_id)


routes: list[HTTPRouteHandler] = [contribute, get_fund]
