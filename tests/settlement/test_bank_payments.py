"""Payment files: structure, four eyes on the file and on its accounts, sent once, answered by the bank."""

import csv
import hashlib
import io
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kit.errors import InvalidInput, NotFound
from kit.ids import uuid7
from settlement import compensation, funds, instructions, payee_accounts, payment_answers, payments
from settlement.bank_files import BankFileRefused
from settlement.checks import check_ledger
from settlement.errors import IllegalStep, PlanChanged, SamePerson
from settlement.instructions import NothingToPay, OwnAccountMissing, PaymentFile, PayoutNotReady
from settlement.ledger import balance, fund_account
from settlement.payee_accounts import AccountDetails, AccountProposed
from settlement.payment_messages import NAMESPACE, Format
from settlement.payment_statuses import PaymentStatus, read_statuses
from settlement.rules.case import Loan
from settlement.statement_files import BankFile
from tests.settlement.make_bank import (
    make_account,
    own_account,
    queue_some,
    some_entry,
    take_in,
)
from tests.settlement.make_money import (
    BANK,
    CHECKER,
    FUND,
    MAKER,
    SECOND_CHECKER,
    VENUE,
    make_claim,
)

PAIN_002 = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
#: Children in the standard's order; what is not listed here is not written.
ORDER = {
    "CstmrCdtTrfInitn": ["GrpHdr", "PmtInf"],
    "GrpHdr": ["MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", "InitgPty"],
    "PmtInf": ["PmtInfId", "PmtMtd", "BtchBookg", "NbOfTxs", "CtrlSum", "ReqdExctnDt", "Dbtr", "DbtrAcct",
               "DbtrAgt", "ChrgBr", "CdtTrfTxInf"],
    "CdtTrfTxInf": ["PmtId", "Amt", "CdtrAgt", "Cdtr", "CdtrAcct", "RmtInf"],
    "PmtId": ["InstrId", "EndToEndId"],
    "DbtrAcct": ["Id", "Ccy", "Nm"],
    "CdtrAcct": ["Id", "Ccy", "Nm"],
    "FinInstnId": ["ClrSysMmbId", "Nm"],
    "ClrSysMmbId": ["ClrSysId", "MmbId"],
}  # fmt: skip
LENGTHS = {"MsgId": 35, "PmtInfId": 35, "InstrId": 35, "EndToEndId": 35, "Ustrd": 140, "Nm": 140}


async def proven(conn: asyncpg.Connection) -> None:
    result = await check_ledger(conn)
    assert result.ok, [check for check in result.checks if check.broken]


async def ready(
    conn: asyncpg.Connection, *amounts: int, now: datetime, payee_id: UUID | None = None
) -> list[UUID]:
    """Payouts to a payee whose account is registered."""
    payee = payee_id or uuid7(now)
    await own_account(conn, now=now)
    await make_account(conn, payee, now=now)
    return await queue_some(conn, amounts, payee_id=payee, now=now)


async def drafted(
    conn: asyncpg.Connection, *, now: datetime, format_: Format = "pain.001", **given: Any
) -> PaymentFile:
    return await instructions.draft(
        conn, VENUE, format_=format_, drafted_by=MAKER, now=now, **given
    )


async def approved(
    conn: asyncpg.Connection, file: PaymentFile, *, now: datetime, by: UUID = CHECKER
) -> PaymentFile:
    return await instructions.approve(
        conn,
        VENUE,
        file.id,
        content_hash=file.content_hash,
        accounts_hash=file.accounts_hash,
        approved_by=by,
        now=now,
    )


async def exported(conn: asyncpg.Connection, *, now: datetime, **given: Any) -> PaymentFile:
    file = await approved(conn, await drafted(conn, now=now, **given), now=now)
    return await instructions.export(conn, VENUE, file.id, exported_by=MAKER, now=now)


def pain_002(file: PaymentFile, *statuses: tuple[UUID, str], reference: str = "D") -> bytes:
    """The bank's answer to payments of a file."""
    rows = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{payout_id.hex}</OrgnlEndToEndId><TxSts>{code}</TxSts>"
        f"<StsRsnInf><Rsn><Cd>AC01</Cd></Rsn><AddtlInf>账号不符</AddtlInf></StsRsnInf>"
        f"<AcctSvcrRef>{reference}-{payout_id.hex[-6:]}</AcctSvcrRef></TxInfAndSts>"
        for payout_id, code in statuses
    )
    return (
        f'<Document xmlns="{PAIN_002}"><CstmrPmtStsRpt><GrpHdr><MsgId>R-1</MsgId></GrpHdr><OrgnlGrpInfAndSts>'
        f"<OrgnlMsgId>{file.message_id}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{file.message_id}</OrgnlPmtInfId>{rows}</OrgnlPmtInfAndSts>"
        "</CstmrPmtStsRpt></Document>"
    ).encode()


async def answer(conn: asyncpg.Connection, content: bytes, *, now: datetime) -> BankFile:
    return await payment_answers.receive_statuses(conn, VENUE, content, received_by=MAKER, now=now)


async def states(conn: asyncpg.Connection, *payouts: UUID) -> list[str]:
    rows = await conn.fetch("SELECT id, state FROM settlement.payouts")
    by_id = {row["id"]: row["state"] for row in rows}
    return [by_id[payout] for payout in payouts]


async def test_the_xml_is_as_the_standard_orders_it(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """pain.001.001.09: elements in order, totals that agree, lengths kept, one transfer a payout."""
    ids = await ready(conn, 123_456, 5, now=now)
    file = await exported(conn, now=now)
    content = await instructions.content(conn, VENUE, file.id)
    root = ET.fromstring(content)
    assert root.tag == f"{{{NAMESPACE}}}Document"
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        assert len(element.text or "") <= LENGTHS.get(element.tag, 1000), element.tag
    for name, children in ORDER.items():
        for element in root.iter(name):
            tags = list(dict.fromkeys(child.tag for child in element))
            assert tags == children, name
    assert root.findtext("*/GrpHdr/CtrlSum") == root.findtext("*/PmtInf/CtrlSum") == "1234.61"
    assert root.findtext("*/GrpHdr/NbOfTxs") == "2"
    transfers = root.findall("*/PmtInf/CdtTrfTxInf")
    assert [t.findtext("PmtId/EndToEndId") for t in transfers] == [i.hex for i in ids]
    amounts = [t.find("Amt/InstdAmt") for t in transfers]
    assert [(a.text, a.get("Ccy")) for a in amounts if a is not None] == [
        ("1234.56", "CNY"),
        ("0.05", "CNY"),
    ]
    assert {t.findtext("CdtrAgt/FinInstnId/ClrSysMmbId/MmbId") for t in transfers} == {
        "102100099996"
    }


async def test_the_csv_says_the_same(conn: asyncpg.Connection, now: datetime) -> None:
    """The CSV holds the same payments, readable by spreadsheets, and no cell begins a formula."""
    ids = await ready(conn, 123_456, 5, now=now)
    file = await exported(conn, now=now, format_="csv")
    content = await instructions.content(conn, VENUE, file.id)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["end_to_end_id 端到端标识"] for row in rows] == [i.hex for i in ids]
    assert [row["amount 金额"] for row in rows] == ["1234.56", "0.05"]
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@"]


async def test_iban_accounts_are_said_as_such(conn: asyncpg.Connection, now: datetime) -> None:
    """An account number that is an IBAN stands in its own element."""
    payee = uuid7(now)
    await own_account(conn, now=now)
    await make_account(conn, payee, account_number="GB82WEST12345698765432", now=now)
    await queue_some(conn, [1], payee_id=payee, now=now)
    file = await exported(conn, now=now)
    assert b"<IBAN>GB82WEST12345698765432</IBAN>" in await instructions.content(
        conn, VENUE, file.id
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"bank_code": "10210009999"},
        {"bank_code": "１02100099996"},
        {"account_number": "12 34"},
        {"account_number": "GB83WEST12345698765432"},
        {"account_name": "=cmd()"},
        {"account_name": "＝cmd()"},
        {"account_name": "a\nb"},
        {"bank_name": ""},
        {"account_name": "x" * 141},
    ],
)
def test_an_account_that_no_bank_takes_is_refused(changed: dict[str, str]) -> None:
    """Wrong digits, control characters and formulas do not enter the register."""
    fine = {
        "account_name": "收款单位",
        "account_number": "6222020000000001",
        "bank_code": "102100099996",
        "bank_name": "示例银行",
    }
    payee_accounts.check_details(AccountDetails(payee_id=BANK, **fine))
    with pytest.raises(InvalidInput):
        payee_accounts.check_details(AccountDetails(payee_id=BANK, **fine | changed))


async def test_four_eyes_on_accounts_and_files(conn: asyncpg.Connection, now: datetime) -> None:
    """Nobody approves what they made, nor anything but what was shown, and nothing leaves unapproved."""
    with pytest.raises(NothingToPay):
        await drafted(conn, now=now)
    payee = uuid7(now)
    (payout,) = await queue_some(conn, [7], payee_id=payee, now=now)
    with pytest.raises(PayoutNotReady):
        await drafted(conn, now=now, payout_ids=[payout])
    await make_account(conn, payee, now=now)
    with pytest.raises(OwnAccountMissing):
        await drafted(conn, now=now)
    await own_account(conn, now=now)
    file = await drafted(conn, now=now)
    with pytest.raises(SamePerson):
        await approved(conn, file, now=now, by=MAKER)
    for name in ("content_hash", "accounts_hash"):
        shown = {"content_hash": file.content_hash, "accounts_hash": file.accounts_hash}
        with pytest.raises(PlanChanged):
            await instructions.approve(
                conn, VENUE, file.id, **shown | {name: b"x" * 32}, approved_by=CHECKER, now=now
            )
    with pytest.raises(IllegalStep):
        await instructions.export(conn, VENUE, file.id, exported_by=MAKER, now=now)
    with pytest.raises(IllegalStep):
        await instructions.content(conn, VENUE, file.id)
    with pytest.raises(NotFound):
        await instructions.get(conn, BANK, file.id)
    with pytest.raises(PayoutNotReady):
        await drafted(conn, now=now, payout_ids=[payout])
    details = AccountDetails(
        payee_id=payee,
        account_name="另一单位",
        account_number="999999",
        bank_code="102100099996",
        bank_name="b",
    )
    proposed = await payee_accounts.propose(
        conn, VENUE, details, reason="r", proposed_by=MAKER, now=now
    )
    with pytest.raises(AccountProposed):
        await payee_accounts.propose(conn, VENUE, details, reason="r", proposed_by=CHECKER, now=now)
    with pytest.raises(SamePerson):
        await payee_accounts.approve(
            conn, VENUE, proposed.id, account_hash=proposed.account_hash, approved_by=MAKER, now=now
        )
    with pytest.raises(PlanChanged):
        await payee_accounts.approve(
            conn, VENUE, proposed.id, account_hash=b"x" * 32, approved_by=CHECKER, now=now
        )
    refused = await payee_accounts.refuse(conn, VENUE, proposed.id, refused_by=CHECKER, now=now)
    assert refused.state == payee_accounts.REFUSED
    assert (await approved(conn, file, now=now)).state == instructions.APPROVED


@pytest.mark.parametrize("is_own", [False, True])
async def test_a_changed_account_voids_the_approval(
    conn: asyncpg.Connection, now: datetime, *, is_own: bool
) -> None:
    """A payee's, or the payer's, new account makes an approved file void; it waits a day before it is paid."""
    payee = uuid7(now)
    (payout,) = await ready(conn, 7, now=now, payee_id=payee)
    file = await approved(conn, await drafted(conn, now=now), now=now)
    await make_account(
        conn, VENUE if is_own else payee, account_number="888888", account_name="新户", now=now
    )
    assert (await instructions.get(conn, VENUE, file.id)).state == instructions.VOID
    with pytest.raises(IllegalStep):
        await instructions.export(conn, VENUE, file.id, exported_by=MAKER, now=now)
    with pytest.raises((PayoutNotReady, OwnAccountMissing)):
        await drafted(conn, now=now, payout_ids=[payout])
    later = now + timedelta(hours=24)
    sent = await exported(conn, now=later)
    assert b"888888" in await instructions.content(conn, VENUE, sent.id)
    await proven(conn)


async def test_a_file_is_exported_once(conn: asyncpg.Connection, now: datetime) -> None:
    """Exported again it is the same bytes; its payouts are in no other file; a withdrawn file frees them."""
    ids = await ready(conn, 7, 8, now=now)
    withdrawn = await drafted(conn, now=now)
    for _ in range(2):
        withdrawn = await instructions.withdraw(conn, VENUE, withdrawn.id, reason="r", now=now)
    assert withdrawn.state == instructions.WITHDRAWN
    file = await exported(conn, now=now)
    content = await instructions.content(conn, VENUE, file.id)
    assert hashlib.sha256(content).digest() == file.content_hash
    again = await instructions.export(
        conn, VENUE, file.id, exported_by=CHECKER, now=now + timedelta(days=1)
    )
    assert again == file
    assert await instructions.content(conn, VENUE, file.id) == content
    assert await states(conn, *ids) == ["SENT", "SENT"]
    with pytest.raises(NothingToPay):
        await drafted(conn, now=now)
    with pytest.raises(IllegalStep):
        await instructions.withdraw(conn, VENUE, file.id, reason="r", now=now)
    await proven(conn)


async def test_what_was_paid_by_hand_is_not_sent(conn: asyncpg.Connection, now: datetime) -> None:
    """A payout confirmed in another way after the draft stops the file's export."""
    one, _ = await ready(conn, 7, 8, now=now)
    file = await approved(conn, await drafted(conn, now=now), now=now)
    await payments.confirm_payout(conn, one, bank_reference="by hand", now=now)
    savepoint = conn.transaction()
    await savepoint.start()
    with pytest.raises(PayoutNotReady):
        await instructions.export(conn, VENUE, file.id, exported_by=MAKER, now=now)
    await savepoint.rollback()
    await instructions.withdraw(conn, VENUE, file.id, reason="paid by hand", now=now)
    assert (await exported(conn, now=now)).line_count == 1
    await proven(conn)


async def test_the_bank_answers(conn: asyncpg.Connection, now: datetime) -> None:
    """Paid is confirmed once, accepted waits, rejected goes back to the queue and is sent again under its name."""
    paid, waits, bad = await ready(conn, 7, 8, 9, now=now)
    file = await exported(conn, now=now)
    content = pain_002(file, (paid, "ACSC"), (waits, "ACSP"), (bad, "RJCT"))
    first = await answer(conn, content, now=now)
    assert (first.state, first.is_repeat) == ("IMPORTED", False)
    assert (await answer(conn, content, now=now)).is_repeat
    assert await states(conn, paid, waits, bad) == ["PAID", "SENT", "QUEUED"]
    (queued,) = await instructions.waiting(conn, VENUE, now=now)
    assert (queued.id, queued.attempts, queued.rejection) == (bad, 1, "账号不符")
    second = await exported(conn, now=now)
    (line,) = await instructions.lines(conn, second.id)
    assert (line.end_to_end_id, line.instruction_id) == (bad.hex, f"{bad.hex}-02")
    row = f"{second.message_id},{bad.hex},已付款,,B-9"
    header = "文件编号,端到端标识,状态,原因,银行流水号"
    done = await answer(conn, f"{header}\n{row}\n".encode("gb18030"), now=now)
    assert (done.state, done.encoding) == ("IMPORTED", "gb18030")
    assert (
        await answer(conn, pain_002(file, (waits, "ACCC"), (paid, "ACSP")), now=now)
    ).state == "IMPORTED"
    assert await states(conn, paid, waits, bad) == ["PAID", "PAID", "PAID"]
    await proven(conn)
    assert (await check_ledger(conn)).in_custody_fen == 0


async def test_a_whole_message_may_be_rejected(conn: asyncpg.Connection, now: datetime) -> None:
    """A rejection of the message, said once, puts all of its payouts back; a payment of all of them is not believed."""
    ids = await ready(conn, 7, 8, now=now)
    file = await exported(conn, now=now)
    whole = (
        f'<Document xmlns="{PAIN_002}"><CstmrPmtStsRpt><GrpHdr/><OrgnlGrpInfAndSts><OrgnlMsgId>{file.message_id}'
        "</OrgnlMsgId><GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>DU01</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts>"
        "</CstmrPmtStsRpt></Document>"
    ).encode()
    assert (await answer(conn, whole.replace(b"RJCT", b"ACSC"), now=now)).reason_code == "status"
    assert await states(conn, *ids) == ["SENT", "SENT"]
    assert (await answer(conn, whole, now=now)).state == "IMPORTED"
    assert await states(conn, *ids) == ["QUEUED", "QUEUED"]
    await proven(conn)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("ACSC", "RJCT", "contradiction"),
        ("RJCT", "ACSC", "contradiction"),
        ("RJCT", "ACSP", "contradiction"),
        ("", "XXXX", "status"),
    ],
)
async def test_an_answer_that_contradicts_is_kept_aside(
    before: str, after: str, reason: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """Paid after rejected, rejected after paid, or an unknown word: nothing of the answer is taken in."""
    one, two = await ready(conn, 7, 8, now=now)
    file = await exported(conn, now=now)
    if before:
        assert (await answer(conn, pain_002(file, (one, before)), now=now)).state == "IMPORTED"
    kept = await states(conn, one, two)
    refused = await answer(conn, pain_002(file, (two, "ACSC"), (one, after)), now=now)
    assert (refused.state, refused.reason_code) == ("QUARANTINED", reason)
    assert await states(conn, one, two) == kept
    await proven(conn)


async def test_an_answer_to_another_file_is_kept_aside(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A message that was not sent, a payment that is not in it, and a reference of another payment are refused."""
    one, two = await ready(conn, 7, 8, now=now)
    draft = await drafted(conn, now=now, payout_ids=[one])
    assert (
        await answer(conn, pain_002(draft, (one, "ACSC")), now=now)
    ).reason_code == "unknown_message"
    await instructions.withdraw(conn, VENUE, draft.id, reason="r", now=now)
    file = await exported(conn, now=now)
    assert (
        await answer(conn, pain_002(file, (uuid7(now), "ACSC")), now=now)
    ).reason_code == "unknown_payment"
    same = pain_002(file, (one, "ACSC"), (two, "ACSC"))
    for payout in (one, two):
        same = same.replace(f"D-{payout.hex[-6:]}".encode(), b"D-1")
    assert (await answer(conn, same, now=now)).reason_code == "reference_in_use"
    assert await states(conn, one, two) == ["SENT", "SENT"]
    twice = pain_002(file, (one, "ACSC"), (one, "ACSC"))
    assert (await answer(conn, twice, now=now)).reason_code == "duplicate_entry"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<a/>",
        f'<Document xmlns="{PAIN_002}"/>'.encode(),
        f'<!DOCTYPE d [<!ENTITY x "y">]><Document xmlns="{PAIN_002}"/>'.encode(),
        b"message_id,end_to_end_id,status,reason,bank_reference\n",
        b"message_id,end_to_end_id,status,reason,bank_reference\nM,,paid,,\n",
        b"message_id,end_to_end_id,status,reason,bank_reference\nM,E,rejected,,\n",
        b"message_id,end_to_end_id,status\nM,E,paid\n",
    ],
)
def test_a_hostile_answer_is_refused(content: bytes) -> None:
    """What is no answer, or half of one, is refused."""
    with pytest.raises(BankFileRefused):
        read_statuses(content)


def test_both_formats_say_the_same() -> None:
    """pain.002 and CSV give the same structs."""
    row = b"M,E,rejected,AC01,no such account,\n"
    header = b"message_id,end_to_end_id,status,reason_code,reason,bank_reference\n"
    xml = (
        f'<Document xmlns="{PAIN_002}"><CstmrPmtStsRpt><OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId>'
        "</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><TxInfAndSts><OrgnlEndToEndId>E</OrgnlEndToEndId><TxSts>RJCT</TxSts>"
        "<StsRsnInf><Rsn><Cd>AC01</Cd></Rsn><AddtlInf>no such account</AddtlInf></StsRsnInf></TxInfAndSts>"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()
    expected = PaymentStatus(
        message_id="M",
        end_to_end_id="E",
        status="REJECTED",
        reason_code="AC01",
        reason="no such account",
    )
    assert read_statuses(header + row).statuses == read_statuses(xml).statuses == (expected,)


@pytest.mark.parametrize(
    ("amount_fen", "before", "verdict", "state"),
    [
        (7, None, "PAYOUT", "PAID"),
        (7, "ACSC", "PAYOUT", "PAID"),
        (8, None, "AMOUNT_DIFFERS", "SENT"),
        (7, "RJCT", "PAID_AFTER_REJECTION", "QUEUED"),
    ],
)
async def test_a_debit_on_the_statement_confirms(
    amount_fen: int,
    before: str | None,
    verdict: str,
    state: str,
    conn: asyncpg.Connection,
    now: datetime,
) -> None:
    """The account's own statement is proof too: a debit under our name confirms its payout, once, to the fen."""
    (payout,) = await ready(conn, 7, now=now)
    file = await exported(conn, now=now)
    if before:
        await answer(conn, pain_002(file, (payout, before)), now=now)
    debit = some_entry("D-1", amount_fen, direction="DEBIT", end_to_end_id=payout.hex)
    credit = some_entry("C-1", amount_fen, end_to_end_id=payout.hex)
    _, entries = await take_in(conn, debit, credit, now=now)
    assert [entry.verdict for entry in entries] == [verdict, "RETURNED_PAYOUT"]
    assert await states(conn, payout) == [state]
    await proven(conn)


async def test_a_debit_that_undoes_a_credit_is_no_proof_of_payment(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """A reversal under our payment's name confirms nothing: a person looks at it, and notes it."""
    (payout,) = await ready(conn, 7, now=now)
    await exported(conn, now=now)
    undone = some_entry("D-1", 7, direction="DEBIT", end_to_end_id=payout.hex, is_reversal=True)
    _, (entry,) = await take_in(conn, undone, now=now)
    assert (entry.state, entry.verdict) == ("OPEN", "REVERSAL")
    assert await states(conn, payout) == ["SENT"]
    await proven(conn)


async def test_a_fund_pays_its_own(conn: asyncpg.Connection, now: datetime) -> None:
    """Compensation waits at the fund that it comes from and nowhere else, and leaves by the fund's own file."""
    case = await make_claim(conn, loan=Loan(amount_fen=10_000, principal_fen=10_000), now=now)
    for reviewer_id in (CHECKER, SECOND_CHECKER):
        await compensation.review_claim(
            conn,
            case.id,
            reviewer_id=reviewer_id,
            approved=True,
            reason="agreed",
            reviewed_hash=compensation.claim_hash(case),
            now=now,
        )
    await compensation.pay_advance(conn, case.id, paid_by=CHECKER, now=now)
    assert await instructions.waiting(conn, VENUE, now=now) == []
    (payout,) = await instructions.waiting(conn, FUND, now=now)
    assert (payout.payee_id, payout.not_ready) == (BANK, "no_account")
    await own_account(conn, holder_id=FUND, now=now)
    await make_account(conn, BANK, holder_id=FUND, now=now)
    file = await instructions.draft(conn, FUND, format_="csv", drafted_by=MAKER, now=now)
    assert file.total_fen == payout.amount_fen
    exposure = await funds.exposure(conn, FUND)
    assert exposure.balance_fen == await balance(conn, fund_account(FUND))
    with pytest.raises(NotFound):
        await instructions.get(conn, VENUE, file.id)
