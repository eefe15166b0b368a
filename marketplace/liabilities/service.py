"""A bearer of losses answers for what it owes and pays it: one of its people proposes, another agrees.

What waits for the second person is a request for approval of exactly these bytes; here stands what two have agreed to.
A confirmation is final; a dispute goes on until the parties agree and it is confirmed. Source: domain 7.
"""

from datetime import date, datetime
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, InvalidInput
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Approval, Kind
from marketplace.approvals.schemas import DecisionIn as ApprovalDecision
from marketplace.audit import service as audit
from marketplace.claims import rows as claims
from marketplace.liabilities import rows
from marketplace.liabilities.events import LiabilityAnswered, LiabilityPaid
from marketplace.liabilities.rows import StoredLiability
from marketplace.liabilities.schemas import (
    Answer,
    AnswerIn,
    DecisionIn,
    LiabilityState,
    LiabilityView,
    PayoutIn,
    PayoutPaper,
)
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox
from marketplace.statements import service as statements
from settlement import bearer_papers, cases, liabilities, papers
from settlement.bearer_papers import Answered
from settlement.documents import digest
from settlement.liabilities import Payout, RecordedPayout
from settlement.papers import Paper

_SQL = load_statements("marketplace.liabilities", "queries.sql")
_STATES = {"confirm": LiabilityState.CONFIRMED, "dispute": LiabilityState.DISPUTED}
_ASKED = {
    "confirm": "liability confirmed 确认分险责任",
    "dispute": "liability disputed 对分险责任提出异议",
}


class LiabilityConfirmed(Conflict):
    """This liability is confirmed, which is final. / 该分险责任已确认，不得更改。"""

    code = "liability_confirmed"


class NotConfirmed(Conflict):
    """Only a confirmed liability is paid. / 责任确认后方可登记代偿。"""

    code = "liability_not_confirmed"


class NothingToDecide(Conflict):
    """Nothing of this liability waits for a second person. / 该责任没有待复核的事项。"""

    code = "nothing_to_decide"


class ClaimRejected(Conflict):
    """The funds rejected this claim: no loss is shared under it. / 该申请审核未通过，不发生分险责任。"""

    code = "claim_rejected"


class NotPaid(Conflict):
    """Who has not paid has no share of recoveries yet (Civil Code 700). / 尚未代偿，不享有追偿分配。"""

    code = "liability_not_paid"


async def answer(
    conn: Connection, caller: Caller, liability_id: UUID, given: AnswerIn, *, now: datetime
) -> LiabilityView:
    """Propose to confirm or to dispute; another proposal takes its place.

    Raises `LiabilityConfirmed`, `ClaimRejected`, `ContentChanged` when something else was read, `InvalidInput`.
    """
    one = await rows.lock_own(conn, caller, liability_id)
    if one.state is LiabilityState.CONFIRMED:
        raise LiabilityConfirmed
    if (await cases.get(conn, one.case_id)).state == cases.REJECTED:
        raise ClaimRejected
    if given.answer == "confirm" and not given.agreement:
        raise InvalidInput(
            "agreement",
            "must name the guarantee, policy or cession contract under which the liability is confirmed",
            "确认责任须填写担保合同、保单或再担保合同编号",
        )
    if given.answer == "dispute" and not given.reason:
        raise InvalidInput("reason", "must say why the liability is disputed", "提出异议须说明理由")
    stated = await rows.stated_of(conn, one)
    if given.stated_sha256 != digest(stated).hex():
        raise approvals.ContentChanged
    content = Answer(
        **msgspec.structs.asdict(stated.share),
        answer=given.answer,
        agreement=given.agreement,
        reason=given.reason,
        claim_sha256=stated.claim_sha256,
        stated_sha256=given.stated_sha256,
    )
    paper = _paper(Kind.LIABILITY, one, caller.user_id, content, stated.share.owed_fen)
    await approvals.file(conn, caller, paper, reason=given.reason or _ASKED[given.answer], now=now)
    return await rows.get(conn, caller, liability_id)


async def report_payout(
    conn: Connection, caller: Caller, liability_id: UUID, given: PayoutIn, *, now: datetime
) -> LiabilityView:
    """Report a payout of the caller's organisation; it is booked once a colleague read the same.

    Raises `NotConfirmed`, and what `settlement.liabilities.require_payable` raises.
    """
    one = await rows.lock_own(conn, caller, liability_id)
    if one.state is not LiabilityState.CONFIRMED:
        raise NotConfirmed
    case = await cases.get(conn, one.case_id)
    payout = msgspec.convert(given, Payout, from_attributes=True)
    first = await _first_day(conn, one)
    today = now.astimezone(CHINA).date()
    known = await liabilities.require_payable(
        conn, case, one.party, payout, first=first, today=today
    )
    if known is None:
        paper = _paper(
            Kind.LIABILITY_PAYOUT, one, caller.user_id, _content(one, payout), payout.amount_fen
        )
        await approvals.file(conn, caller, paper, reason=f"payout 代偿 {payout.to}", now=now)
    return await rows.get(conn, caller, liability_id)


async def decide(
    conn: Connection, caller: Caller, liability_id: UUID, given: DecisionIn, *, now: datetime
) -> LiabilityView:
    """The second person agrees to what is proposed, as shown, or refuses it.

    Raises `NothingToDecide`, `ContentChanged` for another proposal, `SamePerson` for who made it.
    """
    one = await rows.lock_own(conn, caller, liability_id)
    found = await rows.waiting(conn, one)
    if found is None:
        raise NothingToDecide
    if found.sha256 != given.sha256:
        raise approvals.ContentChanged
    if not given.approved:
        word = ApprovalDecision(approved=False, sha256=given.sha256, reason=given.reason)
        await approvals.decide(conn, caller, found.id, word, now=now)
        return await rows.get(conn, caller, liability_id)
    kind, act = (Answer, _answered) if found.kind is Kind.LIABILITY else (PayoutPaper, _paid)
    content = msgspec.json.decode(found.content, type=kind)
    paper = _paper(found.kind, one, found.asked_by, content, found.amount_fen)
    signed = await approvals.sign(conn, caller, paper, reason=given.reason, now=now)
    if signed.is_complete:
        await act(conn, caller, one, signed, now=now)
    return await rows.get(conn, caller, liability_id)


async def paper_of(
    conn: Connection, caller: Caller, liability_id: UUID, kind: str, *, now: datetime
) -> Paper:
    """The 代偿通知 or the 追偿分配通知: for the party itself, its bank, and overseers; raises `NotFound`, `NotPaid`."""
    one = await rows.stored(conn, caller, liability_id)
    rows.require_reader(caller, one)
    names = {row["id"]: row["name"] for row in await conn.fetch(_SQL["names"], one.case_id)}
    if kind == papers.PAYOUT_NOTICE:
        said = one.answered
        body: bearer_papers.Body = await bearer_papers.notice_body(
            conn,
            one.case_id,
            one.party,
            claim_sha256=one.claim_sha256,
            answered=Answered(
                state=one.state.value,
                agreement="" if said is None else said.agreement,
                reason="" if said is None else said.reason,
                sha256=one.answer_hash,
                at=one.decided_at,
            ),
            names=names,
        )
    else:
        stands = await rows.get(conn, caller, liability_id)
        if one.state is not LiabilityState.CONFIRMED or stands.paid_fen < stands.owed_fen:
            raise NotPaid
        body = await bearer_papers.advice_body(
            conn,
            one.case_id,
            one.party,
            claim_sha256=one.claim_sha256,
            sha256=one.answer_hash,
            names=names,
        )
    return await papers.issue(conn, kind, one.id, body, now=now, issued_by=caller.user_id)


async def _answered(
    conn: Connection, caller: Caller, one: StoredLiability, signed: Approval, *, now: datetime
) -> None:
    if (await cases.get(conn, one.case_id)).state == cases.REJECTED:
        raise ClaimRejected
    state = _STATES[msgspec.json.decode(signed.content, type=Answer).answer]
    await conn.execute(
        _SQL["answer"],
        *(one.id, state, signed.content.encode(), signed.asked_by, caller.user_id, now),
    )
    await audit.record(
        conn,
        caller,
        now=now,
        action=f"liability_{state}",
        subject="liability",
        subject_id=one.id,
        before={"state": one.state},
        after={"state": state, "sha256": signed.sha256},
    )
    told = LiabilityAnswered(
        liability_id=one.id, claim_id=one.claim_id, case_id=one.case_id, state=state
    )
    await outbox.add(conn, told, now=now)


async def _paid(
    conn: Connection, caller: Caller, one: StoredLiability, signed: Approval, *, now: datetime
) -> None:
    shown = msgspec.json.decode(signed.content, type=PayoutPaper)
    claim = await claims.lock_of_case(conn, one.case_id)  # as who enters recoveries locks it
    assert claim is not None, "a liability is of an approved claim"
    booked: RecordedPayout = await liabilities.pay(
        conn,
        one.case_id,
        one.party,
        msgspec.convert(shown, Payout, from_attributes=True),
        first=await _first_day(conn, one),
        reported_by=signed.asked_by,
        confirmed_by=caller.user_id,
        now=now,
    )
    await audit.record(
        conn,
        caller,
        now=now,
        action="liability_paid",
        subject="liability",
        subject_id=one.id,
        after={"payout_id": booked.id, "payout": shown},
    )
    told = LiabilityPaid(
        liability_id=one.id,
        claim_id=one.claim_id,
        case_id=one.case_id,
        payout_id=booked.id,
        amount_fen=booked.amount_fen,
    )
    await outbox.add(conn, told, now=now)
    if claim.final_approved_by is not None:  # the clearing statement says who paid and got what
        await statements.issue_clearing(conn, caller, one.case_id, now=now)


async def _first_day(conn: Connection, one: StoredLiability) -> date:
    claim, _, _ = (await cases.get(conn, one.case_id)).claimed()
    counts_earlier = claim.loan.received_fen > 0
    day: date = await conn.fetchval(_SQL["first_day"], one.claim_id, counts_earlier)
    return day


def _content(one: StoredLiability, payout: Payout) -> PayoutPaper:
    return PayoutPaper(
        party=one.party,
        to=payout.to,
        amount_fen=payout.amount_fen,
        bank_reference=payout.bank_reference,
        paid_on=payout.paid_on,
        answer_sha256=one.answer_hash,
    )


def _paper(
    kind: Kind, one: StoredLiability, asked_by: UUID, content: object, amount_fen: int | None
) -> approvals.Paper:
    return approvals.Paper(
        kind=kind,
        organisation_id=one.organisation_id,
        subject_id=one.id,
        asked_by=asked_by,
        content=content,
        amount_fen=amount_fen,
    )
