"""Takes a white list from the draft to the banks and takes their answers back. Source: domain 1.4 八 (双向推送)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.edge.versions import VersionChanged
from marketplace.organisations.schemas import Caller
from marketplace.outbox.service import add as tell
from marketplace.white_lists import rules
from marketplace.white_lists.events import ListAnswered, ListPushed
from marketplace.white_lists.schemas import (
    Answer,
    ListState,
    NewAnswer,
    NewList,
    Push,
    WhiteList,
)

_SQL = load_statements("marketplace.white_lists", "queries.sql")


class DrafterPublishes(Forbidden):
    """A white list is published by another person than the one who drafted it. / 名单须由起草人以外的人员发布。"""

    code = "drafter_publishes"


async def draft(conn: Connection, caller: Caller, new: NewList, *, now: datetime) -> WhiteList:
    """A new draft under the next number of its name."""
    new = rules.normal(new)
    list_id = uuid7(now)
    await conn.execute(_SQL["lock_name"], caller.organisation_id, new.name)
    await conn.execute(
        _SQL["insert"],
        list_id,
        caller.organisation_id,
        new.name,
        new.authority,
        new.criteria,
        _json(new.entries),
        caller.user_id,
        now,
    )
    await _note(conn, caller, list_id, "white_list_drafted", now=now)
    return await get(conn, caller, list_id)


async def change(
    conn: Connection, caller: Caller, list_id: UUID, new: NewList, *, version: int, now: datetime
) -> WhiteList:
    """A draft's new content over version `version`; its name stays."""
    before = await _own(conn, caller, list_id)
    new = rules.normal(new)
    if new.name != before.name:
        raise InvalidInput("name", "stays as it is; draft another list", "名称不可修改，请另行起草")
    rules.require_list_step(before.state, ListState.PUBLISHED, name=before.name)
    done = await conn.execute(
        _SQL["change"],
        list_id,
        version,
        new.authority,
        new.criteria,
        _json(new.entries),
        caller.user_id,
        now,
    )
    if done != "UPDATE 1":
        raise VersionChanged(version=before.version)
    await _note(conn, caller, list_id, "white_list_changed", now=now)
    return await get(conn, caller, list_id)


async def publish(conn: Connection, caller: Caller, list_id: UUID, *, now: datetime) -> WhiteList:
    """By another person than the drafter; older lists of the name are superseded, and what is published is frozen."""
    before = await _own(conn, caller, list_id)
    rules.require_list_step(before.state, ListState.PUBLISHED, name=before.name)
    if before.drafted_by == caller.user_id:
        raise DrafterPublishes
    await conn.execute(_SQL["supersede"], before.organisation_id, before.name, before.number, now)
    digest = rules.digest(before, number=before.number)
    await conn.execute(_SQL["publish"], list_id, caller.user_id, digest, now)
    await _note(conn, caller, list_id, "white_list_published", now=now)
    return await get(conn, caller, list_id)


async def push(
    conn: Connection, caller: Caller, list_id: UUID, bank_ids: Iterable[UUID], *, now: datetime
) -> WhiteList:
    """To banks, each once; a bank that has it already keeps it."""
    before = await _own(conn, caller, list_id)
    rules.require_list_step(before.state, ListState.PUSHED, name=before.name)
    wanted = sorted(set(bank_ids))
    known = {row["id"] for row in await conn.fetch(_SQL["banks"], wanted)}
    if missing := [bank_id for bank_id in wanted if bank_id not in known]:
        raise InvalidInput("bank_ids", f"{missing[0]} is no bank", f"{missing[0]} 不是银行")
    for bank_id in wanted:
        done = await conn.execute(
            _SQL["insert_push"], list_id, caller.organisation_id, bank_id, now
        )
        if done == "INSERT 0 1":
            told = ListPushed(list_id=list_id, organisation_id=bank_id, number=before.number)
            await tell(conn, told, now=now)
    await conn.execute(_SQL["set_pushed"], list_id, now)
    await _note(conn, caller, list_id, "white_list_pushed", now=now, after={"banks": wanted})
    return await get(conn, caller, list_id)


async def receive(conn: Connection, caller: Caller, list_id: UUID, *, now: datetime) -> WhiteList:
    """The bank's receipt for a list that was pushed to it: the hash of what it has; once."""
    found = await get(conn, caller, list_id)
    receipt = f"{found.number}:{found.sha256}"
    mine = (list_id, caller.organisation_id)
    done = await conn.execute(_SQL["receive"], *mine, receipt, caller.user_id, now)
    if done != "UPDATE 1":
        if not any(each.bank_id == caller.organisation_id for each in found.pushes):
            raise NotFound(
                f"white list {list_id}: not pushed to you", f"名单 {list_id} 未推送给贵行"
            )
        return found
    await _answered(conn, caller, found, "white_list_received", now=now)
    return await get(conn, caller, list_id)


async def answer(
    conn: Connection, caller: Caller, list_id: UUID, given: NewAnswer, *, now: datetime
) -> list[Answer]:
    """What became of an enterprise at the caller's bank; the receipt comes first."""
    found = await get(conn, caller, list_id)
    mine = next((each for each in found.pushes if each.bank_id == caller.organisation_id), None)
    if mine is None or mine.receipt is None:
        raise Conflict("send the receipt first", "请先回执")
    if given.code not in {entry.code for entry in found.entries}:
        raise InvalidInput("code", f"{given.code} is not on the list", f"{given.code} 不在名单内")
    await conn.execute(
        _SQL["insert_answer"],
        list_id,
        found.organisation_id,
        caller.organisation_id,
        given.code,
        given.outcome,
        given.amount_fen,
        given.note,
        caller.user_id,
        now,
    )
    await _answered(conn, caller, found, "white_list_answered", now=now, after=given)
    return await answers(conn, caller, list_id)


async def answers(conn: Connection, caller: Caller, list_id: UUID) -> list[Answer]:
    """What banks said: all of it for the list's keeper and supervisors, its own for a bank."""
    await get(conn, caller, list_id)
    rows = await conn.fetch(_SQL["answers"], list_id, _whose(caller))
    return [msgspec.convert(dict(row), Answer) for row in rows]


async def get(conn: Connection, caller: Caller, list_id: UUID) -> WhiteList:
    """One list that the caller keeps or received, or `NotFound`."""
    row = await conn.fetchrow(_SQL["by_id"], list_id, _whose(caller))
    if row is None:
        raise NotFound(f"white list {list_id}: no such list", f"名单 {list_id} 不存在")
    return (await _lists(conn, caller, [row]))[0]


async def bank_names(conn: Connection) -> dict[UUID, str]:
    """The banks to which a list may go, by name."""
    return {row["id"]: row["name"] for row in await conn.fetch(_SQL["bank_names"])}


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[WhiteList]:
    """Up to `limit` lists that the caller keeps or received, with ids after `after`."""
    rows = await conn.fetch(_SQL["page"], after, _whose(caller), limit)
    return await _lists(conn, caller, rows)


async def _own(conn: Connection, caller: Caller, list_id: UUID) -> WhiteList:
    if await conn.fetchval(_SQL["lock"], list_id, caller.organisation_id) is None:
        raise NotFound(f"white list {list_id}: no such list", f"名单 {list_id} 不存在")
    return await get(conn, caller, list_id)


async def _lists(
    conn: Connection, caller: Caller, rows: Iterable[asyncpg.Record]
) -> list[WhiteList]:
    found = list(rows)
    pushes = await conn.fetch(_SQL["pushes"], [row["id"] for row in found], _whose(caller))
    return [
        msgspec.convert(
            dict(row)
            | {
                "entries": msgspec.json.decode(row["entries"]),
                "pushes": [
                    msgspec.convert(dict(each), Push)
                    for each in pushes
                    if each["list_id"] == row["id"]
                ],
            },
            WhiteList,
        )
        for row in found
    ]


async def _answered(
    conn: Connection,
    caller: Caller,
    found: WhiteList,
    action: str,
    *,
    now: datetime,
    after: object = None,
) -> None:
    await _note(conn, caller, found.id, action, now=now, after=after)
    told = ListAnswered(
        list_id=found.id, organisation_id=found.organisation_id, bank_id=caller.organisation_id
    )
    await tell(conn, told, now=now)


async def _note(
    conn: Connection,
    caller: Caller,
    list_id: UUID,
    action: str,
    *,
    now: datetime,
    after: object = None,
) -> None:
    await record(
        conn, caller, now=now, action=action, subject="white_list", subject_id=list_id, after=after
    )


def _whose(caller: Caller) -> UUID | None:
    seen = visibility_of(caller)
    sees_all = seen.owner_id is None and seen.venue_id is None
    return None if sees_all else caller.organisation_id


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
