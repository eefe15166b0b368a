"""The page of an offer to the underbidder, reached from the lot's notice and worked by its forms."""

from kit.money import yuan
from marketplace.organisations.schemas import Role
from marketplace.pages import work_words
from marketplace.resales.schemas import UnderbidState
from tests.make_stage import START_FEN, Person, Stage
from tests.marketplace.pages.test_money_pages import HOSTILE, Desk, value_of
from tests.marketplace.resales.test_resales import COURT, defaulted

ASKED = {"answer_hours": "48", "reason": f"买受人悔拍 {HOSTILE}"}


def desk_of(person: Person) -> Desk:
    """This person with a browser."""
    return Desk(person.client, person.headers)


def forms_of(page: str) -> str:
    """What follows the navigation."""
    return page.split('id="content"')[1]


async def test_the_underbidder_takes_the_rights_by_its_form(stage: Stage) -> None:
    """Proposed by the venue, agreed to by the bank at the price shown, accepted; others find nothing."""
    lot, winner, under = await defaulted(stage)
    notice, path = f"/lots/{lot['id']}", f"/lots/{lot['id']}/underbidder-offer"
    operator, bank = desk_of(stage.operator), desk_of(stage.bank_checker)
    asked = desk_of(under)
    for desk in (operator, bank):
        assert f'href="{path}"' in await desk.see(notice)
    assert "<form" not in forms_of(await bank.see(path))
    assert f'action="{path}"' in await operator.see(path)
    await bank.send(path, 403, **ASKED)
    await operator.send(path, 400, **ASKED | {"answer_hours": "0"})
    await operator.send(path, **ASKED)
    assert "<form" not in forms_of(await operator.see(path))
    assert path not in await asked.see(notice)  # nobody is asked before the bank agreed
    assert (await stage.client.get(path, headers=under.headers)).status_code == 404
    shown = await bank.see(path)
    assert f"¥{yuan(START_FEN)}" in shown
    assert "&lt;script&gt;" in shown
    maker = desk_of(stage.bank_maker)
    assert "<form" not in forms_of(await maker.see(path))
    await maker.send(f"{path}/consent", 403, price_fen=str(START_FEN), approved="true")
    await bank.send(f"{path}/consent", 409, price_fen="1", approved="true")
    price_fen = value_of(shown, "price_fen")
    await bank.send(f"{path}/consent", price_fen=price_fen, approved="true")
    assert f'href="{path}"' in await asked.see(notice)
    assert path not in await desk_of(winner).see(notice)
    assert (await stage.client.get(path, headers=winner.headers)).status_code == 404
    assert f"{path}/answer" in await asked.see(path)
    assert f"{path}/answer" not in await operator.see(path)
    await desk_of(winner).send(f"{path}/answer", 404, accepted="true")
    await asked.send(f"{path}/answer", 400)
    await asked.send(f"{path}/answer", accepted="true")
    taken = (await under.get(f"/v1{path}"))["sold_lot_id"]
    for desk in (asked, operator, bank):
        done = await desk.see(path)
        assert f'href="/lots/{taken}"' in done
        assert "<form" not in forms_of(done)
    stranger = await stage.person(Role.VENUE_OPERATOR)
    assert (await stage.client.get(path, headers=stranger.headers)).status_code == 404


async def test_a_bank_refuses_and_an_underbidder_declines(stage: Stage) -> None:
    """Refused by its bank the offer is over and never shown to the underbidder; declined, it is over too."""
    lot, _, under = await defaulted(stage)
    path = f"/lots/{lot['id']}/underbidder-offer"
    bank = desk_of(stage.bank_checker)
    await desk_of(stage.operator).send(path, **ASKED)
    await bank.send(f"{path}/consent", price_fen=str(START_FEN), approved="false")
    assert 'data-state="refused"' in await bank.see(path)
    assert (await stage.client.get(path, headers=under.headers)).status_code == 404
    lot, _, under = await defaulted(stage)
    path = f"/lots/{lot['id']}/underbidder-offer"
    await desk_of(stage.operator).send(path, **ASKED)
    await bank.send(f"{path}/consent", price_fen=str(START_FEN), approved="true")
    await desk_of(under).send(f"{path}/answer", accepted="false")
    declined = await desk_of(under).see(path)
    assert 'data-state="declined"' in declined
    assert "<form" not in forms_of(declined)


async def test_a_courts_sale_says_that_it_knows_the_reauction_only(stage: Stage) -> None:
    """No form, and the article that says why (法释〔2016〕18号 art. 24)."""
    lot, _, _ = await defaulted(stage, terms=COURT)
    path = f"/lots/{lot['id']}/underbidder-offer"
    shown = await desk_of(stage.operator).see(path)
    assert "第二十四条" in shown
    assert "<form" not in forms_of(shown)
    await desk_of(stage.operator).send(path, 409, **ASKED)


def test_every_state_has_words() -> None:
    """Nothing is shown by its code."""
    assert set(work_words.UNDERBIDDER_STATES) == {state.value for state in UnderbidState}
