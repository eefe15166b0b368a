"""A buyer that breaks its word and pays afterwards, as steps that may each be done again."""

from datetime import datetime
from uuid import UUID

import asyncpg

from kit.ids import uuid7
from settlement import buyer_claims, deposits, forfeitures, sales
from settlement.distribution import Payee
from settlement.rules.deposits import JUDICIAL_TERMS, Loss
from tests.settlement.make_money import BANK, VENUE
from tests.settlement.test_failpoints import Step

BUYER = UUID(int=24)


class OwingStory:
    """A deposit of 400 fen is kept, 500 and 30 of costs are lost, and the buyer pays 90 and then 60 of the rest."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.lot_id, self.case_id = uuid7(now), UUID(int=0)

    def steps(self) -> list[Step]:
        """The steps, in order."""
        return [self.begin, self.use, self.pay_some, self.pay_the_rest]

    async def begin(self, conn: asyncpg.Connection) -> None:
        await deposits.receive(
            conn,
            BUYER,
            holder_id=VENUE,
            bank_reference="IN",
            amount_fen=400,
            received_at=self.now,
            now=self.now,
        )
        await sales.record_sale(
            conn,
            self.lot_id,
            buyer_id=BUYER,
            consignor_id=BANK,
            venue_id=VENUE,
            case_id=None,
            hammer_price_fen=5_000,
            deadline_at=self.now,
            sold_at=self.now,
            release_on="PRICE_PAID",
            objection_days=0,
        )
        made = await deposits.hold(
            conn, self.lot_id, BUYER, holder_id=VENUE, amount_fen=400, now=self.now
        )
        await deposits.forfeit(conn, made.id, now=self.now)

    async def use(self, conn: asyncpg.Connection) -> None:
        (deposit,) = await deposits.of_lot(conn, self.lot_id)
        await forfeitures.use_forfeited(
            conn,
            deposit.id,
            terms=JUDICIAL_TERMS["JUDICIAL_OFFLINE"],
            loss=Loss(shortfall_fen=500, costs_fen=30),
            costs_to=Payee(id=VENUE, name="venue"),
            lender=Payee(id=BANK, name="bank"),
            now=self.now,
        )

    async def pay_some(self, conn: asyncpg.Connection) -> None:
        await self._pay(conn, "C-1", 90)

    async def pay_the_rest(self, conn: asyncpg.Connection) -> None:
        await self._pay(conn, "C-2", 60)

    async def _pay(self, conn: asyncpg.Connection, reference: str, fen: int) -> None:
        await buyer_claims.receive(
            conn,
            self.lot_id,
            bank_reference=reference,
            amount_fen=fen,
            received_at=self.now,
            now=self.now,
        )
