"""What goes in and out about remedies (救济). Amounts in fen; hashes in hex."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from marketplace.edge.fields import Bp, Fen, Moment, Name, PositiveFen, Reason, Text

YearBp = Annotated[int, msgspec.Meta(ge=0, le=2_400)]
_Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class InstalmentIn(_In, frozen=True, kw_only=True):
    """A part of the price, and until when it must be there."""

    amount_fen: PositiveFen
    due_at: Moment


class InstalmentsIn(_In, frozen=True, kw_only=True):
    """Instalments of a price, in order; at least 30% within five working days, the rest secured, within a year."""

    instalments: Annotated[list[InstalmentIn], msgspec.Meta(min_length=2, max_length=60)]
    #: The bank rate a year that notice or contract state, in basis points; 0 only where they state that none is borne.
    interest_bp_year: YearBp
    security: Reason
    reason: Reason


class RescissionIn(_In, frozen=True, kw_only=True):
    """The registry's refusal of the transfer (不予登记)."""

    refused_on: date
    refusal_number: _Code
    reason: Reason


class ForfeitTermsIn(_In, frozen=True, kw_only=True):
    """What the contract or the notice says a forfeited deposit is used for; judicial sales have the law's."""

    uses: Annotated[
        list[Literal["costs", "shortfall", "commission"]], msgspec.Meta(min_length=1, max_length=3)
    ]
    leftover: Literal["debt", "returned"]
    excess: Literal["none", "owed", "disputed"]


class ForfeitureIn(_In, frozen=True, kw_only=True):
    """What a default caused. `reauction_lot_id` is the lot in which the right was sold again; null: it was not sold."""

    reauction_lot_id: UUID | None = None
    costs_fen: Fen = 0
    commission_fen: Fen = 0
    terms: ForfeitTermsIn | None = None
    costs_payee_name: Name
    costs_payee_code: _Code
    reason: Reason


class OrderRefusal(_In, frozen=True, kw_only=True):
    """Why an order is not to be carried out."""

    reason: Reason


class HolderIn(_In, frozen=True, kw_only=True):
    """One who holds the consignor's pledge with it, the consignor too, and the share that they agreed."""

    name: Name
    code: _Code
    share_bp: Bp


class LaterPledgeeIn(_In, frozen=True, kw_only=True):
    """A later pledgee, by the day of its registration; null: its pledge is not registered."""

    name: Name
    code: _Code
    owed_fen: PositiveFen
    registered_on: date | None
    maximum_fen: PositiveFen | None = None
    evidence: Text = ""


class CreditorIn(_In, frozen=True, kw_only=True):
    """Another creditor with an enforceable title, in a court's distribution (参与分配)."""

    name: Name
    code: _Code
    owed_fen: PositiveFen
    evidence: Text = ""


class ClaimsIn(_In, frozen=True, kw_only=True):
    """Who claims of a lot's proceeds beside its consignor, and for what more it claims itself.

    `creditors` null: no court distributes. `other_loans` are further loans of the same borrower that the lot stands
    for, `designated` those of all of them that the debtor wants paid first (Civil Code 560).
    """

    joint: Annotated[list[HolderIn], msgspec.Meta(max_length=20)] = []
    later: Annotated[list[LaterPledgeeIn], msgspec.Meta(max_length=50)] = []
    creditors: Annotated[list[CreditorIn], msgspec.Meta(max_length=200)] | None = None
    other_loans: Annotated[list[UUID], msgspec.Meta(max_length=20)] = []
    designated: Annotated[list[UUID], msgspec.Meta(max_length=21)] = []
    costs_fen: Fen = 0
    damages_fen: Fen = 0


class ObjectionIn(_In, frozen=True, kw_only=True):
    """What somebody says against a plan while it is open to objections."""

    objector: Name
    grounds: Reason


class AnswerIn(_In, frozen=True, kw_only=True):
    """The answer to an objection; one that is upheld takes the draft back."""

    is_upheld: bool
    answer: Reason


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order that two people give (双人指令): what it says, its hash, and who gave it."""

    id: UUID
    kind: str
    subject_id: UUID
    document: dict[str, Any]
    content_hash: str
    state: str
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    refusal: str | None


class OrderList(msgspec.Struct, frozen=True, kw_only=True):
    """The orders about a lot, in the order proposed."""

    items: list[OrderView]


class ClaimsView(msgspec.Struct, frozen=True, kw_only=True):
    """Who claims of a lot's proceeds, as the plan will take it."""

    lot_id: UUID
    claims: dict[str, Any]


class ObjectionView(msgspec.Struct, frozen=True, kw_only=True):
    """An objection (异议) and its answer."""

    id: UUID
    plan_id: UUID
    objector: str
    grounds: str
    state: str
    entered_by: UUID
    entered_at: datetime
    answer: str | None
    answered_by: UUID | None
    answered_at: datetime | None


class ObjectionList(msgspec.Struct, frozen=True, kw_only=True):
    """The objections to the standing plan, in the order entered."""

    items: list[ObjectionView]


class DebtLine(msgspec.Struct, frozen=True, kw_only=True):
    """A use that the deposit did not cover, whom it is owed to, and how its amount was reached."""

    to: str
    payee: str
    amount_fen: int
    computation: str


class DebtReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A credit for it; `costs_fen` of what was applied made good costs and commissions."""

    bank_reference: str
    amount_fen: int
    applied_fen: int
    costs_fen: int
    received_at: datetime


class BuyerDebt(msgspec.Struct, frozen=True, kw_only=True):
    """What a defaulting buyer owes beyond its deposit (差额追偿), and the reference under which it is paid."""

    lot_id: UUID
    debtor_id: UUID
    debtor_name: str
    reference: str
    amount_fen: int
    paid_fen: int
    open_fen: int
    lines: list[DebtLine]
    receipts: list[DebtReceipt]
    claimed_at: datetime


class BuyerDebtPaid(msgspec.Struct, frozen=True, kw_only=True, tag="buyer_debt_paid"):
    """A defaulting buyer paid of what it owes beyond its deposit."""

    lot_id: UUID
    applied_fen: int
    open_fen: int


class SaleRescinded(msgspec.Struct, frozen=True, kw_only=True, tag="sale_rescinded"):
    """A sale was undone: the registry refused the transfer, and the price is the buyer's again."""

    lot_id: UUID
    returned_fen: int


class DepositUsed(msgspec.Struct, frozen=True, kw_only=True, tag="deposit_used"):
    """A forfeited deposit was used up by its regime."""

    lot_id: UUID
    deposit_id: UUID
    to_debt_fen: int
    excess_fen: int
