"""An auction's bundle (存证包) over HTTP: who may read it, and what ties it to the notice.

A replay needs the reserve and every hidden maximum, so the bundle holds them. The authorities, the lot's venue and
the bank that consigned it always read it. A participant does once the lot was sold: of a lot that was not, the reserve
stays secret, because it may be offered again.
"""

from uuid import UUID

import asyncpg
import msgspec

from auction_engine.bundle import Holder, Published, export_bundle
from auction_engine.checkpoints import LogKey
from kit.errors import Forbidden, NotFound
from kit.sql import Connection, load_statements
from marketplace.bidders import service as bidders
from marketplace.lots import service as lots
from marketplace.notices import service as notices
from marketplace.notices.schemas import Kind
from marketplace.organisations.schemas import Caller, OrganisationKind

_SQL = load_statements("marketplace.auctions", "queries.sql")


class BundleWithheld(Forbidden):
    """The lot was not sold, and its bundle shows the reserve. / 标的未成交，存证包含保留价，不予提供。"""

    code = "bundle_withheld"


async def export(
    conn: Connection, caller: Caller, auction_id: UUID, *, key: LogKey, mode: str
) -> bytes:
    """The bundle of a final auction, for one who may read it, with the notice that published its rules.

    Call inside a transaction that sees one state. Raises `NotFound` to who has no part in it, `BundleWithheld`, and
    what `export_bundle` raises.
    """
    row = await conn.fetchrow(_SQL["bundle_readers"], auction_id, caller.organisation_id)
    if row is None or not _has_part(caller, row):
        raise NotFound(f"no bundle of auction {auction_id}", f"没有竞价 {auction_id} 的存证包")
    if row["is_final"] and not row["is_sold"] and not _is_insider(caller, row):
        raise BundleWithheld
    published = await _published(conn, auction_id)
    return await export_bundle(conn, auction_id, key=key, mode=mode, published=published)


def _is_insider(caller: Caller, row: asyncpg.Record) -> bool:
    """Auditors, the authority that oversees the lot, and its two sides."""
    return (
        caller.organisation_kind is OrganisationKind.AUDITOR
        or bool(row["is_overseen"])
        or caller.organisation_id in (row["venue_id"], row["consignor_id"])
    )


def _has_part(caller: Caller, row: asyncpg.Record) -> bool:
    return _is_insider(caller, row) or bool(row["took_part"])


async def _published(conn: Connection, lot_id: UUID) -> Published:
    """The sale notice, the profile whose hash it states, and who was confirmed as priority holder since."""
    frozen = await lots.frozen_profile(conn, lot_id)
    notice = next(one for one in await notices.of_lot(conn, lot_id) if one.kind is Kind.SALE)
    return Published(
        notice_number=notice.number,
        notice_sha256=notice.sha256,
        notice=notice.content,
        profile=frozen.text,
        salt=frozen.salt,
        profile_hash=frozen.hash,
        holders=msgspec.convert(await bidders.confirmed_holders(conn, lot_id), list[Holder]),
    )
