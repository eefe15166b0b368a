"""The states of a consignment, which step may follow which, and who may take it. Source: design, domain 7 and 9.

Eligibility (`eligibility`, the rules ELG-xx) has a module of its own and is offered here too.
"""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from kit.errors import Forbidden, InvalidInput
from kit.states import require_step
from marketplace.consignments.eligibility import CHECKS, eligibility
from marketplace.consignments.facts import EligibilityFinding, Facts, Right
from marketplace.consignments.schemas import ConsignmentState, Terms

__all__ = [
    "CHECKS",
    "OPEN",
    "STEPS",
    "EligibilityFinding",
    "Facts",
    "Right",
    "SamePerson",
    "contradictions",
    "eligibility",
    "require_another_person",
    "require_consignment_step",
]

_S = ConsignmentState

STEPS: Mapping[ConsignmentState, frozenset[ConsignmentState]] = MappingProxyType(
    {
        _S.DRAFT: frozenset({_S.SUBMITTED, _S.WITHDRAWN}),
        # The bank's own checker may send it back, as the venue may.
        _S.SUBMITTED: frozenset({_S.UNDER_REVIEW, _S.RETURNED, _S.WITHDRAWN}),
        _S.UNDER_REVIEW: frozenset({_S.ACCEPTED, _S.RETURNED, _S.WITHDRAWN}),
        _S.RETURNED: frozenset({_S.SUBMITTED, _S.WITHDRAWN}),
        _S.ACCEPTED: frozenset({_S.DISPOSING, _S.WITHDRAWN}),
        _S.DISPOSING: frozenset({_S.RECOVERED, _S.UNSOLD, _S.WITHDRAWN}),
        # The next step of the disposal plan takes an unsold right up again; a buyer's default does so after a sale.
        _S.UNSOLD: frozenset({_S.DISPOSING, _S.WITHDRAWN, _S.CLEARED}),
        _S.RECOVERED: frozenset({_S.DISPOSING, _S.CLEARED}),
        _S.WITHDRAWN: frozenset({_S.CLEARED}),
        _S.CLEARED: frozenset(),
    }
)

#: While a consignment is in one of these, its rights can be in no other.
OPEN = frozenset(_S) - {_S.WITHDRAWN, _S.CLEARED}

#: What may still be edited.
EDITABLE = frozenset({_S.DRAFT, _S.RETURNED})


class SamePerson(Forbidden):
    """Another person must take this step than the one who took the step before. / 经办与复核不得为同一人。"""

    code = "same_person"


def require_consignment_step(
    current: ConsignmentState, wanted: ConsignmentState, *, number: str
) -> None:
    """Raise `IllegalStep` unless consignment `number` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"consignment {number}")


def require_another_person(maker: UUID | None, checker: UUID) -> None:
    """Raise `SamePerson` when maker and checker are one person, whatever roles they hold."""
    if maker == checker:
        raise SamePerson


def contradictions(terms: Terms) -> list[InvalidInput]:
    """What in the terms themselves cannot be; each names its field and what would be right."""
    found = []
    if len(set(terms.asset_ids)) != len(terms.asset_ids):
        found.append(InvalidInput("asset_ids", "a right stands in it twice", "知识产权重复"))
    if terms.reserve_price_fen is not None and terms.reserve_price_fen < terms.start_price_fen:
        found.append(
            InvalidInput(
                "reserve_price_fen",
                "the reserve is below the start price; leave it out, or set it at or above the start price",
                "保留价低于起始价；请留空，或不低于起始价",
            )
        )
    if terms.deposit_fen > terms.start_price_fen:
        found.append(
            InvalidInput(
                "deposit_fen",
                "the deposit is above the start price; 5% to 20% of it is usual",
                "保证金高于起始价；通常为起始价的百分之五至百分之二十",
            )
        )
    if terms.authority is not None and not terms.authority_document.strip():
        found.append(
            InvalidInput(
                "authority_document",
                "is empty; name the document that gives the power to dispose",
                "不得为空；请填写处置依据文件",
            )
        )
    return found
