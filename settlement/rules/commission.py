"""The most that a seller's or buyer's commission may be. A cap is rounded down: it is never exceeded.

Source: domain 2.2, art. 29 (judicial sale by an auction house, from the buyer); 拍卖法 56 (domain 2.4).
"""

from collections.abc import Sequence

from kit.money import BP_ONE, floor_bp

YUAN_MILLION_FEN = 100_000_000

JUDICIAL_BANDS = (
    (2 * YUAN_MILLION_FEN, 500),
    (10 * YUAN_MILLION_FEN, 300),
    (50 * YUAN_MILLION_FEN, 200),
    (100 * YUAN_MILLION_FEN, 100),
    (None, 50),
)
"""Up to an amount (null: without end), the part of the price above the band before it pays so many bp."""

COMMERCIAL_CAP_BP = 500
"""Where nothing was agreed: at most 5 % from each side."""


def banded(price_fen: int, bands: Sequence[tuple[int | None, int]]) -> int:
    """A fee by cumulative bands, in fen: each band's rate on the price inside it; the sum rounded down once."""
    fee = 0
    from_fen = 0
    for upto_fen, bp in bands:
        end_fen = price_fen if upto_fen is None else min(price_fen, upto_fen)
        fee += max(end_fen - from_fen, 0) * bp
        from_fen = max(end_fen, from_fen)
    return fee // BP_ONE


def judicial_cap(price_fen: int) -> int:
    """The most that the buyer pays an auction house in a judicial sale."""
    return banded(price_fen, JUDICIAL_BANDS)


def commercial_cap(price_fen: int) -> int:
    """The most that one side pays in a commercial auction where nothing was agreed."""
    return floor_bp(price_fen, COMMERCIAL_CAP_BP)
