"""The rooms of money as pages: queue and payment files, claims, the fund, returns, worked by their forms alone."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from kit.errors import InvalidInput
from kit.money import yuan
from marketplace.app import Resources
from marketplace.banking.schemas import DecisionIn, SecondIn
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from marketplace.pages.forms import given
from tests.make_app import client_on
from tests.make_claims import (
    Office,
    advanced,
    drafted,
    fund_with,
    make_loan,
    open_office,
    sell,
)
from tests.make_people import key_of, make_caller, make_organisation
from tests.marketplace.returns.test_quarterly_returns import figures
from tests.settlement.make_bank import OUR_ACCOUNT, csv_of, some_entry, some_statement

HOSTILE = "<script>alert(1)</script>"


class Desk:
    """One person with a browser that knows only pages and forms."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    async def see(self, path: str) -> str:
        """A page that must be there."""
        answer = await self.client.get(path, headers=self.headers)
        assert answer.status_code == 200, answer.text
        assert "<script>" not in answer.text
        return answer.text

    async def send(self, path: str, expect: int = 303, **fields: str) -> httpx.Response:
        """A form, sent as its page would."""
        answer = await self.client.post(
            path, headers=self.headers, data=fields | {"form_token": ""}
        )
        assert answer.status_code == expect, answer.text
        return answer


@pytest.fixture
async def venue(resources: Resources, now: datetime) -> AsyncIterator[dict[str, Desk]]:
    """An operator and a checker of one venue, and a bidder."""
    pool = resources.pool
    organisation = await make_organisation(pool, OrganisationKind.VENUE, now=now)
    people = {
        "operator": await make_caller(
            pool, Role.VENUE_OPERATOR, now=now, organisation_id=organisation
        ),
        "checker": await make_caller(
            pool, Role.VENUE_CHECKER, now=now, organisation_id=organisation
        ),
        "bidder": await make_caller(pool, Role.AGENCY_BIDDER, now=now),
    }
    async with client_on(resources) as client:
        yield {
            name: Desk(client, await key_of(pool, caller, now=now))
            for name, caller in people.items()
        } | {"id": str(organisation)}  # type: ignore[dict-item]  # the venue's id beside its people


async def test_money_in_and_out_is_worked_by_forms(venue: dict[str, Any]) -> None:
    """A statement is uploaded, a stranger's credit sent back by two people, paid by a file of two, downloaded."""
    operator, checker = venue["operator"], venue["checker"]
    await account(operator, checker, venue["id"])
    entry = some_entry("B-1", 5_000_001, counterparty_name=HOSTILE)
    file = {"file": ("statement.csv", csv_of(some_statement(entry)), "text/csv")}
    sent = await operator.client.post(
        "/banking/statements", headers=operator.headers, data={"form_token": ""}, files=file
    )
    assert sent.status_code == 303, sent.text
    queue = await operator.see("/banking")
    assert "无付款编号" in queue
    assert f"¥{yuan(5_000_001)}" in queue
    assert "&lt;script&gt;" in queue
    entry_path = found(queue, r"/banking/entries/[0-9a-f-]{36}")
    await operator.send(entry_path, 400, action="assign", reason="x")
    await operator.send(entry_path, action="return", reason="非竞买人")
    decision = found(await checker.see("/banking"), r"/banking/decisions/[0-9a-f-]{36}")
    await operator.send(decision, 403, agreed="true", reason="self")
    await checker.send(decision, agreed="true", reason="已核对")
    payments = await operator.see("/banking/payments")
    assert "收款账户未登记" in payments
    payee = re.findall(r'<span class="hash">([0-9a-f-]{36})</span>', payments)[0]
    await account(operator, checker, payee, account_number="62220299")
    made = await operator.send("/banking/files", format="csv")
    await send_file(operator, checker, made.headers["location"])
    assert (
        await venue["bidder"].client.get("/banking", headers=venue["bidder"].headers)
    ).status_code == 403


async def account(operator: Desk, checker: Desk, payee: str, **changed: str) -> None:
    """An account registered by two people through the page."""
    fields = {
        "payee_id": payee, "account_name": "收款单位", "account_number": OUR_ACCOUNT,
        "bank_code": "102100099996", "bank_name": "示例银行", "reason": "依据",
    }  # fmt: skip
    await operator.send("/banking/accounts", **fields | changed)
    page = await checker.see("/banking/payments")
    path = found(page, r"/banking/accounts/[0-9a-f-]{36}/approve")
    await checker.send(path, account_hash=value_of(page, "account_hash"))


async def send_file(operator: Desk, checker: Desk, path: str) -> None:
    """Approved as shown by another person, exported, its bytes there to download."""
    shown = await checker.see(path)
    hashes = {name: value_of(shown, name) for name in ("content_hash", "accounts_hash")}
    await checker.send(f"{path}/approve", 412, **hashes | {"accounts_hash": "0" * 64})
    await checker.send(f"{path}/approve", **hashes)
    await operator.send(f"{path}/export")
    page = await operator.see(path)
    assert "已导出" in page
    content = found(page, r"/v1/banking/payment-files/[0-9a-f-]{36}/content")
    assert (await operator.client.get(content, headers=operator.headers)).status_code == 200
    await checker.send(f"{path}/withdraw", 409, reason="too late")


def found(page: str, pattern: str) -> str:
    """The first address of a page that fits."""
    match = re.search(pattern, page)
    assert match is not None, pattern
    return match[0]


def value_of(page: str, name: str) -> str:
    """What a hidden field of a page holds."""
    match = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert match is not None, name
    return match[1]


@pytest.fixture
async def office(resources: Resources, now: datetime) -> AsyncIterator[Office]:
    """Bank and fund with the pages of claims, the fund and returns."""
    async with open_office(resources, now=now) as opened:
        await fund_with(opened)
        yield opened


def desk(office: Office, caller: Caller) -> Desk:
    """A person of the office at a browser."""
    return Desk(office.client, office.headers_of(caller))


async def test_a_claim_is_worked_by_forms_and_says_why(office: Office) -> None:
    """From the bank's draft to the final clearing; every figure stands beside its computation."""
    cast = office.cast
    bank, administrator, checker = (
        desk(office, one) for one in (cast.bank_checker, cast.fund_administrator, cast.fund_checker)
    )
    claim = await drafted(office, await make_loan(office))
    path = f"/claims/{claim['id']}"
    assert path in await bank.see("/claims")
    page = await bank.see(path)
    for line in claim["figures"]["lines"]:
        assert f"¥{yuan(abs(line['amount_fen']))}" in page
        assert line["computation"].replace("<", "&lt;").replace(">", "&gt;") in page
    shown = {"claim_sha256": value_of(page, "claim_sha256"), "approved": "true", "reason": "同意"}
    await bank.send(f"{path}/decide", 400, approved="perhaps", reason="x")
    await bank.send(f"{path}/decide", **shown)
    await administrator.send(f"{path}/review", **shown)
    await checker.send(f"{path}/review", **shown)
    await administrator.send(f"{path}/steps/advance")
    paid = found(await administrator.see(path), rf"{path}/payments/[0-9a-f-]{{36}}")
    await administrator.send(paid, bank_reference="OUT-1")
    assert "另一人核对" in await checker.see(path)
    await checker.send(paid, bank_reference="OUT-1")
    await administrator.send(f"{path}/steps/final")
    proposed = await checker.see(path)
    cleared = {
        "final_sha256": value_of(proposed, "final_sha256"),
        "approved": "true",
        "reason": "ok",
    }
    await administrator.send(f"{path}/clear", 403, **cleared)
    await checker.send(f"{path}/clear", **cleared)
    assert "已办结" in await bank.see(path)
    for kind, title in (("application", "风险补偿申请书"), ("review", "风险补偿审核表")):
        assert title in (await bank.send(f"{path}/papers/{kind}/html", 200)).text
        assert (await bank.send(f"{path}/papers/{kind}/xlsx", 200)).content.startswith(b"PK")
    fund = await administrator.see("/fund")
    assert "待退回账龄" in fund
    assert "1–30 天" in fund


async def test_recoveries_of_a_claim_are_said_in_words(office: Office) -> None:
    """What came in is named by what it came from, with its reference; keys of the books are not shown."""
    loan = await make_loan(office)
    claim = await advanced(office, loan)
    sale = {"price_fen": 430_000_000, "commission_fen": 8_600_000, "stamp_fen": 1}
    lot_id = await sell(office, loan, **sale)
    path = f"/v1/claims/{claim['id']}/recoveries"
    maker = office.cast.bank_maker
    await office.do(maker, path, {"kind": "sale", "lot_id": str(lot_id)})
    receipt = {"kind": "receipt", "reference": "r-1", "origin": "voluntary", "gross_fen": 1_000_001}
    await office.do(maker, path, receipt)
    shown = await desk(office, office.cast.bank_checker).see(f"/claims/{claim['id']}")
    for words in ("标的成交", "Sale of a lot", "债务人自愿清偿 r-1"):
        assert words in shown
    assert str(lot_id) not in shown


async def test_a_return_shows_each_branch(office: Office, now: datetime) -> None:
    """The figures, the exact gap, and the steps; submitted by another person, acknowledged, printed."""
    cast = office.cast
    other = await make_caller(office.pool, Role.REGULATOR, now=now)
    office.admit(other, await key_of(office.pool, other, now=now))
    await make_loan(office)
    made = await office.do(cast.bank_maker, "/v1/returns", figures(other, office))
    path = f"/returns/{made['id']}"
    bank, authority = desk(office, cast.bank_checker), desk(office, cast.regulator)
    assert path in await bank.see("/returns")
    page = await bank.see(path)
    assert "容忍范围内" in page
    assert made["content"]["tolerance"][0]["gap_bp"] in page
    await bank.send(f"{path}/submit")
    await authority.see(path)
    await authority.send(f"{path}/receipt")
    paper = await bank.send(f"{path}/paper/html", 200)
    assert "季度统计表" in paper.text
    await authority.send(f"{path}/reopen", reason="请更正")
    assert "已退回重报" in await bank.see(path)


def test_a_form_is_the_apis_struct() -> None:
    """Empty fields are left out, words of truth are truth, and what is wrong is named by its field."""
    decision = given(
        {"form_token": "t", "action": "hold", "reason": " why ", "reference": ""}, DecisionIn
    )
    assert decision == DecisionIn(action="hold", reason="why")
    assert given({"agreed": "false", "reason": "no"}, SecondIn).agreed is False
    for fields, field in (
        ({"agreed": "perhaps", "reason": "no"}, "agreed"),
        ({"reason": "no"}, "agreed"),
        ({"agreed": "true", "reason": "no", "more": "x"}, "more"),
    ):
        with pytest.raises(InvalidInput) as refused:
            given(fields, SecondIn)
        assert refused.value.field == field
