"""Factories for banking tests: statement files in both formats, accounts with four eyes, a booking holder."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kit.ids import uuid7
from kit.sql import Connection
from settlement import (
    deposits,
    dues,
    licences,
    matching,
    payee_accounts,
    payments,
    refunds,
    royalties,
    royalty_receipts,
    sales,
    statement_files,
)
from settlement.bank_statements import CREDIT, BankEntry, BankStatement
from settlement.dues import Due
from settlement.errors import InsufficientFunds
from settlement.ledger import outside
from settlement.payee_accounts import AccountDetails, PayeeAccount
from settlement.payment_messages import decimal_yuan
from settlement.rules.references import shown
from settlement.statement_files import BankFile, StoredEntry
from tests.settlement.make_money import CHECKER, MAKER, VENUE, make_sale

OUR_ACCOUNT = "6222020000000001"
CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.{}"
BUYER_NAME = "示例运营（北京）有限公司"
HEADER = (
    "record,account_number,statement_number,currency,direction,amount,booked_at,bank_reference,"
    "counterparty_name,counterparty_account,remittance,end_to_end_id,reversal"
)
HEADER_ZH = "记录类型,账号,对账单号,币种,借贷标志,金额,记账时间,银行流水号,对方户名,对方账号,附言,端到端标识,冲正"


def some_entry(reference: str, amount_fen: int, **changed: Any) -> BankEntry:
    """A credit from the buyer, on the morning of the tests' day."""
    values: dict[str, Any] = {
        "bank_reference": reference,
        "direction": CREDIT,
        "amount_fen": amount_fen,
        "booked_at": datetime.fromisoformat("2026-11-02T00:30:00+00:00"),
        "counterparty_name": BUYER_NAME,
        "counterparty_account": "62220299",
    }
    return BankEntry(**values | changed)


def some_statement(*entries: BankEntry, opening_fen: int = 0, **changed: Any) -> BankStatement:
    """A statement of our account that adds up."""
    moved_fen = sum(e.amount_fen if e.direction == CREDIT else -e.amount_fen for e in entries)
    values: dict[str, Any] = {
        "account_number": OUR_ACCOUNT,
        "number": "ST-1",
        "opening_fen": opening_fen,
        "closing_fen": opening_fen + moved_fen,
        "entries": entries,
    }
    return BankStatement(**values | changed)


def csv_of(*statements: BankStatement, header: str = HEADER, encoding: str = "utf-8") -> bytes:
    """The statements as a bank would write them in our CSV."""
    rows = [header]
    for statement in statements:
        start = f"{statement.account_number},{statement.number},CNY"
        rows.append(f"OPBD,{start},{_balance(statement.opening_fen)},,,,,,,")
        rows += [f"NTRY,{start},{_cells(entry)}" for entry in statement.entries]
        rows.append(f"CLBD,{start},{_balance(statement.closing_fen)},,,,,,,")
    return ("\n".join(rows) + "\n").encode(encoding)


def _balance(fen: int) -> str:
    return f"{'CRDT' if fen >= 0 else 'DBIT'},{decimal_yuan(abs(fen))}"


def _cells(entry: BankEntry) -> str:
    direction = "CRDT" if entry.direction == CREDIT else "DBIT"
    return (
        f"{direction},{decimal_yuan(entry.amount_fen)},{entry.booked_at.isoformat()},{entry.bank_reference},"
        f"{entry.counterparty_name},{entry.counterparty_account},{entry.remittance},{entry.end_to_end_id},"
        f"{'true' if entry.is_reversal else ''}"
    )


def camt_of(*statements: BankStatement, version: str = "08", currency: str = "CNY") -> bytes:
    """The statements as camt.053."""
    body = "".join(_stmt(statement, version, currency) for statement in statements)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{CAMT.format(version)}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-11-02T09:00:00</CreDtTm></GrpHdr>{body}"
        "</BkToCstmrStmt></Document>"
    ).encode()


def _stmt(statement: BankStatement, version: str, currency: str) -> str:
    def bal(code: str, fen: int) -> str:
        sign = "CRDT" if fen >= 0 else "DBIT"
        return (
            f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{decimal_yuan(abs(fen))}</Amt>'
            f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>2026-11-02</Dt></Dt></Bal>"
        )

    entries = "".join(_ntry(entry, version, currency) for entry in statement.entries)
    return (
        f"<Stmt><Id>{statement.number}</Id><CreDtTm>2026-11-02T09:00:00</CreDtTm>"
        f"<Acct><Id><Othr><Id>{statement.account_number}</Id></Othr></Id><Ccy>{currency}</Ccy></Acct>"
        f"{bal('OPBD', statement.opening_fen)}{bal('CLBD', statement.closing_fen)}{entries}</Stmt>"
    )


def _ntry(entry: BankEntry, version: str, currency: str) -> str:
    is_credit = entry.direction == CREDIT
    side = "Dbtr" if is_credit else "Cdtr"
    name = f"<Nm>{entry.counterparty_name}</Nm>"
    party = f"<Pty>{name}</Pty>" if version == "08" else name
    status = "<Sts><Cd>BOOK</Cd></Sts>" if version == "08" else "<Sts>BOOK</Sts>"
    return (
        f'<Ntry><NtryRef>1</NtryRef><Amt Ccy="{currency}">{decimal_yuan(entry.amount_fen)}</Amt>'
        f"<CdtDbtInd>{'CRDT' if is_credit else 'DBIT'}</CdtDbtInd>"
        f"{'<RvslInd>true</RvslInd>' if entry.is_reversal else ''}{status}"
        f"<BookgDt><DtTm>{entry.booked_at.isoformat()}</DtTm></BookgDt>"
        f"<AcctSvcrRef>{entry.bank_reference}</AcctSvcrRef><NtryDtls><TxDtls><Refs>"
        f"<EndToEndId>{entry.end_to_end_id or 'NOTPROVIDED'}</EndToEndId></Refs>"
        f"<RltdPties><{side}>{party}</{side}><{side}Acct><Id><Othr><Id>{entry.counterparty_account}</Id></Othr></Id>"
        f"</{side}Acct></RltdPties><RmtInf><Ustrd>{entry.remittance}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


async def book(conn: Connection, due: Due, entry: StoredEntry, reference: str) -> None:
    """Books as a holder does: a deposit is held when it is all there, a price takes the deposit with its last part."""
    if due.kind == "ROYALTY":
        await royalty_receipts.receive(
            conn,
            due.subject_id,
            bank_reference=reference,
            amount_fen=entry.amount_fen,
            received_at=entry.booked_at,
            now=entry.recorded_at,
        )
        return
    is_price = due.kind == "PRICE"
    if is_price:
        sale = await sales.lock(conn, due.subject_id)
        for deposit in await deposits.of_lot(conn, due.subject_id):
            left_fen = sale.due_fen - sale.paid_fen
            if (
                deposit.state == deposits.FROZEN
                and entry.amount_fen + deposit.amount_fen >= left_fen
            ):
                await deposits.apply_to_price(conn, deposit.id, now=entry.recorded_at)
    await payments.receive(
        conn,
        due.party_id,
        holder_id=entry.holder_id,
        bank_reference=reference,
        amount_fen=entry.amount_fen,
        received_at=entry.booked_at,
        lot_id=due.subject_id if is_price else None,
        now=entry.recorded_at,
    )
    if not is_price and due.amount_fen is not None:
        try:
            async with conn.transaction():
                await deposits.hold(
                    conn,
                    due.subject_id,
                    due.party_id,
                    holder_id=VENUE,
                    amount_fen=due.amount_fen,
                    now=entry.recorded_at,
                )
        except InsufficientFunds:
            return


async def make_account(
    conn: Connection,
    payee_id: UUID,
    *,
    now: datetime,
    holder_id: UUID = VENUE,
    **changed: str,
) -> PayeeAccount:
    """A registered account, proposed by one and approved by another."""
    details = AccountDetails(
        payee_id=payee_id,
        **{
            "account_name": "收款单位",
            "account_number": "1100" + str(payee_id.int % 10**12),
            "bank_code": "102100099996",
            "bank_name": "示例银行北京分行",
        }
        | changed,
    )
    proposed = await payee_accounts.propose(
        conn, holder_id, details, reason="from the contract", proposed_by=MAKER, now=now
    )
    approved = await payee_accounts.approve(
        conn,
        holder_id,
        proposed.id,
        account_hash=proposed.account_hash,
        approved_by=CHECKER,
        now=now,
    )
    return approved.account


async def own_account(conn: Connection, *, now: datetime, holder_id: UUID = VENUE) -> PayeeAccount:
    """The holder's own account, the one of the statements."""
    return await make_account(
        conn, holder_id, holder_id=holder_id, account_number=OUR_ACCOUNT, now=now
    )


class Owed(msgspec.Struct, frozen=True):
    """A sold lot with a deposit due and a price due, both of the buyer."""

    sale: sales.Sale
    deposit: Due
    price: Due


async def make_owed(
    conn: Connection, *, now: datetime, price_fen: int = 5000, deposit_fen: int = 1000
) -> Owed:
    """A buyer that owes a deposit and a price."""
    sale = await make_sale(conn, hammer_price_fen=price_fen, now=now)
    both = {
        "subject_id": sale.lot_id,
        "party_id": sale.buyer_id,
        "party_name": BUYER_NAME,
        "holder_id": VENUE,
        "now": now,
    }
    deposit = await dues.give(conn, "DEPOSIT", amount_fen=deposit_fen, **both)
    return Owed(sale, deposit, await dues.give(conn, "PRICE", amount_fen=None, **both))


async def invoice_due(conn: Connection, invoice_id: UUID, *, now: datetime) -> Due:
    """What a licensee owes by an invoice, under its reference."""
    licence_id = (await royalties.get_invoice(conn, invoice_id)).licence_id
    content = (await licences.get(conn, licence_id)).content
    return await dues.give(
        conn,
        "ROYALTY",
        subject_id=invoice_id,
        party_id=content.licensee_id,
        party_name=BUYER_NAME,
        holder_id=content.holder_id,
        amount_fen=None,
        now=now,
    )


async def take_in(
    conn: Connection, *entries: BankEntry, now: datetime, content: bytes | None = None
) -> tuple[BankFile, list[StoredEntry]]:
    """A statement comes in and is matched: the file, and what became of its entries."""
    file = await statement_files.receive_statements(
        conn,
        VENUE,
        camt_of(some_statement(*entries)) if content is None else content,
        received_by=MAKER,
        now=now,
    )
    return file, await matching.match_received(conn, VENUE, book=book, now=now)


def written(due: Due) -> str:
    """What a payer writes on the transfer."""
    return f"付款 {shown(due.reference)} 谢谢"


async def queue_some(
    conn: Connection, amounts: Sequence[int], *, now: datetime, payee_id: UUID | None = None
) -> list[UUID]:
    """Payouts of a holder: money that came in and is to go back."""

    payee = payee_id or uuid7(now)
    return [
        await refunds.send_back(
            conn,
            outside(payee),
            holder_id=VENUE,
            payee_id=payee,
            payee_name="收款单位",
            subject=f"{payee}:{number}",
            amount_fen=amount_fen,
            now=now,
        )
        for number, amount_fen in enumerate(amounts)
    ]
