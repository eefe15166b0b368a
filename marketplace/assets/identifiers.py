"""Registration numbers of rights and organisations: their forms, their check digits, and their one normal spelling.

Every function takes what a person typed and gives back the normal spelling, or raises `InvalidIdentifier` saying
what is wrong and, where it can be known, what would be right. Source: domain 3.1 "Formats"; GB 32100 for organisations.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from marketplace.assets.types import IpType

_PATENT = re.compile(r"(?:ZL)?(\d{12})\.?([\dX])", re.ASCII)
_PATENT_WEIGHTS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
#: The type digit after the year: 8 and 9 are international applications that entered the national phase.
_PATENT_TYPE_DIGITS: Final[Mapping[IpType, str]] = {
    IpType.PATENT_INVENTION: "18",
    IpType.PATENT_UTILITY: "29",
    IpType.PATENT_DESIGN: "3",
    IpType.PATENT_APPLICATION: "12389",
}
#: Numbers of twelve digits and a check digit are given out since 1 October 2003; older rights have all expired.
_FIRST_PATENT_YEAR: Final = 2003

#: GB 32100: digits and capitals without I, O, S, V, Z; a symbol's value is its place here.
_CREDIT_SYMBOLS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_MODULUS: Final = 31

_SINGLE_FORMS: Final[Mapping[IpType, tuple[re.Pattern[str], str]]] = {
    IpType.TRADEMARK: (re.compile(r"G?\d{1,8}[A-Z]?", re.ASCII), "12345678"),
    IpType.TM_COLLECTIVE: (re.compile(r"G?\d{1,8}[A-Z]?", re.ASCII), "12345678"),
    IpType.TM_CERTIFICATION: (re.compile(r"G?\d{1,8}[A-Z]?", re.ASCII), "12345678"),
    IpType.SOFTWARE_COPYRIGHT: (
        re.compile(r"软著登字第\d{5,8}号|(?:19|20)\d{2}SR[A-Z]?\d{4,7}", re.ASCII),
        "软著登字第1234567号 / 2020SR1234567",
    ),
    IpType.COPYRIGHT: (
        re.compile(r"[\u4e00-\u9fff]{0,8}作登字-?(?:19|20)\d{2}-?[A-Z]-?\d{5,9}(?:号)?", re.ASCII),
        "国作登字-2020-F-01234567",
    ),
    IpType.IC_LAYOUT: (re.compile(r"BS\.\d{8,12}", re.ASCII), "BS.205012345"),
    IpType.PLANT_VARIETY: (
        re.compile(r"(?:CNA|CNF)?\d{8,11}(?:\.\d)?", re.ASCII),
        "CNA20191000001",
    ),
}


class InvalidIdentifier(ValueError):
    """A registration number is not one: says why, in English and in Chinese. Callers add where it stood."""

    def __init__(self, message: str, message_zh: str) -> None:
        super().__init__(message)
        self.message = message
        self.message_zh = message_zh


def patent_check_digit(digits: str) -> str:
    """The check character of twelve digits: weights 2..9,2..5, sum modulo 11, ten written as X. Source: domain 3.1."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _PATENT_WEIGHTS, strict=True))
    return "0123456789X"[total % 11]


def patent_number(text: str, ip_type: IpType = IpType.PATENT_APPLICATION) -> str:
    """A Chinese patent number as `201810861934.2`; `ZL` and the dot are optional on input.

    `ip_type` says which type digits are right; an application may carry any of them.
    """
    spelled = _compact(text)
    match = _PATENT.fullmatch(spelled)
    if match is None:
        raise InvalidIdentifier(
            f"{text!r} is not a patent number: ZL (optional), 12 digits, a dot (optional), a check digit,"
            " e.g. ZL201810861934.2",
            f"“{text}”不是专利号：应为 ZL（可省略）+12位数字+点（可省略）+校验位，例如 ZL201810861934.2",
        )
    digits, check = match.groups()
    right = patent_check_digit(digits)
    if check != right:
        raise InvalidIdentifier(
            f"{text!r} has the check digit {check}; {digits}.{right} would be right, or one digit is mistyped",
            f"“{text}”校验位为 {check}，按号码计算应为 {digits}.{right}，请核对是否录错",
        )
    _check_patent_parts(text, digits, ip_type)
    return f"{digits}.{check}"


def _check_patent_parts(text: str, digits: str, ip_type: IpType) -> None:
    if int(digits[:4]) < _FIRST_PATENT_YEAR:
        raise InvalidIdentifier(
            f"{text!r} begins with the year {digits[:4]}; 12-digit numbers begin with 2003 or later",
            f"“{text}”年份为 {digits[:4]}；12位申请号自2003年起使用",
        )
    allowed = _PATENT_TYPE_DIGITS[ip_type]
    if digits[4] not in allowed:
        raise InvalidIdentifier(
            f"{text!r} has the type digit {digits[4]}; {ip_type.value} has {' or '.join(allowed)}"
            " (1, 8 invention; 2, 9 utility model; 3 design)",
            f"“{text}”种类号为 {digits[4]}，与所填类型不符（1、8 发明；2、9 实用新型；3 外观设计）",
        )


def patent_year(number: str) -> int:
    """The year in a normal patent number: that of filing, or of entry into the national phase, or of a division."""
    return int(number[:4])


def credit_check_symbol(body: str) -> str:
    """The 18th symbol for the first 17 of a unified social credit code: weights 3^i mod 31. Source: GB 32100."""
    total = sum(
        _CREDIT_SYMBOLS.index(symbol) * pow(3, place, _CREDIT_MODULUS)
        for place, symbol in enumerate(body)
    )
    return _CREDIT_SYMBOLS[-total % _CREDIT_MODULUS]


def credit_code(text: str) -> str:
    """A unified social credit code (统一社会信用代码) in capitals, 18 symbols with a right check symbol."""
    spelled = _compact(text)
    wrong = [symbol for symbol in spelled if symbol not in _CREDIT_SYMBOLS]
    if len(spelled) != 18 or wrong:
        found = f"{len(spelled)} symbols" + (f", among them {' '.join(wrong)}" if wrong else "")
        raise InvalidIdentifier(
            f"{text!r} is not a unified social credit code: 18 digits and capitals without I, O, S, V, Z;"
            f" found {found}",
            f"“{text}”不是统一社会信用代码：应为18位数字和大写字母（不含 I、O、S、V、Z），现为{len(spelled)}位",
        )
    right = credit_check_symbol(spelled[:17])
    if spelled[17] != right:
        raise InvalidIdentifier(
            f"{text!r} ends in {spelled[17]}; its first 17 symbols call for {right}, or one is mistyped",
            f"“{text}”校验码为 {spelled[17]}，按前17位计算应为 {right}，请核对是否录错",
        )
    return spelled


def nice_class(text: str) -> int:
    """A trademark's class, 1 to 45 (Nice classification, 尼斯分类)."""
    spelled = unicodedata.normalize("NFKC", text).strip().removeprefix("第").removesuffix("类")
    if not (spelled.isascii() and spelled.isdigit() and 1 <= int(spelled) <= 45):
        raise InvalidIdentifier(
            f"{text!r} is not a Nice class: a whole number from 1 to 45",
            f"“{text}”不是商标类别：应为1至45的整数",
        )
    return int(spelled)


def right_number(text: str, ip_type: IpType) -> str:
    """The normal spelling of a right's number, by its type."""
    if ip_type in _PATENT_TYPE_DIGITS:
        return patent_number(text, ip_type)
    if ip_type is IpType.IC_LAYOUT:
        return _one_form(_dotted_layout(text), text, ip_type)
    if ip_type in _SINGLE_FORMS:
        return _one_form(_compact(text), text, ip_type)
    return _free_form(text)


def _dotted_layout(text: str) -> str:
    spelled = _compact(text)
    return f"BS.{spelled[2:]}" if re.fullmatch(r"BS\d+", spelled) else spelled


def _one_form(spelled: str, text: str, ip_type: IpType) -> str:
    form, example = _SINGLE_FORMS[ip_type]
    if form.fullmatch(spelled) is None:
        raise InvalidIdentifier(
            f"{text!r} is not a number of a {ip_type.value}; it looks like {example}",
            f"“{text}”不是该类权利的编号；正确形式如 {example}",
        )
    return spelled


def _free_form(text: str) -> str:
    """Rights without a national register: 3 to 64 printable characters, as the certificate has them."""
    spelled = unicodedata.normalize("NFKC", text).strip()
    if not 3 <= len(spelled) <= 64 or not spelled.isprintable():
        raise InvalidIdentifier(
            f"{text!r} is not a certificate number: 3 to 64 printable characters",
            f"“{text}”不是证书编号：应为3至64个可见字符",
        )
    return spelled


def _compact(text: str) -> str:
    """Half-width, in capitals, without white space or hyphens that people add for reading."""
    return "".join(unicodedata.normalize("NFKC", text).upper().split())


def reference_key(text: str) -> str:
    """What two spellings of one number have in common, for finding the right that a text refers to.

    It checks nothing: `ZL2018108619342` and `201810861934.2` give one key, and so do two spellings of any other number.
    """
    spelled = _compact(text)
    match = _PATENT.fullmatch(spelled)
    if match is not None:
        return f"{match[1]}.{match[2]}"
    return _dotted_layout(text)
