"""Runs every check that needs running: `make test` ends with it.

The tests run in two processes (the machines have two cores), under coverage; then the pure rules must be
covered to the last branch, because they are what decides about money and winners.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPLETE = ("auction_engine/rules/*", "settlement/rules/*")


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
        "2",
        "--dist",
        "worksteal",
        "--cov",
        "--cov-report=",
    ]
    code = subprocess.run(
        [*tests, *sys.argv[1:]], cwd=ROOT, env=environment, check=False
    ).returncode
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


if __name__ == "__main__":
    sys.exit(main())
