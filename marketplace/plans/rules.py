"""Which step of a plan of disposal may follow which, what it starts at, and what no plan may state.

Sources: domain 2.11 (ladder), 2.1 (法释〔2016〕18号 art. 26), 2.3 (sell-off), 2.8 (formats by regime).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from kit.errors import InvalidInput
from kit.money import BP_ONE
from kit.states import require_step
from marketplace.lots.regimes import FORMATS, Regime
from marketplace.plans.schemas import LotStep, PlanState, StepState, StepTerms

_P, _S = PlanState, StepState

PLAN_STEPS: Mapping[PlanState, frozenset[PlanState]] = MappingProxyType(
    {
        _P.DRAFT: frozenset({_P.APPROVED, _P.STOPPED}),
        _P.APPROVED: frozenset({_P.RUNNING, _P.STOPPED}),
        _P.RUNNING: frozenset({_P.COVERED, _P.COMPLETED, _P.EXHAUSTED, _P.STOPPED}),
        _P.COVERED: frozenset(),
        _P.COMPLETED: frozenset(),
        _P.EXHAUSTED: frozenset(),
        _P.STOPPED: frozenset(),
    }
)

STEP_STEPS: Mapping[StepState, frozenset[StepState]] = MappingProxyType(
    {
        _S.PLANNED: frozenset({_S.RUNNING, _S.HELD, _S.SKIPPED}),
        _S.RUNNING: frozenset({_S.HELD, _S.SUCCEEDED, _S.FAILED, _S.SKIPPED}),
        # People settle what held it: it runs, or it is over, or it is passed over.
        _S.HELD: frozenset({_S.RUNNING, _S.SUCCEEDED, _S.FAILED, _S.SKIPPED}),
        _S.SUCCEEDED: frozenset(),
        _S.FAILED: frozenset(),
        _S.SKIPPED: frozenset(),
    }
)

#: The second judicial auction: at 80% of the first at least, within 30 days. Source: 法释〔2016〕18号 art. 26.
_SECOND_PRICE_BP = 8_000
_SECOND_WITHIN_SECONDS = 30 * 86_400
_JUDICIAL_ROUNDS = 2


def require_plan_step(current: PlanState, wanted: PlanState, *, number: str) -> None:
    """Raise `IllegalStep` unless plan `number` may go from `current` to `wanted`."""
    require_step(PLAN_STEPS, current, wanted=wanted, subject=f"plan {number}")


def require_step_step(current: StepState, wanted: StepState, *, name: str) -> None:
    """Raise `IllegalStep` unless the step called `name` may go from `current` to `wanted`."""
    require_step(STEP_STEPS, current, wanted=wanted, subject=f"step {name}")


def start_prices(first_fen: int, steps: Sequence[StepTerms]) -> list[int | None]:
    """What each step starts at; a fen is rounded up, so that no round falls below the share it states."""
    price_fen, found = first_fen, list[int | None]()
    for step in steps:
        if not isinstance(step, LotStep):
            found.append(None)
            continue
        price_fen = -(-price_fen * step.price_bp // BP_ONE)
        found.append(price_fen)
    return found


def deposit_at(price_fen: int, *, first_price_fen: int, first_deposit_fen: int) -> int:
    """The deposit of a later round: the same part of its start price, and still inside 5% to 20% where it was."""
    deposit_fen = -(-first_deposit_fen * price_fen // first_price_fen)
    if deposit_fen * 100 > price_fen * 20 and first_deposit_fen * 100 <= first_price_fen * 20:
        deposit_fen = price_fen * 20 // 100
    return max(deposit_fen, 1)


def round_of(steps: Sequence[StepTerms], n: int) -> int:
    """Which round step `n` (from 1) is: the lots of the plan are counted."""
    return sum(1 for step in steps[:n] if isinstance(step, LotStep))


def contradictions(regime: Regime, steps: Sequence[StepTerms]) -> list[InvalidInput]:
    """What no plan of a consignment under `regime` may state; each names its field and what would be right."""
    found: list[InvalidInput] = []
    auctions = 0
    for index, step in enumerate(steps):
        if not isinstance(step, LotStep):
            continue
        field = f"steps.{index}"
        found += _regime(step, regime, field)
        is_first = round_of(steps, index) == 0
        if is_first and step.price_bp != BP_ONE:
            found.append(
                InvalidInput(
                    f"{field}.price_bp",
                    "the first round starts at the consignment's own price: leave it out",
                    "首轮起始价即委托载明的起始价，请勿填写",
                )
            )
        if (step.regime or regime) is Regime.JUDICIAL_NETWORK:
            found += _judicial(step, auctions, field)
            auctions += 1
    return found


def _regime(step: LotStep, regime: Regime, field: str) -> list[InvalidInput]:
    if step.regime not in (None, regime, Regime.EXCHANGE, Regime.AGREEMENT):
        return [
            InvalidInput(
                f"{field}.regime",
                "a plan leaves its consignment's regime for an exchange or an agreement only",
                "处置计划只能由原制度转入交易场所挂牌或协议处置",
            )
        ]
    actual = step.regime or regime
    if step.bidding.format in FORMATS[actual]:
        return []
    allowed = ", ".join(sorted(FORMATS[actual]))
    return [
        InvalidInput(
            f"{field}.bidding.format",
            f"{step.bidding.format} may not be used under {actual}; allowed: {allowed}",
            f"{actual} 不得采用 {step.bidding.format}；可用：{allowed}",
        )
    ]


def _judicial(step: LotStep, auctions: int, field: str) -> list[InvalidInput]:
    """Sources: 法释〔2016〕18号 art. 26; domain 2.3."""
    if step.bidding.format == "sell_off":
        return _sell_off(step, auctions, field)
    if auctions == 0:
        return []
    if auctions >= _JUDICIAL_ROUNDS:
        return [
            InvalidInput(
                f"{field}.bidding.format",
                "after two auctions the property is sold off (Fa Shi [2016] 18, art. 26): sell_off",
                "两次流拍后可依法变卖（法释〔2016〕18号第二十六条）：sell_off",
            )
        ]
    found = []
    if step.price_bp < _SECOND_PRICE_BP:
        found.append(
            InvalidInput(
                f"{field}.price_bp",
                "the second auction starts at 80% (8000) at least of the first (Fa Shi [2016] 18, art. 26)",
                "再次拍卖降价幅度不得超过前次起拍价的百分之二十（法释〔2016〕18号第二十六条）",
            )
        )
    if step.opens_after_seconds > _SECOND_WITHIN_SECONDS:
        found.append(
            InvalidInput(
                f"{field}.opens_after_seconds",
                "the second auction is held within 30 days (Fa Shi [2016] 18, art. 26)",
                "流拍后应当在三十日内再次拍卖（法释〔2016〕18号第二十六条）",
            )
        )
    return found


def _sell_off(step: LotStep, auctions: int, field: str) -> list[InvalidInput]:
    found = []
    if auctions != _JUDICIAL_ROUNDS:
        found.append(
            InvalidInput(
                f"{field}.bidding.format",
                "a sell-off follows the second auction (Fa Shi [2016] 18, art. 26)",
                "变卖适用于两次流拍之后（法释〔2016〕18号第二十六条）",
            )
        )
    if step.price_bp != BP_ONE:
        found.append(
            InvalidInput(
                f"{field}.price_bp",
                "a sell-off starts at the second auction's price: 100% (10000; domain 2.3)",
                "变卖价即二拍起拍价：100%（10000）",
            )
        )
    return found
