"""Books a credit as its holder's people do by hand, whatever it pays. Source: domain 6.5, 6.6."""

from datetime import datetime
from uuid import UUID

from kit.errors import Conflict
from kit.sql import Connection, load_statements
from marketplace.bidders import service as bidders
from marketplace.bidders.schemas import DepositReceipt
from marketplace.licences import service as licences
from marketplace.licences.schemas import ReceiptIn
from marketplace.mandates import money as mandates
from marketplace.organisations.schemas import Caller
from marketplace.remedies import buyer_debts
from marketplace.sales import service as sales
from marketplace.sales.schemas import PaymentReceipt
from settlement import dues, matching, refunds
from settlement.dues import Due
from settlement.ledger import outside
from settlement.rules.references import same_name
from settlement.statement_files import StoredEntry

_SQL = load_statements("marketplace.banking", "queries.sql")


def booker(caller: Caller, now: datetime) -> matching.Booker:
    """Books a credit: a deposit, part of a price, a defaulter's rest, a licence's invoice, a mandate's period."""

    async def book(conn: Connection, due: Due, entry: StoredEntry, reference: str) -> None:
        match due.kind:
            case "PRICE":
                await _price(conn, caller, due, entry, reference, now=now)
            case "CLAIM":
                await buyer_debts.receive(
                    conn,
                    caller,
                    due.subject_id,
                    bank_reference=reference,
                    amount_fen=entry.amount_fen,
                    received_at=entry.booked_at,
                    now=now,
                )
            case "ROYALTY":
                await _royalty(conn, caller, due, entry, reference, now=now)
            case "MANDATE":
                over_fen = await mandates.receive_matched(
                    conn,
                    caller,
                    due.subject_id,
                    bank_reference=reference,
                    amount_fen=entry.amount_fen,
                    received_at=entry.booked_at,
                    now=now,
                )
                await _give_back(conn, due, entry, over_fen, now=now)
            case "DEPOSIT":
                await _deposit(conn, caller, due, entry, reference, now=now)

    return book


async def give_references(conn: Connection, holder_id: UUID, *, now: datetime) -> None:
    """Enter what is due at this holder and has no reference yet, so that credits find it."""
    for row in await conn.fetch(_SQL["owed"], holder_id, None, None, True):
        await dues.give(conn, now=now, **dict(row))
    await mandates.give_dues(conn, holder_id, now=now)


async def _price(
    conn: Connection, caller: Caller, due: Due, entry: StoredEntry, reference: str, *, now: datetime
) -> None:
    paid = PaymentReceipt(
        bank_reference=reference, amount_fen=entry.amount_fen, received_at=entry.booked_at
    )
    await sales.receive_payment(conn, caller, due.subject_id, paid, now=now)


async def _royalty(
    conn: Connection, caller: Caller, due: Due, entry: StoredEntry, reference: str, *, now: datetime
) -> None:
    received = ReceiptIn(
        bank_reference=reference, amount_fen=entry.amount_fen, received_at=entry.booked_at
    )
    await licences.receive_matched(
        conn, caller, due.subject_id, received, sender=_sender(due, entry), now=now
    )


async def _deposit(
    conn: Connection, caller: Caller, due: Due, entry: StoredEntry, reference: str, *, now: datetime
) -> None:
    bidder_id = await conn.fetchval(_SQL["bidder_of"], due.subject_id, due.party_id)
    if bidder_id is None:
        raise Conflict("the due's bidder is gone", "该应缴款项的竞买人已不存在")
    received = DepositReceipt(
        bank_reference=reference, amount_fen=entry.amount_fen, received_at=entry.booked_at
    )
    await bidders.receive_deposit(conn, caller, bidder_id, received, now=now)


async def _give_back(
    conn: Connection, due: Due, entry: StoredEntry, over_fen: int, *, now: datetime
) -> None:
    """Queue the payout of what a credit is above its due, to who sent it."""
    if over_fen <= 0:
        return
    payee_id, payee_name = _sender(due, entry)
    await refunds.send_back(
        conn,
        outside(payee_id),
        holder_id=entry.holder_id,
        payee_id=payee_id,
        payee_name=payee_name,
        subject=f"over:{entry.id}",
        amount_fen=over_fen,
        now=now,
    )


def _sender(due: Due, entry: StoredEntry) -> tuple[UUID, str]:
    """Who sent a credit: the due's party where the payer has its name, else who the statement says."""
    name = entry.counterparty_name
    if same_name(name, due.party_name):
        return due.party_id, due.party_name
    return refunds.sender_id(name, entry.counterparty_account), name or entry.counterparty_account
