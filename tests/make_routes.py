"""What the routes of disposal share in tests: a consignment handed in over HTTP alone, and the money of its loan."""

from datetime import timedelta
from typing import Any

import msgspec

from kit.clock import CHINA, system_clock
from tests.make_portfolio import some_asset, some_case, some_pledge, some_terms, some_valuation
from tests.make_stage import CONDITIONS, STEP_FEN, Stage

ENGLISH = {
    "format": "english",
    "step": {"kind": "fixed", "step_fen": STEP_FEN},
    "grid": "multiple",
    "extension": {"mode": "reset", "window_ms": 1000},
}
LOT_TERMS = {
    "title": "One patent",
    "title_zh": "专利一项",
    "conditions": CONDITIONS,
    "release_on": "PRICE_PAID",
    "objection_days": 0,
    "shortened_times": True,
}


async def consigned(stage: Stage, **changed: Any) -> dict[str, Any]:
    """A consignment that the bank's two people and the venue passed on, every request over HTTP."""
    parties, maker = stage.parties, stage.bank_maker
    today = system_clock().astimezone(CHINA).date()
    loan = some_case(
        granted_on=today - timedelta(days=800),
        due_on=today - timedelta(days=435),
        defaulted_on=today - timedelta(days=300),
        demanded_on=today - timedelta(days=290),
        **changed.pop("loan", {}),
    )
    given_case = changed.pop("case_id", None)
    case = {"id": given_case} if given_case else await maker.post("/v1/cases", loan)
    right = some_asset(
        status_as_of=today - timedelta(days=1),
        fee_paid_to=today + timedelta(days=700),
        **changed.pop("right", {}),
    )
    asset = await maker.post("/v1/assets", right)
    pledge = some_pledge(
        case["id"],
        asset["id"],
        pledgee_code=parties.code,
        registered_on=today - timedelta(days=790),
    )
    await maker.post("/v1/pledges", pledge)
    report = some_valuation(
        asset["id"], base_on=today - timedelta(days=60), valid_to=today + timedelta(days=300)
    )
    await maker.post("/v1/valuations", report)
    given = {"regime": "exchange", "closing_on": today + timedelta(days=40)} | changed
    terms = some_terms(parties.venue.organisation_id, case["id"], asset["id"], **given)
    made = await maker.post("/v1/consignments", terms)
    path = f"/v1/consignments/{made['id']}"
    await maker.post(f"{path}/submission")
    await stage.bank_checker.post(f"{path}/approval")
    return dict(await stage.operator.post(f"{path}/acceptance"))


def lot_step(**changed: Any) -> dict[str, Any]:
    """An auction that opens at once and is over soon."""
    step: dict[str, Any] = {
        "kind": "lot",
        "bidding": ENGLISH,
        "opens_after_seconds": 1,
        "lasts_seconds": 1,
    }
    return step | changed


async def planned(stage: Stage, consignment: dict[str, Any], *steps: Any) -> dict[str, Any]:
    """A plan of these steps, agreed to by two people of the bank."""
    body = {"consignment_id": consignment["id"], "lot": LOT_TERMS, "steps": list(steps)}
    plan = await stage.bank_maker.post("/v1/plans", body)
    decision = {"sha256": plan["sha256"]}
    return dict(await stage.bank_checker.post(f"/v1/plans/{plan['id']}/approve", decision))


async def started(stage: Stage, consignment: dict[str, Any], *steps: Any) -> dict[str, Any]:
    """The same, started by the venue."""
    plan = await planned(stage, consignment, *steps)
    return dict(await stage.checker.post(f"/v1/plans/{plan['id']}/start"))


def plain(value: msgspec.Struct) -> Any:
    """A struct as JSON has it."""
    return msgspec.to_builtins(value)
