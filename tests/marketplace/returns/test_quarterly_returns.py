"""Quarterly returns over HTTP: two people, two recipients, a last day, an alert that locks, the notification."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from kit.ids import uuid7
from marketplace.app import Resources
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from tests.make_claims import Office, make_loan, open_office
from tests.make_people import MovableClock, key_of, make_caller, make_organisation

NOW = datetime(2026, 10, 8, 1, 0, tzinfo=UTC)
LATE = datetime(2026, 10, 10, 16, 0, tzinfo=UTC)  # midnight in China


@pytest.fixture
def now() -> datetime:
    """Two days before the last day."""
    return NOW


@pytest.fixture
async def office(resources: Resources) -> AsyncIterator[Office]:
    """Banks, funds and authorities, eight days after the third quarter."""
    async with open_office(resources, now=NOW) as opened:
        yield opened


async def second_authority(office: Office) -> Caller:
    """Another authority, with its reader's key."""
    organisation = await make_organisation(office.pool, OrganisationKind.REGULATOR, now=NOW)
    caller = await make_caller(office.pool, Role.REGULATOR, now=NOW, organisation_id=organisation)
    office.admit(caller, await key_of(office.pool, caller, now=NOW))
    return caller


def figures(other: Caller, office: Office, **changes: Any) -> dict[str, Any]:
    """A return of one branch whose bad loans are those of the books: one loan of 4,876,543.21."""
    branch = {
        "branch": "滨海支行", "ip_opening_fen": 10**10, "ip_new_fen": 0, "ip_repaid_fen": 0,
        "ip_balance_fen": 10**10, "ip_overdue_fen": 487_654_321, "ip_substandard_fen": 0,
        "ip_doubtful_fen": 487_654_321, "ip_loss_fen": 0, "all_balance_fen": 10**11,
        "all_npl_fen": 2 * 10**9,
    } | changes  # fmt: skip
    recipients = [str(office.cast.regulator.organisation_id), str(other.organisation_id)]
    return {"quarter": "2026Q3", "branches": [branch], "recipients": recipients}


async def test_a_return_goes_to_two_recipients_in_time(office: Office) -> None:
    """Drafted by one, submitted by another, received by both; its branch is within the tolerance of three points."""
    cast, other = office.cast, await second_authority(office)
    await make_loan(office)
    body = figures(other, office)
    drafted = await office.do(cast.bank_maker, "/v1/returns", body)
    assert drafted["due_on"] == "2026-10-10"
    test = drafted["content"]["tolerance"][0]
    assert (test["is_tolerated"], test["limit_bp"]) == (True, 300)
    path = f"/v1/returns/{drafted['id']}"
    assert (await office.get(cast.regulator, path)).status_code == 404  # not sent yet
    submitted = await office.do(cast.bank_checker, f"{path}/submit")
    assert (submitted["state"], submitted["is_late"], submitted["alerts"]) == (
        "submitted",
        False,
        [],
    )
    assert submitted["receipt"].startswith("TJ2026Q3-")
    for authority in (cast.regulator, other, other):
        received = await office.do(authority, f"{path}/receipt")
    assert len(received["receipts"]) == 2
    again = await office.do(cast.bank_maker, "/v1/returns", body)
    assert again["state"] == "submitted"
    stranger = await office.get(cast.other_bank_maker, path)
    assert stranger.status_code == 404
    for form, start in (("json", b"{"), ("xlsx", b"PK"), ("html", b"<!doctype")):
        paper = await office.post(cast.regulator, f"{path}/paper?form={form}")
        assert paper.status_code == 200
        assert paper.content.startswith(start)
    bulletin = await office.post(cast.regulator, "/v1/bulletins", {"quarter": "2026Q3"})
    said = msgspec.json.decode(bulletin.content)["body"]
    assert said["rows"][0]["ip_npl_fen"] == 487_654_321
    assert (
        await office.post(cast.bank_maker, "/v1/bulletins", {"quarter": "2026Q3"})
    ).status_code == 403


async def test_what_the_books_do_not_bear_out_is_locked(office: Office) -> None:
    """Half a percent and more away from the books: MON-02 locks the return until a recipient reopens it."""
    cast, other = office.cast, await second_authority(office)
    await make_loan(office)
    wrong = figures(other, office, ip_doubtful_fen=480_000_000)
    drafted = await office.do(cast.bank_maker, "/v1/returns", wrong)
    path = f"/v1/returns/{drafted['id']}"
    locked = await office.do(cast.bank_checker, f"{path}/submit")
    assert (locked["state"], locked["alerts"][0]["code"]) == ("locked", "MON-02")
    [alert] = (await office.read(cast.bank_checker, "/v1/alerts"))["items"]
    assert (alert["code"], alert["level"], alert["subject"]) == ("MON-02", "high", "2026Q3/1")
    assert alert["evidence"]["ledger_fen"] == "487654321"
    refused = await office.post(cast.bank_maker, "/v1/returns", figures(other, office))
    assert (refused.status_code, refused.json()["code"]) == (409, "return_locked")
    await office.do(other, f"{path}/reopen", {"reason": "sent the wrong sheet"})
    second = await office.do(cast.bank_maker, "/v1/returns", figures(other, office))
    assert (second["version"], second["id"] != drafted["id"]) == (2, True)
    done = await office.do(cast.bank_checker, f"/v1/returns/{second['id']}/submit")
    assert done["state"] == "submitted"
    assert (
        len((await office.read(cast.bank_checker, "/v1/alerts"))["items"]) == 1
    )  # the first one's


async def test_figures_changed_after_submission_lock_the_return(office: Office) -> None:
    """The submitted figures stay; that others were sent is an alert."""
    cast, other = office.cast, await second_authority(office)
    await make_loan(office)
    drafted = await office.do(cast.bank_maker, "/v1/returns", figures(other, office))
    await office.do(cast.bank_checker, f"/v1/returns/{drafted['id']}/submit")
    assert (await office.read(cast.bank_maker, "/v1/alerts"))["items"] == []
    changed = await office.do(cast.bank_maker, "/v1/returns", figures(other, office, all_npl_fen=1))
    assert changed["state"] == "locked"
    assert changed["content"] == drafted["content"]
    assert changed["alerts"][0]["code"] == "MON-02"
    [alert] = (await office.read(cast.bank_maker, "/v1/alerts"))["items"]
    assert (alert["code"], "报送后" in alert["message_zh"]) == ("MON-02", True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quarter": "2026Q4"}, "quarter"),
        ({"quarter": "2026Q9"}, "quarter"),
        ({"recipients": [str(uuid7(NOW)), str(uuid7(NOW))]}, "recipients"),
    ],
)
async def test_a_return_that_cannot_be_is_refused(
    changes: dict[str, Any], field: str, office: Office
) -> None:
    """A quarter that is not over, or none, and recipients that are no authorities name their field."""
    other = await second_authority(office)
    answer = await office.post(
        office.cast.bank_maker, "/v1/returns", figures(other, office) | changes
    )
    assert answer.status_code == 400
    assert answer.json()["field"] == field


async def test_a_late_return_says_so(office: Office, clock: MovableClock) -> None:
    """When the eleventh day has begun in China, the return is late."""
    cast, other = office.cast, await second_authority(office)
    await make_loan(office)
    drafted = await office.do(cast.bank_maker, "/v1/returns", figures(other, office))
    clock.now = LATE
    done = await office.do(cast.bank_checker, f"/v1/returns/{drafted['id']}/submit")
    assert done["is_late"] is True
