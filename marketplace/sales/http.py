"""Routes of what follows a sale: confirmation (成交确认书), payment, costs, distribution (分配方案), title."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow, public
from marketplace.edge.reach import REACH
from marketplace.lots import service as lots
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import Role
from marketplace.sales import payouts, proceeds, service
from marketplace.sales.schemas import (
    Approval,
    Confirmation,
    CorrectionView,
    CostSheet,
    CostsIn,
    DistributionPlan,
    PaidOut,
    PaymentDone,
    PaymentReceipt,
    Payout,
    PayoutCorrection,
    PayoutList,
    Sale,
    TitleIn,
)

#: Why what changes here reaches over organisations (`edge.reach`).
WHY = "A sale moves money among its buyer, its venue, its bank and the other creditors."
OPERATOR = allow(Role.VENUE_OPERATOR)
CHECKER = allow(Role.VENUE_CHECKER)
_VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_DRAFTERS = allow(Role.VENUE_OPERATOR, Role.BANK_MAKER)
_APPROVERS = allow(Role.BANK_CHECKER, Role.VENUE_CHECKER)
PARTIES = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)


@get("/v1/lots/{lot_id:uuid}/sale", opt={"policy": public()}, summary="Result 竞价结果")
async def get_sale(reader: Conn, lot_id: FromPath[UUID]) -> Sale:
    """How the auction of a lot ended: paddles only."""
    await lots.public(reader, lot_id)
    return await service.of_lot(reader, lot_id)


@post(
    "/v1/lots/{lot_id:uuid}/confirmation",
    opt={"policy": OPERATOR, REACH: WHY},
    summary="Confirm 出具成交确认书",
)
async def issue_confirmation(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Confirmation:
    """Issue the confirmation with the winner's true identity; from here the price is awaited."""
    return await service.confirm(conn, caller, lot_id, now=now)


@get("/v1/lots/{lot_id:uuid}/confirmation", opt={"policy": public()}, summary="成交确认书")
async def get_confirmation(reader: Conn, lot_id: FromPath[UUID]) -> Confirmation:
    """The confirmation, which is public once issued; `content` is what `sha256` was computed over."""
    return await service.confirmation_of(reader, lot_id)


@post(
    "/v1/lots/{lot_id:uuid}/payments",
    opt={"policy": OPERATOR, REACH: WHY},
    summary="Payment 价款到账",
)
async def receive_payment(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[PaymentReceipt]
) -> PaymentDone:
    """Book money that the bank reports for the price; the deposit becomes part of it when the rest is there."""
    return await service.receive_payment(conn, caller, lot_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/costs",
    opt={"policy": OPERATOR, REACH: WHY},
    summary="Draft costs 起草费用",
)
async def draft_costs(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[CostsIn]
) -> CostSheet:
    """Draw up the costs and taxes that the proceeds bear."""
    return await proceeds.draft_costs(conn, caller, lot_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/costs/lock",
    opt={"policy": CHECKER, REACH: WHY},
    summary="Lock costs 锁定费用",
)
async def lock_costs(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Approval]
) -> CostSheet:
    """Lock the costs as shown; by another person than who drew them up."""
    return await proceeds.lock_costs(conn, caller, lot_id, data, now=now)


@get("/v1/lots/{lot_id:uuid}/costs", opt={"policy": PARTIES}, summary="Costs 费用")
async def get_costs(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> CostSheet:
    """The standing cost sheet."""
    return await proceeds.costs_of(reader, caller, lot_id)


@post(
    "/v1/lots/{lot_id:uuid}/distribution",
    opt={"policy": _DRAFTERS, REACH: WHY},
    summary="Plan 起草分配方案",
)
async def draft_distribution(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> DistributionPlan:
    """Draft the plan of distribution: costs first, then the pledgee, then the pledgor."""
    return await proceeds.draft_plan(conn, caller, lot_id, now=now)


@get("/v1/lots/{lot_id:uuid}/distribution", opt={"policy": PARTIES}, summary="Plan 分配方案")
async def get_distribution(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> DistributionPlan:
    """The standing plan, line by line with its computation."""
    return await proceeds.plan_of(reader, caller, lot_id)


@post(
    "/v1/lots/{lot_id:uuid}/distribution/approve",
    opt={"policy": _APPROVERS, REACH: WHY},
    summary="Approve 审批分配方案",
)
async def approve_distribution(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Approval]
) -> DistributionPlan:
    """Approve the plan as shown; by another person than its drafter, after the time for objections."""
    return await proceeds.approve_plan(conn, caller, lot_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/distribution/pay",
    opt={"policy": OPERATOR, REACH: WHY},
    summary="Pay 执行分配",
)
async def pay_distribution(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> DistributionPlan:
    """Pay by the approved plan, once."""
    return await proceeds.pay_plan(conn, caller, lot_id, now=now)


@get("/v1/lots/{lot_id:uuid}/payouts", opt={"policy": _VENUE}, summary="Payouts 待付款项")
async def list_payouts(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> PayoutList:
    """What the paid plan sends to whom, and what of it has left."""
    return PayoutList(items=await payouts.of_lot(reader, caller, lot_id))


@post(
    "/v1/lots/{lot_id:uuid}/payouts/{payout_id:uuid}",
    opt={"policy": _VENUE, REACH: WHY},
    summary="Paid out 已付出",
)
async def confirm_payout(
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    payout_id: FromPath[UUID],
    data: JSONBody[PaidOut],
) -> Payout:
    """A payment was made by hand, says one person; it is booked when another reads the same from the bank's paper."""
    return await payouts.confirm(conn, caller, lot_id, payout_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/payouts/{payout_id:uuid}/correction",
    opt={"policy": OPERATOR, REACH: WHY},
    summary="Correct a reference 更正流水号",
)
async def propose_payout_correction(
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    payout_id: FromPath[UUID],
    data: JSONBody[PayoutCorrection],
) -> CorrectionView:
    """Two people misread the bank's reference of a payment by hand: propose the right one, with the reason."""
    return await payouts.propose_correction(conn, caller, lot_id, payout_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/payouts/{payout_id:uuid}/correction/approve",
    opt={"policy": CHECKER, REACH: WHY},
    summary="Correct a reference 更正流水号复核",
)
async def correct_payout(
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    payout_id: FromPath[UUID],
    data: JSONBody[Approval],
) -> CorrectionView:
    """Correct the reference as shown; by another person than who proposed it. No money moves."""
    return await payouts.correct(conn, caller, lot_id, payout_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/title", opt={"policy": OPERATOR, REACH: WHY}, summary="Title 过户登记"
)
async def record_title(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[TitleIn]
) -> Lot:
    """The registry recorded the transfer."""
    return await proceeds.record_title(conn, caller, lot_id, data, now=now)


routes: list[HTTPRouteHandler] = [
    get_sale,
    issue_confirmation,
    get_confirmation,
    receive_payment,
    draft_costs,
    lock_costs,
    get_costs,
    draft_distribution,
    get_distribution,
    approve_distribution,
    pay_distribution,
    list_payouts,
    confirm_payout,
    propose_payout_correction,
    correct_payout,
    record_title,
]
