"""Bank statements: camt.053 (XML) and a CSV of our own, read into the same structs.

Nothing is taken at its word: each statement must be in yuan, for an account that is named, with unique references, and
its opening balance plus its entries must give its closing balance to the fen. Source: reliability F33, T55.

The CSV has one row a record; headers in English or Chinese (`template`). Each account's block is `OPBD` (opening
balance), any number of `NTRY` (entries), `CLBD` (closing balance); several blocks may follow each other.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal
from xml.etree.ElementTree import Element

import msgspec

from kit.money import yuan
from settlement.bank_files import (
    amount_fen,
    is_xml,
    moment,
    refused,
    rows_of,
    short,
    text_of,
    tree_of,
)

Direction = Literal["CREDIT", "DEBIT"]
CREDIT: Final = "CREDIT"
DEBIT: Final = "DEBIT"
#: The versions whose elements are read here; later ones moved the party's name one level down, which is read too.
CAMT_VERSIONS: Final = tuple(f"camt.053.001.{number:02}" for number in (2, 4, 6, 8))
REFERENCE_MAX: Final = 70
_ACCOUNT_MAX = 34
_DIRECTIONS: dict[str, Direction] = {
    "CRDT": CREDIT,
    "贷": CREDIT,
    "DBIT": DEBIT,
    "借": DEBIT,
}
_RECORDS = {"期初": "OPBD", "明细": "NTRY", "期末": "CLBD"}
COLUMNS: Final = (
    ("record", "记录类型", True),
    ("account_number", "账号", True),
    ("statement_number", "对账单号", False),
    ("currency", "币种", True),
    ("direction", "借贷标志", True),
    ("amount", "金额", True),
    ("booked_at", "记账时间", True),
    ("bank_reference", "银行流水号", True),
    ("counterparty_name", "对方户名", True),
    ("counterparty_account", "对方账号", True),
    ("remittance", "附言", True),
    ("end_to_end_id", "端到端标识", False),
    ("reversal", "冲正", False),
)


class BankEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Money that came onto or left an account, as its bank tells it. `booked_at` is in UTC.

    `end_to_end_id` is what we named a payment, where the bank gives it back; `is_reversal` marks the undoing of
    an earlier entry.
    """

    bank_reference: str
    direction: Direction
    amount_fen: int
    booked_at: datetime
    counterparty_name: str = ""
    counterparty_account: str = ""
    remittance: str = ""
    end_to_end_id: str = ""
    is_reversal: bool = False


class BankStatement(msgspec.Struct, frozen=True, kw_only=True):
    """The entries of one account between two balances, in the order given."""

    account_number: str
    number: str
    opening_fen: int
    closing_fen: int
    entries: tuple[BankEntry, ...]


class StatementFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file read: what it is in, and the statements it holds."""

    format: str
    encoding: str
    statements: tuple[BankStatement, ...]


def read_statements(content: bytes) -> StatementFile:
    """The statements of a file, whichever format it is in. Raises `BankFileRefused` with a reason."""
    if is_xml(content):
        root, message, encoding = tree_of(content)
        statements = tuple(_camt(root, message))
        read = StatementFile(format=message, encoding=encoding, statements=statements)
    else:
        decoded = text_of(content)
        statements = tuple(_blocks(decoded.text))
        read = StatementFile(format="csv", encoding=decoded.encoding, statements=statements)
    if not statements:
        raise refused("no_statement", "holds no statement", "文件中没有对账单")
    seen: set[tuple[str, str]] = set()
    for statement in statements:
        _check(statement, seen)
    return read


def template() -> str:
    """The CSV's header in both languages and a block that adds up, to be saved as UTF-8."""
    english = ",".join(name for name, _, _ in COLUMNS)
    chinese = ",".join(name for _, name, _ in COLUMNS)
    block = (
        "OPBD,6222020000000001,ST-1,CNY,CRDT,1000.00,2026-11-02,,,,,,\n"
        "NTRY,6222020000000001,ST-1,CNY,CRDT,250000.00,2026-11-02T10:30:00,B-1,示例运营有限公司,62220299,LCD-00000-000000,,\n"
        "CLBD,6222020000000001,ST-1,CNY,CRDT,251000.00,2026-11-02,,,,,,\n"
    )
    return f"{english}\n{block}# or 或 {chinese}\n"


def _check(statement: BankStatement, seen: set[tuple[str, str]]) -> None:
    """No reference twice on an account, and balances that add up."""
    where = f"statement {statement.number} of account {statement.account_number}"
    for entry in statement.entries:
        key = (statement.account_number, entry.bank_reference)
        if key in seen:
            raise refused(
                "duplicate_entry",
                f"{where}: the entry {entry.bank_reference} stands twice",
                f"对账单 {statement.number}：流水 {entry.bank_reference} 重复出现",
            )
        seen.add(key)
    moved_fen = sum(
        entry.amount_fen if entry.direction == CREDIT else -entry.amount_fen
        for entry in statement.entries
    )
    off_fen = statement.opening_fen + moved_fen - statement.closing_fen
    if off_fen:
        raise refused(
            "balance",
            f"{where}: opening balance and entries give CNY {yuan(off_fen)} more than the closing balance;"
            " it is incomplete",
            f"对账单 {statement.number}：期初余额加发生额与期末余额相差 {yuan(off_fen)} 元，文件不完整或有误",
        )


def _camt(root: Element, message: str) -> Iterator[BankStatement]:
    if message not in CAMT_VERSIONS:
        raise refused(
            "wrong_message",
            f"is {message}; statements are read from {', '.join(CAMT_VERSIONS)}",
            f"报文为 {message}，仅支持 {', '.join(CAMT_VERSIONS)}",
        )
    body = root.find("BkToCstmrStmt")
    for statement in () if body is None else body.findall("Stmt"):
        yield _camt_statement(statement)


def _camt_statement(statement: Element) -> BankStatement:
    number = short(_text(statement, "Id", needed=True), "Stmt/Id", REFERENCE_MAX)
    account = statement.find("Acct")
    account_number = "" if account is None else _account(account)
    if not account_number:
        raise refused("no_account", f"statement {number} names no account", "对账单未注明账号")
    balances = {
        _text(balance, "Tp/CdOrPrtry/Cd"): _camt_balance(balance, number)
        for balance in statement.findall("Bal")
    }
    opening_fen = balances.get("OPBD", balances.get("PRCD"))
    closing_fen = balances.get("CLBD")
    if opening_fen is None or closing_fen is None:
        raise refused(
            "no_balance",
            f"statement {number} lacks its opening (OPBD) or closing (CLBD) balance",
            f"对账单 {number} 缺少期初或期末余额",
        )
    entries = tuple(
        entry for given in statement.findall("Ntry") for entry in _camt_entries(given, number)
    )
    return BankStatement(
        account_number=account_number,
        number=number,
        opening_fen=opening_fen,
        closing_fen=closing_fen,
        entries=entries,
    )


def _camt_balance(balance: Element, number: str) -> int:
    where = f"balance of statement {number}"
    fen = _camt_amount(balance, where)
    return fen if _direction(_text(balance, "CdtDbtInd"), where) == CREDIT else -fen


def _camt_entries(entry: Element, number: str) -> Iterator[BankEntry]:
    """A booked entry, or its transactions where it holds several; what is only pending or told is left out."""
    if (_text(entry, "Sts/Cd") or _text(entry, "Sts")) != "BOOK":
        return
    reference = _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef")
    where = f"entry {reference[:REFERENCE_MAX] or '?'} of statement {number}"
    whole = BankEntry(
        bank_reference=reference,
        direction=_direction(_text(entry, "CdtDbtInd"), where),
        amount_fen=_camt_amount(entry, where),
        booked_at=moment(
            _text(entry, "BookgDt/DtTm") or _text(entry, "BookgDt/Dt"), f"{where}, BookgDt"
        ),
        is_reversal=_text(entry, "RvslInd") in ("true", "1"),
    )
    details = entry.findall("NtryDtls/TxDtls")
    if len(details) < 2:
        yield _entry(whole, details[0] if details else entry, where)
        return
    parts = [
        _entry(
            msgspec.structs.replace(
                whole,
                bank_reference=_text(part, "Refs/AcctSvcrRef") or f"{reference}/{position}",
                amount_fen=_camt_amount(part, f"{where}, transaction {position}"),
            ),
            part,
            where,
        )
        for position, part in enumerate(details, start=1)
    ]
    if sum(part.amount_fen for part in parts) != whole.amount_fen:
        raise refused(
            "balance",
            f"{where}: its transactions do not add up to its amount",
            f"流水 {reference}：明细合计与总额不符",
        )
    yield from parts


def _entry(entry: BankEntry, detail: Element, where: str) -> BankEntry:
    """`entry` with who is on the other side of it, and what they wrote."""
    side = "Dbtr" if entry.direction == CREDIT else "Cdtr"
    parties = detail.find("RltdPties")
    name = account = ""
    if parties is not None:
        name = _text(parties, f"{side}/Nm") or _text(parties, f"{side}/Pty/Nm")
        found = parties.find(f"{side}Acct")
        account = "" if found is None else _account(found)
    written = [item.text or "" for item in detail.findall("RmtInf/Ustrd")]
    written += [item.text or "" for item in detail.findall("RmtInf/Strd/CdtrRefInf/Ref")]
    end_to_end_id = _text(detail, "Refs/EndToEndId")
    return _bounded(
        msgspec.structs.replace(
            entry,
            counterparty_name=name,
            counterparty_account=account,
            remittance=" ".join(written),
            end_to_end_id="" if end_to_end_id == "NOTPROVIDED" else end_to_end_id,
        ),
        where,
    )


def _bounded(entry: BankEntry, where: str) -> BankEntry:
    """The entry with texts of bounded length, and refused without a reference or an amount."""
    if not entry.bank_reference.strip():
        raise refused(
            "no_reference", f"{where} has no bank reference", "流水缺少银行流水号，无法防止重复登记"
        )
    if entry.amount_fen == 0:
        raise refused("amount", f"{where}: an entry of 0", f"{where}：金额为 0")
    return msgspec.structs.replace(
        entry,
        bank_reference=short(entry.bank_reference, where, REFERENCE_MAX),
        counterparty_name=short(entry.counterparty_name, where, 200),
        counterparty_account=short(entry.counterparty_account, where, 70),
        remittance=short(entry.remittance, where),
        end_to_end_id=short(entry.end_to_end_id, where, 70),
    )


def _camt_amount(parent: Element, where: str) -> int:
    amount = parent.find("Amt")
    if amount is None:  # version 02 has a transaction's amount one level further down
        amount = parent.find("AmtDtls/TxAmt/Amt")
    if amount is None:
        raise refused("amount", f"{where} has no amount", f"{where}：缺少金额")
    _require_yuan(amount.get("Ccy", ""), where)
    return amount_fen((amount.text or "").strip(), where)


def _account(account: Element) -> str:
    number = _text(account, "Id/IBAN") or _text(account, "Id/Othr/Id")
    return short(number, "account", _ACCOUNT_MAX).replace(" ", "")


def _text(parent: Element, path: str, *, needed: bool = False) -> str:
    text = (parent.findtext(path) or "").strip()
    if needed and not text:
        raise refused("missing", f"{parent.tag}/{path} is missing", f"缺少 {parent.tag}/{path}")
    return text


def _direction(text: str, where: str) -> Direction:
    direction = _DIRECTIONS.get(text)
    if direction is None:
        raise refused(
            "direction",
            f"{where}: {text[:20]!r} is neither CRDT nor DBIT",
            f"{where}：借贷标志 {text[:20]!r} 无效",
        )
    return direction


def _require_yuan(currency: str, where: str) -> None:
    if currency not in ("CNY", "人民币"):
        raise refused(
            "currency",
            f"{where} is in {currency[:10] or 'no currency'}; only CNY is held here",
            f"{where}：币种为 {currency[:10] or '空'}，仅支持人民币",
        )


def _blocks(text: str) -> Iterator[BankStatement]:
    """The CSV's blocks; one that is begun must be ended, so that a file cut off is not taken for whole."""
    opened: dict[str, str] | None = None
    entries: list[BankEntry] = []
    data = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for position, row in enumerate(rows_of(data, COLUMNS), start=2):
        where = f"row {position}"
        record = _RECORDS.get(row["record"], row["record"])
        _require_yuan(row["currency"], where)
        if opened is not None and row["account_number"] != opened["account_number"]:
            raise _out_of_order(where, record)
        if record == "OPBD" and opened is None:
            opened, entries = row, []
        elif record == "NTRY" and opened is not None:
            entries.append(_csv_entry(row, where))
        elif record == "CLBD" and opened is not None:
            yield _csv_statement(opened, row, entries, where)
            opened = None
        else:
            raise _out_of_order(where, record)
    if opened is not None:
        raise refused(
            "truncated",
            f"the block of account {opened['account_number']} has no CLBD row: the file is cut off",
            f"账号 {opened['account_number']} 缺少期末行，文件被截断",
        )


def _out_of_order(where: str, record: str) -> Exception:
    return refused(
        "order",
        f"{where}: {record[:20]!r} can't stand here; a block is OPBD, NTRY rows, CLBD, of one account",
        f"{where}：记录 {record[:20]!r} 顺序有误，应为 期初、明细、期末，且账号一致",
    )


def _csv_statement(
    opened: dict[str, str], closed: dict[str, str], entries: list[BankEntry], where: str
) -> BankStatement:
    account_number = short(opened["account_number"], where, _ACCOUNT_MAX).replace(" ", "")
    if not account_number:
        raise refused("no_account", f"{where}: no account number", f"{where}：缺少账号")
    return BankStatement(
        account_number=account_number,
        number=short(opened.get("statement_number", ""), where, REFERENCE_MAX) or "-",
        opening_fen=_csv_balance(opened, where),
        closing_fen=_csv_balance(closed, where),
        entries=tuple(entries),
    )


def _csv_balance(row: dict[str, str], where: str) -> int:
    fen = amount_fen(row["amount"], where)
    return fen if _direction(row["direction"], where) == CREDIT else -fen


def _csv_entry(row: dict[str, str], where: str) -> BankEntry:
    return _bounded(
        BankEntry(
            bank_reference=row["bank_reference"],
            direction=_direction(row["direction"], where),
            amount_fen=amount_fen(row["amount"], where),
            booked_at=moment(row["booked_at"], where),
            counterparty_name=row["counterparty_name"],
            counterparty_account=row["counterparty_account"],
            remittance=row["remittance"],
            end_to_end_id=row.get("end_to_end_id", ""),
            is_reversal=row.get("reversal", "").lower() in ("true", "1", "是"),
        ),
        where,
    )
