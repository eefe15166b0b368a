"""What one holder of custody money does with its bank happens one step after the other."""

from uuid import UUID

from kit.sql import Connection, load_statements

_SQL = load_statements("settlement", "sql/custody.sql")


async def lock_holder(conn: Connection, holder_id: UUID) -> None:
    """Keep others of this holder from its bank's files and accounts until the transaction ends."""
    await conn.execute(_SQL["lock_holder"], str(holder_id))
