"""What a notice may announce of a longer listing (延牌), and how long a changed notice must stand (重新披露).

Source: domain 2.5: on exchanges each extension is 5 working days at least and only if the notice stated it; a change of
what was disclosed is disclosed anew for 5 working days at least; after 12 months without a buyer all begins again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from kit.clock import CHINA
from marketplace.lots.regimes import Finding, Regime, Severity, Terms, check_notice, days_between
from settlement.calendars import china

WORKING_DAYS_LEAST: Final = 5
#: A listing that found nobody for so many months needs new audit, valuation and disclosure.
MONTHS_MOST: Final = 12

_NO_EXTENSION: Mapping[Regime, tuple[str, str]] = MappingProxyType(
    {
        Regime.JUDICIAL_NETWORK: (
            "who finds no bidder holds the second auction within 30 days (Fa Shi [2016] 18, art. 26)",
            "无人出价的应当流拍并在三十日内再次拍卖（法释〔2016〕18号第二十六条）",
        ),
        Regime.COMMERCIAL_AUCTION: (
            "an auction is held at the time announced; another time needs a new notice of 7 days (Auction Law art. 45)",
            "拍卖应按公告时间举行，改期须重新公告七日（拍卖法第四十五条）",
        ),
        Regime.AGREEMENT: (
            "an agreement is made by pledgor and pledgee and is not listed (Civil Code art. 436)",
            "协议处置由出质人与质权人协商，不经挂牌（民法典第四百三十六条）",
        ),
    }
)


class ListingExtension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the notice announces for the case that fewer than `min_bidders` stand ready when registration ends (延牌).

    The listing then goes on by itself for so many working days, and again, `cycles_max` times at most.
    """

    working_days: Annotated[int, msgspec.Meta(ge=1, le=60)]
    cycles_max: Annotated[int, msgspec.Meta(ge=1, le=24)]
    min_bidders: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1


def check_extension(
    terms: Terms, announced: ListingExtension | None, *, is_sealed: bool
) -> list[Finding]:
    """What the regime objects to in an announced extension; empty when none is announced."""
    if announced is None:
        return []
    if terms.regime in _NO_EXTENSION:
        english, chinese = _NO_EXTENSION[terms.regime]
        return [
            _block(
                f"no extension may be announced under {terms.regime}: {english}; leave it out",
                f"{terms.regime} 不得约定延牌：{chinese}，请勿填写",
            )
        ]
    if is_sealed:
        return [
            _block(
                "bids are sealed to the close that the key holders proved, so the listing ends with it; leave it out",
                "密封报价的密钥与截止时间绑定，不得约定延牌，请勿填写",
            )
        ]
    if announced.working_days < WORKING_DAYS_LEAST and not terms.shortened_times:
        return [
            _block(
                f"each extension is {announced.working_days} working days; at least {WORKING_DAYS_LEAST}"
                " (SASAC and MOF Order 32, as the exchanges' template)",
                f"每次延牌为 {announced.working_days} 个工作日，不得少于 {WORKING_DAYS_LEAST} 个工作日"
                "（参照国资委、财政部令第32号）",
            )
        ]
    return []


def check_redisclosure(
    terms: Terms, *, disclosed_at: datetime, changed_at: datetime
) -> list[Finding]:
    """What is wrong with the times of a changed notice: `terms` has the new ones.

    On an exchange it stands for 5 working days at least from the change, and the whole period from the first notice is
    kept; elsewhere no article shortens it, so the changed notice stands as long as a new one.
    """
    found = check_notice(terms, published_at=disclosed_at)
    if terms.shortened_times:
        return found
    if terms.regime is not Regime.EXCHANGE:
        return found or check_notice(terms, published_at=changed_at)
    given = days_between(changed_at, terms.opens_at, working=True)
    if given < WORKING_DAYS_LEAST:
        found.append(
            _block(
                f"the changed notice would stand for {given} working days; at least {WORKING_DAYS_LEAST}"
                " (SASAC and MOF Order 32, as the exchanges' template)",
                f"重新披露期仅 {given} 个工作日，不得少于 {WORKING_DAYS_LEAST} 个工作日（参照国资委、财政部令第32号）",
                field="opens_at",
            )
        )
    return found


def longer_by(closing_at: datetime, *, working_days: int, now: datetime) -> timedelta:
    """By how much a listing goes on that would have ended at `closing_at`: to the same time of the last added day.

    Counted in China, the day of the decision not included. A worker that was late takes no day from the listing.
    """
    ends_on = max(closing_at, now).astimezone(CHINA).date()
    last_on = china().add_workdays(ends_on, working_days)
    return last_on - closing_at.astimezone(CHINA).date()


def is_within_a_year(published_at: datetime, opens_at: datetime) -> bool:
    """Whether the listing still ends within 12 months of its first notice."""
    first, last = published_at.astimezone(CHINA).date(), opens_at.astimezone(CHINA).date()
    months = (last.year - first.year) * 12 + last.month - first.month
    return months < MONTHS_MOST or (months == MONTHS_MOST and last.day <= first.day)


def _block(
    message: str, message_zh: str, *, field: str = "conditions.listing_extension"
) -> Finding:
    return Finding(
        code="ELG-21",
        severity=Severity.BLOCK,
        field=field,
        message=message,
        message_zh=message_zh,
    )
