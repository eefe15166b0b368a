"""A result on hold on its page: shown to its venue, proposed by one person and released by another, by forms."""

from marketplace.conflicts.rules import Ground
from marketplace.organisations.schemas import Role
from marketplace.pages import work_words
from tests.make_stage import Stage
from tests.marketplace.anomalies.test_reviews import CODE, sold
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_scoring import press


def test_every_finding_has_words() -> None:
    """Whatever a review can find is said in both languages."""
    found = {ground.value for ground in Ground} | {
        "in_common", "repeated_default", "shill_score", "ring_of_low_raises",
    }  # fmt: skip
    assert set(work_words.ANOMALIES) == found


async def test_a_held_result_is_released_on_its_page(stage: Stage) -> None:
    """Nothing to see before the close; then what was found, one who proposes, another who releases; banks see none."""
    lot, winner_id = await sold(stage)
    path = f"/lots/{lot['id']}/review"
    assert "尚未复核" in await page(stage.operator, path)
    await stage.pool.execute(
        "UPDATE market.organisations SET credit_code = $2 WHERE id = $1", winner_id, CODE
    )
    barred = {"code": CODE, "kind": "close_relative", "reason": "found late 事后发现"}
    await stage.operator.post("/v1/barred-parties", barred)
    await stage.until_closed(lot)
    await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation", expect=409)
    await stage.work()
    shown = await page(stage.operator, path)
    assert "买受人或其控制人在禁入名单中" in shown
    assert "提出解除" in shown
    assert path in await page(stage.operator, f"/lots/{lot['id']}")
    assert path not in await page(stage.bank_maker, f"/lots/{lot['id']}")
    await page(stage.bank_maker, path, expect=403)
    await page(await stage.person(Role.VENUE_OPERATOR), path, expect=404)
    assert "提出解除" not in await page(stage.checker, path)
    await stands_in_the_list(stage, lot["number"], path)
    early = await press(stage.checker, f"{path}/release/approval")
    assert early.status_code == 409
    empty = await press(stage.operator, f"{path}/release", reason=" ")
    assert empty.status_code == 400
    said = await press(stage.operator, f"{path}/release", reason="a namesake 同名不同人")
    assert (said.status_code, said.headers["location"]) == (303, path)
    assert (await press(stage.operator, f"{path}/release/approval")).status_code == 403
    assert "同意解除" not in await page(stage.operator, path)
    assert "a namesake 同名不同人" in await page(stage.checker, path)
    done = await press(stage.checker, f"{path}/release/approval")
    assert done.status_code == 303
    assert "已解除" in await page(stage.checker, path)
    assert path not in await page(stage.checker, "/anomalies?held=true")
    assert path in await page(stage.checker, "/anomalies")
    confirmed = await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation")
    assert confirmed["lot_id"] == lot["id"]


async def stands_in_the_list(stage: Stage, number: str, path: str) -> None:
    """Whoever works at the venue or supervises it finds what is on hold in the list; others have no such list."""
    held = await page(stage.checker, "/anomalies?held=true")
    assert path in held
    assert "暂缓确认" in held
    auditor = await page(await stage.person(Role.AUDITOR), "/anomalies")
    assert (number in auditor, path in auditor) == (True, False)
    assert "未发现异常" in await page(await stage.person(Role.VENUE_CHECKER), "/anomalies")
    await page(stage.bank_checker, "/anomalies", expect=403)
