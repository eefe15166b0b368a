"""What goes in and out about banking (资金收付). Amounts in fen; hashes in hex."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from marketplace.edge.fields import PositiveFen, Reason

Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
_Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
_Line = Annotated[str, msgspec.Meta(min_length=1, max_length=140)]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class AccountIn(_In, frozen=True, kw_only=True):
    """Where a payee is to be paid; with the holder's own id, the account that payments leave from."""

    payee_id: UUID
    account_name: _Line
    account_number: Annotated[str, msgspec.Meta(min_length=6, max_length=34)]
    bank_code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}\Z")]
    bank_name: _Line
    reason: Reason


class AccountApproval(_In, frozen=True, kw_only=True):
    """The account approved, by the hash of what was shown."""

    account_hash: Sha256


class DecisionIn(_In, frozen=True, kw_only=True):
    """What is to become of an entry, and why. `reference` names the due that a credit is assigned to."""

    action: Literal["assign", "return", "hold", "note"]
    reason: Reason
    reference: _Reference | None = None


class SecondIn(_In, frozen=True, kw_only=True):
    """Whether the second person agrees, and why."""

    agreed: bool
    reason: Reason


class RefundIn(_In, frozen=True, kw_only=True):
    """The bidder whose released deposit is to be sent back."""

    bidder_id: UUID


class FreeMoneyIn(_In, frozen=True, kw_only=True):
    """Whose free money is to be sent back, how much of it, and why."""

    payer_id: UUID
    amount_fen: PositiveFen
    reason: Reason


class PaymentFileIn(_In, frozen=True, kw_only=True):
    """A file to draft: in which format, of which payouts; none named: all that are ready."""

    format: Literal["pain.001", "csv"] = "pain.001"
    payout_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=1000)] | None = None


class PaymentFileApproval(_In, frozen=True, kw_only=True):
    """The file approved, by the hash of its bytes and of the accounts that it pays."""

    content_hash: Sha256
    accounts_hash: Sha256


class Withdrawal(_In, frozen=True, kw_only=True):
    """Why a file is not to be sent."""

    reason: Reason


class DueView(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be paid (应缴款项), the reference to write on the transfer, and where to."""

    kind: Literal["DEPOSIT", "PRICE", "CLAIM"]
    lot_id: UUID
    reference: str
    due_fen: int
    payer_name: str
    account_name: str | None
    account_number: str | None
    bank_name: str | None
    bank_code: str | None


class DueList(msgspec.Struct, frozen=True, kw_only=True):
    """What my organisation is to pay for a lot."""

    items: list[DueView]


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the register (收款账户)."""

    id: UUID
    payee_id: UUID
    account_name: str
    account_number: str
    bank_code: str
    bank_name: str
    reason: str
    account_hash: str
    state: str
    proposed_by: UUID
    decided_by: UUID | None
    usable_at: datetime | None


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A person's decision on an entry; PROPOSED until a second person agreed, where one is needed."""

    id: UUID
    entry_id: UUID
    action: str
    reference: str | None
    reason: str
    needs_second: bool
    state: str
    decided_by: UUID
    second_by: UUID | None
    second_reason: str | None


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a statement (银行流水): what it is, and whose it turned out to be."""

    id: UUID
    account_number: str
    bank_reference: str
    direction: str
    amount_fen: int
    booked_at: datetime
    counterparty_name: str
    counterparty_account: str
    remittance: str
    state: str
    verdict: str
    reference: str | None
    payout_id: UUID | None


class BankFileView(msgspec.Struct, frozen=True, kw_only=True):
    """A bank's file (银行文件): IMPORTED, or QUARANTINED with the reason; and the entries that it brought."""

    id: UUID
    kind: str
    format: str | None
    encoding: str | None
    sha256: str
    state: str
    reason_code: str | None
    reason: str | None
    reason_zh: str | None
    received_by: UUID
    received_at: datetime
    is_repeat: bool
    entries: list[EntryView]


class PayoutView(msgspec.Struct, frozen=True, kw_only=True):
    """A payout in the queue (待付款项); `not_ready`: no_account, account_waits, in_file."""

    id: UUID
    payee_id: UUID
    payee_name: str
    amount_fen: int
    purpose: str
    ref: str
    queued_at: datetime
    attempts: int
    rejection: str | None
    not_ready: str | None


class PayoutList(msgspec.Struct, frozen=True, kw_only=True):
    """The queue of payouts, oldest first."""

    items: list[PayoutView]


class RefundDue(msgspec.Struct, frozen=True, kw_only=True):
    """A released deposit that is to go back to its bidder's bank account by `due_at` (保证金退还期限)."""

    lot_id: UUID
    lot_number: str
    bidder_id: UUID
    bidder_name: str
    amount_fen: int
    released_at: datetime
    due_at: datetime
    is_late: bool


class RefundDueList(msgspec.Struct, frozen=True, kw_only=True):
    """The deposits to be sent back, the oldest first."""

    items: list[RefundDue]


class FreeMoney(msgspec.Struct, frozen=True, kw_only=True):
    """Money in custody that pays and secures nothing (可用资金), but for released deposits."""

    payer_id: UUID
    payer_name: str
    amount_fen: int


class FreeMoneyList(msgspec.Struct, frozen=True, kw_only=True):
    """Whose free money is here, the most first."""

    items: list[FreeMoney]


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund (退款) as it was queued."""

    payout_id: UUID


class PaymentLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment in a file, and what the bank said of it."""

    payout_id: UUID
    amount_fen: int
    payee_name: str
    account_number: str
    bank_code: str
    end_to_end_id: str
    instruction_id: str
    state: str
    reason_code: str | None
    reason: str | None


class PaymentFileView(msgspec.Struct, frozen=True, kw_only=True):
    """An instruction file (付款指令文件): DRAFT, APPROVED, EXPORTED; or WITHDRAWN, VOID."""

    id: UUID
    message_id: str
    format: str
    content_hash: str
    accounts_hash: str
    line_count: int
    total_fen: int
    state: str
    drafted_by: UUID
    drafted_at: datetime
    approved_by: UUID | None
    exported_by: UUID | None
    exported_at: datetime | None
    closed_reason: str | None
    lines: list[PaymentLineView]


class StatementReceived(msgspec.Struct, frozen=True, kw_only=True, tag="statement_received"):
    """A bank's statement came in; `waiting` of its entries are for a person to look at."""

    file_id: UUID
    holder_id: UUID
    state: str
    waiting: int


class PayeeAccountChanged(msgspec.Struct, frozen=True, kw_only=True, tag="payee_account_changed"):
    """A payee's account took the place of another; the payee is told at its old address."""

    holder_id: UUID
    payee_id: UUID
    account_id: UUID
    replaced_id: UUID
    usable_at: datetime


class PaymentFileExported(msgspec.Struct, frozen=True, kw_only=True, tag="payment_file_exported"):
    """An instruction file was released for the bank."""

    file_id: UUID
    holder_id: UUID
    total_fen: int


class PaymentsAnswered(msgspec.Struct, frozen=True, kw_only=True, tag="payments_answered"):
    """The bank said what became of payments."""

    file_id: UUID
    holder_id: UUID
    state: str


def picked(value: object, kind: type[msgspec.Struct], **changed: Any) -> dict[str, Any]:
    """The fields of `kind` out of a struct of settlement, with some changed: what a view is made of."""
    names = [name for name in kind.__struct_fields__ if name not in changed]
    return {name: getattr(value, name) for name in names} | changed
