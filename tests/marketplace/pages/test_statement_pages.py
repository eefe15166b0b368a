"""Statements as pages: the ledger's figures for those whose money they tell of, and nothing for others."""

from kit.money import yuan
from kit.sql import Pool
from marketplace.organisations.schemas import Role
from settlement.statement_tables import Fen, tables
from tests.make_people import key_of, make_caller
from tests.marketplace.pages.conftest import Site
from tests.settlement.test_statements import play


async def test_statement_pages_print_every_figure(site: Site, database: Pool) -> None:
    """An auditor reads each of the three statements with all amounts of its document, and text stays text."""
    now = site.clock.now
    async with database.acquire() as conn, conn.transaction():
        issued = await play(conn, now)
    auditor = await key_of(database, await make_caller(database, Role.AUDITOR, now=now), now=now)
    listed = await site.client.get("/statements", headers=auditor)
    for statement in issued:
        assert f"/statements/{statement.id}" in listed.text
        answer = await site.client.get(f"/statements/{statement.id}", headers=auditor)
        assert answer.status_code == 200, answer.text
        assert statement.document.title_zh in answer.text
        cells = [cell for table in tables(statement.document) for row in table.rows for cell in row]
        for amount in (cell.amount for cell in cells if isinstance(cell, Fen)):
            assert f"¥{yuan(abs(amount))}" in answer.text
        assert "<b>borrower</b>" not in answer.text
        assert "<style" not in answer.text


async def test_bidders_and_strangers_see_no_statement(site: Site, database: Pool) -> None:
    """A bidder's role does not open statements; another bank finds that there is none; visitors sign in."""
    now = site.clock.now
    async with database.acquire() as conn, conn.transaction():
        statement, *_ = await play(conn, now)
    bank = await key_of(database, await make_caller(database, Role.BANK_MAKER, now=now), now=now)
    path = f"/statements/{statement.id}"
    assert (await site.client.get(path, headers=site.headers["bidder"])).status_code == 403
    assert (await site.client.get(path, headers=bank)).status_code == 404
    assert (await site.client.get(path)).status_code == 303
