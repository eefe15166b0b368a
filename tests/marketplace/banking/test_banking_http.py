"""Banking over HTTP: who may, what is refused, what a repetition answers, and what the audit trail keeps."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from kit.sql import load_statements
from marketplace.app import Resources, create_app
from marketplace.audit import service as audit
from marketplace.banking.http import routes
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from settlement.bank_files import FILE_BYTES_MAX
from tests.make_people import client_of, key_of, make_caller, make_organisation
from tests.settlement.make_bank import OUR_ACCOUNT, camt_of, csv_of, some_entry, some_statement

ACCOUNT = {
    "account_name": "收款单位",
    "account_number": OUR_ACCOUNT,
    "bank_code": "102100099996",
    "bank_name": "示例银行",
    "reason": "own account",
}


class Desk:
    """The room and its people."""

    def __init__(
        self, client: httpx.AsyncClient, pool: asyncpg.Pool, people: dict[str, Caller],
        keys: dict[str, dict[str, str]],
    ) -> None:  # fmt: skip
        self.client, self.pool, self.people, self.keys = client, pool, people, keys

    async def post(
        self, who: str, path: str, body: object = None, *, key: str | None = None
    ) -> httpx.Response:
        """Send JSON."""
        headers = self.keys[who] | {"Idempotency-Key": key or str(uuid4())}
        return await self.client.post(path, json=body, headers=headers)

    async def upload(
        self, who: str, path: str, content: bytes, *, kind: str = "text/csv", key: str | None = None
    ) -> httpx.Response:
        """Send a file as it is."""
        headers = self.keys[who] | {"Idempotency-Key": key or str(uuid4()), "Content-Type": kind}
        return await self.client.post(path, content=content, headers=headers)

    async def get(self, who: str, path: str) -> httpx.Response:
        """Read."""
        return await self.client.get(path, headers=self.keys[who])

    async def account(self, payee_id: UUID | None = None, **changed: str) -> dict[str, Any]:
        """An account registered with four eyes; by default the venue's own."""
        payee = payee_id or self.people["operator"].organisation_id
        given = ACCOUNT | {"payee_id": str(payee)} | changed
        account = (await self.post("operator", "/v1/banking/accounts", given)).json()
        shown = {"account_hash": account["account_hash"]}
        path = f"/v1/banking/accounts/{account['id']}/approve"
        approved = await self.post("checker", path, shown)
        assert approved.status_code == 201, approved.text
        found: dict[str, Any] = approved.json()
        return found


@pytest.fixture
async def desk(resources: Resources, now: datetime) -> AsyncIterator[Desk]:
    """A venue with an operator and a checker, another venue, a fund, an agency."""
    pool = resources.pool
    venue = await make_organisation(pool, OrganisationKind.VENUE, now=now)
    people = {
        "operator": await make_caller(pool, Role.VENUE_OPERATOR, now=now, organisation_id=venue),
        "checker": await make_caller(pool, Role.VENUE_CHECKER, now=now, organisation_id=venue),
        "both": await make_caller(
            pool, Role.VENUE_OPERATOR, Role.VENUE_CHECKER, now=now, organisation_id=venue
        ),
        "stranger": await make_caller(pool, Role.VENUE_OPERATOR, Role.VENUE_CHECKER, now=now),
        "fund": await make_caller(pool, Role.FUND_ADMINISTRATOR, now=now),
        "agency": await make_caller(pool, Role.AGENCY_BIDDER, now=now),
        "valuer": await make_caller(pool, Role.VALUER, now=now),
    }
    keys = {name: await key_of(pool, caller, now=now) for name, caller in people.items()}
    async with client_of(create_app(resources, routes=routes)) as client:
        yield Desk(client, pool, people, keys)


async def test_the_rooms_statements_can_be_prepared(conn: asyncpg.Connection) -> None:
    """PostgreSQL accepts each named statement of the room."""
    for name, sql in load_statements("marketplace.banking", "queries.sql").items():
        assert (await conn.prepare(sql)).get_query() == sql, name


@pytest.mark.parametrize("who", ["agency", "valuer"])
async def test_only_holders_of_money_bank(who: str, desk: Desk) -> None:
    """Who holds nobody's money, as a venue, a fund or a bank may, reaches nothing of it."""
    for path in ("statements", "queue", "accounts", "payouts", "payment-files", "answers"):
        assert (await desk.get(who, f"/v1/banking/{path}")).status_code == 403
    assert (await desk.upload(who, "/v1/banking/statements", b"x")).status_code == 403
    assert (await desk.post(who, "/v1/banking/payment-files", {})).status_code == 403


async def test_a_statement_is_received_once(desk: Desk) -> None:
    """The same file gives its first import back, under another key too; its form may be an upload form."""
    await desk.account()
    content = csv_of(some_statement(some_entry("B-1", 700)), encoding="gb18030")
    path = "/v1/banking/statements"
    first = await desk.upload("operator", path, content, key="k-1")
    assert (first.status_code, first.json()["state"]) == (201, "IMPORTED")
    assert first.json()["encoding"] == "gb18030"
    assert first.headers["location"] == f"{path}/{first.json()['id']}"
    replayed = await desk.upload("operator", path, content, key="k-1")
    assert replayed.headers["idempotent-replayed"] == "true"
    headers = desk.keys["operator"] | {"Idempotency-Key": "k-2"}
    form = await desk.client.post(path, files={"file": ("a.csv", content)}, headers=headers)
    assert (form.status_code, form.json()["is_repeat"]) == (200, True)
    assert form.json()["entries"] == first.json()["entries"]
    (waiting,) = (await desk.get("checker", "/v1/banking/queue")).json()["items"]
    assert (waiting["verdict"], waiting["amount_fen"]) == ("NO_REFERENCE", 700)
    assert (await desk.get("stranger", "/v1/banking/queue")).json()["items"] == []
    assert (await desk.get("stranger", f"{path}/{first.json()['id']}")).status_code == 404
    (listed,) = (await desk.get("operator", path)).json()["items"]
    assert listed["sha256"] == first.json()["sha256"]
    assert await trail(desk, "bank_file", first.json()["id"]) == {"bank_statement_imported": 1}


async def trail(desk: Desk, subject: str, subject_id: str) -> Counter[str]:
    async with desk.pool.acquire() as conn:
        entries = await audit.entries(
            conn, after=None, rows=50, subject=subject, subject_id=subject_id
        )
    return Counter(entry.action for entry in entries)


async def test_what_does_not_hold_is_said_in_both_languages(desk: Desk) -> None:
    """A file off by a fen is quarantined with its reason; a wrong kind or too large a body is refused."""
    await desk.account()
    path = "/v1/banking/statements"
    bad = camt_of(some_statement(some_entry("B-1", 5), closing_fen=6))
    done = (await desk.upload("operator", path, bad, kind="application/xml")).json()
    assert (done["state"], done["reason_code"], done["entries"]) == ("QUARANTINED", "balance", [])
    assert "期末余额" in done["reason_zh"]
    assert await trail(desk, "bank_file", done["id"]) == {"bank_statement_quarantined": 1}
    refused = await desk.upload("operator", path, bad, kind="application/json")
    assert refused.status_code == 415
    large = b"x" * (FILE_BYTES_MAX + 128 * 1024)
    assert (await desk.upload("operator", path, large)).status_code == 413
    answers = await desk.upload("operator", "/v1/banking/answers", b"<a/>", kind="text/xml")
    assert answers.json()["reason_code"] == "wrong_message"
    template = await desk.get("operator", "/v1/templates/bank-statement.csv")
    assert "银行流水号" in template.content.decode("utf-8-sig")


async def test_the_queue_is_resolved_by_people(desk: Desk) -> None:
    """A large credit goes back only when a second person agrees; each decision is in the audit trail, once."""
    await desk.account()
    content = csv_of(some_statement(some_entry("B-1", 5_000_001), some_entry("B-2", 5)))
    done = (await desk.upload("operator", "/v1/banking/statements", content)).json()
    large, small = done["entries"]
    path = f"/v1/banking/entries/{large['id']}/decisions"
    back = {"action": "return", "reason": "not a bidder 非竞买人"}
    assert (await desk.post("checker", path, back)).status_code == 403
    assert (await desk.post("stranger", path, back)).status_code == 404
    for wrong in ({"action": "assign"}, {"action": "hold", "reference": "LCD-00000-000000"}):
        assert (await desk.post("operator", path, back | wrong)).status_code == 400
    decision = (await desk.post("both", path, back)).json()
    assert (decision["state"], decision["needs_second"]) == ("PROPOSED", True)
    second = f"/v1/banking/decisions/{decision['id']}/second"
    agreed = {"agreed": True, "reason": "looked at it"}
    assert (await desk.post("both", second, agreed)).json()["code"] == "second_person_needed"
    assert (await desk.post("stranger", second, agreed)).status_code == 404
    for _ in range(2):
        assert (await desk.post("checker", second, agreed)).json()["state"] == "DONE"
    assert await trail(desk, "bank_entry", large["id"]) == {
        "bank_entry_return_proposed": 1,
        "bank_entry_return_done": 1,
    }
    assert len((await desk.get("checker", path)).json()) == 1
    hold = f"/v1/banking/entries/{small['id']}/decisions"
    held = await desk.post("operator", hold, {"action": "hold", "reason": "asked the bank"})
    assert held.json()["state"] == "DONE"
    (payout,) = (await desk.get("operator", "/v1/banking/payouts")).json()["items"]
    assert (payout["amount_fen"], payout["not_ready"]) == (5_000_001, "no_account")
    await pay(desk, UUID(payout["payee_id"]))


async def pay(desk: Desk, payee_id: UUID) -> None:
    """The payout leaves by a file that two people sent; the bank rejects it and it is sent again."""
    await desk.account(payee_id, account_number="62220299", reason="from the statement")
    made = await desk.post("both", "/v1/banking/payment-files", {"format": "csv"})
    assert made.status_code == 201, made.text
    file = made.json()
    path = f"/v1/banking/payment-files/{file['id']}"
    shown = {name: file[name] for name in ("content_hash", "accounts_hash")}
    assert (await desk.post("both", f"{path}/approve", shown)).json()["code"] == (
        "second_person_needed"
    )
    wrong = shown | {"accounts_hash": "0" * 64}
    assert (await desk.post("checker", f"{path}/approve", wrong)).status_code == 412
    assert (await desk.post("stranger", f"{path}/approve", shown)).status_code == 404
    for _ in range(2):
        assert (await desk.post("checker", f"{path}/approve", shown)).json()["state"] == "APPROVED"
    for _ in range(2):
        assert (await desk.post("operator", f"{path}/export")).json()["state"] == "EXPORTED"
    contents = {(await desk.get("operator", f"{path}/content")).content for _ in range(2)}
    assert len(contents) == 1
    assert (await desk.get("checker", f"{path}/content")).status_code == 403
    assert await trail(desk, "payment_file", file["id"]) == {
        "payment_file_draft": 1,
        "payment_file_approved": 1,
        "payment_file_exported": 1,
    }
    (line,) = file["lines"]
    rows = (
        "message_id,end_to_end_id,status,reason,bank_reference\n"
        f"{file['message_id']},{line['end_to_end_id']},rejected,no such account,\n"
    )
    answers = await desk.upload("operator", "/v1/banking/answers", rows.encode())
    assert (answers.status_code, answers.json()["state"]) == (201, "IMPORTED")
    (payout,) = (await desk.get("operator", "/v1/banking/payouts")).json()["items"]
    assert (payout["attempts"], payout["rejection"]) == (1, "no such account")
    (seen,) = (await desk.get("checker", path)).json()["lines"]
    assert (seen["state"], seen["reason"]) == ("REJECTED", "no such account")


async def test_a_changed_account_voids_and_tells(desk: Desk, now: datetime) -> None:
    """Four eyes on accounts; a change voids the file drafted before it, waits a day, and is announced."""
    own = await desk.account()
    payee = uuid4()
    await desk.account(payee, account_number="62220299")
    content = csv_of(some_statement(some_entry("B-1", 5)))
    done = (await desk.upload("operator", "/v1/banking/statements", content)).json()
    (entry,) = done["entries"]
    path = f"/v1/banking/entries/{entry['id']}/decisions"
    await desk.post("operator", path, {"action": "return", "reason": "r"})
    (payout,) = (await desk.get("operator", "/v1/banking/payouts")).json()["items"]
    await desk.account(UUID(payout["payee_id"]), account_number="62220298")
    file = (await desk.post("operator", "/v1/banking/payment-files", {})).json()
    changed = await desk.account(UUID(payout["payee_id"]), account_number="62220297")
    assert changed["usable_at"] > own["usable_at"]
    voided = (await desk.get("operator", f"/v1/banking/payment-files/{file['id']}")).json()
    assert (voided["state"], voided["lines"][0]["state"]) == ("VOID", "DROPPED")
    (waiting,) = (await desk.get("operator", "/v1/banking/payouts")).json()["items"]
    assert waiting["not_ready"] == "account_waits"
    events = await desk.pool.fetch("SELECT kind FROM market.outbox")
    assert Counter(row["kind"] for row in events)["payee_account_changed"] == 1
    assert await trail(desk, "payment_file", file["id"]) == {
        "payment_file_draft": 1,
        "payment_file_void": 1,
    }
    given = ACCOUNT | {"payee_id": str(payee), "account_number": "777777"}
    proposed = (await desk.post("operator", "/v1/banking/accounts", given)).json()
    refuse = f"/v1/banking/accounts/{proposed['id']}/refuse"
    assert (await desk.post("checker", refuse, {"reason": "not theirs"})).json()["state"] == (
        "REFUSED"
    )
    listed = (await desk.get("checker", "/v1/banking/accounts")).json()["items"]
    assert len(listed) == 5
