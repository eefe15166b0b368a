"""Statements that must fail, tried on the real database as its owner and as the application."""

from datetime import datetime

import asyncpg
import pytest

from kit.ids import uuid7
from settlement import deposits, ledger
from settlement.checks import check_ledger
from tests.settlement.make_money import VENUE, make_bidder

POST = (
    "SELECT settlement.post_transfers_v1({id}, ARRAY['bad'], ARRAY['k'], ARRAY['r'],"
    " ARRAY[NULL]::timestamptz[], {entries}, now())"
)
NEW_ID = "ARRAY[gen_random_uuid()]"
HEADER = (
    "INSERT INTO settlement.transfers (id, idempotency_id, content, kind, ref, entry_count,"
    " effective_at, recorded_at)"
    " VALUES ('00000000-0000-7000-8000-000000000001', 'raw', sha256('x'), 'k', 'r', {count}, {at}, now())"
)
ENTRY = (
    "INSERT INTO settlement.entries (account_id, account_version, transfer_id, line, entry_count, amount_fen,"
    " balance_before_fen, balance_after_fen)"
    " SELECT id, version + {step}, '00000000-0000-7000-8000-000000000001'::uuid, {line}, {count}, {amount},"
    " {before}, {after}"
    " FROM settlement.accounts WHERE kind = '{kind}'"
)
#: An entry for the transfer that `prepare` posted first, into an account that it did not touch.
LATER = (
    "INSERT INTO settlement.entries (account_id, account_version, transfer_id, line, entry_count, amount_fen,"
    " balance_before_fen, balance_after_fen)"
    " SELECT a.id, a.version + 1, t.id, {line}, {count}, 5, 0, 5"
    " FROM settlement.accounts a, settlement.transfers t"
    " WHERE a.kind = 'debtor' AND t.idempotency_id = 'first'"
)
#: The other line of a raw transfer, on an account that was never opened.
NO_ACCOUNT = "SELECT -7, 1, '00000000-0000-7000-8000-000000000001'::uuid, 2, 2, 5, 0, 5"
NOBODY = "'00000000-0000-0000-0000-000000000000'::uuid"
RAW_HEADER = HEADER.format(count=2, at="now()")


def raw_entry(
    kind: str,
    amount: str,
    *,
    step: int = 1,
    line: int = 1,
    count: int = 2,
    before: str = "balance_fen",
    after: str = "",
) -> str:
    """An entry written past the posting function."""
    return ENTRY.format(
        kind=kind,
        amount=amount,
        step=step,
        line=line,
        count=count,
        before=before,
        after=after or f"balance_fen + ({amount})",
    )


def selected(entry: str) -> str:
    """What an entry's statement selects, so that two can be written at once."""
    return "SELECT" + entry.partition(" SELECT")[2]


def posted(positions: str, accounts: str, amounts: str) -> str:
    """A call of the posting function with these entries."""
    chosen = f"ARRAY(SELECT a.id FROM unnest(ARRAY[{accounts}]) k JOIN settlement.accounts a ON a.kind = k)"
    return POST.format(
        id=NEW_ID, entries=f"ARRAY[{positions}], {chosen}, ARRAY[{amounts}]::bigint[]"
    )


def moved(source: str, target: str, amount: int, *, id_: str = "bad") -> str:
    """A call of the short posting function, between the accounts of these kinds or to one that there is not."""
    owner_and_ref = (
        "(SELECT a.owner FROM settlement.accounts a WHERE a.kind = '{0}'),"
        " coalesce((SELECT a.ref FROM settlement.accounts a WHERE a.kind = '{0}'), '')"
    )
    accounts = ", ".join(
        f"'{kind}', {owner_and_ref.format(kind)}" for kind in (source, target)
    ).replace("(SELECT a.owner FROM settlement.accounts a WHERE a.kind = 'nothing')", NOBODY)
    return f"SELECT settlement.post_move_v1(gen_random_uuid(), '{id_}', 'k', 'r', NULL, {accounts}, {amount}, now())"


AS_OWNER = {
    "unbalanced": (posted("1, 1", "'outside', 'client_money'", "-5, 6"), "LL001"),
    "one-sided": (posted("1", "'outside'", "5"), "LL001"),
    "one-sided, both lines up": (posted("1, 1", "'outside', 'client_money'", "5, 5"), "LL001"),
    "a line of zero": (posted("1, 1", "'outside', 'client_money'", "0, 0"), "LL001"),
    "no entries": (
        POST.format(id=NEW_ID, entries="ARRAY[]::int[], ARRAY[]::bigint[], ARRAY[]::bigint[]"),
        "LL001",
    ),
    "unknown account": (
        POST.format(
            id=NEW_ID, entries="ARRAY[1, 1], ARRAY[-1, -2]::bigint[], ARRAY[-5, 5]::bigint[]"
        ),
        "LL004",
    ),
    "overdrawn": (posted("1, 1", "'client_money', 'outside'", "-1001, 1001"), "LL003"),
    "over the bound": (
        posted("1, 1", "'outside', 'client_money'", "-10000000000001, 10000000000001"),
        "23514",
    ),
    "across two books": (posted("1, 1", "'outside', 'debtor'", "-5, 5"), "LL001"),
    "the same account twice": (posted("1, 1", "'outside', 'outside'", "-5, 5"), "23505"),
    "an id used for something else": (
        POST.replace("'bad'", "'first'").format(
            id=NEW_ID,
            entries="ARRAY[1, 1], ARRAY(SELECT id FROM settlement.accounts"
            " WHERE kind IN ('outside', 'client_money') ORDER BY kind),"
            " ARRAY[7, -7]::bigint[]",
        ),
        "LL002",
    ),
    "a header alone": (RAW_HEADER, "LL001"),
    "a header that counts one": (HEADER.format(count=1, at="now()"), "23514"),
    "posted for the future": (HEADER.format(count=2, at="now() + interval '1 hour'"), "23514"),
    "one entry alone": (f"{RAW_HEADER}; {raw_entry('outside', '-5')}", "LL009|LL001"),
    "entries that do not balance": (
        f"{RAW_HEADER}; {raw_entry('outside', '-5')}; {raw_entry('client_money', '6', line=2)}",
        "LL001",
    ),
    "entries not counted in their accounts": (
        f"{RAW_HEADER}; {raw_entry('outside', '-5')} UNION ALL {selected(raw_entry('client_money', '5', line=2))}",
        "LL009",
    ),
    "an entry on an account that there is not": (
        f"{RAW_HEADER}; {raw_entry('outside', '-5')} UNION ALL {NO_ACCOUNT}",
        "LL001",
    ),
    "a line beyond the last": (f"{RAW_HEADER}; {raw_entry('outside', '-5', line=3)}", "23514"),
    "a line of more than its header has": (
        f"{RAW_HEADER}; {raw_entry('outside', '-5', count=3)}",
        "23503",
    ),
    "two entries of one line": (
        f"{RAW_HEADER}; {raw_entry('outside', '-5')}; {raw_entry('client_money', '5')}",
        "23505",
    ),
    "an entry added to a transfer that is complete": (
        LATER.format(line=1, count=2),
        "23505",
    ),
    "an entry added beyond the last line of a transfer": (
        LATER.format(line=3, count=3),
        "23503",
    ),
    "moved: less than nothing": (moved("outside", "client_money", -5), "LL001"),
    "moved: nothing": (moved("outside", "client_money", 0), "LL001"),
    "moved: to itself": (moved("outside", "outside", 5), "LL001"),
    "moved: across two books": (moved("outside", "debtor", 5), "LL001"),
    "moved: overdrawn": (moved("client_money", "outside", 1001), "LL003"),
    "moved: over the bound": (moved("outside", "client_money", 10**13 + 1), "23514"),
    "moved: to an unknown kind": (moved("outside", "nothing", 5), "LL004"),
    "moved: an id used for something else": (
        moved("outside", "client_money", 5, id_="first"),
        "LL002",
    ),
    "a gap in the chain": (f"{RAW_HEADER}; {raw_entry('client_money', '5', step=2)}", "23503"),
    "an invented balance before": (
        f"{RAW_HEADER}; {raw_entry('client_money', '5', before='balance_fen + 1', after='balance_fen + 6')}",
        "23503",
    ),
    "a balance after that is not the sum": (
        f"{RAW_HEADER}; {raw_entry('client_money', '5', after='balance_fen + 6')}",
        "23514",
    ),
    "an old version again": (
        f"{RAW_HEADER}; {raw_entry('client_money', '5', step=0)}",
        "23505|23503",
    ),
    "a balance changed by hand": (
        "UPDATE settlement.accounts SET balance_fen = balance_fen + 1 WHERE kind = 'outside'",
        "LL009",
    ),
    "a balance and its version changed by hand": (
        "UPDATE settlement.accounts SET balance_fen = balance_fen + 1, version = version + 1 WHERE kind = 'outside'",
        "23503",
    ),
    "an account that may suddenly go negative": (
        "UPDATE settlement.accounts SET may_go_negative = true, version = version + 1 WHERE kind = 'client_money'",
        "LL009|23503",
    ),
    "an account of another's kind": (
        "INSERT INTO settlement.accounts (kind, book, may_go_negative, opened_at) VALUES"
        " ('client_money', 'money', true, now())",
        "23503",
    ),
    "an account born with money": (
        "INSERT INTO settlement.accounts (kind, book, may_go_negative, balance_fen, version, opened_at)"
        " VALUES ('venue_fee', 'money', false, 5, 1, now())",
        "23503",
    ),
    "an account in foreign money": (
        "INSERT INTO settlement.accounts (kind, book, may_go_negative, currency, opened_at)"
        " VALUES ('venue_fee', 'money', false, 'USD', now())",
        "23514",
    ),
    "an account born with money and no entry": (
        "INSERT INTO settlement.accounts (kind, book, may_go_negative, balance_fen, opened_at)"
        " VALUES ('venue_fee', 'money', false, 5, now())",
        "23514",
    ),
    "an account of fewer than no entries": (
        "INSERT INTO settlement.accounts (kind, book, may_go_negative, version, opened_at)"
        " VALUES ('venue_fee', 'money', false, -1, now())",
        "23514",
    ),
    "an account with a story for a reference": (
        "INSERT INTO settlement.accounts (kind, book, may_go_negative, ref, opened_at)"
        " VALUES ('venue_fee', 'money', false, repeat('x', 201), now())",
        "23514",
    ),
    "an account turned back to no entries": (
        "UPDATE settlement.accounts SET balance_fen = 0, version = 0 WHERE kind = 'outside'",
        "LL009",
    ),
    "an account's reference rewritten": (
        "UPDATE settlement.accounts SET ref = 'other', version = version + 1 WHERE kind = 'outside'",
        "LL009",
    ),
    "an account turned into foreign money": (
        "UPDATE settlement.accounts SET currency = 'USD', version = version + 1 WHERE kind = 'outside'",
        "LL009",
    ),
    "an account deleted": ("DELETE FROM settlement.accounts", "LL008"),
    "an entry updated": ("UPDATE settlement.entries SET amount_fen = 1", "LL008"),
    "an entry deleted": ("DELETE FROM settlement.entries", "LL008"),
    "entries truncated": ("TRUNCATE settlement.entries CASCADE", "LL008"),
    "a transfer updated": ("UPDATE settlement.transfers SET kind = 'other'", "LL008"),
    "a transfer deleted": ("DELETE FROM settlement.transfers", "LL008"),
    "transfers truncated": ("TRUNCATE settlement.transfers CASCADE", "LL008"),
    "a hold captured beyond its amount": (
        "INSERT INTO settlement.holds (id, source_id, held_id, amount_fen, captured_fen, state,"
        " ref, held_at, closed_at)"
        " SELECT gen_random_uuid(), id, id, 5, 6, 'CAPTURED', 'r', now(), now() FROM"
        " settlement.accounts WHERE kind = 'outside'",
        "23514",
    ),
    "a plan approved by who drafted it": (
        "INSERT INTO settlement.plans (id, lot_id, content, state, drafted_by, drafted_at,"
        " objection_until, approved_by,"
        " approved_at, approved_hash) SELECT gen_random_uuid(), gen_random_uuid(), 'x', 'APPROVED',"
        " u, now(), now(), u, now(),"
        " sha256('x') FROM gen_random_uuid() u",
        "23514",
    ),
    "a plan approved as something else": (
        "INSERT INTO settlement.plans (id, lot_id, content, state, drafted_by, drafted_at,"
        " objection_until, approved_by,"
        " approved_at, approved_hash) VALUES (gen_random_uuid(), gen_random_uuid(), 'x',"
        " 'APPROVED', gen_random_uuid(), now(),"
        " now(), gen_random_uuid(), now(), sha256('y'))",
        "23514",
    ),
}

AS_APPLICATION = {
    "an entry inserted": raw_entry("outside", "-5"),
    "a transfer inserted": RAW_HEADER,
    "an entry updated": "UPDATE settlement.entries SET amount_fen = 1",
    "an entry deleted": "DELETE FROM settlement.entries",
    "entries truncated": "TRUNCATE settlement.entries",
    "a balance changed": "UPDATE settlement.accounts SET balance_fen = 0",
    "a kind added": "INSERT INTO settlement.account_kinds VALUES ('mine', 'money', true, 'm', 'm')",
    "a step added": "INSERT INTO settlement.steps VALUES ('deposits', 'RELEASED', 'FROZEN')",
    "a guard switched off": "ALTER TABLE settlement.entries DISABLE TRIGGER ALL",
    "a statement rewritten": "UPDATE settlement.statements SET document = 'x'",
    "a recovery deleted": "DELETE FROM settlement.case_events",
}


async def prepare(conn: asyncpg.Connection, now: datetime) -> None:
    """Three accounts in two books and one transfer."""
    bidder_id = await make_bidder(conn, money_fen=1000, now=now)
    await ledger.open_accounts(conn, [ledger.AccountKey("debtor")], now=now)
    keys = (ledger.outside(bidder_id), ledger.client_money(bidder_id, VENUE))
    await ledger.post_one(
        conn,
        ledger.move("first", kind="k", ref="r", source=keys[1], target=keys[0], amount_fen=1),
        now=now,
    )
    await ledger.post_one(
        conn,
        ledger.move("back", kind="k", ref="r", source=keys[0], target=keys[1], amount_fen=1),
        now=now,
    )


@pytest.mark.parametrize("name", AS_OWNER)
async def test_the_database_refuses_its_owner(name: str, database_url: str, now: datetime) -> None:
    """Even the tables' owner can't make the books say what did not happen, and the books are as before."""
    sql, sqlstates = AS_OWNER[name]
    conn = await asyncpg.connect(database_url)
    try:
        async with conn.transaction():
            await prepare(conn, now)
        with pytest.raises(asyncpg.PostgresError) as refused:
            async with conn.transaction():
                await conn.execute(sql)
        assert refused.value.sqlstate in sqlstates.split("|"), refused.value
        assert (await check_ledger(conn)).ok
    finally:
        await conn.close()


@pytest.mark.parametrize("name", AS_APPLICATION)
async def test_the_database_refuses_the_application(
    name: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """The application's own role may only read the ledger and post to it."""
    await prepare(conn, now)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await conn.execute(AS_APPLICATION[name])


STEPS = {
    "a released deposit frozen again": "UPDATE settlement.deposits SET state = 'FROZEN', closed_at = NULL",
    "a released deposit forfeited": "UPDATE settlement.deposits SET state = 'FORFEITED', kept_fen = amount_fen",
    "a deposit of another amount": "UPDATE settlement.deposits SET amount_fen = amount_fen + 1",
    "a deposit of another bidder": "UPDATE settlement.deposits SET bidder_id = gen_random_uuid()",
    "a released hold captured": "UPDATE settlement.holds SET state = 'CAPTURED', captured_fen = 1",
}


@pytest.mark.parametrize("name", STEPS)
async def test_an_ended_deposit_stays_ended(
    name: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """No state can be turned back or over, not even by the application's own role."""
    bidder_id = await make_bidder(conn, money_fen=1000, now=now)
    deposit = await deposits.hold(
        conn, uuid7(now), bidder_id, holder_id=VENUE, amount_fen=400, now=now
    )
    await deposits.release(conn, deposit.id, now=now)
    with pytest.raises(asyncpg.PostgresError) as refused:
        await conn.execute(STEPS[name])
    assert refused.value.sqlstate in ("LL008", "LL010")
