"""What a lot takes from the consignment (委托处置) behind it, and what it tells it in return."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kit.errors import Conflict
from kit.sql import Connection
from marketplace.assets import service as assets
from marketplace.cases import service as cases
from marketplace.cases.schemas import Case
from marketplace.consignments import service as consignments
from marketplace.consignments.dossier import facts_of
from marketplace.consignments.schemas import Consignment, ConsignmentState
from marketplace.diligence import service as diligence
from marketplace.diligence.schemas import Cause, Examined
from marketplace.lots.regimes import Finding, Regime
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller

_OFFERABLE = frozenset({ConsignmentState.ACCEPTED, ConsignmentState.UNSOLD})


class ConsignmentNotAccepted(Conflict):
    """Lots are drafted from a consignment that the venue has accepted. / 只能从已受理的委托起草标的。"""

    code = "consignment_not_accepted"


class Consigned(msgspec.Struct, frozen=True, kw_only=True):
    """The consignor's side of a lot. Prices are the bank's own decision, approved by its checker; amounts in fen."""

    consignor_id: UUID
    pledgor_codes: frozenset[str]
    asset_ids: tuple[UUID, ...]
    regime: Regime
    valuation_fen: int
    start_price_fen: int
    reserve_price_fen: int | None
    deposit_fen: int


class Priced(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of a round as the bank's plan of disposal states them; a regime of its own where the plan names one."""

    start_price_fen: int
    reserve_price_fen: int | None
    deposit_fen: int
    previous_start_price_fen: int | None
    regime: Regime | None = None

    def over(self, consigned: Consigned) -> Consigned:
        """The consignor's side with these prices."""
        return msgspec.structs.replace(
            consigned,
            start_price_fen=self.start_price_fen,
            reserve_price_fen=self.reserve_price_fen,
            deposit_fen=self.deposit_fen,
            regime=self.regime or consigned.regime,
        )


async def accepted(
    conn: Connection, caller: Caller, consignment_id: UUID, *, now: datetime
) -> Consigned:
    """The consignment as the basis of a lot. Raises `NotFound`, or `ConsignmentNotAccepted`."""
    consignment = await consignments.get(conn, caller, consignment_id)
    if consignment.state not in _OFFERABLE:
        raise ConsignmentNotAccepted(
            f"consignment {consignment.number} is {consignment.state}; a lot needs it accepted",
            f"委托 {consignment.number} 状态为 {consignment.state}，须先受理",
        )
    facts = await facts_of(conn, consignment, today=now.date())
    pledgors = {pledge.pledgor_code for right in facts.rights for pledge in right.pledges}
    return Consigned(
        consignor_id=consignment.organisation_id,
        pledgor_codes=frozenset(pledgors | {facts.case.borrower_code}),
        asset_ids=consignment.asset_ids,
        regime=consignment.regime,
        # Without a valuation the start price stands in for it; ELG-19 then holds the lot anyway.
        valuation_fen=facts.valuation_fen or consignment.start_price_fen,
        start_price_fen=consignment.start_price_fen,
        reserve_price_fen=consignment.reserve_price_fen,
        deposit_fen=consignment.deposit_fen,
    )


async def eligibility(
    conn: Connection, caller: Caller, consignment_id: UUID, *, cause: Cause, now: datetime
) -> list[Finding]:
    """What the rules ELG-xx hold against the sale today; each message names the right it is about."""
    consignment = await of(conn, consignment_id)
    made = await diligence.run(conn, caller, consignment.id, cause=cause, now=now)
    return [_as_finding(finding) for finding in made.findings]


async def of(conn: Connection, consignment_id: UUID) -> Consignment:
    """The consignment, for services that have checked who asks."""
    return await consignments.get(conn, SYSTEM_CALLER, consignment_id)


async def case_of(conn: Connection, consignment: Consignment) -> Case:
    """The defaulted loan behind a consignment."""
    return await cases.get(conn, SYSTEM_CALLER, consignment.case_id)


async def described_assets(conn: Connection, consignment_id: UUID) -> list[dict[str, Any]]:
    """The rights as the notice names them: number, owner, dates, status with the day and source it was read from."""
    consignment = await of(conn, consignment_id)
    found = {
        right.id: right
        for right in await assets.of_ids(
            conn, consignment.asset_ids, organisation_id=consignment.organisation_id
        )
    }
    return [
        {
            "ip_type": right.ip_type,
            "number": right.number,
            "nice_class": right.nice_class,
            "title": right.title,
            "owner": right.owner_name,
            "filed_on": right.filed_on,
            "granted_on": right.granted_on,
            "expires_on": right.expires_on,
            "legal_status": right.legal_status,
            "status_as_of": right.status_as_of,
            "status_source": right.status_source,
            "fee_paid_to": right.fee_paid_to,
            "co_owners": [{"name": owner.name} for owner in right.co_owners],
            "flags": sorted(right.flags),
        }
        for right in (found[asset_id] for asset_id in consignment.asset_ids)
    ]


async def begin_disposal(
    conn: Connection, caller: Caller, consignment_id: UUID, *, now: datetime
) -> None:
    """The lot is public: the consignment is in disposal."""
    await consignments.begin_disposal(conn, caller, consignment_id, now=now)


async def end_disposal(
    conn: Connection,
    caller: Caller,
    consignment_id: UUID,
    *,
    is_sold: bool,
    reason: str | None = None,
    now: datetime,
) -> None:
    """The lot has ended: its money was paid out, or it was not sold."""
    await consignments.end_disposal(
        conn, caller, consignment_id, is_sold=is_sold, reason=reason, now=now
    )


def _as_finding(found: Examined) -> Finding:
    reason = found.overridden_reason
    passed = "" if reason is None else f"; passed over by a checker: {reason}"
    passed_zh = "" if reason is None else f"；复核人放行：{reason}"
    return Finding(
        code=found.code,
        severity=found.severity,
        field=found.field,
        message=f"{found.subject}: {found.message} ({found.source}){passed}",
        message_zh=f"{found.subject}：{found.message_zh}（{found.source}）{passed_zh}",
    )
