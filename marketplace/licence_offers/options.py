"""Licence first, transfer later (先许可后转让): the licensee exercises its option, and buys as any buyer does."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, NotFound
from kit.sql import Connection
from marketplace.consignments import service as consignments
from marketplace.consignments.schemas import ConsignmentState
from marketplace.grants import service as grants
from marketplace.grants.schemas import Grant
from marketplace.licence_offers import service
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.regimes import Regime
from marketplace.lots.schemas import Bidding, LotDraft
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller

_DECISION_SECONDS = 864_000


class OptionNotOpen(Conflict):
    """There is no option to buy that could be exercised now. / 当前无可行使的受让选择权。"""

    code = "option_not_open"


async def exercise(conn: Connection, caller: Caller, grant_id: UUID, *, now: datetime) -> Grant:
    """The licensee says that it buys: a sale at the option's price, reserved for it, is drafted from the offer's text.

    The venue checks and publishes it as any lot; the licensee pays a deposit and offers; the bank's two people accept.
    """
    grant = await grants.lock(conn, grant_id)
    if grant.licensee_id != caller.organisation_id:
        raise NotFound
    offer = await service.lock(conn, grant.offer_id)
    option = offer.terms.option
    today = now.astimezone(CHINA).date()
    if grant.option_state != "open" or option is None or today > option.until:
        raise OptionNotOpen
    consignment = await consignments.get(conn, SYSTEM_CALLER, grant.consignment_id)
    if consignment.state is ConsignmentState.DISPOSING:
        reason = "the licensee exercises its option 被许可人行使受让选择权"
        await consignments.end_disposal(
            conn, SYSTEM_CALLER, consignment.id, is_sold=False, now=now, reason=reason
        )
    text = option.lot
    opens_at = now + timedelta(seconds=option.offer_seconds)
    given = LotDraft(
        consignment_id=grant.consignment_id,
        title=text.title,
        title_zh=text.title_zh,
        bidding=Bidding(
            format="collection",
            format_terms={
                "mode": "open",
                "decision_seconds": _DECISION_SECONDS,
                "reserved_for": str(grant.licensee_id),
            },
        ),
        conditions=text.conditions,
        opens_at=opens_at,
        closes_at=opens_at + timedelta(seconds=option.offer_seconds),
        payment_hours=text.payment_hours,
        release_on=text.release_on,
        objection_days=text.objection_days,
        refund_working_days=text.refund_working_days,
        shortened_times=text.shortened_times,
    )
    priced = intake.Priced(
        start_price_fen=option.price_fen,
        reserve_price_fen=None,
        deposit_fen=max(option.price_fen // 10, 1),
        previous_start_price_fen=None,
        regime=Regime.AGREEMENT,
    )
    venue = msgspec.structs.replace(SYSTEM_CALLER, organisation_id=grant.venue_id)
    lot = await lots.draft(conn, venue, given, now=now, priced=priced)
    return await grants.put_option_lot(conn, caller, grant, lot.id, now=now)
