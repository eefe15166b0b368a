"""Gathers what the eligibility checks look at, out of the rooms that keep it."""

from datetime import date
from uuid import UUID

import msgspec

from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.schemas import Asset
from marketplace.assets.types import FACTS
from marketplace.cases import service as cases
from marketplace.consignments.facts import Facts, Right
from marketplace.consignments.schemas import Consignment, Terms
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import SYSTEM_CALLER
from marketplace.pledges import service as pledges
from marketplace.valuations import service as valuations

_SQL = load_statements("marketplace.consignments", "queries.sql")


async def facts_of(conn: Connection, consignment: Consignment, *, today: date) -> Facts:
    """Everything about one consignment as of `today`, its rights in the order of consignment."""
    owner_id = consignment.organisation_id
    found = {
        right.id: right
        for right in await assets.of_ids(conn, consignment.asset_ids, organisation_id=owner_id)
    }
    over = await pledges.over_assets(conn, consignment.asset_ids)
    reports = await valuations.of_assets(conn, consignment.asset_ids)
    rights = []
    for asset_id in consignment.asset_ids:
        asset = found[asset_id]
        rights.append(
            Right(
                asset=asset,
                pledges=tuple(pledge for pledge in over if asset_id in pledge.asset_ids),
                valuation=next(
                    (report for report in reports if asset_id in report.asset_ids), None
                ),
                marks_left_out=await _marks_left_out(conn, asset, consignment.asset_ids),
            )
        )
    acting_for_it = msgspec.structs.replace(SYSTEM_CALLER, organisation_id=owner_id)
    consignor = await organisations.organisation(conn, acting_for_it, owner_id)
    return Facts(
        terms=_terms(consignment),
        consignor_code=consignor.credit_code,
        case=await cases.get(conn, SYSTEM_CALLER, consignment.case_id),
        rights=tuple(rights),
        today=today,
    )


async def _marks_left_out(
    conn: Connection, asset: Asset, consigned: tuple[UUID, ...]
) -> tuple[str, ...]:
    if not FACTS[asset.ip_type].has_nice_class:
        return ()
    rows = await conn.fetch(
        _SQL["marks_of_owner"],
        asset.organisation_id,
        asset.ip_type,
        asset.nice_class,
        asset.owner_code,
        asset.owner_name,
        list(consigned),
    )
    return tuple(row["number"] for row in rows)


def _terms(consignment: Consignment) -> Terms:
    return msgspec.convert(
        {name: getattr(consignment, name) for name in Terms.__struct_fields__}, Terms
    )
