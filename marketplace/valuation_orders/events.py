"""What is told of orders for a valuation."""

from uuid import UUID

import msgspec


class ValuationOrderMoved(msgspec.Struct, frozen=True, kw_only=True, tag="valuation_order_moved"):
    """An order was made, delivered, declined or withdrawn; its bank and its valuer hear of it."""

    order_id: UUID
    organisation_id: UUID
    valuer_id: UUID
    state: str
