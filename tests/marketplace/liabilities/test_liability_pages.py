"""Liabilities worked by their pages and forms alone, in both languages."""

import re

from marketplace.organisations.schemas import Caller
from tests.make_bearers import BORNE_FEN, Shared, advanced, answered
from tests.make_claims import Office


async def see(office: Office, caller: Caller, path: str) -> str:
    """A page that must be there."""
    answer = await office.client.get(
        path, headers=office.headers_of(caller) | {"Accept": "text/html"}
    )
    assert answer.status_code == 200, answer.text
    return answer.text


async def send(office: Office, caller: Caller, path: str, expect: int = 303, **fields: str) -> str:
    """A form, sent as its page would."""
    answer = await office.client.post(
        path, headers=office.headers_of(caller), data=fields | {"form_token": ""}
    )
    assert answer.status_code == expect, answer.text
    return answer.text


def hidden(page: str, name: str) -> str:
    """What a form carries unseen."""
    (found,) = set(re.findall(rf'name="{name}" value="([^"]+)"', page))
    return str(found)


async def test_a_house_confirms_and_pays_by_forms(office: Office, shared: Shared) -> None:
    """Each page offers the step that comes next to who takes it, and to nobody else."""
    maker, checker = shared.guarantor.maker, shared.guarantor.checker
    path = f"/liabilities/{shared.of_guarantor}"
    listed = await see(office, maker, "/liabilities")
    assert path in listed
    assert "/liabilities/" + shared.of_reguarantor in listed  # of the same case, to be read
    page = await see(office, maker, path)
    assert "待确认" in page
    assert "To be confirmed" in page
    assert 'data-part="answer"' in page
    for other in (checker, office.cast.bank_maker, office.cast.auditor, shared.reguarantor.maker):
        seen = await see(office, other, path)
        assert 'data-part="answer"' not in seen
        # The papers are the party's, its bank's and overseers': another house of the case is shown no button.
        assert (f'action="{path}/papers/' in seen) is (other is not shared.reguarantor.maker)
    await send(
        office, maker, f"{path}/answer",
        answer="confirm", agreement="<b>DB-1</b>", stated_sha256=hidden(page, "stated_sha256"),
    )  # fmt: skip
    assert "/decision" not in await see(office, maker, path)
    assert 'data-part="proposal"' not in await see(office, office.cast.bank_maker, path)
    page = await see(office, checker, path)
    assert "&lt;b&gt;DB-1&lt;/b&gt;" in page
    await send(
        office, checker, f"{path}/decision",
        approved="true", reason="as read", sha256=hidden(page, "sha256"),
    )  # fmt: skip
    page = await see(office, maker, path)
    assert "已确认" in page
    assert 'data-part="answer"' not in page
    await advanced(office, shared)
    form = {"to": hidden(page, "to"), "bank_reference": "DF-1", "paid_on": "2026-10-30"}
    wrong = await send(office, maker, f"{path}/payouts", 400, amount="6,123,456.88", **form)
    assert "6,123,456.87" in wrong
    await send(office, maker, f"{path}/payouts", amount="6,123,456.87", **form)
    page = await see(office, checker, path)
    await send(
        office, checker, f"{path}/decision",
        approved="true", reason="as read", sha256=hidden(page, "sha256"),
    )  # fmt: skip
    seen = await see(office, office.cast.bank_checker, path)
    assert "DF-1" in seen
    assert "papers/recovery_advice/html" in seen
    paper = await send(office, office.cast.bank_checker, f"{path}/papers/recovery_advice/html", 200)
    assert "追偿分配通知" in paper
    claim = await see(office, office.cast.bank_checker, f"/claims/{shared.claim['id']}")
    link = f"/liabilities?claim_id={shared.claim['id']}"
    assert link in claim
    assert path in await see(office, office.cast.bank_checker, link)


async def test_the_page_of_approvals_takes_the_step(office: Office, shared: Shared) -> None:
    """What waits is shown in words there; the last yes carries it out, a no leaves the liability as it was."""
    maker, checker = shared.guarantor.maker, shared.guarantor.checker
    path = f"/liabilities/{shared.of_guarantor}"
    page = await see(office, maker, path)
    answer = {"answer": "dispute", "reason": "保证期间届满"}
    answer |= {"stated_sha256": hidden(page, "stated_sha256")}
    for is_yes, state in (("false", "notified"), ("true", "disputed")):
        await send(office, maker, f"{path}/answer", **answer)
        waits = await see(office, checker, "/approvals")
        assert "确认分险责任" in waits
        assert "提出异议" in waits
        assert "承担损失" in waits
        assert path in waits
        (step,) = set(re.findall(r'action="(/approvals/[^"]+/decision)"', waits))
        word = {"approved": is_yes, "reason": "as read", "sha256": hidden(waits, "sha256")}
        await send(office, checker, step, **word)
        one = await office.read(maker, f"/v1{path}")
        assert one["state"] == state
    assert "Disputed" in await see(office, office.cast.fund_checker, path)


async def test_a_payout_is_agreed_to_among_the_approvals(office: Office, shared: Shared) -> None:
    """The same page books a payout, in the books as by its own route."""
    maker, checker = shared.guarantor.maker, shared.guarantor.checker
    path = f"/v1/liabilities/{shared.of_guarantor}"
    await advanced(office, shared)
    await answered(office, shared.guarantor, shared.of_guarantor)
    body = {
        "to": "bank",
        "amount_fen": BORNE_FEN,
        "bank_reference": "DF-1",
        "paid_on": "2026-10-30",
    }
    await office.do(maker, f"{path}/payouts", body)
    waits = await see(office, checker, "/approvals")
    assert "DF-1" in waits
    (step,) = set(re.findall(r'action="(/approvals/[^"]+/decision)"', waits))
    word = {"approved": "true", "reason": "as read", "sha256": hidden(waits, "sha256")}
    await send(office, checker, step, **word)
    assert (await office.read(maker, path))["paid_fen"] == BORNE_FEN


async def test_the_navigation_leads_there(office: Office, shared: Shared) -> None:
    """Houses have the room on every page, banks, funds and overseers on their desk; venues and bidders nowhere."""
    link = 'href="/liabilities"'
    for caller in (shared.guarantor.maker, shared.reguarantor.checker):
        assert link in await see(office, caller, "/")
    for caller in (office.cast.bank_maker, office.cast.fund_checker, office.cast.auditor):
        assert link in await see(office, caller, "/me")
    for caller in (office.cast.venue_operator, office.cast.agency):
        for path in ("/", "/me"):
            assert link not in await see(office, caller, path)
