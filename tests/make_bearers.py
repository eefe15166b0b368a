"""A claim whose guarantor passed a part on to a re-guarantor, and the people of both (domain 5.6, example 2)."""

from typing import Any

import msgspec

from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from settlement import cases
from settlement.rules.scheme import COMPENSATE_RETAINED, PRINCIPAL, Cession, Party
from settlement.schemes import scheme_files
from tests.make_claims import Office, application, approved, make_loan, reviewed
from tests.make_people import key_of, make_caller, make_organisation

PRINCIPAL_FEN = 765_432_109
#: What the guarantor owes the bank, what of it the re-guarantor owes the guarantor, and the opening positions.
BORNE_FEN, CEDED_FEN = 612_345_687, 244_938_275
GUARANTOR_FEN, REGUARANTOR_FEN = 257_185_188, 244_938_275


class House(msgspec.Struct, frozen=True):
    """An organisation that bears a part of a loss: who proposes, who agrees."""

    maker: Caller
    checker: Caller


async def make_house(office: Office, kind: OrganisationKind) -> House:
    """A new one of this kind, with two people at work."""
    house = await make_organisation(office.pool, kind, now=office.now)
    people = []
    for role in (Role.RISK_BEARER, Role.RISK_CHECKER):
        caller = await make_caller(office.pool, role, now=office.now, organisation_id=house)
        office.admit(caller, await key_of(office.pool, caller, now=office.now))
        people.append(caller)
    return House(*people)


async def add_scheme(office: Office, *, base: str) -> None:
    """Bank 20, guarantor 80 with 40 % ceded, the fund pays 30 % of what each keeps, half of it in advance."""
    shipped = scheme_files()["tianjin-binhai-2022"]
    assert shipped.scheme is not None
    rules = msgspec.structs.replace(
        shipped.scheme,
        base=base,
        comp_mode=COMPENSATE_RETAINED,
        parties=(
            Party(party="bank", role="BANK", bear_bp=2000),
            Party(party="guarantor", role="GUARANTOR", bear_bp=8000),
            Party(party="reguarantor", role="REGUARANTOR", bear_bp=0),
            Party(party="fund", role="FUND", bear_bp=0),
        ),
        cession=(Cession(party="guarantor", to="reguarantor", bp=4000),),
        comp_rate_bp={"bank": 3000, "guarantor": 3000},
        caps={},
        advance_bp=5000,
    )
    file = msgspec.structs.replace(shipped, id="example-two", scheme=rules)
    async with office.pool.acquire() as conn:
        await cases.add_scheme(conn, file, now=office.now)


class Shared(msgspec.Struct, frozen=True):
    """The claim with those who share its loss, and their liabilities as they were told of."""

    claim: dict[str, Any]
    guarantor: House
    reguarantor: House
    of_guarantor: str
    of_reguarantor: str


async def shared_claim(
    office: Office, *, base: str = PRINCIPAL, like: Shared | None = None, **changes: Any
) -> Shared:
    """The claim as its bank sent it to the fund; `like` another one: with the same houses."""
    await add_scheme(office, base=base)
    guarantor = like.guarantor if like else await make_house(office, OrganisationKind.GUARANTOR)
    reguarantor = (
        like.reguarantor if like else await make_house(office, OrganisationKind.REGUARANTOR)
    )
    loan = await make_loan(office, loan_amount_fen=PRINCIPAL_FEN, principal_fen=PRINCIPAL_FEN)
    asked = application(office, loan, **changes) | {
        "scheme_id": "example-two",
        "scheme_version": 1,
        "parties": {
            "fund": str(office.cast.fund_id),
            "guarantor": str(guarantor.maker.organisation_id),
            "reguarantor": str(reguarantor.maker.organisation_id),
        },
    }
    claim = await approved(office, await office.do(office.cast.bank_maker, "/v1/claims", asked))
    listed = await office.read(office.cast.bank_maker, f"/v1/liabilities?claim_id={claim['id']}")
    ids = {one["party"]: one["id"] for one in listed["items"]}
    return Shared(claim, guarantor, reguarantor, ids["guarantor"], ids["reguarantor"])


async def advanced(office: Office, shared: Shared) -> None:
    """The fund's two people review the claim, and the advance is paid: recoveries may come."""
    await reviewed(office, shared.claim)
    await office.do(office.cast.fund_administrator, f"/v1/claims/{shared.claim['id']}/advance")


async def answer_of(
    office: Office, house: House, liability: str, answer: str = "confirm", **changes: str
) -> dict[str, Any]:
    """What a maker sends: agrees with, or disputes, what was read."""
    one = await office.read(house.maker, f"/v1/liabilities/{liability}")
    said = {"agreement": "DB-2024-17"} if answer == "confirm" else {"reason": "guarantee ended"}
    return {"answer": answer, "stated_sha256": one["stated_sha256"], **said, **changes}


def decision(one: dict[str, Any], *, approved: bool = True) -> dict[str, Any]:
    """A checker's word on what waits."""
    return {"approved": approved, "reason": "as read", "sha256": one["proposal"]["sha256"]}


async def answered(
    office: Office, house: House, liability: str, answer: str = "confirm"
) -> dict[str, Any]:
    """Both people of a house answer."""
    path = f"/v1/liabilities/{liability}"
    one = await office.do(
        house.maker, f"{path}/answer", await answer_of(office, house, liability, answer)
    )
    return await office.do(house.checker, f"{path}/decision", decision(one))


def payout(to: str, amount_fen: int, reference: str = "DF-1", **changes: Any) -> dict[str, Any]:
    """A payout as the maker reads it from the bank's paper."""
    paid = {"to": to, "amount_fen": amount_fen, "bank_reference": reference}
    return paid | {"paid_on": "2026-10-30"} | changes


async def paid(
    office: Office, house: House, liability: str, body: dict[str, Any]
) -> dict[str, Any]:
    """Both people of a house record a payout."""
    path = f"/v1/liabilities/{liability}"
    one = await office.do(house.maker, f"{path}/payouts", body)
    return await office.do(house.checker, f"{path}/decision", decision(one))
