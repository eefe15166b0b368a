"""Liabilities as they are stored, and as they are shown to whoever may see them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import NotFound
from kit.sql import Connection, load_statements
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Approval, Kind
from marketplace.liabilities.schemas import (
    Answer,
    LiabilityState,
    LiabilitySummary,
    LiabilityView,
    PayoutPaper,
    Proposal,
    Stated,
)
from marketplace.organisations.schemas import Caller, OrganisationKind
from settlement import cases, liabilities, recoveries
from settlement.cases import Case
from settlement.documents import digest
from settlement.liabilities import RecordedPayout

_SQL = load_statements("marketplace.liabilities", "queries.sql")
_READERS = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})
KINDS = (Kind.LIABILITY, Kind.LIABILITY_PAYOUT)


class StoredLiability(msgspec.Struct, frozen=True, kw_only=True):
    """A liability as its row has it, with its claim's hash and what its party and loan are called."""

    id: UUID
    claim_id: UUID
    case_id: UUID
    party: str
    organisation_id: UUID
    lender_id: UUID
    state: LiabilityState
    notified_at: datetime
    answer: bytes | None
    answer_sha256: bytes | None
    asked_by: UUID | None
    decided_by: UUID | None
    decided_at: datetime | None
    claim_sha256: str
    organisation: str
    loan_number: str

    @property
    def answered(self) -> Answer | None:
        """What two people of the party said."""
        return None if self.answer is None else msgspec.json.decode(self.answer, type=Answer)

    @property
    def answer_hash(self) -> str:
        """The SHA-256 of what they said; empty before."""
        return "" if self.answer_sha256 is None else self.answer_sha256.hex()


async def stored(conn: Connection, caller: Caller, liability_id: UUID) -> StoredLiability:
    """One liability that the caller may see; raises `NotFound`."""
    row = await conn.fetchrow(
        _SQL["liability"], liability_id, _sees_all(caller), caller.organisation_id
    )
    if row is None:
        raise NotFound
    return _stored(row)


async def lock_own(conn: Connection, caller: Caller, liability_id: UUID) -> StoredLiability:
    """A liability of the caller's own organisation, locked; raises `NotFound` for another's."""
    if await conn.fetchval(_SQL["lock_own"], liability_id, caller.organisation_id) is None:
        raise NotFound
    return await stored(conn, caller, liability_id)


async def stated_of(conn: Connection, one: StoredLiability) -> Stated:
    """What the party is asked to confirm, as the claim was computed."""
    return _stated(one, await cases.get(conn, one.case_id))


def _stated(one: StoredLiability, case: Case) -> Stated:
    return Stated(
        claim_id=one.claim_id,
        case_id=one.case_id,
        claim_sha256=one.claim_sha256,
        organisation_id=one.organisation_id,
        share=liabilities.liability_of(case, one.party),
    )


async def get(conn: Connection, caller: Caller, liability_id: UUID) -> LiabilityView:
    """One liability, whole; `NotFound` when there is none that the caller may see."""
    one = await stored(conn, caller, liability_id)
    case = await cases.get(conn, one.case_id)
    stated = _stated(one, case)
    payouts = await liabilities.payouts(conn, one.case_id, one.party)
    summary = _summary(one, case, payouts)
    recorded = await recoveries.recoveries(conn, one.case_id)
    return LiabilityView(
        **msgspec.structs.asdict(summary),
        stated=stated,
        stated_sha256=digest(stated).hex(),
        answer=one.answered,
        answer_sha256=one.answer_hash or None,
        decided_by=one.decided_by,
        decided_at=one.decided_at,
        proposal=await _proposal(conn, caller, one),
        payouts=payouts,
        recovered_fen=sum(row.recovered.movements[one.party] for row in recorded),
    )


async def page(
    conn: Connection,
    caller: Caller,
    *,
    after: UUID | None,
    limit: int,
    claim_id: UUID | None = None,
) -> list[LiabilitySummary]:
    """Up to `limit` liabilities that the caller may see, of one claim or of all, with ids after `after`."""
    rows = await conn.fetch(
        _SQL["page"], after, _sees_all(caller), caller.organisation_id, claim_id, limit
    )
    found = []
    for row in rows:
        one = _stored(row)
        case = await cases.get(conn, one.case_id)
        payouts = await liabilities.payouts(conn, one.case_id, one.party)
        found.append(_summary(one, case, payouts))
    return found


def require_reader(caller: Caller, one: StoredLiability) -> None:
    """The party's own papers are for it, its bank and overseers; raises `NotFound`."""
    if caller.organisation_id not in (one.organisation_id, one.lender_id) and not _sees_all(caller):
        raise NotFound


async def waiting(conn: Connection, one: StoredLiability) -> Approval | None:
    """What waits for the party's second person."""
    for kind in KINDS:
        found = await approvals.standing(conn, one.organisation_id, kind, one.id)
        if found is not None:
            return found
    return None


async def _proposal(conn: Connection, caller: Caller, one: StoredLiability) -> Proposal | None:
    if caller.organisation_id != one.organisation_id and not _sees_all(caller):
        return None
    found = await waiting(conn, one)
    if found is None:
        return None
    is_answer = found.kind is Kind.LIABILITY
    return Proposal(
        kind="liability" if is_answer else "liability_payout",
        answer=msgspec.json.decode(found.content, type=Answer) if is_answer else None,
        payout=None if is_answer else msgspec.json.decode(found.content, type=PayoutPaper),
        sha256=found.sha256,
        asked_by=found.asked_by,
        asked_at=found.asked_at,
    )


def _summary(
    one: StoredLiability, case: Case, payouts: Sequence[RecordedPayout]
) -> LiabilitySummary:
    _, _, book = case.claimed()
    share = liabilities.liability_of(case, one.party)
    return LiabilitySummary(
        id=one.id,
        claim_id=one.claim_id,
        case_id=one.case_id,
        loan_number=one.loan_number,
        party=one.party,
        role=share.role,
        organisation_id=one.organisation_id,
        organisation=one.organisation,
        state=one.state,
        owed_fen=share.owed_fen,
        paid_fen=sum(payout.amount_fen for payout in payouts),
        position_fen=book.positions[one.party],
        notified_at=one.notified_at,
    )


def _sees_all(caller: Caller) -> bool:
    return caller.organisation_kind in _READERS


def _stored(row: asyncpg.Record) -> StoredLiability:
    return msgspec.convert(dict(row), StoredLiability)
