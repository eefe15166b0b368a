"""What binds the rights is decided on once more by the rules: set-offs, mandates, licences at their signature."""

from typing import Any
from uuid import UUID

from kit.clock import system_clock
from marketplace.monitoring import service as monitoring
from marketplace.monitoring.schemas import Signal
from marketplace.organisations.schemas import Role
from tests.make_routes import consigned
from tests.make_stage import Stage
from tests.marketplace.routes.test_licences import grants_of, opened


async def alarmed(stage: Stage, consignment: dict[str, Any], key: str) -> None:
    """An alert about the loan behind a consignment."""
    signal = Signal(
        code="MON-01", subject="x", key=key, message="seen", message_zh="发现", evidence={}
    )
    async with stage.pool.acquire() as conn, conn.transaction():
        await monitoring.raise_alert(
            conn,
            signal,
            organisation_id=UUID(consignment["organisation_id"]),
            case_id=UUID(consignment["case_id"]),
            now=system_clock(),
        )


async def passed_over(stage: Stage, consignment: dict[str, Any]) -> None:
    """The venue's checker looked at what holds the rights."""
    found = f"/v1/consignments/{consignment['id']}/diligence"
    for held in (await stage.operator.post(found))["findings"]:
        if held["severity"] == "hold" and held["overridden_reason"] is None:
            over = {"evidence_sha256": held["evidence_sha256"], "reason": "核查无误"}
            await stage.checker.post(f"{found}/overrides", over)


async def test_a_set_off_is_not_approved_while_something_holds_the_rights(stage: Stage) -> None:
    """The bank's checker is told which rule; once it is passed over the yes stands."""
    consignment = await consigned(stage, authority="post_default_agreement")
    body = {"consignment_id": consignment["id"], "price_fen": 100_000_000, "reason": "协议折价"}
    made = await stage.bank_maker.post("/v1/set-offs", body)
    await alarmed(stage, consignment, "one")
    path = f"/v1/set-offs/{made['id']}/decide"
    refused = await stage.bank_checker.post(path, {"price_fen": 100_000_000}, expect=409)
    assert (refused["code"], "ELG-28" in refused["detail"]) == ("not_eligible", True)
    await passed_over(stage, consignment)
    taken = await stage.bank_checker.post(path, {"price_fen": 100_000_000})
    assert taken["state"] == "approved"


async def test_a_mandate_is_not_approved_while_something_holds_the_rights(stage: Stage) -> None:
    """The agency does not see it before; passed over, it does."""
    consignment = await consigned(stage)
    agency = await stage.person(Role.AGENCY_BIDDER)
    mandate = {
        "agency_id": str(agency.caller.organisation_id),
        "term_months": 6,
        "report_every_months": 3,
        "agency_bp": 1_000,
        "powers": "licences 许可",
        "reversion": "after a late report 逾期报告可收回",
    }
    body = {"consignment_id": consignment["id"], "mandate": mandate}
    made = await stage.bank_maker.post("/v1/mandates", body)
    await alarmed(stage, consignment, "one")
    path = f"/v1/mandates/{made['id']}"
    refused = await stage.bank_checker.post(
        f"{path}/approve", {"sha256": made["sha256"]}, expect=409
    )
    assert (refused["code"], "ELG-28" in refused["detail"]) == ("not_eligible", True)
    await agency.post(f"{path}/answer", {"sha256": made["sha256"]}, expect=404)
    await passed_over(stage, consignment)
    await stage.bank_checker.post(f"{path}/approve", {"sha256": made["sha256"]})
    answered = await agency.post(f"{path}/answer", {"sha256": made["sha256"]})
    assert answered["state"] == "agreed"


async def test_a_licence_neither_signed_nor_effective_while_something_holds_the_rights(
    stage: Stage,
) -> None:
    """The licensee learns that it waits, not why; the bank's checker learns the rule."""
    consignment = await consigned(stage)
    agency = await stage.person(Role.AGENCY_BIDDER)
    named = {"way": "negotiated", "licensee_id": str(agency.caller.organisation_id)}
    (grant,) = await grants_of(stage, await opened(stage, consignment, **named))
    path = f"/v1/licence-grants/{grant['id']}"
    seen = {"sha256": grant["sha256"]}
    await alarmed(stage, consignment, "one")
    refused = await agency.post(f"{path}/sign", seen, expect=409)
    assert (refused["code"], "ELG" in str(refused)) == ("licence_not_signable", False)
    await passed_over(stage, consignment)
    assert (await agency.post(f"{path}/sign", seen))["state"] == "signed"
    await alarmed(stage, consignment, "two")
    held = await stage.bank_checker.post(f"{path}/effect", expect=409)
    assert (held["code"], "ELG-28" in held["detail"]) == ("not_eligible", True)
    await passed_over(stage, consignment)
    assert (await stage.bank_checker.post(f"{path}/effect"))["state"] == "effective"
