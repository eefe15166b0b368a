"""The operator's orders by regime: two people where it asks for them, resumptions announced ahead and in time."""

from datetime import UTC, datetime, timedelta

import pytest

from kit.clock import system_clock
from kit.errors import InvalidInput
from marketplace.auctions.controls import needs_two, require_resumption
from marketplace.lots.regimes import Regime
from tests.make_stage import START_FEN, Stage, text, until

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
COURT = {
    "regime": "judicial_network",
    "authority": "court_order_realisation",
    "reserve_price_fen": None,
}


def hours(count: float) -> datetime:
    """So many hours from now."""
    return NOW + timedelta(hours=count)


@pytest.mark.parametrize("regime", list(Regime))
@pytest.mark.parametrize("action", ["suspend", "resume", "cancel", "disqualify"])
def test_who_needs_two(regime: Regime, action: str) -> None:
    """In court, to end an auction or void bids takes two; a pause is one person's, at once."""
    asked = regime is Regime.JUDICIAL_NETWORK and action in ("cancel", "disqualify")
    assert needs_two(regime, action) is asked


@pytest.mark.parametrize(
    ("resume_at", "cause_ended_at", "field"),
    [
        (None, hours(-1), "resume_at"),
        (hours(0.99), hours(-1), "resume_at"),
        (hours(1), None, "cause_ended_at"),
        (hours(1), hours(0.1), "cause_ended_at"),
        (hours(1), hours(1 - 5 * 24 - 0.01), "resume_at"),
        (hours(-0.1), hours(-1), "resume_at"),
    ],
)
def test_court_resumption_is_refused(
    resume_at: datetime | None, cause_ended_at: datetime | None, field: str
) -> None:
    """Without an hour's notice, without the end of the cause, after five days: refused, with the field."""
    with pytest.raises(InvalidInput) as refusal:
        require_resumption(
            Regime.JUDICIAL_NETWORK,
            is_shortened=False,
            resume_at=resume_at,
            cause_ended_at=cause_ended_at,
            now=NOW,
        )
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("regime", "is_shortened", "resume_at", "cause_ended_at"),
    [
        (Regime.JUDICIAL_NETWORK, False, hours(1), hours(1 - 5 * 24)),
        (Regime.JUDICIAL_NETWORK, False, hours(1), NOW),
        (Regime.JUDICIAL_NETWORK, True, None, None),
        (Regime.EXCHANGE, False, None, None),
        (Regime.EXCHANGE, False, hours(0.1), None),
    ],
)
def test_resumption_in_order(
    regime: Regime,
    is_shortened: bool,
    resume_at: datetime | None,
    cause_ended_at: datetime | None,
) -> None:
    """At the edges of its times, in a rehearsal, and in the other regimes, a resumption passes."""
    require_resumption(
        regime,
        is_shortened=is_shortened,
        resume_at=resume_at,
        cause_ended_at=cause_ended_at,
        now=NOW,
    )


async def test_court_needs_another_to_disqualify_and_cancel(stage: Stage) -> None:
    """Ordered by one, nothing happens; approved by another, and not by the same, it is carried out."""
    lot = await stage.published(opens_in=4.0, lasts=90.0, terms=COURT)
    one, bidder = await stage.deposited(lot)
    await stage.until_open(lot)
    path = f"/v1/auctions/{lot['id']}"
    await one.post(f"{path}/bids", {"amount_fen": START_FEN})
    void = {"paddle": bidder["paddle"], "reason": "collusion 串通"}
    proposed = await stage.operator.post(f"{path}/disqualify", void, expect=202)
    assert proposed["state"] == "proposed"
    await stage.work()
    assert (await stage.anyone.get(path))["leader"] == bidder["paddle"]
    approve = f"{path}/orders/{proposed['id']}/approve"
    await stage.operator.post(approve, expect=403)
    await stage.pool.execute(
        "UPDATE market.auction_orders SET ordered_by = $1", stage.checker.caller.user_id
    )
    own = await stage.checker.post(approve, expect=403)
    assert own["code"] == "order_approved_by_same"
    await stage.pool.execute(
        "UPDATE market.auction_orders SET ordered_by = $1", stage.operator.caller.user_id
    )
    done = await stage.checker.post(approve, expect=200)
    again = await stage.checker.post(approve, expect=200)
    assert (done["state"], again) == ("done", done)
    await stage.project()
    assert (await stage.anyone.get(path))["leader"] is None
    ended = await stage.operator.post(f"{path}/cancel", {"reason": "paid off 已清偿"}, expect=202)
    await stage.checker.post(f"{path}/orders/{ended['id']}/approve", expect=200)
    closed = await stage.until_closed(lot)
    assert closed["status"] == "withdrawn"


async def test_resumption_is_announced_ahead(stage: Stage) -> None:
    """Ordered for later, it is announced at once and carried out then; not before, whoever looks."""
    lot = await stage.published(opens_in=4.0, lasts=90.0)
    await stage.until_open(lot)
    path = f"/v1/auctions/{lot['id']}"
    await stage.operator.post(f"{path}/suspend", {"reason": "fault 故障"}, expect=200)
    resume_at = system_clock() + timedelta(seconds=4)
    order = {"reason": "repaired 已修复", "resume_at": text(resume_at)}
    pending = await stage.operator.post(f"{path}/resume", order, expect=202)
    assert pending["state"] == "pending"
    await stage.work()
    notices = (await stage.anyone.get(f"/v1/lots/{lot['id']}/notices"))["items"]
    assert [each["kind"] for each in notices] == ["sale", "suspension", "resumption"]
    assert "resumes at" in notices[-1]["content"]
    if system_clock() < resume_at:
        assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "paused"
    await until(resume_at)
    await stage.work()
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "open"
