"""Advances that are set aside on a margin account (保证金专户) instead of being paid out.

The money is earmarked for who is relieved, and becomes theirs, or the fund's again, at the final clearing.
Source: domain 5.1 (1), 5.3 (`payout_form`).
"""

from datetime import datetime
from uuid import UUID

from kit.money import split_among
from kit.sql import Connection
from settlement.cases import Case
from settlement.ledger import (
    AccountKey,
    Entry,
    Transfer,
    balance,
    fund_account,
    move,
    post_one,
)
from settlement.payments import queue_payout


def margin_account(case_id: UUID, party_id: UUID) -> AccountKey:
    """What is set aside for a party of a case."""
    return AccountKey("margin_account", party_id, str(case_id))


async def set_aside(
    conn: Connection, case: Case, fund: str, parts: dict[str, int], *, kind: str, now: datetime
) -> None:
    """Move money from a fund to the margin accounts of those it relieves."""
    if not parts:
        return
    await post_one(
        conn,
        Transfer(
            idempotency_id=f"{case.ref}:{kind}:{fund}"[:200],
            kind=kind,
            ref=case.ref,
            entries=(
                Entry(fund_account(case.parties[fund]), -sum(parts.values())),
                *(
                    Entry(margin_account(case.id, case.parties[party]), fen)
                    for party, fen in parts.items()
                ),
            ),
        ),
        now=now,
    )


async def take_back(
    conn: Connection, case: Case, fund: str, amount_fen: int, *, why: str, now: datetime
) -> dict[str, int]:
    """Give the fund back what it asks for, out of what is set aside; returns from whom how much.

    Never more than is there; by what is set aside for each, so that nobody's account is short of a fen.
    """
    held = {
        party: await balance(conn, margin_account(case.id, party_id))
        for party, party_id in case.parties.items()
    }
    parts = split_among(min(amount_fen, sum(held.values())), held)
    taken = {party: fen for party, fen in parts.items() if fen}
    if taken:
        await post_one(
            conn,
            Transfer(
                idempotency_id=f"{case.ref}:margin:{why}:{fund}"[:200],
                kind="margin_returned",
                ref=case.ref,
                entries=(
                    Entry(fund_account(case.parties[fund]), sum(taken.values())),
                    *(
                        Entry(margin_account(case.id, case.parties[party]), -fen)
                        for party, fen in taken.items()
                    ),
                ),
            ),
            now=now,
        )
    return taken


async def release(conn: Connection, case: Case, *, now: datetime) -> None:
    """What is still set aside at the end becomes payable to whom it was set aside for."""
    for party, party_id in case.parties.items():
        source = margin_account(case.id, party_id)
        amount_fen = await balance(conn, source)
        if not amount_fen:
            continue
        payable = AccountKey("compensation_payable", party_id, str(case.id))
        await post_one(
            conn,
            move(
                f"{case.ref}:margin:release:{party}"[:200],
                kind="margin_released",
                ref=case.ref,
                source=source,
                target=payable,
                amount_fen=amount_fen,
            ),
            now=now,
        )
        await queue_payout(
            conn,
            payable,
            payee_id=party_id,
            payee_name=party,
            amount_fen=amount_fen,
            purpose="margin_released_paid",
            ref=case.ref,
            now=now,
        )
