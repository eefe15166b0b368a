"""What is told of imports."""

from uuid import UUID

import msgspec


class PortfolioImported(msgspec.Struct, frozen=True, kw_only=True, tag="portfolio_imported"):
    """A bank's file was entered whole."""

    import_id: UUID
    organisation_id: UUID


class PortfolioRefused(msgspec.Struct, frozen=True, kw_only=True, tag="portfolio_refused"):
    """A bank's file was read and nothing of it entered."""

    import_id: UUID
    organisation_id: UUID
