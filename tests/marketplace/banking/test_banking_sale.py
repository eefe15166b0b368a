"""A sale whose every fen comes in by bank statement and leaves by instruction file, over HTTP on real servers."""

import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from typing import Any

import httpx

from kit.clock import system_clock
from settlement.bank_statements import BankEntry
from settlement.checks import check_ledger
from tests.make_stage import DEPOSIT_FEN, START_FEN, Person, Stage
from tests.settlement.make_bank import OUR_ACCOUNT, camt_of, csv_of, some_entry, some_statement


async def send(person: Person, path: str, content: bytes, kind: str, *, key: str) -> httpx.Response:
    """Upload a file."""
    headers = person.headers | {"Idempotency-Key": key, "Content-Type": kind}
    return await person.client.post(path, content=content, headers=headers)


async def registered_account(
    stage: Stage, payee_id: str, number: str, *, by: tuple[Person, Person] | None = None
) -> None:
    """An account proposed by the operator and approved by the checker, or by two of another holder."""
    maker, checker = by or (stage.operator, stage.checker)
    given = {
        "payee_id": payee_id,
        "account_name": "收款单位",
        "account_number": number,
        "bank_code": "102100099996",
        "bank_name": "示例银行",
        "reason": "from the contract",
    }
    account = await maker.post("/v1/banking/accounts", given)
    approved = await checker.post(
        f"/v1/banking/accounts/{account['id']}/approve", {"account_hash": account["account_hash"]}
    )
    assert approved["state"] == "ACTIVE"


async def statement(
    stage: Stage, *entries: BankEntry, is_csv: bool = False, by: Person | None = None
) -> dict[str, Any]:
    """The bank of the venue, or of another holder, reports entries."""
    write, kind = (csv_of, "text/csv") if is_csv else (camt_of, "application/xml")
    answer = await send(
        by or stage.operator,
        "/v1/banking/statements",
        write(some_statement(*entries)),
        kind,
        key=f"st-{entries[0].bank_reference}",
    )
    assert answer.status_code == 201, answer.text
    done: dict[str, Any] = answer.json()
    assert done["state"] == "IMPORTED", done
    return done


def credit(due: dict[str, Any], reference: str, amount_fen: int) -> BankEntry:
    """What the payer of a due transfers, just now."""
    return some_entry(
        reference,
        amount_fen,
        remittance=due["reference"],
        counterparty_name=due["payer_name"],
        booked_at=datetime.fromisoformat((system_clock() - timedelta(minutes=1)).isoformat()),
    )


async def test_a_sale_by_statement_and_instruction_file(stage: Stage) -> None:
    """A deposit by statement gives the paddle, the balance makes the lot paid, and the proceeds leave by file, once."""
    await registered_account(stage, str(stage.operator.caller.organisation_id), OUR_ACCOUNT)
    lot = await stage.published(opens_in=3.0, lasts=2.0)
    agency, _ = await stage.registered(lot)
    dues = f"/v1/lots/{lot['id']}/dues/me"
    (due,) = (await agency.get(dues))["items"]
    assert (due["due_fen"], due["account_number"]) == (DEPOSIT_FEN, OUR_ACCOUNT)
    done = await statement(stage, credit(due, "B-1", DEPOSIT_FEN))
    assert [entry["verdict"] for entry in done["entries"]] == ["EXACT"], done
    me = await agency.get(f"/v1/lots/{lot['id']}/bidders/me")
    assert me["status"] == "deposited"
    await stage.until_open(lot)
    await agency.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await stage.until_closed(lot)
    await stage.operator.post(f"/v1/lots/{lot['id']}/confirmation")
    price = next(due for due in (await agency.get(dues))["items"] if due["kind"] == "PRICE")
    assert price["due_fen"] == START_FEN - DEPOSIT_FEN
    done = await statement(stage, credit(price, "B-2", price["due_fen"]), is_csv=True)
    assert [entry["verdict"] for entry in done["entries"]] == ["EXACT"], done
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "paid"
    await distribute(stage, lot)
    await pay_out(stage)
    async with stage.pool.acquire() as conn:
        proof = await check_ledger(conn)
    assert proof.ok, [check for check in proof.checks if check.broken]
    assert proof.in_custody_fen == 0


async def distribute(stage: Stage, lot: dict[str, Any]) -> None:
    """No costs, the plan, its payment: the proceeds wait in the queue."""
    path = f"/v1/lots/{lot['id']}"
    sheet = await stage.operator.post(f"{path}/costs", {"lines": []})
    shown = {"content_hash": sheet["content_hash"]}
    await stage.checker.post(f"{path}/costs/lock", shown)
    plan = await stage.operator.post(f"{path}/distribution")
    await stage.bank_checker.post(
        f"{path}/distribution/approve", {"content_hash": plan["content_hash"]}
    )
    await stage.operator.post(f"{path}/distribution/pay")


async def pay_out(stage: Stage) -> None:
    """Everything queued leaves in one file; the bank's statement shows the debits."""
    queued = (await stage.operator.get("/v1/banking/payouts"))["items"]
    assert {payout["not_ready"] for payout in queued} == {"no_account"}
    for number, payee_id in enumerate(sorted({payout["payee_id"] for payout in queued})):
        await registered_account(stage, payee_id, f"62220200000010{number}")
    file = await stage.operator.post("/v1/banking/payment-files", {"format": "pain.001"})
    path = f"/v1/banking/payment-files/{file['id']}"
    shown = {name: file[name] for name in ("content_hash", "accounts_hash")}
    assert (await stage.operator.post(f"{path}/approve", shown, expect=403))["code"] == "forbidden"
    await stage.operator.get(f"{path}/content", expect=409)
    await stage.operator.post(f"{path}/export", expect=409)
    await stage.checker.post(f"{path}/approve", shown)
    exported = await stage.operator.post(f"{path}/export")
    assert exported["state"] == "EXPORTED"
    assert (await stage.operator.post(f"{path}/export"))["exported_at"] == exported["exported_at"]
    content = await stage.operator.client.get(f"{path}/content", headers=stage.operator.headers)
    assert content.headers["content-type"].startswith("application/xml")
    assert len(ET.fromstring(content.content).findall(".//{*}CdtTrfTxInf")) == len(queued)
    debits = [
        some_entry(
            f"D-{number}",
            line["amount_fen"],
            direction="DEBIT",
            end_to_end_id=line["end_to_end_id"],
            counterparty_name="",
            booked_at=datetime.fromisoformat((system_clock() - timedelta(minutes=1)).isoformat()),
        )
        for number, line in enumerate(exported["lines"])
    ]
    done = await statement(stage, *debits)
    assert {entry["verdict"] for entry in done["entries"]} == {"PAYOUT"}
    lines = (await stage.operator.get(path))["lines"]
    assert {line["state"] for line in lines} == {"PAID"}
    assert (await stage.operator.get("/v1/banking/payouts"))["items"] == []
