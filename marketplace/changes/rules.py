"""Whom an event concerns (知会范围): as little as possible, and nobody by accident.

An event names things by their ids. Each thing has sides: the venue and the consignor of a lot, the organisations that
registered for it, the owner of a loan. An event of a kind that is not listed reaches the owner and the venue alone.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec


class Side(StrEnum):
    """In what part somebody has to do with an event."""

    #: Whose record it is: `organisation_id` in the event, or the owner of what it names.
    OWNER = "owner"
    VENUE = "venue"
    CONSIGNOR = "consignor"
    #: The bidder that the event names.
    BIDDER = "bidder"
    #: All who registered for the lot.
    LOT_BIDDERS = "lot_bidders"
    FUND = "fund"
    #: Who bears a part of a claim's loss: guarantors, insurers, re-guarantors.
    BEARER = "bearer"
    #: The valuer whom an order names.
    VALUER = "valuer"
    #: Who is bound by what moves, or waits for it: a licensee, an agency with a mandate, who applied for a licence, who
    #: offers in a call for offers, a buyer whose purchase is paid in parts or may be bought back.
    PARTY = "party"
    #: Every active organisation: what is public and worth knowing for all.
    EVERYBODY = "everybody"


_DEFAULT = frozenset({Side.OWNER, Side.VENUE, Side.BIDDER, Side.FUND})
_SELLERS = frozenset({Side.OWNER, Side.VENUE, Side.CONSIGNOR})
_HALL = _SELLERS | {Side.LOT_BIDDERS}

#: A bidder's steps and rights stay between it and the venue until the end. Source: 法释〔2016〕18号 art. 18.
SIDES: Mapping[str, frozenset[Side]] = MappingProxyType(
    {
        "lot_published": _HALL | {Side.EVERYBODY},
        "lot_status_changed": _HALL,
        "listing_extended": _HALL,
        "notice_changed": _HALL,
        "lot_sold": _HALL,
        "lot_passed": _HALL,
        "sale_confirmed": _HALL,
        "sale_revoked": _HALL,
        "price_paid": _SELLERS,
        "buyer_defaulted": _SELLERS,
        "proceeds_distributed": _SELLERS,
        "sale_rescinded": _SELLERS,
        "deposit_used": _SELLERS,
        "transfer_moved": _SELLERS,
        "bidder_status_changed": frozenset({Side.VENUE, Side.BIDDER}),
        "priority_confirmed": frozenset({Side.VENUE}),
        # A bank drafts alone; its venue hears of a consignment once it is handed over.
        "consignment_drafted": frozenset({Side.OWNER}),
        "consignment_changed": frozenset({Side.OWNER}),
        "diligence_run": frozenset({Side.OWNER}),
        "claim_moved": _DEFAULT | {Side.BEARER},
        "recovery_shared": _DEFAULT | {Side.BEARER},
        "liability_answered": _DEFAULT | {Side.BEARER},
        "liability_paid": _DEFAULT | {Side.BEARER},
        "valuation_order_moved": frozenset({Side.OWNER, Side.VALUER}),
    }
)
_INSIDE_THE_BANK = frozenset({"draft", "submitted"})
#: Steps that a party does not hear of: what the bank has not passed on yet, and an agency's payments, of which it is
#: told with their amounts (`agency_payment_due`).
_NOT_FOR_PARTIES = frozenset({"draft", "proposed", "payment_due", "payment_late"})
#: A claim is its bank's alone until the bank's checker has sent it to the funds.
_CLAIM_INSIDE_THE_BANK = frozenset({"drafted", "returned"})
#: Ids in an event that name organisations themselves, and in what part.
_DIRECT: Mapping[str, Side] = MappingProxyType(
    {
        "organisation_id": Side.OWNER,
        "venue_id": Side.VENUE,
        "fund_id": Side.FUND,
        "valuer_id": Side.VALUER,
    }
)
#: Ids of things, by the name under which the database knows the thing.
_THINGS = MappingProxyType(
    {
        "lot_id": "lot",
        "bidder_id": "bidder",
        "consignment_id": "consignment",
        "case_id": "case",
        "claim_id": "claim",
        "licence_id": "licence",
    }
)
#: Subjects of steps (`step_taken`) that have parties of their own.
_WITH_PARTIES = frozenset(
    {"mandate", "licence_grant", "licence_offer", "collection", "repurchase", "instalment"}
)


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that an event names."""

    thing: str
    id: UUID


def sides_of(kind: str, payload: Mapping[str, Any]) -> frozenset[Side]:
    """In which parts organisations hear of an event."""
    if kind == "consignment_moved" and payload.get("state") in _INSIDE_THE_BANK:
        return frozenset({Side.OWNER})
    if kind == "claim_moved" and payload.get("status") in _CLAIM_INSIDE_THE_BANK:
        return frozenset({Side.OWNER})
    if kind == "licence_moved":
        is_draft = payload.get("what") == "licence_drafted"
        return frozenset({Side.OWNER}) if is_draft else frozenset({Side.OWNER, Side.PARTY})
    if kind == "step_taken" and payload.get("after") not in _NOT_FOR_PARTIES:
        return _DEFAULT | {Side.PARTY}
    return SIDES.get(kind, _DEFAULT)


def references_of(payload: Mapping[str, Any]) -> list[Reference]:
    """The things whose sides have to be looked up."""
    named = dict(_THINGS)
    if payload.get("subject") in _WITH_PARTIES:
        named["subject_id"] = payload["subject"]
    return [
        Reference(thing=thing, id=found)
        for name, thing in named.items()
        if (found := _uuid(payload.get(name))) is not None
    ]


def direct_of(payload: Mapping[str, Any]) -> list[tuple[Side, UUID]]:
    """The organisations that the event names itself."""
    return [
        (side, found)
        for name, side in _DIRECT.items()
        if (found := _uuid(payload.get(name))) is not None
    ]


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
