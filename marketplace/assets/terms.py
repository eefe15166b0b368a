"""How long a right lasts. Source: domain 3.1, column "Term".

A term ends on the day of the month on which it began, and on the month's last day where that day is missing.
"""

from calendar import monthrange
from datetime import date

from marketplace.assets.types import IpType

#: The new Patent Law gives designs filed from this day 15 years; before it was 10.
DESIGN_15_YEARS_FROM = date(2021, 6, 1)
#: Compensation for the time a drug's approval took may add up to this to an invention's term.
COMPENSATION_YEARS_MAX = 5
_YEARS_FROM_FILING = {IpType.PATENT_INVENTION: 20, IpType.PATENT_UTILITY: 10, IpType.IC_LAYOUT: 10}


def add_years(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes the 28th in a common year."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last day of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def term_end(ip_type: IpType, filed_on: date) -> date | None:
    """The last day of a right filed on `filed_on`, or None where filing alone does not tell it.

    A trademark counts from registration and may be renewed, copyright counts from publication, plant varieties
    from the grant; for those the certificate's own date is recorded.
    """
    if ip_type is IpType.PATENT_DESIGN:
        return add_years(filed_on, 15 if filed_on >= DESIGN_15_YEARS_FROM else 10)
    years = _YEARS_FROM_FILING.get(ip_type)
    return None if years is None else add_years(filed_on, years)


def is_term_possible(ip_type: IpType, filed_on: date, expires_on: date) -> bool:
    """Whether `expires_on` can be the end of such a right; an invention may have compensation on top."""
    end = term_end(ip_type, filed_on)
    if end is None:
        return expires_on > filed_on
    if ip_type is IpType.PATENT_INVENTION:
        return end <= expires_on <= add_years(end, COMPENSATION_YEARS_MAX)
    if (
        ip_type is IpType.IC_LAYOUT
    ):  # 10 years from filing or first exploitation, whichever came first
        return filed_on < expires_on <= end
    return expires_on == end


def layout_end(
    *, filed_on: date | None, first_exploited_on: date | None, created_on: date | None
) -> date | None:
    """Ten years from the earlier of filing and first exploitation, at most fifteen from creation (条例 12)."""
    begins = [day for day in (filed_on, first_exploited_on) if day is not None]
    ends = [add_years(min(begins), 10)] if begins else []
    if created_on is not None:
        ends.append(add_years(created_on, 15))
    return min(ends, default=None)


def variety_end(granted_on: date, *, is_woody: bool) -> date:
    """25 years from the grant for trees and vines, 20 for other plants (2025 revision of the regulation)."""
    return add_years(granted_on, 25 if is_woody else 20)


def copyright_end(published_on: date) -> date:
    """A legal person's work: the last day of the fiftieth year after publication (著作权法 23)."""
    return date(published_on.year + 50, 12, 31)
