"""Licence first, transfer later (先许可后转让): the licensee exercises its option, and buys as any buyer does."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, NotFound
from kit.money import BP_ONE
from kit.sql import Connection
from marketplace.consignments import service as consignments
from marketplace.consignments.schemas import ConsignmentState
from marketplace.grants import service as grants
from marketplace.grants.schemas import Grant, GrantState, OptionState
from marketplace.licence_offers import service
from marketplace.licence_offers.schemas import TransferOption
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.regimes import Regime
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Bidding, LotDraft
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from settlement import royalties

_DECISION_SECONDS = 864_000
#: How the sale may end without the rights being the licensee's.
_FAILED = frozenset({LotStatus.UNSOLD, LotStatus.WITHDRAWN, LotStatus.DEFAULTED, LotStatus.REVOKED})


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
    if grant.option_state is not OptionState.OPEN or option is None or today > option.until:
        raise OptionNotOpen
    consignment = await consignments.get(conn, SYSTEM_CALLER, grant.consignment_id)
    if consignment.state is ConsignmentState.DISPOSING:
        reason = "the licensee exercises its option 被许可人行使受让选择权"
        await consignments.end_disposal(
            conn, SYSTEM_CALLER, consignment.id, is_sold=False, now=now, reason=reason
        )
    credited_fen = await _credited(conn, grant, option)
    given = _sale_of(grant, option, now=now)
    priced = intake.Priced(
        start_price_fen=option.price_fen - credited_fen,
        reserve_price_fen=None,
        deposit_fen=max((option.price_fen - credited_fen) // 10, 1),
        previous_start_price_fen=None,
        regime=Regime.AGREEMENT,
    )
    venue = msgspec.structs.replace(SYSTEM_CALLER, organisation_id=grant.venue_id)
    lot = await lots.draft(conn, venue, given, now=now, priced=priced)
    return await grants.set_option(
        conn,
        caller,
        grant,
        OptionState.EXERCISED,
        lot_id=lot.id,
        credited_fen=credited_fen,
        now=now,
    )


async def follow(conn: Connection, lot_id: UUID, *, now: datetime) -> None:
    """The sale by which a licensee bought has ended; of any other lot nothing follows, nor a second time.

    Done: the option is, and the licence, whose holder owns the rights now. Not paid by the licensee: the option has
    lapsed. Otherwise it is open again until its day.
    """
    grant = await grants.of_option_lot(conn, lot_id)
    if grant is None or grant.option_state is not OptionState.EXERCISED:
        return
    lot = await lots.get(conn, lot_id)
    if lot.status is LotStatus.DONE:
        grant = await grants.set_option(
            conn,
            SYSTEM_CALLER,
            grant,
            OptionState.COMPLETED,
            lot_id=lot_id,
            credited_fen=grant.option_credited_fen,
            now=now,
        )
        await grants.end_with_sale(conn, grant, now=now)
    elif lot.status in _FAILED:
        is_open = lot.status is not LotStatus.DEFAULTED and _is_in_time(grant, now)
        is_open = is_open and grant.state is not GrantState.ENDED
        wanted = OptionState.OPEN if is_open else OptionState.LAPSED
        await grants.set_option(conn, SYSTEM_CALLER, grant, wanted, lot_id=None, now=now)


async def lapse(conn: Connection, grant_id: UUID, *, now: datetime) -> None:
    """The option's last day is over, and it was not exercised."""
    grant = await grants.lock(conn, grant_id)
    if grant.option_state is OptionState.OPEN and not _is_in_time(grant, now):
        await grants.set_option(
            conn, SYSTEM_CALLER, grant, OptionState.LAPSED, lot_id=None, now=now
        )


def _sale_of(grant: Grant, option: TransferOption, *, now: datetime) -> LotDraft:
    """The sale by which the licensee buys, in the words of the offer, reserved for it."""
    text = option.lot
    opens_at = now + timedelta(seconds=option.offer_seconds)
    return LotDraft(
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


def _is_in_time(grant: Grant, now: datetime) -> bool:
    assert grant.option_until is not None, "an option has its last day"
    return now.astimezone(CHINA).date() <= grant.option_until


async def _credited(conn: Connection, grant: Grant, option: TransferOption) -> int:
    """What of the fees paid counts towards the price, the fraction of a fen dropped; at least a fen is left to pay."""
    paid_fen = sum(one.paid_fen for one in await royalties.invoices(conn, grant.id))
    return min(paid_fen * option.credited_bp // BP_ONE, option.price_fen - 1)
