"""The migrations: every one goes up and down, and leaves nothing behind."""

import re
import subprocess

import asyncpg
import pytest

from kit.embedded import Postgres
from kit.migrate import MIGRATIONS, MigrationFailed, migrate

FILES = sorted(MIGRATIONS.glob("*.sql"))


def dump(postgres: Postgres, database: str) -> str:
    """The schema as pg_dump tells it, without what differs from run to run."""
    done = subprocess.run(
        [
            str(postgres.bin_dir / "pg_dump"),
            "--schema-only",
            "--exclude-table=schema_migrations",
            postgres.url(database),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return re.sub(r"^\\(un)?restrict .*$", "", done.stdout, flags=re.MULTILINE)


async def test_migrations_go_down_to_nothing_and_up_again(postgres: Postgres) -> None:
    """Taking all migrations back leaves an empty database; applying them again gives the same schema."""
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute("CREATE DATABASE up_and_down")
    try:
        empty = dump(postgres, "up_and_down")
        url = postgres.url("up_and_down")
        migrate(url)
        first = dump(postgres, "up_and_down")
        assert "settlement" in first
        for _ in FILES:
            migrate(url, action="down")
        assert dump(postgres, "up_and_down") == empty
        migrate(url)
        assert dump(postgres, "up_and_down") == first
        migrate(url)
        assert "[ ]" not in migrate(url, action="status")
    finally:
        await admin.execute("DROP DATABASE up_and_down WITH (FORCE)")
        await admin.close()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_migration_has_both_directions(path: object) -> None:
    """Each file says how to go up and how to come back, and its version sorts it."""
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    up, down = text.index("-- migrate:up"), text.index("-- migrate:down")
    assert up < down
    assert text[down:].strip().splitlines()[1:], "the way down is empty"
    assert re.fullmatch(r"\d{14}_[a-z_]+\.sql", path.name)  # type: ignore[attr-defined]


def test_a_database_that_is_not_there_is_named(postgres: Postgres) -> None:
    """A failed migration carries the tool's own words."""
    with pytest.raises(MigrationFailed, match="dbmate up: "):
        migrate("postgresql://nobody:wrong@/nowhere?host=/nonexistent")
