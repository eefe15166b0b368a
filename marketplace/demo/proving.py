"""Act 6: what was proved. Each line is checked here and now, on the database and on the exported bundle."""

from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import uvloop

from auction_engine.journal_check import journal_differences
from auction_engine.verification import DoesNotHold, verify_bundle
from auction_engine.verified import Verified
from kit.reach import WHOLE
from kit.sql import load_statements
from marketplace.audit.service import broken_entries
from marketplace.demo.actors import StoryBroken
from marketplace.demo.cast import Cast
from marketplace.demo.run import Run
from marketplace.demo.selling import Lot
from marketplace.demo.telling import act, money, proved, said, say, table
from marketplace.pages import vocabulary
from settlement.checks import LedgerCheck, check_ledger

_SQL = load_statements("marketplace.demo", "queries.sql")


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the database itself says."""

    books: LedgerCheck
    custody: list[tuple[str, int]]
    journal_differences: list[str]
    audit_entries: int
    audit_broken: int


def prove(
    cast: Cast,
    run: Run,
    lot: Lot | None,
    sale: dict[str, Any] | None,
    *,
    database_url: str,
    folder: Path,
) -> None:
    """Replay the bundle, check books, journal and audit trail; StoryBroken if anything does not hold.

    Without a lot (a run that was cut off before its auction) only the books and the audit trail are checked.
    """
    act(6, "What was proved", "验证结果")
    holds = True
    if lot is not None and sale is not None:
        path = folder / f"run-{run.number}-auction.bundle.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cast.person("auditor").get_bytes(f"/v1/auctions/{lot.id}/bundle"))
        holds, told = _replayed(path.read_bytes(), sale)
        say(f"Bundle 存证包: luochui verify {path}")
        proved(f"Replay equals result 重放与结果一致: {told}", holds=holds)
    facts = uvloop.run(_facts(database_url, None if lot is None else UUID(lot.id)))
    shown = "; ".join(facts.journal_differences) or "every row 逐笔相符"
    proved(f"Journal equals table 流水与数据库一致: {shown}", holds=not facts.journal_differences)
    books = facts.books
    balances = books.ok and sum(fen for _, fen in facts.custody) == books.in_custody_fen
    proved(
        f"Books balance 账目平衡: {books.transfers} transfers, {books.entries} entries, "
        f"{books.accounts} accounts, in custody 在管资金 {money(books.in_custody_fen)}",
        holds=balances,
    )
    if facts.custody:
        table([[name, money(fen)] for name, fen in facts.custody])
    proved(
        f"Audit trail unbroken 审计链完整: {facts.audit_entries} entries",
        holds=not facts.audit_broken,
    )
    if not (holds and balances) or facts.journal_differences or facts.audit_broken:
        raise StoryBroken("something does not hold; see above", "存在不成立的事项，见上")


async def _facts(database_url: str, auction_id: UUID | None) -> Facts:
    conn = await asyncpg.connect(database_url, server_settings=dict(WHOLE))
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            return Facts(
                books=await check_ledger(conn),
                custody=[
                    (f"{row['title_zh']} {row['title']}", row["balance_fen"])
                    for row in await conn.fetch(_SQL["custody"])
                ],
                journal_differences=[]
                if auction_id is None
                else await journal_differences(conn, auction_id),
                audit_entries=await conn.fetchval(_SQL["audit_entries"]),
                audit_broken=len(await broken_entries(conn)),
            )
    finally:
        await conn.close()


def _replayed(bundle: bytes, sale: dict[str, Any]) -> tuple[bool, str]:
    try:
        verified: Verified = verify_bundle(bundle, needs_notice=True)
    except DoesNotHold as error:
        return False, error.message
    result = verified.result
    same = (result["outcome"], result["winner"], result["price_fen"]) == (
        sale["outcome"],
        sale["winner_paddle"],
        sale["price_fen"],
    )
    outcome = said(vocabulary.OUTCOMES, result["outcome"])
    ended = f"{outcome}, winner 买受人 #{result['winner']}, {money(result['price_fen'] or 0)}"
    assert verified.notice is not None, "it was asked for"
    rules = f"rules as in notice 规则与公告一致 {verified.notice.number}"
    return (
        same,
        f"{ended}; {rules}; {verified.commands} commands, {verified.checkpoint_size} batches signed",
    )
