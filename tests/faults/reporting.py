"""What the fault tests add to pytest: `--seed`, the long counts or a share of them, what came of each case, and what
was not run, with the reason.

tests/conftest.py takes these hooks over, because options are only read there.
"""

import math
import os
import re
import secrets
from collections.abc import Sequence
from typing import Any

import pytest

from tests.wall_clock import mark_wall_clock

_KEY = "luochui_not_run"
#: The fixture by which a case says that it needs root.
NEEDS_ROOT = "root"
#: The mark of a test that the long run runs so many times, each time with a seed of its own.
LONG_RUNS = "long_runs"
_CASE = re.compile(r"test_f\d\d_")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the fault tests."""
    group = parser.getgroup("faults")
    group.addoption("--seed", type=int, default=None, help="seed of the fault tests (else random)")
    group.addoption("--faults-long", action="store_true", help="the long counts of faults")
    group.addoption(
        "--faults-share", type=float, default=1.0, help="so much of the long counts: 0.1 is a tenth"
    )


def pytest_configure(config: pytest.Config) -> None:
    """One base seed for all processes of this run."""
    config.addinivalue_line(
        "markers", f"{LONG_RUNS}(times): a fault test that `make faults` runs so many times"
    )
    if config.getoption("--seed") is None:
        given = getattr(config, "workerinput", {}).get("seed")
        config.option.seed = given if given is not None else secrets.randbelow(1_000_000)


def long_count(config: pytest.Config, often: int) -> int:
    """How often in the long run: `often`, or with `--faults-share` a part of it, rounded up."""
    share: float = config.getoption("--faults-share")
    if not 0 < share <= 1:
        raise pytest.UsageError("--faults-share takes more than 0 and at most 1")
    return math.ceil(often * share)


def pytest_configure_node(node: Any) -> None:
    """Hand the seed to a worker process."""
    node.workerinput["seed"] = node.config.getoption("--seed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With LUOCHUI_FAULTS=userspace leave out, and remember, what needs root; without, such a case fails and says so.

    What runs in real time is marked (wall_clock.py).
    """
    mark_wall_clock(items)
    why: dict[str, str] = {}
    for item in items:
        if os.environ.get("LUOCHUI_FAULTS") == "userspace" and NEEDS_ROOT in getattr(
            item, "fixturenames", ()
        ):
            why[item.nodeid] = "needs root (LUOCHUI_FAULTS=userspace)"
    if why:
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in why])
        items[:] = [item for item in items if item.nodeid not in why]
        names = [f"{name}: {reason}" for name, reason in why.items()]
        output = getattr(config, "workeroutput", None)
        if output is not None:
            output[_KEY] = names
        else:
            config.stash.setdefault(NOT_RUN, set()).update(names)


NOT_RUN: pytest.StashKey[set[str]] = pytest.StashKey()


def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker left out."""
    names = getattr(node, "workeroutput", {}).get(_KEY, ())
    node.config.stash.setdefault(NOT_RUN, set()).update(names)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was not run and, after a long run, what came of each case."""
    if config.getoption("--faults-long"):
        terminalreporter.section("fault cases")
        ended = {
            outcome: terminalreporter.stats.get(outcome, ())
            for outcome in ("passed", "failed", "error")
        }
        for line in case_lines(ended, config.getoption("--seed")):
            terminalreporter.line(line)
    names = config.stash.get(NOT_RUN, set())
    if names:
        terminalreporter.section("fault tests NOT RUN")
        for name in sorted(names):
            terminalreporter.line(name)


def case_lines(ended: dict[str, Sequence[pytest.TestReport]], seed: int) -> list[str]:
    """One line a test of a case: how many of its runs passed, how long they took together, and their base seed."""
    runs: dict[str, list[tuple[str, float]]] = {}
    for outcome, reports in ended.items():
        for report in reports:
            name = report.nodeid.partition("[")[0].rpartition("::")[2]
            if _CASE.match(name):
                runs.setdefault(name, []).append((outcome, report.duration))
    return [
        f"{name}: {sum(outcome == 'passed' for outcome, _ in own)} of {len(own)} runs passed,"
        f" {sum(seconds for _, seconds in own):.0f} s, seed {seed}"
        for name, own in sorted(runs.items())
    ]
