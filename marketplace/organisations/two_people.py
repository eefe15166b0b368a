"""Who must agree before a person's rights or access change (domain 7: user rights are given by two people).

Two people administer the platform as long as two do, or did within `REMEMBERED`: switching the other off does not make
anybody alone. Then everything here needs another's word. Who gives it, in this order:

1. another administrator: not who asks, and not whom it concerns;
2. a checker of the organisation whose person it concerns, another person;
3. a checker of the venue that was registered first among those that have one;
4. an administrator whom it concerns: they leave of their own will;
5. nobody: it is refused until there is somebody again.

Who has always been alone lets people in alone, or nobody ever could; but takes nobody's access away alone, and gives no
right to check beside a checker, as long as 2 or 3 names somebody. Where neither does, as in a new installation, the one
administrator acts alone, and the audit trail says so.
"""

from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

import msgspec

from kit.errors import Conflict
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Approval
from marketplace.approvals.schemas import Kind as ApprovalKind
from marketplace.organisations import service
from marketplace.organisations.schemas import (
    PLATFORM_ORGANISATION_ID,
    AccessStep,
    AccessStepIn,
    Caller,
    Role,
)

_SQL = load_statements("marketplace.organisations", "two_people.sql")
#: For how long two people count as two after one of them stopped administering.
REMEMBERED = timedelta(days=30)
#: Roles whose holders decide about what others ask.
DECIDING = frozenset(
    {Role.BANK_CHECKER, Role.VENUE_CHECKER, Role.FUND_CHECKER, Role.PLATFORM_ADMINISTRATOR}
)
_OF_ORGANISATIONS = frozenset({AccessStep.ORGANISATION_OFF, AccessStep.ORGANISATION_ON})


class Alone(Enum):
    """What an administrator who has always been alone may do alone even where a checker could agree."""

    IF_NOBODY_CHECKS = auto()  # nothing: taking access away, or giving it back
    IF_NO_OWN_CHECKER = auto()  # rights to check: only a checker of the same organisation is asked
    ALWAYS = auto()  # other rights


class ApprovalNotNeeded(Conflict):
    """Nobody is there who could agree, or nobody need be asked: do it. / 无须复核，可直接办理。"""

    code = "approval_not_needed"


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    are_two: bool
    has_other_administrator: bool
    has_own_checker: bool
    venue_id: UUID | None
    subject_administers: bool


async def are_two(conn: Connection, *, now: datetime) -> bool:
    """Whether two people administer the platform, or did within REMEMBERED."""
    return bool(await conn.fetchval(_SQL["are_two"], now - REMEMBERED))


async def decider(
    conn: Connection,
    asked_by: UUID,
    *,
    user_id: UUID | None,
    organisation_id: UUID | None,
    alone: Alone,
    now: datetime,
) -> UUID | None:
    """The organisation whose checkers must agree; None: nobody need be asked. Raises ApprovalMissing: nobody left."""
    async with everything(conn):
        row = await conn.fetchrow(
            _SQL["deciders"], asked_by, user_id, organisation_id, now - REMEMBERED
        )
    found = msgspec.convert(dict(row or {}), _Found)
    if found.are_two:
        return _of_two(found, organisation_id)
    if alone is Alone.ALWAYS:
        return None
    if found.has_own_checker:
        return organisation_id
    return found.venue_id if alone is Alone.IF_NOBODY_CHECKS else None


def _of_two(found: _Found, organisation_id: UUID | None) -> UUID:
    if found.has_other_administrator:
        return PLATFORM_ORGANISATION_ID
    if found.has_own_checker and organisation_id is not None:
        return organisation_id
    if found.venue_id is not None:
        return found.venue_id
    if found.subject_administers:
        return PLATFORM_ORGANISATION_ID
    raise approvals.ApprovalMissing(
        f"two people administered the platform within {REMEMBERED.days} days, and nobody is left who could agree:"
        " no other administrator, no other checker there, no checker of a venue",
        f"平台在 {REMEMBERED.days} 日内曾有两名管理员，目前无人可以复核：无另一管理员，该机构与交易场所均无其他复核人",
    )


def alone_with(roles: list[Role]) -> Alone:
    """What an administrator who was always alone may do about these roles."""
    return Alone.ALWAYS if DECIDING.isdisjoint(roles) else Alone.IF_NO_OWN_CHECKER


async def ask_step(
    conn: Connection, caller: Caller, given: AccessStepIn, *, now: datetime
) -> Approval:
    """Ask for a step that takes access away or gives it back. Raises NotFound, ApprovalNotNeeded, ApprovalOpen."""
    asked_of = await _decider_of(conn, caller, given.subject_id, given.step, now=now)
    if asked_of is None:
        raise ApprovalNotNeeded
    paper = _paper(caller, given.subject_id, given.step, asked_of)
    async with everything(conn):
        return await approvals.ask(conn, caller, paper, reason=given.reason, now=now)


async def require_step(
    conn: Connection, caller: Caller, subject_id: UUID, step: AccessStep, *, now: datetime
) -> None:
    """Pass a step that the others approved, once, or that nobody need be asked about. Raises ApprovalMissing."""
    asked_of = await _decider_of(conn, caller, subject_id, step, now=now)
    if asked_of is not None:
        async with everything(conn):
            await approvals.use(
                conn, _paper(caller, subject_id, step, asked_of), now=now, anywhere=True
            )


async def _decider_of(
    conn: Connection, caller: Caller, subject_id: UUID, step: AccessStep, *, now: datetime
) -> UUID | None:
    user_id = organisation_id = None
    if step in _OF_ORGANISATIONS:
        # Whose house it is does not decide whether it stays in the market.
        await service.organisation_by_id(conn, subject_id)
    else:
        user_id = subject_id
        organisation_id = (await service.user(conn, subject_id)).organisation_id
    return await decider(
        conn,
        caller.user_id,
        user_id=user_id,
        organisation_id=organisation_id,
        alone=Alone.IF_NOBODY_CHECKS,
        now=now,
    )


def _paper(
    caller: Caller, subject_id: UUID, step: AccessStep, organisation_id: UUID
) -> approvals.Paper:
    return approvals.Paper(
        kind=ApprovalKind.USER_RIGHTS,
        organisation_id=organisation_id,
        subject_id=subject_id,
        asked_by=caller.user_id,
        content={"subject_id": subject_id, "step": step},
    )
