"""Imports that take longer than a request (大文件导入): handed in, worked off by a duty, with progress to look at.

All or nothing all the same: the rows are entered in one transaction; only how far it is stands beside it.
"""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from kit.errors import NotFound
from kit.ids import uuid7
from kit.sql import Connection, Pool, load_statements
from marketplace.audit.service import record
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.imports import service
from marketplace.imports.reading import ImportFileRefused, read
from marketplace.imports.schemas import ImportJob, ImportState, JobState
from marketplace.organisations.schemas import Caller, OrganisationKind, Role

_SQL = load_statements("marketplace.imports", "jobs.sql")


class _Resources(Protocol):
    @property
    def pool(self) -> Pool:
        """The database."""
        ...


async def hand_in(
    conn: Connection, caller: Caller, content: bytes, *, file_name: str, now: datetime
) -> ImportJob:
    """Keep the file and ask for its import; whoever handed it in looks how far it is."""
    job_id = uuid7(now)
    name = service.plain_name(file_name)
    await conn.execute(
        _SQL["insert"], job_id, caller.organisation_id, name, content, caller.user_id, now
    )
    await duties.add(conn, Kind.RUN_IMPORT, subject_id=job_id, due_at=now, now=now)
    await record(
        conn,
        caller,
        now=now,
        action="import_handed_in",
        subject="import_job",
        subject_id=job_id,
        after={"file_name": name, "size": len(content)},
    )
    return await get(conn, caller, job_id)


async def get(conn: Connection, caller: Caller, job_id: UUID) -> ImportJob:
    """How far an import of the caller's bank is, or `NotFound`."""
    row = await conn.fetchrow(_SQL["by_id"], job_id, caller.organisation_id)
    if row is None:
        raise NotFound(f"import job {job_id}: no such job", f"导入任务 {job_id} 不存在")
    return msgspec.convert(dict(row), ImportJob)


async def newest(conn: Connection, caller: Caller, *, limit: int) -> list[ImportJob]:
    """The last `limit` files that the caller's bank handed in to be worked off, the newest first."""
    rows = await conn.fetch(_SQL["newest"], caller.organisation_id, limit)
    return [msgspec.convert(dict(row), ImportJob) for row in rows]


async def run(
    resources: _Resources, job_id: UUID, now: datetime, *, progress: "Progress | None" = None
) -> None:
    """Work off one import, for a job; run twice, or twice at once, the file is entered once."""
    async with resources.pool.acquire() as conn:
        row = await conn.fetchrow(_SQL["work"], job_id)
    if row is None:
        return
    progress = progress or Progress(resources.pool, job_id, now)
    await progress(JobState.READING, 0, 0)
    try:
        reading = await read(row["content"])
    except ImportFileRefused as error:
        await progress.end(JobState.UNREADABLE, None, error.message, error.message_zh)
        return
    maker = Caller(
        user_id=row["created_by"],
        organisation_id=row["organisation_id"],
        organisation_kind=OrganisationKind(row["kind"]),
        roles=frozenset(map(Role, row["roles"])),
        display_name=row["display_name"],
    )
    async with resources.pool.acquire() as conn, conn.transaction():
        done = await service.import_file(
            conn,
            maker,
            row["content"],
            file_name=row["file_name"],
            now=now,
            reading=reading,
            progress=progress,
        )
    is_entered = done.state is ImportState.COMPLETED
    await progress.end(JobState.COMPLETED if is_entered else JobState.REFUSED, done.id)


class Progress:
    """Writes how far an import is, beside its transaction, so that it can be seen before it is done."""

    def __init__(self, pool: Pool, job_id: UUID, now: datetime) -> None:
        self._pool = pool
        self._job_id = job_id
        self._now = now

    async def __call__(self, state: JobState, done: int, total: int) -> None:
        """This state, so many rows of so many."""
        async with self._pool.acquire() as conn:
            await conn.execute(_SQL["progress"], self._job_id, state, done, total, self._now)

    async def end(
        self,
        state: JobState,
        import_id: UUID | None,
        problem: str | None = None,
        problem_zh: str | None = None,
    ) -> None:
        """It is over, one way or the other."""
        async with self._pool.acquire() as conn:
            await conn.execute(
                _SQL["end"], self._job_id, state, import_id, problem, problem_zh, self._now
            )
