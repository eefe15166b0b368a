"""Takes a licence from the offer to its end: signed by the licensee, made effective by the bank's checker, recorded.

Its money is settlement's licence under the same id, with the terms of the offer: a disposal that failed becomes years
of operation, and nobody types anything twice.
"""

from datetime import date, datetime, time, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import InvalidInput, NotFound
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.audit.steps import moved
from marketplace.burdens import service as burdens
from marketplace.burdens.schemas import BurdenEnd, NewBurden
from marketplace.consignments import service as consignments
from marketplace.consignments.schemas import ConsignmentState
from marketplace.diligence import service as diligence
from marketplace.diligence.schemas import NOT_OF_LICENCES, Cause
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.grants import scopes
from marketplace.grants.rules import (
    BURDEN_OF,
    recordal_due_on,
    require_grant_step,
    require_option_step,
)
from marketplace.grants.schemas import Grant, GrantState, NewGrant, OptionState, Recordal
from marketplace.licences import service as licences
from marketplace.licences.schemas import DueIn
from marketplace.organisations.schemas import (
    SYSTEM_CALLER,
    SYSTEM_USER_ID,
    Caller,
    OrganisationKind,
)

_SQL = load_statements("marketplace.grants", "queries.sql")
_moved = partial(moved, subject="licence_grant")
_WATCH = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})
#: The entry fee is due so long after the licence takes effect.
_ENTRY_FEE_WITHIN = timedelta(days=30)


async def offer(conn: Connection, bank: Caller, new: NewGrant, *, now: datetime) -> Grant:
    """Offer a licence to its licensee: settlement drafts it, in the name of who drafted the offer.

    Who offers it sees to it that it is let go when nobody signs it.
    """
    made = await licences.draft(conn, bank, new.licence, now=now)
    await conn.execute(
        _SQL["insert"],
        made.id,
        new.offer_id,
        new.consignment_id,
        new.licence.case_id,
        bank.organisation_id,
        new.venue_id,
        new.licence.licensee_id,
        new.licensee_name,
        new.kind,
        made.content_sha256,
        new.licence.terms.entry_fee_fen,
        new.licence.starts_on,
        new.licence.ends_on,
        new.option_price_fen,
        new.option_until,
        "none",
        now,
        new.sign_by,
    )
    await _moved(conn, bank, made.id, "", GrantState.OFFERED, now=now)
    return await lock(conn, made.id)


async def take_effect(conn: Connection, caller: Caller, grant_id: UUID, *, now: datetime) -> Grant:
    """The bank's checker makes a signed licence effective: it burdens the rights, and its entry fee is invoiced.

    By another person than who drafted the offer (settlement asks), after the rules on the rights were run once more
    and no other licence stands in its way. The recordal is due within three months.
    """
    grant = await _locked_own(conn, caller, grant_id)
    require_grant_step(grant.state, GrantState.EFFECTIVE, name=grant.licensee_name)
    await diligence.require_clear(
        conn,
        caller,
        grant.consignment_id,
        cause=Cause.DECIDED,
        leaving_out=NOT_OF_LICENCES,
        now=now,
    )
    # Locked before it is asked: of two licences that cannot stand beside each other one alone takes effect.
    await assets.lock_own(conn, caller, await scopes.assets_of(conn, grant))
    await scopes.require_beside(conn, grant, names=True)
    made = await licences.approve(conn, caller, grant_id, grant.sha256, now=now)
    today = now.astimezone(CHINA).date()
    due_on = recordal_due_on(today)
    await conn.execute(_SQL["take_effect"], grant_id, now, due_on)
    await _burden(conn, caller, grant, made.content_sha256, now=now)
    if grant.entry_fee_fen:
        due = DueIn(due_on=today + _ENTRY_FEE_WITHIN)
        await licences.invoice_entry_fee(conn, caller, grant_id, due, now=now)
    await duties.add(conn, Kind.CHECK_RECORDAL, subject_id=grant_id, due_at=_after(due_on), now=now)
    await duties.add(
        conn, Kind.END_LICENCE, subject_id=grant_id, due_at=_after(grant.ends_on), now=now
    )
    if grant.option_until is not None:
        over_at = _after(grant.option_until)
        await duties.add(conn, Kind.LAPSE_OPTION, subject_id=grant_id, due_at=over_at, now=now)
    await _moved(conn, caller, grant_id, grant.state, GrantState.EFFECTIVE, now=now)
    return await lock(conn, grant_id)


async def record(
    conn: Connection, caller: Caller, grant_id: UUID, given: Recordal, *, now: datetime
) -> Grant:
    """The office recorded the licence; it is active from its first day on."""
    grant = await lock(conn, grant_id)
    if caller.organisation_id not in (grant.organisation_id, grant.venue_id):
        raise NotFound
    require_grant_step(grant.state, GrantState.RECORDED, name=grant.licensee_name)
    if given.recorded_on > now.astimezone(CHINA).date():
        raise InvalidInput("recorded_on", "must not be in the future", "不得晚于今日")
    await conn.execute(_SQL["record"], grant_id, given.number, given.recorded_on, now)
    await _moved(conn, caller, grant_id, grant.state, GrantState.RECORDED, now=now)
    first = datetime.combine(grant.starts_on, time(), CHINA)
    await duties.add(
        conn, Kind.ACTIVATE_LICENCE, subject_id=grant_id, due_at=max(first, now), now=now
    )
    return await lock(conn, grant_id)


async def activate(conn: Connection, grant_id: UUID, *, now: datetime) -> None:
    """The licence's first day has come and it is on record."""
    grant = await lock(conn, grant_id)
    if grant.state is GrantState.RECORDED:
        await conn.execute(_SQL["activate"], grant_id, now)
        await _moved(conn, SYSTEM_CALLER, grant_id, grant.state, GrantState.ACTIVE, now=now)


async def check_recordal(conn: Connection, grant_id: UUID, *, now: datetime) -> None:
    """The three months are over: what is not recorded is marked, audited and told."""
    grant = await lock(conn, grant_id)
    if grant.state is GrantState.EFFECTIVE and not grant.is_recordal_late:
        await conn.execute(_SQL["mark_late"], grant_id, now)
        await _moved(conn, SYSTEM_CALLER, grant_id, grant.state, "recordal_late", now=now)


async def expire(conn: Connection, grant_id: UUID, *, now: datetime) -> None:
    """The licence's last day is over."""
    grant = await lock(conn, grant_id)
    if grant.state is not GrantState.ENDED:
        await _end(conn, _bank_of(grant), grant, reason="its time is over 期满", now=now)


async def end(
    conn: Connection, caller: Caller, grant_id: UUID, *, reason: str, now: datetime
) -> Grant:
    """The bank's checker ends a licence before its time; what is due still comes in."""
    grant = await _locked_own(conn, caller, grant_id)
    await _end(conn, caller, grant, reason=reason, now=now)
    return await lock(conn, grant_id)


async def set_option(
    conn: Connection,
    caller: Caller,
    grant: Grant,
    wanted: OptionState,
    *,
    lot_id: UUID | None,
    credited_fen: int = 0,
    now: datetime,
) -> Grant:
    """The one way in which an option to buy moves, but for its opening and the licence's own end."""
    require_option_step(grant.option_state, wanted, name=grant.licensee_name)
    await conn.execute(_SQL["set_option"], grant.id, wanted, lot_id, credited_fen, now)
    await _moved(conn, caller, grant.id, grant.option_state, f"option_{wanted.value}", now=now)
    return await lock(conn, grant.id)


async def of_option_lot(conn: Connection, lot_id: UUID) -> Grant | None:
    """The licence whose holder buys by this lot, locked; None for any other lot."""
    grant_id = await conn.fetchval(_SQL["of_option_lot"], lot_id)
    return None if grant_id is None else await lock(conn, grant_id)


async def let_go(conn: Connection, grant: Grant, *, now: datetime) -> None:
    """Nobody signed it in its time: it is over, and its offer asks the next in order."""
    await _end(conn, _bank_of(grant), grant, reason="not signed in time 逾期未签", now=now)


async def end_with_sale(conn: Connection, grant: Grant, *, now: datetime) -> None:
    """The licensee owns the rights: its licence of them is over (混同)."""
    if grant.state is not GrantState.ENDED:
        await _end(conn, _bank_of(grant), grant, reason="the licensee bought 被许可人受让", now=now)


async def get(conn: Connection, caller: Caller, grant_id: UUID) -> Grant:
    """A licence that the caller may see; raises `NotFound`."""
    sees_all = caller.organisation_kind in _WATCH or caller.user_id == SYSTEM_USER_ID
    return _grant(await conn.fetchrow(_SQL["by_id"], grant_id, caller.organisation_id, sees_all))


async def page(conn: Connection, caller: Caller, *, after: UUID | None, limit: int) -> list[Grant]:
    """Licences that the caller may see, newest first."""
    sees_all = caller.organisation_kind in _WATCH
    rows = await conn.fetch(_SQL["page"], after, caller.organisation_id, sees_all, limit)
    return [_grant(row) for row in rows]


async def of_offer(conn: Connection, offer_id: UUID) -> list[Grant]:
    """The licences that an offer led to, for services."""
    return [_grant(row) for row in await conn.fetch(_SQL["of_offer"], offer_id)]


async def shown_of_offer(conn: Connection, caller: Caller, offer_id: UUID) -> list[Grant]:
    """The licences that an offer led to, those that the caller may see."""
    sees_all = caller.organisation_kind in _WATCH
    rows = await conn.fetch(_SQL["shown_of_offer"], offer_id, caller.organisation_id, sees_all)
    return [_grant(row) for row in rows]


async def lock(conn: Connection, grant_id: UUID) -> Grant:
    """A licence, locked until the transaction ends, for services."""
    return _grant(await conn.fetchrow(_SQL["lock"], grant_id))


async def _burden(
    conn: Connection, caller: Caller, grant: Grant, sha256: str, *, now: datetime
) -> None:
    """Write the licence onto every right, so that no later licence overlooks it."""
    scope = await scopes.question_of(conn, grant)
    for asset_id in await scopes.assets_of(conn, grant):
        new = NewBurden(
            asset_id=asset_id,
            kind=BURDEN_OF[grant.kind],
            holder_name=grant.licensee_name,
            territories=scope.territories,
            fields=scope.fields,
            starts_on=grant.starts_on,
            ends_on=grant.ends_on,
            has_pledgee_consent=True,
            terms=f"sha256:{sha256}",
            source=_source(grant),
        )
        await burdens.register(conn, caller, new, now=now)


async def _end(
    conn: Connection, caller: Caller, grant: Grant, *, reason: str, now: datetime
) -> None:
    require_grant_step(grant.state, GrantState.ENDED, name=grant.licensee_name)
    await conn.execute(_SQL["end"], grant.id, now, reason)
    today = now.astimezone(CHINA).date()
    if grant.effective_at is not None:
        await licences.end(conn, caller, grant.id, now=now)
        for row in await conn.fetch(_SQL["burdens"], _source(grant)):
            given = BurdenEnd(ended_on=max(today, grant.starts_on), reason=reason)
            await burdens.end(conn, caller, row["id"], given, now=now)
    await _moved(conn, caller, grant.id, grant.state, GrantState.ENDED, now=now, reason=reason)
    if today > grant.ends_on:  # the places that are left are nobody's to take any more
        await duties.hasten(conn, Kind.CLOSE_LICENCE_OFFER, subject_id=grant.offer_id, now=now)
    if (
        grant.signed_at is not None
    ):  # of one that nobody signed its offer knows whether it was the last
        await end_disposal(conn, grant, now=now)
    await duties.add(conn, Kind.FOLLOW_LICENCE_OFFER, subject_id=grant.id, due_at=now, now=now)


async def end_disposal(conn: Connection, grant: Grant, *, now: datetime) -> None:
    """With the last licence over, and no offer open any more, the consignment has given what it gave: sold where one of
    the offer took effect.

    `grant`: any licence of the offer.
    """
    if await conn.fetchval(_SQL["is_going_on"], grant.consignment_id):
        return
    consignment = await consignments.get(conn, SYSTEM_CALLER, grant.consignment_id)
    if consignment.state is ConsignmentState.DISPOSING:
        made = await of_offer(conn, grant.offer_id)
        await consignments.end_disposal(
            conn,
            SYSTEM_CALLER,
            consignment.id,
            is_sold=any(one.effective_at is not None for one in made),
            now=now,
            reason="the last licence ended 许可终止",
        )


def _bank_of(grant: Grant) -> Caller:
    return msgspec.structs.replace(
        SYSTEM_CALLER,
        organisation_id=grant.organisation_id,
        organisation_kind=OrganisationKind.BANK,
    )


def _source(grant: Grant) -> str:
    return f"licence {grant.id}"


def over_at(grant: Grant) -> datetime:
    """When its last day is over."""
    return _after(grant.ends_on)


def _after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), CHINA)


async def _locked_own(conn: Connection, caller: Caller, grant_id: UUID) -> Grant:
    grant = await lock(conn, grant_id)
    if grant.organisation_id != caller.organisation_id:
        raise NotFound
    return grant


def _grant(row: asyncpg.Record | None) -> Grant:
    if row is None:
        raise NotFound("no such licence", "没有该许可")
    return msgspec.convert(dict(row), Grant)
