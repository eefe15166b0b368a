"""A released deposit is shown with the last moment of its regime until it is on its way to its bidder."""

from datetime import datetime, time, timedelta

import asyncpg
import pytest

from kit.clock import CHINA
from settlement.calendars import china
from tests.make_stage import DEPOSIT_FEN, Stage


async def test_the_notice_says_how_soon_a_deposit_goes_back(stage: Stage) -> None:
    """Two working days by the notice, printed on its page; more than an exchange's five is refused."""
    lot = await stage.published(opens_in=600.0, refund_working_days=2)
    _, bidder = await stage.deposited(lot)
    page = await stage.client.get(f"/lots/{lot['id']}")
    assert "释放后 2 个工作日内" in page.text
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/bar", {"reason": "papers withdrawn"})
    await stage.work()
    (due,) = (await stage.operator.get("/v1/banking/refunds-due"))["items"]
    released, last = (datetime.fromisoformat(due[name]) for name in ("released_at", "due_at"))
    day = china().add_workdays(released.astimezone(CHINA).date(), 2)
    assert last == datetime.combine(day + timedelta(days=1), time(), CHINA)
    long = await stage.draft(opens_in=600.0, refund_working_days=6)
    checked = await stage.operator.post(f"/v1/lots/{long['id']}/check")
    assert [one["field"] for one in checked["findings"] if one["severity"] == "block"] == [
        "refund_working_days"
    ]
    with pytest.raises(asyncpg.CheckViolationError):  # what is published stays, whoever writes
        await stage.pool.execute(
            "UPDATE market.lots SET refund_working_days = 30 WHERE id = $1", lot["id"]
        )


async def test_a_released_deposit_has_its_last_moment(stage: Stage) -> None:
    """Barred before the opening: the deposit is free at once, due at its bank in five working days, and then gone."""
    lot = await stage.published(opens_in=600.0)
    _, bidder = await stage.deposited(lot)
    assert (await stage.operator.get("/v1/banking/refunds-due"))["items"] == []
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/bar", {"reason": "papers withdrawn"})
    await stage.work()
    (due,) = (await stage.operator.get("/v1/banking/refunds-due"))["items"]
    assert (due["amount_fen"], due["bidder_id"], due["is_late"]) == (
        DEPOSIT_FEN,
        bidder["id"],
        False,
    )
    released, last = (datetime.fromisoformat(due[name]) for name in ("released_at", "due_at"))
    assert timedelta(days=5) < last - released < timedelta(days=16)
    page = await stage.client.get("/banking/payments", headers=stage.operator.headers)
    assert "待退保证金" in page.text
    sent = await stage.client.post(
        f"/banking/refunds/{lot['id']}",
        headers=stage.operator.headers,
        data={"form_token": "", "bidder_id": bidder["id"]},
    )
    assert sent.status_code == 303, sent.text
    assert (await stage.operator.get("/v1/banking/refunds-due"))["items"] == []
    (payout,) = (await stage.operator.get("/v1/banking/payouts"))["items"]
    assert (payout["amount_fen"], payout["purpose"]) == (DEPOSIT_FEN, "refund_paid")
