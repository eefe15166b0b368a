"""When a bank may take the rights in payment, at what price, and until when it must be rid of them.

Sources: domain 2.2 (art. 16), 3.3 (Civil Code 428, 436), 3.9 (SET_OFF; 财金〔2005〕53号).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from kit.errors import Conflict, InvalidInput
from kit.money import yuan
from kit.states import require_step
from marketplace.set_offs.schemas import SetOffState

_S = SetOffState

STEPS: Mapping[SetOffState, frozenset[SetOffState]] = MappingProxyType(
    {
        _S.PROPOSED: frozenset({_S.APPROVED, _S.REFUSED}),
        _S.APPROVED: frozenset({_S.DISPOSED}),
        _S.REFUSED: frozenset(),
        _S.DISPOSED: frozenset(),
    }
)

#: Rights other than immovables and equity: within two years, or within their life where that is shorter.
_DISPOSE_WITHIN_YEARS = 2


class NoGroundForSetOff(Conflict):
    """Nothing allows the bank to take these rights. / 无以物抵债依据。"""

    code = "no_ground_for_set_off"


def require_set_off_step(current: SetOffState, wanted: SetOffState, *, number: str) -> None:
    """Raise `IllegalStep` unless set-off `number` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"set-off {number}")


def ground_of(*, unsold_price_fen: int | None, has_agreement: bool, price_fen: int) -> str:
    """What the set-off rests on: a round that did not sell, at its price at least; or the parties' agreement.

    Ownership never passes by the default alone (Civil Code 428). Raises `NoGroundForSetOff`, `InvalidInput`.
    """
    if unsold_price_fen is not None:
        if price_fen < unsold_price_fen and not has_agreement:
            raise InvalidInput(
                "price_fen",
                f"is below the unsold round's price of {yuan(unsold_price_fen)} yuan (2020 auction rules, art. 16)",
                f"低于流拍轮次的保留价 {yuan(unsold_price_fen)} 元（拍卖变卖规定第十六条）",
            )
        return "unsold_round" if price_fen >= unsold_price_fen else "agreement"
    if has_agreement:
        return "agreement"
    raise NoGroundForSetOff(
        "no round has failed, and pledgor and pledgee have not agreed after the default (Civil Code 428, 436)",
        "尚无流拍轮次，出质人与质权人亦未于违约后达成折价协议（民法典第四百二十八条、第四百三十六条）",
    )


def dispose_by(taken_on: date, *, rights_expire_on: date | None) -> date:
    """The last day on which the bank may still hold the rights."""
    try:
        latest = taken_on.replace(year=taken_on.year + _DISPOSE_WITHIN_YEARS)
    except ValueError:  # 29 February
        latest = taken_on.replace(year=taken_on.year + _DISPOSE_WITHIN_YEARS, day=28)
    if rights_expire_on is None:
        return latest
    return min(latest, max(rights_expire_on - timedelta(days=1), taken_on))
