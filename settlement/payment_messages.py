"""Payment instruction files as bytes: pain.001.001.09 (XML) and a CSV, from the same content; no input or output.

The order of elements is the standard's. The same content gives the same bytes on every machine.
"""

import csv
import io
from datetime import date, datetime
from typing import Final, Literal
from xml.etree.ElementTree import Element, SubElement, tostring

import msgspec

from kit.clock import CHINA

Format = Literal["pain.001", "csv"]
PAIN_001: Final = "pain.001.001.09"
NAMESPACE: Final = f"urn:iso:std:iso:20022:tech:xsd:{PAIN_001}"
COLUMNS: Final = (
    ("message_id", "文件编号"),
    ("instruction_id", "指令编号"),
    ("end_to_end_id", "端到端标识"),
    ("payer_name", "付款户名"),
    ("payer_account", "付款账号"),
    ("payer_bank_code", "付款行联行号"),
    ("payee_name", "收款户名"),
    ("payee_account", "收款账号"),
    ("payee_bank_code", "收款行联行号"),
    ("payee_bank_name", "收款行名"),
    ("currency", "币种"),
    ("amount", "金额"),
    ("execution_date", "期望日期"),
    ("remittance", "附言"),
)


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """An account: whose, its number, and the branch that keeps it (联行号, CNAPS)."""

    name: str
    account_number: str
    is_iban: bool
    bank_code: str
    bank_name: str


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """One payment. `end_to_end_id` is the payout's own, `instruction_id` this attempt's."""

    instruction_id: str
    end_to_end_id: str
    amount_fen: int
    payee: Party
    remittance: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A file of payments from one account, to be executed on a day."""

    message_id: str
    created_at: datetime
    execution_date: date
    payer: Party
    instructions: tuple[Instruction, ...]

    @property
    def total_fen(self) -> int:
        """What leaves the account in all."""
        return sum(instruction.amount_fen for instruction in self.instructions)


def encode(message: Message, format_: Format) -> bytes:
    """The file's bytes."""
    return _xml(message) if format_ == "pain.001" else _csv(message)


def decimal_yuan(amount_fen: int) -> str:
    """An amount as banks write it: 123456 fen is "1234.56"."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def _csv(message: Message) -> bytes:
    """UTF-8 with a byte order mark, so that spreadsheets show Chinese; English and Chinese in one header."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([f"{english} {chinese}" for english, chinese in COLUMNS])
    for instruction in message.instructions:
        writer.writerow(
            [
                message.message_id,
                instruction.instruction_id,
                instruction.end_to_end_id,
                *(message.payer.name, message.payer.account_number, message.payer.bank_code),
                *(instruction.payee.name, instruction.payee.account_number),
                *(instruction.payee.bank_code, instruction.payee.bank_name),
                "CNY",
                decimal_yuan(instruction.amount_fen),
                message.execution_date.isoformat(),
                instruction.remittance,
            ]
        )
    return out.getvalue().encode("utf-8-sig")


def _xml(message: Message) -> bytes:
    document = Element("Document", xmlns=NAMESPACE)
    initiation = SubElement(document, "CstmrCdtTrfInitn")
    header = SubElement(initiation, "GrpHdr")
    _leaf(header, "MsgId", message.message_id)
    _leaf(header, "CreDtTm", message.created_at.astimezone(CHINA).isoformat(timespec="seconds"))
    _totals(header, message)
    _leaf(SubElement(header, "InitgPty"), "Nm", message.payer.name)
    payment = SubElement(initiation, "PmtInf")
    _leaf(payment, "PmtInfId", message.message_id)
    _leaf(payment, "PmtMtd", "TRF")
    _leaf(payment, "BtchBookg", "false")  # one debit each, so that each is confirmed by itself
    _totals(payment, message)
    _leaf(SubElement(payment, "ReqdExctnDt"), "Dt", message.execution_date.isoformat())
    _leaf(SubElement(payment, "Dbtr"), "Nm", message.payer.name)
    _account(payment, "DbtrAcct", message.payer)
    _agent(payment, "DbtrAgt", message.payer)
    _leaf(payment, "ChrgBr", "DEBT")
    for instruction in message.instructions:
        _transfer(payment, instruction)
    return bytes(tostring(document, encoding="UTF-8", xml_declaration=True))


def _transfer(payment: Element, instruction: Instruction) -> None:
    transfer = SubElement(payment, "CdtTrfTxInf")
    names = SubElement(transfer, "PmtId")
    _leaf(names, "InstrId", instruction.instruction_id)
    _leaf(names, "EndToEndId", instruction.end_to_end_id)
    amount = SubElement(SubElement(transfer, "Amt"), "InstdAmt", Ccy="CNY")
    amount.text = decimal_yuan(instruction.amount_fen)
    _agent(transfer, "CdtrAgt", instruction.payee)
    _leaf(SubElement(transfer, "Cdtr"), "Nm", instruction.payee.name)
    _account(transfer, "CdtrAcct", instruction.payee)
    _leaf(SubElement(transfer, "RmtInf"), "Ustrd", instruction.remittance)


def _totals(parent: Element, message: Message) -> None:
    _leaf(parent, "NbOfTxs", str(len(message.instructions)))
    _leaf(parent, "CtrlSum", decimal_yuan(message.total_fen))


def _account(parent: Element, tag: str, party: Party) -> None:
    account = SubElement(parent, tag)
    identification = SubElement(account, "Id")
    if party.is_iban:
        _leaf(identification, "IBAN", party.account_number)
    else:
        _leaf(SubElement(identification, "Othr"), "Id", party.account_number)
    _leaf(account, "Ccy", "CNY")
    _leaf(account, "Nm", party.name[:70])


def _agent(parent: Element, tag: str, party: Party) -> None:
    bank = SubElement(SubElement(parent, tag), "FinInstnId")
    member = SubElement(bank, "ClrSysMmbId")
    _leaf(SubElement(member, "ClrSysId"), "Cd", "CNAPS")
    _leaf(member, "MmbId", party.bank_code)
    _leaf(bank, "Nm", party.bank_name)


def _leaf(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = text
