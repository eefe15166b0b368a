"""The pages of lots: what is for sale (标的列表), and the notice of one (处置公告)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from kit.clock import from_epoch_ms
from kit.sql import Connection, load_statements
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Now, Visitor
from marketplace.edge.policies import POLICY, public
from marketplace.lots import drafting, search, service
from marketplace.lots.doors import doors_of, may_see_call
from marketplace.lots.rules import LotStatus, Origin
from marketplace.lots.schemas import PublicLot
from marketplace.notices import service as notices
from marketplace.notices.schemas import WHOLE, Kind, Notice
from marketplace.pages import vocabulary
from marketplace.pages.rendering import page
from marketplace.pages.rules_in_words import rules_in_words
from marketplace.pages.serving import PAGE, visitor_of
from marketplace.pages.vocabulary import Words

_SQL = load_statements("marketplace.lots", "pages.sql")
_BEFORE = frozenset({LotStatus.PUBLISHED, LotStatus.REGISTRATION})
#: A confirmation is issued when the price begins to be awaited.
_CONFIRMED = frozenset(
    {
        LotStatus.AWAITING_PAYMENT,
        LotStatus.PAID,
        LotStatus.TRANSFERRING,
        LotStatus.DONE,
        LotStatus.DEFAULTED,
        LotStatus.RE_AUCTION,
    }
)
_SOLD = _CONFIRMED | {LotStatus.SOLD}
_RUNNING = _BEFORE | {LotStatus.OPEN}


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A lot on the first page. `price_fen` is None before the first bid; `left_ms` once nothing runs any more."""

    lot: PublicLot
    price_fen: int | None
    ends_at: datetime
    is_before: bool
    left_ms: int | None


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """One right as its notice describes it."""

    ip_type: str
    number: str
    nice_class: str
    title: str
    owner_name: str
    co_owners: list[str]
    legal_status: str
    status_as_of: str
    status_source: str
    expires_on: str
    burdens: list[Words]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A later notice about the same lot, and the reason it gives."""

    kind: Kind
    title: Words
    reason: str
    published_at: datetime


@get("/", opt={POLICY: public()}, **PAGE)
async def lots_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    now: Now,
    position: At,
    q: FromQuery[str | None] = None,
) -> Response[str]:
    """What is announced, bid for and sold, newest first; or what of it holds the words asked for."""
    found = await search.page(reader, after=position.after, limit=position.rows, query=q)
    listed = page_of(found, position, key=lambda lot: lot.id)
    return page(
        "lots.html",
        visitor=visitor_of(request),
        here="/",
        now=now,
        cards=await _cards(reader, listed.items, now=now),
        next_cursor=listed.next_cursor,
        query=(q or "").strip(),
    )


@get("/lots/{lot_id:uuid}", opt={POLICY: public()}, **PAGE)
async def lot_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    visitor: Visitor,
    now: Now,
    lot_id: FromPath[UUID],
) -> Response[str]:
    """The notice with all that it must say, the rules in words, and what was published since."""
    lot = await service.public(reader, lot_id)
    told_with = lot_id if lot.origin in (None, Origin.REAUCTION) else lot.origin_lot_id
    published = await notices.of_lot(reader, told_with or lot_id)
    sale = [notice for notice in published if notice.kind in WHOLE][-1]
    content: dict[str, Any] = msgspec.json.decode(sale.content)
    return page(
        "lot.html",
        visitor=visitor_of(request),
        here="",
        lot=lot,
        notice=_Sections(content),
        notice_number=sale.number,
        has_reserve=bool(content["price"]["has_reserve"]),
        refund=_refund(content["schedule"].get("deposit_refund")),
        has_confirmation=lot.status in _CONFIRMED,
        may_see_call=await may_see_call(reader, visitor, lot),
        doors=await doors_of(reader, visitor, lot, now=now),
        hammer_price_fen=await _hammer_price_fen(reader, lot),
        rights=[_right(described) for described in content["property"]],
        disclosures=content["disclosures"],
        rules=rules_in_words(lot.bidding),
        changes=[_change(notice) for notice in published if notice.kind is not Kind.SALE],
    )


def _refund(term: dict[str, Any] | None) -> Words | None:
    """How soon a released deposit goes back, in words; None in notices of before it was stated."""
    if term is None:
        return None
    units = {"hours": ("hours", "小时"), "working_days": ("working days", "个工作日")}
    unit, unit_zh = units[term["unit"]]
    return Words(
        en=f"within {term['amount']} {unit} of their release",
        zh=f"释放后 {term['amount']} {unit_zh}内",
    )


async def _hammer_price_fen(reader: Connection, lot: PublicLot) -> int | None:
    """The price at which a lot was sold; None while it is not."""
    if lot.status not in _SOLD:
        return None
    standing = await reader.fetchrow(_SQL["standing"], [lot.id])
    return None if standing is None else standing["price_fen"]


class _Sections(dict[str, Any]):
    """The sections of a notice; one that an older notice does not have is empty."""

    def __missing__(self, name: str) -> None:
        return None


async def _cards(reader: Connection, listed: list[PublicLot], *, now: datetime) -> list[Card]:
    rows = await reader.fetch(_SQL["standing"], [lot.id for lot in listed])
    standing = {row["auction_id"]: row for row in rows}
    return [_card(lot, standing.get(lot.id), now=now) for lot in listed]


def _card(lot: PublicLot, standing: asyncpg.Record | None, *, now: datetime) -> Card:
    is_before = lot.status in _BEFORE
    ends_at_ms = None if standing is None else standing["ends_at_ms"]
    ends_at = lot.closes_at if ends_at_ms is None else from_epoch_ms(ends_at_ms)
    until = lot.opens_at if is_before else ends_at
    left_ms = max(until - now, timedelta()) // timedelta(milliseconds=1)
    return Card(
        lot=lot,
        price_fen=None if standing is None else standing["price_fen"],
        ends_at=ends_at,
        is_before=is_before,
        left_ms=left_ms if lot.status in _RUNNING and left_ms else None,
    )


def _right(described: dict[str, Any]) -> Right:
    def text(name: str) -> str:
        return str(described.get(name) or "")

    return Right(
        ip_type=text("ip_type"),
        number=text("number"),
        nice_class=text("nice_class"),
        title=text("title"),
        owner_name=text("owner"),
        co_owners=[str(owner.get("name", "")) for owner in described.get("co_owners") or ()],
        legal_status=text("legal_status"),
        status_as_of=text("status_as_of"),
        status_source=text("status_source"),
        expires_on=text("expires_on"),
        burdens=[vocabulary.of(vocabulary.BURDENS, flag) for flag in described.get("flags") or ()],
    )


def _change(notice: Notice) -> Change:
    return Change(
        kind=notice.kind,
        title=vocabulary.of(vocabulary.NOTICE_KINDS, notice.kind),
        reason=str(msgspec.json.decode(notice.content).get("reason", "")),
        published_at=notice.published_at,
    )


routes: list[HTTPRouteHandler] = [lots_page, lot_page, *drafting.routes]
