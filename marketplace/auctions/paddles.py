"""Which paddle (号牌) an organisation bids with: looked up once, then remembered.

A paddle once given never changes (the database refuses it), so what is remembered is never wrong; that a bidder
was disqualified is the engine's own knowledge and decided there. That somebody has none is
remembered for a tenth of a second, so that who asks again and again costs the database nothing.
"""

from collections import OrderedDict
from uuid import UUID

from kit.clock import monotonic_us
from kit.errors import Forbidden
from kit.sql import Connection, Pool, load_statements

_SQL = load_statements("marketplace.auctions", "queries.sql")
_REMEMBERED_MAX = 100_000
#: How long it is believed that an organisation has no paddle; one that was just given is not kept waiting for longer.
NONE_BELIEVED_US = 100_000


class NotABidder(Forbidden):
    """Your organisation has no paddle in this auction: register and pay the deposit. / 贵机构尚无本场号牌。"""

    code = "not_a_bidder"


class Paddles:
    """The paddles of one process, by lot and organisation."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: OrderedDict[tuple[UUID, UUID], int] = OrderedDict()
        self._none: OrderedDict[tuple[UUID, UUID], int] = OrderedDict()

    async def of(
        self, lot_id: UUID, organisation_id: UUID, *, conn: Connection | None = None
    ) -> int:
        """The organisation's paddle. Raises `NotABidder` where it has none, or no deposit held.

        Who holds a connection passes it as `conn`: to wait for a second one is how a pool comes to a standstill.
        """
        key = (lot_id, organisation_id)
        paddle = self._known.get(key)
        if paddle is not None:
            return paddle
        if monotonic_us() < self._none.get(key, 0):
            raise NotABidder
        asked = self._pool if conn is None else conn
        found: int | None = await asked.fetchval(_SQL["paddle"], lot_id, organisation_id)
        if found is None:
            _remember(self._none, key, monotonic_us() + NONE_BELIEVED_US)
            raise NotABidder
        _remember(self._known, key, found)
        return found


def _remember(
    memory: OrderedDict[tuple[UUID, UUID], int], key: tuple[UUID, UUID], value: int
) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _REMEMBERED_MAX:
        memory.popitem(last=False)
