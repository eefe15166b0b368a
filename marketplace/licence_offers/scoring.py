"""What an expert who was drawn for a tender (加权评标) reads to score it, and nobody else. Source: domain 2.8."""

from uuid import UUID

from kit.errors import NotFound
from kit.money import BP_ONE
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.experts import service as experts
from marketplace.licence_offers import service
from marketplace.licence_offers.schemas import (
    ApplicationToScore,
    LicenceOffer,
    OfferState,
    ScoringSheet,
)
from marketplace.organisations.schemas import Caller

_SQL = load_statements("marketplace.licence_offers", "queries.sql")
#: While others may still apply, or it may still change, nobody reads what was handed in.
_TOO_EARLY = frozenset({OfferState.DRAFT, OfferState.OPEN})


async def sheet(conn: Connection, caller: Caller, offer_id: UUID) -> ScoringSheet:
    """The applications of a tender, by number, with what the caller's expert gave them.

    Raises `NotFound` for whoever is not of the panel, or before it is whole and every seat declared free.
    """
    offer = await service.get(conn, caller, offer_id)
    async with everything(
        conn
    ):  # an expert of another house reads the venue's draw and what it scores
        expert_id = await _seat_of(conn, caller, offer)
        given = {
            row["application_id"]: row
            for row in await conn.fetch(_SQL["scores_of_expert"], offer_id, expert_id)
        }
        made = [] if offer.state in _TOO_EARLY else await service.applications_of(conn, offer_id)
    terms = offer.terms
    return ScoringSheet(
        offer_id=offer.id,
        number=offer.number,
        title=terms.title,
        title_zh=terms.title_zh,
        state=offer.state,
        expert_id=expert_id,
        weight_bp=BP_ONE - terms.price_weight_bp,
        is_taken=offer.state is OfferState.SCORING,
        applications=[
            ApplicationToScore(
                id=one.id,
                number=one.number,
                statement=one.statement,
                score_bp=given[one.id]["score_bp"] if one.id in given else None,
                reason=given[one.id]["reason"] if one.id in given else None,
            )
            for one in made
        ],
    )


async def _seat_of(conn: Connection, caller: Caller, offer: LicenceOffer) -> UUID:
    for expert_id in await service.panel_of(conn, offer):
        if await experts.is_expert(conn, caller, expert_id):
            return expert_id
    raise NotFound("no such licence offer", "没有该许可发布")
