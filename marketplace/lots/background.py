"""What a notice says of the sale's background: who sells, by which title, at what valuation, and who was told.

Sources: domain 2.1 (art. 13 (2), (3), (7)), 3.8 (title basis, value).
"""

from datetime import date, datetime
from typing import Any

import msgspec

from kit.clock import CHINA
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.export_control import ExportClass
from marketplace.consignments.facts import valuation_of
from marketplace.consignments.schemas import Consignment
from marketplace.lots import intake
from marketplace.lots.schemas import Lot
from marketplace.organisations import service as organisations
from marketplace.valuations import service as valuations
from marketplace.valuations.schemas import Valuation

_SQL = load_statements("marketplace.lots", "queries.sql")
_PLATFORM = {
    "en": "Bids are made on this platform alone; its server's time decides.",
    "zh": "竞价仅在本平台进行，出价时间以平台服务器时间为准。",
}
_NOT_VALUED = {
    "en": "Not valued; the start price rests on the consignor's own decision.",
    "zh": "未经评估，起始价由委托人依法确定。",
}
#: Whether foreigners may bid, and what they hold before they do (domain 3.7, 3.8).
_NO_FOREIGNERS = {
    "en": "Foreign persons and enterprises may not bid.",
    "zh": "不接受境外自然人、企业和其他组织参加竞买。",
}
_FOREIGNERS = {
    "en": "Foreign bidders are let in; a transfer of technology to them is registered as an export contract.",
    "zh": "接受境外竞买人；向其转让技术的，须办理技术出口合同登记。",
}
_FOREIGNERS_WITH_LETTER = {
    "en": "Foreign bidders who hold the letter of intent of an export licence are let in: restricted technology.",
    "zh": "接受持有技术出口许可意向书的境外竞买人：标的含限制出口技术。",
}
_TOLD = {
    "en": "Parties and known priority holders were told as follows.",
    "zh": "当事人和已知优先购买权人通知情况如下。",
}


async def background_of(conn: Connection, lot: Lot, *, now: datetime) -> dict[str, Any]:
    """The sections that follow from the consignment, its reports and the words sent; parties are not named."""
    consignment = await intake.of(conn, lot.consignment_id)
    venue = await organisations.organisation_by_id(conn, lot.venue_id)
    seller = await organisations.organisation_by_id(conn, lot.consignor_id)
    reports = [
        {
            "number": report.report_number,
            "method": report.method,
            "base_on": report.base_on,
            "valid_to": report.valid_to,
            "value_fen": report.value_fen,
        }
        for report in await _reports(conn, consignment, today=now.astimezone(CHINA).date())
    ]
    told = [dict(row) for row in await conn.fetch(_SQL["told"], lot.id)]
    found: dict[str, Any] = {
        "platform": {"venue": venue.name, **_PLATFORM},
        "seller": {"name": seller.name},
        "authority": {
            "kind": consignment.authority,
            "document": consignment.authority_document,
        },
        "valuation": {"reports": reports} if reports else _NOT_VALUED,
        "commission": {
            "rate_bp": consignment.commission_bp,
            "costs_borne_by": consignment.costs_borne_by,
        },
        "foreign_bidders": await _foreigners(conn, consignment),
        "parties_notified": {"parties": told, **_TOLD},
    }
    shown: dict[str, Any] = msgspec.to_builtins(found)
    return shown


async def _reports(conn: Connection, consignment: Consignment, *, today: date) -> list[Valuation]:
    """The reports that count for the rights, in the order of consignment, each once."""
    own = await valuations.of_assets(conn, consignment.asset_ids)
    recognised = await valuations.recognised_over(
        conn, consignment.asset_ids, organisation_id=consignment.organisation_id, today=today
    )
    counted = [valuation_of(one, own, recognised, on=today) for one in consignment.asset_ids]
    return list({report.id: report for report in counted if report is not None}.values())


async def _foreigners(conn: Connection, consignment: Consignment) -> dict[str, str]:
    """The rule on nationality, as bidders are held to it."""
    if not consignment.foreign_bidders:
        return _NO_FOREIGNERS
    rights = await assets.of_ids(
        conn, consignment.asset_ids, organisation_id=consignment.organisation_id
    )
    is_restricted = any(each.export_class is ExportClass.RESTRICTED for each in rights)
    return _FOREIGNERS_WITH_LETTER if is_restricted else _FOREIGNERS
