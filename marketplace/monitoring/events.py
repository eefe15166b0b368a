"""What is told of alerts."""

from uuid import UUID

import msgspec


class AlertRaised(msgspec.Struct, frozen=True, kw_only=True, tag="alert_raised"):
    """A signal was seen for the first time: whoever it concerns is told the same day."""

    alert_id: UUID
    organisation_id: UUID
    code: str


class AlertMoved(msgspec.Struct, frozen=True, kw_only=True, tag="alert_moved"):
    """An alert's review came to another state."""

    alert_id: UUID
    organisation_id: UUID
    state: str
