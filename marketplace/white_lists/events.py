"""What is told of white lists."""

from uuid import UUID

import msgspec


class ListPushed(msgspec.Struct, frozen=True, kw_only=True, tag="white_list_pushed"):
    """A list came to a bank: the event concerns that bank."""

    list_id: UUID
    organisation_id: UUID
    number: int


class ListAnswered(msgspec.Struct, frozen=True, kw_only=True, tag="white_list_answered"):
    """A bank sent its receipt or said what became of an entry: the event concerns the list's keeper."""

    list_id: UUID
    organisation_id: UUID
    bank_id: UUID
