"""Gathers what the eligibility checks look at, out of the rooms that keep it."""

from datetime import date
from uuid import UUID

import msgspec

from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.details import MarkDetails
from marketplace.assets.identifiers import reference_key
from marketplace.assets.schemas import Asset
from marketplace.assets.types import FACTS
from marketplace.burdens import service as burdens
from marketplace.burdens.rules import is_standing, with_burdens
from marketplace.cases import service as cases
from marketplace.claims import service as claims
from marketplace.consignments.facts import (
    Facts,
    Listed,
    Right,
    as_listed,
    parties_to_tell,
    told_too_late,
    valuation_of,
)
from marketplace.consignments.schemas import Consignment, ConsignmentState, Terms
from marketplace.lots.regimes import Regime
from marketplace.monitoring import service as monitoring
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import SYSTEM_CALLER
from marketplace.pledges import service as pledges
from marketplace.valuations import limits
from marketplace.valuations import service as valuations

_SQL = load_statements("marketplace.consignments", "queries.sql")
_PLANNED = frozenset(
    {
        ConsignmentState.DRAFT,
        ConsignmentState.SUBMITTED,
        ConsignmentState.UNDER_REVIEW,
        ConsignmentState.RETURNED,
        ConsignmentState.ACCEPTED,
    }
)


async def facts_of(conn: Connection, consignment: Consignment, *, today: date) -> Facts:
    """Everything about one consignment as of `today`, its rights in the order of consignment.

    The facts are the same whoever asks, alerts and claims of the bank included; who asks was checked before.
    """
    async with everything(conn):
        return await _gathered(conn, consignment, today=today)


async def _gathered(conn: Connection, consignment: Consignment, *, today: date) -> Facts:
    owner_id = consignment.organisation_id
    found = {
        right.id: right
        for right in await assets.of_ids(conn, consignment.asset_ids, organisation_id=owner_id)
    }
    over = await pledges.over_assets(conn, consignment.asset_ids)
    reports = await valuations.of_assets(conn, consignment.asset_ids)
    taken = await valuations.recognised_over(
        conn, consignment.asset_ids, organisation_id=owner_id, today=today
    )
    resting = await burdens.of_assets(conn, consignment.asset_ids)
    rights = []
    for asset_id in consignment.asset_ids:
        on_it = [each for each in resting if each.asset_id == asset_id]
        asset = with_burdens(found[asset_id], on_it, on=today)
        rights.append(
            Right(
                asset=asset,
                pledges=tuple(pledge for pledge in over if asset_id in pledge.asset_ids),
                valuation=valuation_of(asset_id, reports, taken, on=today),
                marks_left_out=await _marks_left_out(conn, asset, consignment.asset_ids),
                burdens=tuple(each for each in on_it if is_standing(each, on=today)),
            )
        )
    fund_ids = await claims.funds_of_case(conn, consignment.case_id)
    case = await cases.get(conn, SYSTEM_CALLER, consignment.case_id)
    acting_for_it = msgspec.structs.replace(SYSTEM_CALLER, organisation_id=owner_id)
    consignor = await organisations.organisation(conn, acting_for_it, owner_id)
    listed = await _listed(conn, consignment.id)
    return Facts(
        terms=as_listed(_terms(consignment), listed),
        listed=listed,
        consignor_code=consignor.credit_code,
        case=case,
        rights=tuple(rights),
        today=today,
        is_planned=consignment.state in _PLANNED,
        alerts=(
            *await monitoring.open_over(
                conn, case_id=consignment.case_id, asset_ids=consignment.asset_ids
            ),
            *await monitoring.open_of_lender(conn, case_id=consignment.case_id),
        ),
        internal_limit_fen=await limits.limit_of(conn, owner_id, case.contract_number),
        fund_ids=fund_ids,
        is_fund_told=bool(fund_ids) and await is_fund_told(conn, consignment, fund_ids),
        unnotified=await _unnotified(conn, consignment, parties_to_tell(rights, case)),
    )


async def _unnotified(
    conn: Connection, consignment: Consignment, required: frozenset[str]
) -> tuple[str, ...]:
    """Who was not told in time of the lot in which the rights are offered, once its parties count as told.

    A court's sale has parties who must be told; elsewhere who was sent word is waited for. Rehearsals wait for nobody.
    """
    lot = await conn.fetchrow(_SQL["told_lot"], consignment.id)
    if lot is None:
        return ()
    rows = await conn.fetch(_SQL["told"], lot["id"])
    return told_too_late(
        required if lot["regime"] == Regime.JUDICIAL_NETWORK else (),
        [(row["party_name"], row["effective_on"]) for row in rows],
        published_on=lot["published_on"],
    )


async def offered(conn: Connection, consignment: Consignment) -> tuple[Regime, int]:
    """Under which law and from which price, in fen, the rights are offered: by their lot, else as consigned."""
    async with everything(conn):  # the lot's draft is the venue's
        listed = await _listed(conn, consignment.id)
    if listed is None:
        return consignment.regime, consignment.start_price_fen
    return listed.regime, listed.start_price_fen


async def is_fund_told(
    conn: Connection, consignment: Consignment, fund_ids: tuple[UUID, ...]
) -> bool:
    """Whether these funds know of the route, regime and price as they now stand, a later round's price among them."""
    regime, start_price_fen = await offered(conn, consignment)
    told: bool = await conn.fetchval(
        _SQL["is_fund_told"],
        consignment.id,
        list(fund_ids),
        consignment.route,
        regime,
        start_price_fen,
    )
    return told


async def _listed(conn: Connection, consignment_id: UUID) -> Listed | None:
    row = await conn.fetchrow(_SQL["listed"], consignment_id)
    return None if row is None else msgspec.convert(dict(row), Listed)


async def _marks_left_out(
    conn: Connection, asset: Asset, consigned: tuple[UUID, ...]
) -> tuple[str, ...]:
    if not FACTS[asset.ip_type].has_nice_class:
        return ()
    similar = asset.details.similar_marks if isinstance(asset.details, MarkDetails) else ()
    rows = await conn.fetch(
        _SQL["marks_of_owner"],
        asset.organisation_id,
        asset.ip_type,
        asset.nice_class,
        asset.owner_code,
        asset.owner_name,
        list(consigned),
        [reference_key(number) for number in similar],
    )
    return tuple(row["number"] for row in rows)


def _terms(consignment: Consignment) -> Terms:
    return msgspec.convert(
        {name: getattr(consignment, name) for name in Terms.__struct_fields__}, Terms
    )
