"""A released deposit is shown with the last moment of its regime until it is on its way to its bidder."""

from datetime import datetime, timedelta

from tests.make_stage import DEPOSIT_FEN, Stage


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
