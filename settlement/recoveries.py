"""Recoveries of a case, shared by positions as they come in, and the final clearing that ends it.

An event id counts once. Movements are posted to the loss-sharing book and what was paid to the debtor's book, each to
its own; the fund's money moves only at final clearing. Source: domain 5.3, 7 and 8; contracts 2, steps 8 and 9.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

import msgspec

from kit.errors import InvalidInput
from kit.failpoints import register
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement import cases, margins
from settlement.cases import Case, StepLine
from settlement.compensation import debt_entries, pay_compensation, relief
from settlement.documents import canonical, read
from settlement.errors import IdempotencyIdReused
from settlement.ledger import (
    AccountKey,
    Entry,
    Transfer,
    post,
    post_one,
    share,
)
from settlement.returning import (
    Settlement,
    close_if_settled,
    deadline,
    record_return,
    settlements,
    terms_of,
)
from settlement.rules.case import RecoveryEvent
from settlement.rules.clearing import Final, finish
from settlement.rules.compensation import Opening
from settlement.rules.recovery import Recovered, recover, share_groups
from settlement.rules.scheme import Scheme
from settlement.statement_words import LARGEST_REMAINDER

__all__ = [
    "Clearing",
    "RecordedRecovery",
    "Settlement",
    "clearings",
    "final_clearing",
    "record_recovery",
    "record_return",
    "recoveries",
    "settlements",
]

_SQL = load_statements("settlement", "sql/cases.sql")
_RETURNING = load_statements("settlement", "sql/returning.sql")
EVENT_ID_MAX = 100

_before_recovery = register("settlement.recoveries.before_recovery")
_after_recovery = register("settlement.recoveries.after_recovery")
_before_final = register("settlement.recoveries.before_final")
_after_final = register("settlement.recoveries.after_final")


class RecordedRecovery(msgspec.Struct, frozen=True, kw_only=True):
    """A recovery as it came in and what it did."""

    event: RecoveryEvent
    recovered: Recovered
    recorded_at: datetime


class Clearing(msgspec.Struct, frozen=True, kw_only=True):
    """A final clearing by version; `event_id` is the late recovery that made it, null for the first."""

    version: int
    final: Final
    event_id: str | None
    cleared_by: UUID | None
    cleared_at: datetime


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
        transfers.append(sharing(case, recovered))
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
    lines = recovery_lines(claim.scheme, event, book.positions, recovered)
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
    await settle_deltas(conn, case, opening, final.delta, version=1, now=now)
    if (await terms_of(conn, case)).payout_form == "MARGIN_ACCOUNT":
        await margins.release(conn, case, now=now)
    await conn.execute(
        _RETURNING["insert_final"], case_id, 1, canonical(final), None, cleared_by, now
    )
    await cases.add_step(
        conn, case_id, "final_clearing", lines=final_lines(final), by_user=cleared_by, now=now
    )
    await close_if_settled(conn, case)
    _after_final()
    return final


async def settle_deltas(
    conn: Connection,
    case: Case,
    opening: Opening,
    deltas: Mapping[str, int],
    *,
    version: int,
    now: datetime,
) -> None:
    """Top up what a fund owes (补拨), and note what is asked back (退回) with its last day.

    What is asked back and still set aside on a margin account goes back at once.
    """
    terms = await terms_of(conn, case)
    kind = "compensation_top_up" if version == 1 else f"compensation_top_up_{version}"
    for fund, delta_fen in deltas.items():
        parts = relief(opening, abs(delta_fen))
        row: tuple[int, date | None, datetime | None] = (1, None, now)
        if delta_fen > 0:
            await pay_compensation(conn, case, fund, parts, kind=kind, now=now)
        elif version == 1 and terms.payout_form == "MARGIN_ACCOUNT":
            parts = await margins.take_back(conn, case, fund, -delta_fen, why="final", now=now)
            row = (-1, None, now)
        else:
            row = (-1, deadline(terms, now), None)
        sign, due_on, settled_at = row
        for party, fen in parts.items():
            await conn.execute(
                _RETURNING["insert_settlement"],
                *(case.id, fund, party, version, sign * fen, due_on, settled_at),
            )


async def clearings(conn: Connection, case_id: UUID) -> list[Clearing]:
    """Every final clearing of a case, in order; all but the first were made by money that came late."""
    return [
        Clearing(
            version=row["version"],
            final=read(row["final"], Final),
            event_id=row["event_id"],
            cleared_by=row["cleared_by"],
            cleared_at=row["cleared_at"],
        )
        for row in await conn.fetch(_RETURNING["finals"], case_id)
    ]


def sharing(case: Case, recovered: Recovered) -> Transfer:
    """The transfer that lowers the positions by what a recovery shared."""
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


def recovery_lines(
    scheme: Scheme, event: RecoveryEvent, before: dict[str, int], recovered: Recovered
) -> list[StepLine]:
    """What a recovery did, figure by figure: within the groups of the scheme, the first to be made good first."""
    gross = yuan(event.gross_fen)
    lines = [
        StepLine(
            name="net recovery",
            name_zh="回收净额",
            party="",
            amount_fen=recovered.net_fen,
            computation=f"gross 总额 {gross} - costs 费用 {yuan(event.gross_fen - recovered.net_fen)}",
        )
    ]
    left_fen = recovered.shared_fen
    for group in share_groups(scheme):
        whole_fen = sum(before[name] for name in group)
        part_fen = min(left_fen, whole_fen)
        left_fen -= part_fen
        for name in group:
            lines.append(
                StepLine(
                    name="movement",
                    name_zh="分配",
                    party=name,
                    amount_fen=recovered.movements[name],
                    computation=f"{yuan(part_fen)} × {yuan(before[name])} / {yuan(whole_fen)},"
                    f" {LARGEST_REMAINDER};"
                    f" position 头寸 {yuan(before[name])} -> {yuan(recovered.positions[name])}",
                )
            )
    return lines


def final_lines(final: Final) -> list[StepLine]:
    """What a final clearing came to, figure by figure."""
    lines = []
    for name, fen in final.closing.items():
        lines.append(
            StepLine(
                name="closing position",
                name_zh="期末头寸",
                party=name,
                amount_fen=fen,
                computation="final loss split as opened 最终损失按期初头寸分担;"
                f" true-up 尾差调整 {yuan(final.true_up[name])}",
            )
        )
    for fund, fen in final.delta.items():
        lines.append(
            StepLine(
                name="delta",
                name_zh="补拨或退回",
                party=fund,
                amount_fen=fen,
                computation=f"{yuan(final.closing[fund])} closing 期末"
                f" - {yuan(final.closing[fund] - fen)} advanced 已拨付",
            )
        )
    return lines
