"""How the demo says what happened: signs, words, and remarks that follow the answer, not the script."""

from typing import Any

import pytest

from marketplace.demo.bidding import ACCEPTED, SCRIPT, Scripted, _remark, _seen
from marketplace.demo.explaining import explain_cash
from marketplace.demo.selling import RESERVE_FEN
from marketplace.demo.telling import money, said
from marketplace.pages import vocabulary
from settlement.statement_words import delta


@pytest.mark.parametrize(
    ("fen", "text", "what"),
    [
        (-18_608_281, "-¥186,082.81", "return 退回"),
        (5_688_279, "¥56,882.79", "top-up 补拨"),
        (0, "¥0.00", "none 无"),
    ],
)
def test_a_negative_amount_has_its_sign_first(fen: int, text: str, what: str) -> None:
    """An amount to be returned reads as one, with the sign before the currency."""
    assert money(fen) == text
    assert delta(fen) == what


def test_every_code_of_the_story_has_words() -> None:
    """Refusals that the script expects are said in both languages, never as a code."""
    for line in SCRIPT:
        if line.expected != ACCEPTED:
            assert line.expected not in said(vocabulary.REFUSALS, line.expected)


def test_a_remark_follows_the_answer() -> None:
    """Where another bid changed the course, the remark says what was expected and what came."""
    line = Scripted(0, "qiyuan", "bid", 1, "bids against itself 对自己加价", "already_leading")
    assert _remark(line, "already_leading") == line.why
    assert "expected 预期 already_leading, actual 实际 accepted" in _remark(line, ACCEPTED)


def test_the_jump_to_the_reserve_is_explained() -> None:
    """A hidden maximum that lifts the price to the reserve is said to have reached it; a later one is not."""
    line = Scripted(0, "yunshan", "proxy", 236_000_000, "")
    answer: dict[str, Any] = {"price_fen": RESERVE_FEN, "ends_at_ms": 9_000}
    before = {"price_fen": 220_000_000, "ends_at_ms": 9_000}
    (seen,) = _seen(line, before, answer, "yunshan")
    assert seen.startswith("保留价已达到")
    assert _seen(line, before | {"price_fen": RESERVE_FEN}, answer, "yunshan") == []
    (moved,) = _seen(line, answer, answer | {"ends_at_ms": 11_500}, "yunshan")
    assert moved == "已延时: the end moved by 2.5 s"


def test_cash_is_the_sum_of_what_was_paid(capsys: pytest.CaptureFixture[str]) -> None:
    """The bank's cash is its proceeds and what the fund paid; the fund's is the same money, given."""
    settled = {"payees": [{"amount_fen": 700, "account": "pledgee_payable", "state": "PAID"}]}
    due = {"payer": "fund", "payee": "bank", "amount_fen": 300, "state": "PAID"}
    parties = [
        {"party": "bank", "role": "BANK", "organisation": "B", "cash_fen": 1_000},
        {"party": "fund", "role": "FUND", "organisation": "F", "cash_fen": -300},
    ]
    explain_cash(settled, {"parties": parties, "dues": [due, due | {"state": "DUE"}]})
    said_lines = capsys.readouterr().out.splitlines()
    assert said_lines[0].endswith("7.00 + 3.00 = ¥10.00")
    assert said_lines[1].endswith("-3.00 = -¥3.00")
