"""A claim waits for the bank's checkers once drafted, for the fund's once its administrator passed it on."""

from typing import Any

from marketplace.organisations.schemas import Caller
from tests.make_claims import Office, approved, decision, drafted, make_loan


async def waiting(office: Office, caller: Caller, claim: dict[str, Any]) -> list[dict[str, Any]]:
    """What waits for this person about the claim."""
    found = (await office.get(caller, "/v1/approvals/waiting")).json()
    return [one for one in found if one["subject_id"] == claim["id"]]


async def agreed(office: Office, caller: Caller, one: dict[str, Any], *, yes: bool) -> int:
    """A word by the page's form."""
    answer = await office.client.post(
        f"/approvals/{one['id']}/decision",
        headers=office.headers_of(caller),
        data={
            "form_token": "",
            "approved": str(yes).lower(),
            "sha256": one["sha256"],
            "reason": "figures agree 金额无误",
        },
    )
    return answer.status_code


async def test_each_house_has_its_paper(office: Office) -> None:
    """Drafted: the bank's. Passed on by the administrator: the fund's, whose checker's yes on the page reviews it."""
    cast = office.cast
    claim = await drafted(office, await make_loan(office))
    assert await waiting(office, cast.fund_checker, claim) == []
    (one,) = await waiting(office, cast.bank_checker, claim)
    assert await agreed(office, cast.bank_maker, one, yes=True) == 403
    assert await agreed(office, cast.bank_checker, one, yes=True) == 303
    assert await waiting(office, cast.bank_checker, claim) == []
    assert await waiting(office, cast.fund_checker, claim) == []
    await office.do(cast.fund_administrator, f"/v1/claims/{claim['id']}/review", decision(claim))
    (one,) = await waiting(office, cast.fund_checker, claim)
    assert one["amount_fen"] == claim["advance_fen"]
    assert await agreed(office, cast.fund_checker, one, yes=True) == 303
    reviews = (await office.read(cast.bank_maker, f"/v1/claims/{claim['id']}"))["reviews"]
    assert [review["reviewer_id"] for review in reviews] == [
        str(cast.fund_administrator.user_id),
        str(cast.fund_checker.user_id),
    ]
    assert await waiting(office, cast.fund_checker, claim) == []


async def test_a_returned_or_refused_claim_leaves_the_list(office: Office) -> None:
    """Returned in its room at the bank; refused on the page at the fund, which rejects it."""
    cast = office.cast
    claim = await drafted(office, await make_loan(office))
    no = decision(claim, approved=False)
    await office.do(cast.bank_checker, f"/v1/claims/{claim['id']}/approve", no)
    assert await waiting(office, cast.bank_checker, claim) == []
    claim = await approved(office, await drafted(office, await make_loan(office)))
    await office.do(cast.fund_administrator, f"/v1/claims/{claim['id']}/review", decision(claim))
    (one,) = await waiting(office, cast.fund_checker, claim)
    assert await agreed(office, cast.fund_checker, one, yes=False) == 303
    assert (await office.read(cast.bank_maker, f"/v1/claims/{claim['id']}"))["status"] == "rejected"
    assert await waiting(office, cast.fund_checker, claim) == []
