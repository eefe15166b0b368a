"""The own terms of each form of bidding (竞价方式): how people call them, in what they are written, what they may be.

Source: contracts 1, the table of formats; `lots.offered.OfferTerms` for collection (收储, domain 3.9).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from auction_engine.rules.profile import ASCENDING, EXTENDED, WITH_RESERVE
from marketplace.pages.vocabulary import Words

#: Which formats have a step, an end that may move, and a reserve with a least number of bidders.
RISING, MOVING, RESERVED = ASCENDING, EXTENDED, WITH_RESERVE

Kind = Literal["yuan", "percent", "ms", "seconds", "count", "flag", "pick", "moment"]


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One term: `key` in `format_terms`, `name` in forms. `otherwise` is what it is where nothing is said; with None it
    must be said, and `or_null`, it may be said to be nothing.
    """

    key: str
    name: str
    kind: Kind
    words: Words
    note: Words | None = None
    options: Mapping[str, Words] = MappingProxyType({})
    otherwise: object = None
    or_null: bool = False
    proposed: str = ""
    most: int = 10_000

    @property
    def is_required(self) -> bool:
        """Whether a form must say it."""
        return self.otherwise is None and not self.or_null


_FIRSTS: Final = MappingProxyType(
    {
        "start": Words("起始价", "The start price"),
        "start_plus_step": Words("起始价加一个加价幅度", "The start price and one step"),
    }
)
_EXERCISES: Final = MappingProxyType(
    {
        "on_floor": Words("场内跟价", "In the bidding, by matching"),
        "after": Words("场外征询", "After the end, one by one"),
    }
)
FLOOR_RULES: Final = MappingProxyType(
    {
        "at_least": Words("不低于起始价", "At least the start price"),
        "strictly_above": Words("高于起始价", "Above the start price"),
    }
)
AMENDS: Final = MappingProxyType(
    {
        "none": Words("不得更改", "No"),
        "latest_counts": Words(
            "截止前可更改或撤回，以最后一次为准", "Until the close; the last one counts"
        ),
    }
)
MODES: Final = MappingProxyType(
    {"open": Words("公开报价", "Open offers"), "sealed": Words("密封报价", "Sealed offers")}
)

_FLOOR_RULE: Final = Term(
    key="floor_rule", name="floor_rule", kind="pick", words=Words("报价下限", "Bids must be"),
    options=FLOOR_RULES, otherwise="at_least",
)  # fmt: skip
_AMEND: Final = Term(
    key="amend", name="amend", kind="pick", words=Words("更改报价", "Whether bids may be changed"),
    options=AMENDS, otherwise="none",
)  # fmt: skip
_PAUSE: Final = Term(
    key="pause_ms", name="pause", kind="ms", words=Words("间歇", "Pause"), proposed="5"
)
_CLOCK: Final = (
    Term(
        key="drop_every_ms", name="drop_every", kind="ms", words=Words("降价间隔", "Falls every"),
        proposed="1",
    ),
    Term(
        key="floor_price_fen", name="floor_price", kind="yuan", words=Words("最低价", "Lowest price"),
        note=Words("最低价与价格个数填写一项。", "Give this or the number of prices."), or_null=True,
    ),
    Term(
        key="prices", name="prices", kind="count", words=Words("价格个数", "Number of prices"),
        note=Words("含起始价。", "The start price is the first."), or_null=True, most=10**6,
    ),
)  # fmt: skip
#: Every format's own terms but those that are more than one field: see `lots.bidding_forms`.
TERMS: Final[Mapping[str, tuple[Term, ...]]] = MappingProxyType(
    {
        "english": (),
        "dynamic": (
            Term(
                key="cycle_ms",
                name="cycle",
                kind="ms",
                words=Words("限时报价周期", "Limited period"),
                note=Words(
                    "自由报价期止于竞价结束时间；其后每次有效报价重新计时。",
                    "Follows the free period, which ends at the close; each bid begins it anew.",
                ),
                proposed="5",
            ),
            Term(
                key="require_free_bid",
                name="require_free_bid",
                kind="flag",
                words=Words(
                    "自由报价期未报价的不得参加限时报价",
                    "Who bid nothing freely is out of the limited period",
                ),
            ),
            Term(
                key="exercise",
                name="exercise",
                kind="pick",
                options=_EXERCISES,
                proposed="on_floor",
                words=Words("优先购买权行使", "How priority is exercised"),
            ),
            Term(
                key="exercise_window_ms",
                name="exercise_window",
                kind="ms",
                or_null=True,
                words=Words("每位优先购买权人答复时限", "Time for each priority holder"),
                note=Words("场外征询须填写。", "To be given where they are asked after the end."),
            ),
        ),
        "rounds": (
            Term(
                key="round_ms",
                name="round_length",
                kind="ms",
                words=Words("每轮时长", "Length of a round"),
                proposed="5",
            ),
            _PAUSE,
            Term(
                key="first",
                name="first",
                kind="pick",
                words=Words("首轮最低报价", "Least first bid"),
                options=_FIRSTS,
                proposed="start",
            ),
            Term(
                key="deadline_at",
                name="deadline_at",
                kind="moment",
                or_null=True,
                words=Words("最迟结束", "Ends at the latest"),
            ),
        ),
        "dutch": _CLOCK,
        "dutch_hybrid": (
            *_CLOCK,
            _PAUSE,
            Term(
                key="sealed_ms",
                name="sealed_length",
                kind="ms",
                words=Words("密封报价时长", "Time for sealed bids"),
                proposed="30",
            ),
            Term(
                key="last_look_ms",
                name="last_look",
                kind="ms",
                words=Words("应价人最后报价时长", "Last look of who accepted"),
                proposed="10",
            ),
            _AMEND,
        ),
        "one_shot": (_FLOOR_RULE, _AMEND),
        "vickrey": (_FLOOR_RULE, _AMEND),
        "uniform_price": (
            Term(key="units", name="units", kind="count", words=Words("份数", "Units"), most=10**6),
            _FLOOR_RULE,
            _AMEND,
        ),
        "weighted": (
            Term(
                key="price_bp",
                name="price_weight",
                kind="percent",
                words=Words("价格权重", "Weight of the price"),
                note=Words(
                    "与各评分项权重之和须为 100%。",
                    "With the weights of the terms it comes to 100%.",
                ),
            ),
            _FLOOR_RULE,
            _AMEND,
        ),
        "sell_off": (
            Term(
                key="period_ms",
                name="find_within",
                kind="ms",
                words=Words("变卖期", "Time to find a first bid"),
                proposed="60 d",
            ),
            Term(
                key="countdown_ms",
                name="countdown",
                kind="ms",
                words=Words("首次出价后竞价时长", "Time after the first bid"),
                proposed="24 h",
            ),
        ),
        "collection": (
            Term(
                key="mode",
                name="offer_mode",
                kind="pick",
                words=Words("报价方式", "How offers are made"),
                options=MODES,
                proposed="open",
            ),
            Term(
                key="opening_seconds",
                name="opening",
                kind="seconds",
                words=Words("密封报价开封时限", "Time to open sealed offers"),
                note=Words("仅密封报价填写。", "For sealed offers alone."),
                otherwise=0,
            ),
            Term(
                key="final_seconds",
                name="final_round",
                kind="seconds",
                words=Words("最终报价时长", "Best-and-final round"),
                note=Words("空则不设。", "Empty: there is none."),
                otherwise=0,
            ),
            Term(
                key="decision_seconds",
                name="decision",
                kind="seconds",
                words=Words("银行决定时限", "Time for the bank to decide"),
                proposed="10 d",
            ),
            Term(
                key="needs_backstop",
                name="needs_backstop",
                kind="flag",
                words=Words("须有兜底收储承诺", "Needs a backstop"),
                otherwise=False,
            ),
            Term(
                key="interest_bp_year",
                name="deferred_interest",
                kind="percent",
                words=Words("分期年利率", "Interest a year on instalments"),
                note=Words("一次付清的留空。", "Empty where the price is paid at once."),
                otherwise=0,
                most=2_400,
            ),
        ),
    }
)
#: The rest, by the names of the form's fields.
OTHERS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "step_kind": Words("加价幅度类型", "Kind of step"),
        "band_from": Words("价格达到", "From the price"),
        "band_step": Words("每次加价", "Raise by"),
        "step_percent": Words("当前价的百分比", "Part of the price"),
        "step_least": Words("不低于", "Never below"),
        "step_round_to": Words("向下取整至", "Rounded down to"),
        "grid": Words("出价要求", "Bids"),
        "max_steps_per_bid": Words("单次加价最多档数", "Most steps a bid"),
        "extension_mode": Words("延时方式", "How the end moves"),
        "extension_by": Words("每次顺延", "Moves the end by"),
        "extension_max": Words("最多顺延次数", "Times at most"),
        "hard_end_at": Words("最迟结束", "Ends at the latest"),
        "consent_reference": Words("委托人书面同意文件", "The consignor's written consent"),
        "drop_kind": Words("降价幅度类型", "Kind of drop"),
        "drop": Words("每次降价", "Falls by"),
        "drop_percent": Words("每次降起始价的百分比", "Falls by a part of the start price"),
        "drop_round_to": Words("四舍五入至", "Rounded to"),
        "term_name": Words("评分项", "What is scored"),
        "term_weight": Words("评分项权重", "Its weight"),
        "part": Words("本期付款比例", "Part of the price"),
        "part_hours": Words("成交后几小时内付清", "Due within hours of the sale"),
        "repurchase_days": Words("出质人回购期（日）", "Days to buy back"),
        "repurchase_price": Words("回购价占成交价比例", "Price to buy back"),
        "reserved_for_code": Words("仅限报价的机构统一社会信用代码", "Credit code of the one who may offer"),
        "listing_days": Words("每次延牌（工作日）", "Working days each time"),
        "listing_cycles": Words("最多延牌次数", "Times at most"),
        "listing_bidders": Words("少于几家则延牌", "With fewer bidders than"),
    }
)  # fmt: skip
STEP_KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "fixed": Words("固定金额", "The same at every price"),
        "bands": Words("按价格分档", "By the price"),
        "percent": Words("当前价的百分比", "A part of the price"),
    }
)
DROP_KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "fixed": Words("固定金额", "The same each time"),
        "percent_of_start": Words("起始价的百分比", "A part of the start price"),
    }
)
EXTENSIONS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "reset": Words("自该出价时点起重新计时", "The window begins anew with the bid"),
        "append": Words("结束时间顺延固定时长", "The end moves by a fixed time"),
    }
)
#: The labels of all of them, by the form's field.
LABELS: Final[Mapping[str, Words]] = MappingProxyType(
    {term.name: term.words for terms in TERMS.values() for term in terms} | dict(OTHERS)
)
