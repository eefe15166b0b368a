"""What goes wrong: crashes, pauses, power cuts, full and lying disks, wrong clocks, starved processes.

Everything here acts on one process id, one file or one mount of a case's own. What needs root says so.
"""

import contextlib
import fcntl
import mmap
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

#: EXT4_IOC_SHUTDOWN, and its flag "do not even write the journal".
_SHUTDOWN, _NO_LOG_FLUSH = 0x8004587D, 2
_SOURCE = Path(__file__).with_name("faultshim.c")
_SLOTS = (
    "clock_us",
    "sync_delay_us",
    "syncs_left",
    "bytes_left",
    "cut_one",
    "lie",
    "syncs_seen",
)
_FILE_BYTES = 4096
_STOP_SECONDS = 10
#: How the directories of cases begin, and the file in each that holds the process id of its run.
CASE_PREFIX = "luochui-fault-"
OWNER_FILE = "owner"
PROC = Path("/proc")


class Shim:
    """The preloaded library and its control file: `shim["clock_us"] = 3_600_000_000`."""

    def __init__(self, directory: Path) -> None:
        self._library = directory / "faultshim.so"
        self._control = directory / "faults"
        compiler = shutil.which("gcc")
        assert compiler is not None, "gcc is needed to build tests/faults/faultshim.c"
        built = subprocess.run(
            [compiler, "-O2", "-Wall", "-shared", "-fPIC", "-o", self._library, _SOURCE],
            capture_output=True,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stderr
        self._library.chmod(0o755)
        self._control.write_bytes(bytes(_FILE_BYTES))
        self._control.chmod(0o666)  # PostgreSQL has a user of its own
        with self._control.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _FILE_BYTES)

    @property
    def environment(self) -> dict[str, str]:
        """What a process must be started with to be at the mercy of this shim."""
        return {"LD_PRELOAD": str(self._library), "FAULT_FILE": str(self._control)}

    def __getitem__(self, name: str) -> int:
        return int(struct.unpack_from("<q", self._memory, 8 * _SLOTS.index(name))[0])

    def __setitem__(self, name: str, value: int) -> None:
        struct.pack_into("<q", self._memory, 8 * _SLOTS.index(name), value)

    def clear(self) -> None:
        """Undo every fault."""
        for name in _SLOTS[:-1]:
            self[name] = 0


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def pause(pid: int) -> None:
    """Stop a process with its children (SIGSTOP) and return when every one of them stands."""
    deadline = time.monotonic() + _STOP_SECONDS
    running = set(family(pid))
    while running:
        for one in list(running):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGSTOP)
        running = {one for one in family(pid) if _state(one) not in ("T", "t", "Z", "")}
        assert time.monotonic() < deadline, f"processes {running} do not stop"


def send(pid: int, number: signal.Signals) -> None:
    """A signal to one process, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def resume(pid: int) -> None:
    """Let a paused process and its children go on."""
    for one in family(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGCONT)


def kill(*pids: int) -> None:
    """SIGKILL processes by their ids, children included."""
    for pid in pids:
        for one in family(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


class Disk:
    """A loop-mounted ext4 that can lose its power: what was not fsynced is gone. Needs root."""

    def __init__(self, directory: Path, *, megabytes: int = 400) -> None:
        self._image = directory / "disk.img"
        self.path = directory / "disk"
        self._megabytes = megabytes
        self._mounted = False

    def __enter__(self) -> Self:
        require_root("a loop-mounted disk")
        unmount_abandoned()
        self.path.mkdir()
        with self._image.open("wb") as file:
            file.truncate(self._megabytes << 20)
        _run("mkfs.ext4", "-qF", str(self._image))
        self.mount()
        self.path.chmod(0o755)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._mounted:
            self.unmount()
        self._image.unlink(missing_ok=True)

    def mount(self) -> None:
        """Attach it; after a power cut this replays the file system's journal."""
        _run("mount", "-o", "loop", str(self._image), str(self.path))
        self._mounted = True

    def unmount(self) -> None:
        """Detach it, waiting for the last process to let go of it."""
        _unmount(self.path)
        self._mounted = False

    def cut_power(self, *pids: int) -> None:
        """Stop the processes first (no answer may leave once the lights are out), cut, kill, and attach again."""
        for pid in pids:
            pause(pid)
        handle = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(handle, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        os.close(handle)
        kill(*pids)

    def restore_power(self) -> None:
        """The machine boots: the disk holds what had reached it."""
        self.unmount()
        self.mount()


class SmallDisk:
    """A tmpfs of a few megabytes that can be grown. Needs root."""

    def __init__(self, directory: Path, *, megabytes: int) -> None:
        self.path = directory / "small"
        self._megabytes = megabytes

    def __enter__(self) -> Self:
        require_root("a small tmpfs")
        unmount_abandoned()
        self.path.mkdir()
        size = f"size={self._megabytes}m,mode=755"
        _run("mount", "-t", "tmpfs", "-o", size, "tmpfs", str(self.path))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _unmount(self.path)

    def grow(self, megabytes: int) -> None:
        """Make room."""
        _run("mount", "-o", f"remount,size={megabytes}m", str(self.path))


def require_root(what: str) -> None:
    """Fail with the reason where we are not root."""
    assert os.geteuid() == 0, (
        f"{what} needs root; set LUOCHUI_FAULTS=userspace to run only the cases that do not"
    )


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"


def _unmount(path: Path) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while subprocess.run(["umount", path], capture_output=True, check=False).returncode != 0:
        if time.monotonic() > deadline:
            _run("umount", "-l", str(path))
            return
        time.sleep(0.05)


def unmount_abandoned() -> None:
    """Detach what a run that was killed has left mounted: its case's directory names a process that is gone."""
    mine = str(Path(tempfile.gettempdir()) / CASE_PREFIX)
    for line in (PROC / "mounts").read_text().splitlines():
        place = Path(line.split()[1])
        if not str(place).startswith(mine):
            continue
        with contextlib.suppress(OSError, ValueError):
            owner = int((place.parent / OWNER_FILE).read_text())
            if not (PROC / str(owner)).exists():
                _unmount(place)


def flip(path: Path, at: int) -> None:
    """Turn one bit of a file, as a disk may."""
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def zero(path: Path, at: int, count: int) -> None:
    """Write a block of zeros over a part of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(bytes(count))


@contextlib.contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """Processes that do nothing but use up processor time."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


@contextlib.contextmanager
def few_files(pid: int, count: int) -> Iterator[None]:
    """Let a process open no more than `count` files."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
