"""Which paddle (号牌) an organisation bids with: looked up once, then remembered.

A paddle once given never changes (the database refuses it), so what is remembered is never wrong; that a bidder
was disqualified is the engine's own knowledge and decided there. Nothing is remembered of who has no paddle.
"""

from collections import OrderedDict
from uuid import UUID

from kit.errors import Forbidden
from kit.sql import Pool, load_statements

_SQL = load_statements("marketplace.auctions", "queries.sql")
_REMEMBERED_MAX = 100_000


class NotABidder(Forbidden):
    """Your organisation has no paddle in this auction: register and pay the deposit. / 贵机构尚无本场号牌。"""

    code = "not_a_bidder"


class Paddles:
    """The paddles of one process, by lot and organisation."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: OrderedDict[tuple[UUID, UUID], int] = OrderedDict()

    async def of(self, lot_id: UUID, organisation_id: UUID) -> int:
        """The organisation's paddle. Raises `NotABidder` where it has none, or no deposit held."""
        key = (lot_id, organisation_id)
        paddle = self._known.get(key)
        if paddle is not None:
            return paddle
        found: int | None = await self._pool.fetchval(_SQL["paddle"], lot_id, organisation_id)
        if found is None:
            raise NotABidder
        self._known[key] = found
        if len(self._known) > _REMEMBERED_MAX:
            self._known.popitem(last=False)
        return found
