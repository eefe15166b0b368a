"""One process at a time for a data directory."""

import fcntl
import os
import time
from pathlib import Path
from typing import IO

from kit.errors import InvalidInput


class DirectoryLock:
    """Holds a data directory for one process at a time; the kernel lets go of it when the process dies."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "lock"
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the directory, or say who has it or why it can't be used."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = self._path.open("a+", encoding="ascii")
        except OSError as error:
            raise unusable(self._path.parent, error) from error
        deadline = time.monotonic() + 3
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    handle.seek(0)
                    holder = handle.read().strip() or "unknown"
                    handle.close()
                    raise InvalidInput(
                        "--data-dir",
                        f"{self._path.parent} is in use by process {holder}; stop it, or choose another",
                        f"{self._path.parent} 正被进程 {holder} 使用；请先停止它，或另选目录",
                    ) from None
                time.sleep(0.05)
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        self._file = handle

    def release(self) -> None:
        """Give the directory back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def unusable(directory: Path | str, error: OSError) -> InvalidInput:
    """What a command says of a data directory that the system does not let it use."""
    return InvalidInput(
        "--data-dir",
        f"{directory} can't be used ({error.strerror}); choose one that you may write to",
        f"{directory} 不可用（{error.strerror}）；请指定可写目录",
    )
