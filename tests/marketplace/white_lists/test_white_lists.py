"""White lists: drafted, published by another person, pushed, received, answered, superseded."""

import asyncio
from datetime import datetime
from typing import Any

import msgspec
import pytest

from kit.errors import Conflict, InvalidInput, NotFound
from kit.sql import Connection
from kit.states import IllegalStep
from marketplace.app import Resources
from marketplace.edge.versions import VersionChanged
from marketplace.organisations.schemas import Role
from marketplace.white_lists import rules, service
from marketplace.white_lists.schemas import ListState, NewAnswer, NewList, Outcome
from tests.make_people import make_caller
from tests.make_portfolio import BORROWER_CODE, make_parties, some_credit_code


def some_list(**changed: Any) -> NewList:
    """A list of one enterprise."""
    entry = {"name": "示例借款人", "code": BORROWER_CODE, "criterion": "专精特新", "source": "省级"}
    fields = {
        "name": "知识产权融资白名单",
        "authority": "湖北省知识产权局",
        "criteria": "贯标认证或优势企业",
        "entries": [entry],
    }
    return msgspec.convert(fields | changed, NewList)


@pytest.mark.parametrize("current", list(ListState))
@pytest.mark.parametrize("wanted", list(ListState))
def test_every_step_is_tried(current: ListState, wanted: ListState) -> None:
    """Draft, published, pushed (again and again), superseded; nothing else."""
    if wanted in rules.STEPS[current]:
        rules.require_list_step(current, wanted, name="甲")
    else:
        with pytest.raises(IllegalStep, match=current):
            rules.require_list_step(current, wanted, name="甲")


@pytest.mark.parametrize("codes", [["1" * 18], [BORROWER_CODE, f" {BORROWER_CODE.lower()}"]])
def test_an_entry_is_an_enterprise_once(codes: list[str]) -> None:
    """A wrong code, or the same enterprise twice in whatever spelling, is refused by its place."""
    entries = [{"name": "x", "code": code, "criterion": "c", "source": "s"} for code in codes]
    with pytest.raises(InvalidInput, match=f"entries.{len(codes)}.code"):
        rules.normal(some_list(entries=entries))


async def test_drafts_at_once_have_numbers_of_their_own(
    resources: Resources, now: datetime
) -> None:
    """Two people begin the next list at the same moment: one waits for the other."""
    keeper = await make_caller(resources.pool, Role.VENUE_OPERATOR, now=now)

    async def drafted() -> int:
        async with resources.pool.acquire() as conn, conn.transaction():
            return (await service.draft(conn, keeper, some_list(), now=now)).number

    assert sorted(await asyncio.gather(*(drafted() for _ in range(5)))) == [1, 2, 3, 4, 5]


async def test_a_list_is_published_by_two_and_superseded(conn: Connection, now: datetime) -> None:
    """Two people publish, the hash freezes it, it goes to banks alone, and a newer one takes its place."""
    keeper = await make_caller(conn, Role.VENUE_OPERATOR, now=now)
    checker = await make_caller(
        conn, Role.VENUE_CHECKER, now=now, organisation_id=keeper.organisation_id
    )
    first, second = await make_parties(conn, now=now), await make_parties(conn, now=now)
    mine = await service.draft(conn, keeper, some_list(), now=now)
    with pytest.raises(service.DrafterPublishes):
        await service.publish(conn, keeper, mine.id, now=now)
    longer = some_list(criteria="优势企业")
    with pytest.raises(VersionChanged):
        await service.change(conn, keeper, mine.id, longer, version=9, now=now)
    with pytest.raises(InvalidInput, match="name"):
        await service.change(conn, keeper, mine.id, some_list(name="另"), version=1, now=now)
    await service.change(conn, keeper, mine.id, longer, version=1, now=now)
    with pytest.raises(NotFound):
        await service.get(conn, first.maker, mine.id)
    published = await service.publish(conn, checker, mine.id, now=now)
    assert published.sha256 == rules.digest(published, number=1).hex()
    with pytest.raises(InvalidInput, match="bank_ids"):
        await service.push(conn, keeper, mine.id, [keeper.organisation_id], now=now)
    banks = [first.maker.organisation_id, second.maker.organisation_id]
    for _ in range(2):
        pushed = await service.push(conn, keeper, mine.id, banks, now=now)
    assert (pushed.state, len(pushed.pushes)) == (ListState.PUSHED, 2)
    newer = await service.draft(conn, keeper, some_list(), now=now)
    assert newer.number == 2
    await service.publish(conn, checker, newer.id, now=now)
    gone = await service.get(conn, keeper, mine.id)
    assert gone.state is ListState.SUPERSEDED
    with pytest.raises(IllegalStep):
        await service.push(conn, keeper, mine.id, banks, now=now)
    with pytest.raises(NotFound):
        await service.get(conn, first.maker, newer.id)
    assert len(await service.page(conn, first.regulator, after=None, limit=9)) == 2


async def test_answers_come_back_from_each_bank(conn: Connection, now: datetime) -> None:
    """The receipt names what was received, once; answers follow it, and a bank sees its own alone."""
    keeper = await make_caller(conn, Role.VENUE_OPERATOR, now=now)
    checker = await make_caller(
        conn, Role.VENUE_CHECKER, now=now, organisation_id=keeper.organisation_id
    )
    first, second = await make_parties(conn, now=now), await make_parties(conn, now=now)
    mine = await service.draft(conn, keeper, some_list(), now=now)
    published = await service.publish(conn, checker, mine.id, now=now)
    banks = [first.maker.organisation_id, second.maker.organisation_id]
    await service.push(conn, keeper, mine.id, banks, now=now)
    given = NewAnswer(code=BORROWER_CODE, outcome=Outcome.CREDIT_GRANTED, amount_fen=100)
    with pytest.raises(Conflict, match="receipt"):
        await service.answer(conn, first.maker, mine.id, given, now=now)
    received = await service.receive(conn, first.maker, mine.id, now=now)
    assert [push.receipt for push in received.pushes] == [f"1:{published.sha256}"]
    assert await service.receive(conn, first.maker, mine.id, now=now) == received
    foreign = msgspec.structs.replace(given, code=some_credit_code())
    with pytest.raises(InvalidInput, match="code"):
        await service.answer(conn, first.maker, mine.id, foreign, now=now)
    await service.answer(conn, first.maker, mine.id, given, now=now)
    assert len(await service.answers(conn, keeper, mine.id)) == 1
    assert await service.answers(conn, second.maker, mine.id) == []
    stranger = await make_parties(conn, now=now)
    with pytest.raises(NotFound):
        await service.receive(conn, stranger.checker, mine.id, now=now)
