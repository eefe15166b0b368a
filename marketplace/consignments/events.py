"""What is told of consignments."""

from uuid import UUID

import msgspec


class ConsignmentDrafted(msgspec.Struct, frozen=True, kw_only=True, tag="consignment_drafted"):
    """A bank began a consignment."""

    consignment_id: UUID
    organisation_id: UUID


class ConsignmentChanged(msgspec.Struct, frozen=True, kw_only=True, tag="consignment_changed"):
    """A draft, or one that came back, has new terms."""

    consignment_id: UUID
    organisation_id: UUID


class ConsignmentMoved(msgspec.Struct, frozen=True, kw_only=True, tag="consignment_moved"):
    """A consignment came to another state."""

    consignment_id: UUID
    organisation_id: UUID
    venue_id: UUID
    state: str


class FundTold(msgspec.Struct, frozen=True, kw_only=True, tag="fund_told"):
    """A fund with a claim on the loan was told of a listing, a price or a route."""

    notice_id: UUID
    fund_id: UUID
    organisation_id: UUID
