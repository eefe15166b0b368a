"""The checklist after a sale, by right and regime: where, which papers, when the right passes. Source: domain 3.11."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from kit.states import require_step
from marketplace.assets.types import FACTS, IpType
from marketplace.lots.regimes import Regime


class StepKind(StrEnum):
    """What has to be done."""

    RECORDAL = "recordal"  # 权利变更登记
    PLEDGE_CANCELLATION = "pledge_cancellation"  # 质押注销
    HANDOVER = "handover"  # 交付技术资料
    TELL_FUND = "tell_fund"  # 告知资金管理人


class StepState(StrEnum):
    """How far it is."""

    PENDING = "pending"
    FILED = "filed"
    DONE = "done"
    REFUSED = "refused"


_S = StepState
STEPS: Mapping[StepState, frozenset[StepState]] = MappingProxyType(
    {
        _S.PENDING: frozenset({_S.FILED, _S.DONE}),
        _S.FILED: frozenset({_S.DONE, _S.REFUSED}),
        # what was refused may be filed anew; or the sale is undone
        _S.REFUSED: frozenset({_S.FILED}),
        _S.DONE: frozenset(),
    }
)


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A text in both languages."""

    en: str
    zh: str


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a step is filed, with which papers, and when the right passes."""

    office: Words
    papers: list[Words]
    passes: Words


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """A right that was sold."""

    id: UUID
    ip_type: IpType
    number: str
    title: str


class StandingPledge(msgspec.Struct, frozen=True, kw_only=True):
    """A pledge over it that has to go."""

    id: UUID
    registration_number: str
    pledgee: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the checklist."""

    kind: StepKind
    subject_id: UUID | None
    subject: str
    filing: Filing
    due_on: date


class _Office(NamedTuple):
    office: tuple[str, str]
    private: tuple[tuple[str, str], ...]
    passes: tuple[str, str]


_CONTRACT = ("assignment contract signed by both", "双方签署的转让合同")
_CONSENT = (
    "the pledgee's consent, or the cancelled pledge",
    "质权人同意转让的书面材料或质押注销证明",
)
_IDENTITY = ("identity papers of both", "双方主体资格证明")
_ORDER = ("the court's order on the sale", "成交裁定书")
_ASSIST = ("the court's notice to assist in execution", "协助执行通知书")
_CONFIRMATION = ("the confirmation of sale", "成交确认书")
_REGISTRATION = ("the day of registration (Patent Law art. 10)", "登记之日（专利法第十条）")
_COURT_PASSES = (
    "service of the court's order; registration records it (法释〔2016〕18号 art. 22)",
    "成交裁定送达时转移，登记仅为公示（法释〔2016〕18号第二十二条）",
)
_PATENT = _Office(
    (
        "CNIPA, change of the owner in the register (fee 200 yuan)",
        "国家知识产权局著录项目变更（权利人变更，费用200元）",
    ),
    (_CONTRACT, _CONSENT, _CONFIRMATION),
    _REGISTRATION,
)
_MARK = _Office(
    (
        "Trademark Office, transfer together with all similar marks",
        "商标局转让（移转）申请，近似商标一并办理",
    ),
    (_IDENTITY, _CONTRACT, _CONSENT, _CONFIRMATION),
    ("the day on which the approved transfer is published", "核准转让公告之日"),
)
_COPYRIGHT = _Office(
    ("Copyright Protection Centre, voluntary recordal", "中国版权保护中心转让备案（自愿，公示）"),
    (_CONTRACT, _CONFIRMATION),
    ("the contract", "合同生效时"),
)
_LAYOUT = _Office(
    ("CNIPA, registration of the layout design's transfer", "国家知识产权局布图设计专有权转让登记"),
    (_CONTRACT, _CONSENT, _CONFIRMATION),
    ("the day of registration", "登记之日"),
)
_VARIETY = _Office(
    ("the agriculture or forestry authority", "农业农村或林草主管部门"),
    (_CONTRACT, ("propagating material", "繁殖材料"), _CONFIRMATION),
    ("registration and publication", "登记并公告之日"),
)
_OTHER = _Office(
    ("the register or exchange that issued the certificate", "出具登记证书的登记机构或交易所"),
    (_CONTRACT, _CONFIRMATION),
    ("as the certificate's rules say, else the contract", "按登记机构规则；无规则的，合同生效时"),
)
_LICENCE = _Office(
    ("CNIPA, recordal within three months", "国家知识产权局备案（三个月内）"),
    (("summary of the contract", "合同摘要"), _CONTRACT),
    ("the contract", "合同生效时"),
)
_OFFICES: Final[Mapping[IpType, _Office]] = MappingProxyType(
    dict.fromkeys(IpType, _OTHER)
    | dict.fromkeys(
        (
            IpType.PATENT_INVENTION,
            IpType.PATENT_UTILITY,
            IpType.PATENT_DESIGN,
            IpType.PATENT_APPLICATION,
        ),
        _PATENT,
    )
    | dict.fromkeys((IpType.TRADEMARK, IpType.TM_COLLECTIVE, IpType.TM_CERTIFICATION), _MARK)
    | dict.fromkeys((IpType.COPYRIGHT, IpType.SOFTWARE_COPYRIGHT), _COPYRIGHT)
    | {
        IpType.IC_LAYOUT: _LAYOUT,
        IpType.PLANT_VARIETY: _VARIETY,
        IpType.LICENCE_RECEIVABLE: _LICENCE,
    }
)
#: Until when a recordal is filed [D]: thirty days; a licence within the three months that the law gives.
_DAYS: Final = timedelta(days=30)
_LICENCE_DAYS: Final = timedelta(days=90)


def require_transfer_step(current: StepState, wanted: StepState, *, name: str) -> None:
    """Raise `IllegalStep` unless the step `name` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"transfer step {name}")


def checklist(
    regime: Regime,
    rights: Sequence[Right],
    pledges: Sequence[StandingPledge],
    *,
    opened_on: date,
    has_fund: bool,
) -> list[Step]:
    """Every step after a sale: each right recorded, each pledge cancelled, the fund told, know-how handed over."""
    steps = [_recordal(regime, right, opened_on=opened_on) for right in rights]
    steps += [
        Step(
            kind=StepKind.PLEDGE_CANCELLATION,
            subject_id=pledge.id,
            subject=pledge.registration_number,
            filing=_CANCELLATION,
            due_on=opened_on + _DAYS,
        )
        for pledge in pledges
    ]
    if has_fund:
        steps.append(
            Step(
                kind=StepKind.TELL_FUND,
                subject_id=None,
                subject="risk-compensation fund 风险补偿资金",
                filing=_FUND,
                due_on=opened_on + timedelta(days=5),
            )
        )
    steps.append(
        Step(
            kind=StepKind.HANDOVER,
            subject_id=None,
            subject="know-how and papers 技术资料与权属文件",
            filing=_HANDOVER,
            due_on=opened_on + _DAYS,
        )
    )
    return steps


def _recordal(regime: Regime, right: Right, *, opened_on: date) -> Step:
    office = _OFFICES[right.ip_type]
    is_court = regime is Regime.JUDICIAL_NETWORK
    papers = (_IDENTITY, _ORDER, _ASSIST) if is_court else office.private
    days = _LICENCE_DAYS if right.ip_type is IpType.LICENCE_RECEIVABLE else _DAYS
    return Step(
        kind=StepKind.RECORDAL,
        subject_id=right.id,
        subject=f"{FACTS[right.ip_type].title_zh} {right.number} {right.title}",
        filing=Filing(
            office=_words(office.office),
            papers=[_words(paper) for paper in papers],
            passes=_words(_COURT_PASSES if is_court else office.passes),
        ),
        due_on=opened_on + days,
    )


def _words(pair: tuple[str, str]) -> Words:
    return Words(en=pair[0], zh=pair[1])


_CANCELLATION: Final = Filing(
    office=_words(("the office that registered the pledge", "质押登记机构")),
    papers=[
        _words(
            (
                "application to cancel the pledge, signed by pledgee and pledgor",
                "质押注销登记申请书（质权人、出质人签章）",
            )
        ),
        _words(("the pledge's registration certificate or notice", "质押登记通知书")),
        _words(
            (
                "proof that the secured claim ended or the pledge was realised",
                "主债权消灭或质权实现的证明",
            )
        ),
        _words(_CONFIRMATION),
    ],
    passes=_words(
        (
            "the pledge ends with its cancellation or realisation (Civil Code 393)",
            "质权因实现或注销登记而消灭（民法典第三百九十三条）",
        )
    ),
)
_FUND: Final = Filing(
    office=_words(("the administrator of the risk-compensation fund", "风险补偿资金管理人")),
    papers=[_words(_CONFIRMATION), _words(("the statement of settlement", "结算单"))],
    passes=_words(("no right passes by it", "不涉及权利转移")),
)
_HANDOVER: Final = Filing(
    office=_words(("from pledgor and venue to the buyer", "出质人、交易场所向买受人交付")),
    papers=[
        _words(
            (
                "certificates, files and technical papers, by a list signed by both",
                "权利证书、档案与技术资料，双方签署交割清单",
            )
        ),
    ],
    passes=_words(("no right passes by it", "不涉及权利转移")),
)
