"""`luochui rehearse` as its users call it (contracts 1): same bytes from both engines, one bad file refuses all."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from auction_engine import rehearsal
from auction_engine.rehearsal import parse_scenario, play_on_model, rehearse
from kit.errors import InvalidInput
from marketplace.commands.rehearse import command
from tests.make_scenarios import accept, auction, bid, proxy, scenario, seal, step

#: The example of contracts 1, and what it prints.
EXAMPLE: dict[str, Any] = {
    "auction": {
        "format": "english",
        "opens_at": 0,
        "closes_at": 86400000,
        "start_price_fen": 10000000,
        "reserve_price_fen": None,
        "step": {"kind": "fixed", "step_fen": 100000},
        "grid": "none",
        "leader_may_raise": False,
        "max_steps_per_bid": None,
        "extension": {"mode": "reset", "window_ms": 300000, "hard_end": None},
        "priority": [{"paddle": 3, "rank": 1}],
        "min_bidders": 1,
    },
    "paddles": [{"paddle": 1}, {"paddle": 2, "limit_fen": 50000000}, {"paddle": 3}],
    "steps": [
        {"at": 1000, "do": "bid", "paddle": 1, "amount_fen": 10000000, "id": "a1"},
        {"at": 2000, "do": "proxy", "paddle": 2, "max_fen": 20000000},
        {"at": 4000, "do": "suspend", "reason": "system fault"},
        {"at": 9000, "do": "resume"},
        {"at": 90000000, "do": "tick"},
    ],
}
PRINTED = (
    '{"decisions": [{"accepted": true, "seq": 1, "price_fen": 10000000, "leader": 1, "ends_at": 86400000},'
    ' {"accepted": true, "seq": 2, "price_fen": 10100000, "leader": 2, "ends_at": 86400000},'
    ' {"accepted": true, "seq": 3, "price_fen": 10100000, "leader": 2, "ends_at": null},'
    ' {"accepted": true, "seq": 4, "price_fen": 10100000, "leader": 2, "ends_at": 86405000},'
    ' {"accepted": true, "price_fen": 10100000, "leader": 2, "ends_at": 86405000}],'
    ' "result": {"outcome": "sold", "reason": null, "winner": 2, "price_fen": 10100000, "underbidder": 1,'
    ' "closed_at": 86405000, "extensions": 0}}\n'
)


def written(folder: Path, name: str, given: object) -> str:
    """The path of a file that holds this scenario."""
    path = folder / name
    path.write_text(json.dumps(given, ensure_ascii=False), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("engine", [[], ["--model"]])
def test_the_contracts_example_prints_as_the_contract_says(
    tmp_path: Path, engine: list[str]
) -> None:
    """The library and the model print the very bytes of the contract's example."""
    path = written(tmp_path, "example.json", EXAMPLE)
    outcome = CliRunner().invoke(command, [path, *engine, "--json"])
    assert (outcome.exit_code, outcome.output) == (0, PRINTED)


def test_several_files_print_a_list_in_their_order(tmp_path: Path) -> None:
    """Several scenarios are played on one server and printed in the order given."""
    files = [
        written(tmp_path, f"{number}.json", scenario(auction(), [bid(1, 1, 1_000 + number)]))
        for number in range(3)
    ]
    outcome = CliRunner().invoke(command, [*reversed(files), "--json"])
    prices = [played["decisions"][0]["price_fen"] for played in json.loads(outcome.output)]
    assert prices == [1_002, 1_001, 1_000]


def test_one_bad_file_refuses_them_all(tmp_path: Path) -> None:
    """Nothing is played or printed when one file is bad, and the refusal names file and field."""
    good = written(tmp_path, "good.json", EXAMPLE)
    bad = written(tmp_path, "bad.json", scenario(auction(step=None), []))
    outcome = CliRunner().invoke(command, [good, bad, "--json"])
    assert isinstance(outcome.exception, InvalidInput)
    assert outcome.exception.message.startswith(f"{bad}: auction.step: ")
    assert outcome.output == ""


def test_the_table_tells_the_same_story(tmp_path: Path) -> None:
    """Without --json people get a line a step, with refusals, replays and the result."""
    steps = [
        bid(1, 1, 1_000, id="x"),
        bid(1, 1, 1_000, id="x"),
        bid(2, 2, 1_001),
        step(3, "tick"),
        step(4, "suspend"),
    ]
    path = written(tmp_path, "story.json", scenario(auction(), steps))
    sealed = written(
        tmp_path,
        "sealed.json",
        scenario(auction("uniform_price"), [seal(1, 1, 1_500), step(10**6, "tick")]),
    )
    unsold = written(tmp_path, "unsold.json", scenario(auction(), [step(10**6, "tick")]))
    outcome = CliRunner().invoke(command, ["--model", path, sealed, unsold])
    assert outcome.exit_code == 0
    for part in (
        "accepted 接受 price 现价 10.00 leader 领先 #1",
        "replayed 重复",
        "refused 拒绝: below_minimum, at least 至少 10.10",
        "result 结果: open",
        "winner 买受人 1, price 成交价 10.00 CNY",
        "unsold (no_bids), winner 买受人 -, price 成交价 -",
    ):
        assert part in outcome.output


def test_a_long_scenario_is_played_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario of many calls decides as one of a single call."""
    monkeypatch.setattr(rehearsal, "_CALL_STEPS", 7)
    steps = [bid(number, 1 + number % 2, 1_000 + 10 * number) for number in range(30)]
    read = parse_scenario(scenario(auction(), steps))
    assert rehearse([read], on_model=False) == [play_on_model(read)]


def test_scenarios_of_one_call_do_not_touch_each_other() -> None:
    """Each scenario has a clock and a book of its own, whatever came before it."""
    late = parse_scenario(scenario(auction(), [step(10**6, "tick")]))
    falling = parse_scenario(scenario(auction("dutch"), [accept(0, 1, 1_000)]))
    hidden = parse_scenario(scenario(auction("sell_off"), [proxy(1, 2, 2_000), bid(2, 1, 1_500)]))
    empty = parse_scenario(scenario(auction("weighted"), []))
    played = [late, falling, hidden, empty]
    assert rehearse(played, on_model=False) == [play_on_model(one) for one in played]
