"""Who may do what to a claim: roles, ownership, and never one person twice."""

from typing import Any

from marketplace.organisations.schemas import Role
from tests.make_claims import (
    Office,
    advanced,
    application,
    approved,
    decision,
    drafted,
    make_loan,
    reviewed,
)
from tests.make_people import key_of, make_caller

EVERYBODY = (
    "bank_maker",
    "bank_checker",
    "fund_administrator",
    "fund_checker",
    "venue_operator",
    "agency",
    "regulator",
    "auditor",
)
ID = "00000000-0000-7000-8000-00000000000f"
DECISION = {"approved": True, "reason": "yes", "claim_sha256": "00" * 32}
#: Each step, a body it accepts, and the roles that may take it.
STEPS: dict[str, tuple[dict[str, Any] | None, set[str]]] = {
    "/v1/claims/{id}/approve": (DECISION, {"bank_checker"}),
    "/v1/claims/{id}/review": (DECISION, {"fund_administrator", "fund_checker"}),
    "/v1/claims/{id}/advance": (None, {"fund_administrator", "fund_checker"}),
    "/v1/claims/{id}/payments/{id}": (
        {"bank_reference": "x"},
        {"fund_administrator", "fund_checker"},
    ),
    "/v1/claims/{id}/recoveries": ({"kind": "sale", "lot_id": ID}, {"bank_maker"}),
    "/v1/claims/{id}/final": (None, {"fund_administrator"}),
    "/v1/claims/{id}/final/approve": (
        {"approved": True, "reason": "yes", "final_sha256": "00" * 32},
        {"fund_checker"},
    ),
    "/v1/claims/{id}/returns": (
        {"fund_party": "fund", "party": "bank", "amount_fen": 1, "bank_reference": "x"},
        {"fund_administrator"},
    ),
    "/v1/funds/{id}/contributions": (
        {"amount_fen": 1, "bank_reference": "x", "source": "y"},
        {"fund_administrator"},
    ),
}


async def test_a_step_is_refused_to_every_other_role(office: Office) -> None:
    """Who lacks the role gets 403; who has it gets past the policy, here to an unknown id: 404."""
    for path, (body, allowed) in STEPS.items():
        for name in EVERYBODY:
            answer = await office.post(getattr(office.cast, name), path.format(id=ID), body)
            assert answer.status_code == (404 if name in allowed else 403), (path, name)
            assert answer.json()["detail_zh"]


async def test_only_a_makers_own_loans_are_claimed_for(office: Office) -> None:
    """Another bank's maker does not even learn that the loan exists; other roles are refused."""
    loan = await make_loan(office)
    cast = office.cast
    answer = await office.post(cast.other_bank_maker, "/v1/claims", application(office, loan))
    assert answer.status_code == 404
    for name in set(EVERYBODY) - {"bank_maker"}:
        answer = await office.post(getattr(cast, name), "/v1/claims", application(office, loan))
        assert answer.status_code == 403
    assert await office.count("SELECT count(*) FROM market.claims") == 0


async def test_nobody_decides_what_they_drafted(office: Office) -> None:
    """One person with both roles of the bank can't send their own claim to the fund."""
    both = await make_caller(
        office.pool,
        Role.BANK_MAKER,
        Role.BANK_CHECKER,
        now=office.now,
        organisation_id=office.cast.bank_id,
    )
    office._keys[both.user_id] = await key_of(office.pool, both, now=office.now)
    loan = await make_loan(office)
    claim = await office.do(both, "/v1/claims", application(office, loan))
    answer = await office.post(both, f"/v1/claims/{claim['id']}/approve", decision(claim))
    assert (answer.status_code, answer.json()["code"]) == (409, "second_person_needed")
    assert answer.json()["detail_zh"]
    assert (await approved(office, claim))["status"] == "applied"


async def test_one_person_is_not_both_reviewers_of_a_fund(office: Office) -> None:
    """A person with both roles reviews once; the checker can't go before the administrator."""
    both = await make_caller(
        office.pool,
        Role.FUND_ADMINISTRATOR,
        Role.FUND_CHECKER,
        now=office.now,
        organisation_id=office.cast.fund_id,
    )
    office._keys[both.user_id] = await key_of(office.pool, both, now=office.now)
    claim = await approved(office, await drafted(office, await make_loan(office)))
    path = f"/v1/claims/{claim['id']}/review"
    answer = await office.post(office.cast.fund_checker, path, decision(claim))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    first = await office.do(both, path, decision(claim))
    again = await office.do(both, path, decision(claim))
    assert first == again
    assert [review["role"] for review in again["reviews"]] == ["fund_administrator"]
    answer = await office.post(both, path, decision(claim, approved=False))
    assert (answer.status_code, answer.json()["code"]) == (409, "second_person_needed")
    assert (await office.do(office.cast.fund_checker, path, decision(claim)))[
        "status"
    ] == "reviewed"


async def test_from_the_funds_limit_on_two_checkers_review(office: Office) -> None:
    """The first checker's yes leaves the review open, and counts once; the second one's completes it."""
    fund = office.cast.fund_id
    await office.pool.execute(
        "INSERT INTO market.approval_limits (organisation_id, version, two_checkers_from_fen, approval_id, set_at)"
        " VALUES ($1, 1, 1, gen_random_uuid(), now())",
        fund,
    )
    other = await make_caller(office.pool, Role.FUND_CHECKER, now=office.now, organisation_id=fund)
    office._keys[other.user_id] = await key_of(office.pool, other, now=office.now)
    claim = await approved(office, await drafted(office, await make_loan(office)))
    path = f"/v1/claims/{claim['id']}/review"
    await office.do(office.cast.fund_administrator, path, decision(claim))
    first = await office.do(office.cast.fund_checker, path, decision(claim))
    assert [review["role"] for review in first["reviews"]] == ["fund_administrator"]
    again = await office.post(office.cast.fund_checker, path, decision(claim))
    assert again.json()["code"] == "same_person"
    assert (await office.do(other, path, decision(claim)))["status"] == "reviewed"


async def test_nobody_approves_the_final_clearing_they_proposed(office: Office) -> None:
    """The second step of the final clearing needs another person than the first."""
    both = await make_caller(
        office.pool,
        Role.FUND_ADMINISTRATOR,
        Role.FUND_CHECKER,
        now=office.now,
        organisation_id=office.cast.fund_id,
    )
    office._keys[both.user_id] = await key_of(office.pool, both, now=office.now)
    claim = await advanced(office, await make_loan(office))
    path = f"/v1/claims/{claim['id']}/final"
    claim = await office.do(both, path)
    given = {"approved": True, "reason": "ok", "final_sha256": claim["final"]["final_sha256"]}
    answer = await office.post(both, f"{path}/approve", given)
    assert (answer.status_code, answer.json()["code"]) == (409, "second_person_needed")
    refused = await office.do(
        office.cast.fund_checker, f"{path}/approve", given | {"approved": False}
    )
    assert refused["final"] is None
    answer = await office.post(office.cast.fund_checker, f"{path}/approve", given)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_proposed")


async def test_each_organisation_sees_its_own_claims_alone(office: Office) -> None:
    """A draft is the bank's affair; once approved its fund sees it too, watchers all, others nothing."""
    cast = office.cast
    claim = await drafted(office, await make_loan(office))

    async def seen_by() -> set[str]:
        found = set()
        for name in (*EVERYBODY, "other_bank_maker", "other_fund_checker"):
            caller = getattr(cast, name)
            answer = await office.get(caller, f"/v1/claims/{claim['id']}")
            listed = await office.get(caller, "/v1/claims")
            if name in ("agency", "venue_operator"):
                assert (answer.status_code, listed.status_code) == (403, 403)
                continue
            is_listed = [item["id"] for item in listed.json()["items"]] == [claim["id"]]
            assert is_listed == (answer.status_code == 200)
            if is_listed:
                found.add(name)
        return found

    bank_and_watchers = {"bank_maker", "bank_checker", "regulator", "auditor"}
    assert await seen_by() == bank_and_watchers
    await approved(office, claim)
    assert await seen_by() == bank_and_watchers | {"fund_administrator", "fund_checker"}


async def test_another_fund_touches_neither_claim_nor_account(office: Office) -> None:
    """The people of another fund find no such claim and no such fund."""
    cast = office.cast
    claim = await approved(office, await drafted(office, await make_loan(office)))
    for path, body in (
        (f"/v1/claims/{claim['id']}/review", decision(claim)),
        (f"/v1/claims/{claim['id']}/advance", None),
        (f"/v1/claims/{claim['id']}/final", None),
        (
            f"/v1/funds/{cast.fund_id}/contributions",
            {"amount_fen": 5, "bank_reference": "z", "source": "s"},
        ),
    ):
        answer = await office.post(cast.other_fund_administrator, path, body)
        assert answer.status_code == 404
    answer = await office.get(cast.other_fund_administrator, f"/v1/funds/{cast.fund_id}")
    assert answer.status_code == 404
    for watcher in (cast.regulator, cast.auditor):
        fund = await office.read(watcher, f"/v1/funds/{cast.fund_id}")
        assert fund["balance_fen"] == 1_000_000_000


async def test_a_claim_is_approved_as_it_was_read(office: Office) -> None:
    """A decision or review that names another hash than the claim's is refused and changes nothing."""
    claim = await drafted(office, await make_loan(office))
    other = decision(claim) | {"claim_sha256": "00" * 32}
    answer = await office.post(office.cast.bank_checker, f"/v1/claims/{claim['id']}/approve", other)
    assert (answer.status_code, answer.json()["code"]) == (412, "plan_changed")
    await approved(office, claim)
    answer = await office.post(
        office.cast.fund_administrator, f"/v1/claims/{claim['id']}/review", other
    )
    assert (answer.status_code, answer.json()["code"]) == (412, "plan_changed")
    assert (await reviewed(office, claim))["status"] == "reviewed"


async def test_every_fund_of_a_scheme_reviews_for_itself(office: Office) -> None:
    """Where two funds pay, the two people of one can't commit the other's money."""
    cast = office.cast
    await office.do(
        cast.other_fund_administrator,
        f"/v1/funds/{cast.other_fund_administrator.organisation_id}/contributions",
        {"amount_fen": 500_000_000, "bank_reference": "city-1", "source": "市财政局"},
    )
    await office.do(
        cast.fund_administrator,
        "/v1/schemes/shandong-weihai-2020/versions",
        {"from_version": 1, "advance_bp": 5000, "reason": "half at once"},
    )
    parties = {
        "province": str(cast.fund_id),
        "city": str(cast.other_fund_administrator.organisation_id),
    }
    loan = await make_loan(office)
    claim = await drafted(office, loan, scheme_id="shandong-weihai-2020", parties=parties)
    assert claim["figures"]["promised"] == {"province": 195_061_728, "city": 97_530_864}
    claim = await reviewed(office, await approved(office, claim))
    assert claim["status"] == "applied"
    path = f"/v1/claims/{claim['id']}"
    answer = await office.post(cast.fund_administrator, f"{path}/advance")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_step")
    answer = await office.post(cast.other_fund_checker, f"{path}/review", decision(claim))
    assert answer.status_code == 403
    for reviewer in (cast.other_fund_administrator, cast.other_fund_checker):
        claim = await office.do(reviewer, f"{path}/review", decision(claim))
    assert claim["status"] == "reviewed"
    assert len(claim["reviews"]) == 4
    claim = await office.do(cast.other_fund_checker, f"{path}/advance")
    assert claim["status"] == "advanced"
    assert sum(payment["amount_fen"] for payment in claim["payments"]) == 146_296_296
