"""What the eligibility checks look at and what they say."""

from collections.abc import Callable, Iterable
from datetime import date

import msgspec

from marketplace.assets.schemas import Asset
from marketplace.cases.schemas import Case
from marketplace.consignments.schemas import Terms
from marketplace.lots.regimes import Finding, Severity
from marketplace.pledges.schemas import Pledge
from marketplace.valuations.schemas import Valuation


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """One consigned right: its record, the pledges over it by rank, its newest valuation, and the marks left out."""

    asset: Asset
    pledges: tuple[Pledge, ...] = ()
    valuation: Valuation | None = None
    #: Numbers of the same owner's marks in the same class that are on record and not consigned with it.
    marks_left_out: tuple[str, ...] = ()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the checks look at, as of one day."""

    terms: Terms
    consignor_code: str | None
    case: Case
    rights: tuple[Right, ...]
    today: date

    @property
    def valuation_fen(self) -> int:
        """The rights' newest valuations, each report counted once; 0 when there is none."""
        reports = {right.valuation.id: right.valuation for right in self.rights if right.valuation}
        return sum(report.value_fen for report in reports.values())


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """What a check holds against a sale. `evidence` is what was seen; `severity` replaces the check's usual one."""

    subject: str
    field: str
    message: str
    message_zh: str
    evidence: dict[str, str]
    severity: Severity | None = None


class EligibilityFinding(Finding, frozen=True, kw_only=True):
    """An objection under its rule's code. `subject` is the right's number, or the contract's."""

    subject: str
    evidence: dict[str, str]
    source: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One rule."""

    code: str
    severity: Severity
    title: str
    title_zh: str
    source: str
    examine: Callable[[Facts], Iterable[Objection]]
