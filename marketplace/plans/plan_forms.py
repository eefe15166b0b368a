"""A plan of disposal (处置计划) as a form has it: what every lot says, then its steps, each with its kind's fields.

The fields of what every lot says begin with `lot.`, those of step 2 with `s2.`; `steps` is how many there are.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kit.errors import InvalidInput
from kit.money import BP_ONE
from kit.sql import Connection
from marketplace.licence_offers import offer_forms
from marketplace.licence_offers.rules import contradictions
from marketplace.lots.bidding_forms import bidding_of, derived_end, has_own_end
from marketplace.lots.bidding_forms import variant as bidding_variant
from marketplace.lots.draft_forms import lot_terms_of
from marketplace.lots.regimes import Regime
from marketplace.lots.schemas import LotTerms
from marketplace.mandates.schemas import MandateTerms
from marketplace.organisations import service as organisations
from marketplace.pages import route_words, vocabulary
from marketplace.pages.forms import built
from marketplace.pages.written import Written, under, within
from marketplace.plans.rules import start_prices
from marketplace.plans.schemas import (
    LicenceStep,
    LotStep,
    MandateStep,
    SetOffStep,
    Step,
    StepState,
    StepTerms,
)

LOT: Final = "lot."
STEPS_MAX: Final = 12
#: What a change may leave as it is: the step with this number.
KEEP: Final = "keep_"
#: A step may be moved to these where its regime ends; see `rules.contradictions`.
REGIMES: Final = (Regime.EXCHANGE, Regime.AGREEMENT)
#: Forms of bidding whose end is stated; that of the others follows from their terms.
OWN_ENDS: Final = frozenset(name for name in vocabulary.FORMATS if has_own_end(name))
#: A step's moments are not known before it begins.
_NO_MOMENTS: Final = ("hard_end_at", "deadline_at")
_ANY_OPENING: Final = datetime(2000, 1, 1, tzinfo=UTC)
_OF_STEP: Final = re.compile(r"steps\.(\d+)\.(.+)")
_FIELDS: Final = {"price_bp": "price_part", "opens_after_seconds": "opens_after"}
_WORDS: Final = {**vocabulary.FORMATS, **vocabulary.REGIMES}
_CODE: Final = re.compile(
    "(?<![a-z_])(?:" + "|".join(sorted(_WORDS, key=len, reverse=True)) + ")(?![a-z_])"
)
_MANDATE_COUNTS: Final = {
    "term_months": (1, 120),
    "report_every_months": (1, 120),
    "report_within_days": (1, 90),
    "pay_within_days": (1, 90),
    "starts_in_days": (0, 3_650),
}


def at(n: int) -> str:
    """What the names of the fields of step `n` begin with, from 1."""
    return f"s{n}."


def count(fields: Mapping[str, str]) -> int:
    """How many steps the form has, once a button that adds or drops one was followed."""
    written = fields.get("steps", "")
    steps = int(written) if written.isascii() and written.isdigit() and len(written) < 3 else 1
    steps += {"add": 1, "drop": -1}.get(fields.get("show", ""), 0)
    return min(max(steps, 1), STEPS_MAX)


def variant(fields: Mapping[str, str]) -> str:
    """What was chosen that decides which fields there are."""
    return "|".join(_step_variant(fields, at(n)) for n in range(1, count(fields) + 1))


def _step_variant(fields: Mapping[str, str], start: str) -> str:
    kind = fields.get(f"{start}kind", "") or "lot"
    if kind == "lot":
        return bidding_variant(fields, start)
    return offer_forms.variant(fields, start) if kind == "licence" else kind


def lot_of(fields: Mapping[str, str]) -> LotTerms:
    """What every lot says. Raises `InvalidInput` that names the form's field."""
    with within(LOT):
        return built(lot_terms_of(Written(under(fields, LOT))), LotTerms)


async def steps_of(
    conn: Connection,
    fields: Mapping[str, str],
    *,
    first_price_fen: int,
    venue_id: UUID,
    before: Sequence[Step] = (),
) -> list[StepTerms]:
    """The steps that were written. `before`: those of the plan that is changed, of which some may be kept.

    `first_price_fen`: what the first of them starts at. Raises `InvalidInput` that names the form's field.
    """
    steps = [step.terms for step in before if step.state is not StepState.PLANNED]
    begun = len(steps)
    for n in range(1, count(fields) + 1):
        with within(at(n)):
            own = under(fields, at(n))
            kept = {
                f"{KEEP}{step.n}": step.terms for step in before if step.state is StepState.PLANNED
            }
            if (kind := own.get("kind", "")) in kept:
                steps.append(kept[kind])
            else:
                steps.append(
                    await _step(
                        conn, own, steps, first_price_fen=first_price_fen, venue_id=venue_id
                    )
                )
    return steps[begun:]


async def _step(
    conn: Connection,
    own: dict[str, str],
    earlier: Sequence[StepTerms],
    *,
    first_price_fen: int,
    venue_id: UUID,
) -> StepTerms:
    written = Written(own)
    match written.choice("kind", route_words.STEP_KINDS):
        case "set_off":
            price_bp = (
                written.bp("price_part", least=BP_ONE, most=2 * BP_ONE)
                if written.text("price_part")
                else BP_ONE
            )
            return SetOffStep(price_bp=price_bp)
        case "licence":
            named = await offer_forms.ids_of(conn, own)
            offer = offer_forms.terms_of(named, venue_id=venue_id)
            for wrong in contradictions(offer):
                name = wrong.field.removeprefix("offer.")
                raise InvalidInput(
                    name,
                    wrong.message.removeprefix(f"{wrong.field}: "),
                    wrong.message_zh.removeprefix(f"{wrong.field}："),
                )
            return LicenceStep(offer=offer)
        case "mandate":
            return MandateStep(mandate=await _mandate(conn, written))
        case _:
            return _lot(written, earlier, first_price_fen=first_price_fen)


def _lot(written: Written, earlier: Sequence[StepTerms], *, first_price_fen: int) -> LotStep:
    for name in _NO_MOMENTS:
        if written.text(name):
            raise InvalidInput(
                name,
                "is left empty in a plan: when the step begins is not known yet",
                "处置计划中须留空：步骤开始时间尚未确定",
            )
    bidding = bidding_of(written)
    price_bp = written.bp("price_part", least=1) if written.text("price_part") else BP_ONE
    step: dict[str, Any] = {
        "bidding": msgspec.to_builtins(bidding),
        "price_bp": price_bp,
        "keeps_reserve": written.text("keeps_reserve") != "false",
        "opens_after_seconds": written.seconds("opens_after"),
    }
    if written.text("regime"):
        step["regime"] = written.choice("regime", REGIMES)
    if has_own_end(bidding.format):
        step["lasts_seconds"] = written.seconds("lasts")
    else:
        this = LotStep(bidding=bidding, price_bp=price_bp, opens_after_seconds=0, lasts_seconds=1)
        price_fen = start_prices(first_price_fen, [*earlier, this])[-1]
        assert price_fen is not None, "a lot has a start price"
        lasts = derived_end(bidding, _ANY_OPENING, start_price_fen=price_fen) - _ANY_OPENING
        step["lasts_seconds"] = int(lasts.total_seconds())
    return built(step, LotStep)


async def _mandate(conn: Connection, written: Written) -> MandateTerms:
    agency_id = await organisations.agency_by_code(conn, written.required("agency_code"))
    if agency_id is None:
        raise InvalidInput(
            "agency_code",
            "is not the credit code of an operating agency that is registered here",
            "不是已在平台登记的运营机构的统一社会信用代码",
        )
    terms: dict[str, Any] = {
        name: written.count(name, least=least, most=most)
        for name, (least, most) in _MANDATE_COUNTS.items()
        if written.text(name) or name == "term_months"
    }
    terms |= {
        "agency_id": agency_id,
        "agency_bp": written.bp("agency"),
        "floor_fen": written.fen("floor", least=0) if written.text("floor") else 0,
        "powers": written.required("powers"),
        "reversion": written.required("reversion"),
    }
    return built(terms, MandateTerms)


def at_its_step(error: InvalidInput, *, begun: int = 0) -> InvalidInput:
    """What the rules of plans object to, at the form's field and in words: they count all steps, from nought.

    `begun`: how many of the plan's steps come before those of the form.
    """
    match = _OF_STEP.fullmatch(error.field)
    if match is None:
        return error
    name = match[2].rpartition(".")[2]
    return InvalidInput(
        f"{at(int(match[1]) + 1 - begun)}{_FIELDS.get(name, name)}",
        _CODE.sub(lambda code: _WORDS[code[0]].en, error.message.removeprefix(f"{error.field}: ")),
        _CODE.sub(
            lambda code: _WORDS[code[0]].zh, error.message_zh.removeprefix(f"{error.field}：")
        ),
    )
