"""Runs the dbmate migrations of `migrations/` against a database."""

import os
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from kit.embedded import dbmate_path
from kit.errors import LuochuiError

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


class MigrationFailed(LuochuiError):
    """A migration could not be applied. / 数据库迁移失败。"""

    code = "migration_failed"


def dbmate_url(url: str) -> str:
    """The same database for dbmate, which names a Unix socket `socket` where libpq says `host`."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "host" in query:
        query["socket"] = query.pop("host")
    query.setdefault("sslmode", "disable" if not parts.hostname else "prefer")
    query = {k: v for k, v in query.items() if v != "prefer"}
    return urlunsplit(("postgres", parts.netloc, parts.path, urlencode(query, quote_via=quote), ""))


def migrate(url: str, *, action: str = "up") -> str:
    """Apply (`up`), take back one (`down`), list (`status`) or `dump` the migrations; the tool's own words."""
    command = [dbmate_path(), "--migrations-dir", str(MIGRATIONS)]
    command += ["--schema-file", str(MIGRATIONS / "schema.sql")]
    command += [] if action == "dump" else ["--no-dump-schema"]
    done = subprocess.run(  # noqa: S603 - our own tool, arguments not from users
        [*command, action],
        env=os.environ | {"DATABASE_URL": dbmate_url(url)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise MigrationFailed(f"dbmate {action}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
