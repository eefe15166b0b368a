"""The re-auction and the underbidder's deposit by their forms, in yuan and in Chinese time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from kit.clock import CHINA, system_clock
from kit.money import yuan
from marketplace.organisations.schemas import Role
from settlement import deposits
from tests.make_stage import DEPOSIT_FEN, START_FEN, Stage
from tests.marketplace.resales.test_resales import COURT, defaulted
from tests.marketplace.resales.test_underbidder_pages import ASKED, desk_of, forms_of


def local(**later: int) -> str:
    """A time as a browser's field sends it: no zone, China's clock."""
    return (system_clock() + timedelta(**later)).astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")


async def test_the_venue_begins_the_reauction_by_its_form(stage: Stage) -> None:
    """Reached from the notice, on the old terms; a time that is none is refused with one that is right."""
    lot, winner, _ = await defaulted(stage, terms=COURT)
    notice, path = f"/lots/{lot['id']}", f"/lots/{lot['id']}/reauction"
    operator, bank = desk_of(stage.operator), desk_of(stage.bank_checker)
    for desk in (operator, bank):
        assert f'href="{path}"' in await desk.see(notice)
    assert path not in await desk_of(winner).see(notice)
    assert "<form" not in forms_of(await bank.see(path))
    shown = await operator.see(path)
    assert f"¥{yuan(lot['start_price_fen'])}" in shown
    assert f'action="{path}"' in shown
    times = {"opens_at": local(days=30), "closes_at": local(days=31)}
    wrong = await operator.send(path, 400, **times | {"opens_at": "tomorrow"})
    assert "2026-11-30 10:00" in wrong.text
    assert "竞价开始（opens_at）" in wrong.text
    await bank.send(path, 403, **times)
    stranger = desk_of(await stage.person(Role.VENUE_OPERATOR))
    await stranger.send(path, 404, **times)
    await operator.send(path, **times)
    drafted = await _newest(stage)
    assert (drafted["status"], drafted["start_price_fen"]) == ("draft", lot["start_price_fen"])
    assert drafted["origin_lot_id"] == lot["id"]
    assert drafted["opens_at"].startswith(_utc(times["opens_at"]))
    await operator.send(path, 409, **times)


async def _newest(stage: Stage) -> dict[str, Any]:
    listed = await stage.operator.get("/v1/my/lots")
    return dict(listed["items"][0])


def _utc(written: str) -> str:
    moment = datetime.fromisoformat(written).replace(tzinfo=CHINA).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M")


async def test_the_venue_books_the_underbidders_deposit_by_its_form(stage: Stage) -> None:
    """Taken out meanwhile, it is paid in again: booked in yuan, and the underbidder can accept."""
    lot, _, under = await defaulted(stage)
    path = f"/lots/{lot['id']}/underbidder-offer"
    operator, bank, asked = desk_of(stage.operator), desk_of(stage.bank_checker), desk_of(under)
    receipt = {"bank_reference": str(uuid4()), "amount": "1", "received_at": local(minutes=-1)}
    await operator.send(path, **ASKED)
    assert f"{path}/deposit" not in await operator.see(path)
    await operator.send(f"{path}/deposit", 409, **receipt)
    await bank.send(f"{path}/consent", price_fen=str(START_FEN), approved="true")
    async with stage.pool.acquire() as conn, conn.transaction():
        bidder_id = under.caller.organisation_id
        await deposits.hold(
            conn,
            uuid4(),
            bidder_id,
            holder_id=stage.operator.caller.organisation_id,
            amount_fen=DEPOSIT_FEN,
            now=system_clock(),
        )
    await asked.send(f"{path}/answer", 409, accepted="true")
    assert f'action="{path}/deposit"' in await operator.see(path)
    assert f'action="{path}/deposit"' not in await bank.see(path)
    wrong = await operator.send(f"{path}/deposit", 400, **receipt | {"amount": "12.345"})
    assert "220000.00" in wrong.text
    await operator.send(f"{path}/deposit", **receipt | {"amount": yuan(DEPOSIT_FEN)})
    await asked.send(f"{path}/answer", accepted="true")
    assert 'data-state="accepted"' in await operator.see(path)
