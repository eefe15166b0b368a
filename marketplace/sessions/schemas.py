"""What goes in and out about auction sessions (专场)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Fen, Moment, Name, Reason


class SessionState(StrEnum):
    """How far a session is."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class SessionLotIn(_In, frozen=True, kw_only=True):
    """A drafted lot of mine, and what its price will bear in costs and taxes, by estimate.

    `other_loans`: further loans of the same borrower that the lot stands for; null, those for which the register has
    its rights pledged to the same bank. What is entered with the lot's claims after its sale counts instead.
    """

    lot_id: UUID
    costs_fen: Fen = 0
    other_loans: Annotated[list[UUID], msgspec.Meta(max_length=20)] | None = None


class Together(_In, frozen=True, kw_only=True):
    """Rights that have to be sold in one lot, and why (art. 15)."""

    asset_ids: Annotated[list[UUID], msgspec.Meta(min_length=2, max_length=200)]
    reason: Reason


class SessionIn(_In, frozen=True, kw_only=True):
    """A session: all lots open together, and close one after the other in the order given."""

    title: Name
    title_zh: Name
    opens_at: Moment
    first_closes_at: Moment
    stagger_seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 300
    lots: Annotated[list[SessionLotIn], msgspec.Meta(min_length=1, max_length=500)]
    together: Annotated[list[Together], msgspec.Meta(max_length=100)] = []


class Consent(_In, frozen=True, kw_only=True):
    """The debtor's agreement that everything is sold although its debt is covered."""

    case_id: UUID
    document_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class SessionLot(msgspec.Struct, frozen=True, kw_only=True):
    """A lot in its place. `stopped_at`: when it was taken out because all the debts behind it were covered.

    `other_loans`, to the session's venue alone: the further loans that it stands for.
    """

    position: int
    lot_id: UUID
    number: str
    title: str
    title_zh: str
    status: str
    opens_at: datetime
    closes_at: datetime
    stopped_at: datetime | None
    other_loans: list[UUID] = []


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session with its lots, in the order in which they close."""

    id: UUID
    number: str
    venue_id: UUID
    title: str
    title_zh: str
    state: SessionState
    opens_at: datetime
    first_closes_at: datetime
    stagger_seconds: int
    published_at: datetime | None
    reason: str | None
    created_at: datetime
    lots: list[SessionLot] = []
