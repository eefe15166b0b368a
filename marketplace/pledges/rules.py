"""When a pledge may be registered over a right, and how its state moves. Source: domain 3.2, 9."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from kit.errors import InvalidInput
from kit.states import require_step
from marketplace.assets.identifiers import InvalidIdentifier, credit_code
from marketplace.assets.types import FACTS, IpType
from marketplace.pledges.schemas import NewPledge, PledgeState

_S = PledgeState

STEPS: Mapping[PledgeState, frozenset[PledgeState]] = MappingProxyType(
    {
        _S.REGISTERED: frozenset({_S.CANCEL_PENDING}),
        # The office may refuse the cancellation: then the pledge stands as before.
        _S.CANCEL_PENDING: frozenset({_S.CANCELLED, _S.REGISTERED}),
        _S.CANCELLED: frozenset(),
    }
)

#: The patent office registers one pledge a patent; several lenders stand in one registration. Copyright and marks
#: may carry several, ranked by the day of registration (Civil Code 414).
ONE_PLEDGE_ONLY = frozenset({IpType.PATENT_INVENTION, IpType.PATENT_UTILITY, IpType.PATENT_DESIGN})


def require_pledge_step(current: PledgeState, wanted: PledgeState, *, number: str) -> None:
    """Raise `IllegalStep` unless the pledge registered as `number` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"pledge {number}")


def normal(pledge: NewPledge) -> NewPledge:
    """`pledge` with both codes in their normal spelling, or `InvalidInput` naming the wrong one."""
    codes = {}
    for field in ("pledgee_code", "pledgor_code"):
        try:
            codes[field] = credit_code(getattr(pledge, field))
        except InvalidIdentifier as error:
            raise InvalidInput(field, error.message, error.message_zh) from error
    return msgspec.structs.replace(
        pledge, pledgee_code=codes["pledgee_code"], pledgor_code=codes["pledgor_code"]
    )


def why_not_registrable(ip_type: IpType, *, is_pledged_already: bool) -> tuple[str, str] | None:
    """Why the register would not take a pledge over such a right, English and Chinese; None if it would."""
    facts = FACTS[ip_type]
    if not facts.is_pledge_registrable:
        return (
            f"no pledge can be registered over a {facts.title_en}; the registration office takes none",
            f"{facts.title_zh}不能办理质押登记",
        )
    if is_pledged_already and ip_type in ONE_PLEDGE_ONLY:
        return (
            "the patent is pledged already; one patent carries one registration, with joint pledgees in it",
            "该专利已在质押中；同一专利只能有一项质押登记，多个债权人应列为共同质权人",
        )
    return None
