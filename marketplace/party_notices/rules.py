"""When a party counts as told, and when the public may be. Source: 法释〔2016〕18号 art. 16 (domain 2.1)."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from marketplace.party_notices.schemas import PartyNotice, Told

#: Who cannot be reached counts as told after five full days from the publication of the reason.
_PRESUMED_AFTER = timedelta(days=5)
#: The notice follows three days after the last party was told, at the earliest.
PUBLISH_AFTER = timedelta(days=3)


def effective_on(state: Told, on: date) -> date:
    """The day on which a party counts as told: of receipt or waiver, or once five full days have passed.

    The day of the publication does not count (Civil Code 201), so the fifth day after it is the last of the five.
    """
    return on + _PRESUMED_AFTER if state == "unreachable" else on


def may_publish_from(required: Iterable[str], told: Sequence[PartyNotice]) -> date | None:
    """The first day on which the notice may be published; None while a party is missing or not yet told."""
    names = {one.party_name for one in told}
    if not told or any(name not in names for name in required):
        return None
    days = [one.effective_on for one in told]
    if any(day is None for day in days):
        return None
    return max(day for day in days if day is not None) + PUBLISH_AFTER
