"""Statement files: both formats give the same entries, and what does not hold is refused with its reason."""

import csv
import io
from collections.abc import Callable

import pytest

from settlement.bank_files import DEPTH_MAX, FILE_BYTES_MAX, BankFileRefused
from settlement.bank_statements import BankStatement, read_statements, template
from settlement.rules.references import reference_of, references_in, same_name, shown
from tests.settlement.make_bank import (
    CAMT,
    HEADER_ZH,
    camt_of,
    csv_of,
    some_entry,
    some_statement,
)
from tests.settlement.make_money import BANK, VENUE

ENTRIES = (
    some_entry("B-1", 25_000_000, remittance="LCD-00000-000000 保证金"),
    some_entry("B-2", 1, counterparty_name="Someone & Sons".replace("&", "and")),
    some_entry("B-3", 300, direction="DEBIT", end_to_end_id="E2E-1"),
    some_entry("B-4", 5, is_reversal=True),
)
TWO = (
    some_statement(*ENTRIES, opening_fen=12_345),
    some_statement(some_entry("B-1", 7), account_number="62220200000009", opening_fen=-100),
)


@pytest.mark.parametrize("version", ["02", "04", "06", "08"])
def test_xml_gives_the_statements(version: str) -> None:
    """Every version read gives the same statements, several to a file."""
    read = read_statements(camt_of(*TWO, version=version))
    assert read.statements == TWO
    assert (read.format, read.encoding) == (f"camt.053.001.{version}", "utf-8")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (csv_of(*TWO), "utf-8"),
        (csv_of(*TWO, encoding="utf-8-sig"), "utf-8-sig"),
        (csv_of(*TWO, encoding="gb18030"), "gb18030"),
        (csv_of(*TWO, header=HEADER_ZH, encoding="gb18030"), "gb18030"),
        (csv_of(*TWO, header=HEADER_ZH), "utf-8"),
    ],
)
def test_csv_gives_the_same_entries_as_xml(content: bytes, encoding: str) -> None:
    """Headers in Chinese or English, in UTF-8 or GB18030: the same structs as XML, and the encoding is said."""
    read = read_statements(content)
    assert read.statements == TWO
    assert (read.format, read.encoding) == ("csv", encoding)


def test_the_template_is_a_statement() -> None:
    """The documented template can be read as it stands."""
    (statement,) = read_statements(template().encode()).statements
    assert [entry.amount_fen for entry in statement.entries] == [25_000_000]
    assert set(next(csv.reader(io.StringIO(HEADER_ZH)))) == set(
        template().splitlines()[-1].removeprefix("# or 或 ").split(",")
    )


def test_xml_in_gb18030_is_read() -> None:
    """A message that declares a Chinese encoding is read in it."""
    text = camt_of(*TWO).decode().replace("UTF-8", "GBK")
    read = read_statements(text.encode("gb18030"))
    assert (read.statements, read.encoding) == (TWO, "gb18030")


def test_a_batch_is_its_transactions() -> None:
    """An entry of several transactions gives one credit each; what is only pending is not one."""
    whole = camt_of(some_statement(some_entry("B-1", 300))).decode()
    start, end = whole.index("<NtryDtls>"), whole.index("</NtryDtls>")
    part = "<TxDtls><Refs><EndToEndId>x</EndToEndId></Refs><Amt Ccy='CNY'>{}</Amt></TxDtls>"
    batch = whole[:start] + "<NtryDtls>" + part.format("1.00") + part.format("2.00") + whole[end:]
    (statement,) = read_statements(batch.encode()).statements
    assert [(e.bank_reference, e.amount_fen) for e in statement.entries] == [
        ("B-1/1", 100),
        ("B-1/2", 200),
    ]
    assert refusal_of(batch.replace("2.00", "2.01").encode()) == "balance"
    deeper = batch.replace("camt.053.001.08", "camt.053.001.02").replace(
        "<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>"
    )
    for fen in ("1.00", "2.00"):
        amount = f"<Amt Ccy='CNY'>{fen}</Amt>"
        assert amount in deeper
        deeper = deeper.replace(amount, f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>")
    (old,) = read_statements(deeper.encode()).statements
    assert [entry.amount_fen for entry in old.entries] == [100, 200]
    pending = camt_of(some_statement(some_entry("B-1", 300), closing_fen=0)).decode()
    (statement,) = read_statements(pending.replace("BOOK", "PDNG").encode()).statements
    assert statement.entries == ()


def refusal_of(content: bytes) -> str:
    with pytest.raises(BankFileRefused) as refused:
        read_statements(content)
    assert refused.value.english
    assert refused.value.chinese != refused.value.english
    return refused.value.reason


GOOD = camt_of(some_statement(some_entry("B-1", 10_050)))
BAD_CSV = csv_of(some_statement(some_entry("B-1", 10_050)))
LAUGHS = "".join(
    f'<!ENTITY l{n} "{("&l" + str(n - 1) + ";") * 10 if n else "ha"}">' for n in range(9)
)


def replaced(old: str, new: str, source: bytes = GOOD) -> bytes:
    assert old.encode() in source
    return source.replace(old.encode(), new.encode())


def with_doctype(doctype: str) -> bytes:
    return replaced('encoding="UTF-8"?>', f'encoding="UTF-8"?>{doctype}')


HOSTILE = {
    "billion laughs": (with_doctype(f"<!DOCTYPE Document [{LAUGHS}]>"), "hostile_xml"),
    "external entity": (
        with_doctype('<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "hostile_xml",
    ),
    "external DTD": (with_doctype('<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d">'), "hostile_xml"),
    "parameter entity": (
        with_doctype('<!DOCTYPE d [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'),
        "hostile_xml",
    ),
    "too deep": (
        f"<Document xmlns='{CAMT.format('08')}'>".encode() + b"<a>" * 100_000,
        "too_deep",
    ),
    "just too deep": (replaced("<Nm>", "<Nm>" + "<a>" * DEPTH_MAX), "too_deep"),
    "too large": (b"<" + b" " * FILE_BYTES_MAX, "too_large"),
    "empty": (b" \n", "empty"),
    "only a mark": (b"\xef\xbb\xbf", "empty"),
    "cut off": (GOOD[:-40], "not_xml"),
    "two roots": (GOOD + b"<Document/>", "not_xml"),
    "no namespace": (replaced(f' xmlns="{CAMT.format("08")}"', ""), "wrong_message"),
    "another namespace inside": (
        replaced("<GrpHdr>", '<x xmlns="urn:x"/><GrpHdr>'),
        "wrong_message",
    ),
    "another version": (replaced("camt.053.001.08", "camt.053.001.99"), "wrong_message"),
    "another message": (replaced("camt.053.001.08", "camt.054.001.08"), "wrong_message"),
    "an unknown encoding": (replaced('"UTF-8"', '"UTF-7"'), "encoding"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "encoding"),
    "a wrong currency": (camt_of(some_statement(), currency="USD"), "currency"),
    "a wrong entry's currency": (
        replaced('<Amt Ccy="CNY">100.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>',
                 '<Amt Ccy="USD">100.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>'),
        "currency",
    ),
    "a negative amount": (replaced(">100.50<", ">-100.50<"), "amount"),
    "three decimals": (replaced(">100.50<", ">100.500<"), "amount"),
    "an exponent": (replaced(">100.50<", ">1e3<"), "amount"),
    "other digits": (replaced(">100.50<", ">１００.50<"), "amount"),
    "too much": (replaced(">100.50<", ">999999999999<"), "amount"),
    "nothing": (camt_of(some_statement(some_entry("B-1", 0))), "amount"),
    "a fen off": (camt_of(some_statement(some_entry("B-1", 5), closing_fen=6)), "balance"),
    "an entry missing": (
        camt_of(some_statement(some_entry("B-1", 5), closing_fen=12)),
        "balance",
    ),
    "an entry twice": (
        camt_of(some_statement(some_entry("B-1", 5), some_entry("B-1", 5))),
        "duplicate_entry",
    ),
    "an entry in two statements": (
        camt_of(some_statement(some_entry("B-1", 5)), some_statement(some_entry("B-1", 5))),
        "duplicate_entry",
    ),
    "no reference": (
        replaced("<AcctSvcrRef>B-1</AcctSvcrRef>", "").replace(b"<NtryRef>1</NtryRef>", b""),
        "no_reference",
    ),
    "no closing balance": (replaced("CLBD", "ITBD"), "no_balance"),
    "no account": (replaced("<Othr><Id>6222020000000001</Id></Othr>", ""), "no_account"),
    "no statement": (camt_of(), "no_statement"),
    "no direction": (replaced("<CdtDbtInd>CRDT</CdtDbtInd><Sts>", "<CdtDbtInd>X</CdtDbtInd><Sts>"),
                     "direction"),
    "no date": (replaced("<DtTm>2026-11-02T00:30:00+00:00</DtTm>", "<DtTm>yesterday</DtTm>"), "date"),
    "a year beyond": (replaced("2026-11-02T00:30:00+00:00", "0001-01-01T00:00:00+23:00"), "date"),
    "a year nobody means": (replaced("2026-11-02T00:30:00+00:00", "9999-12-31T23:59:59Z"), "date"),
    "a long text": (replaced("<Ustrd>", "<Ustrd>" + "x" * 3000), "text_too_long"),
    "csv: cut off": (b"\n".join(BAD_CSV.splitlines()[:-1]), "truncated"),
    "csv: nothing but a header": (BAD_CSV.splitlines()[0], "no_statement"),
    "csv: another header": (replaced("remittance", "memo", BAD_CSV), "header"),
    "csv: a column twice": (replaced("remittance", "amount", BAD_CSV), "header"),
    "csv: a formula of a row": (replaced("CLBD", "=1+1", BAD_CSV), "order"),
    "csv: begins in the middle": (b"\n".join([BAD_CSV.splitlines()[0], *BAD_CSV.splitlines()[2:]]),
                                  "order"),
    "csv: another account": (replaced("CLBD,6222020000000001", "CLBD,622", BAD_CSV), "order"),
    "csv: a cell more": (replaced("\nCLBD", ",\nCLBD", BAD_CSV), "row_length"),
    "csv: an open quote": (replaced("B-1", '"B-1', BAD_CSV), "not_csv"),
    "csv: dollars": (replaced("CNY", "USD", BAD_CSV), "currency"),
    "csv: commas": (replaced(",100.50,2", ',"1,00.50",2', BAD_CSV), "amount"),
    "csv: a fen off": (replaced("CRDT,100.50,2", "CRDT,100.51,2", BAD_CSV), "balance"),
    "csv: a minus": (replaced(",100.50,2", ",-100.50,2", BAD_CSV), "amount"),
    "bytes": (bytes(range(1, 256)), "encoding"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_does_not_hold_is_refused(name: str) -> None:
    """A hostile, damaged or incomplete file is refused whole, with a stable reason in both languages."""
    content, reason = HOSTILE[name]
    assert refusal_of(content) == reason


@pytest.mark.parametrize("write", [camt_of, csv_of])
def test_every_cut_is_noticed(write: Callable[[BankStatement], bytes]) -> None:
    """A file cut off anywhere before its end is refused."""
    content = write(some_statement(*ENTRIES[:2], opening_fen=5)).rstrip()
    for length in range(0, len(content) - 12, 7):
        assert refusal_of(content[:length])


def test_the_order_of_entries_does_not_matter() -> None:
    """A bank that lists the same entries in another order says the same."""
    one = read_statements(csv_of(some_statement(*ENTRIES))).statements[0]
    other = read_statements(camt_of(some_statement(*reversed(ENTRIES)))).statements[0]
    assert sorted(one.entries, key=lambda e: e.bank_reference) == sorted(
        other.entries, key=lambda e: e.bank_reference
    )


def test_a_reference_is_found_however_it_is_written() -> None:
    """Spaces, hyphens, full width, small letters and look-alikes do not hide a reference; a slip makes it another."""
    period = reference_of("MANDATE", VENUE, BANK)
    assert (period[:3], references_in(f"运营款 {shown(period)}")) == ("LCM", [period])
    reference = reference_of("DEPOSIT", VENUE, BANK)
    assert reference == reference_of("DEPOSIT", VENUE, BANK) != reference_of("PRICE", VENUE, BANK)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in reference)
    look_alike = reference[:3] + reference[3:].replace("0", "O").replace("1", "l")
    for text in (
        f"保证金{shown(reference)}谢谢",
        f"pay {reference.lower()}!",
        " ".join(reference),
        wide,
        look_alike,
        f"{reference} {reference}",
    ):
        assert references_in(text) == [reference], text
    for place in range(3, len(reference)):
        slip = (
            reference[:place] + ("7" if reference[place] != "7" else "8") + reference[place + 1 :]
        )
        assert references_in(slip) == [], slip
    assert references_in("LCD 货款 2026") == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("示例（北京）有限公司", "示例(北京) 有限公司", True),
        ("ACME Co.", "acme co.", True),
        ("ＡＢＣ公司", "ABC公司", True),
        ("示例有限公司", "示例有限公司北京分公司", False),
        ("", "", False),
    ],
)
def test_names_are_compared_as_people_do(one: str, other: str, *, same: bool) -> None:
    """Width, case, spaces and brackets do not make another payer; anything else does."""
    assert same_name(one, other) is same
