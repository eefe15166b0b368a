"""What is told of pledges."""

from uuid import UUID

import msgspec


class PledgeRegistered(msgspec.Struct, frozen=True, kw_only=True, tag="pledge_registered"):
    """A bank entered a pledge registration."""

    pledge_id: UUID
    case_id: UUID
    organisation_id: UUID


class PledgeMoved(msgspec.Struct, frozen=True, kw_only=True, tag="pledge_moved"):
    """A pledge's cancellation was asked for, refused, or recorded."""

    pledge_id: UUID
    organisation_id: UUID
    state: str
