"""Registration numbers and terms."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.assets.identifiers import (
    InvalidIdentifier,
    credit_check_symbol,
    credit_code,
    nice_class,
    patent_check_digit,
    patent_number,
    reference_key,
    right_number,
)
from marketplace.assets.terms import is_term_possible, term_end
from marketplace.assets.types import FACTS, IpType

#: Real numbers, read in published sources, not collateral (domain 8.4).
PATENTS = ("201810861934.2", "201710431918.5", "201921898050.0", "201921897980.4", "201921897855.3")


@pytest.mark.parametrize("number", PATENTS)
def test_real_patent_numbers_verify_in_every_spelling(number: str) -> None:
    """The check digits of domain 8.4 hold, with or without ZL, dot, small letters and full-width digits."""
    plain = number.replace(".", "")
    wide = plain.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    for spelled in (number, plain, f"ZL{plain}", f"zl {number}", f"ＺＬ{wide}"):
        assert patent_number(spelled) == number


@given(
    st.from_regex(r"20(0[3-9]|[1-9]\d)[12389]\d{7}", fullmatch=True),
    st.integers(0, 11),
    st.integers(1, 9),
)
def test_one_wrong_digit_is_always_found(digits: str, place: int, shift: int) -> None:
    """Any single mistyped digit of a patent number breaks its check digit."""
    check = patent_check_digit(digits)
    changed = digits[:place] + str((int(digits[place]) + shift) % 10) + digits[place + 1 :]
    with pytest.raises(InvalidIdentifier):
        patent_number(f"{changed}.{check}")


@pytest.mark.parametrize(
    ("text", "ip_type", "says"),
    [
        ("201810861934.3", IpType.PATENT_INVENTION, "201810861934.2 would be right"),
        ("201921898050.0", IpType.PATENT_INVENTION, "type digit 2"),
        ("12345", IpType.PATENT_INVENTION, "not a patent number"),
        ("", IpType.PATENT_INVENTION, "not a patent number"),
        (
            "200210861934." + patent_check_digit("200210861934"),
            IpType.PATENT_INVENTION,
            "2003 or later",
        ),
        ("商标123", IpType.TRADEMARK, "looks like 12345678"),
        ("123456789", IpType.TRADEMARK, "looks like"),
        ("软著登字1234567", IpType.SOFTWARE_COPYRIGHT, "looks like"),
        ("BS1", IpType.IC_LAYOUT, "looks like BS."),
        ("X", IpType.PLANT_VARIETY, "looks like CNA"),
        ("\u0007\u0007\u0007", IpType.DATA_IP, "printable"),
    ],
)
def test_a_wrong_number_is_refused_saying_what_would_be_right(
    text: str, ip_type: IpType, says: str
) -> None:
    """A refusal names what is wrong, in English and in Chinese."""
    with pytest.raises(InvalidIdentifier) as caught:
        right_number(text, ip_type)
    assert says in caught.value.message
    assert any("\u4e00" <= c <= "\u9fff" for c in caught.value.message_zh)


@pytest.mark.parametrize(
    ("text", "ip_type", "normal"),
    [
        ("g1234567", IpType.TRADEMARK, "G1234567"),
        (" 8765 4321 ", IpType.TRADEMARK, "87654321"),
        ("2020sr1234567", IpType.SOFTWARE_COPYRIGHT, "2020SR1234567"),
        ("软著登字第1234567号", IpType.SOFTWARE_COPYRIGHT, "软著登字第1234567号"),
        ("国作登字-2020-F-01234567", IpType.COPYRIGHT, "国作登字-2020-F-01234567"),
        ("bs205012345", IpType.IC_LAYOUT, "BS.205012345"),
        ("CNA20191000001", IpType.PLANT_VARIETY, "CNA20191000001"),
        (" 数据登记 01 ", IpType.DATA_IP, "数据登记 01"),
    ],
)
def test_each_type_has_its_normal_spelling(text: str, ip_type: IpType, normal: str) -> None:
    """What people type comes out in one spelling, and that spelling stays as it is."""
    assert right_number(text, ip_type) == normal
    assert right_number(normal, ip_type) == normal


#: Published codes of well-known enterprises.
CODES = ("91110000802100433B", "91330100799655058B", "9144030071526726XG", "914403001922038216")


@pytest.mark.parametrize("code", CODES)
def test_real_credit_codes_verify(code: str) -> None:
    """The check symbol of GB 32100 holds, small letters and spaces aside."""
    assert credit_code(f" {code.lower()} ") == code


@given(
    st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17),
    st.integers(0, 16),
    st.integers(1, 30),
)
def test_one_wrong_symbol_of_a_credit_code_is_always_found(
    body: str, place: int, shift: int
) -> None:
    """Modulo 31 with weights prime to it finds every single wrong symbol."""
    symbols = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    wrong = symbols[(symbols.index(body[place]) + shift) % 31]
    changed = body[:place] + wrong + body[place + 1 :]
    assert credit_code(body + credit_check_symbol(body))
    with pytest.raises(InvalidIdentifier):
        credit_code(changed + credit_check_symbol(body))


@pytest.mark.parametrize("text", ["", "9111", "91110000802100433I", "911100008021004330", "9" * 19])
def test_wrong_credit_codes_are_refused(text: str) -> None:
    """Length, forbidden letters and the check symbol are looked at."""
    with pytest.raises(InvalidIdentifier):
        credit_code(text)


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("45", 45), ("第9类", 9), ("０９", 9)])
def test_nice_classes_are_1_to_45(text: str, number: int) -> None:
    """Both ends are in."""
    assert nice_class(text) == number


@pytest.mark.parametrize("text", ["0", "46", "-1", "9.5", "九", ""])
def test_other_nice_classes_are_refused(text: str) -> None:
    """Nothing else is a class."""
    with pytest.raises(InvalidIdentifier):
        nice_class(text)


def test_two_spellings_have_one_reference_key() -> None:
    """A reference finds its right whatever the spelling, also a misspelled right."""
    assert reference_key("ZL2018108619342") == reference_key("201810861934.2") == "201810861934.2"
    assert reference_key("bs205012345") == "BS.205012345"
    assert reference_key("ZL201810861934.9") == "201810861934.9"


@pytest.mark.parametrize(
    ("ip_type", "filed", "end"),
    [
        (IpType.PATENT_INVENTION, date(2018, 7, 31), date(2038, 7, 31)),
        (IpType.PATENT_INVENTION, date(2020, 2, 29), date(2040, 2, 29)),
        (IpType.PATENT_UTILITY, date(2020, 2, 29), date(2030, 2, 28)),
        (IpType.PATENT_DESIGN, date(2021, 5, 31), date(2031, 5, 31)),
        (IpType.PATENT_DESIGN, date(2021, 6, 1), date(2036, 6, 1)),
        (IpType.TRADEMARK, date(2021, 6, 1), None),
    ],
)
def test_terms_count_from_filing(ip_type: IpType, filed: date, end: date | None) -> None:
    """20, 10 and 15 years, the old and the new design term, and 29 February."""
    assert term_end(ip_type, filed) == end


def test_only_possible_ends_of_a_term_pass() -> None:
    """Inventions may be compensated by up to five years; utility models end on the day."""
    filed = date(2018, 7, 31)
    assert is_term_possible(IpType.PATENT_INVENTION, filed, date(2043, 7, 31))
    assert not is_term_possible(IpType.PATENT_INVENTION, filed, date(2043, 8, 1))
    assert not is_term_possible(IpType.PATENT_UTILITY, filed, date(2028, 8, 1))
    assert is_term_possible(IpType.IC_LAYOUT, filed, date(2027, 1, 1))
    assert not is_term_possible(IpType.TRADEMARK, filed, filed)


def test_every_type_has_its_facts() -> None:
    """No type of right is without a title in both languages."""
    assert set(FACTS) == set(IpType)
    assert all(facts.title_zh and facts.title_en for facts in FACTS.values())
