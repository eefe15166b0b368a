"""A line of the ledger, and the file of one loan."""

from datetime import date, datetime

import msgspec

from marketplace.assets.schemas import Asset
from marketplace.assets.upkeep import Upkeep
from marketplace.cases.schemas import Case
from marketplace.consignments.schemas import Consignment
from marketplace.monitoring.schemas import Alert


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """One loan: how long it is overdue, how it is graded and may be at best, what stands behind it."""

    case: Case
    days_overdue: int
    stage: int | None
    grade_at_best: str
    rights: int
    alerts: int


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done, or a day that matters; `subject` says to what."""

    at: datetime
    action: str
    subject: str
    subject_id: str
    reason: str | None


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """A day by which something must be done, and about what."""

    on: date
    what: str
    what_zh: str
    subject: str


class RightLine(msgspec.Struct, frozen=True, kw_only=True):
    """One right of the loan with what keeps it alive."""

    asset: Asset
    upkeep: Upkeep


class CaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one loan: its line, its rights, its consignments, its alerts, its deadlines, its timeline."""

    line: LedgerLine
    rights: tuple[RightLine, ...]
    consignments: tuple[Consignment, ...]
    alerts: tuple[Alert, ...]
    deadlines: tuple[Deadline, ...]
    timeline: tuple[Moment, ...]
