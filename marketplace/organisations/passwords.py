"""Passwords: argon2id in threads, so many at once and no more, with the same work for unknown users."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kit.errors import Unavailable

_WAITING_MAX = 32


class PasswordChecksBusy(Unavailable):
    """Too many people are signing in at this moment; try again in a second. / 登录繁忙，请稍后重试。"""

    code = "password_checks_busy"


class Passwords:
    """Hashes and checks passwords without holding up the event loop.

    19 MiB, two passes, one lane: the floor that OWASP names, 20 ms a hash (reliability 1). One thread a core; who
    comes when too many wait is told so, or sign-in would be a way to stop the bids.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
        threads = os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._free = asyncio.Semaphore(threads)
        self._waiting = 0
        #: What an unknown user's password is compared with: the same work, never a match.
        self._dummy = self._hasher.hash(os.urandom(16).hex())

    async def hash(self, password: str) -> str:
        """The hash to store."""
        async with self._turn():
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._hasher.hash, password
            )

    async def is_right(self, password: str, stored: str | None) -> bool:
        """Whether `password` is the one stored; `None` costs the same and is always wrong."""
        async with self._turn():
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._verify, stored or self._dummy, password
            ) and (stored is not None)

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _turn(self) -> "_Turn":
        return _Turn(self)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


class _Turn:
    """A place among those who wait, then a thread."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    async def __aenter__(self) -> None:
        if self._passwords._waiting >= _WAITING_MAX:
            raise PasswordChecksBusy()
        self._passwords._waiting += 1
        try:
            await self._passwords._free.acquire()
        finally:
            self._passwords._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._passwords._free.release()
