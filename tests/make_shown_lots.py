"""Published lots for tests of pages: written as publication leaves them, without the consignment before."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kit.ids import uuid7
from kit.sql import Connection, Pool
from marketplace.lots import service as lots
from marketplace.lots.content import notice_content
from marketplace.lots.profile import auction_object, freeze
from marketplace.lots.schemas import Lot
from marketplace.notices import service as notices
from marketplace.organisations.schemas import Caller

#: What follows from a consignment in earnest.
BACKGROUND = {
    "platform": {
        "venue": "示例交易场所",
        "zh": "仅在本平台竞价。",
        "en": "On this platform alone.",
    },
    "seller": {"name": "示例银行"},
    "authority": {"kind": "enforcement_case", "document": "（2026）示例执1号"},
    "valuation": {"zh": "未经评估。", "en": "Not valued."},
    "commission": {"rate_bp": 0, "costs_borne_by": "buyer"},
    "parties_notified": {"parties": [], "zh": "已通知。", "en": "They were told."},
}
SECRET_RESERVE_FEN = 98_765_432_100
_PAIR = {"zh": "以公告为准。", "en": "As the notice says."}
CONDITIONS = dict.fromkeys(
    (
        "bidder_conditions",
        "known_defects",
        "viewing",
        "delivery",
        "taxes_and_bearer",
        "deposit_account",
        "contact",
        "complaints",
        "priority_holders",
        "court",
    ),
    _PAIR,
)
BIDDING = {
    "format": "english",
    "step": {"kind": "fixed", "step_fen": 5_000_000},
    "grid": "multiple",
    "extension": {"mode": "reset", "window_ms": 300_000},
}
ASSET = {
    "ip_type": "patent_invention",
    "number": "ZL202010123456.7",
    "nice_class": None,
    "title": "一种石墨烯导热膜的制备方法",
    "owner": "武汉某某科技有限公司",
    "filed_on": "2020-02-24",
    "granted_on": "2022-05-10",
    "expires_on": "2040-02-23",
    "legal_status": "in_force",
    "status_as_of": "2026-10-20",
    "status_source": "专利登记簿副本",
    "fee_paid_to": "2027-02-23",
}


async def make_published_lot(
    conn: Connection,
    *,
    drafter: Caller,
    publisher: Caller,
    consignor_id: UUID,
    now: datetime,
    title: str = "One graphene patent",
    title_zh: str = "石墨烯专利一项",
    asset: dict[str, object] | None = None,
    conditions: dict[str, object] | None = None,
    opens_in: timedelta = timedelta(hours=1),
    reserve_price_fen: int | None = None,
    window_ms: int = 300_000,
    consignment_id: UUID | None = None,
) -> Lot:
    """A lot that takes registrations, with its frozen profile and its notice; one to be opened needs a consignment."""
    lot_id, opens_at = uuid7(now), now + opens_in
    bidding = BIDDING | {"extension": {"mode": "reset", "window_ms": window_ms}}
    await conn.execute(
        "INSERT INTO market.lots (id, number, consignment_id, venue_id, consignor_id, pledgor_codes, title, title_zh,"
        " regime, format, round_number, status, valuation_fen, start_price_fen, reserve_price_fen, deposit_fen,"
        " bidding, conditions, registration_opens_at, priority_closes_at, opens_at, closes_at, payment_hours,"
        " release_on, objection_days, shortened_times, drafted_by, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, '{}', $6, $7, 'commercial_auction', 'english', 1, 'draft', 100000000000,"
        " 80000000000, $8, 8000000000, $9, $10, $11, $12, $12, $13, 120, 'PRICE_PAID', 0, true, $14, $11, $11)",
        lot_id,
        f"LC-2026-{lot_id.hex[-6:].upper()}",
        consignment_id or uuid7(now),
        drafter.organisation_id,
        consignor_id,
        title,
        title_zh,
        reserve_price_fen,
        msgspec.json.encode(bidding).decode(),
        msgspec.json.encode(CONDITIONS | (conditions or {})).decode(),
        now,
        opens_at,
        opens_at + timedelta(days=1),
        drafter.user_id,
    )
    await _publish(conn, lot_id, publisher=publisher, asset=asset or ASSET, now=now)
    return await lots.get(conn, lot_id)


async def _publish(
    conn: Connection, lot_id: UUID, *, publisher: Caller, asset: dict[str, object], now: datetime
) -> None:
    lot = await lots.get(conn, lot_id)
    frozen = freeze(
        auction_object(
            lot.bidding,
            opens_at=lot.opens_at,
            closes_at=lot.closes_at,
            start_price_fen=lot.start_price_fen,
            reserve_price_fen=lot.reserve_price_fen,
        )
    )
    content = notice_content(lot, assets=[asset], findings=[], frozen=frozen, background=BACKGROUND)
    notice = await notices.publish_sale(
        conn,
        publisher,
        lot_id,
        lot_number=lot.number,
        regime=lot.regime.value,
        content=content,
        now=now,
    )
    await conn.execute(
        "UPDATE market.lots SET published_by = $2, published_at = $3, profile = $4, profile_salt = $5,"
        " profile_hash = $6, notice_sha256 = $7, status = 'registration' WHERE id = $1",
        lot_id,
        publisher.user_id,
        now,
        frozen.text,
        frozen.salt,
        frozen.hash,
        notice.sha256,
    )


async def store_confirmation(
    pool: Pool, lot: Lot, content: str, *, issuer: Caller, now: datetime
) -> None:
    """A confirmation of a sale, with the sale that it needs."""
    await pool.execute(
        "INSERT INTO market.sales (lot_id, outcome, reason, extensions, closed_at, recorded_at)"
        " VALUES ($1, 'unsold', 'no_bids', 0, $2, $2)",
        lot.id,
        now,
    )
    await pool.execute(
        "INSERT INTO market.confirmations (lot_id, number, content, sha256, payment_due_at, issued_by, issued_at)"
        " VALUES ($1, $2, $3, encode(sha256(convert_to($3, 'UTF8')), 'hex'), $4, $5, $4)",
        lot.id,
        f"QR-{lot.number}",
        content,
        now,
        issuer.user_id,
    )
