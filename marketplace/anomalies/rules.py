"""Scores of bidders who may be the seller's own (shills), and rings that raise each other. Source: reliability T29.

The features are those of the Shill Score line of work: how much of a bidder's bidding is for one seller, how large its
part of the bids is, how seldom it wins, how quickly it answers, how low it raises, how early it stops. The affiliation
weighs most; a shill who now and then bids elsewhere is still told by how it bids. A score is a reason to look, never a
verdict.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from statistics import fmean, median
from types import MappingProxyType

import msgspec

#: From here on a result is held. Set by the synthetic market of the tests: shills are above, loyal losers below.
THRESHOLD_BP = 7_500
#: With fewer lots of one seller nothing can be said.
LOTS_MIN = 4
#: Turns in a row of the same two, by the lowest raise, and in how many lots, that make a ring.
RING_TURNS, RING_LOTS = 4, 3
_WEIGHTS: Mapping[str, int] = MappingProxyType(
    {"affiliation": 7, "losing": 5, "share": 3, "quickness": 3, "low_raises": 5, "early_end": 1}
)


class Bid(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted bid: whose, how much, when."""

    bidder: str
    amount_fen: int
    at_ms: int


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """An auction that has ended: whose, its bids in order, who won."""

    lot: str
    seller: str
    opens_ms: int
    ends_ms: int
    bids: Sequence[Bid]
    winner: str | None


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How much a bidder looks like one seller's own: 0 to 10,000, with what it is made of."""

    bidder: str
    seller: str
    lots: int
    score_bp: int
    parts: dict[str, float]

    @property
    def is_suspect(self) -> bool:
        """Whether somebody should look."""
        return self.score_bp >= THRESHOLD_BP


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """Two who raise each other by the least, again and again, and leave the lot to others."""

    seller: str
    bidders: tuple[str, str]
    lots: int


def scores(played: Sequence[Played]) -> list[Score]:
    """The score of every bidder at every seller with enough lots, the highest first."""
    features: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    everywhere: dict[str, int] = defaultdict(int)
    for lot in played:
        for bidder, found in _features(lot).items():
            features[bidder, lot.seller].append(found)
            everywhere[bidder] += 1
    found_scores = [
        _score(bidder, seller, per_lot, everywhere[bidder])
        for (bidder, seller), per_lot in features.items()
        if len(per_lot) >= LOTS_MIN
    ]
    return sorted(found_scores, key=lambda one: (-one.score_bp, one.bidder, one.seller))


def rings(played: Sequence[Played]) -> list[Ring]:
    """The pairs that take turns at the lowest raise in several lots of one seller and win none of them."""
    seen: dict[tuple[str, str, str], int] = defaultdict(int)
    for lot in played:
        for one, other in _turns(lot):
            if lot.winner not in (one, other):
                seen[lot.seller, one, other] += 1
    return [
        Ring(seller=seller, bidders=(one, other), lots=lots)
        for (seller, one, other), lots in sorted(seen.items())
        if lots >= RING_LOTS
    ]


def _score(
    bidder: str, seller: str, per_lot: Sequence[Mapping[str, float]], lots_everywhere: int
) -> Score:
    count = len(per_lot)
    parts = {name: fmean(one[name] for one in per_lot) for name in per_lot[0]}
    parts["affiliation"] = count / lots_everywhere * (count / (count + 1))
    whole = sum(weight * parts[name] for name, weight in _WEIGHTS.items()) / sum(_WEIGHTS.values())
    return Score(
        bidder=bidder,
        seller=seller,
        lots=count,
        score_bp=round(whole * 10_000),
        parts={name: round(parts[name], 4) for name in _WEIGHTS},
    )


def _features(lot: Played) -> dict[str, dict[str, float]]:
    """What one lot says of each of its bidders, each from 0 to 1."""
    raises = _raises(lot.bids)
    lowest = min((raised for _, raised, _ in raises), default=0)
    gaps = [gap for _, _, gap in raises]
    usual = median(gaps) if gaps else 0
    length = max(lot.ends_ms - lot.opens_ms, 1)
    found = {}
    for bidder in {bid.bidder for bid in lot.bids}:
        own = [bid for bid in lot.bids if bid.bidder == bidder]
        answers = [(raised, gap) for who, raised, gap in raises if who == bidder]
        found[bidder] = {
            "losing": 0.0 if lot.winner == bidder else 1.0,
            "share": min(1.0, 2 * len(own) / len(lot.bids)),
            "quickness": fmean(usual / (usual + gap) if usual + gap else 1.0 for _, gap in answers)
            if answers
            else 0.0,
            "low_raises": fmean(float(raised == lowest) for raised, _ in answers)
            if answers
            else 0.0,
            "early_end": 1.0 - min(1.0, max(0, own[-1].at_ms - lot.opens_ms) / length),
        }
    return found


def _raises(bids: Sequence[Bid]) -> list[tuple[str, int, int]]:
    """Each answer to another's bid: who, by how much, after how long."""
    return [
        (later.bidder, later.amount_fen - earlier.amount_fen, later.at_ms - earlier.at_ms)
        for earlier, later in pairwise(bids)
        if later.bidder != earlier.bidder
    ]


def _turns(lot: Played) -> Iterable[tuple[str, str]]:
    """The pairs that took enough turns in a row, each by the lowest raise of the lot."""
    raises = _raises(lot.bids)
    lowest = min((raised for _, raised, _ in raises), default=0)
    pairs = [
        tuple(sorted((earlier.bidder, later.bidder)))
        if later.amount_fen - earlier.amount_fen == lowest and later.bidder != earlier.bidder
        else None
        for earlier, later in pairwise(lot.bids)
    ]
    found = {
        (pair[0], pair[1])
        for pair, run in groupby(pairs)
        if pair is not None and len(list(run)) >= RING_TURNS
    }
    return sorted(found)
