"""What guarantors, insurers and re-guarantors owe of a loss (分险责任), and that they paid it (代偿).

A party owes the bank all that it bears, and whoever passed a part on to it that part; it gets back what it passed on
itself. Its position was opened with the claim: a payout adds nothing to it, but makes it money that the party has
really spent, from which its right to a share of recoveries follows (Civil Code 700; domain 5.3, 6.1). The money
moves between the parties' own accounts, outside custody: the books say from whom to whom. Source: domain 7.
"""

from datetime import date, datetime, time
from typing import Literal
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, InvalidInput
from kit.ids import uuid7
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement import cases
from settlement.cases import Case
from settlement.errors import DuplicateBankReference, translated
from settlement.ledger import move, outside, post_one
from settlement.rules.bearing import Ceded, cede

_SQL = load_statements("settlement", "sql/liabilities.sql")
#: The roles of a scheme whose organisations confirm what they owe and pay it themselves; a fund promises and advances.
BEARERS = ("GUARANTOR", "INSURER", "REGUARANTOR")
#: From the opening of the books on there are positions, whatever became of the fund's compensation later.
_BOOKS_OPEN = (
    *(cases.COMP_REVIEWED, cases.ADVANCE_PAID, cases.DISPOSAL),
    *(cases.FINAL_CLEARING, cases.CLOSED, "CLAWED_BACK"),
)


class PayoutExists(Conflict):
    """This payout is recorded already, with other content. / 该笔代偿已登记且内容不同。"""

    code = "payout_exists"


class EnteredAsRecovery(Conflict):
    """This money is entered as a recovery, which a payout is not. / 该笔款项已登记为追偿回收，不是代偿。"""

    code = "entered_as_recovery"


class EnteredAsPayout(Conflict):
    """A party recorded this money as its payout, which is no recovery. / 该笔款项已登记为代偿，不是追偿回收。"""

    code = "entered_as_payout"


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What a party owes to another: its part of the loss to the bank, or a part that was passed on to it."""

    to: str
    why: Literal["borne", "ceded"]
    amount_fen: int


class Liability(msgspec.Struct, frozen=True, kw_only=True):
    """A party's liability in a claim. `position_fen` is its net loss once all that is promised is paid."""

    party: str
    role: str
    loss_fen: int
    borne_fen: int
    ceded: tuple[Ceded, ...]
    owed: tuple[Owed, ...]
    compensation_fen: int
    position_fen: int

    @property
    def owed_fen(self) -> int:
        """All that the party owes, to whomever."""
        return sum(one.amount_fen for one in self.owed)


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """A payout as the party's own bank tells it: to which party, under which reference, on which day."""

    to: str
    amount_fen: int
    bank_reference: str
    paid_on: date


class RecordedPayout(Payout, frozen=True, kw_only=True):
    """A payout in the books."""

    id: UUID
    case_id: UUID
    party: str
    organisation_id: UUID
    payee_id: UUID
    reported_by: UUID
    confirmed_by: UUID
    recorded_at: datetime


def liability_of(case: Case, party: str) -> Liability:
    """What a party of a claim owes, by the scheme that the claim was computed under."""
    claim, opening, _ = case.claimed()
    role = next(one.role for one in claim.scheme.parties if one.party == party)
    borne = opening.bearing.borne
    passed = [one for one in cede(claim.scheme, borne) if one.amount_fen]
    owed = [Owed(to=claim.scheme.bank, why="borne", amount_fen=borne[party])]
    owed += [
        Owed(to=one.party, why="ceded", amount_fen=one.amount_fen)
        for one in passed
        if one.to == party
    ]
    return Liability(
        party=party,
        role=role,
        loss_fen=opening.bearing.loss_fen,
        borne_fen=borne[party],
        ceded=tuple(one for one in passed if one.party == party),
        owed=tuple(one for one in owed if one.amount_fen),
        compensation_fen=opening.compensation[party],
        position_fen=opening.positions[party],
    )


async def require_payable(
    conn: Connection, case: Case, party: str, payout: Payout, *, first: date, today: date
) -> RecordedPayout | None:
    """Hold a payout against what the rules say is owed; the very same one that is in the books is the answer.

    `first` is the first day on which money counts as a payout of this claim. Raises `IllegalStep` before the books
    are open, `InvalidInput`, `PayoutExists`, `DuplicateBankReference`, `EnteredAsRecovery`.
    """
    case.needs(*_BOOKS_OPEN, step="payout")
    owed = liability_of(case, party).owed
    wanted = next((one for one in owed if one.to == payout.to), None)
    if wanted is None:
        named = ", ".join(one.to for one in owed) or "nobody 无"
        raise InvalidInput("to", f"must be whom {party} owes: {named}", f"须为应付的一方：{named}")
    if payout.amount_fen != wanted.amount_fen:
        raise InvalidInput(
            "amount_fen",
            f"must be the {yuan(wanted.amount_fen)} yuan that {party} owes to {payout.to},"
            f" not {yuan(payout.amount_fen)}",
            f"应为应付 {payout.to} 的 {yuan(wanted.amount_fen)} 元，不能是 {yuan(payout.amount_fen)} 元",
        )
    if not first <= payout.paid_on <= today:
        raise InvalidInput(
            "paid_on",
            f"must be from {first} to {today}, not {payout.paid_on}; what came in earlier is counted in the claim",
            f"须在 {first} 至 {today} 之间；此前到账的款项已计入申请",
        )
    return await _recorded(conn, case, party, payout)


async def pay(
    conn: Connection,
    case_id: UUID,
    party: str,
    payout: Payout,
    *,
    first: date,
    reported_by: UUID,
    confirmed_by: UUID,
    now: datetime,
) -> RecordedPayout:
    """Book a payout that two people of the party read from its bank's paper, once. Raises as `require_payable`."""
    case = await cases.lock(conn, case_id)
    today = now.astimezone(CHINA).date()
    known = await require_payable(conn, case, party, payout, first=first, today=today)
    if known is not None:
        return known
    payout_id, payer, payee = uuid7(now), case.parties[party], case.parties[payout.to]
    with translated():  # the database looks whether the reference is booked as any other money
        await conn.execute(
            _SQL["insert"],
            *(payout_id, case_id, party, payout.to, payer, payee, payout.amount_fen),
            *(payout.bank_reference, payout.paid_on, reported_by, confirmed_by, now),
        )
    await post_one(
        conn,
        move(
            f"{case.ref}:liability:{party}:{payout.to}",
            kind="liability_paid",
            ref=case.ref,
            source=outside(payer, case.ref),
            target=outside(payee, case.ref),
            amount_fen=payout.amount_fen,
            effective_at=datetime.combine(payout.paid_on, time(), CHINA),
        ),
        now=now,
    )
    line = cases.StepLine(
        name="payout",
        name_zh="代偿",
        party=party,
        amount_fen=payout.amount_fen,
        computation=f"to 付给 {payout.to}, {payout.paid_on}, {payout.bank_reference}",
    )
    await cases.add_step(
        conn, case_id, "pay_liability", lines=[line], by_user=confirmed_by, now=now
    )
    return (await payouts(conn, case_id, party))[-1]


async def payouts(conn: Connection, case_id: UUID, party: str) -> list[RecordedPayout]:
    """What a party has paid in a case, oldest first."""
    rows = await conn.fetch(_SQL["of_party"], case_id, party)
    return [msgspec.convert(dict(row), RecordedPayout) for row in rows]


async def is_payout(conn: Connection, case_id: UUID, bank_reference: str) -> bool:
    """Whether money under this reference is a party's payout in a case, and so no recovery of its loan."""
    return bool(await conn.fetchval(_SQL["is_payout"], case_id, bank_reference))


async def _recorded(
    conn: Connection, case: Case, party: str, payout: Payout
) -> RecordedPayout | None:
    for known in await payouts(conn, case.id, party):
        if known.to == payout.to:
            if (known.bank_reference, known.paid_on) == (payout.bank_reference, payout.paid_on):
                return known
            raise PayoutExists
    if await conn.fetchval(_SQL["is_used"], case.parties[party], payout.bank_reference):
        raise DuplicateBankReference
    if await conn.fetchval(_SQL["is_recovery"], case.id, payout.bank_reference):
        raise EnteredAsRecovery
    return None
