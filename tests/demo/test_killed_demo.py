"""The demo, killed with -9 at five points of its story and started again: it ends, and everything holds."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

_LUOCHUI = (sys.executable, "-u", "-c", "from marketplace.cli import main; main()")
_SECONDS_MAX = 240
#: What is seen before the kill, in the story's order; whether every process is killed, or the starter alone.
_KILLS = (
    ("更正后全部导入", False),
    ("先行拨付", True),
    ("号牌已发放", False),
    ("设定委托最高价", True),
    ("成交确认书", False),
)


class Telling:
    """A running demo whose lines are read as they come."""

    def __init__(self, data_dir: Path) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*_LUOCHUI, "demo", "--data-dir", str(data_dir)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            self.lines.extend(iter(self.process.stdout.readline, ""))

    def await_text(self, text: str) -> None:
        """Until a line holds `text`."""
        deadline = time.monotonic() + _SECONDS_MAX
        while not any(text in line for line in self.lines):
            assert self.process.poll() is None, f"the demo ended before {text!r}:\n{self.told()}"
            assert time.monotonic() < deadline, f"{text!r} did not come:\n{self.told()}"
            time.sleep(0.02)

    def kill(self, *, everything: bool) -> list[psutil.Process]:
        """Kill the starter, or the starter and every process it started; those that were running."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        os.kill(self.process.pid, signal.SIGKILL)
        if everything:
            for child in children:
                child.kill()
        self.process.wait()
        self._reader.join()
        return children

    def end(self) -> int:
        """The exit code once the story is told."""
        code = self.process.wait(_SECONDS_MAX)
        self._reader.join()
        return code

    def told(self) -> str:
        return "".join(self.lines)


def test_a_demo_killed_at_five_points_ends_consistent(server_dir: Path) -> None:
    """Each start takes up what the kill left; no process is orphaned; the last one proves books, journal and replay."""
    data_dir = server_dir / "demo"
    for text, everything in _KILLS:
        telling = Telling(data_dir)
        telling.await_text(text)
        children = telling.kill(everything=everything)
        assert len(children) >= 6, "PostgreSQL, two Valkeys, api, projector, worker"
        _, alive = psutil.wait_procs(children, timeout=30)
        assert not alive, f"left behind after the kill at {text!r}: {alive}"
    telling = Telling(data_dir)
    assert telling.end() == 0, telling.told()
    told = telling.told()
    proofs = [line for line in told.splitlines() if line.strip().startswith(("✔", "✘"))]
    assert proofs, told
    assert all(line.strip().startswith("✔") for line in proofs), told
    assert "重放与结果一致: 成交 Sold" in told
    assert "清算单" in told
    again = Telling(data_dir)
    assert again.end() == 0, again.told()
    assert "重放与结果一致: 成交 Sold" in again.told(), (
        "another run on the same data tells another story"
    )


def test_a_port_in_use_is_refused_by_name(tmp_path: Path) -> None:
    """`up` on a port that another program holds says which, and what to do, and starts nothing."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        number = str(holder.getsockname()[1])
        done = subprocess.run(
            [*_LUOCHUI, "up", "--data-dir", str(tmp_path / "d"), "--port", number],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: --port: {number} ")
    assert not (tmp_path / "d" / "postgres").exists()
