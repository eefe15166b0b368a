"""The house rules that a program can check."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import auction_engine
import kit
import marketplace
import settlement
from kit.errors import LuochuiError
from tests.make_client import ROOMS, generate
from tests.make_matrix import AUTHORITIES, MATRIX, declared, supervised

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("kit", "auction_engine", "settlement", "marketplace", "loadtests")
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_module_is_short_and_says_what_it_is(path: Path) -> None:
    """A module has a docstring and at most 500 lines, a function at most 60."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), f"{relative(path)} has no docstring"
    assert text.count("\n") <= MODULE_LINES_MAX
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, (
                f"{relative(path)}:{node.lineno} {node.name} is {length} lines long"
            )


@pytest.mark.parametrize("path", TESTS, ids=relative)
def test_every_test_states_its_promise(path: Path) -> None:
    """Each test function has a docstring: the promise it checks."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        is_test = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test_"
        )
        if is_test:
            assert ast.get_docstring(node), (
                f"{relative(path)}:{node.lineno} {node.name} states no promise"
            )


def all_errors() -> list[type[LuochuiError]]:
    for package in (kit, auction_engine, settlement, marketplace):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found: list[type[LuochuiError]] = []
    waiting = [LuochuiError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return found


def test_errors_have_their_own_codes_and_bilingual_texts() -> None:
    """No two errors share a code, and each says in English and Chinese what it means."""
    seen: dict[str, type[LuochuiError]] = {}
    for kind in all_errors():
        assert " / " in (kind.__doc__ or ""), f"{kind.__name__} has no bilingual docstring"
        assert kind.code not in seen, (
            f"{kind.__name__} and {seen[kind.code].__name__} share {kind.code}"
        )
        seen[kind.code] = kind


def test_lock_files_name_no_index() -> None:
    """The lock files pin every package by hash and name no index host."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if "://" in line or line.startswith("--")]
        pinned = [line for line in lines if line[:1].isalnum()]
        assert pinned
        assert all("==" in line and line.endswith("\\") for line in pinned)


def test_client_has_every_route() -> None:
    """The Python client's methods are those of the routes as they are: `make client` writes them anew."""
    made = generate()
    present = {path.name: path.read_text(encoding="utf-8") for path in ROOMS.glob("*.py")}
    stale = sorted(
        name for name in made.keys() | present.keys() if made.get(name) != present.get(name)
    )
    assert not stale, f"run `make client` and commit what it writes; stale: {', '.join(stale)}"


def test_who_may_call_what_is_written_down() -> None:
    """A new route, or another policy, has its row in the matrix, which is read in the diff."""
    written = MATRIX.read_text(encoding="utf-8").splitlines()
    assert written == declared(), "run `make matrix`, and read the diff"
    written = AUTHORITIES.read_text(encoding="utf-8").splitlines()
    assert written == supervised(), "run `make matrix`, and read the diff"
