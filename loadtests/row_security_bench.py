"""What row-level security costs: the same pages with policies and without; `python -m loadtests.row_security_bench`."""

import asyncio
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import quantiles
from uuid import UUID

import asyncpg

from kit.clock import system_clock
from kit.embedded import Postgres
from kit.ids import uuid7
from kit.migrate import migrate
from kit.reach import Scope, enter

BANKS, CASES_EACH, ROUNDS, TURNS = 20, 1000, 200, 5
_INSERT = """
INSERT INTO market.loan_cases (id, organisation_id, contract_number, borrower_name, borrower_code, loan_amount_fen,
  principal_fen, interest_fen, penalty_fen, granted_on, due_on, defaulted_on, grade, state, created_at, updated_at)
SELECT gen_random_uuid(), $1, 'C-' || n, 'b', '91110000600037341L', 100, 100, 0, 0, $2, $3, $3, 'loss', 'registered',
       $4, $4
  FROM generate_series(1, $5::int) n"""
_PAGE = "SELECT * FROM market.loan_cases WHERE organisation_id = $1 ORDER BY id LIMIT 50"
_ONE = "SELECT * FROM market.loan_cases WHERE id = $1"


async def _times_us(conn: asyncpg.Connection, sql: str, given: UUID) -> list[float]:
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        await conn.fetch(sql, given)
        taken.append((time.perf_counter() - begun) * 1e6)
    return taken


def _low(taken: list[float]) -> float:
    """The first decile: what it costs when nothing else is at work on the machine."""
    return quantiles(taken, n=10)[0]


async def _measure(url: str) -> dict[str, float]:
    owner = await asyncpg.connect(url)
    now, banks = system_clock(), []
    for _ in range(BANKS):
        banks.append(uuid7(now))
        await owner.execute(_INSERT, banks[-1], date(2024, 1, 1), date(2025, 1, 1), now, CASES_EACH)
    await owner.execute("ANALYZE")
    case_id = await owner.fetchval(
        "SELECT id FROM market.loan_cases WHERE organisation_id = $1", banks[0]
    )
    conn = await asyncpg.connect(url, server_settings={"role": "luochui_app"})
    found: dict[str, float] = {}
    told = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        await enter(conn, Scope.ORGANISATION, str(banks[0]), "bank")
        told.append((time.perf_counter() - begun) * 1e6)
    found["telling a connection who calls"] = _low(told)
    for name, sql, given in (("a page of 50", _PAGE, banks[0]), ("one row", _ONE, case_id)):
        taken: dict[str, list[float]] = {"ENABLE": [], "DISABLE": []}
        for _ in range(TURNS):  # in turns, so that both meet the same machine
            for word, times in taken.items():
                await owner.execute(f"ALTER TABLE market.loan_cases {word} ROW LEVEL SECURITY")
                times += await _times_us(conn, sql, given)
        found[f"{name}, with policies"] = _low(taken["ENABLE"])
        found[f"{name}, without"] = _low(taken["DISABLE"])
    await conn.close()
    await owner.close()
    return found


def main() -> None:
    """Measure on an embedded server of its own, and print microseconds."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        with Postgres(Path(directory) / "pg", durable=False) as server:
            migrate(server.url())
            for name, microseconds in asyncio.run(_measure(server.url())).items():
                sys.stdout.write(f"{name:<32} {microseconds:8.0f} us\n")


if __name__ == "__main__":
    main()
