"""Money that comes after the final clearing: the clearing is reopened, and its next version settles the difference.

Earlier versions stay as they are; what a fund gets back, or by rounding still owes, is the difference between two
versions. Source: domain 5.1 (write-off returns), 5.3, 8.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import InvalidInput
from kit.failpoints import register
from kit.sql import Connection, load_statements
from settlement import cases
from settlement.compensation import debt_entries
from settlement.documents import canonical, read
from settlement.errors import IdempotencyIdReused
from settlement.ledger import Entry, Transfer, post, share
from settlement.recoveries import (
    EVENT_ID_MAX,
    clearings,
    final_lines,
    recovery_lines,
    settle_deltas,
    sharing,
)
from settlement.returning import close_if_settled
from settlement.rules.case import RecoveryEvent
from settlement.rules.clearing import Final, finish
from settlement.rules.recovery import Debt, Recovered, recover

_SQL = load_statements("settlement", "sql/cases.sql")
_RETURNING = load_statements("settlement", "sql/returning.sql")

_before_reopen = register("reopening.before_reopen")
_after_reopen = register("reopening.after_reopen")


async def record_late_recovery(
    conn: Connection,
    case_id: UUID,
    event: RecoveryEvent,
    *,
    now: datetime,
    recorded_by: UUID | None = None,
) -> Recovered:
    """Share what came after the final clearing, and clear anew. The same id with the same content answers again.

    Raises `IllegalStep` unless the case is cleared or closed, `IdempotencyIdReused`.
    """
    if not 1 <= len(event.id) <= EVENT_ID_MAX:
        raise InvalidInput("event.id", f"must have 1 to {EVENT_ID_MAX} characters", "长度不符")
    case = await cases.lock(conn, case_id)
    known = await conn.fetchrow(_SQL["event_by_id"], case_id, event.id)
    if known is not None:
        if known["event"] != canonical(event):
            raise IdempotencyIdReused
        return read(known["recovered"], Recovered)
    case.needs(cases.FINAL_CLEARING, cases.CLOSED, step="late recovery")
    claim, opening, book = case.claimed()
    assert case.final is not None, "a cleared case has its clearing"
    recovered, after = recover(claim.scheme, book, event)
    final = finish(claim.scheme, opening, after)
    version = 1 + max(one.version for one in await clearings(conn, case_id))
    _before_reopen()
    await conn.execute(
        _SQL["insert_event"], case_id, event.id, canonical(event), canonical(recovered), now
    )
    closed = msgspec.structs.replace(after, positions=final.closing)
    await conn.execute(_SQL["set_final"], case_id, canonical(closed), canonical(final))
    await conn.execute(
        _RETURNING["insert_final"],
        *(case_id, version, canonical(final), event.id, recorded_by, now),
    )
    transfers = _transfers(case, event, recovered, final, debts=(book.debt, after.debt))
    await post(conn, transfers, now=now)
    deltas = {fund: fen - case.final.delta[fund] for fund, fen in final.delta.items()}
    await settle_deltas(conn, case, opening, deltas, version=version, now=now)
    lines = recovery_lines(claim.scheme, event, book.positions, recovered) + final_lines(final)
    await cases.add_step(conn, case_id, "late_recovery", lines=lines, by_user=recorded_by, now=now)
    await close_if_settled(conn, case)
    _after_reopen()
    return recovered


def _transfers(
    case: cases.Case,
    event: RecoveryEvent,
    recovered: Recovered,
    final: Final,
    *,
    debts: tuple[Debt, Debt],
) -> list[Transfer]:
    transfers = [sharing(case, recovered)] if recovered.shared_fen else []
    paid = debt_entries(case.id, *debts)
    if paid:
        transfers.append(
            Transfer(
                idempotency_id=f"{case.ref}:event:{event.id}:debt",
                kind="debt_paid",
                ref=case.ref,
                entries=tuple(paid),
            )
        )
    trued = [Entry(share(case.id, name), fen) for name, fen in final.true_up.items() if fen]
    if trued:
        transfers.append(
            Transfer(
                idempotency_id=f"{case.ref}:event:{event.id}:true_up",
                kind="rounding_true_up",
                ref=case.ref,
                entries=tuple(trued),
            )
        )
    return transfers
