"""What has a consignment under way checked again beside its loan, rights, pledges and reports, and what has not."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import pytest

from kit.ids import uuid7
from kit.sql import Connection
from marketplace.assets import service as assets
from marketplace.cases import service as cases
from marketplace.consignments import service as consignments
from marketplace.consignments.dossier import facts_of
from marketplace.consignments.schemas import Consignment
from marketplace.diligence import service as diligence
from marketplace.monitoring import rules
from marketplace.monitoring import service as monitoring
from marketplace.organisations.schemas import Role
from marketplace.pledges import service as pledges
from marketplace.valuations import service as valuations
from tests.make_people import make_caller
from tests.make_portfolio import (
    Parties,
    make_collateral,
    make_parties,
    some_asset,
    some_case,
    some_mark,
    some_pledge,
    some_terms,
    some_valuation,
)

#: The checks that were asked for were made.
DONE = "UPDATE market.duties SET state = 'done', done_at = now() WHERE kind = 'recheck_consignment'"


@pytest.fixture
async def parties(conn: Connection, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(conn, now=now)


async def with_a_mark(conn: Connection, parties: Parties, now: datetime) -> Consignment:
    """A consignment of a mark, at the bank's checker; nothing waits to be checked."""
    case, _ = await make_collateral(conn, parties, now=now)
    mark = await assets.register(conn, parties.maker, some_mark(), now=now)
    terms = some_terms(parties.venue.organisation_id, case.id, mark.id, has_bundle_statement=True)
    draft = await consignments.draft(conn, parties.maker, terms, now=now)
    await conn.execute(
        "UPDATE market.consignments SET state = 'submitted', submitted_by = drafted_by, submitted_at = $2"
        " WHERE id = $1",
        draft.id,
        now,
    )
    await conn.execute(DONE)
    return draft


async def waits(conn: Connection, consignment_id: UUID) -> bool:
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM market.duties WHERE kind = 'recheck_consignment' AND subject_id = $1"
        " AND state = 'waiting')",
        consignment_id,
    )
    return found


async def return_alert(conn: Connection, whose: Parties, _: Consignment, now: datetime) -> None:
    """MON-02 about the bank as a whole."""
    for signal in rules.return_disagrees(quarter="2026Q3", reported_fen=1, ledger_fen=1_000):
        bank_id = whose.maker.organisation_id
        await monitoring.raise_alert(conn, signal, organisation_id=bank_id, now=now)


async def claim(conn: Connection, whose: Parties, consigned: Consignment, now: datetime) -> None:
    """A claim on the consigned loan, or on another of another bank."""
    fund = await make_caller(conn, Role.FUND_ADMINISTRATOR, now=now)
    is_own = whose.maker.organisation_id == consigned.organisation_id
    case_id = consigned.case_id if is_own else (await make_collateral(conn, whose, now=now))[0].id
    await conn.execute(
        "INSERT INTO market.claims (id, case_id, organisation_id, scheme_id, scheme_version, fund_ids, application,"
        " figures, claim_sha256, state, drafted_by, drafted_at)"
        " VALUES ($1, $2, $3, 's', 1, ARRAY[$4::uuid], '{}', '{}', $5, 'drafted', $6, $7)",
        uuid7(now),
        case_id,
        whose.maker.organisation_id,
        fund.organisation_id,
        bytes(32),
        whose.maker.user_id,
        now,
    )


async def mark(conn: Connection, whose: Parties, _: Consignment, now: datetime) -> None:
    """Another mark on a bank's record: it may belong to the bundle."""
    await assets.register(conn, whose.maker, some_mark(), now=now)


async def recognition(
    conn: Connection, whose: Parties, consigned: Consignment, now: datetime
) -> None:
    """A bank recognises a third bank's report about a right of the same number as the one consigned."""
    third = await make_parties(conn, now=now)
    own = await assets.of_ids(conn, consigned.asset_ids, organisation_id=consigned.organisation_id)
    theirs = await assets.register(conn, third.maker, some_mark(number=own[0].number), now=now)
    report = await valuations.register(conn, third.maker, some_valuation(theirs.id), now=now)
    await conn.execute(DONE)
    await valuations.recognise(conn, whose.checker, report.id, now=now)


_Change = Callable[[Connection, Parties, Consignment, datetime], Awaitable[None]]


@pytest.mark.parametrize("change", [return_alert, claim, mark, recognition])
async def test_what_concerns_it_has_it_checked_again(
    change: _Change, conn: Connection, parties: Parties, now: datetime
) -> None:
    """Another bank's alert, claim or mark changes nothing for it; its own bank's does."""
    consigned = await with_a_mark(conn, parties, now)
    await change(conn, await make_parties(conn, now=now), consigned, now)
    assert not await waits(conn, consigned.id)
    await change(conn, parties, consigned, now)
    assert await waits(conn, consigned.id)


async def test_a_patent_entered_later_completes_no_bundle_of_marks(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Rights of another kind do not concern it."""
    consigned = await with_a_mark(conn, parties, now)
    await assets.register(conn, parties.maker, some_asset(), now=now)
    assert not await waits(conn, consigned.id)


async def test_the_word_to_a_fund_has_it_checked_again(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Once the fund is told, the finding that it was not is gone: ELG-29 is looked at again."""
    consigned = await with_a_mark(conn, parties, now)
    await claim(conn, parties, consigned, now)
    await conn.execute(DONE)
    await consignments.tell_fund(conn, parties.maker, consigned.id, now=now)
    assert await waits(conn, consigned.id)


async def test_a_report_of_another_bank_counts_for_the_bank_that_recognises_it(
    conn: Connection, now: datetime
) -> None:
    """ELG-19: missing until the bank recognises the other's report of the same right, and again once it does not; for
    a third bank it never counts, nor one that is about more rights than are consigned.
    """
    owner, bank, third = [await make_parties(conn, now=now) for _ in range(3)]
    _, theirs = await make_collateral(conn, owner, now=now)
    [report] = await valuations.of_assets(conn, [theirs.id])
    number = {"number": theirs.number}
    also = await assets.register(conn, owner.maker, some_asset(), now=now)
    wide = some_valuation(theirs.id, asset_ids=[str(theirs.id), str(also.id)], value_fen=900)
    wide_report = await valuations.register(conn, owner.maker, wide, now=now)
    held = {}
    for parties in (bank, third):
        case = await cases.register(conn, parties.maker, some_case(), now=now)
        asset = await assets.register(conn, parties.maker, some_asset(**number), now=now)
        pledge = some_pledge(case.id, asset.id, pledgee_code=parties.code)
        await pledges.register(conn, parties.maker, pledge, now=now)
        terms = some_terms(parties.venue.organisation_id, case.id, asset.id)
        held[parties.code] = await consignments.draft(conn, parties.maker, terms, now=now)

    async def has_none(parties: Parties) -> bool:
        found = await diligence.examine(conn, held[parties.code], now=now)
        return "there is no valuation" in {each.message for each in found if each.code == "ELG-19"}

    await valuations.recognise(conn, bank.checker, wide_report.id, now=now)
    assert await has_none(bank)
    await valuations.recognise(conn, bank.checker, report.id, now=now)
    assert (await has_none(bank), await has_none(third)) == (False, True)
    facts = await facts_of(conn, held[bank.code], today=now.date())
    assert facts.valuation_fen == report.value_fen
    await valuations.withdraw_recognition(conn, bank.checker, report.id, reason="复核", now=now)
    assert await has_none(bank)
