"""The whole system as `luochui up` starts it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from kit.embedded import Valkey
from kit.embedded_cluster import ValkeyCluster
from marketplace.administrator import password_file
from marketplace.stack import Stack

_LUOCHUI = (sys.executable, "-c", "from marketplace.cli import main; main()")


def readiness(stack: Stack) -> dict[str, Any]:
    with urllib.request.urlopen(f"{stack.base_url}/readyz", timeout=5) as answer:
        found = json.load(answer)
    assert isinstance(found, dict)
    return found


def is_back(stack: Stack, before: dict[str, int], killed: tuple[str, ...]) -> bool:
    """Whether everything runs, what was killed as a new process, and the system is ready."""
    now = stack.process_ids()
    if now.keys() != before.keys() or any(now[name] == before[name] for name in killed):
        return False
    try:
        return bool(readiness(stack))
    except OSError:
        return False


def test_servers_of_ones_own_are_used_and_left_running(
    server_dir: Path, database_url: str, valkey: Valkey
) -> None:
    """With URLs no engine server and no database of ours is started; both outlive the system."""
    with Stack(server_dir / "own", database_url=database_url, redis_url=valkey.url) as stack:
        assert set(stack.process_ids()) == {"api", "projector", "worker", "queue"}
        assert readiness(stack)
    assert valkey.is_running()
    assert not (server_dir / "own" / "postgres").exists()


def test_what_dies_is_started_again_and_the_data_stays(server_dir: Path) -> None:
    """A killed process or server comes back; a second start finds the installation of the first."""
    with Stack(server_dir / "supervised") as stack:
        before = stack.process_ids()
        assert len(before) == 6
        password = password_file(stack.data_dir).read_text()
        killed = ("worker", "engine", "postgres")
        for name in killed:
            psutil.Process(before[name]).kill()
            psutil.Process(before[name]).wait(10)
        told: list[str] = []
        deadline = time.monotonic() + 60
        while not is_back(stack, before, killed):
            assert time.monotonic() < deadline, told
            stack.supervise_once(told.append)
            time.sleep(0.2)
        assert len(told) >= len(killed)
        after = stack.process_ids()
    assert not any(psutil.pid_exists(pid) for pid in after.values())
    with Stack(server_dir / "supervised") as stack:
        assert readiness(stack)
        assert password_file(stack.data_dir).read_text() == password
        assert oct(password_file(stack.data_dir).stat().st_mode)[-3:] == "600"
        check = subprocess.run(
            [*_LUOCHUI, "check-ledger", "--data-dir", str(stack.data_dir), "--json"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"LUOCHUI_DATABASE_URL": ""},
        )
        assert check.returncode == 0, check.stderr
        assert json.loads(check.stdout)["ok"] is True


def test_one_data_directory_serves_one_system(server_dir: Path) -> None:
    """A second start on a directory in use names the process that has it."""
    with Stack(server_dir / "taken") as stack:
        done = subprocess.run(
            [*_LUOCHUI, "up", "--data-dir", str(stack.data_dir), "--port", str(stack.port)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 2
        assert f"in use by process {os.getpid()}" in done.stderr
        assert readiness(stack)


def test_a_server_that_does_not_answer_is_named_by_its_option(
    server_dir: Path, valkey: Valkey
) -> None:
    """A wrong URL is refused with the option's name before anything else is started."""
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    for flags, option in (
        (["--redis-url", "redis://127.0.0.1:1"], "--redis-url"),
        (["--database-url", nowhere, "--redis-url", valkey.url], "--database-url"),
        (["--redis-url", "nonsense"], "--redis-url"),
    ):
        done = subprocess.run(
            [*_LUOCHUI, "demo", "--data-dir", str(server_dir / "unreachable"), *flags],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {option}: ")
        assert done.stderr.count("\n") == 1


def test_a_cluster_is_taken_by_its_url_and_promises_more(server_dir: Path) -> None:
    """On a Cluster everything is ready in mode `replicated` without anybody choosing it; a bad URL names the option."""
    with (
        ValkeyCluster(server_dir / "cluster") as cluster,
        Stack(server_dir / "clustered", redis_url=cluster.url) as stack,
    ):
        assert stack.durability == "replicated"
        checks = readiness(stack)["checks"]
        assert checks["durability"] == "ok: replicated (WAITAOF 1 1)"
        assert checks["engine"] == "ok: 3 primaries answer"
        assert checks["library"] == "ok: as released"
    done = subprocess.run(
        [*_LUOCHUI, "up", "--redis-url", "redis+cluster://nowhere", "--durability", "fast"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--durability" in done.stderr


def test_bad_usage_is_one_line_and_exit_two() -> None:
    """Unknown commands, unknown options, missing options: one line on standard error, nothing on standard output."""
    for arguments in (
        ["nonsense"],
        ["up", "--prot", "1"],
        ["import"],
        ["rehearse"],
        ["up", "--port", "0"],
    ):
        done = subprocess.run([*_LUOCHUI, *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
