"""What the eligibility checks look at and what they say."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

import msgspec

from marketplace.assets.schemas import Asset
from marketplace.burdens.schemas import Burden
from marketplace.cases.schemas import Case
from marketplace.consignments.schemas import Terms
from marketplace.lots.regimes import Finding, Regime, Severity
from marketplace.monitoring.schemas import Alert
from marketplace.pledges.schemas import Pledge
from marketplace.valuations.schemas import Valuation


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """One consigned right: its record, the pledges over it by rank, its newest valuation, and the marks left out."""

    asset: Asset
    pledges: tuple[Pledge, ...] = ()
    valuation: Valuation | None = None
    #: Numbers of the same owner's marks in the same class that are on record and not consigned with it.
    marks_left_out: tuple[str, ...] = ()
    #: What rests on it and stands; `asset` carries the flags of these beside the register's.
    burdens: tuple[Burden, ...] = ()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the checks look at, as of one day."""

    terms: Terms
    consignor_code: str | None
    case: Case
    rights: tuple[Right, ...]
    today: date
    #: Before a lot is published: what is planned can still be planned otherwise.
    is_planned: bool = True
    #: Alerts about the loan or the rights that are not closed.
    alerts: tuple[Alert, ...] = ()
    #: Funds with a claim on the loan, and whether they were told of the route and price that now stand.
    fund_ids: tuple[UUID, ...] = ()
    is_fund_told: bool = False
    #: Parties and priority holders who were not notified in time, by name.
    unnotified: tuple[str, ...] = ()

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


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule as data; None under a regime that allows what it looks for. `evidence`: names of what was seen."""

    code: str
    severity: Mapping[Regime, Severity | None]
    title: str
    title_zh: str
    source: str
    evidence: tuple[str, ...]
