"""What a bearer of a claim's loss is told on paper: what it owes (代偿通知), and its part of recoveries (追偿分配通知).

Both are drawn from the books as they stand. Source: domain 7 (guarantor, insurer, re-guarantor: expects); 5.3, 7.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

import msgspec

from kit.sql import Connection
from settlement import cases, liabilities, recoveries, returning
from settlement.cases import Case
from settlement.paper_bodies import (
    AdviceRow,
    BearerFacts,
    CededRow,
    OwedRow,
    PayoutNoticeBody,
    RecoveryAdviceBody,
)
from settlement.recoveries import RecordedRecovery

Names = Mapping[UUID, str]
Body = PayoutNoticeBody | RecoveryAdviceBody


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What a party has said of its liability; all but the state is empty before it did."""

    state: str
    agreement: str = ""
    reason: str = ""
    sha256: str = ""
    at: datetime | None = None


async def notice_body(
    conn: Connection,
    case_id: UUID,
    party: str,
    *,
    claim_sha256: str,
    answered: Answered,
    names: Names,
) -> PayoutNoticeBody:
    """The 代偿通知 of a party as its liability stands; with a payout, that too."""
    case = await cases.get(conn, case_id)
    stated = liabilities.liability_of(case, party)
    paid = {one.to: one for one in await liabilities.payouts(conn, case_id, party)}
    owed = tuple(
        OwedRow(
            to=one.to,
            organisation=_name(names, case, one.to),
            why=one.why,
            amount_fen=one.amount_fen,
            bank_reference=paid[one.to].bank_reference if one.to in paid else "",
            paid_on=paid[one.to].paid_on if one.to in paid else None,
        )
        for one in stated.owed
    )
    ceded = [
        await _ceded(conn, case, one.to, one.amount_fen, party, names=names) for one in stated.ceded
    ]
    paid_fen = sum(one.amount_fen for one in paid.values())
    return PayoutNoticeBody(
        facts=_facts(case, party, stated.role, claim_sha256=claim_sha256, names=names),
        state=answered.state,
        agreement=answered.agreement,
        reason=answered.reason,
        answer_sha256=answered.sha256,
        answered_at=answered.at,
        loss_fen=stated.loss_fen,
        borne_fen=stated.borne_fen,
        compensation_fen=stated.compensation_fen,
        position_fen=stated.position_fen,
        owed=owed,
        ceded=tuple(ceded),
        paid_fen=paid_fen,
        unpaid_fen=stated.owed_fen - paid_fen,
    )


async def advice_body(
    conn: Connection, case_id: UUID, party: str, *, claim_sha256: str, sha256: str, names: Names
) -> RecoveryAdviceBody:
    """The 追偿分配通知 of a party that has paid: its part of every recovery.

    The bank passes each on within the scheme's working days (`remit_workdays`), counted from the recovery, or from the
    payout where that came later.
    """
    case = await cases.get(conn, case_id)
    _, opening, book = case.claimed()
    stated = liabilities.liability_of(case, party)
    paid = await liabilities.payouts(conn, case_id, party)
    since = max((one.recorded_at for one in paid), default=None)
    terms = await returning.terms_of(conn, case)
    recorded = await recoveries.recoveries(conn, case_id)
    rows = tuple(
        _advice(
            one,
            party,
            due_on=returning.deadline(
                terms, one.recorded_at if since is None else max(one.recorded_at, since)
            ),
        )
        for one in recorded
    )
    share_fen = sum(row.share_fen for row in rows)
    return RecoveryAdviceBody(
        facts=_facts(case, party, stated.role, claim_sha256=claim_sha256, names=names),
        answer_sha256=sha256,
        paid_fen=sum(one.amount_fen for one in paid),
        opening_fen=opening.positions[party],
        rows=rows,
        share_fen=share_fen,
        true_up_fen=book.positions[party] - opening.positions[party] + share_fen,
        left_fen=book.positions[party],
        state=case.state,
    )


def _advice(one: RecordedRecovery, party: str, *, due_on: date) -> AdviceRow:
    share_fen, after_fen = one.recovered.movements[party], one.recovered.positions[party]
    return AdviceRow(
        event_id=one.event.id,
        recorded_at=one.recorded_at,
        gross_fen=one.event.gross_fen,
        net_fen=one.recovered.net_fen,
        shared_fen=one.recovered.shared_fen,
        before_fen=after_fen + share_fen,
        share_fen=share_fen,
        after_fen=after_fen,
        due_on=due_on,
    )


async def _ceded(
    conn: Connection, case: Case, to: str, amount_fen: int, party: str, *, names: Names
) -> CededRow:
    paid = [one for one in await liabilities.payouts(conn, case.id, to) if one.to == party]
    return CededRow(
        to=to,
        organisation=_name(names, case, to),
        amount_fen=amount_fen,
        bank_reference=paid[0].bank_reference if paid else "",
        paid_on=paid[0].paid_on if paid else None,
    )


def _facts(case: Case, party: str, role: str, *, claim_sha256: str, names: Names) -> BearerFacts:
    claim, _, _ = case.claimed()
    return BearerFacts(
        case_id=case.id,
        loan_number=case.loan_number,
        borrower=names.get(case.borrower_id, str(case.borrower_id)),
        bank=_name(names, case, claim.scheme.bank),
        scheme_id=case.scheme_id,
        scheme_version=case.scheme_version,
        claim_sha256=claim_sha256,
        organisation=_name(names, case, party),
        party=party,
        role=role,
    )


def _name(names: Names, case: Case, party: str) -> str:
    identity = case.parties[party]
    return names.get(identity, str(identity))
