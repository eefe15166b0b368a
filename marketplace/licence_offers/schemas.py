"""What goes in and out about offers of licences (二次许可)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from marketplace.burdens.schemas import LicenceKind, LicenceQuestion, Territory, UseField
from marketplace.edge.fields import Bp, Fen, Name, PositiveFen, Reason
from marketplace.licences.schemas import TermsIn
from marketplace.lots.schemas import LotTerms, Words

Way: TypeAlias = Literal["negotiated", "reverse", "posted", "uniform_price", "tender"]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
_Seconds = Annotated[int, msgspec.Meta(ge=1, le=40_000_000)]


class OfferState(StrEnum):
    """How far an offer is."""

    DRAFT = "draft"
    OPEN = "open"
    SCORING = "scoring"
    OPENING = "opening"
    AWARDED = "awarded"  # licences are offered to those chosen, who have not all answered
    FILLED = "filled"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Power(StrEnum):
    """What lets the bank have the rights licensed: a pledgee has no power of its own. Source: domain 3.3."""

    PLEDGOR_AGREEMENT = "pledgor_agreement"  # 出质人与质权人协议（民法典 444(2)）
    TITLE_ACQUIRED = "title_acquired"  # 已取得权利
    COURT_MANAGEMENT = "court_management"  # 法院交付管理（民诉解释 490）


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class TransferOption(_In, frozen=True, kw_only=True):
    """Licence first, transfer later (先许可后转让): the licensee may buy at this price until that day.

    `lot` is what the sale by which it buys will say, so that nothing is typed again when it does. `credited_bp`: what
    part of the fees that were paid under the licence by then counts towards the price; 0, none does.
    """

    price_fen: PositiveFen
    credited_bp: Bp = 0
    until: date
    lot: LotTerms
    offer_seconds: Annotated[int, msgspec.Meta(ge=1, le=40_000_000)] = 864_000


class Clauses(_In, frozen=True, kw_only=True):
    """What a licence says besides scope and money. Source: domain 3.8 (licence lots: all of it is public).

    `report_months`: how often the licensee reports its net sales. What is not stated is the law's: improvements are
    whose who made them (Civil Code 875), a contract is rescinded as Civil Code 563 has it, a licence is filed within
    three months of its effect (Implementing Regulations of the Patent Law, art. 14).
    """

    report_months: Annotated[int, msgspec.Meta(ge=1, le=12)] = 3
    audit: Words = Words(
        en="The licensor may have the accounts of the licensed sales audited.",
        zh="许可方可查核许可产品的销售账目。",
    )
    improvements: Words = Words(
        en="Improvements are whose who made them; the other side has no share in them.",
        zh="后续改进成果归改进方，其他各方无权分享（民法典第八百七十五条）。",
    )
    termination: Words = Words(
        en="The licence is rescinded as the Civil Code, art. 563, has it.",
        zh="解除合同适用民法典第五百六十三条。",
    )
    recordal: Words = Words(
        en="The parties file the licence with the registering office within three months of its effect.",
        zh="当事人应自合同生效之日起三个月内办理许可备案。",
    )


class OfferTerms(_In, frozen=True, kw_only=True):
    """What is offered. Days of the term count from the day on which the offer is opened, so that nothing is retyped.

    `licensee_id` names whom a negotiated licence is for; a `reverse` one goes back to the pledgor. `places` is how many
    ordinary licences there are; `floor_fen` the least entry fee of a sealed way; `price_weight_bp` what the price
    counts in a tender. `opening_seconds`: how long sealed amounts may be opened. `sign_within_days`: how many days of
    China, after the one of the award, who is chosen in a sealed way has to sign (the law is silent, domain 11; thirty);
    who is named has until the offer closes.
    """

    title: Name
    title_zh: Name
    way: Way
    kind: LicenceKind
    territories: Annotated[list[Territory], msgspec.Meta(max_length=100)] = []
    fields: Annotated[list[UseField], msgspec.Meta(max_length=100)] = []
    starts_in_days: Annotated[int, msgspec.Meta(ge=0, le=3_650)] = 0
    term_months: Annotated[int, msgspec.Meta(ge=1, le=600)]
    terms: TermsIn
    power: Power
    power_document_sha256: Sha256
    licensee_id: UUID | None = None
    agency_id: UUID | None = None
    holder_id: UUID | None = None
    later_pledgees: Annotated[dict[str, UUID], msgspec.Meta(max_length=50)] = {}
    carve_outs: Annotated[list[UUID], msgspec.Meta(max_length=100)] = []
    may_sublicense: bool = False
    clauses: Clauses = Clauses()
    places: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    floor_fen: Fen = 0
    price_weight_bp: Bp = 10_000
    open_seconds: _Seconds
    opening_seconds: Annotated[int, msgspec.Meta(ge=0, le=40_000_000)] = 0
    sign_within_days: Annotated[int, msgspec.Meta(ge=1, le=180)] = 30
    option: TransferOption | None = None

    def question(self, starts_on: date, ends_on: date) -> LicenceQuestion:
        """What the conflict matrix is asked of such a licence for this term (domain 3.4)."""
        return LicenceQuestion(
            kind=self.kind,
            territories=frozenset(self.territories),
            fields=frozenset(self.fields),
            starts_on=starts_on,
            ends_on=ends_on,
            carve_outs=frozenset(self.carve_outs),
            has_pledgee_consent=True,  # the pledgee itself offers it
        )


class OfferIn(_In, frozen=True, kw_only=True):
    """An offer for a consignment of mine; `mandate_id` where it is made under a mandate."""

    consignment_id: UUID
    offer: OfferTerms
    mandate_id: UUID | None = None


class OfferDecision(_In, frozen=True, kw_only=True):
    """Yes or no to an offer as shown."""

    sha256: Sha256
    approved: bool = True


class ApplicationIn(_In, frozen=True, kw_only=True):
    """An application: who I am and what I shall do with the rights; a commitment where the way is sealed."""

    statement: Reason
    commitment: Sha256 | None = None


class ApplicationOpening(_In, frozen=True, kw_only=True):
    """What a commitment was to."""

    amount_fen: PositiveFen
    nonce: Sha256


class ScoreIn(_In, frozen=True, kw_only=True):
    """An expert's score of an application, before any price is open."""

    expert_id: UUID
    score_bp: Bp
    reason: Reason


class Warning(msgspec.Struct, frozen=True, kw_only=True):
    """What is unusual in an offer, and who says so."""

    field: str
    message: str
    message_zh: str


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """An application as its offer's sides see it; `amount_fen` is None until it is opened."""

    id: UUID
    number: int
    organisation_id: UUID | None
    statement: str
    commitment: str | None
    amount_fen: int | None
    made_at: datetime
    opened_at: datetime | None
    score_bp: int | None
    is_chosen: bool | None


class LicenceOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer as it stands. `content` is JSON, byte for byte what `sha256` was computed over."""

    id: UUID
    number: str
    consignment_id: UUID
    case_id: UUID
    organisation_id: UUID
    venue_id: UUID
    mandate_id: UUID | None
    way: Way
    content: str
    sha256: str
    warnings: list[Warning]
    state: OfferState
    closes_at: datetime
    opened_by: datetime
    price_fen: int | None
    drafted_by: UUID
    approved_by: UUID | None
    published_at: datetime | None
    reason: str | None
    created_at: datetime
    updated_at: datetime
    applications: list[Application] = []

    @property
    def terms(self) -> OfferTerms:
        """What is offered."""
        return msgspec.json.decode(self.content, type=OfferTerms)


class ApplicationToScore(msgspec.Struct, frozen=True, kw_only=True):
    """An application as an expert of the panel sees it: who applied is not told. What I gave it, once I have."""

    id: UUID
    number: int
    statement: str
    score_bp: int | None
    reason: str | None


class ScoringSheet(msgspec.Struct, frozen=True, kw_only=True):
    """What an expert of the panel scores. The applications are shown once nobody can apply any more; scores are taken
    while `is_taken`, before any price is open. The panel's scores count `weight_bp`, the price the rest.
    """

    offer_id: UUID
    number: str
    title: str
    title_zh: str
    state: OfferState
    expert_id: UUID
    weight_bp: int
    is_taken: bool
    applications: list[ApplicationToScore]
