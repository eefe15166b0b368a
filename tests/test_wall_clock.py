"""What is repeated after a failure, and what never is."""

import json
from pathlib import Path

import pytest

from tests.wall_clock import REPEATED_MAX, to_repeat


@pytest.mark.parametrize(
    ("failures", "again"),
    [
        pytest.param({}, [], id="nothing failed"),
        pytest.param({"b": True, "a": True}, ["a", "b"], id="the clock may be to blame"),
        pytest.param({"a": True, "b": False}, [], id="one of them is a plain failure"),
        pytest.param({str(n): True for n in range(REPEATED_MAX + 1)}, [], id="too many"),
    ],
)
def test_only_few_failures_against_the_clock_are_repeated(
    tmp_path: Path, failures: dict[str, bool], again: list[str]
) -> None:
    """A plain failure or a crowd of failures fails the run."""
    path = tmp_path / "failures.json"
    path.write_text(json.dumps(failures))
    assert to_repeat(path) == again
