"""Tests that run against the wall clock, and what becomes of one that fails on a busy machine.

The bid engine decides by its server's clock, which nobody can tell the time. So a test that plays a whole auction
has seconds for it, and a machine that stands still for one of them (a neighbour's load, a slow disk) fails a test
that nothing is wrong with. Such tests carry the mark `wall_clock`. `python -m tests.run` repeats what failed of
them once, alone, and names it; everything else fails the run at once, and so does a violation that a fault test's
checker found: a lost bid is lost, whatever the clock.
"""

import json
import os
from pathlib import Path

import pytest

#: Where the failures of a run are written down, when it is set.
FAILURES_FILE = "TEST_FAILURES_FILE"
#: More failures than these are no accident of the machine.
REPEATED_MAX = 4
_MARK = "wall_clock"
_FIXTURES = frozenset({"stage", "case"})
_FOLDERS = ("tests/browser/", "tests/demo/")
_FINDING = " violations"
_failures: dict[str, bool] = {}


def mark_wall_clock(items: list[pytest.Item]) -> None:
    """Mark what plays real auctions in real time."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if not _FIXTURES.isdisjoint(fixtures) or item.nodeid.startswith(_FOLDERS):
            item.add_marker(_MARK)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember a failure, and whether the machine may be to blame."""
    if report.failed:
        may_be_machine = _MARK in report.keywords and _FINDING not in report.longreprtext
        _failures[report.nodeid] = _failures.get(report.nodeid, True) and may_be_machine


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the failures down for `tests.run`; only the process that collected them all does."""
    path = os.environ.get(FAILURES_FILE)
    if path and not hasattr(session.config, "workerinput"):
        Path(path).write_text(json.dumps(_failures))


def to_repeat(path: Path) -> list[str]:
    """The tests that failed, if each of them may be repeated and there are few; else none."""
    failures: dict[str, bool] = json.loads(path.read_text()) if path.exists() else {}
    is_accident = 0 < len(failures) <= REPEATED_MAX and all(failures.values())
    return sorted(failures) if is_accident else []
