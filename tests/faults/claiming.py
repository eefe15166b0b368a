"""A claim on a compensation fund while the host goes dark: everything that bank and fund ask for, over HTTP.

Each request has a key of its own and is made from what the one before was answered, so that all of it may be asked
again after the boot, from the beginning.
"""

import asyncio
from collections import defaultdict
from typing import Any
from uuid import UUID

from kit.clock import system_clock
from marketplace.organisations.schemas import OrganisationKind, Role
from settlement import ledger
from tests.faults.money_check import Fund, FundClaim
from tests.make_cases import Json, final, make_case, make_scheme, recovery
from tests.make_people import make_organisation
from tests.make_portfolio import some_case
from tests.make_stage import Person, Stage

SCHEME, PARTY = "tianjin-binhai-2022", "fund"
PAID_IN_FEN, ADVANCE_BP = 1_000_000_000, 5_000
_REFERENCE = "budget-2026"
#: What comes in beside the sale: little before the end, and after it so much that the fund gets money back.
_EARLY_FEN, _LATE_FEN, _LATE_COST_FEN = 3_333_333, 150_000_007, 1_000_001


class Claiming:
    """One claim from the money in the fund to the money that comes back to it."""

    def __init__(
        self, lot: dict[str, Any], case_id: str, fund_id: UUID, people: dict[str, Person]
    ) -> None:
        self._lot_id, self._case_id, self._fund_id = str(lot["id"]), case_id, fund_id
        self._people = people
        self._key = f"{self._lot_id[-12:]}-claiming"
        self._events: list[Json] = []

    @classmethod
    async def prepared(cls, stage: Stage, lot: dict[str, Any]) -> "Claiming":
        """A fund with two people and nothing in its account, for the loan behind a lot."""
        fund_id = await make_organisation(stage.pool, OrganisationKind.FUND, now=system_clock())
        people = {
            "administrator": await stage.person(Role.FUND_ADMINISTRATOR, organisation_id=fund_id),
            "fund_checker": await stage.person(Role.FUND_CHECKER, organisation_id=fund_id),
        }
        consignment = await stage.bank_maker.get(f"/v1/consignments/{lot['consignment_id']}")
        return cls(lot, consignment["case_id"], fund_id, people)

    async def until_advanced(self, stage: Stage) -> dict[str, Any]:
        """Money into the account; the claim drafted, decided, reviewed by two, advanced, paid out."""
        administrator, checker = self._at(stage)
        paid_in = {"amount_fen": PAID_IN_FEN, "bank_reference": _REFERENCE, "source": "财政局"}
        await self._post(administrator, f"/v1/funds/{self._fund_id}/contributions", paid_in)
        half = {"from_version": 1, "advance_bp": ADVANCE_BP, "reason": "half at once"}
        file = await self._post(administrator, f"/v1/schemes/{SCHEME}/versions", half)
        application = {
            "case_id": self._case_id,
            "scheme_id": SCHEME,
            "scheme_version": file["version"],
            "parties": {PARTY: str(self._fund_id)},
            "contract_sha256": "ab" * 32,
        }
        claim = await self._post(stage.bank_maker, "/v1/claims", application)
        path = f"/v1/claims/{claim['id']}"
        yes = {"approved": True, "reason": "agreed", "claim_sha256": claim["claim_sha256"]}
        await self._post(stage.bank_checker, f"{path}/approve", yes)
        for reviewer in (administrator, checker):
            await self._post(reviewer, f"{path}/review", yes)
        claim = await self._post(administrator, f"{path}/advance")
        return await self._paid_out(stage, claim)

    async def early_receipt(self, stage: Stage) -> dict[str, Any]:
        """Something comes in before the sale has been distributed."""
        claim = await self.until_advanced(stage)
        return await self._received(stage, claim, "early", _EARLY_FEN)

    async def to_the_end(self, stage: Stage) -> dict[str, Any]:
        """The sale is shared, the claim cleared, the rest topped up; late money reopens it, and the bank returns."""
        administrator, checker = self._at(stage)
        claim = await self.early_receipt(stage)
        path = f"/v1/claims/{claim['id']}"
        sale = {"kind": "sale", "lot_id": self._lot_id}
        await self._post(stage.bank_maker, f"{path}/recoveries", sale)
        proposed = await self._post(administrator, f"{path}/final")
        yes = {
            "approved": True,
            "reason": "over",
            "final_sha256": proposed["final"]["final_sha256"],
        }
        claim = await self._post(checker, f"{path}/final/approve", yes)
        await self._paid_out(stage, claim)
        claim = await self._received(stage, claim, "late", _LATE_FEN, _LATE_COST_FEN)
        for due in claim["dues"]:
            if due["amount_fen"] < 0:
                back = {
                    "fund_party": due["fund_party"],
                    "party": due["party"],
                    "amount_fen": -due["amount_fen"],
                    "bank_reference": "returned-1",
                }
                claim = await self._post(administrator, f"{path}/returns", back)
        return claim

    def sold(self, price_fen: int, cost_fen: int) -> None:
        """What the sale came to: everything that this claim will be asked for is known now."""
        self._events = [
            recovery("early", _EARLY_FEN),
            recovery("sale", price_fen, cost_fen),
            final(),
            recovery("late", _LATE_FEN, _LATE_COST_FEN),
        ]

    async def fund(self, stage: Stage) -> Fund:
        """The fund as the checker wants it: what was asked for, and what the ledger has."""
        moved: dict[str, list[int]] = defaultdict(list)
        of_claim: dict[str, list[int]] = defaultdict(list)
        rows = await stage.pool.fetch(
            "SELECT t.kind, t.ref, e.amount_fen FROM settlement.entries e"
            " JOIN settlement.transfers t ON t.id = e.transfer_id"
            " JOIN settlement.accounts a ON a.id = e.account_id"
            " WHERE a.kind = 'fund_special_account' AND a.owner = $1",
            self._fund_id,
        )
        for kind, ref, amount_fen in rows:
            (of_claim if ref == f"case:{self._case_id}" else moved)[kind].append(amount_fen)
        positions = {}
        async with stage.pool.acquire() as conn:
            balance_fen = await ledger.balance(conn, ledger.fund_account(self._fund_id))
            for party in ("bank", PARTY):
                key = ledger.share(UUID(self._case_id), party)
                positions[party] = await ledger.balance(conn, key)
        claim = FundClaim(asked=self._asked(), moved=dict(of_claim), positions=positions)
        return Fund(
            party=PARTY,
            opening_fen=0,
            paid_in={_REFERENCE: PAID_IN_FEN},
            moved=dict(moved),
            claims={self._case_id: claim},
            balance_fen=balance_fen,
        )

    def _asked(self) -> Json:
        """The case in plain words: sixty to forty, as the scheme's file has it, half of the promise advanced."""
        loan = some_case()
        owed = {"principal_fen": loan.principal_fen, "interest_fen": loan.interest_fen}
        return make_case(*self._events, scheme=make_scheme(advance_bp=ADVANCE_BP), loan=owed)

    async def _received(
        self, stage: Stage, claim: dict[str, Any], name: str, gross_fen: int, *costs: int
    ) -> dict[str, Any]:
        receipt = {
            "kind": "receipt",
            "reference": name,
            "origin": "voluntary",
            "gross_fen": gross_fen,
            "costs": [{"name": "cost", "amount_fen": fen} for fen in costs],
        }
        path = f"/v1/claims/{claim['id']}/recoveries"
        return await self._post(stage.bank_maker, path, receipt, what=name)

    async def _paid_out(self, stage: Stage, claim: dict[str, Any]) -> dict[str, Any]:
        """Two people read from the bank's paper that what waited when the claim was answered has left."""
        for payment in claim["payments"]:
            if payment["state"] == "QUEUED":
                path = f"/v1/claims/{claim['id']}/payments/{payment['id']}"
                read = {"bank_reference": f"out-{payment['id']}"}
                for person in self._at(stage):
                    claim = await self._post(person, path, read)
        return claim

    def _at(self, stage: Stage) -> tuple[Person, Person]:
        """The fund's two people, at an application that was started anew."""
        first, second = (
            Person(stage.client, one.caller, one.headers) for one in self._people.values()
        )
        return first, second

    async def _post(
        self, who: Person, path: str, body: object = None, *, what: str = ""
    ) -> dict[str, Any]:
        key = f"{self._key}-{path.removeprefix('/v1/').replace('/', '-')}-{what}"
        return dict(await who.post(path, body, key=f"{key}-{str(who.caller.user_id)[-6:]}"))


async def at_once(*works: Any) -> None:
    """Several at the same time; one that fails, or the power, ends them all."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
