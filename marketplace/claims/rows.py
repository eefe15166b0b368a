"""Claims as they are stored, and as they are shown to whoever may see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import NotFound
from kit.sql import Connection, load_statements
from marketplace.claims.rules import status_of
from marketplace.claims.schemas import (
    Claim,
    ClaimIn,
    ClaimSummary,
    Due,
    Figures,
    FinalFigures,
    FinalProposal,
    HistoryStep,
    Line,
    Payment,
    Review,
)
from marketplace.organisations.schemas import SYSTEM_USER_ID, Caller, OrganisationKind
from settlement import by_hand, cases, payments, recoveries
from settlement.cases import StepLine

_SQL = load_statements("marketplace.claims", "queries.sql")
_READERS = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})


class StoredClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim as its row has it."""

    id: UUID
    case_id: UUID
    organisation_id: UUID
    scheme_id: str
    scheme_version: int
    fund_ids: list[UUID]
    application: str
    figures: str
    claim_sha256: bytes
    state: str
    drafted_by: UUID
    drafted_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str | None
    final_figures: str | None
    final_sha256: bytes | None
    final_proposed_by: UUID | None
    final_proposed_at: datetime | None
    final_approved_by: UUID | None
    case_state: str | None = None

    @property
    def asked(self) -> ClaimIn:
        """What was asked for."""
        return msgspec.json.decode(self.application, type=ClaimIn)

    @property
    def computed(self) -> Figures:
        """What was computed from it."""
        return msgspec.json.decode(self.figures, type=Figures)

    @property
    def final(self) -> FinalProposal | None:
        """The final clearing as proposed, if it is."""
        if self.final_figures is None:
            return None
        assert self.final_sha256 is not None
        assert self.final_proposed_by is not None
        assert self.final_proposed_at is not None
        return FinalProposal(
            figures=msgspec.json.decode(self.final_figures, type=FinalFigures),
            final_sha256=self.final_sha256.hex(),
            proposed_by=self.final_proposed_by,
            proposed_at=self.final_proposed_at,
            approved_by=self.final_approved_by,
        )


def stored(row: asyncpg.Record | None) -> StoredClaim:
    """The claim in a row. Raises `NotFound` without one."""
    if row is None:
        raise NotFound
    return msgspec.convert(dict(row), StoredClaim)


def lines_of(lines: Sequence[StepLine]) -> list[Line]:
    """The figures of a step as they are shown."""
    return [msgspec.convert(line, Line, from_attributes=True) for line in lines]


async def lock_of_bank(conn: Connection, caller: Caller, claim_id: UUID) -> StoredClaim:
    """A claim of the caller's bank, locked; raises `NotFound`."""
    return stored(await conn.fetchrow(_SQL["lock_of_bank"], claim_id, caller.organisation_id))


async def lock_of_fund(conn: Connection, caller: Caller, claim_id: UUID) -> StoredClaim:
    """A claim that has come to the caller's fund, locked; raises `NotFound`."""
    return stored(await conn.fetchrow(_SQL["lock_of_fund"], claim_id, caller.organisation_id))


async def lock_of_case(conn: Connection, case_id: UUID) -> StoredClaim | None:
    """The claim of a loan that has come to its funds, locked; None when there is none."""
    row = await conn.fetchrow(_SQL["lock_of_case"], case_id)
    return None if row is None else stored(row)


async def reviews_of(conn: Connection, claim_id: UUID) -> list[Review]:
    """The reviews of a claim, oldest first."""
    rows = await conn.fetch(_SQL["reviews"], claim_id)
    return [msgspec.convert(dict(row), Review) for row in rows]


async def get(conn: Connection, caller: Caller, claim_id: UUID) -> Claim:
    """One claim, whole; `NotFound` when there is none that the caller may see."""
    row = await conn.fetchrow(_SQL["claim"], claim_id, _sees_all(caller), caller.organisation_id)
    claim = stored(row)
    if claim.state != "approved":
        return _whole(claim, positions=claim.computed.positions)
    case = await cases.get(conn, claim.case_id)
    _, _, book = case.claimed()
    return _whole(
        claim,
        positions=book.positions,
        reviews=await reviews_of(conn, claim_id),
        payments=[
            _payment(payout, await by_hand.reported(conn, payout.id))
            for payout in await payments.payouts_of(conn, claim.case_id)
        ],
        recoveries=await recoveries.recoveries(conn, claim.case_id),
        dues=[
            msgspec.convert(due, Due, from_attributes=True)
            for due in await recoveries.settlements(conn, claim.case_id)
        ],
        steps=[
            HistoryStep(
                n=step.n,
                step=step.step,
                lines=lines_of(step.lines),
                by_user=step.by_user,
                at=step.at,
            )
            for step in await cases.steps(conn, claim.case_id)
        ],
    )


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int, case_id: UUID | None = None
) -> list[ClaimSummary]:
    """Up to `limit` claims that the caller may see, of one loan or of all, with ids after `after`."""
    rows = await conn.fetch(
        _SQL["page"], after, _sees_all(caller), caller.organisation_id, case_id, limit
    )
    return [ClaimSummary(**_summary(stored(row))) for row in rows]


def _sees_all(caller: Caller) -> bool:
    return caller.organisation_kind in _READERS or caller.user_id == SYSTEM_USER_ID


def _summary(claim: StoredClaim) -> dict[str, Any]:
    figures = claim.computed
    return {
        "id": claim.id,
        "case_id": claim.case_id,
        "organisation_id": claim.organisation_id,
        "scheme_id": claim.scheme_id,
        "scheme_version": claim.scheme_version,
        "status": status_of(claim.state, claim.case_state),
        "loss_fen": figures.loss_fen,
        "promised_fen": sum(figures.promised.values()),
        "advance_fen": figures.advance_fen,
        "drafted_at": claim.drafted_at,
    }


def _whole(claim: StoredClaim, *, positions: dict[str, int], **lists: Any) -> Claim:
    nothing: dict[str, Any] = {
        name: [] for name in ("reviews", "payments", "recoveries", "dues", "steps")
    }
    return Claim(
        **_summary(claim),
        application=claim.asked,
        claim_sha256=claim.claim_sha256.hex(),
        figures=claim.computed,
        drafted_by=claim.drafted_by,
        decided_by=claim.decided_by,
        decided_at=claim.decided_at,
        reason=claim.reason,
        positions=positions,
        final=claim.final,
        **(nothing | lists),
    )


def _payment(payout: payments.Payout, reported: by_hand.PaidByHand | None) -> Payment:
    return Payment(
        id=payout.id,
        payee_id=payout.payee_id,
        party=payout.payee_name,
        amount_fen=payout.amount_fen,
        purpose=payout.purpose,
        state=payout.state,
        bank_reference=payout.bank_reference,
        reported_reference=None if reported is None else reported.bank_reference,
        queued_at=payout.queued_at,
        paid_at=payout.paid_at,
    )
