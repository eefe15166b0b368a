"""Hands a workbook to the reading process and takes its cells back, with a limit on time."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

import msgspec

import marketplace
from kit.errors import LuochuiError, Unavailable
from marketplace.imports.cells import Reading

#: Both may hold 100,000 rows; a workbook is packed.
FILE_BYTES_MAX = 20_000_000
CSV_BYTES_MAX = 40_000_000
#: For a job; a request that reads a file at once waits less.
WALL_SECONDS_MAX = 300
AT_ONCE_SECONDS_MAX = 30
#: Files that a process reads at once, and that wait for their turn.
_AT_ONCE, _WAITING_MAX = 2, 4
_decoder = msgspec.msgpack.Decoder(Reading)


class ImportFileRefused(LuochuiError):
    """The file cannot be read as a portfolio workbook. / 文件无法作为资产包读取。"""

    code = "import_file_refused"


class ImportsBusy(Unavailable):
    """Other files are being read; send this one again in some seconds. / 正在处理其他文件，请稍后重试。"""

    code = "imports_busy"


class _Turns:
    """Whose file is read: two at once, a few in the queue, and nobody beyond."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        if self._waiting >= _WAITING_MAX:
            raise ImportsBusy(retry_after_seconds=5)
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


#: By event loop: a process has one, tests and commands have several.
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()


async def read(content: bytes, *, seconds: float = WALL_SECONDS_MAX) -> Reading:
    """The cells of the workbook `content`; `ImportFileRefused` says why there are none.

    The reading process is ended after `seconds`, or when it has used up its own limits. Raises `ImportsBusy` where
    too many wait already. It can take long: hold no connection meanwhile.
    """
    bytes_max = FILE_BYTES_MAX if content.startswith(b"PK") else CSV_BYTES_MAX
    if len(content) > bytes_max:
        raise ImportFileRefused(
            f"file: has {len(content):,} bytes; at most {bytes_max:,}",
            f"文件：{len(content):,} 字节；最多 {bytes_max:,} 字节",
            reason="too_large",
        )
    turns = _turns.setdefault(asyncio.get_running_loop(), _Turns())
    async with turns.turn():
        reading = _decoder.decode(await _run(content, seconds))
    if reading.refusal is not None:
        raise ImportFileRefused(
            f"file: {reading.refusal.message}",
            f"文件：{reading.refusal.message_zh}",
            reason=reading.refusal.code,
        )
    return reading


async def _run(content: bytes, seconds: float) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "marketplace.imports.child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
        cwd="/",
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate(content)
    except TimeoutError:
        output = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or not output:
        raise ImportFileRefused(
            "file: reading it took more memory or time than allowed; hand it in at /v1/import-jobs, split it, or"
            " save it again as .xlsx",
            "文件：读取所需内存或时间超限；请通过 /v1/import-jobs 提交、拆分，或重新另存为 .xlsx",
            reason="limits",
        )
    return output


def _environment() -> dict[str, str]:
    """Where the program is, and nothing else of ours: no secrets reach the reading process."""
    root = Path(marketplace.__file__).resolve().parent.parent
    inherited = os.environ.get("PYTHONPATH")
    return {
        "PYTHONPATH": os.pathsep.join([str(root), *([inherited] if inherited else [])]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "LANG": "C.UTF-8",
    }
