"""What each party of a claim owes to whom, by the rules; and that a payout of it is in the books once."""

from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec
import pytest

from kit.errors import InvalidInput
from settlement import (
    cases,
    clawbacks,
    liabilities,
    paper_sources,
    papers,
    rendering,
    royalty_receipts,
)
from settlement.bearer_papers import Answered, advice_body, notice_body
from settlement.errors import DuplicateBankReference, IllegalStep
from settlement.ledger import balance, outside
from settlement.liabilities import Payout
from settlement.rules.bearing import Ceded, cede
from settlement.rules.scheme import Cession
from tests.settlement.make_licences import invoice_year, make_licence
from tests.settlement.make_money import BANK, CHECKER, MAKER, VENUE, review_and_advance
from tests.settlement.test_compensation_parties import (
    GUARANTOR,
    REGUARANTOR,
    make_example_two,
)

DAY = date(2026, 11, 2)


async def pay_liability(
    conn: asyncpg.Connection, case_id: UUID, party: str, *, now: datetime, **changes: object
) -> liabilities.RecordedPayout:
    """A party pays the first that it owes."""
    owed = liabilities.liability_of(await cases.get(conn, case_id), party).owed[0]
    payout = Payout(
        to=owed.to, amount_fen=owed.amount_fen, bank_reference=f"{party}-1", paid_on=DAY
    )
    return await liabilities.pay(
        conn,
        case_id,
        party,
        msgspec.structs.replace(payout, **changes),
        first=DAY,
        reported_by=MAKER,
        confirmed_by=CHECKER,
        now=now,
    )


async def test_parties_owe_what_they_bear_and_took_over(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Example 2: what all owe, less what they get back and are compensated for, is what they carry."""
    case = await make_example_two(conn, now=now)
    assert case.claim is not None
    found = {name: liabilities.liability_of(case, name) for name in ("guarantor", "reguarantor")}
    assert found["guarantor"].owed_fen == 612_345_687
    assert found["reguarantor"].owed_fen == 244_938_275
    for one in found.values():
        back_fen = sum(part.amount_fen for part in one.ceded)
        assert one.owed_fen - back_fen - one.compensation_fen == one.position_fen


async def test_a_chain_of_cessions_is_followed_link_by_link(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A party that passed on to two owes all that it bears; who took over owes it, and never more than is kept."""
    case = await make_example_two(conn, now=now)
    assert case.claim is not None
    twice = (
        Cession(party="guarantor", to="reguarantor", bp=6000),
        Cession(party="guarantor", to="bank", bp=4000),
    )
    rules = msgspec.structs.replace(case.claim.scheme, cession=twice)
    moved = cede(rules, {"bank": 0, "guarantor": 9, "reguarantor": 0, "fund": 0})
    assert moved == (
        Ceded(party="guarantor", to="reguarantor", amount_fen=5),
        Ceded(party="guarantor", to="bank", amount_fen=4),
    )


async def test_a_payout_moves_from_party_to_payee_once(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Between the parties' own accounts, effective on the day it was paid; the positions stay what they were."""
    case = await review_and_advance(conn, await make_example_two(conn, now=now), now=now)
    before = (await cases.get(conn, case.id)).book
    got_fen = await balance(conn, outside(GUARANTOR, case.ref))
    first = await pay_liability(conn, case.id, "reguarantor", now=now)
    assert await pay_liability(conn, case.id, "reguarantor", now=now) == first
    assert await balance(conn, outside(REGUARANTOR, case.ref)) == -244_938_275
    assert await balance(conn, outside(GUARANTOR, case.ref)) == got_fen + 244_938_275
    assert (await cases.get(conn, case.id)).book == before
    moved = await conn.fetchval(
        "SELECT effective_at FROM settlement.transfers WHERE kind = 'liability_paid'"
    )
    assert moved.isoformat() == "2026-11-01T16:00:00+00:00"
    with pytest.raises(liabilities.PayoutExists):
        await pay_liability(conn, case.id, "reguarantor", now=now, bank_reference="another")


async def test_nothing_is_paid_before_positions_are_open(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A claim that is only applied for has no positions; one that was clawed back still has."""
    case = await make_example_two(conn, now=now)
    with pytest.raises(IllegalStep):
        await pay_liability(conn, case.id, "guarantor", now=now)
    await review_and_advance(conn, case, now=now)
    with pytest.raises(InvalidInput):
        await pay_liability(conn, case.id, "guarantor", now=now, amount_fen=1)
    await clawbacks.propose(
        conn, case.id, reason="fraud", evidence="ab" * 32, proposed_by=MAKER, now=now
    )
    await clawbacks.decide(conn, case.id, decided_by=CHECKER, now=now)
    assert (await pay_liability(conn, case.id, "guarantor", now=now)).amount_fen == 612_345_687
    advice = await advice_body(conn, case.id, "guarantor", claim_sha256="", sha256="", names={})
    assert (advice.opening_fen, advice.true_up_fen) == (257_185_188, 110_222_224)
    assert advice.left_fen == advice.opening_fen + advice.true_up_fen - advice.share_fen


@pytest.mark.parametrize("holder", [BANK, VENUE], ids=["payee", "another"])
@pytest.mark.parametrize("is_fee_first", [True, False])
async def test_a_payout_is_no_other_money(
    conn: asyncpg.Connection, now: datetime, holder: UUID, is_fee_first: bool
) -> None:
    """Under one reference its payee has a licence's fee or a payout, whichever came first; another may have either."""
    case = await review_and_advance(conn, await make_example_two(conn, now=now), now=now)
    licence = await make_licence(conn, case_id=case.id, now=now, holder_id=holder)
    invoice = await invoice_year(conn, licence, 2026, sales_fen=1_000_000, now=now)

    async def fee() -> object:
        return await royalty_receipts.receive(
            conn, invoice.id, bank_reference="X", amount_fen=500, received_at=now, now=now
        )

    async def payout() -> object:
        return await pay_liability(conn, case.id, "guarantor", now=now, bank_reference="X")

    first, second = (fee, payout) if is_fee_first else (payout, fee)
    await first()
    if holder == BANK:
        with pytest.raises(DuplicateBankReference):
            await second()
    else:
        await second()


@pytest.mark.parametrize("kind", [papers.PAYOUT_NOTICE, papers.RECOVERY_ADVICE])
async def test_papers_print_names_as_text(
    conn: asyncpg.Connection, now: datetime, kind: str
) -> None:
    """What people wrote is escaped; who has no name here is shown by the id."""
    case = await review_and_advance(conn, await make_example_two(conn, now=now), now=now)
    await pay_liability(conn, case.id, "reguarantor", now=now, bank_reference="<b>1</b>")
    names: paper_sources.Names = {GUARANTOR: "<i>担保</i>"}
    if kind == papers.PAYOUT_NOTICE:
        said = Answered(state="disputed", reason="<u>no</u>")
        body: papers.PaperBody = await notice_body(
            conn, case.id, "reguarantor", claim_sha256="ab", answered=said, names=names
        )
    else:
        body = await advice_body(
            conn, case.id, "reguarantor", claim_sha256="ab", sha256="cd", names=names
        )
    page = rendering.html(await papers.issue(conn, kind, case.id, body, now=now))
    assert str(REGUARANTOR) in page
    assert not any(tag in page for tag in ("<b>", "<i>", "<u>"))
