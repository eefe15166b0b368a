"""A bank orders a valuation by the form on its loan, and withdraws it. Source: domain 7."""

import re
from datetime import timedelta

from kit.clock import CHINA, system_clock
from marketplace.organisations.schemas import OrganisationKind, Role
from tests.make_stage import Stage
from tests.marketplace.people.test_partners import of_kind, one_id, page
from tests.marketplace.routes.test_scoring import press


async def test_a_bank_orders_a_valuation_by_the_form(stage: Stage) -> None:
    """Which valuer, which of the loan's rights, by when; the valuer finds it waiting, and the bank takes it back."""
    await stage.published(lasts=600, opens_in=600)
    case_id, asset_id = await one_id(stage, "loan_cases"), await one_id(stage, "assets")
    path = f"/valuation-orders/new?case={case_id}"
    assert path in await page(stage.bank_maker, f"/ledger/{case_id}")
    assert path not in await page(stage.bank_checker, f"/ledger/{case_id}")
    assert "尚无评估机构" in await page(stage.bank_maker, path)
    valuer = await of_kind(stage, OrganisationKind.VALUER, Role.VALUER, None)
    assert str(valuer.caller.organisation_id) in await page(stage.bank_maker, path)
    today = system_clock().astimezone(CHINA).date()
    form = {
        "asset_ids": asset_id, "valuer_id": str(valuer.caller.organisation_id),
        "due_on": str(today + timedelta(days=20)), "purpose": "二次处置 second round",
    }  # fmt: skip
    for name, wrong in (
        ("due_on", str(today - timedelta(days=1))),
        ("valuer_id", str(stage.operator.caller.organisation_id)),
        ("asset_ids", ""),
    ):
        answer = await press(stage.bank_maker, path, **form | {name: wrong})
        assert answer.status_code == 400
        assert f'id="e-{name}"' in answer.text
        assert "second round" in answer.text
    assert (await press(stage.bank_maker, path, **form)).status_code == 303
    assert "second round" in await page(valuer, "/valuation-orders")
    stranger = await stage.person(Role.BANK_MAKER)
    await page(stranger, path, expect=404)
    assert (await press(stranger, path, **form)).status_code in (400, 404)
    listed = await page(stage.bank_maker, "/valuation-orders")
    found = re.search(r'action="(/valuation-orders/[^"]+/withdrawal)"', listed)
    assert found is not None
    assert "/withdrawal" not in await page(valuer, "/valuation-orders")
    assert (await press(stranger, found[1], reason="not mine")).status_code == 404
    assert (await press(stage.bank_maker, found[1], reason="已清偿 paid")).status_code == 303
    assert "/withdrawal" not in await page(stage.bank_maker, "/valuation-orders")


async def test_a_valuer_hands_its_report_in_by_the_form(stage: Stage) -> None:
    """A refused report is shown as it was written, in its own order; a right one stands in the bank's books."""
    await stage.published(lasts=600, opens_in=600)
    valuer = await of_kind(stage, OrganisationKind.VALUER, Role.VALUER, None)
    today = system_clock().astimezone(CHINA).date()
    order = {
        "valuer_id": str(valuer.caller.organisation_id), "asset_ids": [await one_id(stage, "assets")],
        "purpose": "二次处置 second round", "due_on": str(today + timedelta(days=20)),
    }  # fmt: skip
    first, second = [await stage.bank_maker.post("/v1/valuation-orders", order) for _ in range(2)]
    path = f"/valuation-orders/{first['id']}/report"
    report = {
        "report_number": "PG-2026-001", "method": "income", "base_on": str(today - timedelta(days=10)),
        "value": "2,800,000.50", "valid_to": str(today + timedelta(days=300)),
    }  # fmt: skip
    refused = await press(valuer, path, **report | {"value": "about three million"})
    assert refused.status_code == 400
    assert refused.text.count("about three million") == 1
    assert refused.text.count("PG-2026-001") == 1
    assert f"/valuation-orders/{second['id']}/report" in refused.text
    assert (await press(stage.bank_maker, path, **report)).status_code == 403
    assert (await press(valuer, path, **report)).status_code == 303
    delivered = await stage.bank_maker.get(f"/v1/valuation-orders/{first['id']}")
    valuation = await stage.bank_maker.get(f"/v1/valuations/{delivered['valuation_id']}")
    assert valuation["value_fen"] == 280_000_050
