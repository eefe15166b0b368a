"""Every case of the list has a test, as often as it must be run; what needs root fails loudly where it has none."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.cases import HERE, WANTED, case_tests, table, written_table
from tests.faults.nemesis import Disk, SmallDisk, require_root
from tests.faults.network import Network
from tests.faults.reporting import NEEDS_ROOT

#: What can only be made by root.
_OF_ROOT = {Disk.__name__, SmallDisk.__name__, Network.__name__}


@pytest.mark.parametrize("case", WANTED)
def test_the_case_has_a_test_and_is_run_often_enough(case: str) -> None:
    """P times at least in CI's time, once where P is 0, and N times at least in the long run."""
    _, short, long = WANTED[case]
    own = [test for test in case_tests() if test.case == case]
    assert own, f"{case} has no test"
    assert sum(test.in_ci for test in own) >= max(short, 1)
    assert sum(test.in_the_long_run for test in own) >= long


def test_no_test_is_named_after_a_case_that_is_not_on_the_list() -> None:
    """The list is whole."""
    assert {test.case for test in case_tests()} == set(WANTED)


def test_the_document_says_what_the_tests_are() -> None:
    """docs/faults.md names every test with its counts; `python -m tests.faults.cases` writes it anew."""
    assert written_table() == table()


def test_a_case_that_needs_root_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root it fails and names the way out; it is never skipped."""
    require_root("a power cut")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(AssertionError, match="a power cut needs root; set LUOCHUI_FAULTS"):
        require_root("a power cut")


@pytest.mark.parametrize("path", sorted(HERE.glob("*.py")), ids=lambda path: path.name)
def test_nothing_is_skipped_and_whoever_uses_what_is_root_s_is_marked(path: Path) -> None:
    """No skip of any kind; a test that makes a disk or a network has the fixture by which it can be left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert names.isdisjoint({"skip", "skipif", "importorskip", "xfail"})
    for test in ast.walk(tree):
        if not isinstance(test, ast.AsyncFunctionDef) or not test.name.startswith("test_"):
            continue
        used = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
        marks = {ast.unparse(mark) for mark in test.decorator_list}
        if used & _OF_ROOT:
            assert f"pytest.mark.usefixtures('{NEEDS_ROOT}')" in marks, test.name


def test_what_is_left_out_is_listed() -> None:
    """With LUOCHUI_FAULTS=userspace the summary names each case that was not run, and why."""
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", HERE / "test_engine_crashes.py", "-q", "--collect-only"],
        cwd=HERE.parents[1],
        env=os.environ | {"LUOCHUI_FAULTS": "userspace"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    _, _, left_out = listed.partition("fault tests NOT RUN")
    for name in ("test_f02_power_cuts_of_the_engines_host", "test_f04_relaxed_mode_loses"):
        assert f"::{name}" in left_out
        assert f"::{name}" not in listed.partition("fault tests NOT RUN")[0]
    assert "needs root (LUOCHUI_FAULTS=userspace)" in left_out
    assert "test_f01" not in left_out
