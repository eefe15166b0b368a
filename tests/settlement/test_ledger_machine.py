"""The ledger against a model of plain dictionaries: random transfers, holds, captures, retries, refusals."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from kit.ids import uuid7
from kit.money import split
from settlement import holds, ledger
from settlement.checks import check_ledger
from settlement.errors import IdempotencyIdReused, IllegalStep, InsufficientFunds, OverCapture
from settlement.ledger import AccountKey, Entry, Transfer

OUTSIDE = AccountKey("outside", UUID(int=99))
CLIENTS = tuple(AccountKey("client_money", UUID(int=n)) for n in range(1, 5))
PAYABLES = tuple(AccountKey("cost_payable", UUID(int=n)) for n in range(1, 4))
NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
amounts = st.integers(1, 1000)
clients = st.sampled_from(CLIENTS)
EXAMPLES = int(os.environ.get("LUOCHUI_LEDGER_EXAMPLES", "60"))


class LedgerMachine(RuleBasedStateMachine):
    """The services on a real database on one side, a dict of balances on the other."""

    url: str
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[AccountKey, int] = {}
        self.posted: dict[str, Transfer] = {}
        self.held: dict[UUID, tuple[AccountKey, int, str, int]] = {}
        self.conn: asyncpg.Connection = self.run(asyncpg.connect(self.url))
        self.outer = self.conn.transaction()
        self.run(self.outer.start())

    def run(self, work):
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        result = self.run(check_ledger(self.conn))
        assert result.ok, [check for check in result.checks if check.broken]
        self.run(self.conn.execute("SET CONSTRAINTS ALL IMMEDIATE"))
        self.run(self.outer.rollback())
        self.run(self.conn.close())

    async def attempt(self, service) -> object:
        """The service in a transaction of its own, as a request would run it; a refusal is an answer."""
        try:
            async with self.conn.transaction():
                return await service
        except (InsufficientFunds, IdempotencyIdReused, IllegalStep, OverCapture) as refused:
            return refused

    def change(self, entries: tuple[Entry, ...]) -> dict[AccountKey, int] | None:
        """The model after these entries, or None where an account would fall below 0."""
        after = dict(self.model)
        for entry in entries:
            after[entry.account] = after.get(entry.account, 0) + entry.amount_fen
            if entry.account.kind != "outside" and after[entry.account] < 0:
                return None
        return after

    def post(self, transfer: Transfer) -> None:
        answer = self.run(self.attempt(ledger.post_one(self.conn, transfer, now=NOW)))
        known = self.posted.get(transfer.idempotency_id)
        if known is not None:
            assert isinstance(answer, ledger.Posted if known == transfer else IdempotencyIdReused)
            return
        after = self.change(transfer.entries)
        if after is None:
            assert isinstance(answer, InsufficientFunds)
        else:
            assert isinstance(answer, ledger.Posted)
            assert not answer.replayed
            self.model, self.posted[transfer.idempotency_id] = after, transfer

    @rule(key=st.integers(0, 30), source=clients | st.just(OUTSIDE), goal=clients, amount=amounts)
    def transfer(self, key: int, source: AccountKey, goal: AccountKey, amount: int) -> None:
        """A move between two accounts, often under an id used before."""
        if source != goal:
            self.post(
                ledger.move(
                    f"t{key}", kind="k", ref="r", source=source, target=goal, amount_fen=amount
                )
            )

    @rule(
        key=st.integers(0, 30),
        source=clients,
        amount=amounts,
        weights=st.tuples(*[st.integers(0, 9)] * 3),
    )
    def split_amount(
        self, key: int, source: AccountKey, amount: int, weights: tuple[int, ...]
    ) -> None:
        """One amount split among several payees in one transfer."""
        if sum(weights):
            parts = split(amount, weights)
            entries = [Entry(payee, fen) for payee, fen in zip(PAYABLES, parts, strict=True) if fen]
            self.post(
                Transfer(
                    idempotency_id=f"s{key}",
                    kind="k",
                    ref="r",
                    entries=(Entry(source, -amount), *entries),
                )
            )

    @rule(source=clients, first=amounts, second=amounts)
    def batch(self, source: AccountKey, first: int, second: int) -> None:
        """A batch is all or none: the second transfer's overdraft takes the first back."""
        batch_id = uuid7(NOW)
        transfers = [
            ledger.move(
                f"{batch_id}:{n}",
                kind="k",
                ref="r",
                source=source,
                target=PAYABLES[n],
                amount_fen=fen,
            )
            for n, fen in enumerate((first, second))
        ]
        answer = self.run(self.attempt(ledger.post(self.conn, transfers, now=NOW)))
        after = self.change(tuple(entry for transfer in transfers for entry in transfer.entries))
        assert isinstance(answer, InsufficientFunds) == (after is None)
        self.model = self.model if after is None else after

    @rule(source=clients, amount=amounts)
    def hold(self, source: AccountKey, amount: int) -> None:
        """Money is set aside, or there is not enough."""
        hold_id = uuid7(NOW)
        service = holds.hold(
            self.conn,
            hold_id,
            source=source,
            amount_fen=amount,
            ref="r",
            expires_at=NOW + timedelta(hours=1),
            now=NOW,
        )
        answer = self.run(self.attempt(service))
        held = AccountKey("held", source.owner, str(hold_id))
        after = self.change((Entry(source, -amount), Entry(held, amount)))
        assert isinstance(answer, InsufficientFunds) == (after is None)
        if after is not None:
            self.model = after
            self.held[hold_id] = (source, amount, holds.HELD, 0)

    @rule(data=st.data(), end=st.sampled_from(["capture", "release", "expire"]), amount=amounts)
    def end_hold(self, data: st.DataObject, end: str, amount: int) -> None:
        """A hold ends once; the same end again changes nothing, another is refused."""
        if not self.held:
            return
        hold_id = data.draw(st.sampled_from(sorted(self.held)))
        _, whole, state, captured = self.held[hold_id]
        if end == "expire":
            self.expire()
            return
        if end == "capture":
            service = holds.capture(
                self.conn, hold_id, target=PAYABLES[0], amount_fen=amount, now=NOW
            )
            wanted = (holds.CAPTURED, amount)
        else:
            service, wanted = holds.release(self.conn, hold_id, now=NOW), (holds.RELEASED, 0)
        answer = self.run(self.attempt(service))
        if end == "capture" and amount > whole:
            assert isinstance(answer, OverCapture)
        elif state == holds.HELD:
            assert isinstance(answer, holds.Hold)
            self.ended(hold_id, *wanted)
        else:
            assert isinstance(answer, IllegalStep) == ((state, captured) != wanted)

    def expire(self) -> None:
        """An hour later everything that is still held comes back."""
        ended = self.run(holds.expire_due(self.conn, now=NOW + timedelta(hours=1), limit=1000))
        open_holds = {hold_id for hold_id, hold in self.held.items() if hold[2] == holds.HELD}
        assert set(ended) == open_holds
        for hold_id in ended:
            self.ended(hold_id, holds.EXPIRED, 0)

    def ended(self, hold_id: UUID, state: str, captured: int) -> None:
        source, whole, _, _ = self.held[hold_id]
        self.held[hold_id] = (source, whole, state, captured)
        self.model[AccountKey("held", source.owner, str(hold_id))] = 0
        self.model[source] += whole - captured
        self.model[PAYABLES[0]] = self.model.get(PAYABLES[0], 0) + captured

    @invariant()
    def balances_agree(self) -> None:
        """Every account holds what the model says, and all of them together nothing."""
        stored = self.run(ledger.balances(self.conn))
        expected = {key: fen for key, fen in self.model.items() if fen or key in stored}
        assert {key: fen for key, fen in stored.items() if fen or key in expected} == expected
        assert sum(stored.values()) == 0


@pytest.mark.usefixtures("template_database")
def test_the_ledger_does_what_its_model_does(database_url: str) -> None:
    """After every operation the database's balances are the model's, and at the end every invariant holds."""
    loop = asyncio.new_event_loop()
    try:
        machine = type("Machine", (LedgerMachine,), {"url": database_url, "loop": loop})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=40,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        loop.close()
