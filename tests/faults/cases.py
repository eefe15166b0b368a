"""Which test is which fault of reliability 3.4, how often each runs in CI and in the long run, and what needs root.

`python -m tests.faults.cases` writes the table of docs/faults.md from the tests themselves; a test compares.
"""

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from tests.faults.reporting import LONG_RUNS, NEEDS_ROOT

HERE = Path(__file__).resolve().parent
TABLE = HERE.parents[1] / "docs" / "faults.md"
_START, _END = "<!-- made by python -m tests.faults.cases -->\n", "<!-- end -->\n"
#: Every case that has to be here: what it is, how often in CI's time (P), how often in the long run (N).
WANTED: dict[str, tuple[str, int, int]] = {
    "F01": ("kill -9 of the engine's server, at random, under load", 10, 200),
    "F02": ("power cut of the engine's host", 2, 50),
    "F03": ("power cut with an engine that fsyncs once a second, in `journalled`", 1, 20),
    "F04": (
        "the same in `relaxed`: the start is refused elsewhere, and here the loss is seen",
        1,
        1,
    ),
    "F05": ("torn tail of the append-only file", 200, 5000),
    "F06": ("flipped bytes, broken framing, a zeroed block", 3, 200),
    "F07": ("files of the append-only file gone", 4, 4),
    "F08": ("books flushed, evicted, of another server, of yesterday", 4, 4),
    "F09": ("the engine's disk is full, then has room", 1, 5),
    "F10": ("fsync fails, writes are short, the disk lies and the power fails", 3, 20),
    "F11": ("a slow disk", 1, 4),
    "F12": ("the engine's memory is used up", 1, 2),
    "F13": ("kill -9 of gateways and of the API", 20, 300),
    "F14": ("replies lost between gateway and engine", 1, 20),
    "F15": ("the line to the engine: black hole, stall, cut", 3, 20),
    "F16": ("the engine stands still across the close", 1, 20),
    "F17": ("clocks that step and drift", 8, 100),
    "F18": ("the projector killed, doubled, set back", 3, 100),
    "F19": ("kill -9 of PostgreSQL: the postmaster, a backend", 2, 50),
    "F20": ("PostgreSQL's host loses power, its fsync fails, its disk is full", 2, 20),
    "F21": ("PostgreSQL's primary dies and its synchronous standby is promoted", 1, 10),
    "F22": ("the promoted standby was behind", 1, 5),
    "F23": ("PostgreSQL restored from an old backup", 0, 2),
    "F24": ("Cluster: a replica out of touch for a second, then its primary killed", 1, 20),
    "F25": ("Cluster: a primary cut off from the others, not from its clients", 1, 20),
    "F26": ("Cluster: a replica alone cut off, or standing still", 1, 10),
    "F27": ("Cluster: slots move to a node without the library", 1, 10),
    "F28": ("Cluster: a primary and its replica lost together", 0, 5),
    "F34": ("rolling deploys", 1, 5),
    "F35": ("the whole host goes dark during close, settlement and a claim on a fund", 1, 30),
    "F36": ("restore drill: base backup, empty engine", 0, 1),
    "F37": ("watchers who never read", 1, 2),
    "F38": ("no processor time, no file handles, no threads", 1, 3),
    "F39": ("three faults at a time, drawn from all", 1, 100),
}


class CaseTest(msgspec.Struct, frozen=True, kw_only=True):
    """A test of a case. `runs` and `long_runs` are tests of their own; in each the fault strikes so many times."""

    case: str
    place: str
    runs: int
    strikes: int
    long_runs: int
    long_strikes: int
    needs_root: bool

    @property
    def in_ci(self) -> int:
        """How often the fault strikes in CI."""
        return self.runs * self.strikes

    @property
    def in_the_long_run(self) -> int:
        """How often it strikes in `make faults`."""
        return self.long_runs * self.long_strikes


def case_tests() -> list[CaseTest]:
    """Every test that is named after a case, by case, file and line."""
    found = []
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(f"tests.faults.{path.stem}")
        for name, function in _tests_of(module):
            for case in re.findall(r"(?<=_)f\d\d(?=_)", name):
                found.append(_case_test(case.upper(), f"{path.name}::{name}", function))
    return sorted(found, key=lambda one: (one.case, one.place))


def _tests_of(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, function in vars(module).items():
        is_own = getattr(function, "__module__", None) == module.__name__
        if name.startswith("test_") and inspect.isfunction(function) and is_own:
            yield name, function


def _case_test(case: str, place: str, function: Callable[..., Any]) -> CaseTest:
    marks = getattr(function, "pytestmark", [])
    runs, again = 1, 1
    for mark in marks:
        if mark.name == "parametrize":
            runs *= len(mark.args[1])
        elif mark.name == LONG_RUNS:
            (again,) = mark.args
    short, long = _strikes(function)
    return CaseTest(
        case=case,
        place=place,
        runs=runs,
        strikes=short,
        long_runs=runs * again,
        long_strikes=long,
        needs_root=any(mark.name == "usefixtures" and NEEDS_ROOT in mark.args for mark in marks),
    )


def _strikes(function: Callable[..., Any]) -> tuple[int, int]:
    """The numbers that the test gives to `counted`; 1 and 1 where it does not count."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "counted":
            short, long = (ast.literal_eval(argument) for argument in node.args)
            return short, long
    return 1, 1


def table() -> str:
    """The table of docs/faults.md."""
    lines = [
        "| case | fault | test | in CI | in `make faults` | root |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    tests = case_tests()
    for case, (what, _, _) in WANTED.items():
        for one in (test for test in tests if test.case == case):
            root = "needs it" if one.needs_root else ""
            short, long = (
                _times(one.runs, one.strikes),
                _times(one.long_runs, one.long_strikes),
            )
            lines.append(f"| {case} | {what} | `{one.place}` | {short} | {long} | {root} |")
    return "\n".join(lines) + "\n"


def _times(runs: int, strikes: int) -> str:
    return f"{runs} × {strikes}" if strikes > 1 else str(runs)


def written_table() -> str:
    """What docs/faults.md says."""
    text = TABLE.read_text(encoding="utf-8")
    return text[text.index(_START) + len(_START) : text.index(_END)]


def main() -> None:
    text = TABLE.read_text(encoding="utf-8")
    before, _, rest = text.partition(_START)
    _, _, after = rest.partition(_END)
    TABLE.write_text(before + _START + table() + _END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
