"""What gives the power to license, what an offer may not state, what is unusual, and who is chosen.

Sources: domain 2.8 (WEIGHTED), 3.3, 3.4, 4.4; contracts 1 (uniform price: the highest losing bid, or the floor).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from kit.errors import Conflict, InvalidInput
from kit.money import BP_ONE
from kit.states import require_step
from marketplace.burdens.schemas import LicenceKind
from marketplace.consignments.schemas import Authority
from marketplace.licence_offers.schemas import Application, OfferState, OfferTerms, Power, Warning

_S = OfferState

STEPS: Mapping[OfferState, frozenset[OfferState]] = MappingProxyType(
    {
        _S.DRAFT: frozenset({_S.OPEN, _S.WITHDRAWN}),
        _S.OPEN: frozenset({_S.SCORING, _S.OPENING, _S.FILLED, _S.FAILED, _S.WITHDRAWN}),
        _S.SCORING: frozenset({_S.OPENING, _S.WITHDRAWN}),
        _S.OPENING: frozenset({_S.AWARDED, _S.FAILED, _S.WITHDRAWN}),
        # Filled by signatures alone; failed when nobody who was asked has signed; withdrawn before anybody has.
        _S.AWARDED: frozenset({_S.FILLED, _S.FAILED, _S.WITHDRAWN}),
        _S.FILLED: frozenset(),
        _S.FAILED: frozenset(),
        _S.WITHDRAWN: frozenset(),
    }
)

SEALED = frozenset({"uniform_price", "tender"})
NAMED = frozenset({"negotiated", "reverse"})
#: Caps of CNIPA's trial notice for open licences: above them an offer is warned. Source: domain 4.4.
_FIXED_FEE_MAX_FEN = 2_000_000_000
_ROYALTY_MAX_BP = 2_000
_SEVERAL = frozenset({LicenceKind.ORDINARY, LicenceKind.OPEN})
_BY_COURT = frozenset({Authority.COURT_ORDER_REALISATION, Authority.ENFORCEMENT_CASE})


class NoPowerToLicense(Conflict):
    """A pledgee has no power of its own to license. / 质权人无权自行许可。"""

    code = "no_power_to_license"


def require_offer_step(current: OfferState, wanted: OfferState, *, number: str) -> None:
    """Raise `IllegalStep` unless offer `number` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"licence offer {number}")


def require_power(power: Power, *, authority: Authority | None, has_title: bool) -> None:
    """Raise `NoPowerToLicense` unless what the offer names gives the power (domain 3.3; Civil Code 444(2)).

    An agreement of pledgor and pledgee is proved by its document, whose hash the offer carries; a clause of self-sale
    in the pledge contract is no such agreement.
    """
    if power is Power.TITLE_ACQUIRED and not has_title:
        raise NoPowerToLicense(
            "the bank has not taken these rights: no set-off of this consignment is approved",
            "银行尚未取得该权利：本委托无已批准的以物抵债",
        )
    if power is Power.COURT_MANAGEMENT and authority not in _BY_COURT:
        raise NoPowerToLicense(
            "a court hands rights over for management in enforcement only (Interpretation on Civil Procedure 490)",
            "仅执行程序中法院可将权利交付管理（民诉解释第四百九十条）",
        )


def contradictions(offer: OfferTerms) -> list[InvalidInput]:
    """What no offer may state; each names its field and what would be right."""
    found = []
    if (offer.way == "negotiated") != (offer.licensee_id is not None):
        found.append(
            InvalidInput(
                "offer.licensee_id",
                "names whom a negotiated licence is for, and no other",
                "仅协商许可须指定被许可人",
            )
        )
    if (offer.way in SEALED) != (offer.opening_seconds > 0):
        found.append(
            InvalidInput(
                "offer.opening_seconds",
                "says how long sealed amounts may be opened: above 0 for uniform_price and tender, else 0",
                "统一价和招标须大于 0，其他方式为 0",
            )
        )
    if offer.places > 1 and offer.kind not in _SEVERAL:
        found.append(
            InvalidInput(
                "offer.places",
                "only ordinary and open licences are several",
                "仅普通许可可设多个名额",
            )
        )
    if offer.kind is LicenceKind.OPEN and offer.way != "posted":
        found.append(
            InvalidInput(
                "offer.way",
                "an open licence is offered at a posted price",
                "开放许可须公布固定条件",
            )
        )
    if (offer.way == "tender") != (offer.price_weight_bp < BP_ONE):
        found.append(
            InvalidInput(
                "offer.price_weight_bp",
                "is below 10000 in a tender, where experts count too, and 10000 elsewhere",
                "权重招标须低于 10000，其他方式为 10000",
            )
        )
    return found


def warnings_of(offer: OfferTerms) -> list[Warning]:
    """What is above the caps of the trial notice on open licences (domain 4.4): said, not refused."""
    if offer.kind is not LicenceKind.OPEN:
        return []
    found = []
    if offer.terms.entry_fee_fen > _FIXED_FEE_MAX_FEN:
        found.append(
            Warning(
                field="terms.entry_fee_fen",
                message="a fixed fee of an open licence is normally at most CNY 20 million (CNIPA trial notice)",
                message_zh="开放许可固定费用一般不高于 2000 万元（国家知识产权局试点公告）",
            )
        )
    if offer.terms.rate_bp > _ROYALTY_MAX_BP:
        found.append(
            Warning(
                field="terms.rate_bp",
                message="a royalty of an open licence is normally at most 20% of net sales (CNIPA trial notice)",
                message_zh="开放许可提成费一般不高于净销售额的百分之二十（国家知识产权局试点公告）",
            )
        )
    return found


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """Who is chosen, in order, each with its entry fee; `price_fen` is the one price where there is one.

    `waiting`: who is asked next, in order, each with its entry fee, when one of those chosen does not sign.
    """

    chosen: tuple[tuple[Application, int], ...]
    waiting: tuple[tuple[Application, int], ...] = ()
    price_fen: int | None = None


def uniform_award(applications: Sequence[Application], *, places: int, floor_fen: int) -> Award:
    """The highest so many win and all pay the highest losing amount, or the floor; of equal ones the earlier wins.

    Who committed to that one price too is asked next; nobody below it is, since all pay the same.
    """
    order = sorted(_opened(applications, floor_fen), key=lambda one: (-_amount(one), one.made_at))
    losers = order[places:]
    price_fen = _amount(losers[0]) if losers else floor_fen
    return Award(
        chosen=tuple((one, price_fen) for one in order[:places]),
        waiting=tuple((one, price_fen) for one in losers if _amount(one) == price_fen),
        price_fen=price_fen,
    )


def total_score_bp(amount_fen: int, *, best_fen: int, factor_bp: int, price_weight_bp: int) -> int:
    """The price's score is its part of the best price, the factors' the experts' average (domain 2.8)."""
    price_bp = BP_ONE * amount_fen // best_fen
    return (price_weight_bp * price_bp + (BP_ONE - price_weight_bp) * factor_bp) // BP_ONE


def tender_award(
    applications: Sequence[Application],
    factors: Mapping[int, int],
    *,
    places: int,
    floor_fen: int,
    price_weight_bp: int,
) -> Award:
    """The highest scores win, each at its own price; equal scores: the higher price, then the earlier (domain 2.8).

    The others wait in that order, each at its own price.
    """
    opened = _opened(applications, floor_fen)
    if not opened:
        return Award(chosen=())
    best_fen = max(_amount(one) for one in opened)
    scored = [
        msgspec.structs.replace(
            one,
            score_bp=total_score_bp(
                _amount(one),
                best_fen=best_fen,
                factor_bp=factors[one.number],
                price_weight_bp=price_weight_bp,
            ),
        )
        for one in opened
    ]
    order = sorted(scored, key=lambda one: (-(one.score_bp or 0), -_amount(one), one.made_at))
    priced = tuple((one, _amount(one)) for one in order)
    return Award(chosen=priced[:places], waiting=priced[places:])


def average_bp(scores: Sequence[int]) -> int:
    """The experts' average, rounded down."""
    return sum(scores) // len(scores)


def _opened(applications: Sequence[Application], floor_fen: int) -> list[Application]:
    return [
        one
        for one in applications
        if one.amount_fen is not None and one.amount_fen >= max(floor_fen, 1)
    ]


def _amount(application: Application) -> int:
    assert application.amount_fen is not None, "only opened applications are compared"
    return application.amount_fen
