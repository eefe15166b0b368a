"""Puts together what a bank keeps of each loan (台账式管理、逐笔跟踪): a line and a file (domain 1.2 三(三)3)."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import Conflict
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.upkeep import upkeep
from marketplace.burdens import service as burdens
from marketplace.burdens.rules import is_standing
from marketplace.burdens.schemas import BurdenKind
from marketplace.cases import service as cases
from marketplace.cases.schemas import Case, CaseState
from marketplace.consignments import service as consignments
from marketplace.ledgers.schemas import CaseFile, Deadline, LedgerLine, Moment, RightLine
from marketplace.monitoring import service as monitoring
from marketplace.monitoring.rules import delay
from marketplace.organisations.schemas import Caller
from marketplace.pledges import service as pledges
from marketplace.valuations import service as valuations

_SQL = load_statements("marketplace.ledgers", "queries.sql")


class StillPledged(Conflict):
    """A loan is released once its pledges are cancelled in the register. / 质押登记注销后方可解除。"""

    code = "still_pledged"


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int, now: datetime
) -> list[LedgerLine]:
    """Up to `limit` lines of the loans that the caller may see, with ids after `after`."""
    return await _lines(conn, await cases.page(conn, caller, after=after, limit=limit), now=now)


async def file_of(conn: Connection, caller: Caller, case_id: UUID, *, now: datetime) -> CaseFile:
    """Everything about one loan that the caller may see."""
    case = await cases.get(conn, caller, case_id)
    today = now.astimezone(CHINA).date()
    [line] = await _lines(conn, [case], now=now)
    asset_ids = [row["asset_id"] for row in await conn.fetch(_SQL["assets_of_case"], case_id)]
    rights = tuple(
        RightLine(asset=asset, upkeep=upkeep(asset, today=today))
        for asset in await assets.of_ids(conn, asset_ids, organisation_id=case.organisation_id)
    )
    handed_in = await conn.fetch(_SQL["consignments_of_case"], case_id)
    parts = [row["id"] for row in await conn.fetch(_SQL["parts"], case_id)]
    trail = await conn.fetch(_SQL["trail"], parts)
    return CaseFile(
        line=line,
        rights=rights,
        consignments=tuple([await consignments.get(conn, caller, row["id"]) for row in handed_in]),
        alerts=tuple(await monitoring.open_over(conn, case_id=case_id, asset_ids=asset_ids)),
        deadlines=await _deadlines(conn, case, rights, today=today),
        timeline=tuple(msgspec.convert(dict(row), Moment) for row in trail),
    )


async def release(
    conn: Connection, caller: Caller, case_id: UUID, *, reason: str, now: datetime
) -> Case:
    """The debt is paid and every pledge of the loan is cancelled: it is released. Raises `StillPledged` before that."""
    case = await cases.get(conn, caller, case_id)
    asset_ids = [row["asset_id"] for row in await conn.fetch(_SQL["assets_of_case"], case_id)]
    if asset_ids:
        over = await pledges.over_assets(conn, asset_ids)
        first = next(each for each in over if each.case_id == case_id)
        raise StillPledged(
            f"case {case.contract_number}: pledge {first.registration_number} is {first.state}; cancel it first",
            f"案件 {case.contract_number} 的质押 {first.registration_number} 尚未注销",
        )
    return await cases.move(conn, caller, case_id, CaseState.RELEASED, now=now, reason=reason)


async def _lines(conn: Connection, found: Sequence[Case], *, now: datetime) -> list[LedgerLine]:
    today = now.astimezone(CHINA).date()
    rows = await conn.fetch(_SQL["figures"], [case.id for case in found])
    figures = {row["case_id"]: row for row in rows}
    lines = []
    for case in found:
        late = delay(case, today=today)
        lines.append(
            LedgerLine(
                case=case,
                days_overdue=late.days,
                stage=late.stage,
                grade_at_best=late.grade_at_best.value,
                rights=figures[case.id]["rights"],
                alerts=figures[case.id]["alerts"],
            )
        )
    return lines


async def _deadlines(
    conn: Connection, case: Case, rights: Sequence[RightLine], *, today: date
) -> tuple[Deadline, ...]:
    """What falls due from today on: limitation, fees and renewals, valuations, preservations; soonest first."""
    found = []
    if case.limitation_ends_on is not None:
        found.append(
            (case.limitation_ends_on, "limitation ends", "诉讼时效届满", case.contract_number)
        )
    ids = [right.asset.id for right in rights]
    numbers = {right.asset.id: right.asset.number for right in rights}
    for right in rights:
        for due in right.upkeep.dues[:1]:
            found.append((due.due_on, "fee or renewal due", "年费或续展到期", right.asset.number))
    for report in await valuations.of_assets(conn, ids):
        found.append((report.valid_to, "valuation ends", "评估有效期届满", report.report_number))
    for burden in await burdens.of_assets(conn, ids):
        is_preserved = burden.kind is BurdenKind.PRESERVATION and is_standing(burden, on=today)
        if is_preserved and burden.ends_on is not None:
            number = numbers[burden.asset_id]
            found.append((burden.ends_on, "preservation ends", "保全届满", number))
    return tuple(
        Deadline(on=on, what=what, what_zh=what_zh, subject=subject)
        for on, what, what_zh, subject in sorted(found)
        if on >= today
    )
