"""When a pledge may be registered over a right, and how its state moves. Source: domain 3.2, 9."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from kit.errors import InvalidInput
from kit.money import BP_ONE
from kit.states import require_step
from marketplace.assets.identifiers import InvalidIdentifier, credit_code
from marketplace.assets.types import FACTS, IpType
from marketplace.pledges.schemas import (
    JointPledgee,
    NewPledge,
    Pledge,
    PledgeChange,
    PledgeState,
    RankedPledge,
)

_S = PledgeState

#: What a registered change may change; the loan, the pledgor and the number stay.
CHANGEABLE = (
    "pledgee_name",
    "pledgee_code",
    "secured_amount_fen",
    "joint_pledgees",
    "lead_share_bp",
    "asset_ids",
)

STEPS: Mapping[PledgeState, frozenset[PledgeState]] = MappingProxyType(
    {
        _S.REGISTERED: frozenset({_S.CHANGED, _S.CANCEL_PENDING}),
        _S.CHANGED: frozenset({_S.CHANGED, _S.CANCEL_PENDING}),
        # The office may refuse the cancellation: then the pledge stands as before.
        _S.CANCEL_PENDING: frozenset({_S.CANCELLED, _S.REGISTERED, _S.CHANGED}),
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
    require_shares(pledge.joint_pledgees, pledge.lead_share_bp)
    return msgspec.structs.replace(
        pledge, pledgee_code=codes["pledgee_code"], pledgor_code=codes["pledgor_code"]
    )


def require_shares(joint: Sequence[JointPledgee], lead_share_bp: int | None) -> None:
    """Raise `InvalidInput` unless every pledgee has a share and they make up the whole, or none has one."""
    shares = [lead_share_bp, *(each.share_bp for each in joint)]
    given = [share for share in shares if share is not None]
    if not given:
        return
    if len(given) != len(shares) or sum(given) != BP_ONE:
        raise InvalidInput(
            "joint_pledgees",
            f"the shares make {sum(given)} basis points over {len(given)} of {len(shares)} pledgees; give every"
            f" pledgee one, {BP_ONE} in all, or none",
            f"{len(shares)} 名质权人中 {len(given)} 名有份额，合计 {sum(given)} 基点；"
            f"应全部填写且合计 {BP_ONE}，或均不填",
        )


def changed(pledge: Pledge, change: PledgeChange) -> Pledge:
    """The pledge after a registered change; raises `InvalidInput` for one that cannot be."""
    if change.changed_on < pledge.registered_on:
        raise InvalidInput(
            "changed_on",
            f"{change.changed_on} is before the registration on {pledge.registered_on}",
            f"{change.changed_on} 早于登记日 {pledge.registered_on}",
        )
    given = {
        name: value for name in CHANGEABLE if (value := getattr(change, name)) is not msgspec.UNSET
    }
    if not given:
        raise InvalidInput("reason", "nothing is changed; name what is", "未填写任何变更内容")
    after = msgspec.structs.replace(pledge, **given)
    added = set(after.asset_ids) - set(pledge.asset_ids)
    if added:
        raise InvalidInput(
            "asset_ids",
            f"{min(added)} is not in the registration; another right is registered anew",
            f"{min(added)} 不在该质押登记中；新增权利须另行登记",
        )
    try:
        after = msgspec.structs.replace(after, pledgee_code=credit_code(after.pledgee_code))
    except InvalidIdentifier as error:
        raise InvalidInput("pledgee_code", error.message, error.message_zh) from error
    require_shares(after.joint_pledgees, after.lead_share_bp)
    return msgspec.structs.replace(after, state=PledgeState.CHANGED)


def ranked(pledges: Iterable[Pledge]) -> list[RankedPledge]:
    """The pledges that stand, by rank: the earlier registered is paid first, those of one day share a rank.

    Source: Civil Code 414, 415, 446; within a rank the claims are paid in proportion.
    """
    standing = [pledge for pledge in pledges if pledge.state is not PledgeState.CANCELLED]
    days = sorted({pledge.registered_on for pledge in standing})
    return [
        RankedPledge(rank=days.index(pledge.registered_on) + 1, pledge=pledge)
        for pledge in sorted(standing, key=lambda each: (each.registered_on, each.id))
    ]


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
