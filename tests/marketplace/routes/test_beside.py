"""The conflict matrix (domain 3.4) is asked again when an offered licence is signed, and when it takes effect."""

from datetime import timedelta
from typing import Any

from kit.clock import CHINA, system_clock
from marketplace.organisations.schemas import Role
from tests.make_routes import consigned
from tests.make_stage import Stage
from tests.marketplace.routes.test_licences import grants_of, offered, opened

HOLDER = "早先被许可人"


async def entered(
    stage: Stage, consignment: dict[str, Any], kind: str, **changed: Any
) -> dict[str, Any]:
    """A licence of somebody else that the bank finds on the consignment's right and enters by hand."""
    today = system_clock().astimezone(CHINA).date()
    burden = {
        "asset_id": consignment["asset_ids"][0],
        "kind": kind,
        "holder_name": HOLDER,
        "starts_on": str(today - timedelta(days=100)),
        "ends_on": str(today + timedelta(days=400)),
        "source": "许可合同 2025-1 号",
    }
    return dict(await stage.bank_maker.post("/v1/burdens", burden | changed))


async def lifted(stage: Stage, burden: dict[str, Any]) -> None:
    """That licence is over."""
    today = system_clock().astimezone(CHINA).date()
    over = {"ended_on": str(today), "reason": "合同解除"}
    await stage.bank_maker.post(f"/v1/burdens/{burden['id']}/end", over)


async def test_what_was_entered_meanwhile_holds_signature_and_effect(stage: Stage) -> None:
    """The licensee learns the kind and term of what is in the way, the bank whose it is too; then both go on."""
    consignment = await consigned(stage)
    agency = await stage.person(Role.AGENCY_BIDDER)
    named = {
        "way": "negotiated",
        "kind": "sole",
        "licensee_id": str(agency.caller.organisation_id),
        "territories": ["CN-42"],
        "fields": ["C07"],
    }
    offer = await opened(stage, consignment, **named)
    (grant,) = await grants_of(stage, offer)
    path = f"/v1/licence-grants/{grant['id']}"
    await entered(stage, consignment, "exclusive_licence", territories=["CN-11"])  # elsewhere
    for kind, step, who in (
        ("ordinary_licence", "sign", agency),
        ("exclusive_licence", "effect", stage.bank_checker),
    ):
        body = {"sha256": grant["sha256"]} if step == "sign" else None
        found = await entered(stage, consignment, kind, fields=["C07D"])
        refused = await who.post(f"{path}/{step}", body, expect=409)
        assert refused["code"] == "licence_blocked"
        assert f"{found['starts_on']} 至 {found['ends_on']}" in refused["detail_zh"]
        assert (HOLDER in refused["detail"], HOLDER in refused["detail_zh"]) == (
            step == "effect",
        ) * 2
        await lifted(stage, found)
        await who.post(f"{path}/{step}", body)
        await stage.work()
    assert (await agency.get(path))["state"] == "effective"
    burdens = await stage.bank_maker.get(f"/v1/assets/{consignment['asset_ids'][0]}/burdens")
    (own,) = [one for one in burdens if one["source"] == f"licence {grant['id']}"]
    assert (own["kind"], own["territories"], own["fields"]) == ("sole_licence", ["CN-42"], ["C07"])


async def test_a_posted_licence_is_not_taken_beside_an_exclusive_one(stage: Stage) -> None:
    """Taken and signed in one step, so refused in one; beside an ordinary one it is taken."""
    consignment = await consigned(stage)
    offer = await opened(stage, consignment)
    agency = await stage.person(Role.AGENCY_BIDDER)
    take, why = f"/v1/licence-offers/{offer['id']}/take", {"statement": "we make pumps 生产水泵"}
    found = await entered(stage, consignment, "exclusive_licence")
    refused = await agency.post(take, why, expect=409)
    assert (refused["code"], HOLDER in refused["detail_zh"]) == ("licence_blocked", False)
    assert await grants_of(stage, offer) == []
    await lifted(stage, found)
    await entered(stage, consignment, "ordinary_licence")
    assert (await agency.post(take, why))["state"] == "signed"


async def test_a_licence_elsewhere_is_offered_beside_one_that_took_effect(stage: Stage) -> None:
    """What a licence burdens is its own territory: an exclusive one for Hubei leaves Beijing to another."""
    consignment = await consigned(stage)
    agency = await stage.person(Role.AGENCY_BIDDER)
    named = {
        "way": "negotiated",
        "kind": "exclusive",
        "licensee_id": str(agency.caller.organisation_id),
    }
    offer = await opened(stage, consignment, **named, territories=["CN-42"])
    (grant,) = await grants_of(stage, offer)
    path = f"/v1/licence-grants/{grant['id']}"
    await agency.post(f"{path}/sign", {"sha256": grant["sha256"]})
    await stage.work()
    await stage.bank_checker.post(f"{path}/effect")
    for territory, code in (("CN-42", "licence_blocked"), ("CN-11", "illegal_state")):
        body = {
            "consignment_id": consignment["id"],
            "offer": offered(**named, territories=[territory]),
        }
        made = await stage.bank_maker.post("/v1/licence-offers", body)
        decide = f"/v1/licence-offers/{made['id']}/open"
        answer = await stage.bank_checker.post(decide, {"sha256": made["sha256"]}, expect=409)
        # Not the other licence, but the consignment, which is in disposal already, is in the second one's way.
        assert answer["code"] == code
