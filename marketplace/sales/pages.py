"""The page of a sale: the confirmation (成交确认书), to be read, printed and signed."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.edge.dependencies import Conn
from marketplace.edge.policies import POLICY, public
from marketplace.lots import service as lots
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of
from marketplace.sales import service


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A text in both languages."""

    en: str
    zh: str


class ConfirmedLot(msgspec.Struct, frozen=True, kw_only=True):
    """The lot as the confirmation names it."""

    number: str
    title: Text
    regime: str
    notice_sha256: str
    profile_sha256: str
    rehearsal: bool


class ConfirmedBuyer(msgspec.Struct, frozen=True, kw_only=True):
    """The winner's true identity."""

    name: str
    credit_code: str | None
    paddle: int


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a confirmation says, read back from the bytes that its hash was computed over."""

    lot: ConfirmedLot
    buyer: ConfirmedBuyer
    venue: str
    hammer_price_fen: int
    deposit_fen: int
    balance_fen: int
    closed_at: datetime
    payment_due_at: datetime
    statement: Text


@get("/lots/{lot_id:uuid}/confirmation", opt={POLICY: public()}, **PAGE)
async def confirmation_page(
    request: Request[Any, Any, Any], reader: Conn, lot_id: FromPath[UUID]
) -> Response[str]:
    """Who bought what for how much; public once it is issued."""
    lot = await lots.public(reader, lot_id)
    confirmation = await service.confirmation_of(reader, lot_id)
    return page(
        "confirmation.html",
        visitor=visitor_of(request),
        here="",
        lot=lot,
        confirmation=confirmation,
        content=msgspec.json.decode(confirmation.content, type=Content),
    )


routes: list[HTTPRouteHandler] = [confirmation_page]
