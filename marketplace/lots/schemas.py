"""What goes in and out about lots (标的)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from marketplace.edge.fields import Fen, Moment, PositiveFen, Reason
from marketplace.lots.regimes import Finding, Regime, Severity, Terms
from marketplace.lots.relisting import ListingExtension
from marketplace.lots.rules import LotStatus, Origin

Milliseconds = Annotated[int, msgspec.Meta(ge=1, le=10**12)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Prose = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class FixedStep(_In, frozen=True, kw_only=True, tag_field="kind", tag="fixed"):
    """The same increment at every price."""

    step_fen: PositiveFen


class Band(_In, frozen=True, kw_only=True):
    """From this price on, this increment."""

    from_fen: Fen
    step_fen: PositiveFen


class BandStep(_In, frozen=True, kw_only=True, tag_field="kind", tag="bands"):
    """An increment that depends on the price (加价幅度分组)."""

    bands: Annotated[list[Band], msgspec.Meta(min_length=1, max_length=50)]


class PercentStep(_In, frozen=True, kw_only=True, tag_field="kind", tag="percent"):
    """An increment that is a part of the price."""

    basis_points: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    min_fen: PositiveFen
    round_to_fen: PositiveFen


class ResetExtension(_In, frozen=True, kw_only=True, tag_field="mode", tag="reset"):
    """A bid inside the window sets the end to the window after that bid (自该出价时点顺延)."""

    window_ms: Milliseconds
    hard_end_at: Moment | None = None


class AppendExtension(_In, frozen=True, kw_only=True, tag_field="mode", tag="append"):
    """A bid inside the window moves the end by a fixed time, so many times at most."""

    window_ms: Milliseconds
    by_ms: Milliseconds
    max: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    hard_end_at: Moment | None = None


class Bidding(_In, frozen=True, kw_only=True):
    """The rules of bidding; what they mean is contracts 1."""

    format: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z_]{1,30}\Z")]
    step: FixedStep | BandStep | PercentStep | None = None
    grid: Annotated[str, msgspec.Meta(pattern=r"^(none|multiple|absolute)\Z")] = "none"
    leader_may_raise: bool = False
    max_steps_per_bid: Annotated[int, msgspec.Meta(ge=1, le=10**6)] | None = None
    extension: ResetExtension | AppendExtension | None = None
    min_bidders: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    #: The document by which a private consignor agrees to `vickrey`, which no rule of public sales knows (domain 2.8).
    consent_reference: Title | None = None
    #: The format's own fields, as in the table of contracts 1; the engine's profile reader checks them.
    format_terms: dict[str, object] = {}


class Words(_In, frozen=True, kw_only=True):
    """A text in both languages."""

    en: Prose
    zh: Prose


class Conditions(_In, frozen=True, kw_only=True):
    """What a notice must say besides the figures, by regime. Sources: `notices/contents.json`.

    The last ones: `court` is for a court's sale; the others replace the words of the regime itself.
    """

    bidder_conditions: Words
    known_defects: Words
    viewing: Words
    delivery: Words
    taxes_and_bearer: Words
    deposit_account: Words
    contact: Words
    complaints: Words
    priority_holders: Words
    court: Words | None = None
    rights_and_duties: Words | None = None
    liability: Words | None = None
    procedure: Words | None = None
    deposit_rules: Words | None = None
    #: Whether the listing goes on where too few bidders came (延牌); not stated, it does not.
    listing_extension: ListingExtension | None = None


class LotDraft(_In, frozen=True, kw_only=True):
    """A lot as the venue drafts it from an accepted consignment; prices and deposit are the consignment's."""

    consignment_id: UUID
    title: Title
    title_zh: Title
    bidding: Bidding
    conditions: Conditions
    registration_opens_at: Moment | None = None  # None: at once with the notice
    priority_closes_at: Moment | None = None  # None: at the opening
    opens_at: Moment
    closes_at: Moment
    payment_hours: Annotated[int, msgspec.Meta(ge=1, le=8760)] = 120
    #: Whether the proceeds leave escrow once the price is paid, or once the registry recorded the transfer.
    release_on: Literal["PRICE_PAID", "TITLE_RECORDED"] = "TITLE_RECORDED"
    #: How long the parties may object to the plan of distribution. Source: domain 6.6.
    objection_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 15
    #: In how many working days a released deposit goes back to its bidder's bank; null: the regime's own term.
    refund_working_days: Annotated[int, msgspec.Meta(ge=1, le=30)] | None = None
    round_number: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    #: A rehearsal: the regime's minimum times are not kept, and the notice says so.
    shortened_times: bool = False


class LotTerms(_In, frozen=True, kw_only=True):
    """What every lot of a plan, or of an option, says: written once."""

    title: Title
    title_zh: Title
    conditions: Conditions
    payment_hours: Annotated[int, msgspec.Meta(ge=1, le=8760)] = 120
    release_on: Literal["PRICE_PAID", "TITLE_RECORDED"] = "TITLE_RECORDED"
    objection_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 15
    #: In how many working days a released deposit goes back to its bidder's bank; null: the regime's own term.
    refund_working_days: Annotated[int, msgspec.Meta(ge=1, le=30)] | None = None
    shortened_times: bool = False


class Override(_In, frozen=True, kw_only=True):
    """Why a finding that holds a lot may be passed over."""

    position: int
    reason: Reason


class StoredFinding(Finding, frozen=True, kw_only=True):
    """A finding as it was stored with a check."""

    position: int
    overridden_by: UUID | None = None
    override_reason: str | None = None

    @property
    def holds(self) -> bool:
        """Whether it stands in the way of publication."""
        return self.severity is Severity.BLOCK or (
            self.severity is Severity.HOLD and self.overridden_by is None
        )


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """A lot as its venue and its consignor see it; `id` is also its auction's id. Amounts in fen."""

    id: UUID
    number: str
    consignment_id: UUID
    venue_id: UUID
    consignor_id: UUID
    pledgor_codes: list[str]
    title: str
    title_zh: str
    regime: Regime
    format: str
    round_number: int
    previous_start_price_fen: int | None
    status: LotStatus
    version: int
    valuation_fen: int
    start_price_fen: int
    reserve_price_fen: int | None
    deposit_fen: int
    bidding: Bidding
    conditions: Conditions
    registration_opens_at: datetime
    priority_closes_at: datetime
    opens_at: datetime
    closes_at: datetime
    payment_hours: int
    release_on: Literal["PRICE_PAID", "TITLE_RECORDED"]
    objection_days: int
    refund_working_days: int | None
    shortened_times: bool
    drafted_by: UUID
    checked_by: UUID | None
    published_by: UUID | None
    published_at: datetime | None
    profile_hash: str | None
    notice_sha256: str | None
    #: What this lot follows: a default, an award to the underbidder, or one unit of several; and which lot.
    origin: Origin | None = None
    origin_lot_id: UUID | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def entry_fen(self) -> int:
        """What a bidder pays in to take part: the deposit; in a sell-off the whole sell-off price (domain 2.3)."""
        return self.start_price_fen if self.format == "sell_off" else self.deposit_fen

    def terms(self) -> Terms:
        """What the regime's rules look at."""
        extension = self.bidding.extension
        countdown_ms = self.bidding.format_terms.get("countdown_ms")
        return Terms(
            regime=self.regime,
            format=self.format,
            start_price_fen=self.start_price_fen,
            reserve_price_fen=self.reserve_price_fen,
            deposit_fen=self.deposit_fen,
            valuation_fen=self.valuation_fen,
            opens_at=self.opens_at,
            closes_at=self.closes_at,
            extension_mode="reset" if isinstance(extension, ResetExtension) else None,
            extension_window_ms=extension.window_ms if extension else 0,
            round_number=self.round_number,
            previous_start_price_fen=self.previous_start_price_fen,
            private_consent=self.bidding.consent_reference is not None,
            shortened_times=self.shortened_times,
            refund_working_days=self.refund_working_days,
            countdown_ms=countdown_ms if isinstance(countdown_ms, int) else None,
        )


class PublicLot(msgspec.Struct, frozen=True, kw_only=True):
    """A lot as everyone may see it from its notice on: no reserve, no internal names."""

    id: UUID
    number: str
    title: str
    title_zh: str
    regime: Regime
    format: str
    round_number: int
    status: LotStatus
    valuation_fen: int
    start_price_fen: int
    deposit_fen: int
    bidding: Bidding
    conditions: Conditions
    registration_opens_at: datetime
    priority_closes_at: datetime
    opens_at: datetime
    closes_at: datetime
    payment_hours: int
    release_on: Literal["PRICE_PAID", "TITLE_RECORDED"]
    objection_days: int
    refund_working_days: int | None
    shortened_times: bool
    published_at: datetime
    profile_hash: str
    notice_sha256: str
    origin: Origin | None = None
    origin_lot_id: UUID | None = None


class LotCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a check: the lot, and all that was found."""

    lot: Lot
    findings: list[StoredFinding]


class LotPublished(msgspec.Struct, frozen=True, kw_only=True, tag="lot_published"):
    """A lot's notice was published."""

    lot_id: UUID
    number: str
    notice_sha256: str
    profile_hash: str


class LotStatusChanged(msgspec.Struct, frozen=True, kw_only=True, tag="lot_status_changed"):
    """A lot went one step on."""

    lot_id: UUID
    number: str
    before: LotStatus
    after: LotStatus
