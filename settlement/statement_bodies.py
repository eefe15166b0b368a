"""What a statement says: one struct a kind, read from the database and from nowhere else. Source: domain 7."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from kit.sql import Connection
from settlement import (
    buyer_claims,
    cases,
    costs,
    distribution,
    ledger,
    payments,
    recoveries,
    sales,
    statement_dues,
)
from settlement.distribution import PlanLine
from settlement.ledger import balance
from settlement.rules.case import Cost, Loan
from settlement.rules.clearing import Final
from settlement.rules.recovery import Debt
from settlement.rules.scheme import FUND
from settlement.statement_dues import DueLine

Names = Mapping[UUID, str]
"""What organisations and bidders are called; settlement itself knows only their ids."""


class AmountLine(msgspec.Struct, frozen=True, kw_only=True):
    """An amount with what it is for and whom it goes to."""

    name: str
    payee: str
    amount_fen: int


class PaymentLine(msgspec.Struct, frozen=True, kw_only=True):
    """A credit of the buyer and what of it went to the price."""

    bank_reference: str
    received_at: datetime
    amount_fen: int
    applied_fen: int
    interest_fen: int = 0
    match: str


class PayeeLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one payee gets over one account, and whether it has left."""

    payee: str
    account: str
    amount_fen: int
    state: str
    bank_reference: str | None


class SettlementBody(msgspec.Struct, frozen=True, kw_only=True, tag="settlement", tag_field="kind"):
    """结算单: price, premium, deposit and payments in; costs and taxes; net proceeds; payees."""

    lot_id: UUID
    lot_title: str
    buyer: str
    consignor: str
    sold_at: datetime
    hammer_price_fen: int
    buyer_premium_fen: int
    due_fen: int
    deposit_fen: int
    interest_due_fen: int = 0
    interest_paid_fen: int = 0
    payments: tuple[PaymentLine, ...]
    paid_fen: int
    costs: tuple[AmountLine, ...]
    taxes: tuple[AmountLine, ...]
    net_fen: int
    payees: tuple[PayeeLine, ...]
    in_escrow_fen: int
    claim_on_buyer_fen: int = 0
    claim_paid_fen: int = 0


class DistributionBody(
    msgspec.Struct, frozen=True, kw_only=True, tag="distribution", tag_field="kind"
):
    """分配方案: every rank with its claim, its share, and how it was computed."""

    plan_id: UUID
    lot_id: UUID
    lot_title: str
    case_id: UUID | None
    hammer_price_fen: int
    buyer_premium_fen: int
    interest_fen: int = 0
    lines: tuple[PlanLine, ...]
    state: str
    content_sha256: str
    drafted_by: str
    drafted_at: datetime
    objection_until: datetime
    approved_by: str | None
    approved_at: datetime | None
    paid_at: datetime | None


class PartyLine(msgspec.Struct, frozen=True, kw_only=True):
    """A party's figures from the opening of the claim to its closing; null where not cleared or not its kind.

    `cash_fen` is money that was really paid, received less given: a bank's is above 0, a fund's mostly below.
    """

    party: str
    role: str = ""
    organisation: str
    borne_fen: int
    ceded_fen: int
    compensation_fen: int | None
    promised_fen: int | None
    advance_fen: int | None
    opening_fen: int
    recovered_fen: int
    true_up_fen: int | None
    closing_fen: int
    delta_fen: int | None
    position_in_ledger_fen: int
    cash_fen: int


class RecoveryLine(msgspec.Struct, frozen=True, kw_only=True):
    """A recovery: gross, costs, net, what was shared, and each party's movement and position after it.

    `source` is what people call it: the lot's number for a sale, the receipt's reference otherwise.
    """

    id: str
    source: str = ""
    recorded_at: datetime
    gross_fen: int
    costs: tuple[Cost, ...]
    net_fen: int
    shared_fen: int
    movements: dict[str, int]
    positions: dict[str, int]


class ClearingBody(msgspec.Struct, frozen=True, kw_only=True, tag="clearing", tag_field="kind"):
    """清算单: the claim, the advance, every recovery, the end, what is paid; and the debtor's book, which stands apart.

    `state` is that of the case, but CLOSED only once everything due was paid.
    """

    case_id: UUID
    scheme_id: str
    scheme_version: int
    scheme_name: str
    scheme_name_zh: str
    loan_number: str
    borrower: str
    loan: Loan
    state: str
    loss_fen: int
    parties: tuple[PartyLine, ...]
    recoveries: tuple[RecoveryLine, ...]
    dues: tuple[DueLine, ...] = ()
    debt: Debt
    final: Final | None


Body = SettlementBody | DistributionBody | ClearingBody


async def settlement_body(
    conn: Connection, lot_id: UUID, *, lot_title: str, names: Names
) -> SettlementBody:
    """The settlement of a lot as it stands."""
    sale = await sales.get(conn, lot_id)
    lines: tuple[costs.CostLine, ...] = ()
    if sale.state not in (sales.PRICE_DUE, sales.PRICE_PAID, sales.DEFAULTED):
        lines = (await costs.of_lot(conn, lot_id)).content.lines
    by_kind = {
        kind: tuple(
            AmountLine(name=line.name, payee=line.payee_name, amount_fen=line.amount_fen)
            for line in lines
            if line.kind == kind
        )
        for kind in ("COST", "TAX")
    }
    credits = await payments.of_lot(conn, lot_id)
    claim = await buyer_claims.find(conn, lot_id)
    deducted_fen = sum(line.amount_fen for line in lines)
    return SettlementBody(
        lot_id=lot_id,
        lot_title=lot_title,
        buyer=_name(names, sale.buyer_id),
        consignor=_name(names, sale.consignor_id),
        sold_at=sale.sold_at,
        hammer_price_fen=sale.hammer_price_fen,
        buyer_premium_fen=sale.buyer_premium_fen,
        due_fen=sale.due_fen,
        deposit_fen=sale.deposit_fen,
        interest_due_fen=sale.interest_due_fen,
        interest_paid_fen=sale.interest_paid_fen,
        payments=tuple(_payment(credit) for credit in credits),
        paid_fen=sale.paid_fen,
        costs=by_kind["COST"],
        taxes=by_kind["TAX"],
        net_fen=max(sale.hammer_price_fen + sale.interest_due_fen - deducted_fen, 0),
        payees=tuple(
            PayeeLine(
                payee=payout.payee_name,
                account=payout.source.kind,
                amount_fen=payout.amount_fen,
                state=payout.state,
                bank_reference=payout.bank_reference,
            )
            for payout in await payments.payouts_of(conn, lot_id)
        ),
        in_escrow_fen=await balance(conn, ledger.client_price(lot_id))
        + await balance(conn, ledger.client_interest(lot_id)),
        claim_on_buyer_fen=0 if claim is None else claim.amount_fen,
        claim_paid_fen=0 if claim is None else claim.paid_fen,
    )


def _payment(credit: payments.PaymentIn) -> PaymentLine:
    return PaymentLine(
        bank_reference=credit.bank_reference,
        received_at=credit.received_at,
        amount_fen=credit.amount_fen,
        applied_fen=credit.applied_fen,
        interest_fen=credit.interest_fen,
        match=credit.match,
    )


async def distribution_body(
    conn: Connection, lot_id: UUID, *, lot_title: str, names: Names
) -> DistributionBody:
    """The standing distribution plan of a lot."""
    plan = await distribution.of_lot(conn, lot_id)
    return DistributionBody(
        plan_id=plan.id,
        lot_id=lot_id,
        lot_title=lot_title,
        case_id=plan.content.case_id,
        hammer_price_fen=plan.content.hammer_price_fen,
        buyer_premium_fen=plan.content.buyer_premium_fen,
        interest_fen=plan.content.interest_fen,
        lines=plan.content.lines,
        state=plan.state,
        content_sha256=plan.content_hash.hex(),
        drafted_by=_name(names, plan.drafted_by),
        drafted_at=plan.drafted_at,
        objection_until=plan.objection_until,
        approved_by=None if plan.approved_by is None else _name(names, plan.approved_by),
        approved_at=plan.approved_at,
        paid_at=plan.paid_at,
    )


async def clearing_body(conn: Connection, case_id: UUID, *, names: Names) -> ClearingBody:
    """The clearing of a case as it stands."""
    case = await cases.get(conn, case_id)
    claim, opening, book = case.claimed()
    file = await cases.scheme(conn, case.scheme_id, case.scheme_version)
    recorded = await recoveries.recoveries(conn, case_id)
    dues = await statement_dues.dues_of(conn, case)
    lines = [
        await _party_line(conn, case, party.party, recorded=recorded, dues=dues, names=names)
        for party in claim.scheme.parties
    ]
    return ClearingBody(
        case_id=case_id,
        scheme_id=case.scheme_id,
        scheme_version=case.scheme_version,
        scheme_name=file.name,
        scheme_name_zh=file.name_zh,
        loan_number=case.loan_number,
        borrower=_name(names, case.borrower_id),
        loan=claim.loan,
        state=_state(case, dues),
        loss_fen=opening.bearing.loss_fen,
        parties=tuple(lines),
        recoveries=tuple(
            RecoveryLine(
                id=row.event.id,
                source=_source(row.event.id, names),
                recorded_at=row.recorded_at,
                gross_fen=row.event.gross_fen,
                costs=row.event.costs,
                net_fen=row.recovered.net_fen,
                shared_fen=row.recovered.shared_fen,
                movements=row.recovered.movements,
                positions=row.recovered.positions,
            )
            for row in recorded
        ),
        dues=dues,
        debt=book.debt,
        final=case.final,
    )


def _state(case: cases.Case, dues: tuple[DueLine, ...]) -> str:
    """A cleared case is CLOSED on paper when the last sum was paid, not when it was queued."""
    is_open = any(due.state == statement_dues.DUE for due in dues)
    return cases.FINAL_CLEARING if case.state == cases.CLOSED and is_open else case.state


def _source(event_id: str, names: Names) -> str:
    """What people call a recovery: `lot:<id>` is the number of the lot, where it is known."""
    kind, _, rest = event_id.partition(":")
    try:
        return names.get(UUID(rest), event_id) if kind == "lot" else event_id
    except ValueError:
        return event_id


async def _party_line(
    conn: Connection,
    case: cases.Case,
    party: str,
    *,
    recorded: list[recoveries.RecordedRecovery],
    dues: tuple[DueLine, ...],
    names: Names,
) -> PartyLine:
    """A party's line; its position and its cash are read from the ledger, not from the case."""
    claim, opening, book = case.claimed()
    final = case.final
    owner = case.parties[party]
    role = next(one.role for one in claim.scheme.parties if one.party == party)
    cash_fen = await balance(conn, ledger.outside(owner, case.ref))
    if role == FUND:
        cash_fen += await statement_dues.fund_cash_fen(conn, case, party, dues)
    return PartyLine(
        party=party,
        role=role,
        organisation=_name(names, owner),
        borne_fen=opening.bearing.borne[party],
        ceded_fen=opening.bearing.ceded[party],
        compensation_fen=opening.compensation.get(party),
        promised_fen=opening.promised.get(party),
        advance_fen=opening.advance.get(party),
        opening_fen=opening.positions[party],
        recovered_fen=sum(row.recovered.movements[party] for row in recorded),
        true_up_fen=None if final is None else final.true_up[party],
        closing_fen=book.positions[party],
        delta_fen=None if final is None else final.delta.get(party),
        position_in_ledger_fen=await balance(conn, ledger.share(case.id, party)),
        cash_fen=cash_fen,
    )


def _name(names: Names, identity: UUID) -> str:
    return names.get(identity, str(identity))
