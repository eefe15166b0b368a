"""Quarterly returns: drafted by a bank's maker, submitted by its checker to two authorities, locked when they disagree.

A return is due ten calendar days after its quarter. What was submitted does not change: another figure, or one that the
books do not bear out, is an alert (MON-02) that locks it. Source: domain 1.2, 1.4, 1.6, 7.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.money import yuan
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.monitoring import service as monitoring
from marketplace.monitoring.rules import return_disagrees
from marketplace.organisations.schemas import SYSTEM_USER_ID, Caller, OrganisationKind
from marketplace.outbox import service as outbox
from marketplace.returns.schemas import (
    Alert,
    Content,
    Receipt,
    Reopening,
    Return,
    ReturnIn,
    ReturnMoved,
    ReturnState,
)
from settlement.errors import SamePerson
from settlement.paper_bodies import QuarterFigures
from settlement.rules import quarters

_SQL = load_statements("marketplace.returns", "queries.sql")
TOLERANCE_BP = 50
"""How far a return's bad loans may be from the books before it is an alert: half a percent."""


class ReturnLocked(Conflict):
    """This return is locked by an alert; a recipient must reopen it. / 该统计表已因预警锁定，须由接收机关退回。"""

    code = "return_locked"


async def draft(conn: Connection, caller: Caller, given: ReturnIn, *, now: datetime) -> Return:
    """Draft, or draft anew, the return of a quarter that is over.

    For a submitted quarter the same figures are answered as they stand; others are an alert that locks it (MON-02), and
    the answer shows that. Raises `ReturnLocked`, `InvalidInput`.
    """
    _, last = quarters.span(given.quarter)
    today = now.astimezone(CHINA).date()
    if last >= today:
        raise InvalidInput("quarter", f"{given.quarter} ends on {last}", f"该季度于 {last} 结束")
    await _check(conn, given)
    await conn.execute(_SQL["lock_quarter"], caller.organisation_id, given.quarter)
    content = await _content(conn, caller, given)
    row = await conn.fetchrow(_SQL["latest"], caller.organisation_id, given.quarter)
    state = None if row is None else ReturnState(row["state"])
    if row is not None and state is ReturnState.LOCKED:
        raise ReturnLocked
    if row is not None and state is ReturnState.SUBMITTED:
        return await _again(conn, caller, row, content, now=now)
    encoded = msgspec.json.encode(content)
    if row is not None and state is ReturnState.DRAFTED:
        await conn.execute(
            _SQL["redraft"], row["id"], encoded, given.recipients, caller.user_id, now
        )
        return await _noted(conn, caller, row["id"], "return_drafted", now=now)
    version = 1 if row is None else row["version"] + 1
    return_id = uuid7(now)
    await conn.execute(
        _SQL["insert"],
        *(return_id, caller.organisation_id, given.quarter, version, encoded, given.recipients),
        *(quarters.due_on(given.quarter), caller.user_id, now),
    )
    return await _noted(conn, caller, return_id, "return_drafted", now=now)


async def authorities(conn: Connection) -> dict[UUID, str]:
    """The authorities to which a bank may report, by name."""
    async with everything(conn):  # whom one reports to is no secret
        return {row["id"]: row["name"] for row in await conn.fetch(_SQL["all_authorities"])}


async def submit(conn: Connection, caller: Caller, return_id: UUID, *, now: datetime) -> Return:
    """The bank's second person submits it to both recipients, once; where the books disagree it is locked at once.

    Raises `SamePerson` for its drafter, `NotFound` for another bank's.
    """
    row = await _lock(conn, caller, return_id)
    if row["state"] != ReturnState.DRAFTED:
        return await get(conn, caller, return_id)
    if row["drafted_by"] == caller.user_id:
        raise SamePerson
    content = msgspec.json.decode(row["content"], type=Content)
    reported_fen = sum(branch.ip_npl_fen for branch in content.branches)
    ledger_fen = content.figures.ledger_npl_fen
    alerts = []
    if quarters.disagrees(reported_fen, ledger_fen, tolerance_bp=TOLERANCE_BP):
        await _alarm(conn, row, reported_fen=reported_fen, ledger_fen=ledger_fen, now=now)
        alerts.append(
            Alert(
                code="MON-02",
                detail=f"bad IP-pledged loans reported {yuan(reported_fen)}, in the books {yuan(ledger_fen)}",
                detail_zh=f"报送不良 {yuan(reported_fen)}，台账不良 {yuan(ledger_fen)}",
                at=now,
            )
        )
    state = ReturnState.LOCKED if alerts else ReturnState.SUBMITTED
    is_late = now.astimezone(CHINA).date() > row["due_on"]
    receipt = f"TJ{row['quarter']}-{return_id.hex[-12:].upper()}"
    await conn.execute(
        _SQL["submit"],
        *(return_id, state, caller.user_id, now, is_late, receipt),
        msgspec.json.encode(alerts).decode(),
    )
    return await _noted(conn, caller, return_id, f"return_{state}", now=now)


async def acknowledge(
    conn: Connection, caller: Caller, return_id: UUID, *, now: datetime
) -> Return:
    """A recipient confirms that the return came, once."""
    row = await conn.fetchrow(_SQL["lock"], return_id)
    if row is None or caller.organisation_id not in row["recipients"] or row["receipt"] is None:
        raise NotFound
    before = await _receipts(conn, return_id)
    await conn.execute(_SQL["acknowledge"], return_id, caller.organisation_id, caller.user_id, now)
    if await _receipts(conn, return_id) == before:
        return await get(conn, caller, return_id)
    return await _noted(conn, caller, return_id, "return_received", now=now)


async def reopen(
    conn: Connection, caller: Caller, return_id: UUID, given: Reopening, *, now: datetime
) -> Return:
    """A recipient lets the bank report anew, with a reason; what was submitted stays on record."""
    row = await conn.fetchrow(_SQL["lock"], return_id)
    if row is None or caller.organisation_id not in row["recipients"] or row["receipt"] is None:
        raise NotFound
    if row["state"] != ReturnState.REOPENED:
        await conn.execute(_SQL["set_state"], return_id, ReturnState.REOPENED, row["alerts"])
        return await _noted(
            conn, caller, return_id, "return_reopened", now=now, reason=given.reason
        )
    return await get(conn, caller, return_id)


async def get(conn: Connection, caller: Caller, return_id: UUID) -> Return:
    """A return that the caller may see; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["visible"], return_id, _sees_all(caller), caller.organisation_id)
    if row is None:
        raise NotFound
    return await _return(conn, row)


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int, quarter: str | None
) -> list[Return]:
    """Up to `limit` returns that the caller may see, of one quarter or of all."""
    rows = await conn.fetch(
        _SQL["page"], after, _sees_all(caller), caller.organisation_id, quarter, limit
    )
    return [await _return(conn, row) for row in rows]


async def _content(conn: Connection, caller: Caller, given: ReturnIn) -> Content:
    return Content(
        branches=given.branches,
        tolerance=[quarters.tolerance(branch) for branch in given.branches],
        figures=await figures(conn, caller.organisation_id, given.quarter),
    )


async def figures(conn: Connection, bank_id: UUID, quarter: str, alerts: int = 0) -> QuarterFigures:
    """What the books know of a bank's quarter."""
    first, last = quarters.span(quarter)
    sold = await conn.fetch(_SQL["disposals"], bank_id, first, last)
    sums = await conn.fetchrow(_SQL["compensation"], bank_id, first, last)
    assert sums is not None, "sums are one row"
    return QuarterFigures(
        disposals={row["format"]: row["sold"] for row in sold},
        disposed_fen=sum(row["sold_fen"] for row in sold),
        **dict(sums),
        ledger_npl_fen=await conn.fetchval(_SQL["ledger_npl"], bank_id, last),
        alerts=alerts,
    )


async def _again(
    conn: Connection, caller: Caller, row: asyncpg.Record, content: Content, *, now: datetime
) -> Return:
    """Figures for a quarter that was submitted: the same change nothing, others lock it."""
    stands = msgspec.json.decode(row["content"], type=Content)
    if stands.branches == content.branches:
        return await get(conn, caller, row["id"])
    reported_fen = sum(branch.ip_npl_fen for branch in content.branches)
    await _alarm(conn, row, reported_fen=reported_fen, ledger_fen=None, now=now)
    alerts = msgspec.json.decode(row["alerts"], type=list[Alert])
    changed = Alert(
        code="MON-02",
        detail="figures were changed after their submission",
        detail_zh="报送后变更数据",
        at=now,
    )
    await conn.execute(
        _SQL["set_state"],
        *(row["id"], ReturnState.LOCKED, msgspec.json.encode([*alerts, changed]).decode()),
    )
    return await _noted(conn, caller, row["id"], "return_locked", now=now)


async def _alarm(
    conn: Connection,
    row: asyncpg.Record,
    *,
    reported_fen: int,
    ledger_fen: int | None,
    now: datetime,
) -> None:
    """Raise MON-02 for the bank, whose listings it holds until two people have looked (ELG-28).

    `ledger_fen` None: the figures were changed after their submission.
    """
    subject = f"{row['quarter']}/{row['version']}"
    for signal in return_disagrees(
        quarter=subject,
        reported_fen=reported_fen,
        ledger_fen=reported_fen if ledger_fen is None else ledger_fen,
        is_changed_after_submission=ledger_fen is None,
    ):
        await monitoring.raise_alert(conn, signal, organisation_id=row["organisation_id"], now=now)


async def _check(conn: Connection, given: ReturnIn) -> None:
    names: set[str] = set()
    for index, branch in enumerate(given.branches):
        quarters.check(branch, f"branches[{index}]")
        if not branch.branch or branch.branch in names:
            raise InvalidInput(
                f"branches[{index}].branch", "must be given, and once", "须填写且不得重复"
            )
        names.add(branch.branch)
    found = await conn.fetch(_SQL["authorities"], given.recipients)
    if len(found) != len(given.recipients):
        raise InvalidInput("recipients", "must be two active authorities", "须为两个有效的主管机关")


async def _lock(conn: Connection, caller: Caller, return_id: UUID) -> asyncpg.Record:
    row = await conn.fetchrow(_SQL["lock"], return_id)
    if row is None or row["organisation_id"] != caller.organisation_id:
        raise NotFound
    return row


async def _noted(
    conn: Connection,
    caller: Caller,
    return_id: UUID,
    action: str,
    *,
    now: datetime,
    reason: str | None = None,
) -> Return:
    row = await conn.fetchrow(_SQL["lock"], return_id)
    assert row is not None, "it was just written"
    done = await _return(conn, row)
    await audit.record(
        conn,
        caller,
        now=now,
        action=action,
        subject="return",
        subject_id=return_id,
        after={"state": done.state, "sha256": done.sha256, "alerts": len(done.alerts)},
        reason=reason,
    )
    event = ReturnMoved(
        return_id=return_id,
        organisation_id=done.organisation_id,
        quarter=done.quarter,
        state=done.state,
    )
    await outbox.add(conn, event, now=now)
    return done


async def _return(conn: Connection, row: asyncpg.Record) -> Return:
    fields: dict[str, Any] = dict(row)
    fields.pop("name", None)
    return Return(
        **(
            fields
            | {
                "content": msgspec.json.decode(row["content"], type=Content),
                "sha256": row["sha256"].hex(),
                "state": ReturnState(row["state"]),
                "alerts": msgspec.json.decode(row["alerts"], type=list[Alert]),
                "receipts": await _receipts(conn, row["id"]),
            }
        )
    )


async def _receipts(conn: Connection, return_id: UUID) -> list[Receipt]:
    rows = await conn.fetch(_SQL["receipts"], return_id)
    return [msgspec.convert(dict(row), Receipt) for row in rows]


def _sees_all(caller: Caller) -> bool:
    return caller.organisation_kind is OrganisationKind.AUDITOR or caller.user_id == SYSTEM_USER_ID
