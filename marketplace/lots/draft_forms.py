"""A lot's draft as a person writes it in a form: yuan, percent, minutes, Chinese time; and a draft as such a form."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import InvalidInput
from marketplace.lots.schemas import Conditions, FixedStep, Lot, LotDraft, ResetExtension
from marketplace.pages import formats
from marketplace.pages.filling import Form
from marketplace.pages.forms import built, in_china, in_fen

#: The one way of bidding that a form drafts; the others, with terms of their own, come by plans and the API.
FORMAT: Final = "english"
REQUIRED: Final = (
    "bidder_conditions",
    "known_defects",
    "viewing",
    "delivery",
    "taxes_and_bearer",
    "deposit_account",
    "contact",
    "complaints",
    "priority_holders",
)
OPTIONAL: Final = ("court", "rights_and_duties", "liability", "procedure", "deposit_rules")
TIMES: Final = ("registration_opens_at", "priority_closes_at", "opens_at", "closes_at")
_PLAIN: Final = ("title", "title_zh", "release_on")
_NUMBERS: Final = ("payment_hours", "objection_days", "refund_working_days", "round_number")
_MS_A_MINUTE: Final = 60_000


def draft_of(
    fields: Mapping[str, str], consignment_id: UUID, *, changing: Lot | None = None
) -> LotDraft:
    """The draft. Raises `InvalidInput` that names the form's field.

    `changing`: the lot that the form showed. A time that was left as shown stays as it is, to the microsecond.
    """
    kept = {
        name: at.isoformat()
        for name in TIMES
        if changing is not None and fields.get(name) == local(at := getattr(changing, name))
    }
    written = in_china(in_fen(fields, "step"), *(name for name in TIMES if name not in kept))
    written |= kept
    body: dict[str, Any] = {
        name: written[name].strip()
        for name in (*_PLAIN, *_NUMBERS, *TIMES)
        if written.get(name, "").strip()
    }
    body["consignment_id"] = str(consignment_id)
    body["shortened_times"] = written.get("shortened_times", "false")
    body["bidding"] = _bidding(written)
    body["conditions"] = {
        name: {"zh": zh, "en": en}
        for name in (*REQUIRED, *OPTIONAL)
        if (zh := fields.get(f"{name}_zh", "").strip())
        + (en := fields.get(f"{name}_en", "").strip())
        or name in REQUIRED
    }
    return built(body, LotDraft)


def _bidding(written: Mapping[str, str]) -> dict[str, Any]:
    if not written.get("step_fen"):
        raise InvalidInput("step", "must be an amount in yuan", "须为以元为单位的金额")
    rules: dict[str, Any] = {
        "format": FORMAT,
        "step": {"kind": "fixed", "step_fen": written["step_fen"]},
        "grid": written.get("grid", "none"),
        "min_bidders": written.get("min_bidders", "").strip() or "1",
        "leader_may_raise": written.get("leader_may_raise", "false"),
    }
    minutes = written.get("window_minutes", "").strip()
    if minutes:
        if not (minutes.isascii() and minutes.isdigit() and 0 < int(minutes) <= 24 * 60):
            raise InvalidInput(
                "window_minutes", "must be 1 to 1440 whole minutes", "须为 1 至 1440 的整分钟数"
            )
        rules["extension"] = {"mode": "reset", "window_ms": int(minutes) * _MS_A_MINUTE}
    return rules


def form_of_lot(lot: Lot) -> Form:
    """The draft as it stands."""
    values = {name: str(getattr(lot, name)) for name in (*_PLAIN, *_NUMBERS)}
    if lot.refund_working_days is None:
        del values["refund_working_days"]
    values |= {name: local(getattr(lot, name)) for name in TIMES}
    values |= texts_of(lot.conditions)
    if isinstance(lot.bidding.step, FixedStep):
        values["step"] = formats.plain(lot.bidding.step.step_fen)
    if isinstance(lot.bidding.extension, ResetExtension):
        values["window_minutes"] = str(max(lot.bidding.extension.window_ms // _MS_A_MINUTE, 1))
    values["grid"], values["min_bidders"] = lot.bidding.grid, str(lot.bidding.min_bidders)
    for name, is_so in (
        ("shortened_times", lot.shortened_times),
        ("leader_may_raise", lot.bidding.leader_may_raise),
    ):
        if is_so:
            values[name] = "true"
    return Form(values=values)


def is_whole(lot: Lot) -> bool:
    """Whether the form shows all that the lot says: sent back as shown, it would leave every term as it is."""
    own = LotDraft(**{name: getattr(lot, name) for name in LotDraft.__struct_fields__})
    try:
        return draft_of(form_of_lot(lot).values, lot.consignment_id, changing=lot) == own
    except InvalidInput:
        return False


def texts_of(conditions: Conditions) -> dict[str, str]:
    """The conditions by the form's fields."""
    return {
        f"{name}_{language}": str(text)
        for name, pair in msgspec.to_builtins(conditions).items()
        if name in (*REQUIRED, *OPTIONAL) and pair
        for language, text in pair.items()
    }


def local(at: datetime) -> str:
    """An instant for a field that browsers fill in without a zone."""
    return at.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")
