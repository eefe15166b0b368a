"""What goes in and out about compensation funds."""

from uuid import UUID

import msgspec

from marketplace.edge.fields import BankReference, Name, PositiveFen


class ContributionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money paid into the special account (专户); a bank reference is booked once. `source` says who paid."""

    amount_fen: PositiveFen
    bank_reference: BankReference
    source: Name


class Fund(msgspec.Struct, frozen=True, kw_only=True):
    """Where a fund stands. `outstanding_fen` is what its promises may still cost, `free_fen` what it can still promise.

    `balance_fen` is what is in the special account; what is on its way out is no longer in it.
    """

    id: UUID
    name: str
    balance_fen: int
    promised_fen: int
    advanced_fen: int
    outstanding_fen: int
    free_fen: int


class FundReceived(msgspec.Struct, frozen=True, kw_only=True, tag="fund_received"):
    """Money came into a fund's special account."""

    fund_id: UUID
    amount_fen: int
    bank_reference: str
