"""Whose money it is: credits are matched to what is due by the reference in their text, the rest is for a person.

What is matched by itself: a due of this holder named once, paid by the one who owes it, exactly, in part or in excess.
Everything else waits in a queue with its verdict until a person assigns it, sends it back, or holds it, with a
reason; above an amount a second person must agree. Every step posts to the ledger once a bank reference.
Source: domain 6.5, 6.6.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, LuochuiError, NotFound
from kit.failpoints import register
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement import dues, instructions, refunds
from settlement import statement_files as files
from settlement.bank_statements import CREDIT, DEBIT
from settlement.custody import lock_holder
from settlement.dues import Due
from settlement.errors import IllegalStep, SamePerson
from settlement.ledger import move, outside, post_one
from settlement.rules.references import references_in, same_name
from settlement.statement_files import StoredEntry

_SQL = load_statements("settlement", "sql/matching.sql")
Action = Literal["ASSIGN", "RETURN", "HOLD", "NOTE"]
ASSIGN: Final = "ASSIGN"
RETURN: Final = "RETURN"
HOLD: Final = "HOLD"
NOTE: Final = "NOTE"
PROPOSED, DONE, REFUSED = "PROPOSED", "DONE", "REFUSED"
EXACT, PARTIAL, OVER, BEFORE = "EXACT", "PARTIAL", "OVER", "BOOKED_BEFORE"
TWO_PEOPLE_ABOVE_FEN: Final = 5_000_000
"""Above CNY 50,000 a person's decision on an unmatched credit needs a second person."""

#: Books a credit for a due under a bank reference: what the one who calls does when money for it comes in.
Booker = Callable[[Connection, Due, StoredEntry, str], Awaitable[object]]

_before_attribute = register("settlement.matching.before_attribute")
_after_attribute = register("settlement.matching.after_attribute")
_before_return = register("settlement.matching.before_return")
_after_return = register("settlement.matching.after_return")


class DecisionWaits(Conflict):
    """Another decision on this entry waits for its second person. / 该流水已有处理意见待复核。"""

    code = "decision_waits"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided on an entry; PROPOSED until a second person has agreed, where one is needed."""

    id: UUID
    entry_id: UUID
    action: Action
    due_reference: str | None
    reason: str
    needs_second: bool
    state: str
    decided_by: UUID
    decided_at: datetime
    second_by: UUID | None
    second_at: datetime | None
    second_reason: str | None


async def match_received(
    conn: Connection, holder_id: UUID, *, book: Booker, now: datetime
) -> list[StoredEntry]:
    """Look at every entry that nobody has looked at yet; what became of each."""
    await lock_holder(conn, holder_id)
    return [
        await _match_credit(conn, entry, book=book, now=now)
        if entry.direction == CREDIT
        else await _match_debit(conn, entry, now=now)
        for entry in await files.received(conn, holder_id)
    ]


async def decide(
    conn: Connection,
    holder_id: UUID,
    entry_id: UUID,
    action: Action,
    *,
    reason: str,
    decided_by: UUID,
    book: Booker,
    now: datetime,
    due_reference: str | None = None,
    two_people_above_fen: int = TWO_PEOPLE_ABOVE_FEN,
) -> Decision:
    """Decide on an entry in the queue; the same decision again by the same person is answered as the first time.

    ASSIGN names the due that it pays, whoever paid it; RETURN queues a payout to the sender; HOLD leaves it where it
    is; NOTE is for a debit. Raises `IllegalStep` for an entry that is no longer in the queue.
    """
    await lock_holder(conn, holder_id)
    entry = await files.entry(conn, holder_id, entry_id)
    last = await last_decision(conn, entry_id)
    wanted = (action, due_reference, decided_by)
    if last is not None and last.state != REFUSED:
        if (last.action, last.due_reference, last.decided_by) == wanted:
            return last
        if last.state == PROPOSED:
            raise DecisionWaits
    if due_reference is not None:
        await dues.get(conn, holder_id, due_reference)
    _require_possible(entry, action)
    needs_second = action in (ASSIGN, RETURN) and entry.amount_fen > two_people_above_fen
    decision_id = uuid7(now)
    await conn.execute(
        _SQL["insert_decision"],
        *(decision_id, entry_id, action, due_reference, reason, needs_second),
        *(PROPOSED if needs_second else DONE, decided_by, now),
    )
    if not needs_second:
        await _carry_out(conn, entry, action, due_reference, book=book, now=now)
    return await decision(conn, holder_id, decision_id)


async def second(
    conn: Connection,
    holder_id: UUID,
    decision_id: UUID,
    *,
    agreed: bool,
    reason: str,
    second_by: UUID,
    book: Booker,
    now: datetime,
) -> Decision:
    """The second person agrees, and it is carried out, or refuses, and the entry stays in the queue."""
    await lock_holder(conn, holder_id)
    proposed = await decision(conn, holder_id, decision_id)
    state = DONE if agreed else REFUSED
    if proposed.state == state and proposed.second_by == second_by:
        return proposed
    if proposed.state != PROPOSED:
        raise IllegalStep(f"decision {decision_id}", state=proposed.state, step=state)
    if proposed.decided_by == second_by:
        raise SamePerson
    await conn.execute(_SQL["close_decision"], decision_id, state, second_by, now, reason)
    if agreed:
        entry = await files.entry(conn, holder_id, proposed.entry_id)
        _require_possible(entry, proposed.action)
        await _carry_out(conn, entry, proposed.action, proposed.due_reference, book=book, now=now)
    return await decision(conn, holder_id, decision_id)


async def decision(conn: Connection, holder_id: UUID, decision_id: UUID) -> Decision:
    """A decision on a holder's entry; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["decision"], holder_id, decision_id)
    if row is None:
        raise NotFound("no such decision", "没有该处理意见")
    return _decision(row)


async def last_decision(conn: Connection, entry_id: UUID) -> Decision | None:
    """The latest decision on an entry."""
    row = await conn.fetchrow(_SQL["last_decision"], entry_id)
    return None if row is None else _decision(row)


async def decisions(conn: Connection, holder_id: UUID, entry_id: UUID) -> list[Decision]:
    """Every decision on a holder's entry, in the order made."""
    return [_decision(row) for row in await conn.fetch(_SQL["decisions"], holder_id, entry_id)]


async def _match_credit(
    conn: Connection, entry: StoredEntry, *, book: Booker, now: datetime
) -> StoredEntry:
    """Attribute a credit where there is no doubt; else say why not."""
    due, verdict = await _verdict(conn, entry)
    if due is None:
        return await files.set_entry(conn, entry, files.OPEN, verdict=verdict)
    state = files.BOOKED if verdict == BEFORE else files.MATCHED
    try:
        async with conn.transaction():
            return await _attribute(conn, entry, due, state, verdict=verdict, book=book, now=now)
    except LuochuiError as refusal:
        return await files.set_entry(
            conn, entry, files.OPEN, verdict=f"REFUSED_{refusal.code.upper()}"
        )


async def _verdict(conn: Connection, entry: StoredEntry) -> tuple[Due | None, str]:
    """The due that a credit pays and how it fits; or no due, and why a person must look."""
    if entry.is_reversal:
        return None, "REVERSAL"
    if await instructions.is_ours(conn, entry.holder_id, entry.end_to_end_id):
        return None, "RETURNED_PAYOUT"
    written = references_in(entry.remittance) or references_in(entry.end_to_end_id)
    if not written:
        return None, "NO_REFERENCE"
    found = await dues.find(conn, entry.holder_id, written)
    if len(found) != 1:
        return None, "SEVERAL_REFERENCES" if found else "UNKNOWN_REFERENCE"
    (due,) = found
    if not same_name(entry.counterparty_name, due.party_name):
        return None, "WRONG_PAYER"
    known = await _booked_as(conn, entry, due)
    if known is not None:
        return (due, BEFORE) if known else (None, "REFERENCE_IN_USE")
    open_fen = await dues.open_fen(conn, due)
    if open_fen == 0:
        return None, "DUPLICATE"
    if entry.amount_fen == open_fen:
        return due, EXACT
    return due, PARTIAL if entry.amount_fen < open_fen else OVER


async def _booked_as(conn: Connection, entry: StoredEntry, due: Due) -> bool | None:
    """Whether this very credit was booked by hand before (true), or only others under its reference (false)."""
    rows = await conn.fetch(_SQL["booked"], entry.bank_reference, entry.id)
    if not rows:
        return None
    return any(_is_it(row, entry, due) and not row["is_taken"] for row in rows)


def _is_it(row: asyncpg.Record, entry: StoredEntry, due: Due) -> bool:
    """Whether what was booked is this credit: its amount, from who owes it, for the due or as their free money."""
    if (row["payer_id"], row["amount_fen"]) != (due.party_id, entry.amount_fen):
        return False
    if row["kind"] == "FREE":
        return due.kind in ("DEPOSIT", "CLAIM")
    return (row["kind"], row["subject_id"]) == (due.kind, due.subject_id)


async def _carry_out(
    conn: Connection,
    entry: StoredEntry,
    action: Action,
    due_reference: str | None,
    *,
    book: Booker,
    now: datetime,
) -> None:
    if action == ASSIGN:
        assert due_reference is not None, "the database asks for it"
        due = await dues.get(conn, entry.holder_id, due_reference)
        await _attribute(
            conn, entry, due, files.ASSIGNED, verdict=entry.verdict, book=book, now=now
        )
    elif action == RETURN:
        await _send_back(conn, entry, now=now)
    else:
        state = files.HELD if action == HOLD else files.NOTED
        await files.set_entry(conn, entry, state, verdict=entry.verdict)


async def _attribute(
    conn: Connection,
    entry: StoredEntry,
    due: Due,
    state: str,
    *,
    verdict: str,
    book: Booker,
    now: datetime,
) -> StoredEntry:
    """Take a credit off `unmatched` and book it for a due, in one transaction.

    What was booked by hand for this due before, by whoever assigns it even, is the same money: not booked again.
    """
    _before_attribute()
    await _release(conn, entry, now=now)
    known = await _booked_as(conn, entry, due)
    if known:
        verdict = BEFORE
    else:
        # Two banks may give two credits the same reference; then the account's number tells them apart.
        reference = (
            entry.bank_reference
            if known is None
            else f"{entry.bank_reference}@{entry.account_number}"
        )
        await book(conn, due, entry, reference)
    attributed = await files.set_entry(
        conn, entry, state, verdict=verdict, due_reference=due.reference
    )
    _after_attribute()
    return attributed


async def _send_back(conn: Connection, entry: StoredEntry, *, now: datetime) -> None:
    _before_return()
    await _release(conn, entry, now=now)
    payee_id = refunds.sender_id(entry.counterparty_name, entry.counterparty_account)
    payout_id = await refunds.send_back(
        conn,
        outside(payee_id),
        holder_id=entry.holder_id,
        payee_id=payee_id,
        payee_name=entry.counterparty_name or entry.counterparty_account or "unknown 不详",
        subject=f"credit:{entry.id}",
        amount_fen=entry.amount_fen,
        now=now,
    )
    await files.set_entry(conn, entry, files.RETURNED, verdict=entry.verdict, payout_id=payout_id)
    _after_return()


async def _release(conn: Connection, entry: StoredEntry, *, now: datetime) -> None:
    """Take a credit off `unmatched`, to be booked as what it is."""
    await post_one(
        conn,
        move(
            f"{entry.key}:attributed",
            kind="bank_credit_attributed",
            ref=f"holder:{entry.holder_id}",
            source=files.unmatched(entry.holder_id),
            target=files.unattributed(entry.holder_id),
            amount_fen=entry.amount_fen,
        ),
        now=now,
    )


async def _match_debit(conn: Connection, entry: StoredEntry, *, now: datetime) -> StoredEntry:
    """A debit that is one of our payouts confirms it; any other, and one that undoes a credit, is for a person."""
    if entry.is_reversal:
        return await files.set_entry(conn, entry, files.OPEN, verdict="REVERSAL")
    verdict, payout_id = await instructions.settle_debit(
        conn,
        entry.holder_id,
        entry.end_to_end_id,
        amount_fen=entry.amount_fen,
        bank_reference=entry.bank_reference,
        now=now,
    )
    state = files.OPEN if payout_id is None else files.MATCHED
    return await files.set_entry(conn, entry, state, verdict=verdict, payout_id=payout_id)


def _require_possible(entry: StoredEntry, action: Action) -> None:
    is_waiting = entry.state == files.OPEN or (entry.state == files.HELD and action != HOLD)
    if not is_waiting or (action == NOTE) != (entry.direction == DEBIT):
        raise IllegalStep(
            f"{entry.direction} {entry.bank_reference}", state=entry.state, step=action
        )


def _decision(row: asyncpg.Record) -> Decision:
    return msgspec.convert(dict(row), Decision)
