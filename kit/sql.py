"""SQL lives in `.sql` files as named statements; this loads them as they stand."""

import re
from importlib.resources import files
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

# The stubs' classes are generic and the library's are not, so the names are written twice.
if TYPE_CHECKING:
    #: What a service takes as `conn`: a connection of its own, or one lent by a pool.
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    #: The pool that lends them.
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection | PoolConnectionProxy
    Pool = asyncpg.Pool

#: What a query may raise when the database is away, comes back, or was promoted elsewhere (reliability 0.4.16).
DATABASE_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)


def load_statements(package: str, filename: str) -> dict[str, str]:
    """The statements of `filename` inside `package`, by name. A name used twice is a programming error."""
    text = files(package).joinpath(filename).read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    names, bodies = parts[::2], parts[1::2]
    assert len(names) == len(set(names)), f"{package}/{filename} names a statement twice"
    return {name: body.strip() for name, body in zip(names, bodies, strict=True)}
