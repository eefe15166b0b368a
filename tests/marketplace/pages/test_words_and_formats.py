"""Everything that people may meet has words in both languages, and figures are written one way."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec
import pytest

from auction_engine.codes import REFUSALS
from auction_engine.rules.commands import ACTIONS
from auction_engine.rules.profile import FORMATS
from kit.errors import InvalidInput
from marketplace.assets.schemas import AssetFlag, LegalStatus
from marketplace.assets.types import IpType
from marketplace.bidders.rules import BidderStatus
from marketplace.lots.regimes import Regime
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Bidding
from marketplace.organisations.schemas import Role
from marketplace.pages import formats, forms, vocabulary
from marketplace.pages.rendering import environment
from marketplace.pages.rules_in_words import rules_in_words
from marketplace.pages.vocabulary import Words


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        (vocabulary.REFUSALS, REFUSALS),
        (vocabulary.ACTIONS, ACTIONS),
        (vocabulary.FORMATS, FORMATS),
        (vocabulary.LOT_STATES, LotStatus),
        (vocabulary.BIDDER_STATES, BidderStatus),
        (vocabulary.REGIMES, Regime),
        (vocabulary.ROLES, Role),
        (vocabulary.DUTIES, Role),
        (vocabulary.RIGHTS, IpType),
        (vocabulary.LEGAL_STATES, LegalStatus),
        (vocabulary.BURDENS, AssetFlag),
    ],
)
def test_every_code_has_words(table: Mapping[str, Words], keys: Iterable[str]) -> None:
    """No code, state, role or kind is ever shown bare: each has Chinese and English words."""
    for key in keys:
        assert table[key].zh
        assert table[key].en.isascii() or "’" in table[key].en


@pytest.mark.parametrize(
    ("fen", "written"),
    [
        (None, "—"),
        (0, "¥0.00"),
        (5, "¥0.05"),
        (123_456_789, "¥1,234,567.89"),
        (10**13, "¥100,000,000,000.00"),
        (-56, "-¥0.56"),
    ],
)
def test_money_is_written_one_way(fen: int | None, written: str) -> None:
    """Yuan with separators and two digits, the sign first; nothing is a dash."""
    assert formats.money(fen) == written


def test_moments_are_the_venues() -> None:
    """Moments are shown in Chinese time, and told to programs in UTC."""
    at = datetime(2026, 11, 2, 17, 0, 5, tzinfo=UTC)
    assert formats.moment(at) == "2026-11-03 01:00:05"
    assert formats.iso(at) == "2026-11-02T17:00:05Z"
    assert formats.clock_ms(1_793_581_200_007) == "09:00:00.007"


@pytest.mark.parametrize(
    ("milliseconds", "zh", "en"),
    [
        (0, "0秒", "0 s"),
        (300_000, "5分", "5 min"),
        (93_784_999, "1天2小时3分4秒", "1 d 2 h 3 min 4 s"),
    ],
)
def test_lengths_of_time(milliseconds: int, zh: str, en: str) -> None:
    """Lengths of time are whole units in both languages."""
    assert formats.length_zh(milliseconds) == zh
    assert formats.length_en(milliseconds) == en


def test_templates_escape_everything() -> None:
    """A value is escaped whatever the template is called, texts without a file included."""
    env = environment()
    assert env.from_string("{{ x }}").render(x="<b>'\"&") == "&lt;b&gt;&#39;&#34;&amp;"
    assert env.autoescape("page.txt") is True  # type: ignore[operator]  # a function of the name


BANDS = {
    "kind": "bands",
    "bands": [{"from_fen": 0, "step_fen": 100}, {"from_fen": 1000, "step_fen": 500}],
}
PERCENT = {"kind": "percent", "basis_points": 250, "min_fen": 100, "round_to_fen": 100}
APPEND = {"mode": "append", "window_ms": 60_000, "by_ms": 120_000, "max": 3}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"step": BANDS}, "价格达到 ¥10.00 起，每次加价不低于 ¥5.00。"),
        ({"step": PERCENT}, "2.5%"),
        ({"extension": APPEND}, "顺延 2分，最多 3 次"),
        ({"extension": None}, "不延时"),
        ({"grid": "absolute"}, "出价金额须为加价幅度的整数倍"),
        ({"max_steps_per_bid": 20}, "最多 20 档"),
        ({"min_bidders": 2}, "少于 2 名"),
        ({"leader_may_raise": True}, "领先者可以继续加价"),
    ],
)
def test_rules_are_said_in_words(fields: dict[str, object], said: str) -> None:
    """Each rule of bidding that differs is a sentence, in both languages."""
    given = {"format": "english", "step": {"kind": "fixed", "step_fen": 100}} | fields
    sentences = rules_in_words(msgspec.convert(given, Bidding))
    assert any(said in sentence.zh for sentence in sentences)
    assert all(sentence.en for sentence in sentences)


@pytest.mark.parametrize("written", ["9999-12-31T23:59", "0001-01-01T00:00"])
def test_forms_take_no_time_at_the_ends_of_the_calendar(written: str) -> None:
    """As over the API: it could not be shown again."""
    with pytest.raises(InvalidInput) as caught:
        forms.in_china({"closes_at": written}, "closes_at")
    assert caught.value.field == "closes_at"
