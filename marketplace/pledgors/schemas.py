"""What a pledgor reads about its own rights and debts, and what it sends."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from marketplace.burdens.schemas import LicenceKind
from marketplace.edge.fields import Reason
from marketplace.grants.schemas import GrantState


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class ObjectIn(_In, frozen=True, kw_only=True):
    """Why I object to the draft of how the proceeds of my rights are distributed (异议)."""

    grounds: Reason


class ConsentIn(_In, frozen=True, kw_only=True):
    """The document by which I agree that a lot is sold although my debt is covered."""

    document_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """A loan that I owe 债务, with what is owed of it in fen, as the bank has it on record."""

    id: UUID
    bank: str
    contract_number: str
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    due_on: date
    state: str


class PledgedRight(msgspec.Struct, frozen=True, kw_only=True):
    """A right of mine 质物, as one bank has it on record, and the registrations of the pledges that rest on it."""

    id: UUID
    bank: str
    ip_type: str
    number: str
    title: str
    legal_status: str
    pledges: tuple[str, ...]


class LotOfMine(msgspec.Struct, frozen=True, kw_only=True):
    """A published lot that sells my rights, or for my debt, and what the draft or plan of distribution leaves to me.

    `surplus_fen` (剩余价款) is null before there is a plan; `objection_until` is the end of the time for objections.
    `may_consent`: I am its debtor, it has not opened, and I have not agreed yet that it is sold although my debt is
    covered; `consent_sha256` is the document by which I have.
    """

    id: UUID
    number: str
    title: str
    title_zh: str
    status: str
    start_price_fen: int
    opens_at: datetime
    closes_at: datetime
    plan_state: str | None
    surplus_fen: int | None
    objection_until: datetime | None
    may_consent: bool
    consent_sha256: str | None


class LicenceBack(msgspec.Struct, frozen=True, kw_only=True):
    """A licence of my own right back to me 反向许可; `sha256` is the text's that I sign, by the offer's terms.

    Before `sign_by` it is signed; from `held_since` on that time stands still, until something is settled.
    """

    id: UUID
    offer_id: UUID
    offer_number: str
    bank: str
    kind: LicenceKind
    entry_fee_fen: int
    starts_on: date
    ends_on: date
    sha256: str
    state: GrantState
    sign_by: datetime | None
    held_since: datetime | None


class NoticeToMe(msgspec.Struct, frozen=True, kw_only=True):
    """Word of a sale that was sent to me 通知, before the notice is public."""

    id: UUID
    lot_id: UUID
    role: str
    method: str
    sent_on: date
    state: str
    effective_on: date | None


class MyObjection(msgspec.Struct, frozen=True, kw_only=True):
    """An objection of mine 异议, and its answer."""

    id: UUID
    lot_id: UUID
    grounds: str
    state: str
    entered_at: datetime
    answer: str | None


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """All that concerns a pledgor. `waiting`: notices not acknowledged, drafts open to objection, licences to sign."""

    debts: tuple[Debt, ...]
    rights: tuple[PledgedRight, ...]
    lots: tuple[LotOfMine, ...]
    licences: tuple[LicenceBack, ...]
    notices: tuple[NoticeToMe, ...]
    objections: tuple[MyObjection, ...]
    waiting: int
