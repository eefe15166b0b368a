"""Risk-compensation cases (风险补偿案件): enrolment, default, and what every later step reads and writes.

LOAN_ENROLLED -> OVERDUE -> DEFAULT_CONFIRMED -> COMP_APPLIED -> COMP_REVIEWED -> ADVANCE_PAID -> DISPOSAL ->
FINAL_CLEARING -> CLOSED, with side states. Source: domain 5.2.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement.documents import canonical, read
from settlement.errors import AlreadyEnrolled, IllegalStep, SchemeUnknown
from settlement.rules.case import JuniorClaim, Loan
from settlement.rules.clearing import Final
from settlement.rules.compensation import Opening
from settlement.rules.recovery import Book
from settlement.rules.scheme import Scheme
from settlement.schemes import SchemeFile, scheme_files

_SQL = load_statements("settlement", "sql/cases.sql")
LOAN_ENROLLED, OVERDUE, DEFAULT_CONFIRMED = "LOAN_ENROLLED", "OVERDUE", "DEFAULT_CONFIRMED"
COMP_APPLIED, COMP_REVIEWED, REJECTED = "COMP_APPLIED", "COMP_REVIEWED", "REJECTED"
ADVANCE_PAID, DISPOSAL = "ADVANCE_PAID", "DISPOSAL"
FINAL_CLEARING, CLOSED = "FINAL_CLEARING", "CLOSED"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A document that proves the trigger, by name and SHA-256 (hexadecimal)."""

    name: str
    sha256: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What was applied for: the scheme as it stood with what was left of its caps, the loan, the proof."""

    scheme: Scheme
    loan: Loan
    junior_claims: tuple[JuniorClaim, ...]
    evidence: tuple[Evidence, ...]


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of a step with how it was reached; `party` is empty where it is nobody's."""

    name: str
    name_zh: str
    party: str
    amount_fen: int
    computation: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a case as it was recorded."""

    n: int
    step: str
    lines: tuple[StepLine, ...]
    by_user: UUID | None
    at: datetime


class Steps(msgspec.Struct, frozen=True):
    """The lines of a step as they are stored."""

    lines: tuple[StepLine, ...]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case. `parties` says which organisation each party of the scheme is."""

    id: UUID
    scheme_id: str
    scheme_version: int
    lender_id: UUID
    borrower_id: UUID
    loan_number: str
    contract_hash: bytes
    state: str
    enrolled_at: datetime
    parties: dict[str, UUID]
    claim: Claim | None
    opening: Opening | None
    book: Book | None
    final: Final | None
    applied_by: UUID | None

    @property
    def ref(self) -> str:
        """The reference under which the ledger knows the case."""
        return f"case:{self.id}"

    def claimed(self) -> tuple[Claim, Opening, Book]:
        """The claim, its opening and its book; raises `IllegalStep` where none was applied for."""
        if self.claim is None or self.opening is None or self.book is None:
            raise IllegalStep(f"case {self.id}", state=self.state, step="claim")
        return self.claim, self.opening, self.book

    def needs(self, *states: str, step: str) -> None:
        """Raises `IllegalStep` unless the case is in one of these states."""
        if self.state not in states:
            raise IllegalStep(f"case {self.id}", state=self.state, step=step)


async def load_schemes(conn: Connection, *, now: datetime) -> None:
    """Store the shipped scheme files as versioned rows; a version that is there stays as it is."""
    for file in scheme_files().values():
        await add_scheme(conn, file, now=now)


async def add_scheme(conn: Connection, file: SchemeFile, *, now: datetime) -> None:
    """Store a version of a scheme. The same version with other content is refused: make a new one."""
    content = canonical(file)
    await conn.execute(_SQL["insert_scheme"], file.id, file.version, content, file.is_complete, now)
    if await conn.fetchval(_SQL["scheme_content"], file.id, file.version) != content:
        raise InvalidInput(
            "version",
            f"{file.version} of {file.id} is stored with other content; give the change a new version",
            f"方案 {file.id} 第 {file.version} 版已存在且内容不同，请使用新版本号",
        )


async def scheme(conn: Connection, scheme_id: str, version: int) -> SchemeFile:
    """A stored version of a scheme; raises `SchemeUnknown`."""
    content = await conn.fetchval(_SQL["scheme_content"], scheme_id, version)
    if content is None:
        raise SchemeUnknown("scheme", f"there is no {scheme_id} version {version}", "方案不存在")
    return read(content, SchemeFile)


async def enrol_loan(
    conn: Connection,
    scheme_id: str,
    scheme_version: int,
    *,
    lender_id: UUID,
    borrower_id: UUID,
    loan_number: str,
    contract_hash: bytes,
    parties: Mapping[str, UUID],
    now: datetime,
    case_id: UUID | None = None,
) -> Case:
    """Enrol a loan (备案) under a version of a scheme, before it is in default.

    `parties` names the organisation behind each party of the scheme; `case_id` is the id that the caller knows
    the loan by, a new one by default. Raises `AlreadyEnrolled` when the loan number or the contract is
    enrolled; the same enrolment again is answered as the first time.
    """
    rules = (await scheme(conn, scheme_id, scheme_version)).scheme
    if rules is None:
        raise SchemeUnknown(
            "scheme", f"{scheme_id} is a template; something is missing", "方案内容不完整"
        )
    _check_parties(rules, parties, lender_id)
    made = await conn.fetchval(
        _SQL["insert_case"],
        *(case_id or uuid7(now), scheme_id, scheme_version, lender_id, borrower_id, loan_number),
        *(contract_hash, now),
    )
    if made is None:
        known = await conn.fetchval(_SQL["case_id_of_loan"], lender_id, loan_number, contract_hash)
        case = None if known is None else await get(conn, known)
        if case is None or (case.scheme_id, case.scheme_version, case.parties) != (
            scheme_id,
            scheme_version,
            dict(parties),
        ):
            raise AlreadyEnrolled
        return case
    for party in rules.parties:
        await conn.execute(
            _SQL["insert_party"], made, party.party, parties[party.party], party.role
        )
    await add_step(conn, made, "enrol_loan", lines=(), by_user=None, now=now)
    return await get(conn, made)


async def mark_overdue(conn: Connection, case_id: UUID, *, now: datetime) -> Case:
    """The loan is overdue."""
    return await _move(conn, case_id, OVERDUE, LOAN_ENROLLED, now=now)


async def confirm_default(conn: Connection, case_id: UUID, *, now: datetime) -> Case:
    """The scheme's trigger has occurred: from here compensation can be applied for."""
    return await _move(conn, case_id, DEFAULT_CONFIRMED, LOAN_ENROLLED, OVERDUE, now=now)


async def of_loan(conn: Connection, lender_id: UUID, loan_number: str) -> UUID | None:
    """The case under which a lender's loan is enrolled; None when it is not."""
    found: UUID | None = await conn.fetchval(_SQL["case_id_of_number"], lender_id, loan_number)
    return found


async def get(conn: Connection, case_id: UUID) -> Case:
    """The case; raises `NotFound`."""
    return await _case(conn, await conn.fetchrow(_SQL["case_by_id"], case_id))


async def lock(conn: Connection, case_id: UUID) -> Case:
    """The case, locked until the transaction ends; raises `NotFound`."""
    return await _case(conn, await conn.fetchrow(_SQL["lock_case"], case_id))


async def set_state(conn: Connection, case: Case, state: str) -> None:
    """Move a locked case on; the database refuses a step that does not exist."""
    await conn.execute(_SQL["set_state"], case.id, state)


async def add_step(
    conn: Connection,
    case_id: UUID,
    step: str,
    *,
    lines: Sequence[StepLine],
    by_user: UUID | None,
    now: datetime,
) -> None:
    """Record a step with its lines."""
    await conn.execute(
        _SQL["insert_step"], case_id, step, canonical(Steps(tuple(lines))), by_user, now
    )


async def steps(conn: Connection, case_id: UUID) -> list[Step]:
    """The steps of a case, oldest first: why each figure is what it is."""
    return [
        Step(
            n=row["n"],
            step=row["step"],
            lines=read(row["lines"], Steps).lines,
            by_user=row["by_user"],
            at=row["at"],
        )
        for row in await conn.fetch(_SQL["steps"], case_id)
    ]


async def _move(conn: Connection, case_id: UUID, to: str, *from_states: str, now: datetime) -> Case:
    case = await lock(conn, case_id)
    if case.state == to:
        return case
    case.needs(*from_states, step=to)
    await set_state(conn, case, to)
    await add_step(conn, case_id, to.lower(), lines=(), by_user=None, now=now)
    return await get(conn, case_id)


async def _case(conn: Connection, row: asyncpg.Record | None) -> Case:
    if row is None:
        raise NotFound
    parties = await conn.fetch(_SQL["parties"], row["id"])
    fields = dict(row)
    documents = {"claim": Claim, "opening": Opening, "book": Book, "final": Final}
    for name, kind in documents.items():
        content = fields[name]
        fields[name] = None if content is None else msgspec.json.decode(content, type=kind)
    fields["parties"] = {party["party"]: party["organisation_id"] for party in parties}
    return Case(**fields)


def _check_parties(rules: Scheme, parties: Mapping[str, UUID], lender_id: UUID) -> None:
    if set(parties) != set(rules.names):
        raise InvalidInput(
            "parties",
            f"must name an organisation for each of {', '.join(rules.names)}",
            f"须为 {'、'.join(rules.names)} 各指定一个机构",
        )
    if parties[rules.bank] != lender_id:
        raise InvalidInput(f"parties.{rules.bank}", "must be the lender", "须为贷款银行")
