"""Runs every check that needs running: `make test` ends with it.

The tests run in two processes (the machines have two cores; TEST_WORKERS says another number), under coverage; what
failed against the wall clock is repeated once, alone (tests/wall_clock.py); then the pure rules must be covered to the
last branch, because they are what decides about money and winners.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.wall_clock import FAILURES_FILE, to_repeat

ROOT = Path(__file__).resolve().parent.parent
COMPLETE = ("auction_engine/rules/*", "settlement/rules/*")
#: Only these have to be complete, so only these are measured, and not in every test (tests/tracing.py).
MEASURED = ("--cov=auction_engine/rules", "--cov=settlement/rules", "--cov-report=")


def main() -> int:
    environment = os.environ | {"COVERAGE_FILE": str(ROOT / ".coverage")}
    if os.geteuid() != 0:
        # Power cuts and full disks need root; the summary lists by name what was left out.
        environment.setdefault("LUOCHUI_FAULTS", "userspace")
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        os.environ.get("TEST_WORKERS", "2"),
        "--dist",
        "worksteal",
        "--durations=15",
        *MEASURED,
    ]
    code = _run_tests([*tests, *sys.argv[1:]], environment)
    if code != 0:
        return code
    report = [sys.executable, "-m", "coverage", "report", "--skip-covered", "--show-missing"]
    for include in COMPLETE:
        done = subprocess.run(
            [*report, "--fail-under=100", f"--include={include}"],
            cwd=ROOT,
            env=environment,
            check=False,
        )
        if done.returncode != 0:
            print(f"tests/run.py: {include} is not covered completely; see the lines above")
            return done.returncode
    return 0


def _run_tests(command: list[str], environment: dict[str, str]) -> int:
    """Run the tests; the exit code, after a second try of what the clock may have failed."""
    with tempfile.TemporaryDirectory(prefix="luochui-run-") as directory:
        failures = Path(directory) / "failures.json"
        given = environment | {FAILURES_FILE: str(failures)}
        code = subprocess.run(command, cwd=ROOT, env=given, check=False).returncode
        again = to_repeat(failures) if code == pytest.ExitCode.TESTS_FAILED else []
    if not again:
        return code
    print(
        "tests/run.py: failed against the wall clock, now once more and alone:", *again, sep="\n  "
    )
    alone = [sys.executable, "-m", "pytest", *MEASURED, "--cov-append", *again]
    return subprocess.run(alone, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
