"""The worker process: PostgreSQL says what is due, arq wakes somebody up to do it (reliability 0.4.18).

Every second, and whenever a duty is added, the ids of due duties go into the queue; any worker takes them out. A duty
that is still due a few seconds later (the queue is down, or lost it, or its worker died) is done here directly.
What the queue carries is a duty's id and nothing else, as msgpack: never pickle, which would run what it reads.
"""

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from auction_engine.engine import Engine
from auction_engine.given_back import give_back_ids
from kit.clock import Clock
from kit.errors import LuochuiError
from kit.listening import listen_forever
from kit.sql import Pool
from marketplace.duties import service as duties
from marketplace.duties.rules import LONG
from marketplace.jobs.running import deliver_outbox, run_due_duties, run_duty
from marketplace.resources import Resources, open_resources
from marketplace.settings import Settings
from marketplace.webhooks.delivering import deliver_due
from marketplace.webhooks.sending import Sender

QUEUE = "luochui:duties"
CHANNEL = "luochui_duties"
JOBS_AT_ONCE_MAX = 4
_JOB_SECONDS = 45  # below the lease, so that a duty is not taken up by two for being slow
_LONG_JOB_SECONDS = 900  # of what renews its lease
#: The names under which duties are queued, and how long one may take.
_FUNCTIONS: dict[str, float] = {"perform": _JOB_SECONDS, "perform_long": _LONG_JOB_SECONDS}
_FINISH_SECONDS = 8.0
_POLL_SECONDS = 0.1
_LOOK_SECONDS = 1.0
_WATCH_SECONDS = 2.0
#: Between two looks for auctions whose ids the engine may give back.
_GIVE_BACK_SECONDS = 60.0
_OVERDUE = timedelta(seconds=3)
_BATCH_MAX = 200
_PAUSE_SECONDS = 1.0
_log = logging.getLogger("luochui.jobs")


class WorkerResources(msgspec.Struct, frozen=True):
    """A process's resources as duties see them."""

    opened: Resources

    @property
    def pool(self) -> Pool:
        """The database."""
        return self.opened.pool

    @property
    def engine(self) -> Engine:
        """The bid engine."""
        return self.opened.hall.engine

    @property
    def clock(self) -> Clock:
        """The process's clock."""
        return self.opened.clock


def encode_job(job: dict[str, Any]) -> bytes:
    """A job as arq hands it over, as msgpack; results are not kept, so errors become their text."""
    return msgspec.msgpack.encode(job, enc_hook=str)


def decode_job(data: bytes) -> dict[str, Any]:
    """A job out of the queue: data only, whatever was put there."""
    return msgspec.msgpack.decode(data, type=dict[str, Any])


async def perform(ctx: dict[str, Any], duty_id: str) -> None:
    """What arq runs, under the name that says how long it may take: do the duty with this id, if it is still due."""
    resources: WorkerResources = ctx["resources"]
    await run_duty(resources, UUID(duty_id), resources.clock())


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set; what is in hand then is finished, or left to the lease."""
    async with open_resources(settings) as opened:
        resources = WorkerResources(opened)
        queue = queue_of(settings.queue_url) if settings.queue_url else None
        tasks = [
            asyncio.create_task(_wake(resources, queue, stop)),
            asyncio.create_task(watch_engine(resources, stop)),
            asyncio.create_task(give_back_old_ids(resources, stop)),
            asyncio.create_task(send_webhooks(resources, stop)),
        ]
        if settings.queue_url is not None:
            tasks.append(asyncio.create_task(work(resources, settings.queue_url, stop)))
        try:
            await stop.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if queue is not None:
                await close_queue(queue)


def queue_of(url: str) -> ArqRedis:
    """The queue's client; nothing is connected before the first call."""
    pool: ConnectionPool = ConnectionPool.from_url(
        url, socket_timeout=5.0, socket_connect_timeout=2.0
    )
    return ArqRedis(
        pool_or_conn=pool,
        job_serializer=encode_job,
        job_deserializer=decode_job,
        default_queue_name=QUEUE,
    )


async def _let_finish(worker: Worker) -> None:
    """What is in hand is finished; what takes too long is cut off and left to its duty's lease."""
    if not worker.tasks:
        return
    _, left = await asyncio.wait(worker.tasks.values(), timeout=_FINISH_SECONDS)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def close_queue(queue: ArqRedis) -> None:
    """Let go of the queue's connections, whether or not its server is there."""
    with contextlib.suppress(RedisError, OSError):
        await queue.aclose(close_connection_pool=True)


async def enqueue_due(resources: WorkerResources, queue: ArqRedis) -> int:
    """Put the ids of due duties into the queue; one that is in it already is not put in twice."""
    async with resources.pool.acquire() as conn:
        due = await duties.due(conn, now=resources.clock(), limit=_BATCH_MAX)
    for duty_id, kind in due:
        name = "perform_long" if kind in LONG else "perform"
        await queue.enqueue_job(name, str(duty_id), _job_id=f"duty:{duty_id}")
    return len(due)


async def _wake(resources: WorkerResources, queue: ArqRedis | None, stop: asyncio.Event) -> None:
    """Look for due duties at every notification and every second; do what is left lying directly."""
    news = asyncio.Event()
    listener = asyncio.create_task(listen_forever(resources.pool, CHANNEL, lambda _: news.set()))
    try:
        while not stop.is_set():
            try:
                await look(resources, queue)
            except (LuochuiError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                _log.exception("worker_look_failed")
                await asyncio.sleep(_PAUSE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await news.wait()
            news.clear()
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def watch_engine(resources: WorkerResources, stop: asyncio.Event) -> None:
    """Look every other second whether the engine still has its books; one that lost them is rebuilt at once."""
    while not stop.is_set():
        try:
            for shard in await resources.engine.fence.look():
                _log.warning("engine_was_behind shard=%d", shard)
        except (LuochuiError, RedisError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            _log.exception("engine_watch_failed")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WATCH_SECONDS):
                await stop.wait()


async def give_back_old_ids(resources: WorkerResources, stop: asyncio.Event) -> None:
    """Every minute, give back the engine's memory of auctions that have been final for an hour."""
    while not stop.is_set():
        try:
            given = await give_back_ids(resources.pool, resources.engine.servers, resources.clock)
            if given:
                _log.info("ids_given_back auctions=%d", len(given))
        except (LuochuiError, RedisError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            _log.exception("ids_not_given_back")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GIVE_BACK_SECONDS):
                await stop.wait()


async def send_webhooks(resources: WorkerResources, stop: asyncio.Event) -> None:
    """Send webhook messages as they fall due; apart from duties, because receivers may be slow."""
    loopback = resources.opened.settings.webhooks_to_loopback
    async with Sender(loopback=loopback) as sender:
        while not stop.is_set():
            tried = 0
            try:
                tried = await deliver_due(resources.pool, sender, resources.clock)
            except (LuochuiError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                _log.exception("webhooks_failed")
            if tried:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await stop.wait()


async def look(resources: WorkerResources, queue: ArqRedis | None) -> None:
    """One look at what is due: into the queue, or done here where there is none that answers."""
    now = resources.clock()
    try:
        if queue is None:
            await run_due_duties(resources, now)
            return
        await enqueue_due(resources, queue)
    except (RedisError, OSError):
        _log.warning("queue_unreachable; doing due duties directly", exc_info=True)
        await run_due_duties(resources, now)
        return
    await _do_overdue(resources)
    await deliver_outbox(resources, now)


async def _do_overdue(resources: WorkerResources) -> None:
    """What the queue should have brought to somebody and did not."""
    now = resources.clock()
    async with resources.pool.acquire() as conn:
        left = await duties.due(conn, now=now - _OVERDUE, limit=_BATCH_MAX)
    for duty_id, _ in left:
        await run_duty(resources, duty_id, now)


async def work(resources: WorkerResources, queue_url: str, stop: asyncio.Event) -> None:
    """Take jobs out of the queue; begin again when the queue's server went away."""
    while not stop.is_set():
        queue = queue_of(queue_url)
        worker = Worker(
            functions=[
                func(perform, name=name, timeout=seconds, keep_result=0, max_tries=1)
                for name, seconds in _FUNCTIONS.items()
            ],
            redis_pool=queue,
            queue_name=QUEUE,
            handle_signals=False,
            max_jobs=JOBS_AT_ONCE_MAX,
            poll_delay=_POLL_SECONDS,
            ctx={"resources": resources},
            job_serializer=encode_job,
            job_deserializer=decode_job,
            log_results=False,
        )
        try:
            await worker.async_run()
        except (RedisError, OSError):
            _log.warning("queue_lost; trying again", exc_info=True)
            await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            await _let_finish(worker)
            await close_queue(queue)
