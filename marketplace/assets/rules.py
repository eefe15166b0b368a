"""What a right must satisfy to be entered. Source: domain 3.1."""

import msgspec

from kit.errors import InvalidInput
from marketplace.assets import identifiers
from marketplace.assets.identifiers import InvalidIdentifier
from marketplace.assets.schemas import LegalStatus, NewAsset
from marketplace.assets.terms import is_term_possible, term_end
from marketplace.assets.types import FACTS, IpType

_PATENTS = frozenset({IpType.PATENT_INVENTION, IpType.PATENT_UTILITY, IpType.PATENT_DESIGN})


def normal(asset: NewAsset) -> NewAsset:
    """`asset` with its number and codes in their normal spelling and its expiry filled in; or `InvalidInput`."""
    try:
        number = identifiers.right_number(asset.number, asset.ip_type)
    except InvalidIdentifier as error:
        raise InvalidInput("number", error.message, error.message_zh) from error
    code = asset.owner_code
    try:
        code = None if code is None else identifiers.credit_code(code)
    except InvalidIdentifier as error:
        raise InvalidInput("owner_code", error.message, error.message_zh) from error
    expires_on = asset.expires_on
    if expires_on is None and asset.filed_on is not None:
        expires_on = term_end(asset.ip_type, asset.filed_on)
    return msgspec.structs.replace(asset, number=number, owner_code=code, expires_on=expires_on)


def contradictions(asset: NewAsset) -> list[InvalidInput]:
    """What in a right's own facts cannot be; `asset` is `normal`. Each names its field and what would be right."""
    return [
        *_class_contradictions(asset),
        *_date_contradictions(asset),
        *_term_contradictions(asset),
    ]


def _class_contradictions(asset: NewAsset) -> list[InvalidInput]:
    has_class = FACTS[asset.ip_type].has_nice_class
    if has_class and asset.nice_class is None:
        return [
            InvalidInput("nice_class", "a mark needs its class, 1 to 45", "商标须填写类别（1至45）")
        ]
    if not has_class and asset.nice_class is not None:
        return [
            InvalidInput(
                "nice_class", "only marks have a class; leave it empty", "仅商标填写类别，请留空"
            )
        ]
    return []


def _date_contradictions(asset: NewAsset) -> list[InvalidInput]:
    found = []
    filed, granted = asset.filed_on, asset.granted_on
    if asset.ip_type in _PATENTS and filed is None:
        found.append(InvalidInput("filed_on", "a patent needs its filing date", "专利须填写申请日"))
    if filed is not None and granted is not None and granted < filed:
        found.append(
            InvalidInput(
                "granted_on",
                f"{granted} is before the filing date {filed}",
                f"{granted} 早于申请日 {filed}",
            )
        )
    if asset.ip_type in _PATENTS and filed is not None:
        year = identifiers.patent_year(asset.number)
        # A division, or an international application, keeps an earlier filing date than its number's year.
        if filed.year > year:
            found.append(
                InvalidInput(
                    "filed_on",
                    f"{filed} is after {year}, the year in the number {asset.number}",
                    f"申请日 {filed} 晚于专利号 {asset.number} 中的年份 {year}",
                )
            )
    if asset.legal_status is LegalStatus.IN_FORCE and asset.ip_type in _PATENTS and granted is None:
        found.append(
            InvalidInput(
                "granted_on", "a patent in force has a grant date", "有效专利须填写授权公告日"
            )
        )
    return found


def _term_contradictions(asset: NewAsset) -> list[InvalidInput]:
    filed, expires = asset.filed_on, asset.expires_on
    if filed is None or expires is None or is_term_possible(asset.ip_type, filed, expires):
        return []
    end = term_end(asset.ip_type, filed)
    right = f"{end}" if end is not None else f"a day after {filed}"
    right_zh = f"{end}" if end is not None else f"晚于 {filed} 的日期"
    return [
        InvalidInput(
            "expires_on",
            f"{expires} cannot be the end of a {asset.ip_type.value} filed on {filed}; right would be {right}",
            f"申请日为 {filed} 的{FACTS[asset.ip_type].title_zh}不可能于 {expires} 届满；应为 {right_zh}",
        )
    ]
