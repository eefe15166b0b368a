"""What is told of experts and panels."""

from uuid import UUID

import msgspec


class ExpertsDrawn(msgspec.Struct, frozen=True, kw_only=True, tag="experts_drawn"):
    """A panel was drawn by lot."""

    draw_id: UUID
    organisation_id: UUID
    subject_id: UUID


class ExpertDeclared(msgspec.Struct, frozen=True, kw_only=True, tag="expert_declared"):
    """An expert who was drawn declared to be free of conflicts, or stepped back."""

    draw_id: UUID
    expert_id: UUID
    organisation_id: UUID
    is_free: bool
