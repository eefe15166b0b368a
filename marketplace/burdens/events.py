"""What is told of burdens."""

from uuid import UUID

import msgspec


class BurdenRecorded(msgspec.Struct, frozen=True, kw_only=True, tag="burden_recorded"):
    """Something that rests on a right was entered, or found to have ended."""

    burden_id: UUID
    asset_id: UUID
    organisation_id: UUID
    state: str
