"""A run of the eligibility rules, and an override, as they are stored and shown."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

import msgspec

from marketplace.consignments.facts import EligibilityFinding
from marketplace.edge.fields import Reason


class Cause(StrEnum):
    """Why the rules were run."""

    ASKED = "asked"
    CHANGED = "changed"
    ACCEPTED = "accepted"
    LOT_CHECKED = "lot_checked"
    PUBLISHED = "published"
    OVERRIDDEN = "overridden"
    DECIDED = "decided"  # a set-off or mandate is approved, a licence signed or made effective


#: Rules that do not hold a licence, or a mandate to license: whether another licence meets it is asked of each by
#: itself (domain 3.4), and the notice of a sale (ELG-21) is a lot's.
NOT_OF_LICENCES: Final = frozenset({"ELG-15", "ELG-21"})
#: Nor does a sale's notice hold a set-off, which nobody is invited to.
NOT_OF_SET_OFFS: Final = frozenset({"ELG-21"})


class Outcome(StrEnum):
    """The gravest thing that was found."""

    CLEAR = "clear"
    WARNED = "warned"
    HELD = "held"
    BLOCKED = "blocked"


class Examined(EligibilityFinding, frozen=True, kw_only=True):
    """A finding with the fingerprint of its evidence, and the reason for which a checker passed over it."""

    evidence_sha256: str
    overridden_reason: str | None = None
    overridden_by: UUID | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run over one consignment."""

    id: UUID
    consignment_id: UUID
    organisation_id: UUID
    venue_id: UUID
    checks_version: str
    cause: Cause
    outcome: Outcome
    findings: tuple[Examined, ...]
    made_by: UUID
    made_at: datetime


class NewOverride(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which held finding a checker passes over, and why. It counts while the finding's evidence is the same."""

    evidence_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    reason: Reason
