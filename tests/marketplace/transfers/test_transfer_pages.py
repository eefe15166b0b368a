"""A paid lot handed over, and its costs drawn up and locked, by forms alone. Source: domain 3.11, 6.6, 7."""

from kit.clock import CHINA, system_clock
from marketplace.organisations.schemas import Role
from tests.make_stage import Stage
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_scoring import press
from tests.marketplace.transfers.test_transfers import paid

_LINES = (
    "费用\t评估费\t12,000.00\t评估机构\t91140000MA0EXAMP1W\t发票 1\n税，印花税，600，税务局，T-1\n"
)


async def test_a_paid_lot_is_handed_over_by_forms(stage: Stage) -> None:
    """Opened by the venue; each step by whose it is, in its order; what is refused stands at its step."""
    at, buyer = await paid(stage)
    lot = at.removeprefix("/v1")
    path = f"{lot}/transfer"
    assert f'href="{path}"' in await page(stage.operator, lot)
    assert f'href="{path}"' not in await page(stage.bank_maker, lot)
    assert "开始交割" in await page(stage.operator, path)
    await page(stage.bank_maker, path, expect=404)
    stranger = await stage.person(Role.VENUE_OPERATOR)
    await page(stranger, path, expect=404)
    assert (await press(stranger, path)).status_code == 404
    assert (await press(stage.operator, path)).status_code == 303
    assert f'action="{path}/1"' in await page(stage.operator, path)
    bank = await page(stage.bank_maker, path)
    assert f'action="{path}/1"' not in bank
    assert f'action="{path}/2"' in bank
    assert "<form" not in (await page(buyer, path)).partition("<main")[2]
    today = system_clock().astimezone(CHINA).date().isoformat()
    empty = await press(stage.operator, f"{path}/1", state="filed", number="")
    assert (empty.status_code, 'data-part="refused"' in empty.text) == (400, True)
    assert (await press(stage.operator, f"{path}/1", state="gone")).status_code == 400
    assert (
        await press(stage.bank_maker, f"{path}/1", state="filed", number="N")
    ).status_code == 403
    filed = {"state": "filed", "number": "CNIPA-1"}
    assert (await press(stage.operator, f"{path}/1", **filed)).status_code == 303
    refusal = {
        "state": "refused",
        "refused_on": today,
        "number": "R-1",
        "reason": "补正 to be corrected",
    }
    assert (await press(stage.operator, f"{path}/1", **refusal)).status_code == 303
    assert "补正 to be corrected" in await page(buyer, path)
    assert (await press(stage.operator, f"{path}/1", **filed)).status_code == 303
    done = {"state": "done", "done_on": today, "number": ""}
    assert (await press(stage.operator, f"{path}/1", **done)).status_code == 303
    assert (await press(stage.bank_maker, f"{path}/2", **done)).status_code == 303
    assert (await press(stage.operator, f"{path}/3", **done)).status_code == 303
    assert "全部办结" in await page(buyer, path)
    assert (await press(stage.operator, f"{path}/3", **done)).status_code == 409


async def test_costs_are_drawn_up_and_locked_by_forms(stage: Stage) -> None:
    """By two of the venue's people, of exactly what was shown; a wrong line is named."""
    at, _ = await paid(stage)
    lot = at.removeprefix("/v1")
    path = f"{lot}/costs"
    assert path in await page(stage.bank_maker, lot)
    wrong = await press(stage.operator, path, lines=_LINES + "费用\t公告费\t很多\t报社\tX")
    assert (wrong.status_code, "第 3 行" in wrong.text, "评估费" in wrong.text) == (400, True, True)
    assert (await press(stage.operator, path, lines="佣金,a,1,b,c")).status_code == 400
    assert (await press(stage.operator, path, lines=_LINES)).status_code == 303
    shown = await page(stage.checker, path)
    assert "¥12,600.00" in shown
    assert f"{path}/lock" in shown
    for person in (stage.operator, stage.bank_maker, stage.bank_checker):
        assert f"{path}/lock" not in await page(person, path)
    sheet = await stage.checker.get(f"{at}/costs")
    lock = {"content_hash": sheet["content_hash"]}
    assert (await press(stage.bank_checker, f"{path}/lock", **lock)).status_code == 403
    assert (await press(stage.checker, f"{path}/lock", content_hash="0" * 64)).status_code == 412
    assert (await press(stage.checker, f"{path}/lock", **lock)).status_code == 303
    assert (await stage.checker.get(f"{at}/costs"))["state"] == "LOCKED"
    assert "起草费用" not in await page(stage.operator, path)
    await page(await stage.person(Role.VENUE_OPERATOR), path, expect=404)
