"""Lots that are sold by offers and not in the bid engine: collection (收储). What their terms say, frozen and hashed.

Source: domain 3.9 (COLLECTION), 2.5 (instalments).
"""

import hashlib
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from kit.errors import InvalidInput
from kit.money import BP_ONE, split

#: The formats whose price is found by offers; the bid engine never hears of such a lot.
OFFERED = frozenset({"collection"})

_Seconds = Annotated[int, msgspec.Meta(ge=0, le=40_000_000)]
#: Source: 32号令 as the template: the first instalment is 30% at least, and all is paid within a year.
_FIRST_INSTALMENT_BP = 3_000
_INSTALMENT_HOURS_MAX = 8_760


class Instalment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the price, and when it is due after the sale."""

    part_bp: Annotated[int, msgspec.Meta(ge=1, le=BP_ONE)]
    due_after_hours: Annotated[int, msgspec.Meta(ge=1, le=_INSTALMENT_HOURS_MAX)]


class Repurchase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pledgor may buy the rights back until then, at this share of the price (回购选择权)."""

    open_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)]
    price_bp: Annotated[int, msgspec.Meta(ge=BP_ONE, le=3 * BP_ONE)]


class OfferTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How offers are made and answered.

    `sealed`: only a commitment is handed in, and opened by its maker within `opening_seconds` after the close.
    `final_seconds`: the best-and-final round after the first, 0 for none. `decision_seconds`: how long the bank may
    take to accept, after which the call has failed. `needs_backstop`: without a commitment in advance it fails.
    """

    mode: Literal["open", "sealed"]
    decision_seconds: Annotated[int, msgspec.Meta(ge=1, le=40_000_000)]
    opening_seconds: _Seconds = 0
    final_seconds: _Seconds = 0
    needs_backstop: bool = False
    #: The one organisation that may offer: who exercises an option to buy.
    reserved_for: UUID | None = None
    instalments: Annotated[tuple[Instalment, ...], msgspec.Meta(max_length=24)] = ()
    #: What deferred instalments bear a year, in basis points (the bank rate); 0: the notice says that they bear none.
    interest_bp_year: Annotated[int, msgspec.Meta(ge=0, le=2_400)] = 0
    repurchase: Repurchase | None = None


def offer_terms(format_terms: dict[str, Any]) -> OfferTerms:
    """The terms as a lot's bidding carries them. Raises `InvalidInput` naming the field."""
    try:
        terms = msgspec.convert(format_terms, OfferTerms)
    except msgspec.ValidationError as error:
        raise InvalidInput("bidding.format_terms", str(error), f"收储条款有误：{error}") from error
    if (terms.mode == "sealed") != (terms.opening_seconds > 0):
        raise InvalidInput(
            "bidding.format_terms.opening_seconds",
            "a sealed call states how long offers may be opened after the close; an open one states nothing",
            "密封报价须载明开封时限；公开报价不得载明",
        )
    if terms.interest_bp_year and not terms.instalments:
        raise InvalidInput(
            "bidding.format_terms.interest_bp_year",
            "must be 0 where the price is paid at once",
            "一次付清的，不得载明分期利率",
        )
    if terms.instalments:
        _check_instalments(terms.instalments)
    return terms


def instalments_fen(price_fen: int, parts: tuple[Instalment, ...]) -> list[int]:
    """What each instalment comes to, by largest remainder (domain 5.5)."""
    return split(price_fen, [part.part_bp for part in parts])


def frozen_text(auction: dict[str, Any]) -> str:
    """The terms of an offered lot in canonical form: JSON with sorted keys and no spaces."""
    return msgspec.json.encode(auction, order="sorted").decode()


def text_hash(text: str, salt: str) -> str:
    """SHA-256 in hex of the salt and the text."""
    return hashlib.sha256((salt + text).encode()).hexdigest()


def _check_instalments(parts: tuple[Instalment, ...]) -> None:
    field = "bidding.format_terms.instalments"
    if sum(part.part_bp for part in parts) != BP_ONE:
        raise InvalidInput(
            field, "the parts must add up to 100% (10000)", "各期比例之和须为 100%（10000）"
        )
    if parts[0].part_bp < _FIRST_INSTALMENT_BP:
        raise InvalidInput(
            field,
            "the first part is 30% (3000) at least (SASAC and MOF Order 32)",
            "首期不得低于百分之三十（国资委、财政部令第32号）",
        )
    hours = [part.due_after_hours for part in parts]
    if hours != sorted(set(hours)):
        raise InvalidInput(field, "each part is due after the one before", "各期到期时间须依次递增")
