"""What each regime allows: formats, prices, deposits, notice periods, with the article that says so."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from auction_engine.rules.profile import FORMATS as ENGINE_FORMATS
from marketplace.lots.regimes import (
    Regime,
    Severity,
    Terms,
    check_notice,
    check_terms,
    notice_days,
    refund_term,
)
from settlement.rules.deposits import ReleaseTerm

OPENS_AT = datetime(2026, 12, 14, 2, 0, tzinfo=UTC)


def make_terms(**changed: Any) -> Terms:
    """Terms that the judicial regime has nothing against."""
    given: dict[str, Any] = {
        "regime": Regime.JUDICIAL_NETWORK,
        "format": "english",
        "start_price_fen": 70_000_000,
        "reserve_price_fen": None,
        "deposit_fen": 7_000_000,
        "valuation_fen": 100_000_000,
        "opens_at": OPENS_AT,
        "closes_at": OPENS_AT + timedelta(days=1),
        "extension_mode": "reset",
        "extension_window_ms": 300_000,
    }
    return Terms(**given | changed)


#: A sell-off has sixty days to find its first bid (domain 2.3).
SELL_OFF: dict[str, Any] = {
    "format": "sell_off",
    "closes_at": OPENS_AT + timedelta(days=60),
    "countdown_ms": 86_400_000,
}
SOLD_OFF = SELL_OFF | {"round_number": 3, "previous_start_price_fen": 70_000_000}
#: The columns J, C, E of domain 2.8, and the agreement, which is made without bidding; written out, not taken from
#: the rules. (format, where it may be used, what else that needs)
MATRIX: list[tuple[str, str, dict[str, Any]]] = [
    ("english", "JCE", {}),
    ("dynamic", "CE", {}),
    ("rounds", "E", {}),
    ("dutch", "CE", {}),
    ("dutch_hybrid", "E", {}),
    ("one_shot", "CE", {}),
    ("vickrey", "E", {"private_consent": True}),
    ("uniform_price", "E", {}),
    ("weighted", "E", {}),
    ("sell_off", "J", {name: given for name, given in SOLD_OFF.items() if name != "format"}),
]
LETTERS = dict(zip("JCEA", Regime, strict=True))
#: The law that each regime's refusal names.
ARTICLES = {
    "J": ("Fa Shi [2016] 18, art. 20", "法释〔2016〕18号第二十条"),
    "C": ("Auction Law art. 3", "拍卖法第三条"),
    "E": ("Fa Shi [2016] 18, art. 26", "法释〔2016〕18号第二十六条"),
    "A": ("Civil Code art. 436", "民法典第四百三十六条"),
}


def test_the_matrix_has_every_format() -> None:
    """No format that the engine plays is without a row."""

    assert {name for name, *_ in MATRIX} == set(ENGINE_FORMATS)


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize(("name", "allowed", "needs"), MATRIX)
def test_each_cell_of_the_matrix_holds(
    name: str, allowed: str, needs: dict[str, Any], letter: str
) -> None:
    """A format outside the regime's column blocks the lot, naming the article in both languages."""
    found = check_terms(make_terms(regime=LETTERS[letter], format=name, **needs))
    blocked = [one for one in found if one.severity is Severity.BLOCK]
    if letter in allowed:
        assert blocked == []
        return
    finding = next(one for one in blocked if one.field == "format")
    english, chinese = ARTICLES[letter]
    assert english in finding.message
    assert chinese in finding.message_zh
    assert name in finding.message


#: (what is changed, the field objected to or None, what the message names)
_J, _C, _E = Regime.JUDICIAL_NETWORK, Regime.COMMERCIAL_AUCTION, Regime.EXCHANGE
CASES: list[tuple[dict[str, Any], str | None, str]] = [
    ({}, None, ""),
    ({"start_price_fen": 69_999_999}, "start_price_fen", "70%"),
    ({"round_number": 2, "previous_start_price_fen": 87_500_000}, None, ""),
    ({"round_number": 2, "previous_start_price_fen": 87_500_001}, "start_price_fen", "80%"),
    ({"round_number": 2}, "start_price_fen", "80%"),
    (SELL_OFF, "round_number", "art. 26"),
    (SELL_OFF | {"round_number": 3}, "start_price_fen", "second auction"),
    (
        SOLD_OFF | {"previous_start_price_fen": 70_000_001},
        "start_price_fen",
        "no more and no less",
    ),
    (SOLD_OFF, None, ""),
    (SOLD_OFF | {"closes_at": OPENS_AT + timedelta(days=59)}, "closes_at", "60 days"),
    (SOLD_OFF | {"countdown_ms": 86_399_999}, "bidding.format_terms.countdown_ms", "24 hours"),
    (SOLD_OFF | {"extension_window_ms": 60_000}, "extension", "5 minutes"),
    (SOLD_OFF | {"countdown_ms": 1, "shortened_times": True}, None, ""),
    ({"round_number": 3, "previous_start_price_fen": 80_000_000}, "format", "sold off"),
    ({"reserve_price_fen": 70_000_000}, None, ""),
    ({"reserve_price_fen": 70_000_001}, "reserve_price_fen", "art. 10"),
    ({"regime": _C, "reserve_price_fen": 80_000_000}, None, ""),
    ({"regime": _E, "reserve_price_fen": 80_000_000}, "reserve_price_fen", "Order 32"),
    ({"deposit_fen": 3_500_000}, None, ""),
    ({"deposit_fen": 3_499_999}, "deposit_fen", "art. 17"),
    ({"deposit_fen": 14_000_000}, None, ""),
    ({"deposit_fen": 14_000_001}, "deposit_fen", "art. 17"),
    ({"regime": _C, "deposit_fen": 1}, "deposit_fen", "art. 17"),
    ({"closes_at": OPENS_AT + timedelta(hours=23)}, "closes_at", "24 hours"),
    ({"closes_at": OPENS_AT + timedelta(hours=1), "shortened_times": True}, None, ""),
    ({"extension_window_ms": 60_000}, "extension", "5 minutes"),
    ({"regime": _E, "format": "vickrey"}, "format", "written consent"),
]


@pytest.mark.parametrize(("changed", "field", "words"), CASES)
def test_price_and_course_follow_the_regime(
    changed: dict[str, Any], field: str | None, words: str
) -> None:
    """At the limit nothing is found; a fen or an hour beyond it, the field and the rule are named."""
    found = check_terms(make_terms(**changed))
    assert [finding.field for finding in found] == ([field] if field else [])
    assert all(words in finding.message for finding in found)


@pytest.mark.parametrize(
    ("changed", "days"),
    [
        ({}, (30, False)),
        ({"round_number": 2}, (15, False)),
        ({"regime": _C}, (7, False)),
        ({"regime": _E, "start_price_fen": 100_000_000}, (5, True)),
        ({"regime": _E, "start_price_fen": 100_000_001}, (10, True)),
        ({"regime": _E, "start_price_fen": 1_000_000_001}, (20, True)),
        ({"regime": Regime.AGREEMENT}, (0, False)),
    ],
)
def test_notice_runs_for_the_days_of_the_regime(
    changed: dict[str, Any], days: tuple[int, bool]
) -> None:
    """The last day that is early enough passes, the next one is refused with the days that it would be."""
    terms = make_terms(**changed)
    assert notice_days(terms) == days
    count, is_working = days
    if not count:
        return
    span = timedelta(days=count * 7 // 5 if is_working else count)
    in_time = OPENS_AT - span
    assert check_notice(terms, published_at=in_time) == []
    [finding] = check_notice(terms, published_at=in_time + timedelta(days=1))
    assert (finding.code, finding.severity) == ("ELG-21", Severity.BLOCK)
    assert f"at least {count}" in finding.message


@pytest.mark.parametrize(
    ("changed", "is_late"),
    [
        ({"previous_closed_at": OPENS_AT - timedelta(days=30, hours=9)}, False),
        ({"previous_closed_at": OPENS_AT - timedelta(days=30, hours=11)}, True),
        ({"previous_closed_at": OPENS_AT - timedelta(days=31), "shortened_times": True}, True),
        ({"previous_closed_at": OPENS_AT - timedelta(days=31), "round_number": 1}, False),
        (
            {
                "previous_closed_at": OPENS_AT - timedelta(days=31),
                "format": "sell_off",
                "round_number": 3,
            },
            False,
        ),
        ({"previous_closed_at": OPENS_AT - timedelta(days=31), "regime": _E}, False),
        ({"previous_closed_at": None}, False),
    ],
)
def test_a_second_auction_is_held_within_thirty_days(
    changed: dict[str, Any], is_late: bool
) -> None:
    """Days of China: what ended on the 14th at 01:00 has until the 14th a month on, at 23:00 of the 13th it had not."""
    terms = make_terms(**{"round_number": 2, "previous_start_price_fen": 87_500_000} | changed)
    found = check_notice(terms, published_at=OPENS_AT - timedelta(days=40))
    assert [(each.code, each.severity, each.field) for each in found] == (
        [("ELG-21", Severity.BLOCK, "opens_at")] if is_late else []
    )
    assert all("art. 26" in each.message and "第二十六条" in each.message_zh for each in found)


def test_rehearsal_is_excused_from_periods_only() -> None:
    """Shortened times excuse from the notice period, not from the rules on price."""
    terms = make_terms(shortened_times=True, start_price_fen=1_000_000, deposit_fen=100_000)
    assert check_notice(terms, published_at=OPENS_AT) == []
    assert [finding.code for finding in check_terms(terms)] == ["ELG-20"]


def test_terms_are_values() -> None:
    """Terms compare by content, so a check of the same terms is the same check."""
    assert make_terms() == msgspec.structs.replace(make_terms())


@pytest.mark.parametrize(
    ("regime", "stated", "refused"),
    [
        ("J", None, False),
        ("J", 1, True),
        ("E", 5, False),
        ("E", 6, True),
        ("C", 30, False),
        ("A", 30, False),
    ],
)
def test_the_term_of_a_deposits_refund(regime: str, stated: int | None, refused: bool) -> None:
    """A court's is the law's 24 hours; an exchange's at most five working days; elsewhere what the notice says."""
    terms = make_terms(regime=LETTERS[regime], refund_working_days=stated)
    fields = [one.field for one in check_terms(terms) if one.severity is Severity.BLOCK]
    assert ("refund_working_days" in fields) is refused


def test_a_notice_that_states_no_refund_means_the_usual() -> None:
    """24 hours in a court's sale, five working days elsewhere."""
    assert refund_term(Regime.JUDICIAL_NETWORK, None) == ReleaseTerm(amount=24, unit="hours")
    for regime in (Regime.EXCHANGE, Regime.COMMERCIAL_AUCTION, Regime.AGREEMENT):
        assert refund_term(regime, None) == ReleaseTerm(amount=5, unit="working_days")
        assert refund_term(regime, 3) == ReleaseTerm(amount=3, unit="working_days")
