"""A bank drafts its return, and an authority issues the notification, by forms. Source: domain 7, contracts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from marketplace.app import Resources
from marketplace.organisations.schemas import Caller
from tests.make_claims import Office, make_loan, open_office
from tests.marketplace.returns.test_quarterly_returns import second_authority

NOW = datetime(2026, 10, 8, 1, 0, tzinfo=UTC)
_LINE = (
    "滨海支行*\t100,000,000.00\t0\t-\t100,000,000\t4,876,543.21\t0\t4,876,543.21\t0\t"
    "1,000,000,000\t20,000,000"
)


@pytest.fixture
def now() -> datetime:
    """Two days before the last day."""
    return NOW


@pytest.fixture
async def office(resources: Resources) -> AsyncIterator[Office]:
    """Banks, funds and authorities, eight days after the third quarter."""
    async with open_office(resources, now=NOW) as opened:
        yield opened


async def press(office: Office, caller: Caller, path: str, **fields: str) -> httpx.Response:
    """Send a form of a page."""
    headers = office.headers_of(caller) | {"Accept": "text/html"}
    return await office.client.post(path, headers=headers, data={"form_token": "", **fields})


async def test_a_return_is_drafted_by_the_form(office: Office) -> None:
    """Lines as from a sheet, in yuan; a wrong one is named and what was written stays."""
    cast, other = office.cast, await second_authority(office)
    await make_loan(office)
    assert "/returns/new" in (await office.get(cast.bank_maker, "/returns")).text
    assert "/returns/new" not in (await office.get(cast.bank_checker, "/returns")).text
    asked = (await office.get(cast.bank_maker, "/returns/new")).text
    assert 'value="2026Q3"' in asked
    assert str(other.organisation_id) in asked
    form = {
        "quarter": "2026Q3", "branches": f"{_LINE}\n\n",
        "recipient_1": str(cast.regulator.organisation_id), "recipient_2": str(other.organisation_id),
    }  # fmt: skip
    for name, wrong in (
        ("branches", "滨海支行,1,2"),
        ("branches", f"{_LINE}\n{_LINE.replace('20,000,000', 'many')}"),
        ("quarter", "2026Q4"),
        ("recipient_2", ""),
    ):
        answer = await press(office, cast.bank_maker, "/returns/new", **form | {name: wrong})
        assert answer.status_code == 400
        assert f'id="e-{name}"' in answer.text, answer.text
    assert "第 2 行全部不良贷款" in (
        await press(office, cast.bank_maker, "/returns/new", **form | {
            "branches": f"{_LINE}\n{_LINE.replace('20,000,000', 'many')}"
        })
    ).text  # fmt: skip
    done = await press(office, cast.bank_maker, "/returns/new", **form)
    assert done.status_code == 303, done.text
    made = await office.read(cast.bank_maker, f"/v1{done.headers['location']}")
    (branch,) = made["content"]["branches"]
    assert branch["ip_doubtful_fen"] == 487_654_321
    assert (branch["branch"], branch["is_science_branch"]) == ("滨海支行", True)
    refused = await press(office, cast.bank_checker, "/returns/new", **form)
    assert refused.status_code == 403


async def test_the_notification_is_issued_by_the_form(office: Office) -> None:
    """As a page for print, a workbook, or the bytes that are hashed; for authorities alone."""
    cast = office.cast
    assert "/returns/bulletins" in (await office.get(cast.regulator, "/returns")).text
    assert "/returns/bulletins" not in (await office.get(cast.bank_checker, "/returns")).text
    for form, start in (("html", b"<!doctype"), ("xlsx", b"PK"), ("json", b"{")):
        said = {"quarter": "2026Q3", "form": form}
        answer = await press(office, cast.regulator, "/returns/bulletins", **said)
        assert answer.status_code == 200
        assert answer.content.startswith(start)
    wrong = await press(office, cast.regulator, "/returns/bulletins", quarter="soon")
    assert wrong.status_code == 400
    refused = await press(office, cast.bank_checker, "/returns/bulletins", quarter="2026Q3")
    assert refused.status_code == 403
