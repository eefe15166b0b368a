"""The rules of bidding (竞价规则) of every format as a form's fields, in yuan, percent and minutes, and back again."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from auction_engine.rules.profile import (
    ASCENDING,
    EXTENDED,
    WITH_DERIVED_END,
    WITH_RESERVE,
    parse_profile,
)
from kit.clock import CHINA, epoch_ms, from_epoch_ms
from kit.errors import InvalidInput
from kit.money import BP_ONE, yuan
from marketplace.lots.profile import auction_object
from marketplace.lots.schemas import (
    AppendExtension,
    BandStep,
    Bidding,
    FixedStep,
    PercentStep,
    ResetExtension,
)
from marketplace.pages import formats, intake_words
from marketplace.pages.format_terms import TERMS, Term
from marketplace.pages.forms import built
from marketplace.pages.written import ROWS_MAX, Written, length

USUAL: Final = "english"
_MS_A_SECOND: Final = 1000
_REPURCHASE_DAYS_MAX: Final = 3_650
#: What the engine says of a clock that does not fit together, as people put it; by the field that it names.
_CLOCK_REFUSALS: Final = MappingProxyType(
    {
        "drop": (
            "rounds to nothing, so that the price would never fall",
            "取整后为零，价格不会下降",
        ),
        "prices": ("the last price would be below CNY 0.01", "最后价格将低于 0.01 元"),
        "drop_every_ms": ("the price would fall for too long", "降价持续时间过长"),
    }
)


def variant(fields: Mapping[str, str], at: str = "") -> str:
    """What was chosen that decides which fields there are."""
    chosen = (("format", USUAL), ("step_kind", "fixed"), ("drop_kind", "fixed"))
    return "/".join(fields.get(f"{at}{name}", "") or otherwise for name, otherwise in chosen)


def has_own_end(format_: str) -> bool:
    """Whether the end of bidding is stated; that of the others follows from their terms."""
    return format_ not in WITH_DERIVED_END


def bidding_of(written: Written, *, was: Bidding | None = None) -> Bidding:
    """The rules that were written. Raises `InvalidInput` that names the form's field.

    `was`: the rules that the form showed. A moment that was left as shown stays as it is, to the microsecond.
    """
    format_ = written.text("format") or USUAL
    if format_ not in TERMS:
        raise InvalidInput("format", "must be chosen", "须选择")
    rules: dict[str, Any] = {"format": format_}
    if format_ in ASCENDING:
        rules |= {
            "step": _step(written),
            "grid": written.choice("grid", intake_words.GRIDS),
            "leader_may_raise": written.flag("leader_may_raise"),
        }
        if written.text("max_steps_per_bid"):
            rules["max_steps_per_bid"] = written.count("max_steps_per_bid")
    if format_ in EXTENDED and written.text("window_minutes"):
        rules["extension"] = _extension(written, None if was is None else was.extension)
    if format_ in WITH_RESERVE and written.text("min_bidders"):
        rules["min_bidders"] = written.count("min_bidders", most=100)
    if format_ == "vickrey" and written.text("consent_reference"):
        rules["consent_reference"] = written.text("consent_reference")
    rules["format_terms"] = _own_terms(written, format_, {} if was is None else was.format_terms)
    return built(rules, Bidding)


def fields_of(bidding: Bidding) -> dict[str, str]:
    """The rules by the form's fields."""
    values = {"format": bidding.format, "grid": bidding.grid}
    values["min_bidders"] = str(bidding.min_bidders)
    if bidding.leader_may_raise:
        values["leader_may_raise"] = "true"
    for name in ("max_steps_per_bid", "consent_reference"):
        if getattr(bidding, name) is not None:
            values[name] = str(getattr(bidding, name))
    values |= _step_fields(bidding) | _extension_fields(bidding)
    for term in TERMS.get(bidding.format, ()):
        value = bidding.format_terms.get(term.key)
        if value is not None and value != term.otherwise:
            values[term.name] = _shown(term, value)
    return values | _nested_fields(bidding.format_terms)


def lean(bidding: Bidding) -> Bidding:
    """The same rules without own terms that say what holds anyway."""
    unsaid = {
        term.key: None if term.or_null else term.otherwise
        for term in TERMS.get(bidding.format, ())
        if not term.is_required and term.key != "deadline_at"  # that there is none must be said
    } | {"instalments": [], "repurchase": None, "reserved_for": None}
    kept = {
        name: value
        for name, value in bidding.format_terms.items()
        if name not in unsaid or value != unsaid[name]
    }
    fields = {name: getattr(bidding, name) for name in Bidding.__struct_fields__}
    return Bidding(**fields | {"format_terms": kept})


def derived_end(bidding: Bidding, opens_at: datetime, *, start_price_fen: int) -> datetime:
    """When bidding ends where that follows from the terms. Raises `InvalidInput` that names the form's field."""
    floor = bidding.format_terms.get("floor_price_fen")
    if isinstance(floor, int) and floor > start_price_fen:
        start = yuan(start_price_fen)
        raise InvalidInput(
            "floor_price",
            f"must not be above the start price, CNY {start}",
            f"不得高于起始价 {start} 元",
        )
    deadline = bidding.format_terms.get("deadline_at")
    if isinstance(deadline, int) and deadline <= epoch_ms(opens_at):
        raise InvalidInput("deadline_at", "must be after bidding opens", "须晚于竞价开始")
    auction = auction_object(
        bidding,
        opens_at=opens_at,
        closes_at=opens_at,
        start_price_fen=start_price_fen,
        reserve_price_fen=None,
    )
    del auction["closes_at"]
    try:
        return from_epoch_ms(parse_profile(auction, "bidding").closes_at)
    except InvalidInput as error:
        name = error.field.rpartition(".")[2]
        if name not in _CLOCK_REFUSALS:
            raise
        is_part = name == "drop" and auction["drop"]["kind"] != "fixed"
        at = "drop_percent" if is_part else name.removesuffix("_ms")
        raise InvalidInput(at, *_CLOCK_REFUSALS[name]) from error


def local(at: datetime) -> str:
    """An instant for a field that browsers fill in without a zone."""
    return at.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")


def moment(written: Written, name: str, was: datetime | None) -> datetime:
    """The instant that was written; the one that the field showed, where it was left so."""
    return was if was is not None and written.text(name) == local(was) else written.moment(name)


def _step(written: Written) -> dict[str, Any]:
    kind = written.text("step_kind") or "fixed"
    if kind == "percent":
        return {
            "kind": kind,
            "basis_points": written.bp("step_percent", least=1),
            "min_fen": written.fen("step_least"),
            "round_to_fen": written.fen("step_round_to"),
        }
    if kind == "bands":
        bands = [
            {
                "from_fen": written.fen(f"band_from_{row}", least=0),
                "step_fen": written.fen(f"band_step_{row}"),
            }
            for row in written.rows("band_from", "band_step")
        ]
        starts = [band["from_fen"] for band in bands]
        if not starts or starts[0] or starts != sorted(set(starts)):
            raise InvalidInput(
                "band_from_1", "bands begin at 0.00 and rise", "各档起点须从 0.00 起依次递增"
            )
        return {"kind": kind, "bands": bands}
    return {"kind": "fixed", "step_fen": written.fen("step")}


def _extension(written: Written, was: ResetExtension | AppendExtension | None) -> dict[str, Any]:
    moved: dict[str, Any] = {"mode": "reset", "window_ms": written.ms("window_minutes")}
    if written.text("extension_mode") == "append":
        by_ms, most = written.ms("extension_by"), written.count("extension_max", most=1_000)
        moved |= {"mode": "append", "by_ms": by_ms, "max": most}
    if written.text("hard_end_at"):
        shown = None if was is None else was.hard_end_at
        moved["hard_end_at"] = moment(written, "hard_end_at", shown)
    return moved


def _own_terms(written: Written, format_: str, was: Mapping[str, object]) -> dict[str, Any]:
    terms: dict[str, Any] = {}
    for term in TERMS[format_]:
        if term.is_required or written.text(term.name):
            value = _read(written, term, was.get(term.key))
            if term.is_required or value != term.otherwise:
                terms[term.key] = value
    if format_ in ("dutch", "dutch_hybrid"):
        terms["drop"] = _drop(written)
        if ("floor_price_fen" in terms) == ("prices" in terms):
            raise InvalidInput(
                "floor_price",
                "give either this or the number of prices",
                "最低价与价格个数须填写且仅填写一项",
            )
    if format_ == "rounds":
        terms.setdefault("deadline_at", None)
    if format_ == "weighted":
        terms["terms"] = _weights(written, terms["price_bp"])
    if format_ == "dynamic" and terms["exercise"] == "after":
        written.required("exercise_window")
    if format_ == "collection":
        terms |= _offered(written, terms)
    return terms


def _read(written: Written, term: Term, was: object) -> object:
    name = term.name
    match term.kind:
        case "yuan":
            return written.fen(name)
        case "percent":
            return written.bp(name, most=term.most)
        case "ms":
            return written.ms(name)
        case "seconds":
            return written.seconds(name)
        case "count":
            return written.count(name, most=term.most)
        case "flag":
            return written.flag(name)
        case "pick":
            return written.choice(name, term.options)
        case "moment":
            shown = from_epoch_ms(was) if isinstance(was, int) else None
            return epoch_ms(moment(written, name, shown))


def _shown(term: Term, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, int):
        return str(value)
    match term.kind:
        case "yuan":
            return formats.plain(value)
        case "percent":
            return formats.percent(value).removesuffix("%")
        case "ms":
            return length(value)
        case "seconds":
            return length(value * _MS_A_SECOND)
        case "moment":
            return local(from_epoch_ms(value))
        case _:
            return str(value)


def _drop(written: Written) -> dict[str, Any]:
    if (written.text("drop_kind") or "fixed") == "fixed":
        return {"kind": "fixed", "drop_fen": written.fen("drop")}
    return {
        "kind": "percent_of_start",
        "basis_points": written.bp("drop_percent", least=1),
        "round_to_fen": written.fen("drop_round_to"),
    }


def _weights(written: Written, price_bp: int) -> list[dict[str, Any]]:
    rows = list(written.rows("term_name", "term_weight"))
    names = [written.required(f"term_name_{row}") for row in rows]
    weights = [written.bp(f"term_weight_{row}", least=1) for row in rows]
    if len(set(names)) < len(names):
        raise InvalidInput("term_name_1", "each is named once", "评分项不得重复")
    whole = price_bp + sum(weights)
    if whole != BP_ONE:
        total = formats.percent(whole)
        raise InvalidInput(
            "price_weight",
            f"all weights come to 100%, not {total}",
            f"各项权重合计须为 100%，不能是 {total}",
        )
    return [
        {"name": name, "weight_bp": weight_bp}
        for name, weight_bp in zip(names, weights, strict=True)
    ]


def _offered(written: Written, terms: Mapping[str, Any]) -> dict[str, Any]:
    """What else a call for offers (收储) says."""
    if (terms["mode"] == "sealed") != ("opening_seconds" in terms):
        raise InvalidInput(
            "opening",
            "is given for sealed offers and for no others",
            "密封报价须填写；公开报价不得填写",
        )
    more: dict[str, Any] = {}
    parts = [
        {
            "part_bp": written.bp(f"part_{row}", least=1),
            "due_after_hours": written.count(f"part_hours_{row}", most=8_760),
        }
        for row in written.rows("part", "part_hours")
    ]
    if parts:
        more["instalments"] = parts
    if written.text("repurchase_days") or written.text("repurchase_price"):
        more["repurchase"] = {
            "open_days": written.count("repurchase_days", most=_REPURCHASE_DAYS_MAX),
            "price_bp": written.bp("repurchase_price", least=BP_ONE, most=3 * BP_ONE),
        }
    if written.text("reserved_for"):
        more["reserved_for"] = written.text("reserved_for")
    return more


def _step_fields(bidding: Bidding) -> dict[str, str]:
    match bidding.step:
        case FixedStep(step_fen=step_fen):
            return {"step_kind": "fixed", "step": formats.plain(step_fen)}
        case PercentStep(basis_points=part, min_fen=least, round_to_fen=unit):
            return {
                "step_kind": "percent",
                "step_percent": formats.percent(part).removesuffix("%"),
                "step_least": formats.plain(least),
                "step_round_to": formats.plain(unit),
            }
        case BandStep(bands=bands):
            rows = {"step_kind": "bands"}
            for row, band in enumerate(bands, start=1):
                rows[f"band_from_{row}"] = formats.plain(band.from_fen)
                rows[f"band_step_{row}"] = formats.plain(band.step_fen)
            return rows
        case None:
            return {}


def _extension_fields(bidding: Bidding) -> dict[str, str]:
    moved = bidding.extension
    if moved is None:
        return {}
    values = {"extension_mode": "reset", "window_minutes": length(moved.window_ms)}
    if isinstance(moved, AppendExtension):
        values |= {"extension_mode": "append", "extension_by": length(moved.by_ms)}
        values["extension_max"] = str(moved.max)
    if moved.hard_end_at is not None:
        values["hard_end_at"] = local(moved.hard_end_at)
    return values


def _nested_fields(terms: Mapping[str, Any]) -> dict[str, str]:
    values: dict[str, str] = {}
    drop = terms.get("drop")
    if isinstance(drop, dict):
        values["drop_kind"] = drop["kind"]
        if drop["kind"] == "fixed":
            values["drop"] = formats.plain(drop["drop_fen"])
        else:
            values["drop_percent"] = formats.percent(drop["basis_points"]).removesuffix("%")
            values["drop_round_to"] = formats.plain(drop["round_to_fen"])
    for row, term in enumerate(terms.get("terms", [])[:ROWS_MAX], start=1):
        values[f"term_name_{row}"] = term["name"]
        values[f"term_weight_{row}"] = formats.percent(term["weight_bp"]).removesuffix("%")
    for row, part in enumerate(terms.get("instalments", []), start=1):
        values[f"part_{row}"] = formats.percent(part["part_bp"]).removesuffix("%")
        values[f"part_hours_{row}"] = str(part["due_after_hours"])
    if terms.get("repurchase"):
        values["repurchase_days"] = str(terms["repurchase"]["open_days"])
        price = formats.percent(terms["repurchase"]["price_bp"])
        values["repurchase_price"] = price.removesuffix("%")
    if terms.get("reserved_for"):
        values["reserved_for"] = str(terms["reserved_for"])
    return values
