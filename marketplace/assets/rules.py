"""What a right must satisfy to be entered. Source: domain 3.1."""

from datetime import date

import msgspec

from kit.errors import InvalidInput
from marketplace.assets import identifiers
from marketplace.assets.details import (
    DETAILS_OF,
    CopyrightDetails,
    Details,
    LayoutDetails,
    VarietyDetails,
)
from marketplace.assets.identifiers import InvalidIdentifier
from marketplace.assets.schemas import LegalStatus, NewAsset
from marketplace.assets.terms import (
    copyright_end,
    is_term_possible,
    layout_end,
    term_end,
    variety_end,
)
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
    if expires_on is None:
        expires_on = _term_end_of(asset)
    return msgspec.structs.replace(asset, number=number, owner_code=code, expires_on=expires_on)


def _term_end_of(asset: NewAsset) -> date | None:
    """The end of a right whose own dates tell it, or None."""
    match asset.details:
        case LayoutDetails():
            return layout_end(
                filed_on=asset.filed_on,
                first_exploited_on=asset.details.first_exploited_on,
                created_on=asset.details.created_on,
            )
        case VarietyDetails() if asset.ip_type is IpType.PLANT_VARIETY and asset.granted_on:
            return variety_end(asset.granted_on, is_woody=asset.details.is_woody)
        case CopyrightDetails(published_on=date() as published_on):
            return copyright_end(published_on)
        case _:
            return None if asset.filed_on is None else term_end(asset.ip_type, asset.filed_on)


def contradictions(asset: NewAsset) -> list[InvalidInput]:
    """What in a right's own facts cannot be; `asset` is `normal`. Each names its field and what would be right."""
    return [
        *_class_contradictions(asset),
        *_date_contradictions(asset),
        *_term_contradictions(asset),
        *detail_contradictions(asset.ip_type, asset.details),
    ]


def detail_contradictions(ip_type: IpType, details: Details | None) -> list[InvalidInput]:
    """Details of another family than the type's are refused."""
    wanted = DETAILS_OF[ip_type]
    if details is None or isinstance(details, wanted):
        return []
    tag = wanted.__struct_config__.tag
    return [
        InvalidInput(
            "details",
            f"are those of another type; a {ip_type.value} has details of type {tag}",
            f"与权利类型不符；{FACTS[ip_type].title_zh}应为 {tag}",
        )
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
