"""Everybody in a claim on a compensation fund, a loan in default, and the requests they send."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec

from kit.ids import uuid7
from marketplace.app import Resources
from marketplace.cases import service as loans
from marketplace.cases.schemas import Case, Grade, NewCase
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from settlement import costs, distribution, payments, sales
from settlement.costs import CostLine
from settlement.distribution import Payee, PledgeeClaim
from settlement.rules.waterfall import Secured
from tests.make_app import client_on
from tests.make_people import key_of, make_caller, make_organisation

#: The first worked example of domain 5.6: what is owed, and what is advanced of it.
PRINCIPAL_FEN, INTEREST_FEN, ADVANCE_FEN = 487_654_321, 13_246_809, 97_530_864
SCHEME = "tianjin-binhai-2022"
CONTRACT = "ab" * 32
_numbers = itertools.count(1)


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes part, each with the header by which they call."""

    bank_maker: Caller
    bank_checker: Caller
    other_bank_maker: Caller
    fund_administrator: Caller
    fund_checker: Caller
    other_fund_administrator: Caller
    other_fund_checker: Caller
    venue_operator: Caller
    other_venue_operator: Caller
    agency: Caller
    regulator: Caller
    auditor: Caller

    @property
    def bank_id(self) -> UUID:
        """The bank."""
        return self.bank_maker.organisation_id

    @property
    def fund_id(self) -> UUID:
        """The fund."""
        return self.fund_administrator.organisation_id


class Office:
    """The application with its people: who sends what, and what came back."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        pool: asyncpg.Pool,
        cast: Cast,
        keys: dict[UUID, dict[str, str]],
        now: datetime,
    ) -> None:
        self.client, self.pool, self.cast, self.now = client, pool, cast, now
        self._keys = keys

    def admit(self, caller: Caller, key: dict[str, str]) -> None:
        """Somebody else comes to work, with this key."""
        self._keys[caller.user_id] = key

    def headers_of(self, caller: Caller) -> dict[str, str]:
        """What tells who somebody is."""
        return self._keys[caller.user_id]

    async def post(
        self, caller: Caller, path: str, body: object = None, *, key: str | None = None
    ) -> httpx.Response:
        """Send a request under its own, or this, Idempotency-Key."""
        headers = self._keys[caller.user_id] | {
            "Idempotency-Key": key or f"key-{next(_numbers)}",
            "Content-Type": "application/json",
        }
        content = None if body is None else msgspec.json.encode(body)
        return await self.client.post(path, headers=headers, content=content)

    async def do(self, caller: Caller, path: str, body: object = None) -> dict[str, Any]:
        """Send a request that must succeed."""
        answer = await self.post(caller, path, body)
        assert answer.status_code in (200, 201), answer.text
        return msgspec.json.decode(answer.content, type=dict[str, Any])

    async def get(self, caller: Caller, path: str) -> httpx.Response:
        """Read."""
        return await self.client.get(path, headers=self._keys[caller.user_id])

    async def read(self, caller: Caller, path: str) -> dict[str, Any]:
        """Read what must be there."""
        answer = await self.get(caller, path)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=dict[str, Any])

    async def count(self, sql: str, *values: object) -> int:
        """One number of the database."""
        found = await self.pool.fetchval(sql, *values)
        assert isinstance(found, int)
        return found


@asynccontextmanager
async def open_office(resources: Resources, *, now: datetime) -> AsyncIterator[Office]:
    """The application, and everybody of a claim with a key."""
    pool = resources.pool
    cast = await _make_cast(pool, now=now)
    callers = [getattr(cast, name) for name in Cast.__struct_fields__]
    keys = {caller.user_id: await key_of(pool, caller, now=now) for caller in callers}
    async with client_on(resources) as client:
        yield Office(client, pool, cast, keys, now)


async def _make_cast(pool: asyncpg.Pool, *, now: datetime) -> Cast:
    bank, other_bank = [
        await make_organisation(pool, OrganisationKind.BANK, now=now) for _ in range(2)
    ]
    fund, other_fund = [
        await make_organisation(pool, OrganisationKind.FUND, now=now) for _ in range(2)
    ]

    async def person(role: Role, organisation_id: UUID | None = None) -> Caller:
        return await make_caller(pool, role, now=now, organisation_id=organisation_id)

    return Cast(
        bank_maker=await person(Role.BANK_MAKER, bank),
        bank_checker=await person(Role.BANK_CHECKER, bank),
        other_bank_maker=await person(Role.BANK_MAKER, other_bank),
        fund_administrator=await person(Role.FUND_ADMINISTRATOR, fund),
        fund_checker=await person(Role.FUND_CHECKER, fund),
        other_fund_administrator=await person(Role.FUND_ADMINISTRATOR, other_fund),
        other_fund_checker=await person(Role.FUND_CHECKER, other_fund),
        venue_operator=await person(Role.VENUE_OPERATOR),
        other_venue_operator=await person(Role.VENUE_OPERATOR),
        agency=await person(Role.AGENCY_BIDDER),
        regulator=await person(Role.REGULATOR),
        auditor=await person(Role.AUDITOR),
    )


async def make_loan(office: Office, **changes: Any) -> Case:
    """A loan of the bank, in default, as in the first worked example."""
    new = NewCase(
        contract_number=f"HT-{next(_numbers)}",
        borrower_name="海河精密仪器有限公司",
        borrower_code="91350100M000100Y43",
        loan_amount_fen=500_000_000,
        principal_fen=PRINCIPAL_FEN,
        interest_fen=INTEREST_FEN,
        granted_on=date(2024, 3, 1),
        due_on=date(2026, 3, 1),
        defaulted_on=date(2026, 6, 1),
        grade=Grade.DOUBTFUL,
    )
    async with office.pool.acquire() as conn, conn.transaction():
        return await loans.register(
            conn, office.cast.bank_maker, msgspec.structs.replace(new, **changes), now=office.now
        )


async def fund_with(office: Office, amount_fen: int = 1_000_000_000) -> None:
    """Money in the special account, and half of each promise advanced from version 2 on."""
    cast = office.cast
    await office.do(
        cast.fund_administrator,
        f"/v1/funds/{cast.fund_id}/contributions",
        {"amount_fen": amount_fen, "bank_reference": "budget-2026", "source": "财政局"},
    )
    await office.do(
        cast.fund_administrator,
        f"/v1/schemes/{SCHEME}/versions",
        {"from_version": 1, "advance_bp": 5000, "reason": "half at once, by decision of the board"},
    )


def application(office: Office, loan: Case, **changes: Any) -> dict[str, Any]:
    """What the bank's maker sends."""
    return {
        "case_id": str(loan.id),
        "scheme_id": SCHEME,
        "scheme_version": 2,
        "parties": {"fund": str(office.cast.fund_id)},
        "contract_sha256": CONTRACT,
        "evidence": [{"name": "判决书", "sha256": "cd" * 32}],
        **changes,
    }


async def drafted(office: Office, loan: Case, **changes: Any) -> dict[str, Any]:
    """A claim as the maker drafted it."""
    return await office.do(
        office.cast.bank_maker, "/v1/claims", application(office, loan, **changes)
    )


def decision(claim: dict[str, Any], *, approved: bool = True) -> dict[str, Any]:
    """A yes or no to a claim as shown."""
    return {
        "approved": approved,
        "reason": "figures agree with the contract",
        "claim_sha256": claim["claim_sha256"],
    }


async def approved(office: Office, claim: dict[str, Any]) -> dict[str, Any]:
    """The claim as its bank's checker sent it to the fund."""
    return await office.do(
        office.cast.bank_checker, f"/v1/claims/{claim['id']}/approve", decision(claim)
    )


async def reviewed(office: Office, claim: dict[str, Any]) -> dict[str, Any]:
    """The claim as both people of the fund approved it."""
    path = f"/v1/claims/{claim['id']}/review"
    await office.do(office.cast.fund_administrator, path, decision(claim))
    return await office.do(office.cast.fund_checker, path, decision(claim))


async def advanced(office: Office, loan: Case) -> dict[str, Any]:
    """A claim from its draft to its advance, paid out."""
    claim = await reviewed(office, await approved(office, await drafted(office, loan)))
    claim = await office.do(office.cast.fund_administrator, f"/v1/claims/{claim['id']}/advance")
    return await pay_out(office, claim)


async def pay_out(office: Office, claim: dict[str, Any]) -> dict[str, Any]:
    """Two people read from the bank's paper that whatever waits has left."""
    for payment in claim["payments"]:
        if payment["state"] == "QUEUED":
            for person in (office.cast.fund_administrator, office.cast.fund_checker):
                claim = await office.do(
                    person,
                    f"/v1/claims/{claim['id']}/payments/{payment['id']}",
                    {"bank_reference": f"out-{payment['id']}"},
                )
    return claim


async def sell(
    office: Office,
    loan: Case,
    *,
    price_fen: int,
    commission_fen: int,
    stamp_fen: int,
    pay: bool = True,
) -> UUID:
    """A lot of the loan sold, paid, its costs locked, its money distributed; returns the lot's id."""
    lot_id, cast, now = uuid7(office.now), office.cast, office.now
    async with office.pool.acquire() as conn, conn.transaction():
        sale = await sales.record_sale(
            conn,
            lot_id,
            buyer_id=cast.agency.organisation_id,
            consignor_id=cast.bank_id,
            venue_id=cast.venue_operator.organisation_id,
            case_id=loan.id,
            hammer_price_fen=price_fen,
            release_on="PRICE_PAID",
            objection_days=0,
            sold_at=now,
            deadline_at=now + timedelta(days=10),
        )
        await payments.receive(
            conn,
            sale.buyer_id,
            bank_reference=f"price-{lot_id}",
            amount_fen=price_fen,
            received_at=now,
            lot_id=lot_id,
            now=now,
        )
        if pay:
            await _distribute(
                office, conn, lot_id, commission_fen=commission_fen, stamp_fen=stamp_fen
            )
    return lot_id


async def _distribute(
    office: Office, conn: Any, lot_id: UUID, *, commission_fen: int, stamp_fen: int
) -> None:
    cast, now = office.cast, office.now
    maker, checker = cast.venue_operator.user_id, cast.bank_checker.user_id
    lines = [
        CostLine(
            kind="COST",
            name="seller commission",
            amount_fen=commission_fen,
            payee_id=uuid7(now),
            payee_name="venue",
        ),
        CostLine(
            kind="COST",
            name="valuation",
            amount_fen=3_000_000,
            payee_id=uuid7(now),
            payee_name="valuer",
        ),
        CostLine(
            kind="COST",
            name="enforcement",
            amount_fen=562_137,
            payee_id=uuid7(now),
            payee_name="court",
        ),
        CostLine(
            kind="TAX",
            name="stamp duty",
            amount_fen=stamp_fen,
            payee_id=uuid7(now),
            payee_name="tax office",
        ),
    ]
    sheet = await costs.draft_costs(conn, lot_id, lines=lines, drafted_by=maker, now=now)
    await costs.lock_costs(
        conn, lot_id, content_hash=sheet.content_hash, locked_by=checker, now=now
    )
    secured = Secured(
        party="bank",
        registered_at=date(2024, 3, 1),
        principal_fen=PRINCIPAL_FEN,
        interest_fen=INTEREST_FEN,
    )
    plan = await distribution.draft_plan(
        conn,
        lot_id,
        pledgees=[PledgeeClaim(payee=Payee(id=cast.bank_id, name="bank"), secured=secured)],
        pledgor=Payee(id=uuid7(now), name="pledgor"),
        venue_name="venue",
        drafted_by=maker,
        now=now,
    )
    await distribution.approve_plan(
        conn, plan.id, content_hash=plan.content_hash, approved_by=checker, now=now
    )
    await distribution.pay_plan(conn, plan.id, now=now)
    for payout in await payments.payouts_of(conn, lot_id):
        await payments.confirm_payout(conn, payout.id, bank_reference=f"out-{payout.id}", now=now)
