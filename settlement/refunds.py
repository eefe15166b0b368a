"""Money that goes back to who paid it: set aside on an account of its own and queued as a payout, once a subject."""

from datetime import datetime, time, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from kit.clock import CHINA
from kit.failpoints import register
from kit.sql import Connection, load_statements
from settlement import deposits, payments
from settlement.calendars import china
from settlement.errors import IllegalStep
from settlement.ledger import AccountKey, client_money, move, open_accounts, post_one
from settlement.rules.deposits import ReleaseTerm

_SQL = load_statements("settlement", "sql/refunds.sql")
#: Who sent money and has no account here gets an id that follows from the bank account it came from.
_SENDERS = uuid5(NAMESPACE_URL, "urn:luochui:sender")

_before_refund = register("settlement.refunds.before_refund")
_after_refund = register("settlement.refunds.after_refund")


def sender_id(name: str, account_number: str) -> UUID:
    """The ledger's id of a sender known only by the name and account on a statement: always the same."""
    return uuid5(_SENDERS, f"{account_number}\n{name}")


async def send_back(
    conn: Connection,
    source: AccountKey,
    *,
    holder_id: UUID,
    payee_id: UUID,
    payee_name: str,
    subject: str,
    amount_fen: int,
    now: datetime,
) -> UUID:
    """Queue a payout of `amount_fen` from `source`, once for a `subject`; its id, the same one ever after.

    Raises `InsufficientFunds` when the money is not there, `IdempotencyIdReused` for another amount.
    """
    target = AccountKey("refund_payable", payee_id, f"{holder_id}:{subject}")
    _before_refund()
    posted = await post_one(
        conn,
        move(
            f"refund:{holder_id}:{subject}",
            kind="refund",
            ref=subject,
            source=source,
            target=target,
            amount_fen=amount_fen,
        ),
        now=now,
    )
    if posted.replayed:
        ids = await open_accounts(conn, [target], now=now)
        found: UUID = await conn.fetchval(_SQL["payout_from"], ids[target])
        return found
    payout_id = await payments.queue_payout(
        conn,
        target,
        payee_id=payee_id,
        payee_name=payee_name,
        amount_fen=amount_fen,
        purpose="refund_paid",
        ref=subject,
        now=now,
    )
    _after_refund()
    return payout_id


async def refund_deposit(
    conn: Connection, deposit_id: UUID, *, holder_id: UUID, payee_name: str, now: datetime
) -> UUID:
    """Send a deposit that was given back to its bidder out of custody, once. Returns the payout's id.

    Raises `IllegalStep` for a deposit that was not released.
    """
    deposit = await deposits.lock(conn, deposit_id)
    if deposit.state != deposits.RELEASED:
        raise IllegalStep(f"deposit {deposit_id}", state=deposit.state, step="refund")
    return await send_back(
        conn,
        client_money(deposit.bidder_id, holder_id),
        holder_id=holder_id,
        payee_id=deposit.bidder_id,
        payee_name=payee_name,
        subject=f"deposit:{deposit_id}",
        amount_fen=deposit.amount_fen,
        now=now,
    )


def release_by(term: ReleaseTerm, ended_at: datetime) -> datetime:
    """The last moment at which a deposit is given back in time, for a lot that ended at `ended_at`.

    Hours begin at once; days end at midnight in China, and one that is no working day ends with the next (Civil Code
    200 to 203).
    """
    if term.unit == "hours":
        return ended_at + timedelta(hours=term.amount)
    day = ended_at.astimezone(CHINA).date()
    if term.unit == "days":
        last = china().roll(day + timedelta(days=term.amount))
    else:
        last = china().add_workdays(day, term.amount)
    return datetime.combine(last + timedelta(days=1), time(), CHINA)
