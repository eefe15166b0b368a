"""Takes a consignment from the draft to the venue and through its disposal. One function a step: each checks who and
from where, writes the row, one audit entry and one event. Services never commit.
"""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from kit.ids import uuid7
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.visibility import visibility_of
from marketplace.audit.service import record
from marketplace.cases import service as cases
from marketplace.cases.schemas import CaseState
from marketplace.claims import service as claims
from marketplace.consignments import approving
from marketplace.consignments.dossier import facts_of, is_fund_told, offered
from marketplace.consignments.events import (
    ConsignmentChanged,
    ConsignmentDrafted,
    ConsignmentMoved,
    FundTold,
)
from marketplace.consignments.facts import EligibilityFinding
from marketplace.consignments.rules import (
    EDITABLE,
    OPEN,
    contradictions,
    eligibility,
    require_another_person,
    require_consignment_step,
)
from marketplace.consignments.schemas import Consignment, ConsignmentState, FundNotice, Terms
from marketplace.edge.versions import require_version
from marketplace.lots.regimes import Severity
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import (
    SYSTEM_CALLER,
    SYSTEM_USER_ID,
    Caller,
    OrganisationKind,
)
from marketplace.outbox.service import add as tell

_SQL = load_statements("marketplace.consignments", "queries.sql")
_S = ConsignmentState


class AssetConsignedElsewhere(Conflict):
    """A right is in another consignment that is not over. / 知识产权已在另一未结束的委托中。"""

    code = "asset_consigned_elsewhere"


class NotEditable(Conflict):
    """Only a draft, or a consignment that came back, can be changed. / 仅草稿或退回的委托可修改。"""

    code = "consignment_not_editable"


class NotEligible(Conflict):
    """The eligibility checks found what blocks the sale. / 合规审查发现阻碍处置的问题。"""

    code = "not_eligible"


async def draft(conn: Connection, caller: Caller, terms: Terms, *, now: datetime) -> Consignment:
    """Begin a consignment of the caller's bank."""
    await _check_terms(conn, caller, terms)
    consignment_id = uuid7(now)
    running = await conn.fetchval(_SQL["next_number"])
    number = f"WT-{now.astimezone(CHINA).year}-{running:06d}"  # WT: 委托
    await conn.execute(
        _SQL["insert"],
        consignment_id,
        number,
        caller.organisation_id,
        *_columns(terms),
        caller.user_id,
        now,
    )
    await _put_assets(conn, consignment_id, terms)
    consignment = await _locked(conn, caller, consignment_id)
    await record(
        conn,
        caller,
        now=now,
        action="consignment_drafted",
        subject="consignment",
        subject_id=consignment_id,
        after=approving.auditable(consignment),
    )
    told = ConsignmentDrafted(consignment_id=consignment_id, organisation_id=caller.organisation_id)
    await tell(conn, told, now=now)
    return consignment


async def change(
    conn: Connection,
    caller: Caller,
    consignment_id: UUID,
    terms: Terms,
    *,
    version: int,
    now: datetime,
) -> Consignment:
    """New terms for a draft, or for one that came back, over its version `version`."""
    before = await _locked_own(conn, caller, consignment_id)
    require_version(before.version, version)
    if before.state not in EDITABLE:
        raise NotEditable(
            f"consignment {before.number} is {before.state}; only draft and returned ones can be changed",
            f"委托 {before.number} 状态为 {before.state}，仅草稿或退回的可修改",
        )
    await _check_terms(conn, caller, terms)
    await conn.execute(_SQL["change"], consignment_id, *_columns(terms), caller.user_id, now)
    await conn.execute(_SQL["delete_assets"], consignment_id)
    await _put_assets(conn, consignment_id, terms)
    after = await _locked(conn, caller, consignment_id)
    await record(
        conn,
        caller,
        now=now,
        action="consignment_changed",
        subject="consignment",
        subject_id=consignment_id,
        before=approving.auditable(before),
        after=approving.auditable(after),
    )
    told = ConsignmentChanged(consignment_id=consignment_id, organisation_id=caller.organisation_id)
    await tell(conn, told, now=now)
    return after


async def submit(
    conn: Connection, caller: Caller, consignment_id: UUID, *, now: datetime
) -> Consignment:
    """The bank's maker hands it to the bank's checker. Only the registered pledgee may consign (ELG-03)."""
    before = await _locked_own(conn, caller, consignment_id)
    require_consignment_step(before.state, _S.SUBMITTED, number=before.number)
    _refuse(
        [
            finding
            for finding in await eligibility_of(conn, before, now=now)
            if finding.code == "ELG-03"
        ]
    )
    await conn.execute(_SQL["submit"], consignment_id, caller.user_id, now)
    after = await _moved(conn, caller, before, now=now)
    await approving.file(conn, caller, after, now=now)
    return after


async def approve(
    conn: Connection, caller: Caller, consignment_id: UUID, *, now: datetime
) -> Consignment:
    """The bank's checker, another person than the maker, hands it to the venue; two, from the bank's limit on."""
    before = await _locked_own(conn, caller, consignment_id)
    require_consignment_step(before.state, _S.UNDER_REVIEW, number=before.number)
    require_another_person(before.submitted_by, caller.user_id)
    require_another_person(before.drafted_by, caller.user_id)
    if not await approving.is_signed(conn, caller, before, now=now):
        return before
    await conn.execute(_SQL["approve"], consignment_id, caller.user_id, now)
    return await _moved(conn, caller, before, now=now)


async def accept(
    conn: Connection, caller: Caller, consignment_id: UUID, *, now: datetime
) -> Consignment:
    """The venue takes it on; refused while an eligibility check blocks. What holds is settled before publication."""
    before = await _locked_at_venue(conn, caller, consignment_id)
    require_consignment_step(before.state, _S.ACCEPTED, number=before.number)
    _refuse(
        [
            finding
            for finding in await eligibility_of(conn, before, now=now)
            if finding.severity is Severity.BLOCK
        ]
    )
    await conn.execute(_SQL["decide"], consignment_id, _S.ACCEPTED, caller.user_id, now, None)
    return await _moved(conn, caller, before, now=now)


async def send_back(
    conn: Connection, caller: Caller, consignment_id: UUID, *, reason: str, now: datetime
) -> Consignment:
    """Back to the maker, with a reason: by the bank's checker before approval, by the venue after it."""
    before = await _locked(conn, caller, consignment_id)
    require_consignment_step(before.state, _S.RETURNED, number=before.number)
    is_venues_turn = before.state is _S.UNDER_REVIEW
    if is_venues_turn != (caller.organisation_id == before.venue_id):
        raise Forbidden(
            f"consignment {before.number} is {before.state}; it is for the"
            f" {'venue' if is_venues_turn else 'bank'} to return it now",
            f"委托 {before.number} 状态为 {before.state}，应由{'交易场所' if is_venues_turn else '银行复核人'}退回",
        )
    await conn.execute(_SQL["decide"], consignment_id, _S.RETURNED, caller.user_id, now, reason)
    return await _moved(conn, caller, before, now=now, reason=reason)


async def withdraw(
    conn: Connection, caller: Caller, consignment_id: UUID, *, reason: str, now: datetime
) -> Consignment:
    """The bank takes it back. While a lot is on sale, the lot is withdrawn first; its room sees to that."""
    before = await _locked_own(conn, caller, consignment_id)
    require_consignment_step(before.state, _S.WITHDRAWN, number=before.number)
    if before.state is _S.DISPOSING:
        raise Conflict(
            f"consignment {before.number} is on sale; ask its venue to withdraw the lot first",
            f"委托 {before.number} 正在处置，请先由交易场所撤回标的",
        )
    await conn.execute(_SQL["set_state"], consignment_id, _S.WITHDRAWN, reason, now)
    return await _moved(conn, caller, before, now=now, reason=reason)


async def begin_disposal(
    conn: Connection, caller: Caller, consignment_id: UUID, *, now: datetime
) -> Consignment:
    """The venue's lot is published: the consignment, and its loan with it, is in disposal."""
    before = await _locked_at_venue(conn, caller, consignment_id)
    require_consignment_step(before.state, _S.DISPOSING, number=before.number)
    await cases.advance(conn, caller, before.case_id, CaseState.IN_DISPOSAL, now=now)
    case = await cases.get(conn, SYSTEM_CALLER, before.case_id)
    if case.state is not CaseState.IN_DISPOSAL:
        await cases.move(conn, caller, case.id, CaseState.IN_DISPOSAL, now=now)
    await conn.execute(_SQL["set_state"], consignment_id, _S.DISPOSING, None, now)
    return await _moved(conn, caller, before, now=now)


async def end_disposal(
    conn: Connection,
    caller: Caller,
    consignment_id: UUID,
    *,
    is_sold: bool,
    now: datetime,
    reason: str | None = None,
) -> Consignment:
    """The lot is over: sold and paid (recovered), or not sold (unsold, for the plan's next step)."""
    before = await _locked_at_venue(conn, caller, consignment_id)
    wanted = _S.RECOVERED if is_sold else _S.UNSOLD
    require_consignment_step(before.state, wanted, number=before.number)
    await conn.execute(_SQL["set_state"], consignment_id, wanted, reason, now)
    return await _moved(conn, caller, before, now=now, reason=reason)


async def clear(
    conn: Connection, caller: Caller, consignment_id: UUID, *, now: datetime
) -> Consignment:
    """Everything is settled and cleared: the consignment is over. Called by the room that settles."""
    before = await _locked(conn, caller, consignment_id)
    require_consignment_step(before.state, _S.CLEARED, number=before.number)
    await conn.execute(_SQL["set_state"], consignment_id, _S.CLEARED, None, now)
    return await _moved(conn, caller, before, now=now)


async def get(conn: Connection, caller: Caller, consignment_id: UUID) -> Consignment:
    """One consignment, or `NotFound`; the reserve price is shown to its bank and venue only."""
    seen = visibility_of(caller)
    row = await conn.fetchrow(_SQL["by_id"], consignment_id, seen.owner_id, seen.venue_id)
    return _shown(_from_row(row, consignment_id), caller)


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[Consignment]:
    """Up to `limit` consignments that the caller may see, with ids after `after`."""
    seen = visibility_of(caller)
    rows = await conn.fetch(_SQL["page"], after, seen.owner_id, seen.venue_id, limit)
    return [_shown(_from_row(row, row["id"]), caller) for row in rows]


async def eligibility_of(
    conn: Connection, consignment: Consignment, *, now: datetime
) -> list[EligibilityFinding]:
    """What the checks hold against this consignment today (Chinese day)."""
    return eligibility(await facts_of(conn, consignment, today=now.astimezone(CHINA).date()))


async def tell_fund(
    conn: Connection, caller: Caller, consignment_id: UUID, *, now: datetime
) -> None:
    """Tell the funds with a claim on the loan of the route and price that now stand (ELG-29); once for each."""
    consignment = await _locked_own(conn, caller, consignment_id)
    fund_ids = await claims.funds_of_case(conn, consignment.case_id)
    if not fund_ids:
        raise Conflict(
            f"consignment {consignment.number}: no fund has a claim on the loan",
            f"委托 {consignment.number} 的贷款未申请风险补偿",
        )
    if await is_fund_told(conn, consignment, fund_ids):
        return
    notice_id = uuid7(now)
    regime, start_price_fen = await offered(conn, consignment)
    await conn.execute(
        _SQL["insert_fund_notice"],
        notice_id,
        consignment_id,
        caller.organisation_id,
        list(fund_ids),
        consignment.route,
        regime,
        start_price_fen,
        caller.user_id,
        now,
    )
    await record(
        conn,
        caller,
        now=now,
        action="fund_told",
        subject="consignment",
        subject_id=consignment_id,
        after={
            "funds": fund_ids,
            "route": consignment.route,
            "start_price_fen": start_price_fen,
        },
    )
    for fund_id in fund_ids:
        told = FundTold(
            notice_id=notice_id, fund_id=fund_id, organisation_id=caller.organisation_id
        )
        await tell(conn, told, now=now)


async def fund_notices(
    conn: Connection, caller: Caller, *, before: UUID | None, limit: int
) -> list[FundNotice]:
    """What funds were told, the newest first: a fund sees its own, a bank what it told, supervisors all."""
    seen = visibility_of(caller)
    sees_all = seen.owner_id is None and seen.venue_id is None
    whose = None if sees_all else caller.organisation_id
    rows = await conn.fetch(_SQL["fund_notices"], before, whose, limit)
    return [msgspec.convert(dict(row), FundNotice) for row in rows]


async def _check_terms(conn: Connection, caller: Caller, terms: Terms) -> None:
    for wrong in contradictions(terms):
        raise wrong
    await cases.get(conn, caller, terms.case_id)
    await assets.lock_own(conn, caller, terms.asset_ids)
    acting_for_it = msgspec.structs.replace(SYSTEM_CALLER, organisation_id=terms.venue_id)
    try:
        venue = await organisations.organisation(conn, acting_for_it, terms.venue_id)
    except NotFound:
        venue = None
    if venue is None or venue.kind is not OrganisationKind.VENUE or not venue.is_active:
        raise InvalidInput(
            "venue_id", f"{terms.venue_id} is not a venue", f"{terms.venue_id} 不是交易场所"
        )


async def _put_assets(conn: Connection, consignment_id: UUID, terms: Terms) -> None:
    rows = [(consignment_id, asset_id, place) for place, asset_id in enumerate(terms.asset_ids, 1)]
    try:
        async with conn.transaction():
            await conn.executemany(_SQL["insert_asset"], rows)
    except asyncpg.UniqueViolationError as error:
        raise AssetConsignedElsewhere(field="asset_ids") from error


async def _locked(conn: Connection, caller: Caller, consignment_id: UUID) -> Consignment:
    seen = visibility_of(caller)
    row = await conn.fetchrow(_SQL["lock"], consignment_id, seen.owner_id, seen.venue_id)
    return _from_row(row, consignment_id)


async def _locked_own(conn: Connection, caller: Caller, consignment_id: UUID) -> Consignment:
    consignment = await _locked(conn, caller, consignment_id)
    if consignment.organisation_id != caller.organisation_id:
        raise NotFound(
            f"consignment {consignment_id}: no such consignment", f"委托 {consignment_id} 不存在"
        )
    return consignment


async def _locked_at_venue(conn: Connection, caller: Caller, consignment_id: UUID) -> Consignment:
    consignment = await _locked(conn, caller, consignment_id)
    if caller.organisation_id != consignment.venue_id and caller.user_id != SYSTEM_USER_ID:
        raise NotFound(
            f"consignment {consignment_id}: no such consignment", f"委托 {consignment_id} 不存在"
        )
    return consignment


async def _moved(
    conn: Connection,
    caller: Caller,
    before: Consignment,
    *,
    now: datetime,
    reason: str | None = None,
) -> Consignment:
    """The consignment after its step, with the step's one audit entry and event written."""
    row = await conn.fetchrow(_SQL["by_id"], before.id, None, None)
    after = _from_row(row, before.id)
    if after.state not in OPEN:
        await conn.execute(_SQL["release_assets"], before.id)
    if after.state in (_S.RETURNED, _S.WITHDRAWN):
        await approving.drop(conn, caller, before.id, now=now)
    await _case_follows(conn, caller, after, now=now)
    await record(
        conn,
        caller,
        now=now,
        action=f"consignment_{after.state}",
        subject="consignment",
        subject_id=before.id,
        before={"state": before.state},
        after={"state": after.state},
        reason=reason,
    )
    told = ConsignmentMoved(
        consignment_id=before.id,
        organisation_id=before.organisation_id,
        venue_id=before.venue_id,
        state=after.state.value,
    )
    await tell(conn, told, now=now)
    return after


#: How far a loan is when its consignment has come so far. Source: domain 9.
_CASE_AT = {
    _S.SUBMITTED: CaseState.SUBMITTED,
    _S.UNDER_REVIEW: CaseState.APPROVED,
    _S.ACCEPTED: CaseState.ROUTE_SET,
}


async def _case_follows(
    conn: Connection, caller: Caller, after: Consignment, *, now: datetime
) -> None:
    """The loan goes with its consignment, and back where it began when the last one under way comes back."""
    async with everything(conn):  # a venue's step moves the bank's loan
        if after.state in _CASE_AT:
            await cases.advance(conn, caller, after.case_id, _CASE_AT[after.state], now=now)
        elif after.state in (_S.RETURNED, _S.WITHDRAWN):
            others = await conn.fetchval(_SQL["others_under_way"], after.case_id, after.id)
            if not others:
                reason = f"consignment {after.number} {after.state}"
                await cases.step_back(conn, caller, after.case_id, reason=reason, now=now)


def _refuse(findings: list[EligibilityFinding]) -> None:
    if findings:
        first = findings[:5]
        raise NotEligible(
            "; ".join(f"{found.code} {found.subject}: {found.message}" for found in first),
            "；".join(f"{found.code} {found.subject}：{found.message_zh}" for found in first),
            findings=findings,
        )


def _shown(consignment: Consignment, caller: Caller) -> Consignment:
    if caller.organisation_id in (consignment.organisation_id, consignment.venue_id):
        return consignment
    if caller.user_id == SYSTEM_USER_ID:  # jobs carry it into the lot's profile
        return consignment
    return msgspec.structs.replace(consignment, reserve_price_fen=None)


def _columns(terms: Terms) -> tuple[object, ...]:
    return (
        terms.venue_id,
        terms.case_id,
        terms.title,
        terms.regime,
        terms.route,
        terms.authority,
        terms.authority_document,
        terms.start_price_fen,
        terms.reserve_price_fen,
        terms.deposit_fen,
        terms.commission_bp,
        terms.costs_borne_by,
        terms.closing_on,
        terms.has_bundle_statement,
        terms.buyer_conditions,
        terms.foreign_bidders,
        terms.state_approval,
        terms.consignor_may_bid,
    )


def _from_row(row: asyncpg.Record | None, consignment_id: UUID) -> Consignment:
    if row is None:
        raise NotFound(
            f"consignment {consignment_id}: no such consignment", f"委托 {consignment_id} 不存在"
        )
    return msgspec.convert(dict(row), Consignment)
