"""Proof that the books hold: every invariant of the ledger and of what stands on it, on a live database.

Each check is a statement that names what breaks it; none named is proof for what is there. Run it inside a
`repeatable read` transaction to look at one moment of a database at work. Source: reliability 3.2 (I8, I9, I10).
"""

import msgspec

from kit.sql import Connection, load_statements

_SQL = {
    **load_statements("settlement", "sql/checks.sql"),
    **load_statements("settlement", "sql/checks_of_income.sql"),
}
SHOWN_MAX = 5


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One invariant: how many things break it, and the first of them."""

    name: str
    meaning: str
    broken: int
    first: tuple[str, ...]


class LedgerCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Every invariant with what was looked at. `in_custody_fen` is all money in minus all money out."""

    ok: bool
    transfers: int
    entries: int
    accounts: int
    in_custody_fen: int
    checks: tuple[Check, ...]


async def check_ledger(conn: Connection) -> LedgerCheck:
    """Check every invariant."""
    checks = []
    for name, sql in _SQL.items():
        if name == "totals":
            continue
        rows = await conn.fetch(sql)
        meaning = sql.partition("\n")[0].removeprefix("-- ")
        first = tuple(row["subject"] for row in rows[:SHOWN_MAX])
        checks.append(Check(name=name, meaning=meaning, broken=len(rows), first=first))
    totals = await conn.fetchrow(_SQL["totals"])
    assert totals is not None, "one row of totals"
    return LedgerCheck(
        ok=all(check.broken == 0 for check in checks), checks=tuple(checks), **dict(totals)
    )
