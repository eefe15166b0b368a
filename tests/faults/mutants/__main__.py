"""Puts the mutants in and demands that each dies.

`python -m tests.faults.mutants [NAME...]` copies the tree once, checks that every named test passes there, then puts
in one fault after the other and demands that its test turns red. A fault whose text is no longer in the source, once,
counts as one that lived: the tables follow the code.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.mutants import MUTANTS
from tests.faults.mutants.mutant import ROOT, Mutant

_SECONDS = 240


def main(wanted: list[str]) -> int:
    """The number of mutants that lived, as the exit code."""
    chosen = [one for one in MUTANTS if not wanted or any(word in one.name for word in wanted)]
    if not chosen:
        print("no mutant has such a name")
        return 1
    with tempfile.TemporaryDirectory(prefix="luochui-mutants-") as place:
        tree = Path(place) / "tree"
        _copy(tree)
        Path(place).chmod(0o755)
        if not _passes(tree, sorted({one.test for one in chosen})):
            print("the named tests do not pass without any mutant; nothing is shown by it")
            return 1
        lived = [one for one in chosen if not _dies(tree, one)]
    for one in lived:
        print(f"LIVED: {one.name} ({one.path}); {one.test} does not see it")
    print(f"{len(chosen) - len(lived)} of {len(chosen)} mutants died")
    return len(lived)


def _copy(tree: Path) -> None:
    """The files of the working tree that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, tree / name)


def _dies(tree: Path, mutant: Mutant) -> bool:
    path = tree / mutant.path
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        print(f"STALE  {mutant.name}: its text is not once in {mutant.path}", flush=True)
        return False
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    started = time.monotonic()
    try:
        died = not _passes(tree, [mutant.test])
    finally:
        path.write_text(text, encoding="utf-8")
    print(
        f"{'died ' if died else 'LIVED'} {time.monotonic() - started:5.1f} s  {mutant.name}",
        flush=True,
    )
    return died


def _passes(tree: Path, tests: list[str]) -> bool:
    """Whether the tests pass in the copy; one that hangs has not passed."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--seed", "1", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=tree,
            env=os.environ
            | {"TMPDIR": str(tree.parent)},  # what failed cases keep goes with the tree
            capture_output=True,
            text=True,
            timeout=_SECONDS * (4 if len(tests) > 1 else 1),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1):  # neither passed nor failed: nothing was tried
        raise SystemExit(f"{tests}: pytest ended with {done.returncode}\n{done.stdout[-2000:]}")
    if done.returncode and len(tests) > 1:
        print(done.stdout[-3000:])
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
