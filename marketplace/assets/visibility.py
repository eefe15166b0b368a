"""Whose loans, rights, pledges, valuations and consignments a caller may see.

A bank sees its own; a venue sees what has been consigned to it and approved by the bank's checker; regulators and
auditors see all and change nothing; jobs see all. For everybody else there is nothing to see, which is an empty
list or "not found", never "forbidden": an outsider learns not even that a thing exists.
"""

from uuid import UUID

import msgspec

from marketplace.organisations.schemas import SYSTEM_USER_ID, Caller, OrganisationKind

_NOBODY = UUID(int=0)
_READERS = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})


class Visibility(msgspec.Struct, frozen=True, kw_only=True):
    """The two conditions of every query: whose it is, and whom it is consigned to; None asks nothing."""

    owner_id: UUID | None = None
    venue_id: UUID | None = None


def visibility_of(caller: Caller) -> Visibility:
    """What `caller` may see, by the kind of organisation that they act for."""
    if caller.organisation_kind in _READERS or caller.user_id == SYSTEM_USER_ID:
        return Visibility()
    if caller.organisation_kind is OrganisationKind.VENUE:
        return Visibility(venue_id=caller.organisation_id)
    if caller.organisation_kind is OrganisationKind.BANK:
        return Visibility(owner_id=caller.organisation_id)
    return Visibility(owner_id=_NOBODY)
