"""The page of a result that is set aside, reached from the lot's notice and worked by its forms."""

from marketplace.organisations.schemas import Role
from marketplace.pages import work_words
from marketplace.revocations.schemas import Ground
from settlement import orders
from tests.make_stage import Person, Stage, money
from tests.marketplace.pages.test_money_pages import HOSTILE, Desk, found, value_of
from tests.marketplace.revocations.test_revocations import won

FAULT = {"ground": "system_fault", "reason": f"系统时钟故障 {HOSTILE}", "evidence": "事故报告"}


def desk_of(person: Person) -> Desk:
    """This person with a browser."""
    return Desk(person.client, person.headers)


async def test_a_result_is_set_aside_by_two_people_at_their_forms(stage: Stage) -> None:
    """Proposed, taken back, proposed anew, agreed to by a checker as shown; bank and venue read, others do not."""
    lot, buyer, _ = await won(stage)
    await stage.operator.post(f"/v1/lots/{lot['id']}/payments", money(1_000_000))
    notice, path = f"/lots/{lot['id']}", f"/lots/{lot['id']}/revocation"
    operator, checker = desk_of(stage.operator), desk_of(stage.checker)
    bank = desk_of(stage.bank_maker)
    for desk in (operator, checker, bank):
        assert f'href="{path}"' in await desk.see(notice)
    assert path not in await desk_of(buyer).see(notice)
    assert path not in (await stage.client.get(notice)).text
    assert f'action="{path}"' in await operator.see(path)
    for desk in (checker, bank):
        assert "<form" not in (await desk.see(path)).split('id="content"')[1]
    await checker.send(path, 403, **FAULT)
    await operator.send(path, 400, **FAULT | {"ground": "regret"})
    await operator.send(path, 400, **FAULT | {"evidence": ""})
    await operator.send(path, **FAULT)
    mine = await operator.see(path)
    assert f"{path}/approval" not in mine
    await operator.send(found(mine, rf"{path}/[0-9a-f-]{{36}}/refusal"), reason="写错")
    await operator.send(path, **FAULT)
    shown = await checker.see(path)
    for part in ("系统故障致结果错误", "&lt;script&gt;", "事故报告", "¥10,000.00"):
        assert part in shown, part
    seen = value_of(shown, "content_hash")
    await operator.send(f"{path}/approval", 403, content_hash=seen)
    await checker.send(f"{path}/approval", 412, content_hash="0" * 64)
    await checker.send(f"{path}/approval", content_hash=seen)
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "revoked"
    for desk in (operator, bank):
        done = await desk.see(path)
        assert 'data-state="DONE"' in done
        assert "<form" not in done.split('id="content"')[1]
    stranger = await stage.person(Role.VENUE_OPERATOR)
    assert (await stage.client.get(path, headers=stranger.headers)).status_code == 404
    assert (await stage.client.get(path, headers=buyer.headers)).status_code == 403


async def test_who_proposed_it_does_not_decide_and_a_checker_refuses(stage: Stage) -> None:
    """A person with both roles finds no button for their own proposal; refused, the result stands."""
    lot, _, api = await won(stage)
    path = f"/lots/{lot['id']}/revocation"
    both = await stage.person(
        Role.VENUE_OPERATOR,
        Role.VENUE_CHECKER,
        organisation_id=stage.parties.venue.organisation_id,
    )
    desk, checker = desk_of(both), desk_of(stage.checker)
    await desk.send(path, **FAULT)
    assert f"{path}/approval" not in await desk.see(path)
    shown = await checker.see(path)
    seen = value_of(shown, "content_hash")
    await desk.send(f"{path}/approval", 409, content_hash=seen)
    refusal = found(shown, rf"{path}/[0-9a-f-]{{36}}/refusal")
    await checker.send(refusal, 400, reason="")
    await checker.send(refusal, reason="时钟无误")
    await checker.send(f"{path}/approval", 404, content_hash=seen)
    assert (await stage.anyone.get(api))["status"] == "awaiting_payment"
    assert f'action="{path}"' in await desk_of(stage.operator).see(path)


def test_every_ground_and_state_has_words() -> None:
    """Nothing is shown by its code."""
    assert set(work_words.REVOCATION_GROUNDS) == {ground.value for ground in Ground}
    assert set(work_words.ORDER_STATES) == {orders.PROPOSED, orders.DONE, orders.REFUSED}
