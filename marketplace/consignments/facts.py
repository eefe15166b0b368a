"""What the eligibility checks look at and what they say."""

from collections.abc import Callable, Iterable, Mapping
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
from marketplace.valuations.rules import INTERNAL_LOAN_MAX_FEN, is_valid_on
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


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """The lot in which the rights are on their way to a sale: its law and prices, in fen, and the day of its close."""

    regime: Regime
    start_price_fen: int
    closes_on: date
    reserve_price_fen: int | None = None


def as_listed(terms: Terms, listed: Listed | None) -> Terms:
    """The terms under the law by which the rights are offered, done by the lot's close if that is later.

    A plan may leave its consignment's regime, and a later round closes after the day that was planned.
    """
    if listed is None:
        return terms
    closing_on = max(terms.closing_on, listed.closes_on)
    return msgspec.structs.replace(terms, regime=listed.regime, closing_on=closing_on)


def valuation_of(
    asset_id: UUID, own: Iterable[Valuation], recognised: Iterable[Valuation], *, on: date
) -> Valuation | None:
    """The report that counts for a right: the bank's newest, and where that does not hold another bank's that it
    recognises (domain 4.3, mutual recognition). Both newest first.
    """
    newest = next((report for report in own if asset_id in report.asset_ids), None)
    if newest and is_valid_on(on, base_on=newest.base_on, valid_to=newest.valid_to):
        return newest
    return next((report for report in recognised if asset_id in report.asset_ids), newest)


def parties_to_tell(rights: Iterable[Right], case: Case) -> frozenset[str]:
    """Who is told of a court's sale before its notice: pledgors, co-owners, the debtor (法释〔2016〕18号 art. 16)."""
    found = list(rights)
    pledgors = {pledge.pledgor_name for right in found for pledge in right.pledges}
    co_owners = {owner.name for right in found for owner in right.asset.co_owners}
    return frozenset(pledgors | co_owners | {case.borrower_name})


def told_too_late(
    required: Iterable[str],
    told: Iterable[tuple[str, date | None]],
    *,
    published_on: date | None,
) -> tuple[str, ...]:
    """Who was not told in time, by name: never, not yet, or less than three days before the notice.

    `told`: each party that was sent word, and the day on which it counts as told. One that nobody has to be told and
    who was sent word (a priority holder found later) is waited for too.
    """
    days: dict[str, list[date | None]] = {name: [] for name in required}
    for name, day in told:
        days.setdefault(name, []).append(day)
    return tuple(
        sorted(name for name, own in days.items() if not own or any(map(_late(published_on), own)))
    )


def _late(published_on: date | None) -> Callable[[date | None], bool]:
    def is_late(day: date | None) -> bool:
        return day is None or (published_on is not None and (published_on - day).days < _TOLD_DAYS)

    return is_late


#: 法释〔2016〕18号 art. 16: three days before the notice.
_TOLD_DAYS = 3


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
    #: The lot of the round that is on its way; None before one is drafted.
    listed: Listed | None = None
    #: Up to how large a loan a valuation from inside is enough for it, by its scheme.
    internal_limit_fen: int = INTERNAL_LOAN_MAX_FEN

    @property
    def expected_fen(self) -> int:
        """What the sale is expected to bring: reserve or start price of the round's own lot, else as consigned."""
        priced = self.listed or self.terms
        return priced.reserve_price_fen or priced.start_price_fen

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
