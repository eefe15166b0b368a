"""Cases that were spoilt at random: each is cleared and balances, or is refused in one line that names a field."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kit.errors import InvalidInput
from marketplace.commands.clear import table
from settlement.clearing import case_files, clear_document, clear_files
from settlement.rules.clearing import Clearing
from tests.make_cases import Json, junior, make_case, recovery
from tests.make_random_cases import random_case

CASES_A_SEED = 3_000
#: What may stand anywhere by mistake or malice: other kinds, edges of ranges, text that does not print.
WRONG: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, -0.0, 1.0, 5e-324, float("inf"), float("nan")),
    *(10_000, 10_001, 10**13, 10**13 + 1, 10**40),
    *(
        "",
        "x",
        "p0",
        "中文",
        "\ud800",
        "\x00",
        "a\nb",
        "\x1b[2J",
        "BANK",
        "FUND",
        "final",
        "recovery",
    ),
    *("2024-02-30", "2024-03-01\n", "0000-01-01", "9999-12-31", "２０２４-01-01"),
    *([], {}, [[]], [{}], {"": 0}),
)
Step = str | int


def places(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """The path of every value of a document but the document itself."""
    if path:
        yield path
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for step, part in inner:
        yield from places(part, (*path, step))


def at(case: Json, path: tuple[Step, ...]) -> Any:
    """What stands at a path."""
    found: Any = case
    for step in path:
        found = found[step]
    return found


def spoil(random: Random, case: Json) -> None:
    """Replace, drop, double, add or move one value somewhere in a case."""
    paths = list(places(case))
    if not paths:
        return
    path = random.choice(paths)
    place, last = at(case, path[:-1]), path[-1]
    how = random.choice(("replace", "replace", "drop", "double", "add", "move"))
    if how == "replace":
        place[last] = copy.deepcopy(random.choice(WRONG))
    elif how == "drop":
        del place[last]
    elif how == "move":
        place[last] = copy.deepcopy(at(case, random.choice(paths)))
    elif isinstance(place, list):
        place.insert(0, copy.deepcopy(place[last]))
    else:
        place[random.choice(("zz", "", "party", "\ud800", "中文"))] = random.choice(WRONG)


def cleared_or_refused(document: bytes) -> Clearing | InvalidInput:
    """What becomes of a document."""
    try:
        return clear_document(document)
    except InvalidInput as refusal:
        return refusal


@pytest.mark.parametrize("seed", range(2))
def test_a_spoilt_case_is_cleared_or_refused_by_field(seed: int) -> None:
    """Nothing else ever happens: no traceback, no sum that does not hold, no refusal without a field."""
    random, cleared, refused = Random(seed), 0, 0
    for _ in range(CASES_A_SEED):
        case = random_case(random, fen_max=random.choice((9, 1000, 10**13)))
        for _ in range(random.choice((1, 1, 2, 3))):
            spoil(random, case)
        document = json.dumps(case).encode()
        answer = cleared_or_refused(document)
        if isinstance(answer, Clearing):
            cleared += 1
            assert answer.balanced, document
            assert "\x1b" not in table("case", answer)
            continue
        refused += 1
        assert answer.field, document
        assert answer.message.isprintable(), document
        assert answer.message_zh.isprintable(), document
    assert cleared + refused == CASES_A_SEED
    assert min(cleared, refused) > CASES_A_SEED // 100


def test_a_field_without_a_name_is_still_named() -> None:
    """An empty key is shown as such, never as nothing."""
    case = make_case() | {"": 0}
    with pytest.raises(InvalidInput) as refused:
        clear_document(json.dumps(case).encode())
    assert refused.value.field == '""'
    case = make_case(loan={"": 0})
    with pytest.raises(InvalidInput) as refused:
        clear_document(json.dumps(case).encode())
    assert refused.value.field == 'loan.""'


def test_no_name_is_no_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty argument is refused, and does not stand for whatever lies around."""
    (tmp_path / "case.json").write_text(json.dumps(make_case()))
    monkeypatch.chdir(tmp_path)
    assert case_files([""]) == [""]
    with pytest.raises(InvalidInput, match=r'"": .*cannot be read'):
        clear_files([""])


def test_many_pledgees_and_recoveries_clear_in_time() -> None:
    """Two thousand later pledgees, each of another day, in no order, over a hundred recoveries: the earliest first."""
    days = [date(2020, 1, 1) + timedelta(days=n * 7919 % 2000) for n in range(2000)]
    juniors = [junior(f"j{n}", 100, day.isoformat()) for n, day in enumerate(days)]
    events = [recovery(f"e{n}", 1_500) for n in range(100)]
    case = make_case(*events, juniors=juniors)
    result = clear_document(json.dumps(case).encode())
    rows = [row for row in result.events[-1].waterfall if row.to == "junior"]
    assert [row.rank for row in rows] == list(range(6, 2006))
    assert rows[0].party == f"j{days.index(min(days))}"
    paid = sum(row.amount_fen for event in result.events for row in event.waterfall[5:-1])
    assert paid == 100 * 1_500 - 100_000
    assert result.balanced


def test_a_terminal_without_chinese_still_gets_its_table(tmp_path: Path) -> None:
    """What cannot be written in the terminal's encoding is escaped; the figures and the exit code stay."""
    path = tmp_path / "case.json"
    path.write_text(json.dumps(make_case(recovery("拍卖", 5))))
    done = subprocess.run(
        [sys.executable, "-c", "from marketplace.cli import main; main()", "clear", str(path)],
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"1,000.00 CNY" in done.stdout
