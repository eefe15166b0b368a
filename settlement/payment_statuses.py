"""What the bank says became of payments: pain.002 (XML) or a CSV, read into the same structs.

Three answers matter: accepted (the bank has it), paid (it left, with the bank's reference), rejected (it will not
leave, with a reason). A refusal of the whole message, or of its payment block, refuses every payment in it.
"""

from collections.abc import Iterator
from typing import Final, Literal
from xml.etree.ElementTree import Element

import msgspec

from settlement.bank_files import is_xml, refused, rows_of, short, text_of, tree_of

Status = Literal["ACCEPTED", "PAID", "REJECTED"]
ACCEPTED: Final = "ACCEPTED"
PAID: Final = "PAID"
REJECTED: Final = "REJECTED"
PAIN_002: Final = tuple(f"pain.002.001.{number:02}" for number in (3, 9, 10, 11, 12))
_CODES: dict[str, Status] = {
    **dict.fromkeys(("ACTC", "ACCP", "ACSP", "ACWC", "ACFC", "ACWP", "RCVD", "PDNG"), ACCEPTED),
    **dict.fromkeys(("ACSC", "ACCC"), PAID),
    **dict.fromkeys(("RJCT", "CANC"), REJECTED),
    **dict.fromkeys(("accepted", "已受理"), ACCEPTED),
    **dict.fromkeys(("paid", "已付款"), PAID),
    **dict.fromkeys(("rejected", "已拒绝"), REJECTED),
}
COLUMNS: Final = (
    ("message_id", "文件编号", True),
    ("end_to_end_id", "端到端标识", True),
    ("status", "状态", True),
    ("reason_code", "原因代码", False),
    ("reason", "原因", True),
    ("bank_reference", "银行流水号", True),
)


class PaymentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one payment of a message; without `end_to_end_id` it is said of all of them."""

    message_id: str
    end_to_end_id: str
    status: Status
    reason_code: str = ""
    reason: str = ""
    bank_reference: str = ""


class StatusFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file read: what it is in, and what it says."""

    format: str
    encoding: str
    statuses: tuple[PaymentStatus, ...]


def read_statuses(content: bytes) -> StatusFile:
    """The statuses of a file, whichever format it is in. Raises `BankFileRefused` with a reason."""
    if is_xml(content):
        root, message, encoding = tree_of(content)
        if message not in PAIN_002:
            raise refused(
                "wrong_message",
                f"is {message}; statuses are read from {', '.join(PAIN_002)}",
                f"报文为 {message}，仅支持 {', '.join(PAIN_002)}",
            )
        statuses = tuple(_pain(root))
        read = StatusFile(format=message, encoding=encoding, statuses=statuses)
    else:
        decoded = text_of(content)
        statuses = tuple(
            _row(row, f"row {position}")
            for position, row in enumerate(rows_of(decoded.text, COLUMNS), start=2)
        )
        read = StatusFile(format="csv", encoding=decoded.encoding, statuses=statuses)
    if not statuses:
        raise refused("no_status", "says nothing of any payment", "文件中没有付款状态")
    keys = [(status.message_id, status.end_to_end_id) for status in statuses]
    if len(set(keys)) < len(keys):
        raise refused("duplicate_entry", "names a payment twice", "同一笔付款在文件中出现两次")
    return read


def _pain(root: Element) -> Iterator[PaymentStatus]:
    report = root.find("CstmrPmtStsRpt")
    group = None if report is None else report.find("OrgnlGrpInfAndSts")
    if report is None or group is None:
        raise refused("missing", "OrgnlGrpInfAndSts is missing", "缺少 OrgnlGrpInfAndSts")
    message_id = _text(group, "OrgnlMsgId")
    transactions = report.findall("OrgnlPmtInfAndSts/TxInfAndSts")
    for transaction in transactions:
        end_to_end_id = _text(transaction, "OrgnlEndToEndId")
        if not end_to_end_id:
            raise refused("missing", "OrgnlEndToEndId is missing", "缺少 OrgnlEndToEndId")
        yield _status(transaction, "TxSts", message_id, end_to_end_id)
    if transactions:
        return
    blocks = [block for block in report.findall("OrgnlPmtInfAndSts") if _text(block, "PmtInfSts")]
    if blocks:
        yield _status(blocks[0], "PmtInfSts", message_id, "")
    elif _text(group, "GrpSts"):
        yield _status(group, "GrpSts", message_id, "")


def _status(element: Element, tag: str, message_id: str, end_to_end_id: str) -> PaymentStatus:
    reason = element.find("StsRsnInf")
    code = words = ""
    if reason is not None:
        code = _text(reason, "Rsn/Cd") or _text(reason, "Rsn/Prtry")
        words = " ".join(item.text or "" for item in reason.findall("AddtlInf"))
    return _checked(
        message_id,
        end_to_end_id,
        _text(element, tag),
        reason_code=code,
        reason=words,
        bank_reference=_text(element, "AcctSvcrRef"),
    )


def _row(row: dict[str, str], where: str) -> PaymentStatus:
    if not row["end_to_end_id"]:
        raise refused("missing", f"{where}: no end_to_end_id", f"{where}：缺少端到端标识")
    return _checked(
        row["message_id"],
        row["end_to_end_id"],
        row["status"],
        reason_code=row.get("reason_code", ""),
        reason=row["reason"],
        bank_reference=row["bank_reference"],
    )


def _checked(
    message_id: str,
    end_to_end_id: str,
    code: str,
    *,
    reason_code: str,
    reason: str,
    bank_reference: str,
) -> PaymentStatus:
    where = f"payment {end_to_end_id[:40] or 'of all'}"
    status = _CODES.get(code) or _CODES.get(code.lower())
    if status is None or not message_id:
        raise refused(
            "status",
            f"{where}: the status {code[:20]!r} is not known, or no message is named",
            f"状态 {code[:20]!r} 无法识别，或未注明文件编号",
        )
    if status == PAID and not end_to_end_id:
        raise refused(
            "status",
            "says of a whole message that it is paid; each payment must be named",
            "整批已付款的状态须逐笔列明",
        )
    if status == REJECTED and not (reason_code or reason):
        raise refused("no_reason", f"{where}: rejected without a reason", "拒绝付款须注明原因")
    return PaymentStatus(
        message_id=short(message_id, where, 35),
        end_to_end_id=short(end_to_end_id, where, 35),
        status=status,
        reason_code=short(reason_code, where, 35) or "-",
        reason=short(reason, where, 500) or "-",
        bank_reference=short(bank_reference, where, 140),
    )


def _text(parent: Element, path: str) -> str:
    return (parent.findtext(path) or "").strip()
