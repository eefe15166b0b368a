"""What each legal regime (法律制度) allows: formats, prices, deposits and notice periods, with their articles.

Every lot carries exactly one regime (domain 0.3). The checks here return findings, not exceptions: the drafter
sees all that is wrong at once, each with the article that says so, and publication is refused while any is left.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

import msgspec

from kit.clock import CHINA
from settlement.calendars import china
from settlement.rules.deposits import ReleaseTerm, release_term


class Regime(StrEnum):
    """The law that a sale is held under. Source: domain 0.3."""

    JUDICIAL_NETWORK = "judicial_network"
    COMMERCIAL_AUCTION = "commercial_auction"
    EXCHANGE = "exchange"
    AGREEMENT = "agreement"


class Severity(StrEnum):
    """What a finding does: it blocks, it holds until overridden with a reason, or it is disclosed."""

    BLOCK = "block"
    HOLD = "hold"
    WARN = "warn"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found in a check, with the rule it rests on."""

    code: str
    severity: Severity
    field: str
    message: str
    message_zh: str


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the regime's rules look at. Money in fen; `round_number` 2 is the second auction of the same lot."""

    regime: Regime
    format: str
    start_price_fen: int
    reserve_price_fen: int | None
    deposit_fen: int
    valuation_fen: int
    opens_at: datetime
    closes_at: datetime
    extension_mode: str | None = None
    extension_window_ms: int = 0
    round_number: int = 1
    previous_start_price_fen: int | None = None
    #: When the round before ended without a sale; None where this lot does not follow one.
    previous_closed_at: datetime | None = None
    private_consent: bool = False
    shortened_times: bool = False
    refund_working_days: int | None = None
    #: How long a sell-off runs from its first bid.
    countdown_ms: int | None = None


_J, _C, _E, _A = Regime

#: Which format may be used where. Source: domain 2.8; `rounds`, `dutch_hybrid` and `uniform_price` are exchange
#: practice only, because neither the Auction Law nor the judicial rules know them.
FORMATS: Mapping[Regime, frozenset[str]] = MappingProxyType(
    {
        _J: frozenset({"english", "sell_off"}),
        _C: frozenset({"english", "dynamic", "one_shot", "dutch"}),
        _E: frozenset(
            {
                "english",
                "dynamic",
                "one_shot",
                "weighted",
                "dutch",
                "rounds",
                "dutch_hybrid",
                "uniform_price",
                "vickrey",
                "collection",
            }
        ),
        _A: frozenset({"collection"}),
    }
)

_FORMAT_ARTICLES: Mapping[Regime, tuple[str, str]] = MappingProxyType(
    {
        _J: (
            "a judicial network auction ascends from the start price (Fa Shi [2016] 18, art. 20)",
            "网络司法拍卖采用增价方式（法释〔2016〕18号第二十条）",
        ),
        _C: (
            "an auction goes to the highest bidder in open bidding (Auction Law art. 3)",
            "拍卖须以公开竞价方式归于最高应价者（拍卖法第三条）",
        ),
        _E: (
            "an exchange sells off only what a court failed to sell twice (Fa Shi [2016] 18, art. 26)",
            "变卖仅适用于网络司法拍卖两次流拍之后（法释〔2016〕18号第二十六条）",
        ),
        _A: (
            "an agreement is made by pledgor and pledgee without bidding (Civil Code art. 436)",
            "协议折价由出质人与质权人协商，不经竞价（民法典第四百三十六条）",
        ),
    }
)

_NOTICE_ARTICLES: Mapping[Regime, tuple[str, str]] = MappingProxyType(
    {
        _J: ("Fa Shi [2016] 18, art. 12 and 26", "法释〔2016〕18号第十二条、第二十六条"),
        _C: ("Auction Law art. 45", "拍卖法第四十五条"),
        _E: ("SASAC and MOF Order 32, as the exchanges' template", "参照国资委、财政部令第32号"),
        _A: ("Civil Code art. 436", "民法典第四百三十六条"),
    }
)

#: Floors up to the first figure, in fen, and the working days of notice they need. Source: domain 2.5.
_EXCHANGE_NOTICE = ((100_000_000, 5), (1_000_000_000, 10))
_EXCHANGE_NOTICE_MOST = 20
_SOFT_CLOSE_MS = 300_000
_JUDICIAL_AUCTIONS = 2
_SECOND_WITHIN_DAYS = 30
_BIDDING_AT_LEAST = timedelta(hours=24)
_SELL_OFF_PERIOD, _COUNTDOWN_MS = timedelta(days=60), 86_400_000
#: What a notice that states nothing means, and the most on an exchange. Source: domain 6.5.
REFUND_WORKING_DAYS = 5


def check_terms(terms: Terms) -> list[Finding]:
    """All that the regime's rules on format, price and deposit object to; empty when nothing."""
    found = [*_format(terms), *_reserve(terms), *_deposit(terms), *_refund(terms)]
    if terms.regime is Regime.JUDICIAL_NETWORK:
        found += [*_judicial_price(terms), *_judicial_course(terms)]
    return found


def notice_days(terms: Terms) -> tuple[int, bool]:
    """How many days of notice the regime asks for, and whether they are working days.

    Sources: 法释〔2016〕18号 art. 12 and 26 (IP is an "other property right": 30 days, second auction 15); Auction Law
    art. 45 (7 days); 32号令 as the template for exchanges (5, 10 or 20 working days by floor).
    """
    if terms.regime is Regime.JUDICIAL_NETWORK:
        return (30 if terms.round_number == 1 else 15), False
    if terms.regime is Regime.COMMERCIAL_AUCTION:
        return 7, False
    if terms.regime is Regime.AGREEMENT:
        return 0, False
    for floor_fen, days in _EXCHANGE_NOTICE:
        if terms.start_price_fen <= floor_fen:
            return days, True
    return _EXCHANGE_NOTICE_MOST, True


def refund_term(regime: Regime, stated_working_days: int | None) -> ReleaseTerm:
    """How soon a released deposit goes back to its bidder's bank: by law, or as the notice states it."""
    if regime is Regime.JUDICIAL_NETWORK:
        return release_term("JUDICIAL_NETWORK")
    return release_term("EXCHANGE", notice_working_days=stated_working_days or REFUND_WORKING_DAYS)


def check_notice(terms: Terms, *, published_at: datetime) -> list[Finding]:
    """A finding when the notice would be too short; none for a rehearsal, which states its shortened times. Another,
    of a rehearsal too, when a second auction would open too late.

    Days are those of China; the day of publication does not count. Working days are those of the State Council's
    calendar, with its holidays and its make-up days (domain 0.2).
    """
    late = _second_too_late(terms)
    if terms.shortened_times:
        return late
    days, working = notice_days(terms)
    given = days_between(published_at, terms.opens_at, working=working)
    if given >= days:
        return late
    article, article_zh = _NOTICE_ARTICLES[terms.regime]
    unit, unit_zh = ("working days", "个工作日") if working else ("days", "日")
    return [
        *late,
        Finding(
            code="ELG-21",
            severity=Severity.BLOCK,
            field="opens_at",
            message=f"the notice would run {given} {unit}; {terms.regime} asks for at least {days} ({article})",
            message_zh=f"公告期仅 {given}{unit_zh}，该类处置至少需要 {days}{unit_zh}（{article_zh}）",
        ),
    ]


def _second_too_late(terms: Terms) -> list[Finding]:
    """Source: 法释〔2016〕18号 art. 26: a second auction within thirty days of the first, the thirtieth included.

    A plan counts from the moment its step begins; a step that waited for people begins later than the first ended.
    """
    before = terms.previous_closed_at
    is_second = terms.round_number == _JUDICIAL_AUCTIONS and terms.format != "sell_off"
    if terms.regime is not Regime.JUDICIAL_NETWORK or before is None or not is_second:
        return []
    if days_between(before, terms.opens_at, working=False) <= _SECOND_WITHIN_DAYS:
        return []
    first_on = before.astimezone(CHINA).date()
    until = first_on + timedelta(days=_SECOND_WITHIN_DAYS)
    return [
        _block(
            "opens_at",
            f"the first auction failed on {first_on}; the second is held within 30 days, by {until}"
            " (Fa Shi [2016] 18, art. 26)",
            f"首次拍卖于 {first_on} 流拍，应当在三十日内（{until} 前，含当日）再次拍卖（法释〔2016〕18号第二十六条）",
            code="ELG-21",
        )
    ]


def days_between(start: datetime, end: datetime, *, working: bool) -> int:
    """How many days of China, or working days, lie between two moments; the first day does not count, the last does."""
    first, last = start.astimezone(CHINA).date(), end.astimezone(CHINA).date()
    days = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    calendar = china()
    return sum(1 for day in days if not working or calendar.is_workday(day))


def _format(terms: Terms) -> list[Finding]:
    if terms.format not in FORMATS[terms.regime]:
        english, chinese = _FORMAT_ARTICLES[terms.regime]
        allowed = ", ".join(sorted(FORMATS[terms.regime])) or "no bidding format"
        return [
            _block(
                "format",
                f"{terms.format} may not be used under {terms.regime}: {english}; allowed: {allowed}",
                f"{terms.regime} 不得采用 {terms.format}：{chinese}；可用：{allowed}",
            )
        ]
    if terms.regime is Regime.JUDICIAL_NETWORK:
        return _judicial_ladder(terms)
    if terms.format == "vickrey" and not terms.private_consent:
        return [
            _block(
                "format",
                "vickrey needs the written consent of a private consignor (no rule of public sales knows this format)",
                "次高价方式须有民营委托人书面同意（公开处置规则均未规定该方式）",
            )
        ]
    return []


def _judicial_ladder(terms: Terms) -> list[Finding]:
    """Two auctions, then the sell-off, and none of them out of turn. Source: 法释〔2016〕18号 art. 26; domain 2.3."""
    is_sell_off = terms.format == "sell_off"
    if is_sell_off == (terms.round_number > _JUDICIAL_AUCTIONS):
        return []
    if is_sell_off:
        return [
            _block(
                "round_number",
                "a sell-off follows two failed auctions and is round 3 (Fa Shi [2016] 18, art. 26)",
                "变卖须在两次流拍之后进行，应为第 3 次处置（法释〔2016〕18号第二十六条）",
            )
        ]
    return [
        _block(
            "format",
            "after two failed auctions the property is sold off, not auctioned again (Fa Shi [2016] 18, art. 26)",
            "两次流拍后应依法变卖，不得再次拍卖（法释〔2016〕18号第二十六条）",
        )
    ]


def _reserve(terms: Terms) -> list[Finding]:
    if terms.reserve_price_fen in (None, terms.start_price_fen):
        return []
    if terms.regime is Regime.JUDICIAL_NETWORK:
        return [
            _block(
                "reserve_price_fen",
                "the reserve is the start price (Fa Shi [2016] 18, art. 10); leave it out",
                "保留价即起拍价（法释〔2016〕18号第十条），不得另设",
            )
        ]
    if terms.regime is Regime.EXCHANGE:
        return [
            Finding(
                code="REGIME",
                severity=Severity.WARN,
                field="reserve_price_fen",
                message="exchanges usually publish their floor (SASAC and MOF Order 32, the exchanges' template);"
                " this lot has a confidential reserve, and bidders are told so here",
                message_zh="交易场所转让底价通常公开（参照国资委、财政部令第32号）；本标的设有保密保留价，特此披露",
            )
        ]
    return []


def _refund(terms: Terms) -> list[Finding]:
    """Source: 法释〔2016〕18号 art. 23 (24 hours); elsewhere the notice, on exchanges five working days at most."""
    stated = terms.refund_working_days
    if stated is not None and terms.regime is Regime.JUDICIAL_NETWORK:
        return [
            _block(
                "refund_working_days",
                "deposits that did not win go back within 24 hours (Fa Shi [2016] 18, art. 23); leave it out",
                "未成交竞买人的保证金应于二十四小时内退还（法释〔2016〕18号第二十三条），不得另定",
            )
        ]
    if stated is not None and terms.regime is Regime.EXCHANGE and stated > REFUND_WORKING_DAYS:
        return [
            _block(
                "refund_working_days",
                f"exchanges give deposits back within {REFUND_WORKING_DAYS} working days, the notice says {stated}",
                f"交易场所应于 {REFUND_WORKING_DAYS} 个工作日内退还保证金，公告为 {stated} 个工作日",
            )
        ]
    return []


def _deposit(terms: Terms) -> list[Finding]:
    """Source: 法释〔2016〕18号 art. 17: 5% to 20% of the start price, both inclusive; elsewhere disclosed."""
    deposit, start = terms.deposit_fen * 100, terms.start_price_fen
    if start * 5 <= deposit <= start * 20:
        return []
    judicial = terms.regime is Regime.JUDICIAL_NETWORK
    return [
        Finding(
            code="ELG-22",
            severity=Severity.BLOCK if judicial else Severity.WARN,
            field="deposit_fen",
            message="the deposit is not between 5% and 20% of the start price (Fa Shi [2016] 18, art. 17)",
            message_zh="保证金不在起拍价的百分之五至百分之二十之间（法释〔2016〕18号第十七条）",
        )
    ]


def _judicial_price(terms: Terms) -> list[Finding]:
    """Source: 法释〔2016〕18号 art. 10 (70% of the valuation) and 26 (second auction: 80% of the first start)."""
    if terms.round_number == 1:
        if terms.start_price_fen * 100 >= terms.valuation_fen * 70:
            return []
        return [
            _block(
                "start_price_fen",
                "the start price is below 70% of the valuation (Fa Shi [2016] 18, art. 10)",
                "起拍价低于评估价的百分之七十（法释〔2016〕18号第十条）",
                code="ELG-20",
            )
        ]
    previous = terms.previous_start_price_fen
    if terms.format == "sell_off":
        return _sell_off_price(terms, previous)
    if previous is not None and terms.start_price_fen * 100 >= previous * 80:
        return []
    return [
        _block(
            "start_price_fen",
            "the second start price is below 80% of the first (Fa Shi [2016] 18, art. 26)",
            "再次拍卖的起拍价降价幅度超过前次起拍价的百分之二十（法释〔2016〕18号第二十六条）",
            code="ELG-20",
        )
    ]


def _sell_off_price(terms: Terms, previous: int | None) -> list[Finding]:
    """Source: domain 2.3 (3): the start price of the second auction, no further cut."""
    if terms.start_price_fen == previous:
        return []
    return [
        _block(
            "start_price_fen",
            "the sell-off price is the start price of the second auction, no more and no less"
            " (Fa Ming Chuan [2017] 455; Fa Shi [2016] 18, art. 26)",
            "变卖价为第二次拍卖的起拍价，不得另行调整（法明传〔2017〕455号；法释〔2016〕18号第二十六条）",
            code="ELG-20",
        )
    ]


def _judicial_course(terms: Terms) -> list[Finding]:
    """Source: 法释〔2016〕18号 art. 20: bidding for 24 hours at least, 5 minutes from each late bid; domain 2.3."""
    if terms.shortened_times:
        return []
    found = _sell_off_course(terms) if terms.format == "sell_off" else []
    if terms.format in ("english", "sell_off"):
        if terms.format == "english" and terms.closes_at - terms.opens_at < _BIDDING_AT_LEAST:
            found.append(
                _block(
                    "closes_at",
                    "bidding lasts less than 24 hours (Fa Shi [2016] 18, art. 20)",
                    "竞价时间少于二十四小时（法释〔2016〕18号第二十条）",
                )
            )
        if terms.extension_mode != "reset" or terms.extension_window_ms != _SOFT_CLOSE_MS:
            found.append(
                _block(
                    "extension",
                    "a bid in the last 5 minutes extends to 5 minutes from that bid (Fa Shi [2016] 18, art. 20):"
                    ' {"mode": "reset", "window_ms": 300000}',
                    "最后五分钟内出价的，自该出价时点顺延五分钟（法释〔2016〕18号第二十条）",
                )
            )
    return found


def _sell_off_course(terms: Terms) -> list[Finding]:
    """Source: domain 2.3 (2), (5): sixty days to find a first bid, which starts twenty-four hours of bidding."""
    found = []
    if terms.closes_at - terms.opens_at != _SELL_OFF_PERIOD:
        found.append(
            _block(
                "closes_at",
                "a sell-off lasts 60 days unless somebody bids (Fa Ming Chuan [2017] 455)",
                "网络司法变卖期为六十日（法明传〔2017〕455号）",
            )
        )
    if terms.countdown_ms is not None and terms.countdown_ms != _COUNTDOWN_MS:
        found.append(
            _block(
                "bidding.format_terms.countdown_ms",
                "the first bid of a sell-off starts 24 hours of bidding: 86400000 (Fa Ming Chuan [2017] 455)",
                "变卖首次出价后进入二十四小时竞价倒计时：86400000（法明传〔2017〕455号）",
            )
        )
    return found


def _block(field: str, message: str, message_zh: str, *, code: str = "REGIME") -> Finding:
    return Finding(
        code=code, severity=Severity.BLOCK, field=field, message=message, message_zh=message_zh
    )
