"""From a notice to a paddle by forms alone: an agency registers, the venue looks it through. Source: domain 7."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from kit.clock import CHINA, system_clock
from marketplace.bidders.next_steps import DUE_NAMES, NEXT_STEPS
from marketplace.bidders.rules import BidderStatus
from marketplace.organisations.schemas import Role
from tests.make_portfolio import BORROWER_CODE
from tests.make_stage import DEPOSIT_FEN, START_FEN, Person, Stage
from tests.marketplace.people.test_partners import page
from tests.marketplace.routes.test_scoring import press

_PAPERS = "110101199003078515"
FORM = {
    "conflict_statement": "无关联 none",
    "source_of_funds": "自有资金 own means",
    "controllers": "示例控股有限公司，91110000600037341L",
    "controlling_persons": f"张三, {_PAPERS}",
    "related": "",
    "letter_of_intent": "",
    "limit": "",
}


def form_for(lot: dict[str, Any], **changed: str) -> dict[str, str]:
    """The form as an agency fills it in, more warnings ticked than any notice has."""
    ticks = {f"warning_{n}": "true" for n in range(1, 30)}
    return FORM | ticks | {"disclosure_sha256": lot["notice_sha256"]} | changed


def test_everything_that_can_be_due_or_next_has_words() -> None:
    """Each status of a bidder, and each kind of due."""
    assert set(NEXT_STEPS) == {"register", "closed", "acknowledge", *BidderStatus}
    assert set(DUE_NAMES) == {"DEPOSIT", "PRICE", "CLAIM"}


async def refused_at(person: Person, path: str, field: str, fields: dict[str, str]) -> None:
    """A form that comes back with the reason at this field and what was written in the others."""
    answer = await press(person, path, **fields)
    assert answer.status_code == 400, answer.text
    assert f'id="e-{field}"' in answer.text
    assert fields["conflict_statement"] in answer.text


async def test_an_agency_registers_and_is_admitted_by_forms(stage: Stage) -> None:
    """Registration, the venue's look, deposit, rank: who bids reads each next step, and pays by its reference."""
    lot = await stage.published()
    agency = await stage.person(Role.AGENCY_BIDDER)
    path = f"/lots/{lot['id']}/registration"
    assert path in await page(agency, f"/lots/{lot['id']}")
    assert path in await page(agency, f"/auctions/{lot['id']}")
    assert f"/sign-in?next={path}" in await page(stage.anyone, f"/lots/{lot['id']}")
    asked = await page(agency, path)
    assert 'data-step="register"' in asked
    form = form_for(lot)
    await refused_at(agency, path, "warning_1", {**form, "warning_1": ""})
    await refused_at(agency, path, "controllers", {**form, "controllers": "no code"})
    await refused_at(agency, path, "controlling_persons", {**form, "controlling_persons": "李四"})
    await refused_at(agency, path, "source_of_funds", {**form, "source_of_funds": ""})
    low = f"{START_FEN // 100 - 1}"
    await refused_at(agency, path, "limit", {**form, "limit": low})
    assert (await press(agency, path, **form)).status_code == 303
    kept = await stage.pool.fetchrow("SELECT notice_sha256, warnings FROM market.acknowledgements")
    assert kept is not None
    assert (kept["notice_sha256"], kept["warnings"]) == (lot["notice_sha256"], [1, 2, 3, 4, 5])
    mine = await page(agency, path)
    assert 'data-step="applied"' in mine
    assert "LCD-" in mine
    for done in ("", "/acknowledgement"):
        assert f'action="{path}{done}"' not in mine
    assert (await press(agency, path, **form)).status_code == 409
    await looked_through(stage, lot, agency)


async def looked_through(stage: Stage, lot: dict[str, Any], agency: Person) -> None:
    """The venue reads what was declared, and takes each step by its form."""
    bidders = f"/lots/{lot['id']}/bidders"
    assert bidders in await page(stage.operator, f"/lots/{lot['id']}")
    listed = await page(stage.operator, bidders)
    assert "示例控股有限公司" in listed
    assert "张三" in listed
    kept = await stage.pool.fetchval(
        "SELECT content::text FROM market.bidder_declarations WHERE lot_id = $1", UUID(lot["id"])
    )
    assert _PAPERS not in kept
    assert hashlib.sha256(_PAPERS.encode()).hexdigest() in kept
    read_only = await page(stage.checker, bidders)
    assert "/qualification" not in read_only
    await page(stage.bank_maker, bidders, expect=403)
    other = await stage.person(Role.VENUE_OPERATOR)
    await page(other, bidders, expect=404)
    (bidder,) = (await stage.operator.get(f"/v1{bidders}"))["items"]
    at = f"/bidders/{bidder['id']}"
    assert (await press(other, f"{at}/qualification")).status_code == 404
    assert (await press(other, f"{at}/bar", reason="")).status_code == 404
    assert (await press(stage.operator, f"{at}/qualification")).status_code == 303
    wrong = await press(stage.operator, f"{at}/priority", rank="0", nature="co-owner 共有人")
    assert (wrong.status_code, 'data-part="refused"' in wrong.text) == (400, True)
    right = await press(stage.operator, f"{at}/priority", rank="1", nature="co-owner 共有人")
    assert right.status_code == 303
    await deposit_entered(stage, bidders, at)
    shown = await page(agency, f"/lots/{lot['id']}/registration")
    assert f"/auctions/{lot['id']}" in shown
    assert "co-owner 共有人" in shown
    assert "LCD-" not in shown
    assert f"/lots/{lot['id']}/registration" in await page(agency, "/me")


async def deposit_entered(stage: Stage, bidders: str, at: str) -> None:
    """A deposit from the bank's paper, refused where it is no amount."""
    moment = system_clock().astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")
    receipt = {"bank_reference": f"B-{at[-12:]}", "amount": "much", "received_at": moment}
    wrong = await press(stage.operator, f"{at}/deposit", **receipt)
    assert wrong.status_code == 400
    assert receipt["bank_reference"] in wrong.text
    receipt["amount"] = f"{DEPOSIT_FEN // 100:,}"
    assert (await press(stage.operator, f"{at}/deposit", **receipt)).status_code == 303
    assert 'data-state="deposited"' in await page(stage.operator, bidders)


async def test_who_may_not_bid_reads_why_at_the_form(stage: Stage) -> None:
    """Controlled by the pledgor: refused with the ground, and nothing that was written is lost."""
    lot = await stage.published()
    agency = await stage.person(Role.AGENCY_BIDDER)
    form = form_for(lot, controllers=f"出质人，{BORROWER_CODE}")
    answer = await press(agency, f"/lots/{lot['id']}/registration", **form)
    assert answer.status_code == 403
    assert "关联关系" in answer.text
    assert "自有资金" in answer.text
    assert await stage.pool.fetchval("SELECT count(*) FROM market.bidders") == 0


async def test_a_bidder_is_barred_with_its_reason(stage: Stage) -> None:
    """The venue's reason stands on the agency's page."""
    lot = await stage.published()
    agency, bidder = await stage.registered(lot)
    at = f"/bidders/{bidder['id']}/bar"
    assert (await press(stage.operator, at, reason="")).status_code == 400
    assert (await press(stage.operator, at, reason="papers forged 材料虚假")).status_code == 303
    assert "papers forged 材料虚假" in await page(agency, f"/lots/{lot['id']}/registration")


async def test_a_notice_disclosed_anew_is_acknowledged_by_the_form(stage: Stage) -> None:
    """The page asks for it, and takes the hash of no other notice."""
    lot = await stage.published()
    agency, bidder = await stage.registered(lot)
    await stage.pool.execute(
        "UPDATE market.bidders SET disclosure_sha256 = $2 WHERE id = $1",
        UUID(bidder["id"]),
        "0" * 64,
    )
    path = f"/lots/{lot['id']}/registration"
    assert 'data-step="acknowledge"' in await page(agency, path)
    asked = f"{path}/acknowledgement"
    assert (await press(agency, asked, disclosure_sha256="1" * 64)).status_code == 409
    assert (await press(agency, asked, disclosure_sha256=lot["notice_sha256"])).status_code == 303
    assert 'data-step="qualified"' in await page(agency, path)


async def test_secrecy_terms_are_accepted_by_the_form(stage: Stage) -> None:
    """Who is registered accepts the terms in force; to others the data room offers no form."""
    lot = await stage.published()
    agency, _ = await stage.registered(lot)
    outsider = await stage.person(Role.AGENCY_BIDDER)
    terms = {"text_zh": "不得披露。", "text_en": "Not to be disclosed."}
    path = f"/lots/{lot['id']}/data-room"
    made = await stage.operator.post(f"/v1{path}/terms", terms)
    at = f"{path}/acceptance"
    assert at in await page(agency, path)
    assert at not in await page(outsider, path)
    assert at not in await page(stage.anyone, path)
    assert (await press(outsider, at, sha256=made["sha256"])).status_code == 404
    assert (await press(agency, at, sha256="0" * 64)).status_code == 409
    assert (await press(agency, at, sha256=made["sha256"])).status_code == 303
    shown = await page(agency, path)
    assert at not in shown
    assert "已接受" in shown


async def test_a_viewing_is_booked_by_the_form(stage: Stage) -> None:
    """Offered by the venue, seen by all, a place taken once though it is pressed twice; the full one says so."""
    lot = await stage.published(opens_in=600.0)
    path = f"/lots/{lot['id']}/viewings"
    start = system_clock() + timedelta(seconds=200)
    slot = {
        "starts_at": start.isoformat(), "ends_at": (start + timedelta(seconds=60)).isoformat(),
        "place": "太原", "places": "1",
    }  # fmt: skip
    assert (await press(stage.operator, path, **slot)).status_code == 303
    one, two = [await stage.person(Role.AGENCY_BIDDER) for _ in range(2)]
    assert path in await page(one, f"/lots/{lot['id']}")
    assert "1 / 1" in await page(stage.anyone, path)
    slots = (await one.get(f"/v1{path}"))["items"]
    at = f"{path}/{slots[0]['id']}"
    assert at not in await page(stage.anyone, path)
    assert at in await page(one, path)
    for _ in range(2):
        assert (await press(one, at)).status_code == 303
    assert "已预约" in await page(one, path)
    refused = await press(two, at)
    assert (refused.status_code, 'data-part="refused"' in refused.text) == (409, True)
    assert (await press(stage.bank_maker, at)).status_code == 403
    draft = await stage.draft()
    await page(two, f"/lots/{draft['id']}/viewings", expect=404)
    await page(stage.operator, f"/lots/{draft['id']}/viewings")
