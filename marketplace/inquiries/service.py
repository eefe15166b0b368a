"""Questions and their public answers, viewings by appointment, and who acknowledged which version of a notice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import in_china
from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.inquiries.schemas import (
    Acknowledgement,
    AcknowledgementIn,
    AnswerIn,
    Question,
    QuestionIn,
    Slot,
    SlotIn,
    Waiting,
)
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.notices.rules import WARNINGS
from marketplace.organisations.schemas import Caller

_SQL = load_statements("marketplace.inquiries", "queries.sql")
#: What `market.question_names_nobody` raises.
_NAMES_WHO_ASKED = "LC070"
#: Of one organisation about one lot.
_OPEN_MAX = 20
_OPEN = frozenset({LotStatus.PUBLISHED, LotStatus.REGISTRATION, LotStatus.OPEN, LotStatus.PAUSED})


class NotAskedNow(Conflict):
    """Questions and viewings end with the sale. / 竞价已结束，不再受理咨询和看样。"""

    code = "not_asked_now"


class TooManyOpen(Conflict):
    """Too many of your questions about this lot wait for an answer yet. / 待答复的咨询过多，请稍后再问。"""

    code = "too_many_open"


class SlotFull(Conflict):
    """Every place of this viewing is taken, or it has begun. / 该看样场次已满或已开始。"""

    code = "slot_full"


class WarningsMissing(Conflict):
    """Each warning of the notice in force has to be accepted. / 须逐项确认现行公告的全部特别提示。"""

    code = "warnings_missing"


async def ask(
    conn: Connection, caller: Caller, lot_id: UUID, given: QuestionIn, *, now: datetime
) -> list[Question]:
    """Ask about a published lot; so many questions of an organisation wait at once, or one could bury the others'."""
    await _require_open(conn, lot_id)
    if await conn.fetchval(_SQL["count_open"], lot_id) >= _OPEN_MAX:
        raise TooManyOpen
    with _naming_nobody("question"):
        await conn.execute(
            _SQL["insert_question"],
            uuid7(now),
            lot_id,
            caller.organisation_id,
            caller.user_id,
            given.question,
            now,
        )
    await _audit(conn, caller, lot_id, "lot_question_asked", given, now=now)
    return await questions(conn, lot_id)


async def answer(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    question_id: UUID,
    given: AnswerIn,
    *,
    now: datetime,
) -> list[Question]:
    """The lot's venue or its bank (domain 7) answers, once; everybody reads question and answer."""
    await lots.owned(conn, caller, lot_id)
    with _naming_nobody("answer"):
        async with everything(conn):  # the question is its asker's row, and the sellers' to answer
            done = await conn.execute(
                _SQL["answer"], question_id, lot_id, given.answer, caller.user_id, now
            )
    if done == "UPDATE 0":
        raise NotFound("no such open question", "没有该待答复的咨询")
    await _audit(conn, caller, lot_id, "lot_question_answered", given, now=now)
    return await questions(conn, lot_id)


async def questions(conn: Connection, lot_id: UUID) -> list[Question]:
    """Answered questions for everybody; open ones for who asked and the sellers, who are not told who did."""
    await lots.public(conn, lot_id)
    rows = await conn.fetch(_SQL["questions"], lot_id)
    return [msgspec.convert(dict(row), Question) for row in rows]


async def waiting(conn: Connection, caller: Caller, *, limit: int) -> list[Waiting]:
    """What the caller's venue or bank has to answer, longest waiting first."""
    rows = await conn.fetch(_SQL["waiting"], caller.organisation_id, sorted(_OPEN), limit)
    return [msgspec.convert(dict(row), Waiting) for row in rows]


def takes_questions(status: LotStatus) -> bool:
    """Whether a lot can be asked about now."""
    return status in _OPEN


async def offer_slot(
    conn: Connection, caller: Caller, lot_id: UUID, given: SlotIn, *, now: datetime
) -> list[Slot]:
    """The lot's venue offers a time for viewing; before the sale opens (拍卖法 48)."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    if not now < given.starts_at < given.ends_at <= lot.opens_at:
        raise InvalidInput(
            "starts_at",
            f"a viewing lies between now and the opening at {in_china(lot.opens_at)} (UTC+8), and ends after it begins",
            f"看样须在当前至 {in_china(lot.opens_at)} 之间，且结束晚于开始",
        )
    await conn.execute(
        _SQL["insert_slot"],
        uuid7(now),
        lot_id,
        given.starts_at,
        given.ends_at,
        given.place,
        given.places,
    )
    await _audit(conn, caller, lot_id, "viewing_offered", given, now=now)
    return await slots(conn, lot_id)


async def book(
    conn: Connection, caller: Caller, lot_id: UUID, slot_id: UUID, *, now: datetime
) -> list[Slot]:
    """Take a place at a viewing; a second time it is the same place."""
    await _require_open(conn, lot_id)
    async with everything(
        conn
    ):  # the slot is the venue's, and its places are counted over all who booked
        if await conn.fetchval(_SQL["lock_slot"], slot_id, lot_id) is None:
            raise NotFound("no such viewing", "没有该看样场次")
        if slot_id in await booked(conn, caller, lot_id):
            return await slots(conn, lot_id)
        slot = next(one for one in await slots(conn, lot_id) if one.id == slot_id)
        if slot.left == 0 or now >= slot.starts_at:
            raise SlotFull
        await conn.execute(_SQL["book"], slot_id, caller.organisation_id, caller.user_id, now)
    await _audit(conn, caller, lot_id, "viewing_booked", {"slot_id": slot_id}, now=now)
    return await slots(conn, lot_id)


async def booked(conn: Connection, caller: Caller, lot_id: UUID) -> set[UUID]:
    """The viewings of a lot at which the caller's organisation has a place."""
    rows = await conn.fetch(_SQL["booked"], lot_id, caller.organisation_id)
    return {row["slot_id"] for row in rows}


async def slots(conn: Connection, lot_id: UUID) -> list[Slot]:
    """The times for viewing a lot, and the places left."""
    async with everything(conn):  # how many places are left is told, who took them is not
        rows = await conn.fetch(_SQL["slots"], lot_id)
    return [msgspec.convert(dict(row), Slot) for row in rows]


async def acknowledge(
    conn: Connection, caller: Caller, lot_id: UUID, given: AcknowledgementIn, *, now: datetime
) -> Acknowledgement:
    """Accept every warning of the notice in force, named by its hash (法释〔2016〕18号 art. 14); kept for good."""
    lot = await lots.public(conn, lot_id)
    if given.notice_sha256 != lot.notice_sha256 or set(given.warnings) != set(
        range(1, len(WARNINGS) + 1)
    ):
        raise WarningsMissing(
            f"accept the warnings 1 to {len(WARNINGS)} of the notice {lot.notice_sha256}",
            f"请确认公告 {lot.notice_sha256} 的第 1 至 {len(WARNINGS)} 项特别提示",
        )
    await conn.execute(
        _SQL["acknowledge"],
        lot_id,
        caller.organisation_id,
        given.notice_sha256,
        sorted(given.warnings),
        caller.user_id,
        now,
    )
    row = await conn.fetchrow(
        _SQL["acknowledgement"], lot_id, caller.organisation_id, given.notice_sha256
    )
    assert row is not None, "it was just written, or was there"
    await _audit(conn, caller, lot_id, "notice_acknowledged", given, now=now)
    return msgspec.convert(dict(row), Acknowledgement)


@contextmanager
def _naming_nobody(field: str) -> Iterator[None]:
    """The database refuses a text that names who asked: bidders are nobody's to know before the close (domain 7)."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if error.sqlstate != _NAMES_WHO_ASKED:
            raise
        raise InvalidInput(
            field,
            "everybody reads it: leave out the name and the credit code of who asks",
            "内容将公开：请勿写明提问机构的名称或统一社会信用代码",
        ) from error


async def _require_open(conn: Connection, lot_id: UUID) -> None:
    if (await lots.public(conn, lot_id)).status not in _OPEN:
        raise NotAskedNow


async def _audit(
    conn: Connection, caller: Caller, lot_id: UUID, action: str, facts: object, *, now: datetime
) -> None:
    await audit.record(
        conn, caller, now=now, action=action, subject="lot", subject_id=lot_id, after=facts
    )
