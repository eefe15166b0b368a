"""The signals MON-01 to MON-08 as pure functions from facts to what was seen. Source: domain 1.6.

Limits are data (`signals.json`). Each function yields a `Signal` for every occasion; what makes it the same occasion
tomorrow is its key.
"""

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from kit.money import BP_ONE, yuan
from kit.states import require_step
from marketplace.assets.schemas import Asset, AssetFlag
from marketplace.assets.upkeep import upkeep
from marketplace.burdens.rules import LICENCE_OF, is_standing
from marketplace.burdens.schemas import Burden, BurdenKind
from marketplace.cases.schemas import GRADE_ZH, Case, CaseFlag, Grade
from marketplace.monitoring.schemas import (
    BY_CODE,
    SIGNALS,
    AlertState,
    Level,
    Parameters,
    Signal,
)

_S = AlertState
_LIMITS: Final = SIGNALS.parameters

STEPS: Final = MappingProxyType(
    {
        _S.OPEN: frozenset({_S.UNDER_REVIEW}),
        _S.UNDER_REVIEW: frozenset({_S.FROZEN, _S.CONFIRMED, _S.DISMISSED}),
        _S.FROZEN: frozenset({_S.CONFIRMED, _S.DISMISSED}),
        # Only a confirmation that stands can be looked at again: frozen as it was, by two people once more.
        _S.CONFIRMED: frozenset({_S.FROZEN}),
        _S.DISMISSED: frozenset[AlertState](),
    }
)
OPEN: Final = frozenset({_S.OPEN, _S.UNDER_REVIEW, _S.FROZEN})


def require_alert_step(current: AlertState, wanted: AlertState, *, code: str) -> None:
    """Raise `IllegalStep` unless an alert of this code may go from `current` to `wanted`."""
    require_step(
        {state: next_states(state, code=code) for state in STEPS},
        current,
        wanted=wanted,
        subject=f"alert {code}",
    )


def next_states(current: AlertState, *, code: str) -> frozenset[AlertState]:
    """Where an alert of this code may go from `current`."""
    is_over = current is _S.CONFIRMED and not BY_CODE[code].stands_confirmed
    return frozenset() if is_over else STEPS[current]


def fingerprint(signal: Signal) -> bytes:
    """What makes a signal the same one when it is seen again."""
    return hashlib.sha256(f"{signal.code}\n{signal.subject}\n{signal.key}".encode()).digest()


class OtherLoan(msgspec.Struct, frozen=True, kw_only=True):
    """Another loan on record, at whichever bank; whose it is, is nobody else's business."""

    case_id: UUID
    is_own: bool
    contract_number: str
    borrower_code: str
    loan_amount_fen: int
    granted_on: date


def loan_twice(case: Case, others: Sequence[OtherLoan]) -> Iterator[Signal]:
    """MON-01: the contract's number, or borrower, amount and day together, stand in another loan; or no such party."""
    for other in others:
        if other.case_id == case.id:
            continue
        is_number = _plain(other.contract_number) == _plain(case.contract_number)
        is_terms = (other.borrower_code, other.loan_amount_fen, other.granted_on) == (
            case.borrower_code,
            case.loan_amount_fen,
            case.granted_on,
        )
        if not is_number and not is_terms:
            continue
        what, what_zh = ("number", "合同编号") if is_number else ("terms", "借款人、金额、发放日")
        where, where_zh = (
            ("of this bank", "本行") if other.is_own else ("of another bank", "其他银行")
        )
        yield Signal(
            code="MON-01",
            subject=case.contract_number,
            key=f"{what}:{other.case_id}",
            message=f"another loan {where} has the same contract {what}",
            message_zh=f"{where_zh}另有贷款与本笔{what_zh}相同",
            evidence={"same": what, "loan": str(other.case_id) if other.is_own else "elsewhere"},
        )
    if CaseFlag.COUNTERPARTY_MISSING in case.flags:
        yield Signal(
            code="MON-01",
            subject=case.contract_number,
            key="counterparty",
            message="the contract's counterparty is not in the register, or is deregistered",
            message_zh="合同交易对手查无登记或已注销",
            evidence={"flag": CaseFlag.COUNTERPARTY_MISSING.value},
        )


def return_disagrees(
    *,
    quarter: str,
    reported_fen: int,
    ledger_fen: int,
    is_changed_after_submission: bool = False,
    limits: Parameters = _LIMITS,
) -> Iterator[Signal]:
    """MON-02: a submitted return was changed, or differs from the books by more than the tolerance of the books."""
    if is_changed_after_submission:
        yield Signal(
            code="MON-02",
            subject=quarter,
            key=f"changed:{reported_fen}",
            message="figures were handed in again that differ from those submitted",
            message_zh="报送后又提交了不同数据",
            evidence={"reported_fen": str(reported_fen)},
        )
    apart = abs(reported_fen - ledger_fen)
    if apart * BP_ONE > ledger_fen * limits.return_tolerance_bp:
        yield Signal(
            code="MON-02",
            subject=quarter,
            key=f"books:{reported_fen}:{ledger_fen}",
            message=f"reported {yuan(reported_fen)}, in the books {yuan(ledger_fen)}",
            message_zh=f"报送 {yuan(reported_fen)} 元，台账 {yuan(ledger_fen)} 元",
            evidence={"reported_fen": str(reported_fen), "ledger_fen": str(ledger_fen)},
        )


def valuation_outlier(
    *,
    number: str,
    report: str,
    value_fen: int,
    reference_fen: int,
    reference: str,
    limits: Parameters = _LIMITS,
) -> Iterator[Signal]:
    """MON-03: more than twice, or less than half, of the report before it or of the model's value."""
    is_high = value_fen * BP_ONE > reference_fen * limits.outlier_high_bp
    is_low = value_fen * BP_ONE < reference_fen * limits.outlier_low_bp
    if is_high or is_low:
        way, way_zh = ("above", "高于") if is_high else ("below", "低于")
        yield Signal(
            code="MON-03",
            subject=number,
            key=f"{report}:{reference}",
            message=f"report {report} values it at {yuan(value_fen)}, far {way} {yuan(reference_fen)} ({reference})",
            message_zh=f"报告 {report} 估值 {yuan(value_fen)} 元，明显{way_zh} {yuan(reference_fen)} 元（{reference}）",
            evidence={
                "report": report,
                "value_fen": str(value_fen),
                "reference": reference,
                "reference_fen": str(reference_fen),
            },
        )


def collateral_events(
    asset: Asset, burdens: Sequence[Burden], *, is_pledged: bool, today: date
) -> Iterator[Signal]:
    """MON-04: a fee overdue, invalidation, preservation, a licence without the pledgee's consent."""

    def seen(key: str, message: str, message_zh: str, **evidence: str) -> Signal:
        return Signal(
            code="MON-04",
            subject=asset.number,
            key=key,
            message=message,
            message_zh=message_zh,
            evidence=evidence,
        )

    kept = upkeep(asset, today=today)
    if kept.state in ("grace", "lapsed"):
        yield seen(
            f"fee:{kept.fee_safe_until}",
            f"fees are paid to {kept.fee_safe_until}; the right is {kept.state}",
            f"费用缴至 {kept.fee_safe_until}，已逾期",
            fee_paid_to=str(kept.fee_safe_until),
        )
    for flag, message, message_zh in (
        (AssetFlag.INVALIDATION_PENDING, "invalidation was filed", "被提起无效宣告"),
        (AssetFlag.PRESERVATION, "a preservation is recorded", "被采取保全措施"),
    ):
        kinds = {
            AssetFlag.INVALIDATION_PENDING: BurdenKind.INVALIDATION,
            AssetFlag.PRESERVATION: BurdenKind.PRESERVATION,
        }
        standing = [b for b in burdens if b.kind is kinds[flag] and is_standing(b, on=today)]
        for burden in standing:
            yield seen(f"{flag}:{burden.id}", message, message_zh, source=burden.source)
        if flag in asset.flags and not standing:
            yield seen(
                f"{flag}:{asset.status_as_of}", message, message_zh, source=asset.status_source
            )
    for burden in burdens:
        is_licence = burden.kind in LICENCE_OF and is_standing(burden, on=today)
        if is_pledged and is_licence and not burden.has_pledgee_consent:
            yield seen(
                f"licence:{burden.id}",
                f"a licence to {burden.holder_name} was recorded without the pledgee's consent",
                f"未经质权人同意许可给 {burden.holder_name}",
                burden=str(burden.id),
            )


def transferred_without_consent(
    asset: Asset, *, pledgor_name: str, pledgor_code: str
) -> Iterator[Signal]:
    """MON-04: the register names another owner than the one who pledged it."""
    is_same = (
        asset.owner_code == pledgor_code
        if asset.owner_code is not None
        else _plain(asset.owner_name) == _plain(pledgor_name)
    )
    if not is_same:
        yield Signal(
            code="MON-04",
            subject=asset.number,
            key=f"owner:{asset.owner_code or asset.owner_name}",
            message=f"the register names {asset.owner_name}; {pledgor_name} pledged it",
            message_zh=f"登记权利人为 {asset.owner_name}，出质人为 {pledgor_name}",
            evidence={"owner": asset.owner_name, "pledgor": pledgor_name},
        )


#: What befell the pledgor, by the loan's flags (MON-05).
PLEDGOR_FLAGS: Final = MappingProxyType(
    {
        CaseFlag.PLEDGOR_BANKRUPT: ("bankruptcy or restructuring", "破产或重整"),
        CaseFlag.PLEDGOR_DISHONEST: ("on the list of dishonest debtors", "被列为失信被执行人"),
        CaseFlag.PLEDGOR_ABNORMAL: ("on the list of abnormal businesses", "被列入经营异常名录"),
        CaseFlag.PLEDGOR_REVOKED: ("its business licence is revoked", "被吊销营业执照"),
    }
)


def pledgor_events(case: Case) -> Iterator[Signal]:
    """MON-05: bankruptcy, a list of dishonest or abnormal businesses, a revoked licence."""
    for flag, (message, message_zh) in PLEDGOR_FLAGS.items():
        if flag in case.flags:
            yield Signal(
                code="MON-05",
                subject=case.contract_number,
                key=flag.value,
                message=f"{case.borrower_name}: {message}",
                message_zh=f"{case.borrower_name}：{message_zh}",
                evidence={"flag": flag.value},
            )


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """How long a loan is overdue, which stage that is, and how well it may be graded at best."""

    days: int
    stage: int | None
    grade_at_best: Grade


_GRADES: Final = list(Grade)


def delay(case: Case, *, today: date, limits: Parameters = _LIMITS) -> Delay:
    """The stage that a loan's delay has come to: the last limit that its days reach (1, 30, 60, 90, 180, 270, 360)."""
    days = max((today - case.due_on).days, 0)
    reached = [limit for limit in limits.overdue_days if days >= limit]
    floors = [floor.grade for floor in limits.grade_at_least if days >= floor.from_days]
    return Delay(
        days=days,
        stage=reached[-1] if reached else None,
        grade_at_best=floors[-1] if floors else Grade.NORMAL,
    )


def overdue(case: Case, *, today: date, limits: Parameters = _LIMITS) -> Iterator[Signal]:
    """MON-06: a stage of delay is reached; a grade better than the delay allows is high."""
    found = delay(case, today=today, limits=limits)
    if found.stage is None:
        return
    yield Signal(
        code="MON-06",
        subject=case.contract_number,
        key=f"stage:{found.stage}",
        level=Level.LOW,
        message=f"overdue {found.days} days: stage {found.stage}",
        message_zh=f"逾期 {found.days} 日，进入 {found.stage} 日阶段",
        evidence={"days": str(found.days), "stage": str(found.stage)},
    )
    if _GRADES.index(case.grade) < _GRADES.index(found.grade_at_best):
        yield Signal(
            code="MON-06",
            subject=case.contract_number,
            key=f"grade:{case.grade}:{found.grade_at_best}",
            level=Level.HIGH,
            message=f"graded {case.grade}; after {found.days} days it is {found.grade_at_best} at best",
            message_zh=f"五级分类为{GRADE_ZH[case.grade]}，逾期 {found.days} 日至少应为{GRADE_ZH[found.grade_at_best]}",
            evidence={"grade": case.grade.value, "at_best": found.grade_at_best.value},
        )


class BidderTraces(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one bidder in an auction: traces that two strangers would not share."""

    paddle: int
    traces: dict[str, str]
    defaults_before: int = 0


def bidding_anomalies(lot_number: str, bidders: Sequence[BidderTraces]) -> Iterator[Signal]:
    """MON-07: two paddles share a device, address, controller or contact; a bidder has defaulted repeatedly."""
    shared: dict[tuple[str, str], list[int]] = defaultdict(list)
    for bidder in bidders:
        for kind, value in bidder.traces.items():
            shared[kind, value].append(bidder.paddle)
    for (kind, value), paddles in sorted(shared.items()):
        if len(paddles) < 2:
            continue
        listed = ", ".join(map(str, sorted(paddles)))
        yield Signal(
            code="MON-07",
            subject=lot_number,
            key=f"{kind}:{hashlib.sha256(value.encode()).hexdigest()[:16]}:{listed}",
            message=f"paddles {listed} share one {kind}",
            message_zh=f"号牌 {listed} 的 {kind} 相同",
            evidence={"kind": kind, "paddles": listed},
        )
    for bidder in bidders:
        if bidder.defaults_before >= 2:
            yield Signal(
                code="MON-07",
                subject=lot_number,
                key=f"defaults:{bidder.paddle}:{bidder.defaults_before}",
                message=f"paddle {bidder.paddle} has defaulted {bidder.defaults_before} times before",
                message_zh=f"号牌 {bidder.paddle} 曾 {bidder.defaults_before} 次悔拍",
                evidence={"paddle": str(bidder.paddle), "defaults": str(bidder.defaults_before)},
            )


def near_breaker(
    *,
    scheme: str,
    period: str,
    loss_fen: int,
    enrolled_fen: int,
    threshold_bp: int,
    limits: Parameters = _LIMITS,
) -> Iterator[Signal]:
    """MON-08: losses have come to 80% of the part of enrolled principal at which the breaker trips; exact."""
    if enrolled_fen == 0:
        return
    if loss_fen * BP_ONE * BP_ONE >= enrolled_fen * threshold_bp * limits.breaker_warning_bp:
        yield Signal(
            code="MON-08",
            subject=scheme,
            key=f"{period}:{threshold_bp}",
            message=f"losses of {yuan(loss_fen)} on {yuan(enrolled_fen)} enrolled are near the breaker",
            message_zh=f"损失 {yuan(loss_fen)} 元，入库本金 {yuan(enrolled_fen)} 元，接近熔断线",
            evidence={
                "loss_fen": str(loss_fen),
                "enrolled_fen": str(enrolled_fen),
                "threshold_bp": str(threshold_bp),
            },
        )


def _plain(text: str) -> str:
    spelled = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in spelled if c.isalnum())
