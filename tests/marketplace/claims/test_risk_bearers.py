"""A guarantor, an insurer, a re-guarantor: the claims and loans whose loss it shares, and no other (domain 5, 7)."""

from typing import Any

import pytest

from kit.reach import Scope, enter
from marketplace.app import Resources
from marketplace.changes import service as changes
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from marketplace.outbox import service as outbox
from tests.make_claims import Office, application, approved, drafted, fund_with, make_loan, reviewed
from tests.make_people import key_of, make_caller, make_organisation


async def bearer(office: Office, kind: OrganisationKind) -> Caller:
    """Somebody of a new organisation that bears risks, with a key."""
    house = await make_organisation(office.pool, kind, now=office.now)
    caller = await make_caller(office.pool, Role.RISK_BEARER, now=office.now, organisation_id=house)
    office.admit(caller, await key_of(office.pool, caller, now=office.now))
    return caller


async def shared_claim(office: Office, guarantor: Caller) -> dict[str, Any]:
    """A claim of Xiamen's scheme, 30 government : 30 bank : 40 guarantor, as its maker drafted it."""
    loan = await make_loan(office)
    asked = application(office, loan) | {
        "scheme_id": "xiamen",
        "scheme_version": 1,
        "parties": {
            "government": str(office.cast.fund_id),
            "guarantor": str(guarantor.organisation_id),
        },
    }
    return await office.do(office.cast.bank_maker, "/v1/claims", asked)


async def test_a_guarantor_reads_the_claims_that_it_shares(office: Office) -> None:
    """From the bank's approval on: figures, its own share, the loan, the statement; a page too. Before, nothing."""
    guarantor = await bearer(office, OrganisationKind.GUARANTOR)
    claim = await shared_claim(office, guarantor)
    path = f"/v1/claims/{claim['id']}"
    assert (await office.get(guarantor, path)).status_code == 404  # the bank has not approved it
    await approved(office, claim)
    seen = await office.read(guarantor, path)
    assert seen["figures"]["borne"]["guarantor"] == 195_061_729
    listed = await office.read(guarantor, "/v1/claims")
    assert [one["id"] for one in listed["items"]] == [claim["id"]]
    case = await office.read(guarantor, f"/v1/cases/{claim['case_id']}")
    assert case["id"] == claim["case_id"]
    shown = await office.client.get(
        f"/claims/{claim['id']}", headers=office.headers_of(guarantor) | {"Accept": "text/html"}
    )
    assert shown.status_code == 200, shown.text
    assert "papers/application" not in shown.text
    await fund_with(office)
    claim = await reviewed(office, claim)
    claim = await office.do(office.cast.fund_administrator, f"{path}/advance")
    receipt = {"kind": "receipt", "reference": "r-1", "origin": "voluntary", "gross_fen": 1_000_000}
    claim = await office.do(office.cast.bank_maker, f"{path}/recoveries", receipt)
    seen = await office.read(guarantor, path)
    assert seen["recoveries"][0]["recovered"]["movements"]["guarantor"] == 400_000
    assert seen["positions"]["guarantor"] == 195_061_729 - 400_000
    assert (await office.get(guarantor, f"{path}/statement")).status_code == 404
    claim = await office.do(office.cast.fund_administrator, f"{path}/final")
    yes = {"approved": True, "reason": "as shown", "final_sha256": claim["final"]["final_sha256"]}
    await office.do(office.cast.fund_checker, f"{path}/final/approve", yes)
    statement = await office.read(guarantor, f"{path}/statement")
    assert statement["subject_id"] == claim["case_id"]
    statements = await office.read(guarantor, "/v1/statements")
    assert [one["id"] for one in statements["items"]] == [statement["id"]]
    assert (await office.get(guarantor, f"{path}/end")).status_code == 200


async def feed(office: Office, caller: Caller) -> list[str]:
    """What the caller's organisation hears of claims: the states, oldest first."""
    async with office.pool.acquire() as conn, conn.transaction():
        await changes.append(conn, await outbox.take_pending(conn, now=office.now, limit=500))
    found = await office.read(caller, "/v1/changes")
    return [one["data"]["status"] for one in found["items"] if one["kind"] == "claim_moved"]


async def test_a_draft_is_the_banks_alone(office: Office, resources: Resources) -> None:
    """Fund and guarantor neither hear of a claim nor see its row before the bank's checker sends it to them."""
    guarantor = await bearer(office, OrganisationKind.GUARANTOR)
    fund, maker = office.cast.fund_administrator, office.cast.bank_maker
    claim = await shared_claim(office, guarantor)
    count = "SELECT count(*) FROM market.claims"
    for caller in (fund, guarantor):
        assert await feed(office, caller) == []
        assert await rows_of(resources, caller, count) == 0
        assert await rows_of(resources, caller, "SELECT count(*) FROM market.loan_cases") == 0
    assert await feed(office, maker) == ["drafted"]
    await approved(office, claim)
    for caller in (fund, guarantor):
        assert await feed(office, caller) == ["applied"]
        assert await rows_of(resources, caller, count) == 1
    assert await feed(office, maker) == ["drafted", "applied"]


async def rows_of(resources: Resources, caller: Caller, count: str) -> int:
    """What a query without any condition counts for the caller."""
    async with resources.requests.acquire() as conn:
        whose = (str(caller.organisation_id), str(caller.organisation_kind))
        await enter(conn, Scope.ORGANISATION, *whose)
        return int(await conn.fetchval(count))


@pytest.mark.parametrize(
    "kind", [OrganisationKind.GUARANTOR, OrganisationKind.INSURER, OrganisationKind.REGUARANTOR]
)
async def test_no_other_bearer_of_risks_sees_them(office: Office, kind: OrganisationKind) -> None:
    """Another guarantor, an insurer, a re-guarantor: 404 and empty lists; and no step is theirs."""
    guarantor = await bearer(office, OrganisationKind.GUARANTOR)
    other = await bearer(office, kind)
    claim = await approved(office, await shared_claim(office, guarantor))
    path = f"/v1/claims/{claim['id']}"
    for address in (path, f"{path}/statement", f"{path}/end", f"/v1/cases/{claim['case_id']}"):
        assert (await office.get(other, address)).status_code == 404, address
    for address in ("/v1/claims", "/v1/cases", "/v1/statements"):
        assert (await office.read(other, address))["items"] == [], address
    for caller in (guarantor, other):
        refused = await office.post(caller, f"{path}/review", {"approved": True})
        assert refused.status_code == 403
        assert (await office.get(caller, "/v1/consignments")).status_code == 403
    # A claim in which nobody but bank and fund takes part is none of a guarantor's.
    await fund_with(office)
    alone = await approved(
        office, await drafted(office, await make_loan(office), contract_sha256="cd" * 32)
    )
    assert (await office.get(guarantor, f"/v1/claims/{alone['id']}")).status_code == 404
