"""What is asked, who decides, and from which amount on two must."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Fen, PositiveFen, Reason


class Kind(StrEnum):
    """What an approval is for (domain 7: maker and checker)."""

    LISTING = "listing"  # 上市挂牌
    PRICE_CUT = "price_cut"  # 降价
    ROUTE_CHANGE = "route_change"  # 变更处置方式
    SET_OFF = "set_off"  # 以物抵债
    DISTRIBUTION = "distribution"  # 分配方案
    COMPENSATION = "compensation"  # 风险补偿
    LIABILITY = "liability"  # 确认分险责任
    LIABILITY_PAYOUT = "liability_payout"  # 代偿
    USER_RIGHTS = "user_rights"  # 用户权限
    APPROVAL_LIMIT = "approval_limit"  # 双复核起点金额


class ApprovalState(StrEnum):
    """Where a request for approval stands."""

    PENDING = "pending"
    APPROVED = "approved"  # enough others agreed; not yet carried out
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by who asked, or because the content changed
    USED = "used"  # what was approved is done


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One checker's word."""

    decided_by: UUID
    is_yes: bool
    reason: str
    decided_at: datetime


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A request for approval. `content` is byte for byte what `sha256` was computed over."""

    id: UUID
    organisation_id: UUID
    kind: Kind
    subject_id: UUID
    content: str
    sha256: str
    amount_fen: Fen | None
    checkers: int
    reason: str
    asked_by: UUID
    asked_at: datetime
    state: ApprovalState
    settled_at: datetime | None
    decisions: list[Decision] = []

    @property
    def is_complete(self) -> bool:
        """Whether enough others have agreed."""
        return self.state in (ApprovalState.APPROVED, ApprovalState.USED)


class DecisionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes or no to exactly the content with this hash, and why."""

    approved: bool
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    reason: Reason


class LimitIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which amount on two checkers must agree; null: one always does. Another checker approves the change."""

    two_checkers_from_fen: PositiveFen | None
    reason: Reason


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an organisation's limit; the newest counts."""

    version: int
    two_checkers_from_fen: PositiveFen | None
    approval_id: UUID
    set_at: datetime
