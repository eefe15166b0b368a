"""Every explanation of a figure that a database of settlement holds, wherever it is written."""

import re

import asyncpg

_WRITTEN = re.compile(r'"computation":"((?:[^"\\]|\\.)*)"')
_WORD, _CHINESE = re.compile(r"[A-Za-z]{3,}"), re.compile(r"[一-鿿]")


async def explanations(conn: asyncpg.Connection) -> list[str]:
    """The `computation` of every line of every stored document, and of every charge."""
    columns = await conn.fetch(
        "SELECT table_name AS name, column_name AS col, data_type AS type FROM information_schema.columns"
        " WHERE table_schema = 'settlement' AND (column_name = 'computation' OR data_type = 'bytea')"
        " AND table_name NOT IN ('bank_files')"
    )
    found: list[str] = []
    for column in columns:
        rows = await conn.fetch(f"SELECT {column['col']} AS it FROM settlement.{column['name']}")
        for row in rows:
            if isinstance(row["it"], bytes):
                found += _WRITTEN.findall(row["it"].decode(errors="replace"))
            elif row["it"] is not None:
                found.append(row["it"])
    return found


def is_in_both_languages(explanation: str) -> bool:
    """Whether it has Chinese where it has English words; a formula of figures alone needs neither."""
    return not _WORD.search(explanation) or bool(_CHINESE.search(explanation))
