"""Compensation taken back (追回) for fraud or breach: proposed by one person of the fund, decided by another.

The funds' positions fall back on whom their promises had relieved, and everything that they paid is asked for.
Source: domain 5.1 (typical clauses: "fraud or breach means full return"), 5.2 (CLAWED_BACK).
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import NotFound
from kit.failpoints import register
from kit.money import split_among, yuan
from kit.sql import Connection, load_statements
from settlement import cases, margins, returning
from settlement.cases import Case, StepLine
from settlement.compensation import relief
from settlement.documents import canonical
from settlement.errors import IdempotencyIdReused, SamePerson
from settlement.ledger import Entry, Transfer, post_one, share

_SQL = load_statements("settlement", "sql/returning.sql")
CLAWED_BACK = "CLAWED_BACK"
_FROM = (cases.ADVANCE_PAID, cases.DISPOSAL, cases.FINAL_CLEARING, cases.CLOSED)

_before_clawback = register("clawbacks.before_clawback")
_after_clawback = register("clawbacks.after_clawback")


class Clawback(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal to take compensation back; done once `decided_by` is set. `evidence` is a SHA-256."""

    case_id: UUID
    reason: str
    evidence: str
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None


async def propose(
    conn: Connection, case_id: UUID, *, reason: str, evidence: str, proposed_by: UUID, now: datetime
) -> Clawback:
    """Propose to take everything back; nothing moves. The same proposal again is answered as the first time."""
    case = await cases.lock(conn, case_id)
    if case.state != CLAWED_BACK:
        case.needs(*_FROM, step=CLAWED_BACK)
    await conn.execute(_SQL["insert_clawback"], case_id, reason, evidence, proposed_by, now)
    found = await get(conn, case_id)
    if (found.reason, found.evidence, found.proposed_by) != (reason, evidence, proposed_by):
        raise IdempotencyIdReused
    return found


async def decide(conn: Connection, case_id: UUID, *, decided_by: UUID, now: datetime) -> Case:
    """Another person takes everything back, once. Raises `NotFound` without a proposal, `SamePerson`."""
    case = await cases.lock(conn, case_id)
    found = await get(conn, case_id)
    if case.state == CLAWED_BACK:
        return case
    if found.proposed_by == decided_by:
        raise SamePerson
    case.needs(*_FROM, step=CLAWED_BACK)
    _before_clawback()
    await conn.execute(_SQL["decide_clawback"], case_id, decided_by, now)
    lines = await _restore_positions(conn, case, now=now)
    lines += await _ask_back(conn, case, now=now)
    await cases.add_step(conn, case_id, "claw_back", lines=lines, by_user=decided_by, now=now)
    _after_clawback()
    return await cases.get(conn, case_id)


async def get(conn: Connection, case_id: UUID) -> Clawback:
    """The proposal of a case; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["clawback"], case_id)
    if row is None:
        raise NotFound
    return msgspec.convert(dict(row), Clawback)


async def _restore_positions(conn: Connection, case: Case, *, now: datetime) -> list[StepLine]:
    """Each fund's position goes to those it had relieved, as if it had promised nothing."""
    claim, opening, book = case.claimed()
    positions = dict(book.positions)
    for fund in claim.scheme.funds:
        if positions[fund]:
            for party, fen in split_among(positions[fund], opening.compensation).items():
                positions[party] += fen
            positions[fund] = 0
    changed = [
        Entry(share(case.id, name), fen - book.positions[name])
        for name, fen in positions.items()
        if fen != book.positions[name]
    ]
    if changed:
        transfer = Transfer(
            idempotency_id=f"{case.ref}:clawback:sharing",
            kind="positions_restored",
            ref=case.ref,
            entries=tuple(changed),
        )
        await post_one(conn, transfer, now=now)
    after = msgspec.structs.replace(book, positions=positions)
    await conn.execute(_SQL["set_book_only"], case.id, CLAWED_BACK, canonical(after))
    return [
        StepLine(
            name="restored position",
            name_zh="恢复头寸",
            party=name,
            amount_fen=fen,
            computation=f"{yuan(book.positions[name])} before 此前头寸",
        )
        for name, fen in positions.items()
    ]


async def _ask_back(conn: Connection, case: Case, *, now: datetime) -> list[StepLine]:
    """What each party got and has not been asked back for; what is set aside goes back at once."""
    claim, opening, _ = case.claimed()
    got: dict[tuple[str, str], int] = {}
    for fund in claim.scheme.funds:
        for party, fen in relief(opening, opening.advance[fund]).items():
            got[fund, party] = fen
    for row in await returning.settlements(conn, case.id):
        key = (row.fund_party, row.party)
        got[key] = got.get(key, 0) + row.amount_fen  # what was asked back already is asked once
    due_on = returning.deadline(await returning.terms_of(conn, case), now)
    lines = []
    for fund in claim.scheme.funds:
        owed = {party: fen for (payer, party), fen in got.items() if payer == fund and fen > 0}
        whole_fen = sum(owed.values())
        taken = await margins.take_back(conn, case, fund, whole_fen, why="clawback", now=now)
        for party, fen in owed.items():
            from_margin_fen = taken.get(party, 0)
            how = f"{fund} paid 已付 {yuan(fen)}, of which {yuan(from_margin_fen)} was set aside 其中在保证金专户"
            await returning.add_charge(
                conn,
                case,
                "CLAWBACK",
                fund_party=fund,
                party=party,
                version=1,
                amount_fen=fen - from_margin_fen,
                computation=how,
                due_on=due_on,
                now=now,
            )
            lines.append(
                StepLine(
                    name="asked back",
                    name_zh="追回",
                    party=party,
                    amount_fen=fen,
                    computation=f"{how}; due 期限 {due_on}",
                )
            )
    return lines
