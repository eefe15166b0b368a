"""Which class decides which format."""

from auction_engine.rules.book import Format
from auction_engine.rules.dutch import DutchFormat
from auction_engine.rules.dutch_hybrid import DutchHybrid
from auction_engine.rules.dynamic import DynamicFormat
from auction_engine.rules.english import English
from auction_engine.rules.rounds import RoundsFormat
from auction_engine.rules.sealed import OneShot, Vickrey
from auction_engine.rules.sell_off import SellOffFormat
from auction_engine.rules.uniform_price import UniformPrice
from auction_engine.rules.weighted import WeightedFormat

FORMAT_CLASSES: dict[str, type[Format]] = {
    "english": English,
    "dynamic": DynamicFormat,
    "rounds": RoundsFormat,
    "dutch": DutchFormat,
    "dutch_hybrid": DutchHybrid,
    "one_shot": OneShot,
    "vickrey": Vickrey,
    "uniform_price": UniformPrice,
    "weighted": WeightedFormat,
    "sell_off": SellOffFormat,
}

#: Formats in which bids are sealed; a live auction of theirs takes them in envelopes.
SEALED_FORMATS = frozenset(
    name for name, format_class in FORMAT_CLASSES.items() if "seal" in format_class.actions
)
