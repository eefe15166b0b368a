"""A case for each fault test: its seed, its directory, and what to do with them when it fails."""

import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from zlib import crc32

import pytest

from kit.embedded import Postgres, Valkey
from tests.faults.cluster import Case, copied
from tests.faults.nemesis import CASE_PREFIX, OWNER_FILE, Shim, require_root
from tests.faults.reporting import LONG_RUNS, long_count

_FAILED: pytest.StashKey[bool] = pytest.StashKey()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test again and again in the long run, each time under another name: so with another seed."""
    mark = metafunc.definition.get_closest_marker(LONG_RUNS)
    if mark is not None and metafunc.config.getoption("--faults-long"):
        metafunc.fixturenames.append("run_number")
        metafunc.parametrize("run_number", range(1, long_count(metafunc.config, mark.args[0]) + 1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed, so that its case keeps what it has."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    """A case of its own; when it fails, the seed and the command are printed and everything is kept."""
    base: int = request.config.getoption("--seed")
    seed = base * 1_000_003 + crc32(request.node.name.encode())
    directory = Path(tempfile.mkdtemp(prefix=CASE_PREFIX))
    directory.chmod(0o755)
    (directory / OWNER_FILE).write_text(str(os.getpid()))
    made = Case(directory, seed)
    yield made
    made.history.close()
    if request.node.stash.get(_FAILED, False):
        name = shlex.quote(request.node.nodeid)
        print(f"\nseed: {base}\nrun:  python -m pytest {name} --seed {base}\nkept: {directory}")
    else:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """How often: `counted(10, 200)` is 10, with `--faults-long` 200; a share of it is never below CI's count."""
    config = request.config
    long: bool = config.getoption("--faults-long")
    return lambda short, often: max(short, long_count(config, often)) if long else short


@pytest.fixture
def root() -> None:
    """Needs root: fails with the reason where we are not (see reporting.py)."""
    require_root("this case")


@pytest.fixture
def shim(case: Case) -> Shim:
    """The preloaded library, built for this case."""
    return Shim(case.directory)


@pytest.fixture
def engine_server(case: Case) -> Iterator[Valkey]:
    """An engine server of this case's own, not started yet."""
    server = Valkey(case.directory / "engine")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def scratch(server_dir: Path) -> Iterator[Valkey]:
    """A second server: the journal is replayed into it and must give the same books."""
    with Valkey(server_dir / "scratch", options={"appendonly": "no"}) as server:
        yield server


@pytest.fixture
def durable_postgres(case: Case, durable_template: Path) -> Iterator[Postgres]:
    """A database server of this case's own, with real fsync, not started yet."""
    server = Postgres(copied(durable_template, case.directory / "pg"))
    yield server
    server.stop()
