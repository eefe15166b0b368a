"""Opens the checklist of a paid lot, keeps it, and lets the rest follow: the title, the pledges, the rescission."""

import hashlib
import json
from datetime import datetime, time
from typing import Any
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, Forbidden, NotFound
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import Caller, Role
from marketplace.outbox import service as outbox
from marketplace.pledges import service as pledges
from marketplace.pledges.schemas import Pledge, PledgeState
from marketplace.remedies import service as remedies
from marketplace.remedies.schemas import RescissionIn
from marketplace.sales import proceeds
from marketplace.sales.schemas import TitleIn
from marketplace.transfers.rules import (
    Filing,
    Right,
    StandingPledge,
    StepKind,
    StepState,
    checklist,
    require_transfer_step,
)
from marketplace.transfers.schemas import (
    CancellationPackage,
    Done,
    Filed,
    Outcome,
    Refused,
    Transfer,
    TransferMoved,
    TransferStep,
)

_SQL = load_statements("marketplace.transfers", "queries.sql")
_OPENABLE = frozenset({LotStatus.PAID, LotStatus.TRANSFERRING})
_PLEDGE_STATES = {
    StepState.FILED: PledgeState.CANCEL_PENDING,
    StepState.DONE: PledgeState.CANCELLED,
}


class NotPaid(Conflict):
    """A transfer begins once the price is paid. / 价款付清后方可办理交割。"""

    code = "transfer_before_payment"


async def open_transfer(
    conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime
) -> Transfer:
    """The checklist of the venue's paid lot; opened a second time it is the same."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    if lot.status not in _OPENABLE:
        raise NotPaid(f"lot {lot.number} is {lot.status}", f"标的 {lot.number} 状态为 {lot.status}")
    buyer_id = await conn.fetchval(_SQL["winner"], lot_id)
    is_new = await conn.fetchval(
        _SQL["insert"], lot_id, lot.venue_id, lot.consignor_id, buyer_id, caller.user_id, now
    )
    if is_new is not None:
        await _write_steps(conn, lot, now=now)
        await audit.record(
            conn, caller, now=now, action="transfer_opened", subject="lot", subject_id=lot_id
        )
    return await _get(conn, lot_id, now=now)


async def may_open(conn: Connection, caller: Caller, lot_id: UUID) -> bool:
    """Whether the caller's venue may open the checklist of a lot now."""
    if not caller.has(Role.VENUE_OPERATOR):
        return False
    try:
        lot = await lots.owned(conn, caller, lot_id)
    except NotFound:
        return False
    return lot.venue_id == caller.organisation_id and lot.status in _OPENABLE


async def of_lot(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> Transfer:
    """The checklist, for the lot's venue, its consignor and its buyer."""
    found = await _get(conn, lot_id, now=now)
    if caller.organisation_id not in (found.venue_id, found.consignor_id, found.buyer_id):
        raise _none(lot_id)
    return found


async def move(
    conn: Connection, caller: Caller, lot_id: UUID, position: int, given: Outcome, *, now: datetime
) -> Transfer:
    """What became of a step. The bank moves its pledges, the venue everything else.

    The last right recorded records the title (escrow may end); a cancelled pledge moves in the register of pledges; a
    refusal may propose that the sale be undone, which another person approves.
    """
    lot = await lots.for_update(conn, lot_id)
    transfer = await of_lot(conn, caller, lot_id, now=now)
    step = next((one for one in transfer.steps if one.position == position), None)
    if step is None:
        raise NotFound(f"the checklist has no step {position}", f"交割清单没有第 {position} 项")
    _require_whose(caller, transfer, step)
    wanted = StepState(str(given.__struct_config__.tag))
    require_transfer_step(step.state, wanted, name=f"{position} of lot {lot.number}")
    await conn.execute(
        _SQL["move"],
        lot_id,
        position,
        wanted,
        given.number,
        given.reason if isinstance(given, Refused) else None,
        given.done_on if isinstance(given, Done) else None,
        caller.user_id,
        now,
    )
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"transfer_step_{wanted}",
        subject="lot",
        subject_id=lot_id,
        before={"position": position, "state": step.state},
        after=given,
    )
    moved = TransferMoved(lot_id=lot_id, position=position, kind=step.kind, state=wanted)
    await outbox.add(conn, moved, now=now)
    after = await _get(conn, lot_id, now=now)
    await _follow(conn, caller, lot, after, step, given, now=now)
    return after


async def cancellation_package(
    conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime
) -> CancellationPackage:
    """What cancels the pledges of a sold lot: each registration with its parties, rights, papers and office."""
    transfer = await of_lot(conn, caller, lot_id, now=now)
    lot = await lots.get(conn, lot_id)
    rights = {row["id"]: dict(row) for row in await conn.fetch(_SQL["rights"], lot_id)}
    steps = {
        step.subject_id: step
        for step in transfer.steps
        if step.kind is StepKind.PLEDGE_CANCELLATION
    }
    standing = await pledges.over_assets(conn, list(rights))
    content = {
        "lot": {"number": lot.number, "title": {"en": lot.title, "zh": lot.title_zh}},
        "reason": {
            "en": "The pledge was realised by the sale of the pledged right.",
            "zh": "质物已处置成交，质权实现。",
        },
        "applications": [
            _application(pledge, steps[pledge.id], rights)
            for pledge in standing
            if pledge.id in steps
        ],
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return CancellationPackage(
        lot_id=lot_id, content=content, sha256=hashlib.sha256(text.encode()).hexdigest()
    )


def _application(
    pledge: Pledge, step: TransferStep, rights: dict[UUID, dict[str, Any]]
) -> dict[str, Any]:
    return {
        "registration_number": pledge.registration_number,
        "registered_on": pledge.registered_on.isoformat(),
        "pledgee": {"name": pledge.pledgee_name, "code": pledge.pledgee_code},
        "pledgor": {"name": pledge.pledgor_name, "code": pledge.pledgor_code},
        "joint_pledgees": [{"name": one.name, "code": one.code} for one in pledge.joint_pledgees],
        "rights": [
            {name: rights[asset_id][name] for name in ("ip_type", "number", "title")}
            for asset_id in pledge.asset_ids
            if asset_id in rights
        ],
        "papers": msgspec.to_builtins(step.filing.papers),
        "office": msgspec.to_builtins(step.filing.office),
        "due_on": step.due_on.isoformat(),
    }


async def _write_steps(conn: Connection, lot: Lot, *, now: datetime) -> None:
    rights = [msgspec.convert(dict(row), Right) for row in await conn.fetch(_SQL["rights"], lot.id)]
    standing = [
        StandingPledge(
            id=pledge.id,
            registration_number=pledge.registration_number,
            pledgee=pledge.pledgee_name,
        )
        for pledge in await pledges.over_assets(conn, [right.id for right in rights])
        if pledge.state is not PledgeState.CANCELLED and pledge.organisation_id == lot.consignor_id
    ]
    steps = checklist(
        lot.regime,
        rights,
        standing,
        opened_on=now.astimezone(CHINA).date(),
        has_fund=bool(await conn.fetchval(_SQL["has_claim"], lot.consignment_id)),
    )
    for position, step in enumerate(steps, start=1):
        await conn.execute(
            _SQL["insert_step"],
            lot.id,
            position,
            step.kind,
            step.subject_id,
            step.subject,
            msgspec.json.encode(step.filing).decode(),
            step.due_on,
        )


async def _follow(
    conn: Connection,
    caller: Caller,
    lot: Lot,
    transfer: Transfer,
    step: TransferStep,
    given: Outcome,
    *,
    now: datetime,
) -> None:
    """What a step brings with it."""
    match given, step.kind:
        case Done(), StepKind.RECORDAL:
            recordals = [one for one in transfer.steps if one.kind is StepKind.RECORDAL]
            if all(one.state is StepState.DONE for one in recordals):
                last = max(one.done_on for one in recordals if one.done_on is not None)
                at = min(datetime.combine(last, time(), tzinfo=CHINA), now)
                await proceeds.record_title(conn, caller, lot.id, TitleIn(recorded_at=at), now=now)
        case Refused(rescind=True), StepKind.RECORDAL:
            refusal = RescissionIn(
                refused_on=given.refused_on, refusal_number=given.number, reason=given.reason
            )
            await remedies.propose_rescission(conn, caller, lot.id, refusal, now=now)
        case ((Filed() | Done() | Refused()), StepKind.PLEDGE_CANCELLATION):
            await _move_pledge(conn, caller, step, given, now=now)
        case _:
            pass


async def _move_pledge(
    conn: Connection, caller: Caller, step: TransferStep, given: Outcome, *, now: datetime
) -> None:
    """The register of pledges goes along; a cancellation that was never filed apart is filed and done at once."""
    assert step.subject_id is not None, "a pledge is cancelled"
    reason = f"the lot was sold 质物已处置 ({given.number or 'transfer'})"
    pledge = await pledges.get(conn, caller, step.subject_id)
    wanted = PledgeState.REGISTERED
    if not isinstance(given, Refused):
        wanted = _PLEDGE_STATES[StepState(str(given.__struct_config__.tag))]
    if wanted is PledgeState.CANCELLED and pledge.state is not PledgeState.CANCEL_PENDING:
        await pledges.move(
            conn, caller, pledge.id, PledgeState.CANCEL_PENDING, reason=reason, now=now
        )
    if pledge.state is not wanted:
        await pledges.move(conn, caller, pledge.id, wanted, reason=reason, now=now)


def is_whose(caller: Caller, transfer: Transfer, step: TransferStep) -> bool:
    """Whether the step is the caller's to move: the bank's, of its pledges; the venue's, of the rest."""
    is_pledge = step.kind is StepKind.PLEDGE_CANCELLATION
    owner = transfer.consignor_id if is_pledge else transfer.venue_id
    role = Role.BANK_MAKER if is_pledge else Role.VENUE_OPERATOR
    return caller.organisation_id == owner and caller.has(role)


def _require_whose(caller: Caller, transfer: Transfer, step: TransferStep) -> None:
    """The bank moves its pledges, the venue the rest; a buyer looks on."""
    if not is_whose(caller, transfer, step):
        is_pledge = step.kind is StepKind.PLEDGE_CANCELLATION
        whose = "the consigning bank's" if is_pledge else "the venue's"
        whose_zh = "委托银行" if is_pledge else "交易场所"
        raise Forbidden(f"this step is {whose}", f"此项由{whose_zh}办理")


async def _get(conn: Connection, lot_id: UUID, *, now: datetime) -> Transfer:
    row = await conn.fetchrow(_SQL["transfer"], lot_id)
    if row is None:
        raise _none(lot_id)
    today = now.astimezone(CHINA).date()
    steps = []
    for found in await conn.fetch(_SQL["steps"], lot_id):
        fields = dict(found)
        fields["filing"] = msgspec.json.decode(fields["filing"], type=Filing)
        is_open = fields["state"] != StepState.DONE
        fields["is_overdue"] = is_open and fields["due_on"] < today
        steps.append(msgspec.convert(fields, TransferStep))
    is_complete = all(step.state is StepState.DONE for step in steps)
    return msgspec.convert(dict(row) | {"steps": steps, "is_complete": is_complete}, Transfer)


def _none(lot_id: UUID) -> NotFound:
    return NotFound(f"no transfer of lot {lot_id} was opened", f"标的 {lot_id} 尚未开始交割")
