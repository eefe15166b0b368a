"""Routes of the pledgor's desk (出质人)."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.grants.schemas import Signing
from marketplace.organisations.schemas import Role
from marketplace.pledgors import service
from marketplace.pledgors.schemas import ConsentIn, Desk, ObjectIn

PLEDGOR = allow(Role.PLEDGOR)


@get("/v1/pledgor/desk", opt={"policy": PLEDGOR}, summary="My rights and debts 我的质物与债务")
async def get_desk(reader: Conn, caller: Me) -> Desk:
    """My debts, my pledged rights, the lots that sell them, notices to me, and what is left to me of the proceeds."""
    return await service.desk(reader, caller)


@post(
    "/v1/pledgor/notices/{notice_id:uuid}/receipt",
    opt={"policy": PLEDGOR},
    summary="Received 签收通知",
    status_code=200,
)
async def receive_notice(conn: Conn, caller: Me, now: Now, notice_id: FromPath[UUID]) -> Desk:
    """I have received word of the sale; I count as told from today on."""
    return await service.receive(conn, caller, notice_id, now=now)


@post(
    "/v1/pledgor/lots/{lot_id:uuid}/objections",
    opt={"policy": PLEDGOR},
    summary="Object 提出异议",
    status_code=200,
)
async def object_to_distribution(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[ObjectIn]
) -> Desk:
    """Object to the draft of how the proceeds of my rights are distributed, before its time for objections is over."""
    return await service.object_to(conn, caller, lot_id, data, now=now)


@post(
    "/v1/pledgor/lots/{lot_id:uuid}/consent",
    opt={"policy": PLEDGOR},
    summary="Consent 同意继续处置",
    status_code=204,
)
async def consent_to_sale(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[ConsentIn]
) -> None:
    """I, the debtor, agree that this lot is sold although my debt is covered."""
    await service.consent(conn, caller, lot_id, data, now=now)


@post(
    "/v1/pledgor/licences/{grant_id:uuid}/signature",
    opt={"policy": PLEDGOR},
    summary="Sign 签署反向许可",
    status_code=200,
)
async def sign_licence_back(
    conn: Conn, caller: Me, now: Now, grant_id: FromPath[UUID], data: JSONBody[Signing]
) -> Desk:
    """Agree, as the pledgor, to the licence of my own right back to me, as shown."""
    return await service.sign(conn, caller, grant_id, sha256=data.sha256, now=now)


routes: list[HTTPRouteHandler] = [
    get_desk,
    receive_notice,
    object_to_distribution,
    consent_to_sale,
    sign_licence_back,
]
