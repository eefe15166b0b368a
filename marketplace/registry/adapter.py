"""What a register is to us: something that is asked about one right and answers with a day and a source.

The file-based adapter is the default and works: it asks extracts that were brought in. One that asks an office over a
network would be another class with the same method; there is none, and nothing here pretends to be online.
"""

from datetime import date
from typing import Protocol
from uuid import UUID

import msgspec

from kit.sql import Connection, load_statements
from marketplace.assets.schemas import NewAsset
from marketplace.assets.types import IpType

_SQL = load_statements("marketplace.registry", "queries.sql")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A right as a register showed it, on which day, by which source."""

    record: NewAsset
    as_of: date
    source: str
    extract_id: UUID
    extract_sha256: str


class Registry(Protocol):
    """A register that can be asked."""

    async def look_up(
        self, conn: Connection, *, ip_type: IpType, number: str, nice_class: int | None
    ) -> Found | None:
        """What it says of one right, its number in normal spelling; None when it does not know it."""
        ...


class ExtractRegistry:
    """Asks the extracts of some organisations; the newest day wins."""

    def __init__(self, organisation_ids: tuple[UUID, ...]) -> None:
        self._organisation_ids = organisation_ids

    async def look_up(
        self, conn: Connection, *, ip_type: IpType, number: str, nice_class: int | None
    ) -> Found | None:
        """The newest extract's record of the right."""
        row = await conn.fetchrow(
            _SQL["look_up"], ip_type, number, nice_class, list(self._organisation_ids)
        )
        if row is None:
            return None
        return Found(
            record=msgspec.json.decode(row["record"], type=NewAsset),
            as_of=row["as_of"],
            source=row["source"],
            extract_id=row["id"],
            extract_sha256=row["sha256"],
        )
