"""Every refusal of the bid engine, in order of precedence (contracts 1: where two apply, the first is given).

On the wire a refusal is its position in this list, counted from 1, so the order may only be added to at the
end of a new version of the library. The Lua library returns its own copy from `describe_v1`; a test compares.
"""

from typing import Final

REFUSALS: Final = (
    "invalid_amount",
    "wrong_action",
    "not_open",
    "closed",
    "cancelled",
    "suspended",
    "unknown_paddle",
    "barred",
    "id_reused",
    "over_limit",
    "below_start",
    "below_minimum",
    "off_grid",
    "above_step_cap",
    "already_leading",
    "match_not_allowed",
    "not_amendable",
    "wrong_price",
    "not_due",
)

#: The refusals that name the least amount that would do.
WITH_MINIMUM: Final = frozenset({"below_start", "below_minimum"})

NUMBER_OF: Final = {code: number for number, code in enumerate(REFUSALS, start=1)}


def code_of(number: int) -> str:
    """The refusal with this number on the wire."""
    return REFUSALS[number - 1]
