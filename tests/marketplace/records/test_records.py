"""The record of an auction and the report of one that failed, over HTTP and as pages."""

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from marketplace.lots.regimes import Regime
from marketplace.organisations.schemas import Role
from marketplace.records.rules import next_step
from tests.make_stage import START_FEN, STEP_FEN, Stage

CLOSED = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("regime", "round_number", "start_fen", "until", "words"),
    [
        (Regime.JUDICIAL_NETWORK, 1, 81, CLOSED + timedelta(days=30), "再次竞价"),
        (Regime.EXCHANGE, 1, 81, None, "再次竞价"),
        (Regime.JUDICIAL_NETWORK, 2, 101, None, "变卖"),
        (Regime.EXCHANGE, 2, None, None, "运营"),
    ],
)
def test_ladder(
    regime: Regime, round_number: int, start_fen: int | None, until: datetime | None, words: str
) -> None:
    """A second round at four fifths, rounded up; within thirty days in court; then sell-off, or operation."""
    found = next_step(regime, round_number=round_number, start_price_fen=101, closed_at=CLOSED)
    assert (found.start_price_fen, found.until) == (start_fen, until)
    assert words in found.chinese


def digest_holds(document: dict[str, object]) -> bool:
    """Whether the document's hash is of the rest of it."""
    rest = {name: value for name, value in document.items() if name != "sha256"}
    text = msgspec.json.encode(rest, order="deterministic")
    return hashlib.sha256(text).hexdigest() == document["sha256"]


async def test_record_of_a_sale(stage: Stage) -> None:
    """Every bid and refusal, a pause with its reason, the result; the same hash whenever it is asked for."""
    lot = await stage.published(opens_in=4.0, lasts=10.0)
    one, bidder = await stage.deposited(lot)
    await stage.until_open(lot)
    path = f"/v1/lots/{lot['id']}"
    await stage.anyone.get(f"{path}/bid-record", expect=404)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": STEP_FEN}, expect=409)
    for action in ("suspend", "resume"):
        await stage.operator.post(
            f"/v1/auctions/{lot['id']}/{action}", {"reason": "fault 故障"}, expect=200
        )
    await stage.until_closed(lot)
    record = await stage.anyone.get(f"{path}/bid-record")
    assert (record["outcome"], record["winner_paddle"]) == ("sold", bidder["paddle"])
    assert (record["accepted"], record["refused"], record["bidders"]) == (1, 1, 1)
    kinds = [(each["kind"], each["reason"]) for each in record["interventions"]]
    assert kinds == [("suspension", "fault 故障"), ("resumption", "fault 故障")]
    assert digest_holds(record)
    assert record == await stage.anyone.get(f"{path}/bid-record")
    page = await stage.client.get(f"/lots/{lot['id']}/bid-record")
    assert (page.status_code, "竞价记录" in page.text, record["sha256"][:4] in page.text) == (
        200,
        True,
        True,
    )
    assert "below_start" not in page.text, "a refusal is said in words"
    assert "低于起始价：" in page.text
    await stage.operator.get(f"{path}/unsold-report", expect=409)
    notice = (await stage.client.get(f"/lots/{lot['id']}", headers=stage.operator.headers)).text
    assert f"/lots/{lot['id']}/bid-record" in notice
    assert "unsold-report" not in notice


async def test_report_of_a_lot_nobody_bid_for(stage: Stage) -> None:
    """Who came, why it failed, what is next; for its venue and bank, and nobody else."""
    lot = await stage.published(opens_in=4.0, lasts=2.0)
    await stage.deposited(lot)
    await stage.until_closed(lot)
    path = f"/v1/lots/{lot['id']}/unsold-report"
    report = await stage.bank_checker.get(path)
    assert (report["reason"], report["registered"], report["admitted"], report["bids"]) == (
        "no_bids",
        1,
        1,
        0,
    )
    assert report["next_start_price_fen"] == START_FEN * 4 // 5
    assert digest_holds(report)
    stranger = await stage.person(Role.BANK_MAKER)
    await stranger.get(path, expect=404)
    door = f'href="/lots/{lot["id"]}/unsold-report"'
    for person, is_theirs in ((stage.bank_checker, True), (stranger, False), (stage.anyone, False)):
        notice = await stage.client.get(f"/lots/{lot['id']}", headers=person.headers)
        assert (door in notice.text) is is_theirs
    page = await stage.client.get(
        f"/lots/{lot['id']}/unsold-report", headers=stage.operator.headers
    )
    assert (page.status_code, "流拍报告" in page.text) == (200, True)
