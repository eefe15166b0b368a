"""`luochui clear` as a program: what it prints, where, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kit.errors import InvalidInput
from marketplace import cli
from marketplace.commands import clear as clear_command
from settlement import clearing
from settlement.rules.clearing import Clearing
from tests.make_cases import Json, changed, final, junior, make_case, make_scheme, recovery

EXAMPLES = Path(__file__).parent / "examples"


class Ran(msgspec.Struct):
    """What a call printed and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """Calls `luochui clear` through the console script's own function, in this process."""

    def call(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["luochui", "clear", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capfd.readouterr()
        return Ran(code=int(ended.value.code or 0), out=printed.out, err=printed.err)

    return call


def write(directory: Path, name: str, case: Json | str | bytes) -> Path:
    """A case file."""
    path = directory / name
    if isinstance(case, bytes):
        path.write_bytes(case)
    else:
        path.write_text(case if isinstance(case, str) else json.dumps(case), "utf-8")
    return path


def test_the_contracts_example_is_printed_field_for_field(run: Any) -> None:
    """The example of contracts 2 comes out with its values, its names and its order of fields."""
    ran = run(EXAMPLES / "contract_case.json", "--json")
    want = (EXAMPLES / "contract_result.json").read_text("utf-8")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == json.dumps(json.loads(want), ensure_ascii=False) + "\n"


def test_the_program_itself_answers_like_the_function() -> None:
    """Started as a process, the command prints the example and exits 0."""
    started = [sys.executable, "-c", "from marketplace.cli import main; main()", "clear", "--json"]
    done = subprocess.run(
        [*started, str(EXAMPLES / "contract_case.json")], capture_output=True, check=False
    )
    want = (EXAMPLES / "contract_result.json").read_text("utf-8")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == json.loads(want)


def test_several_files_print_a_list_in_the_order_given(run: Any, tmp_path: Path) -> None:
    """One file is an object, several are a list, also when one is named twice."""
    small = write(tmp_path, "small.json", make_case(loan={"principal_fen": 1}))
    large = write(tmp_path, "large.json", make_case(loan={"principal_fen": 10**13}))
    assert json.loads(run(small, "--json").out)["loss_fen"] == 1
    several = json.loads(run(large, small, large, "--json").out)
    assert [one["loss_fen"] for one in several] == [10**13, 1, 10**13]


def test_one_bad_file_refuses_them_all(run: Any, tmp_path: Path) -> None:
    """With one bad file among good ones nothing is printed but one line that names file and field."""
    good = write(tmp_path, "good.json", make_case())
    bad = write(tmp_path, "bad.json", changed(make_case(), "loan.principal_fen", 1.0))
    for order in ([good, bad], [bad, good]):
        ran = run(*order, "--json")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.count("\n") == 1
        assert f"{bad}: loan.principal_fen: must be a whole number" in ran.err


UNREADABLE = {
    "not JSON": (b"{", "is not JSON at line 1 column 2"),
    "empty": (b"", "is not JSON"),
    "not UTF-8": (b'{"scheme": "\xff"}', "is not UTF-8 at byte 12"),
    "UTF-16": ("{}".encode("utf-16"), "is not UTF-8"),
    "deep list": (b"[" * 200_000, "is nested too deeply"),
    "deep object": (b'{"a":' * 200_000, "is nested too deeply"),
    "a list": (b"[]", "(top level): must be an object, not a list"),
    "a number": (b"1.5", "(top level): must be an object, not 1.5"),
    "two documents": (b"{} {}", "is not JSON"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_case_is_refused_in_one_line(run: Any, tmp_path: Path, case: str) -> None:
    """Bytes that are no JSON object end with exit 2, one line, and no traceback."""
    document, reason = UNREADABLE[case]
    ran = run(write(tmp_path, "case.json", document), "--json")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "case.json: " in ran.err
    assert reason in ran.err


def test_files_that_cannot_be_read_are_named(run: Any, tmp_path: Path) -> None:
    """A missing file, one named like a case that is none, and a name that escapes its line are refused by name."""
    (tmp_path / "cases" / "folder.json").mkdir(parents=True)
    for path in (tmp_path / "missing.json", tmp_path / "cases", tmp_path / "two\nlines"):
        ran = run(path)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
        assert "cannot be read" in ran.err
    with pytest.raises(InvalidInput, match="cannot be read"):
        clearing.clear_files(["nul\0.json"])


def test_a_directory_is_its_cases_by_name(run: Any, tmp_path: Path) -> None:
    """A directory stands for its *.json files in order of name, always as a list; without one it is refused."""
    (tmp_path / "notes.txt").write_text("no case")
    empty = run(tmp_path, "--json")
    assert (empty.code, empty.out, empty.err.count("\n")) == (2, "", 1)
    assert "holds no *.json file" in empty.err
    write(tmp_path, "b.json", make_case(loan={"principal_fen": 2}))
    assert [one["loss_fen"] for one in json.loads(run(tmp_path, "--json").out)] == [2]
    a = write(tmp_path, "a.json", make_case(loan={"principal_fen": 1}))
    ran = run(tmp_path, a, "--json")
    assert [one["loss_fen"] for one in json.loads(ran.out)] == [1, 2, 1]
    assert f"{tmp_path}/b.json: loss" in run(tmp_path).out
    write(tmp_path, "c.json", "{}")
    ran = run(tmp_path, "--json")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"{tmp_path}/c.json: scheme.base: is missing" in ran.err


def test_without_a_file_the_usage_is_bad(run: Any) -> None:
    """No file at all is bad usage: exit 2, one line."""
    ran = run("--json")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_a_byte_order_mark_is_no_obstacle(run: Any, tmp_path: Path) -> None:
    """A file that an editor began with a byte order mark is read."""
    document = b"\xef\xbb\xbf" + json.dumps(make_case()).encode()
    assert run(write(tmp_path, "case.json", document), "--json").code == 0


def test_refusals_come_in_both_languages(tmp_path: Path) -> None:
    """The error carries file and field, an English and a Chinese reason."""
    bad = write(tmp_path, "bad.json", changed(make_case(), "loan.principal_fen", -1))
    with pytest.raises(InvalidInput) as refused:
        clearing.clear_files([str(bad)])
    assert refused.value.field == f"{bad}: loan.principal_fen"
    assert refused.value.message_zh.endswith("须为 0 至 10000000000000 的整数，不能是 -1")


def test_exit_1_when_a_sum_does_not_hold(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clearing that is not balanced is printed, says so, and ends with exit 1."""

    def unbalanced(document: bytes) -> Clearing:
        return msgspec.structs.replace(clear_document(document), balanced=False)

    clear_document = clearing.clear_document
    path = write(tmp_path, "case.json", make_case())
    monkeypatch.setattr(clearing, "clear_document", unbalanced)
    ran = run(path, "--json")
    assert (ran.code, json.loads(ran.out)["balanced"]) == (1, False)
    assert "NO 否" in run(path).out


def test_the_table_shows_the_same_figures_in_yuan(run: Any, tmp_path: Path) -> None:
    """Without --json people get a bilingual table with the amounts of domain example 1."""
    case = make_case(
        recovery("拍卖", 238000000, 4760000, 3000000, 562137, 71400),
        final(),
        loan={"principal_fen": 487654321, "interest_fen": 13246809},
        juniors=[junior("后顺位\x1b[2J", 5)],
    )
    ran = run(write(tmp_path, "case.json", case))
    assert ran.code == 0
    for shown in (
        *(
            "loss 损失 4,876,543.21 CNY",
            "recovery 回收 拍卖: gross 总额 2,380,000.00, net 净额 2,296,064.63",
        ),
        *("1,377,638.78", "918,425.85", "1,548,287.15", "1,032,191.43", "56,882.79", "yes 是"),
    ):
        assert shown in ran.out
    assert "\x1b" not in ran.out
    assert "final clearing" not in run(write(tmp_path, "open.json", make_case())).out


def test_table_columns_line_up(tmp_path: Path) -> None:
    """Chinese takes two columns a character, so every row of a table is as wide as its header."""
    path = write(tmp_path, "case.json", make_case(scheme=make_scheme()))
    (cleared,) = clearing.clear_files([str(path)])
    lines = clear_command.table("案例.json", cleared).splitlines()
    header = next(line for line in lines if "party 主体" in line)
    total = next(line for line in lines if "sum 合计" in line)
    wide = [sum(2 if char > "\u2e80" else 1 for char in line) for line in (header, total)]
    assert wide[0] == wide[1]


@pytest.mark.untraced  # a million costs (tests/tracing.py)
def test_sums_beyond_64_bits_are_printed(run: Any, tmp_path: Path) -> None:
    """Costs may add up past any machine word; the sum stays exact."""
    costs = [{"name": "c", "amount_fen": 10**13}] * 1000
    events = [recovery(f"e{n}", 0) | {"costs": costs} for n in range(1000)]
    printed = json.loads(run(write(tmp_path, "case.json", make_case(*events)), "--json").out)
    assert printed["events"][-1]["debt"]["costs_fen"] == 10**19
