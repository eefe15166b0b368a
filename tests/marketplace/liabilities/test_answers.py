"""A guarantor and a re-guarantor answer for what they owe: each step that there is, and each that there is not."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from kit.reach import Scope, enter
from marketplace.app import Resources
from marketplace.changes import service as changes
from marketplace.organisations.schemas import Caller, OrganisationKind
from marketplace.outbox import service as outbox
from tests.make_bearers import (
    BORNE_FEN,
    CEDED_FEN,
    GUARANTOR_FEN,
    PRINCIPAL_FEN,
    REGUARANTOR_FEN,
    Shared,
    answer_of,
    answered,
    decision,
    make_house,
)
from tests.make_claims import Office, application, drafted, make_loan
from tests.make_claims import decision as claim_decision
from tests.make_people import key_of, make_caller


async def test_what_is_stated_is_what_the_rules_say(office: Office, shared: Shared) -> None:
    """The guarantor owes the bank all that it bears, the re-guarantor owes it the part passed on; example 2."""
    one = await office.read(shared.guarantor.maker, f"/v1/liabilities/{shared.of_guarantor}")
    share = one["stated"]["share"]
    assert (one["state"], one["party"], one["role"]) == ("notified", "guarantor", "GUARANTOR")
    assert share["loss_fen"] == PRINCIPAL_FEN
    assert share["owed"] == [{"to": "bank", "why": "borne", "amount_fen": BORNE_FEN}]
    assert share["ceded"] == [{"party": "guarantor", "to": "reguarantor", "amount_fen": CEDED_FEN}]
    assert (share["compensation_fen"], share["position_fen"]) == (110_222_224, GUARANTOR_FEN)
    assert one["stated"]["claim_sha256"] == shared.claim["claim_sha256"]
    other = await office.read(shared.reguarantor.maker, f"/v1/liabilities/{shared.of_reguarantor}")
    share = other["stated"]["share"]
    assert share["owed"] == [{"to": "guarantor", "why": "ceded", "amount_fen": CEDED_FEN}]
    assert (share["borne_fen"], share["ceded"], share["position_fen"]) == (0, [], REGUARANTOR_FEN)
    assert other["stated_sha256"] != one["stated_sha256"]


async def test_a_liability_is_confirmed_by_two_and_that_is_final(
    office: Office, shared: Shared
) -> None:
    """The answer binds the hash of what was read; the checker agrees to its very bytes; nothing follows it."""
    maker, checker = shared.guarantor.maker, shared.guarantor.checker
    path = f"/v1/liabilities/{shared.of_guarantor}"
    asked = await answer_of(office, shared.guarantor, shared.of_guarantor)
    one = await office.do(maker, f"{path}/answer", asked)
    assert one["state"] == "notified"
    assert one["proposal"]["answer"]["answer"] == "confirm"
    assert one["proposal"]["answer"]["stated_sha256"] == one["stated_sha256"]
    assert await office.do(maker, f"{path}/answer", asked) == one  # the same again
    done = await office.do(checker, f"{path}/decision", decision(one))
    assert (done["state"], done["proposal"]) == ("confirmed", None)
    assert done["answer"]["agreement"] == "DB-2024-17"
    stored = await office.pool.fetchval(
        "SELECT answer FROM market.liabilities WHERE id = $1", shared.of_guarantor
    )
    assert done["answer_sha256"] == hashlib.sha256(stored).hexdigest()
    assert done["answer_sha256"] == one["proposal"]["sha256"]
    for answer in ("confirm", "dispute"):
        again = await answer_of(office, shared.guarantor, shared.of_guarantor, answer)
        refused = await office.post(maker, f"{path}/answer", again)
        assert (refused.status_code, refused.json()["code"]) == (409, "liability_confirmed")
    refused = await office.post(checker, f"{path}/decision", decision(one))
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_decide")


async def test_a_dispute_stands_until_it_is_confirmed(office: Office, shared: Shared) -> None:
    """Disputed by two; then, as the house likes, disputed with another reason, or confirmed."""
    house, path = shared.reguarantor, f"/v1/liabilities/{shared.of_reguarantor}"
    one = await answered(office, house, shared.of_reguarantor, "dispute")
    assert (one["state"], one["answer"]["reason"]) == ("disputed", "guarantee ended")
    again = await answer_of(office, house, shared.of_reguarantor, "dispute", reason="fraud")
    one = await office.do(house.maker, f"{path}/answer", again)
    one = await office.do(house.checker, f"{path}/decision", decision(one, approved=False))
    assert (one["state"], one["answer"]["reason"]) == ("disputed", "guarantee ended")
    one = await office.do(house.maker, f"{path}/answer", again)
    one = await office.do(house.checker, f"{path}/decision", decision(one))
    assert (one["state"], one["answer"]["reason"]) == ("disputed", "fraud")
    assert (await answered(office, house, shared.of_reguarantor))["state"] == "confirmed"


async def test_what_is_refused_leaves_it_as_it_was(office: Office, shared: Shared) -> None:
    """A checker refuses; the maker proposes anew, the same or another; another takes the first one's place."""
    house, path = shared.guarantor, f"/v1/liabilities/{shared.of_guarantor}"
    body = await answer_of(office, house, shared.of_guarantor)
    first = await office.do(house.maker, f"{path}/answer", body)
    done = await office.do(house.checker, f"{path}/decision", decision(first, approved=False))
    assert (done["state"], done["proposal"], done["answer"]) == ("notified", None, None)
    first = await office.do(house.maker, f"{path}/answer", body)
    dispute = await answer_of(office, house, shared.of_guarantor, "dispute")
    second = await office.do(house.maker, f"{path}/answer", dispute)
    refused = await office.post(house.checker, f"{path}/decision", decision(first))
    assert (refused.status_code, refused.json()["code"]) == (409, "content_changed")
    done = await office.do(house.checker, f"{path}/decision", decision(second))
    assert done["state"] == "disputed"


@pytest.mark.parametrize(
    ("answer", "changed", "status", "said"),
    [
        ("confirm", {"agreement": ""}, 400, "agreement"),
        ("dispute", {"reason": ""}, 400, "reason"),
        ("confirm", {"stated_sha256": "0" * 64}, 409, "content_changed"),
        ("confirm", {"stated_sha256": "0"}, 400, "stated_sha256"),
        ("confirm", {"answer": "perhaps"}, 400, "answer"),
    ],
)
async def test_an_answer_names_its_contract_or_its_reason(
    office: Office, shared: Shared, answer: str, changed: dict[str, str], status: int, said: str
) -> None:
    """What is missing or was not what was read is refused by its field, and nothing waits."""
    body = await answer_of(office, shared.guarantor, shared.of_guarantor, answer) | changed
    path = f"/v1/liabilities/{shared.of_guarantor}"
    refused = await office.post(shared.guarantor.maker, f"{path}/answer", body)
    assert refused.status_code == status, refused.text
    assert said in (refused.json().get("field") or refused.json()["code"]), refused.text
    assert (await office.read(shared.guarantor.maker, path))["proposal"] is None


async def test_nobody_else_answers(office: Office, shared: Shared) -> None:
    """Not the other house, not the bank, not the fund; nor does the maker decide, or the checker propose."""
    path = f"/v1/liabilities/{shared.of_guarantor}"
    body = await answer_of(office, shared.guarantor, shared.of_guarantor)
    for caller, status in (
        (shared.reguarantor.maker, 404),
        (shared.guarantor.checker, 403),
        (office.cast.bank_maker, 403),
        (office.cast.fund_administrator, 403),
        (office.cast.regulator, 403),
        (office.cast.auditor, 403),
    ):
        assert (await office.post(caller, f"{path}/answer", body)).status_code == status
    one = await office.do(shared.guarantor.maker, f"{path}/answer", body)
    for caller, status in (
        (shared.reguarantor.checker, 404),
        (shared.guarantor.maker, 403),
        (office.cast.bank_checker, 403),
        (office.cast.fund_checker, 403),
    ):
        refused = await office.post(caller, f"{path}/decision", decision(one))
        assert refused.status_code == status, refused.text
    assert (await office.read(shared.guarantor.checker, path))["state"] == "notified"


async def test_one_person_with_both_roles_is_not_two(office: Office, shared: Shared) -> None:
    """Whoever proposed does not agree, from another account of theirs either."""
    house, path = shared.guarantor, f"/v1/liabilities/{shared.of_guarantor}"
    await office.pool.execute(
        "UPDATE market.users SET person_id = (SELECT person_id FROM market.users WHERE id = $2) WHERE id = $1",
        house.checker.user_id,
        house.maker.user_id,
    )
    one = await office.do(
        house.maker, f"{path}/answer", await answer_of(office, house, shared.of_guarantor)
    )
    for is_yes in (True, False):
        refused = await office.post(
            house.checker, f"{path}/decision", decision(one, approved=is_yes)
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "same_person")


async def test_from_the_limit_on_two_checkers_agree(office: Office, shared: Shared) -> None:
    """The house's own limit counts: the first yes leaves the liability as it was."""
    house, path = shared.guarantor, f"/v1/liabilities/{shared.of_guarantor}"
    await office.pool.execute(
        "INSERT INTO market.approval_limits (organisation_id, version, two_checkers_from_fen, approval_id, set_at)"
        " VALUES ($1, 1, $2, gen_random_uuid(), now())",
        house.maker.organisation_id,
        BORNE_FEN,
    )
    second = await colleague(office, shared)
    one = await office.do(
        house.maker, f"{path}/answer", await answer_of(office, house, shared.of_guarantor)
    )
    after = await office.do(house.checker, f"{path}/decision", decision(one))
    assert (after["state"], after["proposal"]["sha256"]) == ("notified", one["proposal"]["sha256"])
    after = await office.do(second, f"{path}/decision", decision(one))
    assert after["state"] == "confirmed"


async def colleague(office: Office, shared: Shared) -> Caller:
    """A second checker of the guarantor."""
    first = shared.guarantor.checker
    caller = await make_caller(
        office.pool, *first.roles, now=office.now, organisation_id=first.organisation_id
    )
    office.admit(caller, await key_of(office.pool, caller, now=office.now))
    return caller


async def test_a_rejected_claim_has_no_liability_to_answer(office: Office, shared: Shared) -> None:
    """Neither is anything proposed, nor what was proposed before agreed to."""
    house, path = shared.guarantor, f"/v1/liabilities/{shared.of_guarantor}"
    one = await office.do(
        house.maker, f"{path}/answer", await answer_of(office, house, shared.of_guarantor)
    )
    no = claim_decision(shared.claim, approved=False)
    await office.do(office.cast.fund_administrator, f"/v1/claims/{shared.claim['id']}/review", no)
    refused = await office.post(house.checker, f"{path}/decision", decision(one))
    assert (refused.status_code, refused.json()["code"]) == (409, "claim_rejected")
    body = await answer_of(office, house, shared.of_guarantor, "dispute")
    refused = await office.post(house.maker, f"{path}/answer", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "claim_rejected")


async def test_a_draft_tells_nobody(office: Office, shared: Shared) -> None:
    """Only a claim that its bank's checker sent is told to those who share its loss."""
    asked = application(office, await make_loan(office), contract_sha256="ef" * 32)
    parties = shared.claim["application"]["parties"] | {"fund": str(office.cast.fund_id)}
    given = asked | {"scheme_id": "example-two", "scheme_version": 1, "parties": parties}
    draft = await office.do(office.cast.bank_maker, "/v1/claims", given)
    for caller in (shared.guarantor.maker, office.cast.bank_maker, office.cast.auditor):
        found = await office.read(caller, f"/v1/liabilities?claim_id={draft['id']}")
        assert found["items"] == []
    # A claim of bank and fund alone has no liabilities at all.
    alone = await drafted(office, await make_loan(office), contract_sha256="cd" * 32)
    await office.do(
        office.cast.bank_checker, f"/v1/claims/{alone['id']}/approve", claim_decision(alone)
    )
    found = await office.read(office.cast.bank_maker, f"/v1/liabilities?claim_id={alone['id']}")
    assert found["items"] == []


async def test_who_sees_a_liability_and_what_waits(office: Office, shared: Shared) -> None:
    """The case's parties see where it stands; what waits inside the house only the house and overseers."""
    path = f"/v1/liabilities/{shared.of_guarantor}"
    await office.do(
        shared.guarantor.maker,
        f"{path}/answer",
        await answer_of(office, shared.guarantor, shared.of_guarantor),
    )
    for caller, sees_proposal in (
        (shared.guarantor.checker, True),
        (office.cast.regulator, True),
        (office.cast.auditor, True),
        (shared.reguarantor.maker, False),
        (office.cast.bank_checker, False),
        (office.cast.fund_administrator, False),
    ):
        one = await office.read(caller, path)
        assert (one["proposal"] is not None) is sees_proposal, caller.roles
        listed = await office.read(caller, "/v1/liabilities")
        assert {item["id"] for item in listed["items"]} == {
            shared.of_guarantor,
            shared.of_reguarantor,
        }
    strange = await make_house(office, OrganisationKind.INSURER)
    for caller in (strange.maker, strange.checker, office.cast.other_bank_maker,
                   office.cast.other_fund_administrator):  # fmt: skip
        assert (await office.get(caller, path)).status_code == 404
        assert (await office.read(caller, "/v1/liabilities"))["items"] == []
    for caller in (office.cast.venue_operator, office.cast.agency):
        assert (await office.get(caller, path)).status_code == 403


async def rows_of(resources: Resources, caller: Caller, sql: str) -> str:
    """What a statement without any condition does, as the caller."""
    async with resources.requests.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await enter(
            conn, Scope.ORGANISATION, str(caller.organisation_id), str(caller.organisation_kind)
        )
        done: str = await conn.execute(sql)
        await transaction.rollback()
        return done


async def test_a_forgotten_condition_writes_its_own_rows_alone(
    office: Office, shared: Shared, resources: Resources
) -> None:
    """The policies beneath the routes: each house one row, bank and fund read two and write none."""
    change, read = (
        "UPDATE market.liabilities SET decided_at = NULL",
        "SELECT FROM market.liabilities",
    )
    assert await rows_of(resources, shared.guarantor.maker, change) == "UPDATE 1"
    for caller in (office.cast.bank_maker, office.cast.fund_checker):
        assert await rows_of(resources, caller, read) == "SELECT 2"
        assert await rows_of(resources, caller, change) == "UPDATE 0"
    assert await rows_of(resources, office.cast.other_bank_maker, read) == "SELECT 0"


async def feed(office: Office, caller: Caller) -> list[tuple[str, Any]]:
    """What the caller's organisation hears of liabilities."""
    async with office.pool.acquire() as conn, conn.transaction():
        later = office.now + timedelta(seconds=1)
        await changes.append(conn, await outbox.take_pending(conn, now=later, limit=500))
    found = await office.read(caller, "/v1/changes")
    return [
        (one["kind"], one["data"].get("state"))
        for one in found["items"]
        if one["kind"].startswith("liability")
    ]


async def test_all_who_share_the_loss_hear_of_an_answer(office: Office, shared: Shared) -> None:
    """Once two have agreed, and not before."""
    path = f"/v1/liabilities/{shared.of_guarantor}"
    body = await answer_of(office, shared.guarantor, shared.of_guarantor)
    one = await office.do(shared.guarantor.maker, f"{path}/answer", body)
    assert await feed(office, office.cast.bank_maker) == []
    await office.do(shared.guarantor.checker, f"{path}/decision", decision(one))
    for caller in (
        office.cast.bank_maker,
        office.cast.fund_administrator,
        shared.guarantor.maker,
        shared.reguarantor.checker,
    ):
        assert await feed(office, caller) == [("liability_answered", "confirmed")]
    assert await feed(office, office.cast.other_bank_maker) == []


async def test_the_page_of_approvals_carries_it_out(office: Office, shared: Shared) -> None:
    """What waits is among the approvals; a yes there, over the API, leaves the step to the checker's own route."""
    house, path = shared.guarantor, f"/v1/liabilities/{shared.of_guarantor}"
    body = await answer_of(office, house, shared.of_guarantor)
    one = await office.do(house.maker, f"{path}/answer", body)
    (waits,) = (await office.get(house.checker, "/v1/approvals/waiting")).json()
    assert (waits["kind"], waits["sha256"]) == ("liability", one["proposal"]["sha256"])
    yes = {"approved": True, "sha256": waits["sha256"], "reason": "as read"}
    await office.do(house.checker, f"/v1/approvals/{waits['id']}/decision", yes)
    assert (await office.read(house.maker, path))["state"] == "notified"
    done = await office.do(house.checker, f"{path}/decision", decision(one))
    assert done["state"] == "confirmed"
