"""What time does to an offer of licences, whom it is granted to, and the option to buy the rights later."""

from collections import defaultdict
from datetime import datetime, time, timedelta
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, NotFound
from kit.sql import Connection, load_statements
from marketplace.consignments import service as consignments
from marketplace.consignments.dossier import facts_of
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.grants import service as grants
from marketplace.grants import signing
from marketplace.grants.schemas import Grant, GrantState, NewGrant
from marketplace.licence_offers import service
from marketplace.licence_offers.rules import (
    NAMED,
    SEALED,
    Award,
    average_bp,
    tender_award,
    uniform_award,
)
from marketplace.licence_offers.schemas import (
    Application,
    ApplicationIn,
    LicenceOffer,
    OfferState,
)
from marketplace.licences.schemas import LicenceIn
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller, OrganisationKind
from marketplace.sales.rules import party_id

_SQL = load_statements("marketplace.licence_offers", "queries.sql")
_S = OfferState


class ScoresMissing(Conflict):
    """Not every expert of the panel has scored every application. / 评审组尚未对全部申请评分。"""

    code = "scores_missing"


class SignedAlready(Conflict):
    """A licence of this offer is signed: end that licence instead. / 已有许可签署，请改为终止该许可。"""

    code = "licence_signed_already"


async def open_(
    conn: Connection, caller: Caller, offer_id: UUID, *, sha256: str, approved: bool, now: datetime
) -> LicenceOffer:
    """Open an offer; one that names its licensee offers the licence at once."""
    offer = await service.open_(conn, caller, offer_id, sha256=sha256, approved=approved, now=now)
    if offer.state is _S.OPEN and offer.way in NAMED:
        await _grant_named(conn, offer, now=now)
    return await service.shown(conn, caller, offer)


async def take(
    conn: Connection, caller: Caller, offer_id: UUID, given: ApplicationIn, *, now: datetime
) -> Grant:
    """Take a licence at the posted price: applied for, offered and signed in one step, while there are places."""
    offer = await service.lock(conn, offer_id)
    if offer.way != "posted":
        raise service.NotTakenNow(
            "this offer is not at a posted price: apply for it", "本许可非公布固定条件，请提交申请"
        )
    if len(await grants.of_offer(conn, offer_id)) >= offer.terms.places:
        raise service.NotTakenNow("every licence is taken", "许可名额已满")
    if offer.published_at is not None and now >= service.over_at(
        offer.terms, now=offer.published_at
    ):
        raise service.NotTakenNow("the licences' time is over", "许可期限已届满")
    await service.apply(conn, caller, offer_id, given, now=now)
    name = (await organisations.organisation_by_id(conn, caller.organisation_id)).name
    entry_fee_fen = offer.terms.terms.entry_fee_fen
    made = await _grant(conn, offer, caller.organisation_id, name, entry_fee_fen, now=now)
    signed = await signing.put_signature(conn, caller, made, sha256=made.sha256, now=now)
    made_so_far = await grants.of_offer(conn, offer_id)
    if len(made_so_far) == offer.terms.places:
        await _fill(conn, offer, made_so_far, now=now)
    return signed


async def close(conn: Connection, offer_id: UUID, *, now: datetime) -> datetime | None:
    """The offer closes, at the latest with the last day of its licences: sealed ones are scored or opened, others are
    filled if a licence was signed. None, or when it closes instead: something held the signature of who is named.
    """
    offer = await service.lock(conn, offer_id)
    if offer.state is not _S.OPEN:
        return None
    if offer.way in SEALED:
        if not await service.applications_of(conn, offer_id):
            await _fail(conn, offer, "nobody applied 无人申请", now=now)
        elif offer.way == "tender":
            await service.set_state(conn, SYSTEM_CALLER, offer, _S.SCORING, now=now)
        else:
            await _begin_opening(conn, SYSTEM_CALLER, offer, now=now)
        return None
    again_at = await _awaited_until(conn, offer, now=now)
    if again_at is None:
        await _settle(conn, offer, now=now)
    return again_at


async def _awaited_until(
    conn: Connection, offer: LicenceOffer, *, now: datetime
) -> datetime | None:
    """When to look again at an offer that names its licensee, whose time to sign stood still; None for any other."""
    if offer.way not in NAMED:
        return None
    for one in await grants.of_offer(conn, offer.id):
        again_at = await signing.awaited_until(conn, await grants.lock(conn, one.id), now=now)
        if again_at is not None:
            await conn.execute(_SQL["close_later"], offer.id, again_at, now)
            return again_at
    return None


async def begin_opening(
    conn: Connection, caller: Caller, offer_id: UUID, *, now: datetime
) -> LicenceOffer:
    """The venue has prices opened once every expert of the panel has scored every application (domain 2.8)."""
    offer = await service.lock(conn, offer_id)
    if offer.venue_id != caller.organisation_id:
        raise NotFound
    applications = await service.applications_of(conn, offer_id)
    panel = await service.panel_of(conn, offer)
    scores = await _scores(conn, offer_id)
    if not panel or any(set(scores[one.number]) != set(panel) for one in applications):
        raise ScoresMissing
    return await service.shown(conn, caller, await _begin_opening(conn, caller, offer, now=now))


async def close_opening(conn: Connection, offer_id: UUID, *, now: datetime) -> None:
    """The time to open amounts is over: licences are offered to those chosen, or the offer has failed.

    It is filled by their signatures, for which they have the days that the offer states.
    """
    offer = await service.lock(conn, offer_id)
    if offer.state is not _S.OPENING:
        return
    applications = await service.applications_of(conn, offer_id)
    award = await _award(conn, offer, applications)
    if not award.chosen:
        await _fail(conn, offer, "no amount was opened 无有效报价", now=now)
        return
    for one in applications:
        await conn.execute(_SQL["choose"], one.id, False, None)
    for one, fee_fen in award.chosen:
        await _choose(conn, offer, one, fee_fen, now=now)
    await service.set_state(
        conn, SYSTEM_CALLER, offer, _S.AWARDED, now=now, price_fen=award.price_fen
    )


async def withdraw(
    conn: Connection, caller: Caller, offer_id: UUID, *, reason: str, now: datetime
) -> LicenceOffer:
    """The bank's checker takes an offer back; what it offered and nobody signed ends with it.

    One that was awarded is taken back only while nobody has signed. Licences taken at a posted price stay: with the
    last of them the consignment's disposal ends.
    """
    before = await service.lock(conn, offer_id)
    offer = await service.withdraw(conn, caller, offer_id, reason=reason, now=now)
    made = [await grants.lock(conn, one.id) for one in await grants.of_offer(conn, offer_id)]
    for grant in made:
        if before.state is _S.AWARDED and grant.signed_at is not None:
            raise SignedAlready
        if grant.state is GrantState.OFFERED:
            await grants.end(conn, caller, grant.id, reason=reason, now=now)
    if any(map(_gave_rights, made)):
        await grants.end_disposal(conn, made[0], now=now)
    elif before.state is not _S.DRAFT:
        await _unsold(conn, offer, reason=reason, now=now)
    return offer


async def follow(conn: Connection, grant_id: UUID, *, now: datetime) -> None:
    """A licence was signed or let go: the offer is filled, has failed, or asks the next in its order."""
    # The offer is locked before its licences, as its close does it.
    offer = await service.lock(conn, (await grants.get(conn, SYSTEM_CALLER, grant_id)).offer_id)
    grant = await grants.lock(conn, grant_id)
    if offer.state is _S.OPEN and offer.way in NAMED:
        await _settle(conn, offer, now=now)
    elif offer.state is _S.AWARDED:
        await _settle_award(conn, offer, now=now)
    elif offer.state is _S.FILLED and grant.signed_at is None:
        await grants.end_disposal(conn, grant, now=now)


async def _settle_award(conn: Connection, offer: LicenceOffer, *, now: datetime) -> None:
    """For each place that nobody signed for the next in order is asked; with nobody left to ask the offer is over."""
    made = await grants.of_offer(conn, offer.id)
    asked = {grant.licensee_id for grant in made}
    award = await _award(conn, offer, await service.applications_of(conn, offer.id))
    next_ones = [found for found in award.waiting if found[0].organisation_id not in asked]
    if made and now >= grants.over_at(made[0]):  # nobody is asked for a term that is over
        next_ones = []
    signed = sum(grant.signed_at is not None for grant in made)
    offered = sum(grant.state is GrantState.OFFERED for grant in made)
    for one, fee_fen in next_ones[: offer.terms.places - signed - offered]:
        await _choose(conn, offer, one, fee_fen, now=now)
        offered += 1
    if offered:
        return
    if any(map(_gave_rights, made)):
        await _fill(conn, offer, made, now=now)
    else:
        await _fail(conn, offer, _nothing_given(made), now=now)


def _gave_rights(grant: Grant) -> bool:
    """Whether a licence took effect, or was signed and still may."""
    is_over = grant.state is GrantState.ENDED
    return grant.effective_at is not None or (grant.signed_at is not None and not is_over)


async def _choose(
    conn: Connection, offer: LicenceOffer, one: Application, fee_fen: int, *, now: datetime
) -> None:
    """Offer a licence to an applicant, at this entry fee."""
    assert one.organisation_id is not None, "an application is an organisation's"
    await conn.execute(_SQL["choose"], one.id, True, one.score_bp)
    name = (await organisations.organisation_by_id(conn, one.organisation_id)).name
    made = await _grant(conn, offer, one.organisation_id, name, fee_fen, now=now)
    # A licence whose licensee the offer names has no time of its own: the offer's close lets it go.
    assert made.sign_by is not None, "an award says until when it is signed"
    due_at = min(made.sign_by, grants.over_at(made))
    await duties.add(conn, Kind.LET_LICENCE_GO, subject_id=made.id, due_at=due_at, now=now)


async def _settle(conn: Connection, offer: LicenceOffer, *, now: datetime) -> None:
    """Filled when a licence was signed; failed when none was and nobody can sign any more."""
    # Locked: none is signed, or let go, while this looks.
    made = [await grants.lock(conn, one.id) for one in await grants.of_offer(conn, offer.id)]
    if any(map(_gave_rights, made)):
        await _fill(conn, offer, made, now=now)
        return
    for grant in made:
        if grant.state is GrantState.OFFERED:
            bank = _bank_of(offer)
            await grants.end(conn, bank, grant.id, reason="not signed in time 逾期未签", now=now)
    await _fail(conn, offer, _nothing_given(made), now=now)


async def _fill(conn: Connection, offer: LicenceOffer, made: list[Grant], *, now: datetime) -> None:
    await service.set_state(conn, SYSTEM_CALLER, offer, _S.FILLED, now=now)
    # Where the last licence was over before its offer, its own end could not tell.
    await grants.end_disposal(conn, made[0], now=now)


def _nothing_given(made: list[Grant]) -> str:
    """Why an offer failed whose licences gave no rights."""
    if any(grant.signed_at is not None for grant in made):
        return "ended before it took effect 许可未生效即终止"
    return "nobody signed 无人签署"


async def _fail(conn: Connection, offer: LicenceOffer, reason: str, *, now: datetime) -> None:
    await service.set_state(conn, SYSTEM_CALLER, offer, _S.FAILED, now=now, reason=reason)
    await _unsold(conn, offer, reason=reason, now=now)


async def _unsold(conn: Connection, offer: LicenceOffer, *, reason: str, now: datetime) -> None:
    consignment = await consignments.get(conn, SYSTEM_CALLER, offer.consignment_id)
    if consignment.state == "disposing":
        await consignments.end_disposal(
            conn, SYSTEM_CALLER, offer.consignment_id, is_sold=False, now=now, reason=reason
        )


async def _begin_opening(
    conn: Connection, caller: Caller, offer: LicenceOffer, *, now: datetime
) -> LicenceOffer:
    opened_by = now + timedelta(seconds=offer.terms.opening_seconds)
    offer = await service.set_state(conn, caller, offer, _S.OPENING, now=now, opened_by=opened_by)
    await duties.add(
        conn, Kind.CLOSE_LICENCE_OPENING, subject_id=offer.id, due_at=opened_by, now=now
    )
    return offer


async def _award(conn: Connection, offer: LicenceOffer, applications: list[Application]) -> Award:
    terms = offer.terms
    if offer.way == "uniform_price":
        return uniform_award(applications, places=terms.places, floor_fen=terms.floor_fen)
    scores = await _scores(conn, offer.id)
    return tender_award(
        applications,
        {number: average_bp(list(given.values())) for number, given in scores.items()},
        places=terms.places,
        floor_fen=terms.floor_fen,
        price_weight_bp=terms.price_weight_bp,
    )


async def _scores(conn: Connection, offer_id: UUID) -> dict[int, dict[UUID, int]]:
    found: dict[int, dict[UUID, int]] = defaultdict(dict)
    for row in await conn.fetch(_SQL["scores"], offer_id):
        found[row["number"]][row["expert_id"]] = row["score_bp"]
    return found


async def _grant_named(conn: Connection, offer: LicenceOffer, *, now: datetime) -> None:
    """Offer the one licence to whom it is for: a named agency, or the pledgor that the register names."""
    terms = offer.terms
    if terms.licensee_id is not None:
        licensee_id = terms.licensee_id
        name = (await organisations.organisation_by_id(conn, licensee_id)).name
    else:
        licensee_id, name = await _pledgor(conn, offer, now=now)
    await _grant(conn, offer, licensee_id, name, terms.terms.entry_fee_fen, now=now)


async def _grant(
    conn: Connection,
    offer: LicenceOffer,
    licensee_id: UUID,
    licensee_name: str,
    entry_fee_fen: int,
    *,
    now: datetime,
) -> Grant:
    """A licence by the offer's terms; only who and (in a sealed way) the entry fee were open until now."""
    terms = offer.terms
    assert offer.published_at is not None, "only open offers are granted"
    starts_on, ends_on = service.term_of(terms, now=offer.published_at)
    pledgor_id, _ = await _pledgor(conn, offer, now=now)
    licence = LicenceIn(
        case_id=offer.case_id,
        title=f"{terms.title_zh} {terms.title}"[:200],
        licensee_id=licensee_id,
        pledgor_id=pledgor_id,
        agency_id=terms.agency_id,
        holder_id=terms.holder_id,
        later_pledgees=terms.later_pledgees,
        starts_on=starts_on,
        ends_on=ends_on,
        terms=msgspec.structs.replace(terms.terms, entry_fee_fen=entry_fee_fen),
    )
    new = NewGrant(
        offer_id=offer.id,
        consignment_id=offer.consignment_id,
        venue_id=offer.venue_id,
        licence=licence,
        licensee_name=licensee_name,
        kind=terms.kind,
        drafted_by=offer.drafted_by,
        sign_by=_sign_by(offer, now=now),
        option_price_fen=terms.option.price_fen if terms.option else None,
        option_until=terms.option.until if terms.option else None,
    )
    return await grants.offer(conn, _bank_of(offer), new, now=now)


def _sign_by(offer: LicenceOffer, *, now: datetime) -> datetime:
    """Until when a licence is signed: who is named, while the offer is open; who is chosen, in the days it states."""
    if offer.way in NAMED:
        return offer.closes_at
    last = now.astimezone(CHINA).date() + timedelta(days=offer.terms.sign_within_days)
    return datetime.combine(last + timedelta(days=1), time(), CHINA)


async def _pledgor(conn: Connection, offer: LicenceOffer, *, now: datetime) -> tuple[UUID, str]:
    """The pledgor of the first pledge over the rights: who gets what is left, and whom a reverse licence is for."""
    consignment = await consignments.get(conn, SYSTEM_CALLER, offer.consignment_id)
    facts = await facts_of(conn, consignment, today=now.astimezone(CHINA).date())
    pledges = [pledge for right in facts.rights for pledge in right.pledges]
    assert pledges, "what is consigned is pledged (ELG-03)"
    first = min(pledges, key=lambda pledge: pledge.registered_on)
    return party_id(first.pledgor_code), first.pledgor_name


def _bank_of(offer: LicenceOffer) -> Caller:
    """The bank, in the name of who drafted the offer."""
    return msgspec.structs.replace(
        SYSTEM_CALLER,
        user_id=offer.drafted_by,
        organisation_id=offer.organisation_id,
        organisation_kind=OrganisationKind.BANK,
    )
