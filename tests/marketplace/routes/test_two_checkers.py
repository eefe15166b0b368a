"""From an organisation's limit on two checkers agree to a notice, to a plan, and to what changes routes or prices."""

from typing import Any
from uuid import UUID

from marketplace.organisations.schemas import Role
from tests.make_routes import LOT_TERMS, consigned, lot_step
from tests.make_stage import START_FEN, Person, Stage
from tests.marketplace.routes.test_sessions import arranged, drafted


async def limit(stage: Stage, organisation_id: UUID, from_fen: int) -> None:
    """Two checkers of this organisation from so much on."""
    await stage.pool.execute(
        "INSERT INTO market.approval_limits (organisation_id, version, two_checkers_from_fen, approval_id, set_at)"
        " SELECT $1, count(*) + 1, $2, gen_random_uuid(), now() FROM market.approval_limits WHERE organisation_id = $1",
        organisation_id,
        from_fen,
    )


async def second(stage: Stage, first: Person, role: Role) -> Person:
    """Another checker of the first one's organisation."""
    return await stage.person(role, organisation_id=first.caller.organisation_id)


async def kinds(stage: Stage, subject_id: str) -> list[tuple[str, int]]:
    """What was asked about a subject, and how many agreed."""
    rows = await stage.pool.fetch(
        "SELECT a.kind, count(d) AS n FROM market.approvals a JOIN market.approval_decisions d ON d.approval_id = a.id"
        " WHERE a.subject_id = $1 AND a.state = 'used' GROUP BY a.id, a.kind ORDER BY a.kind",
        UUID(subject_id),
    )
    return [(row["kind"], row["n"]) for row in rows]


async def test_a_notice_waits_for_the_second_checker(stage: Stage) -> None:
    """The first one's yes leaves the lot as it was, and is not given twice; the second one's publishes it."""
    await limit(stage, stage.checker.caller.organisation_id, START_FEN)
    other = await second(stage, stage.checker, Role.VENUE_CHECKER)
    lot = await stage.draft()
    path = f"/v1/lots/{lot['id']}"
    assert (await stage.operator.post(f"{path}/check"))["lot"]["status"] == "checked"
    assert (await stage.checker.post(f"{path}/publish"))["status"] == "checked"
    await stage.anyone.get(path, expect=404)
    again = await stage.checker.post(f"{path}/publish", expect=403)
    assert again["code"] == "same_person"
    colleague = await second(stage, stage.operator, Role.VENUE_OPERATOR)
    await colleague.post(f"{path}/publish", expect=403)
    assert (await other.post(f"{path}/publish"))["status"] in ("published", "registration")
    assert await kinds(stage, lot["id"]) == [("listing", 2)]


async def test_below_the_limit_one_checker_publishes(stage: Stage) -> None:
    """A fen below it one is enough, and the paper says so."""
    await limit(stage, stage.checker.caller.organisation_id, START_FEN + 1)
    lot = await stage.published()
    assert await kinds(stage, lot["id"]) == [("listing", 1)]


async def test_a_session_waits_as_a_whole(stage: Stage) -> None:
    """No lot of it is published by the first checker alone."""
    await limit(stage, stage.checker.caller.organisation_id, 1)
    other = await second(stage, stage.checker, Role.VENUE_CHECKER)
    session = await arranged(stage, await drafted(stage), await drafted(stage), stagger=60)
    path = f"/v1/auction-sessions/{session['id']}/publish"
    assert (await stage.checker.post(path))["state"] == "draft"
    published = await other.post(path)
    assert published["state"] == "published"
    assert {lot["status"] for lot in published["lots"]} <= {"published", "registration"}


async def planned(stage: Stage, *steps: Any) -> tuple[dict[str, Any], Person]:
    """A plan that two checkers had to agree to, and the second of them."""
    await limit(stage, stage.bank_checker.caller.organisation_id, START_FEN)
    other = await second(stage, stage.bank_checker, Role.BANK_CHECKER)
    consignment = await _accepted(stage, other)
    body = {"consignment_id": consignment, "lot": LOT_TERMS, "steps": list(steps)}
    plan = await stage.bank_maker.post("/v1/plans", body)
    path, decision = f"/v1/plans/{plan['id']}", {"sha256": plan["sha256"]}
    assert (await stage.bank_checker.post(f"{path}/approve", decision))["state"] == "draft"
    done = dict(await other.post(f"{path}/approve", decision))
    assert done["state"] == "approved"
    assert await kinds(stage, plan["id"]) == [("route_change", 2)]
    return done, other


async def _accepted(stage: Stage, other: Person) -> str:
    """A consignment that was listed before the limit was there."""
    bank = stage.bank_checker.caller.organisation_id
    await limit(stage, bank, 10**13)
    consignment = await consigned(stage)
    await limit(stage, bank, START_FEN)
    assert other.caller.organisation_id == bank
    return str(consignment["id"])


async def test_a_change_of_routes_and_a_price_cut_wait_for_the_second_checker(
    stage: Stage,
) -> None:
    """Each kind has its paper: another route for the same money is no cut, a lower second round is both."""
    plan, other = await planned(stage, lot_step(), lot_step())
    path = f"/v1/plans/{plan['id']}"
    for steps, wanted in (
        ([lot_step(), {"kind": "set_off"}], [("route_change", 2)]),
        ([lot_step(), lot_step(price_bp=8_000)], [("price_cut", 2), ("route_change", 2)]),
    ):
        body = {"steps": steps, "reason": "no bidders 无人竞买"}
        shown = await stage.bank_maker.post(f"{path}/changes", body)
        change = shown["changes"][-1]
        decide, word = f"{path}/changes/{change['id']}/decide", {"sha256": change["sha256"]}
        waiting = await stage.bank_checker.post(decide, word)
        assert waiting["changes"][-1]["state"] == "proposed"
        assert waiting["sha256"] == shown["sha256"]
        again = await stage.bank_checker.post(decide, word, expect=403)
        assert again["code"] == "same_person"
        done = await other.post(decide, word)
        assert (done["changes"][-1]["state"], done["sha256"] == shown["sha256"]) == (
            "approved",
            False,
        )
        assert await kinds(stage, change["id"]) == wanted
