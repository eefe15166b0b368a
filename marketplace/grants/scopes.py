"""Where, for what and how long a licence runs, by the offer that it was made from, and which licences it meets."""

from uuid import UUID

import msgspec

from kit.sql import Connection, load_statements
from marketplace.burdens import service as burdens
from marketplace.burdens.schemas import LicenceQuestion
from marketplace.consignments import service as consignments
from marketplace.grants.schemas import Grant
from marketplace.licence_offers.schemas import OfferTerms
from marketplace.organisations.schemas import SYSTEM_CALLER

_SQL = load_statements("marketplace.grants", "queries.sql")


async def question_of(conn: Connection, grant: Grant) -> LicenceQuestion:
    """What the conflict matrix is asked of a licence that was offered."""
    content = await conn.fetchval(_SQL["content_of_offer"], grant.offer_id)
    terms = msgspec.json.decode(content, type=OfferTerms)
    return terms.question(grant.starts_on, grant.ends_on)


async def assets_of(conn: Connection, grant: Grant) -> tuple[UUID, ...]:
    """The rights that it licenses."""
    consignment = await consignments.get(conn, SYSTEM_CALLER, grant.consignment_id)
    return consignment.asset_ids


async def require_beside(conn: Connection, grant: Grant, *, names: bool) -> None:
    """Raise `burdens.LicenceBlocked` while a licence stands on its rights beside which it cannot stand (domain 3.4).

    What was entered after the offer was opened counts: asked when it is signed, and when it takes effect.
    """
    await burdens.require_no_conflict(
        conn, await assets_of(conn, grant), await question_of(conn, grant), names=names
    )
