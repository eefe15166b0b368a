"""A lot's draft as a person writes it in a form: yuan, percent, minutes, Chinese time; and a draft as such a form."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec

from kit.clock import epoch_ms
from kit.errors import InvalidInput
from marketplace.lots.bidding_forms import (
    bidding_of,
    derived_end,
    fields_of,
    has_own_end,
    lean,
    local,
    moment,
)
from marketplace.lots.schemas import Bidding, Conditions, Lot, LotDraft
from marketplace.pages import content_words
from marketplace.pages.filling import Form
from marketplace.pages.forms import built
from marketplace.pages.written import Written

REQUIRED, OPTIONAL = content_words.LOT_TEXTS_REQUIRED, content_words.LOT_TEXTS_OPTIONAL
TIMES: Final = ("registration_opens_at", "priority_closes_at", "opens_at", "closes_at")
_PLAIN: Final = ("title", "title_zh", "release_on")
#: The least and the most of each number.
_NUMBERS: Final = MappingProxyType(
    {
        "payment_hours": (1, 8_760),
        "objection_days": (0, 365),
        "refund_working_days": (1, 30),
        "round_number": (1, 9),
    }
)
_PROSE_MAX: Final = 4_000
_TOO_EARLY: Final = MappingProxyType(
    {
        "closes_at": ("must be after bidding opens", "须晚于竞价开始"),
        "hard_end_at": ("must not be before bidding closes", "不得早于竞价结束"),
    }
)


def draft_of(
    fields: Mapping[str, str],
    consignment_id: UUID,
    *,
    start_price_fen: int,
    changing: Lot | None = None,
) -> LotDraft:
    """The draft. Raises `InvalidInput` that names the form's field.

    `changing`: the lot that the form showed. A time that was left as shown stays as it is, to the microsecond.
    """
    written = Written(fields)
    body: dict[str, Any] = {name: written.required(name) for name in ("title_zh", "title")}
    if written.text("release_on"):
        body["release_on"] = written.text("release_on")
    body |= {
        name: written.count(name, least=least, most=most)
        for name, (least, most) in _NUMBERS.items()
        if written.text(name)
    }
    bidding = bidding_of(written, was=None if changing is None else changing.bidding)
    body |= _times(written, bidding, changing, start_price_fen=start_price_fen)
    body["consignment_id"] = consignment_id
    body["shortened_times"] = written.flag("shortened_times")
    body["bidding"] = msgspec.to_builtins(bidding)
    body["conditions"] = conditions_of(written)
    return built(body, LotDraft)


def _times(
    written: Written, bidding: Bidding, changing: Lot | None, *, start_price_fen: int
) -> dict[str, Any]:
    times = {
        name: moment(written, name, None if changing is None else getattr(changing, name))
        for name in TIMES
        if written.text(name)
    }
    for name in ("opens_at", "closes_at")[: 2 if has_own_end(bidding.format) else 1]:
        written.required(name)
    if not has_own_end(bidding.format):
        end = derived_end(bidding, times["opens_at"], start_price_fen=start_price_fen)
        was = end if changing is None else changing.closes_at
        times["closes_at"] = was if epoch_ms(was) == epoch_ms(end) else end
    extension = bidding.extension
    for name, latest in (
        ("closes_at", times["closes_at"]),
        ("hard_end_at", None if extension is None else extension.hard_end_at),
    ):
        first = times["opens_at" if name == "closes_at" else "closes_at"]
        if latest is not None and (latest < first or (latest == first and name == "closes_at")):
            raise InvalidInput(name, *_TOO_EARLY[name])
    return times


def lot_terms_of(written: Written) -> dict[str, Any]:
    """What every lot of a plan, or of an option, says: as `LotTerms` takes it."""
    body: dict[str, Any] = {name: written.required(name) for name in ("title_zh", "title")}
    if written.text("release_on"):
        body["release_on"] = written.text("release_on")
    for name in ("payment_hours", "objection_days", "refund_working_days"):
        if written.text(name):
            least, most = _NUMBERS[name]
            body[name] = written.count(name, least=least, most=most)
    return body | {
        "conditions": conditions_of(written),
        "shortened_times": written.flag("shortened_times"),
    }


def conditions_of(written: Written) -> dict[str, Any]:
    """What the notice says, by condition."""
    texts: dict[str, Any] = {
        name: {"zh": zh, "en": en}
        for name in (*REQUIRED, *OPTIONAL)
        if (zh := written.text(f"{name}_zh")) + (en := written.text(f"{name}_en"))
        or name in REQUIRED
    }
    for name, pair in texts.items():
        for language, said in pair.items():
            if not 1 <= len(said) <= _PROSE_MAX:
                raise InvalidInput(
                    f"{name}_{language}",
                    f"must be a text of 1 to {_PROSE_MAX} characters",
                    f"须填写，最多 {_PROSE_MAX} 字",
                )
    if written.text("listing_days"):
        texts["listing_extension"] = {
            "working_days": written.count("listing_days", most=60),
            "cycles_max": written.count("listing_cycles", most=24),
            "min_bidders": written.count("listing_bidders", most=20)
            if written.text("listing_bidders")
            else 1,
        }
    return texts


def form_of_lot(lot: Lot) -> Form:
    """The draft as it stands."""
    values = {name: str(getattr(lot, name)) for name in (*_PLAIN, *_NUMBERS)}
    if lot.refund_working_days is None:
        del values["refund_working_days"]
    values |= {name: local(getattr(lot, name)) for name in TIMES}
    if not has_own_end(lot.format):
        del values["closes_at"]
    values |= texts_of(lot.conditions) | fields_of(lot.bidding)
    if lot.shortened_times:
        values["shortened_times"] = "true"
    return Form(values=values)


def is_whole(lot: Lot) -> bool:
    """Whether the form shows all that the lot says: sent back as shown, it would leave every term as it is."""
    own = LotDraft(**{name: getattr(lot, name) for name in LotDraft.__struct_fields__})
    values = form_of_lot(lot).values
    try:
        shown = draft_of(
            values, lot.consignment_id, start_price_fen=lot.start_price_fen, changing=lot
        )
    except InvalidInput:
        return False
    replace = msgspec.structs.replace
    return replace(shown, bidding=lean(shown.bidding)) == replace(own, bidding=lean(own.bidding))


def texts_of(conditions: Conditions) -> dict[str, str]:
    """The conditions by the form's fields."""
    values = {
        f"{name}_{language}": str(text)
        for name, pair in msgspec.to_builtins(conditions).items()
        if name in (*REQUIRED, *OPTIONAL) and pair
        for language, text in pair.items()
    }
    longer = conditions.listing_extension
    if longer is not None:
        values |= {
            "listing_days": str(longer.working_days),
            "listing_cycles": str(longer.cycles_max),
            "listing_bidders": str(longer.min_bidders),
        }
    return values
