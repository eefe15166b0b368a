"""The annuity calendar (年费日历): what falls due when, with which surcharge, and until when a right is safe.

Source: domain 3.6. The fee of a patent year is due before the year begins, that is by the anniversary of filing;
late, it carries a surcharge of 5% of the full fee for each month over, none in the first; after six months the right
has ended as of the day on which the fee was due. Marks are renewed within twelve months before their end, or within
six months after. The amounts are data (`upkeep.json`), versioned.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from importlib.resources import files
from typing import Final

import msgspec

from kit.money import half_up
from marketplace.assets.schemas import Asset
from marketplace.assets.terms import add_months, add_years
from marketplace.assets.types import FACTS, IpType
from marketplace.edge.fields import Bp, Fen

#: A right must be safe for so long after the planned closing, so that its transfer can be recorded (domain 3.6).
SAFE_AFTER_CLOSING: Final = timedelta(days=90)
_RENEWAL_MONTHS: Final = 12


class FeeBand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The full annual fee of some patent years."""

    from_year: int
    to_year: int
    fee_fen: Fen


class FeeSchedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fees and surcharges as data."""

    version: str
    source: str
    grace_months: int
    surcharge_bp_a_month: Bp
    months_without_surcharge: int
    fees: Mapping[IpType, tuple[FeeBand, ...]]


class FeeDue(msgspec.Struct, frozen=True, kw_only=True):
    """One fee: for which year, by when, until when with surcharge. Amounts are None where no schedule is on record."""

    year: int | None
    due_on: date
    grace_ends_on: date
    fee_fen: int | None
    surcharge_fen: int | None


class Upkeep(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps a right alive, as of a day.

    `fee_safe_until`: the last day up to which nothing needs to be paid; None with `is_unlimited` where nothing ever
    does, None without it where it is not known. `state`: safe, due, grace, lapsed or unknown.
    """

    fee_safe_until: date | None
    is_unlimited: bool
    state: str
    schedule_version: str
    dues: tuple[FeeDue, ...]

    @property
    def payable_fen(self) -> int:
        """What the listed dues cost in all, surcharges included; those without an amount count nothing."""
        return sum((due.fee_fen or 0) + (due.surcharge_fen or 0) for due in self.dues)


def load_schedule(name: str = "upkeep.json") -> FeeSchedule:
    """The fee schedule that came with this version."""
    text = files("marketplace.assets").joinpath(name).read_bytes()
    return msgspec.json.decode(text, type=FeeSchedule)


SCHEDULE: Final = load_schedule()


def annual_fee(ip_type: IpType, year: int, schedule: FeeSchedule = SCHEDULE) -> int | None:
    """The full fee of a patent year in fen, or None where the schedule has none."""
    for band in schedule.fees.get(ip_type, ()):
        if band.from_year <= year <= band.to_year:
            return band.fee_fen
    return None


def surcharge(
    fee_fen: int, *, due_on: date, paid_on: date, schedule: FeeSchedule = SCHEDULE
) -> int | None:
    """The surcharge on a fee that is paid on `paid_on`; None when even the grace period is over by then."""
    if paid_on <= due_on:
        return 0
    for month in range(1, schedule.grace_months + 1):
        if paid_on <= add_months(due_on, month):
            charged = month - schedule.months_without_surcharge
            return half_up(fee_fen, max(charged, 0) * schedule.surcharge_bp_a_month)
    return None


def upkeep(
    asset: Asset, *, today: date, until: date | None = None, schedule: FeeSchedule = SCHEDULE
) -> Upkeep:
    """The calendar of one right: what falls due from its last payment on, through `until` (left out: its end)."""
    facts = FACTS[asset.ip_type]
    if facts.has_nice_class:
        return _of_mark(asset, today=today, schedule=schedule)
    if not facts.has_upkeep:
        return Upkeep(
            fee_safe_until=asset.expires_on,
            is_unlimited=asset.expires_on is None,
            state="safe",
            schedule_version=schedule.version,
            dues=(),
        )
    paid_to = asset.fee_paid_to
    if paid_to is None:
        return Upkeep(
            fee_safe_until=None,
            is_unlimited=False,
            state="unknown",
            schedule_version=schedule.version,
            dues=(),
        )
    last = min(paid_to, asset.expires_on) if asset.expires_on is not None else paid_to
    dues = _dues(asset, paid_to, today=today, until=until, schedule=schedule)
    return Upkeep(
        fee_safe_until=last,
        is_unlimited=False,
        state=_state(dues, today=today),
        schedule_version=schedule.version,
        dues=dues,
    )


def cost_of_keeping(asset: Asset, *, closing_on: date, today: date) -> int:
    """What must be paid to be safe for 90 days after the closing: a cost at rank one (Civil Code 389)."""
    return upkeep(asset, today=today, until=closing_on + SAFE_AFTER_CLOSING).payable_fen


def _dues(
    asset: Asset, paid_to: date, *, today: date, until: date | None, schedule: FeeSchedule
) -> tuple[FeeDue, ...]:
    if asset.filed_on is None or asset.ip_type not in schedule.fees:
        grace = add_months(paid_to, schedule.grace_months)
        unpriced = FeeDue(
            year=None, due_on=paid_to, grace_ends_on=grace, fee_fen=None, surcharge_fen=None
        )
        return (unpriced,) if until is None or paid_to < until else ()
    found = []
    year = 1
    while (fee_fen := annual_fee(asset.ip_type, year, schedule)) is not None:
        due_on = add_years(asset.filed_on, year - 1)
        is_over = asset.expires_on is not None and due_on >= asset.expires_on
        if is_over or (until is not None and due_on >= until):
            break
        if due_on >= paid_to:
            found.append(
                FeeDue(
                    year=year,
                    due_on=due_on,
                    grace_ends_on=add_months(due_on, schedule.grace_months),
                    fee_fen=fee_fen,
                    surcharge_fen=surcharge(
                        fee_fen, due_on=due_on, paid_on=today, schedule=schedule
                    ),
                )
            )
        year += 1
    return tuple(found)


def _of_mark(asset: Asset, *, today: date, schedule: FeeSchedule) -> Upkeep:
    """A mark's renewal: from twelve months before its end; fees of renewal are not on the schedule."""
    if asset.expires_on is None:
        dues: tuple[FeeDue, ...] = ()
        state = "unknown"
    else:
        dues = (
            FeeDue(
                year=None,
                due_on=asset.expires_on,
                grace_ends_on=add_months(asset.expires_on, schedule.grace_months),
                fee_fen=None,
                surcharge_fen=None,
            ),
        )
        state = _state(dues, today=today)
        if state == "safe" and today >= add_months(asset.expires_on, -_RENEWAL_MONTHS):
            state = "due"
    return Upkeep(
        fee_safe_until=asset.expires_on,
        is_unlimited=False,
        state=state,
        schedule_version=schedule.version,
        dues=dues,
    )


def _state(dues: tuple[FeeDue, ...], *, today: date) -> str:
    if not dues or today <= dues[0].due_on:
        return "safe"
    return "grace" if today <= dues[0].grace_ends_on else "lapsed"
