"""`luochui check-ledger`: prove every invariant of the books on a live database."""

import asyncio
from pathlib import Path

import asyncpg
import click
import msgspec

from kit.errors import InvalidInput
from kit.money import yuan
from kit.reach import WHOLE
from marketplace.commands.databases import connect, database_of
from settlement.checks import LedgerCheck, check_ledger


@click.command("check-ledger")
@click.option("--database-url", envvar="LUOCHUI_DATABASE_URL", help="The database to check.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path(".luochui"),
    show_default=True,
    help="Without a URL: the embedded server that `luochui up` runs on this directory.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    context: click.Context, database_url: str | None, data_dir: Path, as_json: bool
) -> None:
    """Prove that the books hold: balances, chains, holds, deposits, plans, cases, guards. / 核对总账

    Changes nothing, and looks at one moment of a database that may be at work. Exits 1 when something does
    not hold, and for nothing else: 2 when the database cannot be reached or is none of ours.
    """
    result = asyncio.run(_check(database_of(database_url, data_dir)))
    click.echo(msgspec.json.encode(result) if as_json else table(result))
    if not result.ok:
        context.exit(1)


async def _check(database_url: str) -> LedgerCheck:
    conn = await connect(database_url, WHOLE)
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            return await check_ledger(conn)
    except asyncpg.PostgresError as error:
        raise InvalidInput(
            "--database-url", f"cannot be checked: {error}", f"无法核对：{error}"
        ) from error
    finally:
        await conn.close()


def table(result: LedgerCheck) -> str:
    """The checks as people read them."""
    lines = [
        f"{result.transfers} transfers 转账, {result.entries} entries 分录, {result.accounts} accounts 账户,"
        f" in custody 在管资金 {yuan(result.in_custody_fen)} CNY",
        "",
    ]
    for check in result.checks:
        verdict = "ok  " if check.broken == 0 else "FAIL"
        lines.append(f"{verdict} {check.name}: {check.meaning}")
        if check.broken:
            lines.append(f"     {check.broken} broken: {', '.join(check.first)}")
    lines += ["", "the books hold / 账目平衡" if result.ok else "THE BOOKS DO NOT HOLD / 账目不平"]
    return "\n".join(lines)
