"""The terms of each format beyond the common ones: one struct a format, and how it is read.

Source: contracts 1, the table of formats, column "extra fields". The first end of `dutch`, `dutch_hybrid`, `rounds`
and `sell_off` follows from these terms (contracts 1 "Input").
"""

from collections.abc import Callable

import msgspec

from auction_engine.rules.reading import MOMENT_MAX, Fields, refuse
from kit.money import BP_ONE


class Plain(msgspec.Struct, frozen=True):
    """`english` has no terms of its own."""


class SellOff(msgspec.Struct, frozen=True, kw_only=True):
    """变卖: milliseconds to find a first bid, and from that bid to the end."""

    period_ms: int
    countdown_ms: int


class Dynamic(msgspec.Struct, frozen=True, kw_only=True):
    """动态报价: the limited period's cycle, who may bid in it, and when priority is exercised."""

    cycle_ms: int
    require_free_bid: bool
    exercise: str
    exercise_window_ms: int | None


class Rounds(msgspec.Struct, frozen=True, kw_only=True):
    """Rounds: pause and length of a round, the first minimum, and the deadline that clips."""

    pause_ms: int
    round_ms: int
    first: str
    deadline_at: int | None


class FixedDrop(msgspec.Struct, frozen=True, tag="fixed", tag_field="kind"):
    """The clock falls by the same amount each time."""

    drop_fen: int


class PercentDrop(msgspec.Struct, frozen=True, tag="percent_of_start", tag_field="kind"):
    """The clock falls by a part of the start price, each price rounded half up before the next."""

    basis_points: int
    round_to_fen: int


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """The falling clock of the dutch formats; of `floor_price_fen` and `prices` one is given."""

    drop: FixedDrop | PercentDrop
    drop_every_ms: int
    floor_price_fen: int | None
    prices: int | None


class Dutch(Clock, frozen=True, kw_only=True):
    """减价."""


class Hybrid(Clock, frozen=True, kw_only=True):
    """Dutch, then sealed offers above its price, then the Dutch winner's last look."""

    pause_ms: int
    sealed_ms: int
    last_look_ms: int
    amend: str


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """一次报价 and 次高价: whether the floor itself may be bid, and whether a bid may be replaced."""

    floor_rule: str
    amend: str


class Uniform(Sealed, frozen=True, kw_only=True):
    """So many equal ordinary licences at one price."""

    units: int


class Weight(msgspec.Struct, frozen=True):
    """One thing that experts score, and its weight in basis points."""

    name: str
    weight_bp: int


class Weighted(Sealed, frozen=True, kw_only=True):
    """权重报价: the weight of the price and of each term; together 10000."""

    price_bp: int
    terms: tuple[Weight, ...]


Terms = Plain | SellOff | Dynamic | Rounds | Dutch | Hybrid | Sealed | Uniform | Weighted


class Schedule(msgspec.Struct, frozen=True):
    """The prices of a falling clock: the first, the second, the drop after that, the last, and how many."""

    first_fen: int
    second_fen: int
    drop_fen: int
    last_fen: int
    prices: int

    def at(self, index: int) -> int:
        """The price number `index`, counted from 0."""
        if index == 0:
            return self.first_fen
        if index >= self.prices - 1:
            return self.last_fen
        return self.second_fen - (index - 1) * self.drop_fen


def schedule(start_price_fen: int, clock: Clock) -> Schedule:
    """The prices that a clock shows. Raises ValueError naming the term that does not fit the others.

    A percentage drop is exact: the first price below the start is rounded half up to a multiple, and from there
    every rounded fall is the same. "A price that would fall below the floor is the floor, and the last", and a
    price that falls just to the floor is the last too.
    """
    if isinstance(clock.drop, FixedDrop):
        drop = clock.drop.drop_fen
        second = start_price_fen - drop
    else:
        unit = clock.drop.round_to_fen
        left = start_price_fen * (BP_ONE - clock.drop.basis_points)
        second = unit * ((2 * left + BP_ONE * unit) // (2 * BP_ONE * unit))
        # m units less x, rounded half up, is m + floor(1/2 - x) for every whole m.
        part = start_price_fen * clock.drop.basis_points
        drop = -unit * ((BP_ONE * unit - 2 * part) // (2 * BP_ONE * unit))
        if drop < 1:
            raise ValueError("drop")
    if clock.prices is not None:
        last = start_price_fen if clock.prices == 1 else second - (clock.prices - 2) * drop
        if last < 1:
            raise ValueError("prices")
        return Schedule(start_price_fen, second, drop, last, clock.prices)
    floor = clock.floor_price_fen or 0
    if floor >= start_price_fen:
        return Schedule(start_price_fen, second, drop, start_price_fen, 1)
    prices = 2 + max(0, -((floor - second) // drop))
    return Schedule(start_price_fen, second, drop, floor, prices)


def _duration(fields: Fields, name: str) -> int:
    return fields.whole(name, most=MOMENT_MAX)


def _plain(fields: Fields) -> Plain:
    return Plain()


def _sell_off(fields: Fields) -> SellOff:
    return SellOff(
        period_ms=_duration(fields, "period_ms"), countdown_ms=_duration(fields, "countdown_ms")
    )


def _dynamic(fields: Fields) -> Dynamic:
    exercise = fields.choice("exercise", ("on_floor", "after"))
    if exercise == "on_floor" and fields.has("exercise_window_ms"):
        window = fields.whole_or_none("exercise_window_ms", most=MOMENT_MAX)
    else:
        window = _duration(fields, "exercise_window_ms")
    return Dynamic(
        cycle_ms=_duration(fields, "cycle_ms"),
        require_free_bid=fields.flag("require_free_bid"),
        exercise=exercise,
        exercise_window_ms=window,
    )


def _rounds(fields: Fields) -> Rounds:
    return Rounds(
        pause_ms=_duration(fields, "pause_ms"),
        round_ms=_duration(fields, "round_ms"),
        first=fields.choice("first", ("start", "start_plus_step")),
        deadline_at=_moment_or_null(fields, "deadline_at"),
    )


def _moment_or_null(fields: Fields, name: str) -> int | None:
    if not fields.has(name):
        fields.take(name)
    return fields.moment_or_none(name)


def _drop(fields: Fields) -> FixedDrop | PercentDrop:
    if fields.choice("kind", ("fixed", "percent_of_start")) == "fixed":
        drop: FixedDrop | PercentDrop = FixedDrop(fields.whole("drop_fen"))
    else:
        drop = PercentDrop(fields.whole("basis_points", most=BP_ONE), fields.whole("round_to_fen"))
    fields.done()
    return drop


def _clock(fields: Fields) -> tuple[FixedDrop | PercentDrop, int, int | None, int | None]:
    drop = _drop(fields.object("drop"))
    every = _duration(fields, "drop_every_ms")
    floor_name, prices_name = fields.name("floor_price_fen"), fields.name("prices")
    floor = fields.whole_or_none("floor_price_fen")
    prices = fields.whole_or_none("prices")
    if floor is None and prices is None:
        refuse(floor_name, "is missing; give it, or prices", "缺少该字段；须给出该字段或 prices")
    if floor is not None and prices is not None:
        refuse(
            prices_name,
            "may not be given together with floor_price_fen",
            "不能与 floor_price_fen 同时给出",
        )
    return drop, every, floor, prices


def _dutch(fields: Fields) -> Dutch:
    drop, every, floor, prices = _clock(fields)
    return Dutch(drop=drop, drop_every_ms=every, floor_price_fen=floor, prices=prices)


def _hybrid(fields: Fields) -> Hybrid:
    drop, every, floor, prices = _clock(fields)
    return Hybrid(
        drop=drop,
        drop_every_ms=every,
        floor_price_fen=floor,
        prices=prices,
        pause_ms=_duration(fields, "pause_ms"),
        sealed_ms=_duration(fields, "sealed_ms"),
        last_look_ms=_duration(fields, "last_look_ms"),
        amend=_amend(fields),
    )


def _amend(fields: Fields) -> str:
    return fields.choice("amend", ("none", "latest_counts"), "none")


def _floor_rule(fields: Fields) -> str:
    return fields.choice("floor_rule", ("at_least", "strictly_above"), "at_least")


def _sealed(fields: Fields) -> Sealed:
    return Sealed(floor_rule=_floor_rule(fields), amend=_amend(fields))


def _uniform(fields: Fields) -> Uniform:
    return Uniform(
        units=fields.whole("units"), floor_rule=_floor_rule(fields), amend=_amend(fields)
    )


def _weighted(fields: Fields) -> Weighted:
    price_bp = fields.whole("price_bp", most=BP_ONE)
    name = fields.name("terms")
    weights = fields.items(
        "terms", lambda term: Weight(term.text("name"), term.whole("weight_bp", most=BP_ONE))
    )
    seen: set[str] = set()
    for index, weight in enumerate(weights):
        if weight.name in seen:
            refuse(f"{name}[{index}].name", "is listed twice", "重复列出")
        seen.add(weight.name)
    total = price_bp + sum(weight.weight_bp for weight in weights)
    if total != BP_ONE:
        refuse(
            name,
            f"price_bp and all weight_bp must add up to {BP_ONE}, not {total}",
            f"price_bp 与各 weight_bp 之和须为 {BP_ONE}，不能是 {total}",
        )
    return Weighted(
        floor_rule=_floor_rule(fields), amend=_amend(fields), price_bp=price_bp, terms=weights
    )


#: How each format's own terms are read.
READERS: dict[str, Callable[[Fields], Terms]] = {
    "english": _plain,
    "dynamic": _dynamic,
    "rounds": _rounds,
    "dutch": _dutch,
    "dutch_hybrid": _hybrid,
    "one_shot": _sealed,
    "vickrey": _sealed,
    "uniform_price": _uniform,
    "weighted": _weighted,
    "sell_off": _sell_off,
}
