"""Registration against the registers, over HTTP: who is let in, and what it says where not."""

from typing import Any
from uuid import UUID

from kit.clock import system_clock
from marketplace.organisations.schemas import Role
from tests.make_stage import Person, Stage

DIGEST, CODE, PARENT = "a" * 64, "91420100MA4KXXXX1Y", "91420100MA4KYYYY2Z"


async def coded(stage: Stage, code: str) -> Person:
    """An agency with a credit code."""
    agency = await stage.person(Role.AGENCY_BIDDER)
    await stage.pool.execute(
        "UPDATE market.organisations SET credit_code = $2 WHERE id = $1",
        agency.caller.organisation_id,
        code,
    )
    return agency


def registration(lot: dict[str, Any], **declared: Any) -> dict[str, Any]:
    """What an agency sends to register."""
    return {
        "disclosure_sha256": lot["notice_sha256"],
        "conflict_statement": "no interest 无关联",
        "declaration": {"source_of_funds": "own money 自有资金"} | declared,
    }


def party(code: str) -> dict[str, str]:
    """Somebody, named."""
    return {"name": "Somebody 某方", "code": code}


async def test_registers_are_asked(stage: Stage) -> None:
    """A barred party, and who is controlled by one, may not register; lifted by another person, it may."""
    lot = await stage.published(opens_in=60, lasts=60)
    path = f"/v1/lots/{lot['id']}/bidders"
    entry = await stage.operator.post(
        "/v1/barred-parties", {"code": PARENT, "kind": "staff", "reason": "our own 本场所人员"}
    )
    agency = await coded(stage, CODE)
    refused = await agency.post(path, registration(lot, controllers=[party(PARENT)]), expect=403)
    assert refused["code"] == "conflict_of_interest"
    assert refused["context"]["grounds"] == ["register"]
    assert "禁入" in refused["detail_zh"]
    assert await stage.pool.fetchval("SELECT count(*) FROM market.bidders") == 0
    own = await stage.operator.post(
        f"/v1/barred-parties/{entry['id']}/lift", {"reason": "left 已离职"}, expect=403
    )
    assert own["code"] == "forbidden"
    lift = {"reason": "left 已离职"}
    lifted = await stage.checker.post(f"/v1/barred-parties/{entry['id']}/lift", lift)
    assert lifted["lifted_by"] == str(stage.checker.caller.user_id)
    registered = await agency.post(path, registration(lot, controllers=[party(PARENT)]))
    assert registered["status"] == "applied"
    page = await stage.checker.get("/v1/barred-parties")
    assert [each["id"] for each in page["items"]] == [entry["id"]]
    ended = {
        "code": PARENT,
        "kind": "staff",
        "reason": "past 已过",
        "valid_to": str(entry["valid_from"]),
    }
    refused = await stage.operator.post("/v1/barred-parties", ended, expect=400)
    assert refused["field"] == "valid_to"


async def test_sellers_group_may_not_bid(stage: Stage) -> None:
    """The bank's group is kept out by what the bank declared of it, until it is a member no more."""
    lot = await stage.published(opens_in=60, lasts=60)
    member = {"code": CODE, "name": "Subsidiary 子公司", "nature": "wholly owned 全资"}
    made = await stage.bank_maker.post("/v1/group-members", member)
    again = await stage.bank_maker.post("/v1/group-members", member)
    assert again["id"] == made["id"]
    agency = await coded(stage, CODE)
    path = f"/v1/lots/{lot['id']}/bidders"
    refused = await agency.post(path, registration(lot), expect=403)
    assert refused["context"]["grounds"] == ["seller_group"]
    ended = await stage.bank_maker.post(
        f"/v1/group-members/{made['id']}/end", {"reason": "sold 已转让"}
    )
    assert ended["ended_at"] is not None
    await agency.post(path, registration(lot))
    listed = await stage.bank_maker.get("/v1/group-members")
    assert len(listed["items"]) == 1


async def test_one_interest_registers_once(stage: Stage) -> None:
    """Two agencies with one controller, account or device: the second is refused; a barred first does not count."""
    lot = await stage.published(opens_in=60, lasts=60)
    path = f"/v1/lots/{lot['id']}/bidders"
    first = await coded(stage, CODE)
    registered = await first.post(
        path,
        registration(lot, controllers=[party(PARENT)], account_sha256=DIGEST, device_sha256=DIGEST),
    )
    for declared, ground in (
        ({"controllers": [party(PARENT)]}, "same_controller"),
        ({"account_sha256": DIGEST}, "same_account"),
        ({"device_sha256": DIGEST}, "same_device"),
    ):
        second = await stage.person(Role.AGENCY_BIDDER)
        refused = await second.post(path, registration(lot, **declared), expect=403)
        assert refused["context"]["grounds"] == [ground]
    await stage.operator.post(f"/v1/bidders/{registered['id']}/bar", {"reason": "withdrawn 退出"})
    second = await stage.person(Role.AGENCY_BIDDER)
    await second.post(path, registration(lot, device_sha256=DIGEST))


async def test_foreigner_is_let_in_by_the_right(stage: Stage) -> None:
    """A foreign bidder needs a right whose technology is looked up and open; restricted needs the letter of intent.

    Whatever the right, a bank that lets no foreigners in has none.
    """
    lot = await stage.published(opens_in=60, lasts=60)
    path = f"/v1/lots/{lot['id']}/bidders"
    await stage.pool.execute("UPDATE market.assets SET export_class = 'free'")
    kept_out = await stage.person(Role.AGENCY_BIDDER)
    refused = await kept_out.post(path, registration(lot, is_foreign=True), expect=403)
    assert refused["context"]["grounds"] == ["foreign"]
    await stage.pool.execute("UPDATE market.consignments SET foreign_bidders = true")
    for export_class, letter, status in (
        (None, None, 403),
        ("prohibited", "L-1", 403),
        ("restricted", None, 403),
        ("restricted", "L-1", 201),
        ("free", None, 201),
    ):
        await stage.pool.execute("UPDATE market.assets SET export_class = $1", export_class)
        foreigner = await stage.person(Role.AGENCY_BIDDER)
        declared: dict[str, Any] = {"is_foreign": True}
        if letter is not None:
            declared["letter_of_intent"] = letter
        answer = await foreigner.post(path, registration(lot, **declared), expect=status)
        if status == 403:
            assert answer["context"]["grounds"] == ["foreign"]


async def test_defaulter_is_barred_from_its_rights(stage: Stage) -> None:
    """Who won a right and did not pay may not bid for that right again, whatever lot it comes in."""
    lot = await stage.published(opens_in=60, lasts=60)
    other = await stage.published(opens_in=60, lasts=60)
    agency = await stage.person(Role.AGENCY_BIDDER)
    bidder = await agency.post(f"/v1/lots/{lot['id']}/bidders", registration(lot))
    # as a default leaves it: the row of the sale, and the lot's status
    await stage.pool.execute(
        "INSERT INTO market.sales (lot_id, outcome, winner_id, winner_paddle, price_fen, extensions, closed_at,"
        " recorded_at) VALUES ($1, 'sold', $2, 101, 1, 0, $3, $3)",
        UUID(lot["id"]),
        UUID(bidder["id"]),
        system_clock(),
    )
    await stage.pool.execute(
        "UPDATE market.lots SET status = 'defaulted' WHERE id = $1", UUID(lot["id"])
    )
    path = f"/v1/lots/{other['id']}/bidders"
    await agency.post(path, registration(other))  # another right
    again = await stage.published(opens_in=60, lasts=60)
    await stage.pool.execute(
        "UPDATE market.lot_assets SET is_live = false WHERE lot_id = $1", UUID(lot["id"])
    )
    await stage.pool.execute(
        "UPDATE market.lot_assets SET asset_id = (SELECT asset_id FROM market.lot_assets WHERE lot_id = $1)"
        " WHERE lot_id = $2",
        UUID(lot["id"]),
        UUID(again["id"]),
    )
    refused = await agency.post(f"/v1/lots/{again['id']}/bidders", registration(again), expect=403)
    assert refused["context"]["grounds"] == ["defaulted_before"]
