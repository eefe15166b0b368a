"""Asks for approval, and takes decisions: by other people than who asked, on exactly the bytes that were shown.

In a room that keeps its own states the maker's step files what waits (`approvals.file(conn, caller, paper, ...)`), so
that every checker finds it among the approvals; what takes the proposal back drops it (`approvals.drop`); the checker's
step signs:

    paper = approvals.Paper(
        kind=Kind.SET_OFF, organisation_id=caller.organisation_id, subject_id=set_off.id,
        asked_by=set_off.proposed_by, content={"price_fen": set_off.price_fen}, amount_fen=set_off.price_fen)
    signed = await approvals.sign(conn, caller, paper, reason=given.reason, now=now)
    if not signed.is_complete:          # the amount wants two checkers, and this was the first
        return await get(conn, caller, set_off.id)   # unchanged: the second one's call completes it

A room without states of its own asks first and carries out later; what it does then must be what was approved:

    asked = await approvals.ask(conn, caller, paper, reason=..., now=now)
    ...                                  # people decide at POST /v1/approvals/{id}/decision
    await approvals.use(conn, paper, now=now)        # ApprovalMissing unless this very content is approved; once

People are told apart by the person, not by the account (reliability T69). How many must agree is the organisation's
versioned limit, looked up when the request is made and again at each decision: the larger number counts.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, Forbidden, NotFound
from kit.ids import uuid7
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.approvals.rules import CHECKERS, checkers_needed
from marketplace.approvals.schemas import (
    Approval,
    ApprovalState,
    Decision,
    DecisionIn,
    Kind,
    Limit,
    LimitIn,
)
from marketplace.audit import service as audit
from marketplace.consignments.rules import SamePerson
from marketplace.organisations.schemas import Caller, Role

_SQL = load_statements("marketplace.approvals", "queries.sql")
_SEE_ALL = (Role.REGULATOR, Role.AUDITOR)
_LIMITS_SHOWN = 100
_WAITING_SHOWN = 100


class ApprovalMissing(Conflict):
    """This needs the approval of another person first, of exactly what is to be done. / 须先由他人复核同意。"""

    code = "approval_missing"


class ApprovalOpen(Conflict):
    """Another request about the same thing is open; decide or withdraw it first. / 同一事项已有未了结的复核申请。"""

    code = "approval_open"


class ApprovalRefused(Conflict):
    """A checker refused exactly this: it has to be proposed anew first. / 此内容已被复核人否决，须重新提请。"""

    code = "approval_refused"


class ContentChanged(Conflict):
    """The content is not the one whose hash was sent; read it again. / 内容与所示摘要不符，请重新查看。"""

    code = "content_changed"


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be approved: `content` is anything that msgspec encodes, and all that the decision is about."""

    kind: Kind
    organisation_id: UUID
    subject_id: UUID
    asked_by: UUID
    content: object
    amount_fen: int | None = None

    @property
    def text(self) -> str:
        """The content as JSON with sorted names: what is hashed."""
        return msgspec.json.encode(self.content, order="deterministic").decode()

    @property
    def sha256(self) -> str:
        """The hash of the content."""
        return hashlib.sha256(self.text.encode()).hexdigest()


async def ask(
    conn: Connection, caller: Caller, paper: Paper, *, reason: str, now: datetime
) -> Approval:
    """Ask for approval. Raises ApprovalOpen where something about the subject is open already."""
    await conn.execute(_SQL["lock_subject"], paper.kind.value, str(paper.subject_id))
    if await _open(conn, paper) is not None:
        raise ApprovalOpen
    return await _insert(conn, caller, paper, reason=reason, now=now)


async def file(
    conn: Connection, caller: Caller, paper: Paper, *, reason: str, now: datetime
) -> Approval:
    """What a room's maker proposes waits for the checkers of its organisation; the same again is the same request.

    A request about other content of the subject is taken back: its signatures were for other bytes.
    """
    await conn.execute(_SQL["lock_subject"], paper.kind.value, str(paper.subject_id))
    async with everything(conn):  # a venue's proposal may wait for a bank's checkers
        standing = await _standing(conn, caller, paper, now=now)
        return standing or await _insert(conn, caller, paper, reason=reason, now=now)


async def drop(
    conn: Connection, caller: Caller, kind: Kind, subject_id: UUID, *, reason: str, now: datetime
) -> None:
    """A room's proposal is withdrawn, returned or decided elsewhere: nobody is asked about it any more."""
    async with everything(conn):  # whichever organisation's checkers were asked
        for row in await conn.fetch(_SQL["open_of_subject"], None, kind, subject_id):
            found = _approval(row, [])
            await _settle(conn, caller, found, ApprovalState.WITHDRAWN, now=now, reason=reason)


async def sign(
    conn: Connection, caller: Caller, paper: Paper, *, reason: str, now: datetime
) -> Approval:
    """The caller, a checker, agrees to `paper`; `is_complete` tells whether enough have.

    Where the maker's step did not file the request it is made on the maker's behalf; where the content has changed
    since an earlier signature, that one counts no more. Where enough have agreed at the request itself, the caller
    carries it out. Raises SamePerson, Forbidden, ApprovalRefused.
    """
    _require_checker(caller, paper.kind)
    await conn.execute(_SQL["lock_subject"], paper.kind.value, str(paper.subject_id))
    standing = await _standing(conn, caller, paper, now=now)
    if standing is not None:
        standing = await _recounted(conn, caller, standing, paper.amount_fen, now=now)
    if standing is None:
        await _require_not_refused(conn, paper)
        standing = await _insert(conn, caller, paper, reason=reason, now=now)
    if standing.state is ApprovalState.APPROVED:
        if await is_same_person(conn, standing.asked_by, caller.user_id):
            raise SamePerson
        return await _settle(conn, caller, standing, ApprovalState.USED, now=now)
    yes = DecisionIn(approved=True, sha256=standing.sha256, reason=reason)
    signed = await _decide(conn, caller, standing, yes, now=now)
    if signed.state is ApprovalState.APPROVED:  # the room carries it out in this transaction
        signed = await _settle(conn, caller, signed, ApprovalState.USED, now=now)
    return signed


async def use(conn: Connection, paper: Paper, *, now: datetime, anywhere: bool = False) -> Approval:
    """Take the approval of exactly this content, once, in the transaction that does it. Raises ApprovalMissing.

    `anywhere`: whichever organisation's checkers gave it.
    """
    standing = await _open(conn, paper, anywhere=anywhere)
    if (
        standing is None
        or standing.state is not ApprovalState.APPROVED
        or standing.sha256 != paper.sha256
    ):
        raise ApprovalMissing
    await conn.execute(_SQL["set_state"], standing.id, ApprovalState.USED, now)
    return await _one(conn, standing.id)


async def decide(
    conn: Connection, caller: Caller, approval_id: UUID, given: DecisionIn, *, now: datetime
) -> Approval:
    """A checker of the organisation that asked decides. Raises NotFound, Forbidden, SamePerson, ContentChanged."""
    row = await conn.fetchrow(_SQL["lock"], approval_id, caller.organisation_id)
    if row is None:
        raise NotFound
    found = _approval(row, [])
    _require_checker(caller, found.kind)
    if given.sha256 != found.sha256:
        raise ContentChanged
    await _require_not_concerned(conn, caller, found)
    found = await _recounted(conn, caller, found, None, now=now) or found
    decided = await _decide(conn, caller, found, given, now=now)
    if decided.kind is Kind.APPROVAL_LIMIT and decided.state is ApprovalState.APPROVED:
        limit = msgspec.json.decode(decided.content, type=LimitIn).two_checkers_from_fen
        await conn.execute(_SQL["insert_limit"], decided.organisation_id, limit, decided.id, now)
        await conn.execute(_SQL["recount"], decided.organisation_id, limit)
        return await _settle(conn, caller, decided, ApprovalState.USED, now=now)
    return decided


async def withdraw(
    conn: Connection, caller: Caller, approval_id: UUID, *, now: datetime
) -> Approval:
    """Who asked takes the request back, as long as it is not carried out. Raises NotFound, Forbidden, Conflict."""
    async with everything(conn):  # another organisation's checkers may have been asked
        row = await conn.fetchrow(_SQL["lock_asked"], approval_id, *_mine(caller))
        if row is None:
            raise NotFound
        found = _approval(row, [])
        if found.asked_by != caller.user_id:
            raise Forbidden("only who asked withdraws", "仅申请人可撤回")
        if found.state not in (ApprovalState.PENDING, ApprovalState.APPROVED):
            raise Conflict(f"approval is {found.state}", f"复核申请状态为 {found.state}")
        return await _settle(conn, caller, found, ApprovalState.WITHDRAWN, now=now)


async def get(conn: Connection, caller: Caller, approval_id: UUID) -> Approval:
    """One request of the caller's organisation, or any for regulators and auditors. Raises NotFound.

    Who administers the platform sees those about people, whichever organisation decides them.
    """
    row = await conn.fetchrow(_SQL["by_id"], approval_id, *_mine(caller))
    if row is None:
        raise NotFound
    return (await _with_decisions(conn, [row]))[0]


async def page(
    conn: Connection,
    caller: Caller,
    *,
    after: UUID | None,
    rows: int,
    state: ApprovalState | None = None,
) -> list[Approval]:
    """Requests, newest first."""
    found = await conn.fetch(_SQL["page"], *_mine(caller), after, state, rows)
    return await _with_decisions(conn, found)


async def waiting(conn: Connection, caller: Caller) -> list[Approval]:
    """What the caller may decide now, oldest first: neither asked nor decided by their person, nor about it."""
    kinds = [kind for kind, roles in CHECKERS.items() if caller.has(*roles)]
    async with everything(
        conn
    ):  # who asked may be another organisation's; what is asked is the caller's own
        found = await conn.fetch(
            _SQL["waiting"], caller.organisation_id, kinds, caller.user_id, _WAITING_SHOWN
        )
        listed = await _with_decisions(conn, found)
    return [one for one in listed if not await _is_concerned(conn, caller, one)]


async def names(conn: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """What people call these users, organisations, loans, rights, consignments, plans and lots; others are left out."""
    async with everything(conn):  # a request that may be seen says whom and what it is about
        return {row["id"]: row["name"] for row in await conn.fetch(_SQL["names"], list(ids))}


async def ask_limit(conn: Connection, caller: Caller, given: LimitIn, *, now: datetime) -> Approval:
    """Ask for a new limit of the caller's organisation; it counts once another checker agrees."""
    paper = Paper(
        kind=Kind.APPROVAL_LIMIT,
        organisation_id=caller.organisation_id,
        subject_id=caller.organisation_id,
        asked_by=caller.user_id,
        content=given,
    )
    return await ask(conn, caller, paper, reason=given.reason, now=now)


async def limits(conn: Connection, caller: Caller) -> list[Limit]:
    """The versions of the organisation's limit, newest first."""
    rows = await conn.fetch(_SQL["limit"], caller.organisation_id, _LIMITS_SHOWN)
    return [msgspec.convert(dict(row), Limit) for row in rows]


async def standing(
    conn: Connection, organisation_id: UUID, kind: Kind, subject_id: UUID
) -> Approval | None:
    """What an organisation has asked about a subject and is not settled, or is approved and not carried out."""
    row = await conn.fetchrow(_SQL["standing_of_subject"], organisation_id, kind, subject_id)
    return None if row is None else (await _with_decisions(conn, [row]))[0]


async def is_same_person(conn: Connection, one: UUID, other: UUID) -> bool:
    """Whether two accounts are one person's."""
    async with everything(conn):  # their organisations may be two
        return bool(one == other or await conn.fetchval(_SQL["same_person"], one, other))


async def was_asked(conn: Connection, kind: Kind, subject_id: UUID) -> bool:
    """Whether anybody was ever asked about this subject, whatever the answer."""
    return bool(await conn.fetchval(_SQL["was_asked"], kind, subject_id))


def _require_checker(caller: Caller, kind: Kind) -> None:
    if not caller.has(*CHECKERS[kind]):
        needed = ", ".join(sorted(CHECKERS[kind]))
        raise Forbidden(
            f"your roles do not decide on {kind}; it needs one of: {needed}",
            f"您的角色无权复核 {kind}；需要：{needed}",
            roles=sorted(CHECKERS[kind]),
        )


async def _require_not_concerned(conn: Connection, caller: Caller, found: Approval) -> None:
    if await _is_concerned(conn, caller, found):
        raise SamePerson


async def _is_concerned(conn: Connection, caller: Caller, found: Approval) -> bool:
    """Nobody decides about their own rights, but an administrator who goes and is the only other one."""
    if found.kind is not Kind.USER_RIGHTS:
        return False
    if not await is_same_person(conn, found.subject_id, caller.user_id):
        return False
    async with everything(conn):
        others = await conn.fetchval(_SQL["other_administrators"], found.asked_by, caller.user_id)
    return bool(others or not caller.has(Role.PLATFORM_ADMINISTRATOR))


async def _open(conn: Connection, paper: Paper, *, anywhere: bool = False) -> Approval | None:
    whose = None if anywhere else paper.organisation_id
    row = await conn.fetchrow(_SQL["open_of_subject"], whose, paper.kind, paper.subject_id)
    return None if row is None else _approval(row, [])


async def _standing(
    conn: Connection, caller: Caller, paper: Paper, *, now: datetime
) -> Approval | None:
    """What is open about exactly this; what is open about other content of the subject is taken back."""
    found = await _open(conn, paper)
    if found is None or found.sha256 == paper.sha256:
        return found
    await _settle(conn, caller, found, ApprovalState.WITHDRAWN, now=now, reason="changed")
    return None


async def _recounted(
    conn: Connection, caller: Caller, found: Approval, amount_fen: int | None, *, now: datetime
) -> Approval | None:
    """A request with as many checkers as it needs by the limit and the amount of now, and no fewer than when asked.

    None for what fewer agreed to than that, which is taken back: it is asked anew.
    """
    amounts = [one for one in (found.amount_fen, amount_fen) if one is not None]
    needed = await _needed(conn, found.organisation_id, max(amounts, default=None))
    if needed <= found.checkers:
        return found
    if found.state is ApprovalState.APPROVED:
        await _settle(conn, caller, found, ApprovalState.WITHDRAWN, now=now, reason="changed")
        return None
    await conn.execute(_SQL["set_checkers"], found.id, needed)
    return msgspec.structs.replace(found, checkers=needed)


async def _needed(conn: Connection, organisation_id: UUID, amount_fen: int | None) -> int:
    limit = await conn.fetchrow(_SQL["limit"], organisation_id, 1)
    return checkers_needed(amount_fen, None if limit is None else limit["two_checkers_from_fen"])


async def _require_not_refused(conn: Connection, paper: Paper) -> None:
    newest = await conn.fetchrow(
        _SQL["newest_of_subject"], paper.organisation_id, paper.kind, paper.subject_id
    )
    if newest is not None and (newest["state"], newest["sha256"]) == (
        ApprovalState.REFUSED,
        paper.sha256,
    ):
        raise ApprovalRefused


async def _insert(
    conn: Connection, caller: Caller, paper: Paper, *, reason: str, now: datetime
) -> Approval:
    checkers = await _needed(conn, paper.organisation_id, paper.amount_fen)
    approval_id = uuid7(now)
    await conn.execute(
        _SQL["insert"],
        approval_id,
        paper.organisation_id,
        paper.kind,
        paper.subject_id,
        paper.text,
        paper.sha256,
        paper.amount_fen,
        checkers,
        reason,
        paper.asked_by,
        now,
    )
    made = await _one(conn, approval_id)
    await _audit(conn, caller, made, "asked", now=now, reason=reason)
    return made


async def _decide(
    conn: Connection, caller: Caller, found: Approval, given: DecisionIn, *, now: datetime
) -> Approval:
    if found.state is not ApprovalState.PENDING:
        raise Conflict(f"approval is {found.state}", f"复核申请状态为 {found.state}")
    if await is_same_person(conn, found.asked_by, caller.user_id):
        raise SamePerson
    before = (await _one(conn, found.id)).decisions
    for earlier in before:
        if await is_same_person(conn, earlier.decided_by, caller.user_id):
            raise SamePerson
    await conn.execute(
        _SQL["insert_decision"],
        found.id,
        caller.user_id,
        given.approved,
        given.reason,
        given.sha256,
        now,
    )
    word = "agreed" if given.approved else "disagreed"
    await _audit(conn, caller, found, word, now=now, reason=given.reason)
    if not given.approved:
        return await _settle(conn, caller, found, ApprovalState.REFUSED, now=now)
    if len(before) + 1 >= found.checkers:
        return await _settle(conn, caller, found, ApprovalState.APPROVED, now=now)
    return await _one(conn, found.id)


async def _settle(
    conn: Connection,
    caller: Caller,
    found: Approval,
    state: ApprovalState,
    *,
    now: datetime,
    reason: str | None = None,
) -> Approval:
    await conn.execute(_SQL["set_state"], found.id, state, now)
    await _audit(conn, caller, found, state.value, now=now, reason=reason)
    return await _one(conn, found.id)


async def _audit(
    conn: Connection,
    caller: Caller,
    found: Approval,
    word: str,
    *,
    now: datetime,
    reason: str | None,
) -> None:
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"approval_{word}",
        subject="approval",
        subject_id=found.id,
        after={"kind": found.kind, "subject_id": found.subject_id, "sha256": found.sha256},
        reason=reason,
    )


async def _one(conn: Connection, approval_id: UUID) -> Approval:
    row = await conn.fetchrow(_SQL["by_id"], approval_id, None, None)
    assert row is not None, "an approval is never deleted"
    return (await _with_decisions(conn, [row]))[0]


async def _with_decisions(conn: Connection, rows: list[asyncpg.Record]) -> list[Approval]:
    found = await conn.fetch(_SQL["decisions"], [row["id"] for row in rows])
    words: dict[UUID, list[Decision]] = {}
    for row in found:
        words.setdefault(row["approval_id"], []).append(
            msgspec.convert({**row}, Decision, strict=False)
        )
    return [_approval(row, words.get(row["id"], [])) for row in rows]


def _approval(row: asyncpg.Record, decisions: list[Decision]) -> Approval:
    return msgspec.convert({**dict(row), "decisions": decisions}, Approval, from_attributes=True)


def _mine(caller: Caller) -> tuple[UUID | None, Kind | None]:
    """The organisation whose requests the caller sees (None: every one's), and the kind that they see of all."""
    if caller.has(*_SEE_ALL):
        return None, None
    of_all = Kind.USER_RIGHTS if caller.has(Role.PLATFORM_ADMINISTRATOR) else None
    return caller.organisation_id, of_all
