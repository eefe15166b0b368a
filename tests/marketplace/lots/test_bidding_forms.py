"""Every form of bidding by form: its terms come back as they were written, refusals speak yuan, percent and minutes."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kit.clock import CHINA, epoch_ms, system_clock
from kit.errors import InvalidInput
from marketplace.lots import draft_forms
from marketplace.lots.bidding_forms import bidding_of, derived_end, fields_of, lean, local
from marketplace.lots.schemas import Bidding, Lot
from marketplace.organisations.schemas import Role
from marketplace.pages import vocabulary
from marketplace.pages.format_terms import MOVING, RISING, TERMS
from marketplace.pages.rules_in_words import rules_in_words
from marketplace.pages.written import Written
from tests.make_portfolio import some_credit_code
from tests.make_stage import START_FEN, Stage, accepted_consignment, lot_draft
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_scoring import press

OPENS_AT = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
STEP = {"step": {"kind": "fixed", "step_fen": 1_000_000}, "grid": "multiple"}
PERCENT_STEP = {
    "step": {"kind": "percent", "basis_points": 250, "min_fen": 100, "round_to_fen": 10_000},
    "grid": "none",
}
BANDS = {
    "step": {
        "kind": "bands",
        "bands": [{"from_fen": 0, "step_fen": 100}, {"from_fen": 10**9, "step_fen": 12_345}],
    },
    "grid": "absolute",
}
APPEND = {
    "mode": "append", "window_ms": 90_000, "by_ms": 1_500, "max": 3, "hard_end_at": "2026-12-03T02:00:07Z",
}  # fmt: skip
FALLING = {"drop": {"kind": "fixed", "drop_fen": 5_000_000}, "drop_every_ms": 60_000, "prices": 10}
FALLING_PART = {
    "drop": {"kind": "percent_of_start", "basis_points": 750, "round_to_fen": 100},
    "drop_every_ms": 45_000,
    "floor_price_fen": 100_000_000,
}
SEALED = {"floor_rule": "strictly_above", "amend": "latest_counts"}
DYNAMIC = {"cycle_ms": 300_000, "require_free_bid": False, "exercise": "on_floor"}
ROUNDS = {"pause_ms": 1_000, "round_ms": 600_000, "first": "start_plus_step"}
OFFERS = {"mode": "sealed", "opening_seconds": 86_400, "decision_seconds": 864_000}

#: Format, what all formats may have, its own terms.
RULES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "english": ("english", STEP | {"extension": {"mode": "reset", "window_ms": 300_000}}, {}),
    "english by bands": ("english", BANDS | {"max_steps_per_bid": 20, "extension": APPEND}, {}),
    "english by part": ("english", PERCENT_STEP | {"leader_may_raise": True, "min_bidders": 2}, {}),
    "dynamic": ("dynamic", STEP | {"min_bidders": 3}, DYNAMIC),
    "dynamic after": (
        "dynamic", STEP, DYNAMIC | {"exercise": "after", "exercise_window_ms": 180_000, "require_free_bid": True},
    ),
    "rounds": ("rounds", STEP, ROUNDS | {"deadline_at": None}),
    "rounds until": ("rounds", STEP, ROUNDS | {"deadline_at": epoch_ms(OPENS_AT) + 3_600_007}),
    "dutch": ("dutch", {}, FALLING),
    "dutch by part": ("dutch", {}, FALLING_PART),
    "hybrid": (
        "dutch_hybrid", {},
        FALLING_PART | {"pause_ms": 60_000, "sealed_ms": 1_800_000, "last_look_ms": 600_000, "amend": "latest_counts"},
    ),
    "one shot": ("one_shot", {"min_bidders": 2}, {}),
    "one shot above": ("one_shot", {}, SEALED),
    "second price": ("vickrey", {"consent_reference": "Consent 同意书 7"}, SEALED),
    "uniform": ("uniform_price", {}, {"units": 5, "amend": "latest_counts"}),
    "weighted": (
        "weighted", {},
        {"price_bp": 6_000, "terms": [
            {"name": "技术方案 plan", "weight_bp": 2_525}, {"name": "业绩", "weight_bp": 1_475},
        ]},
    ),
    "sell-off": ("sell_off", STEP, {"period_ms": 5_184_000_000, "countdown_ms": 86_400_000}),
    "collection": ("collection", {}, {"mode": "open", "decision_seconds": 90}),
    "collection by parts": (
        "collection", {},
        OFFERS | {
            "final_seconds": 7_200, "needs_backstop": True, "interest_bp_year": 345,
            "instalments": [{"part_bp": 3_050, "due_after_hours": 120}, {"part_bp": 6_950, "due_after_hours": 2_400}],
            "repurchase": {"open_days": 180, "price_bp": 10_800},
            "reserved_for": "01930000-0000-7000-8000-000000000001",
        },
    ),
}  # fmt: skip


def rules_of(name: str) -> Bidding:
    """One of the examples."""
    format_, common, own = RULES[name]
    return msgspec.convert({"format": format_, **common, "format_terms": own}, Bidding)


def test_every_format_has_its_example_and_its_fields() -> None:
    """No format that the API takes is without words, fields and an example here."""
    formats = {format_ for format_, _, _ in RULES.values()}
    assert formats == set(vocabulary.FORMATS) == set(TERMS)


@pytest.mark.parametrize("name", RULES)
def test_rules_come_back_as_they_were_written(name: str) -> None:
    """What the form shows of a lot's rules gives the same rules again, to the millisecond and the fen."""
    rules = rules_of(name)
    assert lean(bidding_of(Written(fields_of(rules)), was=rules)) == lean(rules)


@pytest.mark.parametrize("name", RULES)
def test_no_rule_is_said_by_its_code(name: str) -> None:
    """A notice and whoever agrees to it read words of both languages: no code name, no millisecond, no fen."""
    sentences = rules_in_words(rules_of(name))
    for said in sentences:
        assert not re.search(r"[a-z]+_[a-z]+|\bms\b", f"{said.zh} {said.en}"), said
        assert "True" not in said.en
        assert "{" not in said.zh
        # Nobody leads, and nothing is extended, where the price falls or bids are sealed.
        assert ("领先者" in said.zh) <= (RULES[name][0] in RISING), said
        assert ("不延时" in said.zh) <= (RULES[name][0] in MOVING), said
    for expected in {
        "dutch by part": ("7.5%", "¥1,000,000.00", "45秒"),
        "weighted": ("技术方案 plan", "25.25%", "60%"),
        "rounds until": ("2026-12-01 11:00:00",),
        "sell-off": ("60天",),
        "uniform": ("份数：5",),
    }.get(name, ()):
        assert any(expected in said.zh for said in sentences), (expected, sentences)


def written(name: str, **changed: str) -> Written:
    """An example's fields, some otherwise."""
    return Written(fields_of(rules_of(name)) | changed)


@pytest.mark.parametrize(
    ("name", "changed", "field"),
    [
        ("english", {"step": ""}, "step"),
        ("english", {"step": "0"}, "step"),
        ("english", {"step": "999999999999"}, "step"),
        ("english", {"window_minutes": "0"}, "window_minutes"),
        ("english", {"window_minutes": "5 weeks"}, "window_minutes"),
        ("english", {"window_minutes": "0.00001"}, "window_minutes"),
        ("english", {"window_minutes": "367 d"}, "window_minutes"),
        ("english", {"extension_mode": "append"}, "extension_by"),
        ("english", {"grid": "oval"}, "grid"),
        ("english", {"format": "lottery"}, "format"),
        ("english", {"max_steps_per_bid": "1.5"}, "max_steps_per_bid"),
        ("english by bands", {"band_from_1": "5"}, "band_from_1"),
        ("english by bands", {"band_step_2": ""}, "band_step_2"),
        ("english by part", {"step_percent": "100.01"}, "step_percent"),
        ("dynamic", {"exercise": "after"}, "exercise_window"),
        ("dynamic", {"cycle": ""}, "cycle"),
        ("rounds", {"first": ""}, "first"),
        ("dutch", {"prices": ""}, "floor_price"),
        ("dutch", {"floor_price": "5"}, "floor_price"),
        ("dutch by part", {"drop_percent": "0"}, "drop_percent"),
        ("uniform", {"units": "0"}, "units"),
        ("weighted", {"price_weight": "60.01"}, "price_weight"),
        ("weighted", {"term_name_2": "技术方案 plan"}, "term_name_1"),
        ("weighted", {"term_weight_2": ""}, "term_weight_2"),
        ("collection", {"opening": "3 d"}, "opening"),
        ("collection", {"decision": "1.5 s"}, "decision"),
        ("collection by parts", {"opening": ""}, "opening"),
        ("collection by parts", {"repurchase_price": "99"}, "repurchase_price"),
        ("collection by parts", {"part_hours_2": ""}, "part_hours_2"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field_in_peoples_units(
    name: str, changed: dict[str, str], field: str
) -> None:
    """Each refusal is at the field that the form shows, without code names, fen or milliseconds."""
    with pytest.raises(InvalidInput) as refused:
        bidding_of(written(name, **changed))
    assert refused.value.field == field
    said = refused.value.message.removeprefix(f"{field}: ")
    assert not re.search(r"[a-z]+_[a-z]+|\bfen\b|\bms\b|10000000000", said), said
    assert re.search(r"[\u4e00-\u9fff]", refused.value.message_zh)


@pytest.mark.parametrize(
    ("name", "changed", "field"),
    [
        ("dutch by part", {"floor_price": "2,100,000.01"}, "floor_price"),
        ("dutch by part", {"drop_percent": "0.01", "drop_round_to": "1000000"}, "drop_percent"),
        ("dutch", {"prices": "100"}, "prices"),
        ("dutch", {"drop": "0.01", "prices": "1000000", "drop_every": "360 d"}, "drop_every"),
        ("rounds until", {"deadline_at": "2026-12-01T10:00"}, "deadline_at"),
    ],
)
def test_a_clock_that_does_not_fit_is_refused_in_peoples_units(
    name: str, changed: dict[str, str], field: str
) -> None:
    """What the engine would refuse of a falling price or of rounds is said at the form's field, in yuan and moments."""
    with pytest.raises(InvalidInput) as refused:
        derived_end(bidding_of(written(name, **changed)), OPENS_AT, start_price_fen=START_FEN)
    assert refused.value.field == field
    assert not re.search(r"\bfen\b|\bms\b|\d{13}", refused.value.message), refused.value.message


def test_an_end_that_follows_from_the_terms_needs_no_writing() -> None:
    """Ten prices of a minute each end after ten minutes; a sell-off after its period."""
    for name, later in (("dutch", timedelta(minutes=10)), ("sell-off", timedelta(days=60))):
        found = derived_end(rules_of(name), OPENS_AT, start_price_fen=START_FEN)
        assert found == OPENS_AT + later


LOT = {
    "title_zh": "专利一项", "title": "One patent", "round_number": "1", "payment_hours": "2400",
    "release_on": "TITLE_RECORDED", "objection_days": "15", "refund_working_days": "",
}  # fmt: skip
TEXTS = {f"{name}_{one}": f"{name} 文" for name in draft_forms.REQUIRED for one in ("zh", "en")}


async def test_every_format_is_drafted_and_changed_by_form(stage: Stage) -> None:
    """An exchange's operator drafts each of its formats, sees it in words, and changes it; a changed format first
    shows its fields.
    """
    opens = system_clock().astimezone(CHINA) + timedelta(days=30)
    times = {
        "opens_at": opens.strftime("%Y-%m-%dT10:00"),
        "closes_at": (opens + timedelta(days=1)).strftime("%Y-%m-%dT10:00"),
    }
    for name in (
        "rounds",
        "dutch by part",
        "weighted",
        "collection",
        "sell-off",
        "hybrid",
        "uniform",
    ):
        consignment = await accepted_consignment(stage, regime="exchange")
        new = f"/lots/new?consignment={consignment}"
        form = LOT | TEXTS | times | fields_of(rules_of(name))
        unseen = await press(stage.operator, new, **form | {"shown": "english/fixed/fixed"})
        assert unseen.status_code == 200, name
        assert f'value="{form["format"]}" selected' in unseen.text
        for field in fields_of(rules_of(name)).keys() - {"grid", "min_bidders"}:
            assert f'name="{field}"' in unseen.text, (name, field)
        sent = await press(stage.operator, new, **form)
        assert sent.status_code == 303, sent.text
        path = sent.headers["location"].removesuffix("/draft")
        lot = await stage.operator.get(f"/v1/my{path}")
        assert lean(msgspec.convert(lot["bidding"], Bidding)) == lean(rules_of(name))
        shown = await page(stage.operator, f"{path}/terms")
        assert 'name="closes_at"' in shown or lot["format"] in (
            "rounds",
            "dutch",
            "sell_off",
            "dutch_hybrid",
        )
        values = draft_forms.form_of_lot(msgspec.convert(lot, Lot)).values
        changed = await press(
            stage.operator, f"{path}/terms", **values, version=str(lot["version"])
        )
        assert changed.status_code == 303, changed.text
        after = await stage.operator.get(f"/v1/my{path}")
        assert {"bidding", "opens_at", "closes_at", "conditions"} <= {
            key for key in lot if after[key] == lot[key]
        }


async def test_a_call_reserved_for_one_names_it_by_its_credit_code(stage: Stage) -> None:
    """The form takes and shows the credit code of the one agency that may offer; an unknown code is refused there."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    code = some_credit_code()
    await stage.pool.execute(
        "UPDATE market.organisations SET credit_code = $2 WHERE id = $1",
        agency.caller.organisation_id,
        code,
    )
    consignment = await accepted_consignment(stage, regime="exchange")
    new, opens = f"/lots/new?consignment={consignment}", system_clock() + timedelta(days=30)
    times = {"opens_at": local(opens), "closes_at": local(opens + timedelta(days=1))}
    form = LOT | TEXTS | times | fields_of(rules_of("collection by parts"))
    del form["reserved_for"]
    refused = await press(stage.operator, new, **form | {"reserved_for_code": some_credit_code()})
    assert (refused.status_code, 'id="e-reserved_for_code"' in refused.text) == (400, True)
    apart = await press(stage.operator, new, **form | {"part_2": "69"})
    assert (apart.status_code, 'id="e-instalments"' in apart.text) == (400, True)
    assert "分期付款：各期比例之和须为 100%" in apart.text
    sent = await press(stage.operator, new, **form | {"reserved_for_code": code.lower()})
    assert sent.status_code == 303, sent.text
    path = sent.headers["location"].removesuffix("/draft")
    lot = await stage.operator.get(f"/v1/my{path}")
    assert lot["bidding"]["format_terms"]["reserved_for"] == str(agency.caller.organisation_id)
    shown = await page(stage.operator, f"{path}/terms")
    assert f'value="{code}"' in shown
    assert str(agency.caller.organisation_id) not in shown


async def test_a_lot_of_a_later_round_is_changed_at_its_own_price(stage: Stage) -> None:
    """A falling price begins at the lot's start price, which a plan may have lowered, not at the consignment's."""
    consignment = await accepted_consignment(stage)
    opens_at = system_clock() + timedelta(days=30)
    draft = lot_draft(consignment) | {
        "bidding": {"format": "dutch", "format_terms": FALLING_PART},
        "opens_at": opens_at.isoformat(),
    }
    rules, lower_fen = rules_of("dutch by part"), START_FEN * 8 // 10
    end = derived_end(rules, opens_at, start_price_fen=START_FEN)
    lot = await stage.operator.post("/v1/lots", draft | {"closes_at": end.isoformat()})
    sooner = derived_end(rules, opens_at, start_price_fen=lower_fen)
    assert sooner < end
    await stage.pool.execute(
        "UPDATE market.lots SET start_price_fen = $2, closes_at = $3 WHERE id = $1",
        UUID(lot["id"]),
        lower_fen,
        sooner,
    )
    lot = await stage.operator.get(f"/v1/my/lots/{lot['id']}")
    values = draft_forms.form_of_lot(msgspec.convert(lot, Lot)).values
    path = f"/lots/{lot['id']}/terms"
    sent = await press(stage.operator, path, **values, version=str(lot["version"]))
    assert sent.status_code == 303, sent.text
    assert (await stage.operator.get(f"/v1/my/lots/{lot['id']}"))["closes_at"] == lot["closes_at"]
