"""What becomes of a forfeited deposit once the re-auction's result is known: costs, shortfall, debt, or back.

Until then it stays on the lot's `forfeited` account. Source: domain 6.5.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from kit.failpoints import register
from kit.sql import Connection, load_statements
from settlement import buyer_claims, deposits, payments, sales
from settlement.distribution import Payee
from settlement.documents import canonical, read
from settlement.errors import IdempotencyIdReused, IllegalStep
from settlement.ledger import AccountKey, Entry, Transfer, client_money, forfeited, post_one
from settlement.rules.deposits import ForfeitTerms, Forfeiture, Loss, forfeit

_SQL = load_statements("settlement", "sql/forfeitures.sql")
LENDER_USES = ("shortfall", "debt")

_before_use = register("settlement.forfeitures.before_use")
_after_use = register("settlement.forfeitures.after_use")


class _Used(msgspec.Struct, frozen=True, kw_only=True):
    loss: Loss
    terms: ForfeitTerms
    result: Forfeiture


async def use_forfeited(
    conn: Connection,
    deposit_id: UUID,
    *,
    terms: ForfeitTerms,
    loss: Loss,
    costs_to: Payee,
    lender: Payee,
    now: datetime,
) -> Forfeiture:
    """Use a forfeited deposit up by the regime's terms, once; what is paid away is queued as payouts.

    Costs and first commissions go to `costs_to`, the price shortfall and what goes to the debt to `lender` (record that
    as a recovery of its case: `settlement.rules.deposits.as_recovery`), what the regime gives back to the bidder's free
    money. What the deposit did not cover is a claim on the buyer where the terms say so, if it is the buyer's deposit.
    Raises `IllegalStep` for a deposit that was not forfeited, and `IdempotencyIdReused` for another loss than the first
    time.
    """
    deposit = await deposits.lock(conn, deposit_id)
    known = await conn.fetchval(_SQL["forfeiture"], deposit_id)
    if known is not None:
        used = read(known, _Used)
        if (used.loss, used.terms) != (loss, terms):
            raise IdempotencyIdReused
        return used.result
    if deposit.state not in (deposits.FORFEITED, deposits.PARTLY_FORFEITED):
        raise IllegalStep(f"deposit {deposit_id}", state=deposit.state, step="use")
    sale = await sales.get(conn, deposit.lot_id)
    result = forfeit(deposit.kept_fen, terms, loss)
    ref = str(deposit.lot_id)
    accounts = {
        "returned": client_money(deposit.bidder_id, sale.venue_id),
        **{use: AccountKey("pledgee_payable", lender.id, ref) for use in LENDER_USES},
        **{use: AccountKey("cost_payable", costs_to.id, ref) for use in ("costs", "commission")},
    }
    due = _due(result, accounts)
    _before_use()
    posted = await post_one(
        conn,
        Transfer(
            idempotency_id=f"deposit:{deposit_id}:use",
            kind="forfeit_used",
            ref=f"lot:{ref}",
            entries=(
                Entry(forfeited(deposit.lot_id), -deposit.kept_fen),
                *(Entry(key, fen) for key, fen in due.items()),
            ),
        ),
        now=now,
    )
    for key, fen in due.items():
        await _queue(
            conn, key, fen, costs_to=costs_to, lender=lender, case_id=sale.case_id, now=now
        )
    content = canonical(_Used(loss=loss, terms=terms, result=result))
    await conn.execute(_SQL["insert_forfeiture"], deposit_id, content, posted.transfer_id, now)
    claim = buyer_claims.lines_of(result, terms, loss, costs_to=costs_to, lender=lender)
    await buyer_claims.enter(conn, deposit, lines=claim, now=now)
    _after_use()
    return result


def _due(result: Forfeiture, accounts: Mapping[str, AccountKey]) -> dict[AccountKey, int]:
    """What goes to each account, in the order of the uses."""
    due: dict[AccountKey, int] = {}
    for line in result.lines:
        if line.amount_fen:
            key = accounts[line.to]
            due[key] = due.get(key, 0) + line.amount_fen
    return due


async def of_sale(conn: Connection, lot_id: UUID) -> list[tuple[UUID, Forfeiture]]:
    """The deposits of a lot that were used up, with how."""
    rows = await conn.fetch(_SQL["forfeitures_of_lot"], lot_id)
    return [(row["deposit_id"], read(row["content"], _Used).result) for row in rows]


async def _queue(
    conn: Connection,
    key: AccountKey,
    amount_fen: int,
    *,
    costs_to: Payee,
    lender: Payee,
    case_id: UUID | None,
    now: datetime,
) -> None:
    """Queue what is to leave: the lender's part counts to its case, as a distribution's does."""
    if key.kind == "client_money":
        return
    payee = lender if key.kind == "pledgee_payable" else costs_to
    of_case = key.kind == "pledgee_payable" and case_id is not None
    await payments.queue_payout(
        conn,
        key,
        payee_id=payee.id,
        payee_name=payee.name,
        amount_fen=amount_fen,
        purpose=f"{key.kind}_paid",
        ref=f"case:{case_id}" if of_case else f"lot:{key.ref}",
        now=now,
    )
