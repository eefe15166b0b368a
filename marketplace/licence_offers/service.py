"""Offers of licences: drafted by a bank's maker, opened by its checker, applied for, scored, and taken."""

from datetime import date, datetime, time, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.commitments import commitment
from kit.errors import Conflict, InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.assets.terms import add_months
from marketplace.audit import service as audit
from marketplace.audit.steps import moved
from marketplace.burdens import service as burdens
from marketplace.consignments import service as consignments
from marketplace.consignments.rules import require_another_person
from marketplace.consignments.schemas import Consignment
from marketplace.diligence import service as diligence
from marketplace.diligence.schemas import NOT_OF_LICENCES, Cause
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.experts import service as experts
from marketplace.experts.schemas import Purpose
from marketplace.licence_offers.rules import (
    SEALED,
    contradictions,
    require_offer_step,
    require_power,
    warnings_of,
)
from marketplace.licence_offers.schemas import (
    Application,
    ApplicationIn,
    ApplicationOpening,
    LicenceOffer,
    OfferIn,
    OfferState,
    OfferTerms,
    Power,
    ScoreIn,
)
from marketplace.notices.rules import canonical_text, digest
from marketplace.organisations.schemas import (
    SYSTEM_CALLER,
    SYSTEM_USER_ID,
    Caller,
    OrganisationKind,
)

_SQL = load_statements("marketplace.licence_offers", "queries.sql")
_moved = partial(moved, subject="licence_offer")
_WATCH = frozenset({OrganisationKind.REGULATOR, OrganisationKind.AUDITOR})
_S = OfferState


class OfferTextDiffers(Conflict):
    """The offer is not the one you were shown: read it again. / 许可发布内容与所示不符，请重新查看。"""

    code = "offer_text_differs"


class NotTakenNow(Conflict):
    """Applications, scores or amounts are not taken now. / 当前不接受申请、评分或开封。"""

    code = "not_taken_now"


class AppliedAlready(Conflict):
    """Your organisation has applied, or this expert has scored, already. / 已申请或已评分。"""

    code = "applied_already"


async def draft(conn: Connection, caller: Caller, given: OfferIn, *, now: datetime) -> LicenceOffer:
    """Draft an offer over a consignment of the caller's bank. Raises what stands in its way."""
    consignment = await consignments.get(conn, caller, given.consignment_id)
    if consignment.organisation_id != caller.organisation_id:
        raise NotFound
    for wrong in contradictions(given.offer):
        raise wrong
    await _require_power(conn, consignment, given.offer)
    if given.mandate_id is not None:
        await _require_mandate(conn, consignment.id, given.mandate_id)
    offer_id = uuid7(now)
    text = canonical_text(msgspec.to_builtins(given.offer))
    await conn.execute(
        _SQL["insert"],
        offer_id,
        consignment.id,
        consignment.case_id,
        consignment.organisation_id,
        consignment.venue_id,
        given.mandate_id,
        given.offer.way,
        text,
        digest(text),
        msgspec.json.encode(warnings_of(given.offer)).decode(),
        now + timedelta(seconds=given.offer.open_seconds),
        caller.user_id,
        now,
    )
    await _moved(conn, caller, offer_id, "", _S.DRAFT, now=now)
    return await lock(conn, offer_id)


async def open_(
    conn: Connection, caller: Caller, offer_id: UUID, *, sha256: str, approved: bool, now: datetime
) -> LicenceOffer:
    """Another person of the bank opens the offer as shown, or withdraws it. Its times run from here.

    No licence that stands may meet it (domain 3.4), nothing else may hold the rights (domain 3.10), and the consignment
    is in disposal from here.
    """
    offer = await _locked_own(conn, caller, offer_id)
    require_another_person(offer.drafted_by, caller.user_id)
    if offer.sha256 != sha256:
        raise OfferTextDiffers
    if not approved:
        return await set_state(conn, caller, offer, _S.WITHDRAWN, now=now)
    require_offer_step(offer.state, _S.OPEN, number=offer.number)
    await require_unblocked(conn, offer, now=now)
    await diligence.require_clear(
        conn,
        caller,
        offer.consignment_id,
        cause=Cause.PUBLISHED,
        leaving_out=NOT_OF_LICENCES,
        now=now,
    )
    await consignments.begin_disposal(conn, SYSTEM_CALLER, offer.consignment_id, now=now)
    closes_at = min(
        now + timedelta(seconds=offer.terms.open_seconds), over_at(offer.terms, now=now)
    )
    opened_by = closes_at + timedelta(seconds=offer.terms.opening_seconds)
    await conn.execute(_SQL["open"], offer_id, caller.user_id, now, closes_at, opened_by)
    await duties.add(conn, Kind.CLOSE_LICENCE_OFFER, subject_id=offer_id, due_at=closes_at, now=now)
    await _moved(conn, caller, offer_id, offer.state, _S.OPEN, now=now)
    return await lock(conn, offer_id)


async def apply(
    conn: Connection, caller: Caller, offer_id: UUID, given: ApplicationIn, *, now: datetime
) -> LicenceOffer:
    """An agency applies, with a commitment to its entry fee where the way is sealed."""
    offer = await lock(conn, offer_id)
    if offer.published_at is None:
        raise NotFound
    if offer.state is not _S.OPEN or now >= offer.closes_at:
        raise NotTakenNow
    if (offer.way in SEALED) != (given.commitment is not None):
        raise InvalidInput(
            "commitment",
            "is handed in where the way is sealed, and only there",
            "仅密封方式提交报价承诺",
        )
    application_id = uuid7(now)
    try:
        async with conn.transaction():
            await conn.execute(
                _SQL["insert_application"],
                application_id,
                offer_id,
                caller.organisation_id,
                given.statement,
                given.commitment,
                caller.user_id,
                now,
            )
    except asyncpg.UniqueViolationError as error:
        raise AppliedAlready from error
    await _audit(conn, caller, offer_id, "licence_applied_for", given.commitment, now=now)
    return await shown(conn, caller, await lock(conn, offer_id))


async def score(
    conn: Connection,
    caller: Caller,
    offer_id: UUID,
    application_id: UUID,
    given: ScoreIn,
    *,
    now: datetime,
) -> LicenceOffer:
    """An expert of the panel scores an application before any price is open (domain 2.8); entered by the venue, or by
    the expert's own account.
    """
    offer = await lock(conn, offer_id)
    is_keeper = caller.organisation_id == offer.venue_id
    if not is_keeper and not await experts.is_expert(conn, caller, given.expert_id):
        raise NotFound
    if offer.state is not _S.SCORING:
        raise NotTakenNow
    panel = await panel_of(conn, offer)
    if given.expert_id not in panel:
        raise InvalidInput("expert_id", "is not of the panel drawn", "不属于抽取的评审组")
    if application_id not in [one.id for one in await applications_of(conn, offer_id)]:
        raise NotFound
    try:
        async with conn.transaction():
            await conn.execute(
                _SQL["insert_score"],
                application_id,
                given.expert_id,
                given.score_bp,
                given.reason,
                caller.user_id,
                now,
            )
    except asyncpg.UniqueViolationError as error:
        raise AppliedAlready from error
    await _audit(conn, caller, offer_id, "licence_application_scored", given, now=now)
    return await shown(conn, caller, offer)


async def open_application(
    conn: Connection,
    caller: Caller,
    offer_id: UUID,
    application_id: UUID,
    given: ApplicationOpening,
    *,
    now: datetime,
) -> LicenceOffer:
    """An applicant opens its amount in time; what is not opened does not count."""
    offer = await lock(conn, offer_id)
    made = next(
        (one for one in await applications_of(conn, offer_id) if one.id == application_id), None
    )
    if made is None or made.organisation_id != caller.organisation_id:
        raise NotFound
    if offer.state is not _S.OPENING or now >= offer.opened_by or made.amount_fen is not None:
        raise NotTakenNow
    shown_as = commitment(
        f"licence-offer:{offer_id}",
        str(caller.organisation_id),
        amount_fen=given.amount_fen,
        nonce=given.nonce,
    )
    if shown_as != made.commitment:
        raise InvalidInput("amount_fen", "is not what was committed to", "与报价承诺不符")
    await conn.execute(_SQL["open_application"], application_id, given.amount_fen, given.nonce, now)
    await _audit(conn, caller, offer_id, "licence_application_opened", made.number, now=now)
    return await shown(conn, caller, offer)


async def withdraw(
    conn: Connection, caller: Caller, offer_id: UUID, *, reason: str, now: datetime
) -> LicenceOffer:
    """The bank's checker takes an offer back; what it offered, and its disposal, are its caller's to end."""
    offer = await _locked_own(conn, caller, offer_id)
    return await set_state(conn, caller, offer, _S.WITHDRAWN, now=now, reason=reason)


async def set_state(
    conn: Connection,
    caller: Caller,
    offer: LicenceOffer,
    wanted: OfferState,
    *,
    now: datetime,
    reason: str | None = None,
    price_fen: int | None = None,
    opened_by: datetime | None = None,
) -> LicenceOffer:
    """The one way in which an offer's state changes; what ended is looked at by the plan that began it."""
    require_offer_step(offer.state, wanted, number=offer.number)
    await conn.execute(_SQL["set_state"], offer.id, wanted, price_fen, reason, opened_by, now)
    await _moved(conn, caller, offer.id, offer.state, wanted, now=now, reason=reason)
    if wanted in (_S.FILLED, _S.FAILED, _S.WITHDRAWN):
        await duties.add(conn, Kind.FOLLOW_PLAN, subject_id=offer.id, due_at=now, now=now)
    return await lock(conn, offer.id)


async def get(conn: Connection, caller: Caller, offer_id: UUID) -> LicenceOffer:
    """An offer that the caller may see; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["by_id"], offer_id, caller.organisation_id, _sees_all(caller))
    return await shown(conn, caller, _offer(row))


async def page(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[LicenceOffer]:
    """Offers that the caller may see, newest first, without their applications."""
    rows = await conn.fetch(_SQL["page"], after, caller.organisation_id, _sees_all(caller), limit)
    return [_offer(row) for row in rows]


async def lock(conn: Connection, offer_id: UUID) -> LicenceOffer:
    """An offer, locked until the transaction ends, for services."""
    return _offer(await conn.fetchrow(_SQL["lock"], offer_id))


async def applications_of(conn: Connection, offer_id: UUID) -> list[Application]:
    """All applications, by number."""
    rows = await conn.fetch(_SQL["applications"], offer_id)
    return [msgspec.convert(dict(row), Application) for row in rows]


async def panel_of(conn: Connection, offer: LicenceOffer) -> tuple[UUID, ...]:
    """The experts drawn for a tender, whole and free of conflicts; nobody before that."""
    return (
        await experts.panel_of(
            conn,
            organisation_id=offer.venue_id,
            subject_id=offer.id,
            purpose=Purpose.WEIGHTED_TENDER,
        )
        or ()
    )


async def shown(conn: Connection, caller: Caller, offer: LicenceOffer) -> LicenceOffer:
    """The offer with the applications that the caller may see: its sides all, but who applied only once it has ended;
    an applicant its own.
    """
    is_side = caller.organisation_id in (offer.organisation_id, offer.venue_id) or _sees_all(caller)
    is_over = offer.state in (_S.AWARDED, _S.FILLED, _S.FAILED)
    found = []
    for one in await applications_of(conn, offer.id):
        if one.organisation_id == caller.organisation_id or (is_side and is_over):
            found.append(one)
        elif is_side:
            found.append(msgspec.structs.replace(one, organisation_id=None))
    return msgspec.structs.replace(offer, applications=found)


async def require_unblocked(conn: Connection, offer: LicenceOffer, *, now: datetime) -> None:
    """Raise `burdens.LicenceBlocked` when a standing licence, or the state of a right, is in the way (domain 3.4)."""
    consignment = await consignments.get(conn, SYSTEM_CALLER, offer.consignment_id)
    question = offer.terms.question(*term_of(offer.terms, now=now))
    for asset_id in consignment.asset_ids:
        found = await burdens.may_be_licensed(conn, SYSTEM_CALLER, asset_id, question, now=now)
        if not found.may_be_granted:
            english = [one.message for one in found.conflicts]
            chinese = [one.message_zh for one in found.conflicts]
            raise burdens.LicenceBlocked(
                "; ".join([*english, *(one.message for one in found.obstacles)]),
                "；".join([*chinese, *(one.message_zh for one in found.obstacles)]),
            )


def term_of(terms: OfferTerms, *, now: datetime) -> tuple[date, date]:
    """First and last day of a licence whose offer is opened now, in China."""
    starts_on = now.astimezone(CHINA).date() + timedelta(days=terms.starts_in_days)
    return starts_on, add_months(starts_on, terms.term_months) - timedelta(days=1)


def over_at(terms: OfferTerms, *, now: datetime) -> datetime:
    """When the last day of a licence whose offer is opened now is over: nobody takes one any more."""
    _, ends_on = term_of(terms, now=now)
    return datetime.combine(ends_on + timedelta(days=1), time(), CHINA)


async def _require_power(conn: Connection, consignment: Consignment, offer: OfferTerms) -> None:
    has_title = offer.power is Power.TITLE_ACQUIRED and bool(
        await conn.fetchval(_SQL["has_title"], consignment.id)
    )
    require_power(offer.power, authority=consignment.authority, has_title=has_title)


async def _require_mandate(conn: Connection, consignment_id: UUID, mandate_id: UUID) -> None:
    """An offer under a mandate is under one that runs, over these very rights."""
    if not await conn.fetchval(_SQL["has_mandate"], mandate_id, consignment_id):
        raise InvalidInput(
            "mandate_id",
            "names no mandate that runs over this consignment",
            "不是该委托下有效的运营委托",
        )


async def _locked_own(conn: Connection, caller: Caller, offer_id: UUID) -> LicenceOffer:
    offer = await lock(conn, offer_id)
    if offer.organisation_id != caller.organisation_id:
        raise NotFound
    return offer


def _sees_all(caller: Caller) -> bool:
    return caller.organisation_kind in _WATCH or caller.user_id == SYSTEM_USER_ID


async def _audit(
    conn: Connection, caller: Caller, offer_id: UUID, action: str, facts: object, *, now: datetime
) -> None:
    await audit.record(
        conn,
        caller,
        now=now,
        action=action,
        subject="licence_offer",
        subject_id=offer_id,
        after=facts,
    )


def _offer(row: asyncpg.Record | None) -> LicenceOffer:
    if row is None:
        raise NotFound("no such licence offer", "没有该许可发布")
    fields = dict(row)
    fields["warnings"] = msgspec.json.decode(fields.pop("warnings_text"))
    return msgspec.convert(fields, LicenceOffer)
