"""A claim on a fund: applied for with its proof, reviewed by two people, advanced (先行拨付).

Every figure comes from the pure rules and is stored with how it was reached. The loss-sharing positions and the
debtor's debt are opened as two books; compensation enters only the first. Source: domain 5.2, 5.3; contracts 2.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.failpoints import register
from kit.money import split_among, yuan
from kit.sql import Connection, load_statements
from settlement import breakers, cases, funds, margins, payments
from settlement.cases import Case, Claim, Evidence, StepLine
from settlement.claim_lines import claim_lines, line
from settlement.documents import canonical, digest
from settlement.errors import BreakerTripped, PlanChanged, SamePerson
from settlement.ledger import AccountKey, Entry, Transfer, fund_account, post, share
from settlement.rules.caps import caps_left, with_party_year
from settlement.rules.case import JuniorClaim, Loan, check_received
from settlement.rules.compensation import Opening, open_claim
from settlement.rules.recovery import Book, Debt, start_book
from settlement.rules.scheme import Caps, Scheme
from settlement.schemes import SchemeFile

_SQL = load_statements("settlement", "sql/cases.sql")
REVIEWERS = 2
SUSPENDED = "SUSPENDED_BY_BREAKER"

_before_open = register("settlement.compensation.before_open")
_after_open = register("settlement.compensation.after_open")
_before_advance = register("settlement.compensation.before_advance")
_after_advance = register("settlement.compensation.after_advance")


async def apply_claim(
    conn: Connection,
    case_id: UUID,
    *,
    loan: Loan,
    applied_by: UUID,
    now: datetime,
    junior_claims: Sequence[JuniorClaim] = (),
    evidence: Sequence[Evidence] = (),
) -> Case:
    """Apply for compensation of a loan in default; the promise is reserved out of what the fund has left.

    Raises `IllegalStep` before the default is confirmed, `InvalidInput` for figures the scheme has no
    place for. The same application again is answered as the first time.
    """
    case = await cases.lock(conn, case_id)
    if case.state == cases.COMP_APPLIED and case.claim is not None and case.claim.loan == loan:
        return case
    rules = await rules_for(conn, case, loan, now=now)
    juniors = tuple(junior_claims)
    claim = Claim(scheme=rules, loan=loan, junior_claims=juniors, evidence=tuple(evidence))
    return await store_claim(conn, case, claim, applied_by=applied_by, now=now)


async def rules_for(conn: Connection, case: Case, loan: Loan, *, now: datetime) -> Scheme:
    """The scheme as it stands for a claim of this loan now: with what is left of every cap.

    Raises `IllegalStep` before the default is confirmed, `BreakerTripped` where the scheme has ended for the lender.
    """
    case.needs(cases.DEFAULT_CONFIRMED, step=cases.COMP_APPLIED)
    if await breakers.is_terminated(conn, case.scheme_id, case.lender_id):
        raise BreakerTripped
    file = await cases.scheme(conn, case.scheme_id, case.scheme_version)
    assert file.scheme is not None, "only complete schemes are enrolled under"
    check_received(file.scheme, loan)
    caps, party_year_left = await caps_for(conn, file, case, now=now)
    for fund, left_fen in party_year_left.items():
        caps[fund] = with_party_year(caps[fund], left_fen)
    return msgspec.structs.replace(file.scheme, caps=caps)


async def store_claim(
    conn: Connection, case: Case, claim: Claim, *, applied_by: UUID, now: datetime
) -> Case:
    """Compute a claim under its scheme as given, and reserve what it promises."""
    rules, loan, case_id = claim.scheme, claim.loan, case.id
    opening = open_claim(rules, loan)
    book = start_book(rules, loan, opening, junior_claims=claim.junior_claims)
    await conn.execute(
        _SQL["apply_claim"],
        case_id,
        canonical(claim),
        canonical(opening),
        canonical(book),
        applied_by,
    )
    for fund in rules.funds:
        await conn.execute(
            _SQL["insert_promise"],
            *(case_id, fund, case.parties[fund], case.borrower_id, now.astimezone(CHINA).year),
            *(opening.promised[fund], opening.advance[fund]),
        )
    lines = claim_lines(rules, loan, opening)
    await cases.add_step(conn, case_id, "apply_claim", lines=lines, by_user=applied_by, now=now)
    return await cases.get(conn, case_id)


def claim_hash(case: Case) -> bytes:
    """What a reviewer reviews, as one hash: the claim and all that was computed from it."""
    claim, opening, book = case.claimed()
    return digest(_Reviewed(claim, opening, book))


class _Reviewed(msgspec.Struct, frozen=True):
    claim: Claim
    opening: Opening
    book: Book


async def review_claim(
    conn: Connection,
    case_id: UUID,
    *,
    reviewer_id: UUID,
    approved: bool,
    reason: str,
    reviewed_hash: bytes,
    now: datetime,
) -> Case:
    """One person's review. The second approval by another person opens the books; one refusal rejects.

    Raises `SamePerson` for who applied or has reviewed already, `PlanChanged` when `reviewed_hash` is not
    that of the claim as it stands.
    """
    case = await cases.lock(conn, case_id)
    earlier = {row["reviewer_id"]: row for row in await conn.fetch(_SQL["reviews"], case_id)}
    own = earlier.get(reviewer_id)
    if own is not None and (own["approved"], own["reviewed_hash"]) == (approved, reviewed_hash):
        return case
    case.needs(cases.COMP_APPLIED, step=cases.COMP_REVIEWED)
    if own is not None or reviewer_id == case.applied_by:
        raise SamePerson
    if claim_hash(case) != reviewed_hash:
        raise PlanChanged
    await conn.execute(
        _SQL["insert_review"], case_id, reviewer_id, approved, reason, reviewed_hash, now
    )
    step = "review_approve" if approved else "review_reject"
    await cases.add_step(conn, case_id, step, lines=(), by_user=reviewer_id, now=now)
    if not approved:
        await cases.set_state(conn, case, cases.REJECTED)
    elif len(earlier) + 1 >= REVIEWERS:
        await _pass_breakers(conn, case, now=now)
    return await cases.get(conn, case_id)


async def resume(conn: Connection, case_id: UUID, *, now: datetime) -> Case:
    """Look again at a claim that a breaker deferred; it goes on once the figures allow it."""
    case = await cases.lock(conn, case_id)
    if case.state == SUSPENDED:
        await _pass_breakers(conn, case, now=now)
    return await cases.get(conn, case_id)


async def _pass_breakers(conn: Connection, case: Case, *, now: datetime) -> None:
    """Open the books of a claim that both reviewers approved, unless a breaker of its scheme stops it.

    DEFER suspends it until `resume` finds the figures within the threshold; TERMINATE rejects it.
    """
    file = await cases.scheme(conn, case.scheme_id, case.scheme_version)
    read = await breakers.readings(conn, file, case.lender_id, now=now)
    stopping = [one for one in read if one.has_tripped and one.action != breakers.SUSPEND_NEW]
    lines = [
        line(one.metric, "熔断指标", "", one.loss_fen, f"{one.action}: {one.computation}")
        for one in read
    ]
    if stopping:
        ends = any(one.action == breakers.TERMINATE for one in stopping)
        state = cases.REJECTED if ends else SUSPENDED
        if state != case.state:
            await breakers.note(conn, file, case.lender_id, stopping, case_id=case.id, now=now)
            await cases.set_state(conn, case, state)
            await cases.add_step(conn, case.id, state.lower(), lines=lines, by_user=None, now=now)
        return
    _before_open()
    await _open_books(conn, case, now=now)
    await cases.set_state(conn, case, cases.COMP_REVIEWED)
    if lines:
        await cases.add_step(conn, case.id, "breakers_passed", lines=lines, by_user=None, now=now)
    _after_open()


async def pay_advance(conn: Connection, case_id: UUID, *, paid_by: UUID, now: datetime) -> Case:
    """Advance the reviewed part of the promise from the fund to those it relieves, once.

    Raises `IllegalStep` before the second review, `InsufficientFunds` when the fund has less.
    """
    case = await cases.lock(conn, case_id)
    if case.state == cases.ADVANCE_PAID:
        return case
    case.needs(cases.COMP_REVIEWED, step=cases.ADVANCE_PAID)
    claim, opening, _ = case.claimed()
    file = await cases.scheme(conn, case.scheme_id, case.scheme_version)
    is_margin = file.operating.payout_form == "MARGIN_ACCOUNT"
    pay = margins.set_aside if is_margin else pay_compensation
    _before_advance()
    lines = []
    for fund in claim.scheme.funds:
        parts = relief(opening, opening.advance[fund])
        await pay(conn, case, fund, parts, kind="compensation_advance", now=now)
        lines += [
            StepLine(
                name="advance",
                name_zh="先行拨付",
                party=party,
                amount_fen=fen,
                computation=f"{fund}: {yuan(opening.advance[fund])} by compensation 按补偿额分配",
            )
            for party, fen in parts.items()
        ]
    await cases.set_state(conn, case, cases.ADVANCE_PAID)
    await cases.add_step(conn, case_id, "pay_advance", lines=lines, by_user=paid_by, now=now)
    _after_advance()
    return await cases.get(conn, case_id)


def relief(opening: Opening, amount_fen: int) -> dict[str, int]:
    """An amount of a fund among those that it relieves, by their compensation; only parts above 0."""
    parts = split_among(amount_fen, opening.compensation)
    return {party: fen for party, fen in parts.items() if fen}


async def pay_compensation(
    conn: Connection, case: Case, fund: str, parts: dict[str, int], *, kind: str, now: datetime
) -> None:
    """Move money from a fund to what is payable to each party, and queue its payment."""
    payable = {
        party: AccountKey("compensation_payable", case.parties[party], str(case.id))
        for party in parts
    }
    if not parts:
        return
    await post(
        conn,
        [
            Transfer(
                idempotency_id=f"{case.ref}:{kind}:{fund}"[:200],
                kind=kind,
                ref=case.ref,
                entries=(
                    Entry(fund_account(case.parties[fund]), -sum(parts.values())),
                    *(Entry(payable[party], fen) for party, fen in parts.items()),
                ),
            )
        ],
        now=now,
    )
    for party, fen in parts.items():
        await payments.queue_payout(
            conn,
            payable[party],
            payee_id=case.parties[party],
            payee_name=party,
            amount_fen=fen,
            purpose=f"{kind}_paid",
            ref=case.ref,
            now=now,
        )


def debt_entries(case_id: UUID, before: Debt, after: Debt) -> list[Entry]:
    """What changes in the debtor's book between two states, balanced against the debtor."""
    changes = {
        "debt_costs": after.costs_fen - before.costs_fen,
        "debt_interest": after.interest_fen - before.interest_fen,
        "debt_principal": after.principal_fen - before.principal_fen,
        "debt_penalty": after.penalty_fen - before.penalty_fen,
    }
    changes["debtor"] = -sum(changes.values())
    return [Entry(AccountKey(kind, case_id), fen) for kind, fen in changes.items() if fen]


async def _open_books(conn: Connection, case: Case, *, now: datetime) -> None:
    _, opening, book = case.claimed()
    loss_fen = opening.bearing.loss_fen
    transfers = []
    if loss_fen:
        positions = [
            Entry(share(case.id, name), fen) for name, fen in opening.positions.items() if fen
        ]
        transfers.append(
            Transfer(
                idempotency_id=f"{case.ref}:open:sharing",
                kind="positions_opened",
                ref=case.ref,
                entries=(Entry(AccountKey("loss", case.id), -loss_fen), *positions),
            )
        )
    nothing = Debt(costs_fen=0, interest_fen=0, principal_fen=0, penalty_fen=0)
    owed = debt_entries(case.id, nothing, book.debt)
    if owed:
        transfers.append(
            Transfer(
                idempotency_id=f"{case.ref}:open:debt",
                kind="debt_opened",
                ref=case.ref,
                entries=tuple(owed),
            )
        )
    await post(conn, transfers, now=now)


async def caps_for(
    conn: Connection, file: SchemeFile, case: Case, *, now: datetime
) -> tuple[dict[str, Caps], dict[str, int]]:
    """What is left of each fund's caps for a claim, and of what it may promise to the lender in the year.

    Funds are looked at in one order by everybody; nobody else looks until this transaction ends.
    """
    assert file.scheme is not None, "checked by the caller"
    by_party_year = file.operating.party_year_cap_fen
    caps_of = dict.fromkeys(by_party_year, Caps()) | file.scheme.caps
    year = now.astimezone(CHINA).year
    left: dict[str, Caps] = {}
    party_year_left: dict[str, int] = {}
    for fund in sorted(caps_of, key=lambda name: case.parties[name].bytes):
        fund_id = case.parties[fund]
        used = await funds.use(conn, fund_id, borrower_id=case.borrower_id, year=year)
        caps = caps_left(caps_of[fund], borrower_fen=used.borrower_fen, year_fen=used.year_fen)
        if caps.fund_balance_fen is not None:
            # The file states the fund's size; what it really has free is in the ledger.
            caps = msgspec.structs.replace(caps, fund_balance_fen=used.exposure.free_fen)
        if fund in by_party_year:
            spent = await conn.fetchval(_SQL["party_year_use"], fund_id, case.lender_id, year)
            party_year_left[fund] = max(by_party_year[fund] - spent, 0)
        left[fund] = caps
    return {name: left[name] for name in caps_of}, party_year_left
