"""What the fault tests add to pytest: `--seed`, the long counts, and what was not run for want of root.

tests/conftest.py takes these hooks over, because options are only read there.
"""

import os
import secrets
from typing import Any

import pytest

from tests.wall_clock import mark_wall_clock

_KEY = "luochui_not_run"
#: The fixture by which a case says that it needs root.
NEEDS_ROOT = "root"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the fault tests."""
    group = parser.getgroup("faults")
    group.addoption("--seed", type=int, default=None, help="seed of the fault tests (else random)")
    group.addoption("--faults-long", action="store_true", help="the nightly counts of faults")


def pytest_configure(config: pytest.Config) -> None:
    """One base seed for all processes of this run."""
    if config.getoption("--seed") is None:
        given = getattr(config, "workerinput", {}).get("seed")
        config.option.seed = given if given is not None else secrets.randbelow(1_000_000)


def pytest_configure_node(node: Any) -> None:
    """Hand the seed to a worker process."""
    node.workerinput["seed"] = node.config.getoption("--seed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what runs in real time; with LUOCHUI_FAULTS=userspace, leave out what needs root, and remember it."""
    mark_wall_clock(items)
    if os.environ.get("LUOCHUI_FAULTS") != "userspace":
        return
    left_out = [item for item in items if NEEDS_ROOT in getattr(item, "fixturenames", ())]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
        names = [item.nodeid for item in left_out]
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
    """Say what was not run."""
    names = config.stash.get(NOT_RUN, set())
    if names:
        terminalreporter.section("fault tests NOT RUN: they need root (LUOCHUI_FAULTS=userspace)")
        for name in sorted(names):
            terminalreporter.line(name)
