"""Which step of an offer to the underbidder may follow which, and which law knows such an offer at all.

Sources: 法释〔2016〕18号 arts. 24, 26 (a court's sale is auctioned again); 拍卖法 39 (resale, if the consignor agrees).
"""

from collections.abc import Mapping
from types import MappingProxyType

from kit.errors import Conflict
from kit.states import require_step
from marketplace.lots.regimes import Regime
from marketplace.lots.rules import LotStatus
from marketplace.resales.schemas import UnderbidState

_U = UnderbidState

STEPS: Mapping[UnderbidState, frozenset[UnderbidState]] = MappingProxyType(
    {
        _U.PROPOSED: frozenset({_U.OFFERED, _U.REFUSED}),
        _U.OFFERED: frozenset({_U.ACCEPTED, _U.DECLINED, _U.LAPSED}),
        _U.ACCEPTED: frozenset(),
        _U.DECLINED: frozenset(),
        _U.LAPSED: frozenset(),
        _U.REFUSED: frozenset(),
    }
)

#: A buyer did not pay: the rights may be offered to the underbidder, or auctioned again.
LEFT_BY_A_BUYER = frozenset({LotStatus.DEFAULTED, LotStatus.RE_AUCTION})


class NotOffered(Conflict):
    """The rights cannot be offered to the underbidder. / 不能向次高出价人递补。"""

    code = "underbidder_not_offered"


def require_underbid_step(current: UnderbidState, wanted: UnderbidState, *, number: str) -> None:
    """Raise `IllegalStep` unless the offer about lot `number` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"underbidder's offer of {number}")


def require_regime(regime: Regime) -> None:
    """Raise `NotOffered` in a court's sale, which knows the re-auction only."""
    if regime is Regime.JUDICIAL_NETWORK:
        raise NotOffered(
            "after a default a court's sale is auctioned again (Fa Shi [2016] 18, art. 24); nobody succeeds the winner",
            "网络司法拍卖悔拍后应重新拍卖（法释〔2016〕18号第二十四条），不得由次高出价人递补",
        )
