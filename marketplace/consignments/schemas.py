"""A consignment (委托处置) as it is drafted, stored and shown."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.edge.fields import Bp, Name, PositiveFen, Reason
from marketplace.lots.regimes import Regime


class ConsignmentState(StrEnum):
    """How far a consignment has come. Source: design, "Marketplace"."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    DISPOSING = "disposing"
    RECOVERED = "recovered"
    UNSOLD = "unsold"
    WITHDRAWN = "withdrawn"
    CLEARED = "cleared"


class Authority(StrEnum):
    """What gives the consignor the power to dispose. Source: domain 3.3."""

    PLEDGE_CONTRACT_SELF_SALE = "pledge_contract_self_sale"
    POST_DEFAULT_AGREEMENT = "post_default_agreement"
    COURT_ORDER_REALISATION = "court_order_realisation"
    ENFORCEMENT_CASE = "enforcement_case"
    NOTARISED_ENFORCEABLE_DEBT = "notarised_enforceable_debt"
    ADMINISTRATOR_CONSENT = "administrator_consent"
    PLEDGOR_VOLUNTARY_TRANSFER_WITH_CONSENT = "pledgor_voluntary_transfer_with_consent"


class Route(StrEnum):
    """By which way the collateral is to be turned into money. Source: domain 3.9."""

    COLLECTION = "collection"
    AUCTION_CONCENTRATED = "auction_concentrated"
    AUCTION_TIMED = "auction_timed"
    SECOND_LICENCE = "second_licence"
    REVERSE_LICENCE = "reverse_licence"
    OPERATION_MANDATE = "operation_mandate"
    LICENCE_THEN_TRANSFER = "licence_then_transfer"
    EQUITY_CONVERSION = "equity_conversion"
    INVEST_LOAN = "invest_loan"
    TRADE_LICENCE = "trade_licence"
    SECURITISE = "securitise"
    SET_OFF = "set_off"


class CostsBorneBy(StrEnum):
    """Who bears the costs of the disposal."""

    PROCEEDS = "proceeds"
    CONSIGNOR = "consignor"
    BUYER = "buyer"


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bank hands in, and on what terms. `closing_on` is the planned day by which the sale is done.

    `has_bundle_statement`: the signed statement that all of the owner's identical or similar marks are in (domain 3.5).
    `buyer_conditions`: who may buy, where the right asks for a qualified buyer. `foreign_bidders`: foreigners are let
    in. `state_approval`: the approving body's consent to a state-owned right's price. `consignor_may_bid`: the bank or
    a related party means to bid.
    """

    title: Name
    venue_id: UUID
    case_id: UUID
    asset_ids: Annotated[tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=200)]
    regime: Regime
    route: Route
    authority: Authority | None = None
    authority_document: Annotated[str, msgspec.Meta(max_length=200)] = ""
    start_price_fen: PositiveFen
    reserve_price_fen: PositiveFen | None = None
    deposit_fen: PositiveFen
    commission_bp: Bp
    costs_borne_by: CostsBorneBy = CostsBorneBy.PROCEEDS
    closing_on: date
    has_bundle_statement: bool = False
    buyer_conditions: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    foreign_bidders: bool = False
    state_approval: Annotated[str, msgspec.Meta(max_length=200)] = ""
    consignor_may_bid: bool = False


class Consignment(Terms, frozen=True, kw_only=True):
    """A consignment as it is on record. The reserve price is shown to the bank and its venue only."""

    id: UUID
    number: str
    organisation_id: UUID
    state: ConsignmentState
    reason: str | None
    drafted_by: UUID
    submitted_by: UUID | None
    approved_by: UUID | None
    decided_by: UUID | None
    submitted_at: datetime | None
    approved_at: datetime | None
    decided_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a consignment goes back or is withdrawn."""

    reason: Reason


class FundNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What funds with a claim on a loan were told before a listing, a price cut or a change of route."""

    id: UUID
    consignment_id: UUID
    organisation_id: UUID
    fund_ids: tuple[UUID, ...]
    route: Route
    regime: Regime
    start_price_fen: int
    told_by: UUID
    told_at: datetime
