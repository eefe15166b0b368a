"""The form that changes a lot never drops a term: sent back as shown it leaves every one, or it is not offered."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from kit.clock import system_clock
from marketplace.lots import draft_forms
from marketplace.lots.schemas import Lot
from tests.make_stage import CONDITIONS, Stage, accepted_consignment, lot_draft, text
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_scoring import press

_MINUTES = {"mode": "reset", "window_ms": 120_000}
_CHANGED_BY_FORM = {"version", "drafted_at", "updated_at"}


def _terms(lot: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in lot.items() if name not in _CHANGED_BY_FORM}


async def test_a_form_sent_back_as_shown_drops_no_term(stage: Stage) -> None:
    """Times keep their seconds; what the form cannot show is refused in words, unchanged, and not offered."""
    operator, consignment_id = stage.operator, await accepted_consignment(stage)
    plain = lot_draft(consignment_id, opens_in=3601.25, bidding={"extension": _MINUTES})
    lot = await operator.post("/v1/lots", plain)
    api, path = f"/v1/my/lots/{lot['id']}", f"/lots/{lot['id']}"
    lot = await operator.get(api)
    values = draft_forms.form_of_lot(msgspec.convert(lot, Lot)).values
    sent = await press(operator, f"{path}/terms", **values, version=str(lot["version"]))
    assert sent.status_code == 303, sent.text
    after = await operator.get(api)
    assert after["version"] > lot["version"]
    assert _terms(after) == _terms(lot)
    assert f'href="{path}/terms"' in await page(operator, f"{path}/draft")
    hard_end_at = text(system_clock() + timedelta(days=1))
    announced = {"working_days": 5, "cycles_max": 2}
    append = {"mode": "append", "window_ms": 90_000, "by_ms": 1_500, "max": 3}
    for changed in (
        {"bidding": plain["bidding"] | {"extension": append}},
        {"bidding": plain["bidding"] | {"extension": _MINUTES | {"hard_end_at": hard_end_at}}},
        {"bidding": plain["bidding"] | {"max_steps_per_bid": 3}},
        {"conditions": CONDITIONS | {"listing_extension": announced}},
    ):
        held = await _revised(stage, lot["id"], plain | changed)
        values = draft_forms.form_of_lot(msgspec.convert(held, Lot)).values
        sent = await press(operator, f"{path}/terms", **values, version=str(held["version"]))
        assert sent.status_code == 303, (changed, sent.text)
        assert _terms(await operator.get(api)) == _terms(held)
    longest = {"mode": "reset", "window_ms": 10**11}  # more than a year, which no form takes
    held = await _revised(
        stage, lot["id"], plain | {"bidding": plain["bidding"] | {"extension": longest}}
    )
    values = draft_forms.form_of_lot(msgspec.convert(held, Lot)).values
    refused = await press(operator, f"{path}/terms", **values, version=str(held["version"]))
    assert (refused.status_code, "请通过接口修改" in refused.text) == (409, True)
    assert await operator.get(api) == held
    assert "请通过接口修改" in await page(operator, f"{path}/terms", expect=409)
    shown = await page(operator, f"{path}/draft")
    assert f'href="{path}/terms"' not in shown
    assert "change it over the API" in shown


async def _revised(stage: Stage, lot_id: str, draft: dict[str, Any]) -> dict[str, Any]:
    held = await stage.operator.get(f"/v1/my/lots/{UUID(lot_id)}")
    headers = stage.operator.headers | {"If-Match": f'"{held["version"]}"'}
    answer = await stage.client.put(f"/v1/lots/{lot_id}", json=draft, headers=headers)
    assert answer.status_code == 200, answer.text
    return await stage.operator.get(f"/v1/my/lots/{lot_id}")
