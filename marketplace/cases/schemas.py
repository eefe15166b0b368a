"""A defaulted loan as it is stored, handed in and shown."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final
from uuid import UUID

import msgspec

from kit.money import FEN_MAX

Fen = Annotated[int, msgspec.Meta(ge=0, le=FEN_MAX)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Grade(StrEnum):
    """Five-class grade of a loan (五级分类)."""

    NORMAL = "normal"
    SPECIAL_MENTION = "special_mention"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"


#: The grades as Chinese regulation names them (贷款五级分类).
GRADE_ZH: Final[Mapping[Grade, str]] = MappingProxyType(
    {
        Grade.NORMAL: "正常",
        Grade.SPECIAL_MENTION: "关注",
        Grade.SUBSTANDARD: "次级",
        Grade.DOUBTFUL: "可疑",
        Grade.LOSS: "损失",
    }
)


class CaseFlag(StrEnum):
    """What else is to be known of a loan."""

    PLEDGOR_BANKRUPT = "pledgor_bankrupt"
    COMBINED_COLLATERAL = "combined_collateral"
    FUND_ENROLLED = "fund_enrolled"
    SCIENCE_BRANCH = "science_branch"
    PLEDGOR_DISHONEST = "pledgor_dishonest"  # 失信被执行人
    PLEDGOR_ABNORMAL = "pledgor_abnormal"  # 经营异常名录
    PLEDGOR_REVOKED = "pledgor_revoked"  # 吊销营业执照
    COUNTERPARTY_MISSING = "counterparty_missing"  # 交易对手不存在或已注销


class CaseState(StrEnum):
    """How far the recovery of a loan has come. Source: domain 9; `registered` is its draft."""

    REGISTERED = "registered"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    ROUTE_SET = "route_set"
    IN_DISPOSAL = "in_disposal"
    PARTLY_RECOVERED = "partly_recovered"
    SATISFIED = "satisfied"
    EXHAUSTED = "exhausted"
    CLOSED = "closed"
    FROZEN = "frozen"
    RELEASED = "released"


class NewCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A defaulted loan as a bank states it. Amounts in fen; days are Chinese calendar days."""

    contract_number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    borrower_name: Name
    borrower_code: str
    loan_amount_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX)]
    principal_fen: Fen
    interest_fen: Fen
    penalty_fen: Fen = 0
    granted_on: date
    due_on: date
    defaulted_on: date
    demanded_on: date | None = None
    limitation_ends_on: date | None = None
    grade: Grade
    flags: frozenset[CaseFlag] = frozenset()
    ip_part_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None = None


class Case(NewCase, frozen=True, kw_only=True):
    """A defaulted loan as it is on record."""

    id: UUID
    organisation_id: UUID
    state: CaseState
    frozen_from: CaseState | None = None
    import_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


class CaseUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What moves in a loan after it was entered; all of it is replaced at once, and a reason says why."""

    principal_fen: Fen
    interest_fen: Fen
    penalty_fen: Fen
    demanded_on: date | None
    limitation_ends_on: date | None
    grade: Grade
    flags: frozenset[CaseFlag]
    ip_part_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
