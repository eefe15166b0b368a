"""Recoveries of a case, shared by positions as they come in, and the final clearing that ends it.

An event id counts once. Movements are posted to the loss-sharing book and what was paid to the debtor's book, each to
its own; the fund's money moves only at final clearing. Source: domain 5.3, 7 and 8; contracts 2, steps 8 and 9.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import InvalidInput
from kit.failpoints import register
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement import cases
from settlement.cases import Case, StepLine
from settlement.compensation import debt_entries, pay_compensation, relief
from settlement.documents import canonical, read
from settlement.errors import DuplicateBankReference, IdempotencyIdReused, IllegalStep
from settlement.ledger import (
    AccountKey,
    Entry,
    Transfer,
    fund_account,
    move,
    outside,
    post,
    post_one,
    share,
)
from settlement.rules.case import RecoveryEvent
from settlement.rules.clearing import Final, finish
from settlement.rules.recovery import Recovered, recover

_SQL = load_statements("settlement", "sql/cases.sql")
EVENT_ID_MAX = 100

_before_recovery = register("settlement.recoveries.before_recovery")
_after_recovery = register("settlement.recoveries.after_recovery")
_before_final = register("settlement.recoveries.before_final")
_after_final = register("settlement.recoveries.after_final")
_before_return = register("settlement.recoveries.before_return")
_after_return = register("settlement.recoveries.after_return")


class RecordedRecovery(msgspec.Struct, frozen=True, kw_only=True):
    """A recovery as it came in and what it did."""

    event: RecoveryEvent
    recovered: Recovered
    recorded_at: datetime


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What moves at the end between a fund and a party: above 0 to the party, below 0 back to the fund."""

    fund_party: str
    party: str
    amount_fen: int
    settled_at: datetime | None
    bank_reference: str | None


async def record_recovery(
    conn: Connection, case_id: UUID, event: RecoveryEvent, *, now: datetime
) -> Recovered:
    """Share one recovery. The same id with the same content answers as the first time.

    Raises `IdempotencyIdReused` for the id with other content, `IllegalStep` before the advance and after
    the final clearing.
    """
    if not 1 <= len(event.id) <= EVENT_ID_MAX:
        raise InvalidInput("event.id", f"must have 1 to {EVENT_ID_MAX} characters", "长度不符")
    case = await cases.lock(conn, case_id)
    known = await conn.fetchrow(_SQL["event_by_id"], case_id, event.id)
    if known is not None:
        if known["event"] != canonical(event):
            raise IdempotencyIdReused
        return read(known["recovered"], Recovered)
    case.needs(cases.ADVANCE_PAID, cases.DISPOSAL, step="recovery")
    claim, _, book = case.claimed()
    recovered, after = recover(claim.scheme, book, event)
    _before_recovery()
    await conn.execute(
        _SQL["insert_event"], case_id, event.id, canonical(event), canonical(recovered), now
    )
    await conn.execute(_SQL["set_book"], case_id, cases.DISPOSAL, canonical(after))
    transfers = []
    if recovered.shared_fen:
        transfers.append(_sharing(case, recovered))
    paid = debt_entries(case_id, book.debt, after.debt)
    if paid:
        transfers.append(
            Transfer(
                idempotency_id=f"{case.ref}:event:{event.id}:debt",
                kind="debt_paid",
                ref=case.ref,
                entries=tuple(paid),
            )
        )
    await post(conn, transfers, now=now)
    lines = _recovery_lines(event, book.positions, recovered)
    await cases.add_step(conn, case_id, "record_recovery", lines=lines, by_user=None, now=now)
    _after_recovery()
    return recovered


async def recoveries(conn: Connection, case_id: UUID) -> list[RecordedRecovery]:
    """The recoveries of a case, in the order recorded."""
    return [
        RecordedRecovery(
            event=read(row["event"], RecoveryEvent),
            recovered=read(row["recovered"], Recovered),
            recorded_at=row["recorded_at"],
        )
        for row in await conn.fetch(_SQL["events"], case_id)
    ]


async def final_clearing(
    conn: Connection, case_id: UUID, *, cleared_by: UUID, now: datetime
) -> Final:
    """End the case: true up the positions, top up (补拨) or note what is to be returned (退回), once.

    Raises `InsufficientFunds` when a fund can't pay what it owes. The case is CLOSED at once unless
    something is to be returned.
    """
    case = await cases.lock(conn, case_id)
    if case.final is not None:
        return case.final
    case.needs(cases.ADVANCE_PAID, cases.DISPOSAL, step=cases.FINAL_CLEARING)
    claim, opening, book = case.claimed()
    final = finish(claim.scheme, opening, book)
    closed = msgspec.structs.replace(book, positions=final.closing)
    _before_final()
    await conn.execute(_SQL["set_final"], case_id, canonical(closed), canonical(final))
    trued = [Entry(share(case_id, name), fen) for name, fen in final.true_up.items() if fen]
    if trued:
        true_up = Transfer(
            idempotency_id=f"{case.ref}:true_up",
            kind="rounding_true_up",
            ref=case.ref,
            entries=tuple(trued),
        )
        await post_one(conn, true_up, now=now)
    for fund, delta_fen in final.delta.items():
        parts = relief(opening, abs(delta_fen))
        if delta_fen > 0:
            await pay_compensation(conn, case, fund, parts, kind="compensation_top_up", now=now)
        sign, settled_at = (1, now) if delta_fen > 0 else (-1, None)
        for party, fen in parts.items():
            await conn.execute(
                _SQL["insert_settlement"], case_id, fund, party, sign * fen, settled_at
            )
    await cases.add_step(
        conn, case_id, "final_clearing", lines=_final_lines(final), by_user=cleared_by, now=now
    )
    await _close_if_settled(conn, case)
    _after_final()
    return final


async def record_return(
    conn: Connection,
    case_id: UUID,
    *,
    fund_party: str,
    party: str,
    amount_fen: int,
    bank_reference: str,
    now: datetime,
) -> Case:
    """A party returned to the fund what the final clearing asked for; once a bank reference.

    Raises `IllegalStep` when nothing is to be returned, `InvalidInput` for another amount.
    """
    case = await cases.lock(conn, case_id)
    due = {(row.fund_party, row.party): row for row in await settlements(conn, case_id)}
    row = due.get((fund_party, party))
    if row is None or row.amount_fen > 0:
        raise IllegalStep(f"case {case_id}", state=case.state, step="return")
    if row.settled_at is not None:
        if row.bank_reference != bank_reference:
            raise DuplicateBankReference
        return case
    if amount_fen != -row.amount_fen:
        raise InvalidInput(
            "amount_fen",
            f"must be the {-row.amount_fen} that is due, not {amount_fen}",
            f"应为应退回的 {-row.amount_fen}，不能是 {amount_fen}",
        )
    _before_return()
    await post_one(
        conn,
        move(
            f"{case.ref}:return:{fund_party}:{party}"[:200],
            kind="compensation_returned",
            ref=case.ref,
            source=outside(case.parties[party], case.ref),
            target=fund_account(case.parties[fund_party]),
            amount_fen=amount_fen,
        ),
        now=now,
    )
    await conn.execute(_SQL["settle"], case_id, fund_party, party, now, bank_reference)
    await _close_if_settled(conn, case)
    _after_return()
    return await cases.get(conn, case_id)


async def settlements(conn: Connection, case_id: UUID) -> list[Settlement]:
    """What the final clearing moved or asks back, by fund and party."""
    rows = await conn.fetch(_SQL["settlements"], case_id)
    return [msgspec.convert(dict(row), Settlement) for row in rows]


async def _close_if_settled(conn: Connection, case: Case) -> None:
    if all(row.settled_at is not None for row in await settlements(conn, case.id)):
        await cases.set_state(conn, case, cases.CLOSED)


def _sharing(case: Case, recovered: Recovered) -> Transfer:
    return Transfer(
        idempotency_id=f"{case.ref}:event:{recovered.id}:sharing",
        kind="recovery_shared",
        ref=case.ref,
        entries=(
            Entry(AccountKey("loss", case.id), recovered.shared_fen),
            *(
                Entry(share(case.id, name), -fen)
                for name, fen in recovered.movements.items()
                if fen
            ),
        ),
    )


def _recovery_lines(
    event: RecoveryEvent, before: dict[str, int], recovered: Recovered
) -> list[StepLine]:
    gross = yuan(event.gross_fen)
    lines = [
        StepLine(
            name="net recovery",
            name_zh="回收净额",
            party="",
            amount_fen=recovered.net_fen,
            computation=f"gross {gross} - costs {yuan(event.gross_fen - recovered.net_fen)}",
        )
    ]
    whole = yuan(sum(before.values()))
    for name, fen in recovered.movements.items():
        lines.append(
            StepLine(
                name="movement",
                name_zh="分配",
                party=name,
                amount_fen=fen,
                computation=f"{yuan(recovered.shared_fen)} × {yuan(before[name])} / {whole};"
                f" position {yuan(before[name])} -> {yuan(recovered.positions[name])}",
            )
        )
    return lines


def _final_lines(final: Final) -> list[StepLine]:
    lines = []
    for name, fen in final.closing.items():
        lines.append(
            StepLine(
                name="closing position",
                name_zh="期末头寸",
                party=name,
                amount_fen=fen,
                computation=f"final loss split as opened; true-up {yuan(final.true_up[name])}",
            )
        )
    for fund, fen in final.delta.items():
        lines.append(
            StepLine(
                name="delta",
                name_zh="补拨或退回",
                party=fund,
                amount_fen=fen,
                computation=f"{yuan(final.closing[fund])} - {yuan(final.closing[fund] - fen)} advanced",
            )
        )
    return lines
