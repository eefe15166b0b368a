"""An auction's rule profile: read strictly, normalised, hashed. Frozen when the auction is published.

Source: contracts 1 "Input" and "Common fields and values". The normalised form is the `auction` object with every
field that its format uses, defaults and the first end included; reading it again gives the same profile.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec

from auction_engine.rules.reading import MOMENT_MAX, Fields, refuse
from auction_engine.rules.steps import Step, read_step
from auction_engine.rules.terms import READERS, Clock, Rounds, SellOff, Terms, schedule

FORMATS = tuple(READERS)

ASCENDING = frozenset({"english", "dynamic", "rounds", "sell_off"})
#: Formats whose hidden reserve and least number of bidders decide whether the lot is sold.
WITH_RESERVE = frozenset({"english", "dynamic", "rounds", "one_shot"})
EXTENDED = frozenset({"english", "sell_off"})
RANKED = ASCENDING | {"one_shot", "vickrey", "uniform_price"}
GRIDS = ("none", "multiple", "absolute")
#: Fields of the sealed formats that have a default: with that they may stand anywhere (contracts 1 "Input").
SEALED_DEFAULTS = (("floor_rule", "at_least"), ("amend", "none"))
#: Formats whose first end follows from their own terms.
WITH_DERIVED_END = frozenset({"dutch", "dutch_hybrid", "rounds", "sell_off"})


class Reset(msgspec.Struct, frozen=True, tag="reset", tag_field="mode"):
    """Anti-sniping by the law's reading: the end is the window after the bid (domain 2.1, art. 20)."""

    window_ms: int
    hard_end: int | None

    def end_after(self, end: int, moment: int) -> int:
        """The end once a bid within the window has entered at `moment`, before any cap."""
        return moment + self.window_ms


class Append(msgspec.Struct, frozen=True, tag="append", tag_field="mode"):
    """Anti-sniping by a fixed addition to the end, so many times."""

    window_ms: int
    by_ms: int
    max: int
    hard_end: int | None

    def end_after(self, end: int, moment: int) -> int:
        """The end once a bid within the window has entered at `moment`, before any cap."""
        return end + self.by_ms


class Priority(msgspec.Struct, frozen=True):
    """A priority holder (优先购买权人): 1 is the best rank; ordinary bidders have none."""

    paddle: int
    rank: int


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides an auction. Amounts in fen, moments and durations in milliseconds."""

    format: str
    opens_at: int
    closes_at: int
    start_price_fen: int
    reserve_price_fen: int | None
    step: Step | None
    grid: str
    leader_may_raise: bool
    max_steps_per_bid: int | None
    extension: Reset | Append | None
    priority: tuple[Priority, ...]
    min_bidders: int
    terms: Terms


def parse_profile(given: object, path: str = "auction") -> Profile:
    """The profile of a decoded `auction` object. Raises InvalidInput naming the field and the reason."""
    fields = Fields(given, path)
    kind = fields.choice("format", FORMATS)
    opens_at = fields.moment("opens_at")
    start = fields.whole("start_price_fen")
    terms = READERS[kind](fields)
    closes_at = _closes_at(fields, kind, opens_at, start_price_fen=start, terms=terms)
    profile = Profile(
        format=kind,
        opens_at=opens_at,
        closes_at=closes_at,
        start_price_fen=start,
        reserve_price_fen=_reserve(fields, kind, start),
        step=_step(fields, kind),
        grid=_if_used(
            fields, "grid", kind in ASCENDING, lambda: fields.choice("grid", GRIDS, "none"), "none"
        ),
        leader_may_raise=_if_used(
            fields,
            "leader_may_raise",
            kind in ASCENDING,
            lambda: fields.flag("leader_may_raise", False),
            False,
        ),
        max_steps_per_bid=_if_used(
            fields,
            "max_steps_per_bid",
            kind in ASCENDING,
            lambda: fields.whole_or_none("max_steps_per_bid"),
            None,
        ),
        extension=_if_used(
            fields, "extension", kind in EXTENDED, lambda: _extension(fields, closes_at), None
        ),
        priority=_if_used(fields, "priority", kind in RANKED, lambda: _priority(fields), ()),
        min_bidders=_if_used(
            fields,
            "min_bidders",
            kind in WITH_RESERVE,
            lambda: fields.whole("min_bidders") if fields.has("min_bidders") else 1,
            1,
        ),
        terms=terms,
    )
    for name, default in SEALED_DEFAULTS:
        if fields.has(name):  # a format that uses it has read it with its terms
            _if_used(fields, name, False, lambda: None, default)
    fields.done()
    return profile


def _if_used(
    fields: Fields, name: str, used: bool, read: Callable[[], Any], default: object
) -> Any:
    """Read a common field; a format that has no use for it takes its default only."""
    if used:
        return read()
    unused = list(default) if isinstance(default, tuple) else default
    given = fields.take(name, unused)
    if type(given) is not type(unused) or given != unused:
        refuse(fields.name(name), "is of no use in this format", "该竞价方式不使用此字段")
    return default


def _reserve(fields: Fields, kind: str, start: int) -> int | None:
    reserve: int | None = _if_used(
        fields,
        "reserve_price_fen",
        kind in WITH_RESERVE,
        lambda: fields.whole_or_none("reserve_price_fen"),
        None,
    )
    if reserve is not None and reserve < start:
        refuse(
            fields.name("reserve_price_fen"),
            f"must be null or at least start_price_fen {start}, not {reserve}",
            f"须为 null 或不低于起拍价 {start}，不能是 {reserve}",
        )
    return reserve


def _step(fields: Fields, kind: str) -> Step | None:
    if kind in ASCENDING:
        return read_step(fields.object("step"))
    if fields.has("step"):
        refuse(fields.name("step"), "is of no use in this format", "该竞价方式不使用此字段")
    return None


def _extension(fields: Fields, closes_at: int) -> Reset | Append | None:
    given = fields.take("extension", None)
    if given is None:
        return None
    inner = Fields(given, fields.name("extension"))
    mode = inner.choice("mode", ("reset", "append"))
    window_ms = inner.whole("window_ms", most=MOMENT_MAX)
    extension: Reset | Append
    if mode == "reset":
        extension = Reset(window_ms, _hard_end(inner, closes_at))
    else:
        by_ms = inner.whole("by_ms", most=MOMENT_MAX)
        extension = Append(window_ms, by_ms, inner.whole("max"), _hard_end(inner, closes_at))
    inner.done()
    return extension


def _hard_end(inner: Fields, closes_at: int) -> int | None:
    hard_end = inner.moment_or_none("hard_end")
    if hard_end is not None and hard_end < closes_at:
        refuse(
            inner.name("hard_end"),
            f"must be null or not before closes_at {closes_at}, not {hard_end}",
            f"须为 null 或不早于 closes_at {closes_at}，不能是 {hard_end}",
        )
    return hard_end


def _priority(fields: Fields) -> tuple[Priority, ...]:
    name = fields.name("priority")
    holders = fields.items(
        "priority", lambda holder: Priority(holder.whole("paddle"), holder.whole("rank")), []
    )
    refuse_repeats(name, [holder.paddle for holder in holders])
    return holders


def refuse_repeats(name: str, paddles: list[int]) -> None:
    """Refuse a list of objects that names a paddle twice."""
    seen: set[int] = set()
    for index, paddle in enumerate(paddles):
        if paddle in seen:
            refuse(f"{name}[{index}].paddle", f"{paddle} is listed twice", f"{paddle} 重复列出")
        seen.add(paddle)


def _closes_at(
    fields: Fields, kind: str, opens_at: int, *, start_price_fen: int, terms: Terms
) -> int:
    name = fields.name("closes_at")
    if kind not in WITH_DERIVED_END:
        closes_at = fields.moment("closes_at")
        if closes_at <= opens_at:
            refuse(
                name,
                f"must be after opens_at {opens_at}, not {closes_at}",
                f"须晚于 opens_at {opens_at}，不能是 {closes_at}",
            )
        return closes_at
    first_end = _first_end(fields, opens_at, start_price_fen=start_price_fen, terms=terms)
    given = fields.moment("closes_at") if fields.has("closes_at") else first_end
    if given != first_end:
        refuse(
            name,
            f"must be {first_end}, as the other fields say, or be left out; not {given}",
            f"须为其他字段推出的 {first_end} 或省略，不能是 {given}",
        )
    return first_end


def _first_end(fields: Fields, opens_at: int, *, start_price_fen: int, terms: Terms) -> int:
    match terms:
        case SellOff():
            return opens_at + terms.period_ms
        case Rounds():
            end = opens_at + terms.round_ms
            if terms.deadline_at is None:
                return end
            if terms.deadline_at <= opens_at:
                refuse(
                    fields.name("deadline_at"),
                    f"must be after opens_at {opens_at}, not {terms.deadline_at}",
                    f"须晚于 opens_at {opens_at}，不能是 {terms.deadline_at}",
                )
            return min(end, terms.deadline_at)
        case _:
            assert isinstance(terms, Clock)
            return opens_at + _clock_ms(fields, start_price_fen, terms)


def _clock_ms(fields: Fields, start_price_fen: int, terms: Clock) -> int:
    """How long the clock falls; refuses terms that don't fit together."""
    if terms.floor_price_fen is not None and terms.floor_price_fen > start_price_fen:
        refuse(
            fields.name("floor_price_fen"),
            f"must not be above start_price_fen {start_price_fen}",
            f"不得高于起拍价 {start_price_fen}",
        )
    try:
        duration = schedule(start_price_fen, terms).prices * terms.drop_every_ms
    except ValueError as error:
        field = str(error)
        english, chinese = {
            "drop": (
                "rounds to nothing, so that the price would never fall",
                "取整后为零，价格不会下降",
            ),
            "prices": ("the last price would be below 1 fen", "最后价格将低于 1 分"),
        }[field]
        refuse(fields.name(field), english, chinese)
    if duration > MOMENT_MAX:
        refuse(
            fields.name("drop_every_ms"),
            f"the last price would end more than {MOMENT_MAX} ms after opens_at",
            f"最后价格将在开始 {MOMENT_MAX} 毫秒之后结束",
        )
    return duration


def profile_object(profile: Profile) -> dict[str, Any]:
    """The normalised `auction` object: what is printed in the notice, hashed and given to the engine."""
    whole: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(profile))
    whole |= whole.pop("terms")
    for name, formats in (
        ("step", ASCENDING),
        ("grid", ASCENDING),
        ("leader_may_raise", ASCENDING),
        ("max_steps_per_bid", ASCENDING),
        ("extension", EXTENDED),
        ("priority", RANKED),
        ("reserve_price_fen", WITH_RESERVE),
        ("min_bidders", WITH_RESERVE),
    ):
        if profile.format not in formats:
            del whole[name]
    return whole


def public_object(profile: Profile) -> dict[str, Any]:
    """The profile as a notice prints it: that there is a reserve is said, how high it is not."""
    shown = profile_object(profile)
    reserve = shown.pop("reserve_price_fen", None)
    return shown | {"has_reserve": reserve is not None}


def profile_bytes(profile: Profile) -> bytes:
    """The canonical JSON of the normalised profile: sorted keys, no spaces, UTF-8."""
    text = json.dumps(
        profile_object(profile), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return text.encode()


def profile_hash(profile: Profile, *, salt: str = "") -> str:
    """The SHA-256 of `salt` and the canonical JSON, in hex: the profile's name in notices, journal and bundles.

    A reserve takes few values, so whoever saw an unsalted hash of the rest could guess it.
    """
    return hashlib.sha256(salt.encode() + profile_bytes(profile)).hexdigest()
