"""Money in: statements come in, credits are booked for what is due, people resolve the rest. Source: domain 6.6.

The holder of the money is the caller's own organisation: a venue, a fund, or a bank that takes in its licences' fees
and its mandates' income itself; another's is not found.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import InvalidInput, NotFound
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.banking import booking
from marketplace.banking.schemas import (
    BankFileView,
    DecisionIn,
    DecisionView,
    DueView,
    EntryView,
    PaymentsAnswered,
    Refund,
    RefundDue,
    RefundIn,
    SecondIn,
    StatementReceived,
    picked,
)
from marketplace.bidders import service as bidders
from marketplace.lots import service as lots
from marketplace.lots.regimes import Regime, refund_term
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox
from settlement import dues, matching, payee_accounts, payment_answers, refunds, statement_files
from settlement.dues import Due
from settlement.rules.references import reference_of, references_in, shown
from settlement.statement_files import STATEMENT, STATUS, BankFile, StoredEntry

_SQL = load_statements("marketplace.banking", "queries.sql")
_WAITING = (statement_files.OPEN, statement_files.HELD)
_ENTRIES_SHOWN_MAX = 20_000
_ACTIONS: dict[str, matching.Action] = {
    "assign": matching.ASSIGN,
    "return": matching.RETURN,
    "hold": matching.HOLD,
    "note": matching.NOTE,
}


async def receive_statement(
    conn: Connection, caller: Caller, content: bytes, *, now: datetime
) -> BankFileView:
    """Enter a statement file of one of the caller's own accounts, and book what is known to be whose."""
    holder_id = caller.organisation_id
    await booking.give_references(conn, holder_id, now=now)
    file = await statement_files.receive_statements(
        conn, holder_id, content, received_by=caller.user_id, now=now
    )
    if file.is_repeat:
        return await statement(conn, caller, file.id, is_repeat=True)
    looked_at = await matching.match_received(
        conn, holder_id, book=booking.booker(caller, now), now=now
    )
    waiting = sum(entry.state == statement_files.OPEN for entry in looked_at)
    await _record_file(conn, caller, file, now=now)
    event = StatementReceived(
        file_id=file.id, holder_id=holder_id, state=file.state, waiting=waiting
    )
    await outbox.add(conn, event, now=now)
    return await statement(conn, caller, file.id)


async def receive_answers(
    conn: Connection, caller: Caller, content: bytes, *, now: datetime
) -> BankFileView:
    """Take in what the bank says became of payments that the caller's organisation sent."""
    file = await payment_answers.receive_statuses(
        conn, caller.organisation_id, content, received_by=caller.user_id, now=now
    )
    if not file.is_repeat:
        await _record_file(conn, caller, file, now=now)
        event = PaymentsAnswered(
            file_id=file.id, holder_id=caller.organisation_id, state=file.state
        )
        await outbox.add(conn, event, now=now)
    return _file_view(file, [])


async def statement(
    conn: Connection, caller: Caller, file_id: UUID, *, is_repeat: bool = False
) -> BankFileView:
    """A statement file of the caller's organisation, with the entries that it brought."""
    file = await statement_files.file_of(conn, caller.organisation_id, file_id)
    if file.kind != STATEMENT:
        raise NotFound
    entries = await statement_files.entries(
        conn, caller.organisation_id, file_id=file_id, limit=_ENTRIES_SHOWN_MAX
    )
    return _file_view(msgspec.structs.replace(file, is_repeat=is_repeat), entries)


async def statements(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[BankFileView]:
    """The caller's organisation's statement files, newest first, without their entries."""
    return await _files(conn, caller, STATEMENT, after=after, limit=limit)


async def answers(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[BankFileView]:
    """The caller's organisation's status files, newest first."""
    return await _files(conn, caller, STATUS, after=after, limit=limit)


async def queue(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[EntryView]:
    """The entries that wait for a person, in the order entered."""
    entries = await statement_files.entries(
        conn, caller.organisation_id, states=_WAITING, after=after, limit=limit
    )
    return [_entry_view(entry) for entry in entries]


async def decide(
    conn: Connection, caller: Caller, entry_id: UUID, given: DecisionIn, *, now: datetime
) -> DecisionView:
    """Decide on an entry of the queue, with the reason; above an amount it waits for a second person."""
    if (given.action == "assign") != (given.reference is not None):
        raise InvalidInput(
            "reference",
            "names the due of an assignment, and belongs to nothing else",
            "仅认领（assign）须填写应缴款项编号",
        )
    reference = None
    if given.reference is not None:
        reference = next(iter(references_in(given.reference)), None)
        if reference is None:
            raise InvalidInput("reference", "is no payment reference", "不是有效的缴款编号")
        await booking.give_references(conn, caller.organisation_id, now=now)
    before = await matching.last_decision(conn, entry_id)
    decision = await matching.decide(
        conn,
        caller.organisation_id,
        entry_id,
        _ACTIONS[given.action],
        due_reference=reference,
        reason=given.reason,
        decided_by=caller.user_id,
        book=booking.booker(caller, now),
        now=now,
    )
    if before is None or before.id != decision.id:
        await _record_decision(conn, caller, decision, given.reason, now=now)
    return _decision_view(decision)


async def second(
    conn: Connection, caller: Caller, decision_id: UUID, given: SecondIn, *, now: datetime
) -> DecisionView:
    """Agree with another's decision, which is then carried out, or refuse it."""
    before = await matching.decision(conn, caller.organisation_id, decision_id)
    decision = await matching.second(
        conn,
        caller.organisation_id,
        decision_id,
        agreed=given.agreed,
        reason=given.reason,
        second_by=caller.user_id,
        book=booking.booker(caller, now),
        now=now,
    )
    if before.state != decision.state:
        await _record_decision(conn, caller, decision, given.reason, now=now)
    return _decision_view(decision)


async def decisions(conn: Connection, caller: Caller, entry_id: UUID) -> list[DecisionView]:
    """Every decision on an entry, in the order made."""
    found = await matching.decisions(conn, caller.organisation_id, entry_id)
    return [_decision_view(decision) for decision in found]


async def refunds_due(conn: Connection, caller: Caller, *, now: datetime) -> list[RefundDue]:
    """Released deposits of the caller's lots that are not on their way yet, each with the last moment of its notice."""
    due = []
    async with everything(
        conn
    ):  # the bidders are others; the statement asks for this venue's lots alone
        rows = await conn.fetch(_SQL["refunds_due"], caller.organisation_id)
    for row in rows:
        term = refund_term(Regime(row["regime"]), row["refund_working_days"])
        due_at = refunds.release_by(term, row["released_at"])
        fields = dict(row) | {"due_at": due_at, "is_late": now > due_at}
        due.append(msgspec.convert(fields, RefundDue))
    return due


async def refund_deposit(
    conn: Connection, caller: Caller, lot_id: UUID, given: RefundIn, *, now: datetime
) -> Refund:
    """Queue the payout of a bidder's released deposit, once."""
    await lots.owned_for_update(conn, caller, lot_id)
    bidder = await bidders.get(conn, given.bidder_id)
    if bidder.lot_id != lot_id or bidder.deposit_id is None:
        raise NotFound("this lot has no such deposit", "该标的没有此保证金")
    organisation = await organisations.organisation_by_id(conn, bidder.organisation_id)
    payout_id = await refunds.refund_deposit(
        conn,
        bidder.deposit_id,
        holder_id=caller.organisation_id,
        payee_name=organisation.name,
        now=now,
    )
    await audit.record(
        conn,
        caller,
        now=now,
        action="deposit_refund_queued",
        subject="bidder",
        subject_id=bidder.id,
        after={"payout_id": payout_id},
    )
    return Refund(payout_id=payout_id)


async def own_dues(
    conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime
) -> list[DueView]:
    """What the caller's organisation is to pay for a lot: amount, reference, and the venue's account."""
    rows = await conn.fetch(_SQL["owed"], None, caller.organisation_id, lot_id, False)
    if not rows:
        raise NotFound(f"nothing is due for lot {lot_id}", f"标的 {lot_id} 没有应缴款项")
    found = []
    for row in rows:
        due = Due(
            **dict(row),
            reference=reference_of(row["kind"], lot_id, row["party_id"]),
            created_at=now,
        )
        assert due.kind != "ROYALTY", "an invoice is no lot's"
        assert due.kind != "MANDATE", "a period is no lot's"
        account = (await payee_accounts.active(conn, due.holder_id, [due.holder_id])).get(
            due.holder_id
        )
        async with everything(conn):  # what is open follows from the venue's own bookings
            due_fen = await dues.open_fen(conn, due)
        found.append(
            DueView(
                kind=due.kind,
                lot_id=lot_id,
                reference=shown(due.reference),
                due_fen=due_fen,
                payer_name=due.party_name,
                account_name=account.account_name if account else None,
                account_number=account.account_number if account else None,
                bank_name=account.bank_name if account else None,
                bank_code=account.bank_code if account else None,
            )
        )
    return found


async def _files(
    conn: Connection, caller: Caller, kind: str, *, after: UUID | None, limit: int
) -> list[BankFileView]:
    found = await statement_files.files(
        conn, caller.organisation_id, kind=kind, after=after, limit=limit
    )
    return [_file_view(file, []) for file in found]


async def _record_file(conn: Connection, caller: Caller, file: BankFile, *, now: datetime) -> None:
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"bank_{file.kind.lower()}_{file.state.lower()}",
        subject="bank_file",
        subject_id=file.id,
        after={"sha256": file.sha256.hex(), "reason_code": file.reason_code},
        reason=file.reason,
    )


async def _record_decision(
    conn: Connection, caller: Caller, decision: matching.Decision, reason: str, *, now: datetime
) -> None:
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"bank_entry_{decision.action.lower()}_{decision.state.lower()}",
        subject="bank_entry",
        subject_id=decision.entry_id,
        after={"decision_id": decision.id, "reference": decision.due_reference},
        reason=reason,
    )


def _file_view(file: BankFile, entries: list[StoredEntry]) -> BankFileView:
    views = [_entry_view(entry) for entry in entries]
    return BankFileView(**picked(file, BankFileView, sha256=file.sha256.hex(), entries=views))


def _entry_view(entry: StoredEntry) -> EntryView:
    return EntryView(**picked(entry, EntryView, reference=_shown_or_none(entry.due_reference)))


def _decision_view(decision: matching.Decision) -> DecisionView:
    reference = _shown_or_none(decision.due_reference)
    return DecisionView(**picked(decision, DecisionView, reference=reference))


def _shown_or_none(reference: str | None) -> str | None:
    return None if reference is None else shown(reference)
