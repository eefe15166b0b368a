"""Licences (许可): what is licensed to whom, who holds and who gets the money, and the terms, agreed by two people.

Source: domain 4.4, 6.6 (royalty stream).
"""

from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import InvalidInput, NotFound
from kit.money import FEN_MAX
from kit.sql import Connection, load_statements
from settlement import cases
from settlement.documents import canonical, read
from settlement.errors import IdempotencyIdReused, IllegalStep, PlanChanged, SamePerson
from settlement.rules.royalties import RoyaltyTerms

_SQL = load_statements("settlement", "sql/royalties.sql")
DRAFT, ACTIVE, ENDED = "DRAFT", "ACTIVE", "ENDED"


class LicenceContent(msgspec.Struct, frozen=True, kw_only=True):
    """What two people agree to: who licenses what to whom, who holds and who gets the money, and the terms.

    `loan_id` is the loan whose rights are licensed, `case_id` its compensation case; null for a loan in no scheme, and
    a licence of before loans were named. `pledgor_id` gets what is left over; `later_pledgees` says who stands behind
    each junior claim of the case.
    """

    id: UUID
    title: str
    case_id: UUID | None
    loan_id: UUID | None = None
    holder_id: UUID
    lender_id: UUID
    pledgor_id: UUID
    licensee_id: UUID
    agency_id: UUID | None
    later_pledgees: dict[str, UUID] = {}
    starts_on: date
    ends_on: date
    terms: RoyaltyTerms


class Licence(msgspec.Struct, frozen=True, kw_only=True):
    """A licence as it stands."""

    content: LicenceContent
    content_hash: bytes
    state: str
    drafted_by: UUID
    drafted_at: datetime
    approved_by: UUID | None
    approved_at: datetime | None

    @property
    def id(self) -> UUID:
        """The licence's id."""
        return self.content.id

    @property
    def ref(self) -> str:
        """The reference under which the ledger knows the licence."""
        return f"licence:{self.content.id}"


async def draft(
    conn: Connection, content: LicenceContent, *, drafted_by: UUID, now: datetime
) -> Licence:
    """Draft a licence under the id it is given; the same again is answered as the first time.

    Raises `InvalidInput` for terms that can't be, and where a later pledgee of the case has nobody behind it.
    """
    await _check(conn, content)
    await conn.execute(
        _SQL["insert_licence"],
        *(content.id, content.case_id, content.holder_id, content.lender_id, content.licensee_id),
        *(canonical(content), drafted_by, now, content.loan_id or content.case_id),
    )
    licence = await get(conn, content.id)
    if (licence.content, licence.drafted_by) != (content, drafted_by):
        raise IdempotencyIdReused
    return licence


async def approve(
    conn: Connection, licence_id: UUID, *, content_hash: bytes, approved_by: UUID, now: datetime
) -> Licence:
    """Another person agrees to the licence as shown. Raises `SamePerson`, `PlanChanged`, `IllegalStep`."""
    licence = await lock(conn, licence_id)
    if licence.state == ACTIVE and licence.approved_by == approved_by:
        return licence
    require(licence, DRAFT, step=ACTIVE)
    if licence.drafted_by == approved_by:
        raise SamePerson
    if licence.content_hash != content_hash:
        raise PlanChanged
    await conn.execute(_SQL["approve_licence"], licence_id, approved_by, now, content_hash)
    return await get(conn, licence_id)


async def end(conn: Connection, licence_id: UUID) -> Licence:
    """No further period is invoiced; what is due still comes in."""
    licence = await lock(conn, licence_id)
    if licence.state != ENDED:
        require(licence, ACTIVE, step=ENDED)
        await conn.execute(_SQL["set_licence_state"], licence_id, ENDED)
    return await get(conn, licence_id)


async def get(conn: Connection, licence_id: UUID) -> Licence:
    """The licence; raises `NotFound`."""
    return _licence(await conn.fetchrow(_SQL["licence"], licence_id))


async def lock(conn: Connection, licence_id: UUID) -> Licence:
    """The licence, locked until the transaction ends; raises `NotFound`."""
    return _licence(await conn.fetchrow(_SQL["lock_licence"], licence_id))


def require(licence: Licence, *states: str, step: str) -> None:
    """Raises `IllegalStep` unless the licence is in one of these states."""
    if licence.state not in states:
        raise IllegalStep(f"licence {licence.id}", state=licence.state, step=step)


async def _check(conn: Connection, content: LicenceContent) -> None:
    if content.ends_on <= content.starts_on:
        raise InvalidInput("ends_on", f"must be after {content.starts_on}", "须晚于起始日")
    terms = content.terms
    for name in ("entry_fee_fen", "minimum_fen"):
        if not 0 <= getattr(terms, name) <= FEN_MAX:
            raise InvalidInput(f"terms.{name}", f"must be from 0 to {FEN_MAX}", "金额超出范围")
    for name in ("rate_bp", "agency_bp", "late_bp_year"):
        if not 0 <= getattr(terms, name) <= 10_000:
            raise InvalidInput(f"terms.{name}", "must be from 0 to 10000", "须为 0 至 10000")
    if terms.year_days not in (360, 365):
        raise InvalidInput("terms.year_days", "must be 360 or 365", "须为 360 或 365")
    if terms.agency_bp and content.agency_id is None:
        raise InvalidInput("agency_id", "must name who gets the agency's share", "须指定运营机构")
    if content.case_id is not None:
        await _check_case(conn, content, content.case_id)


async def _check_case(conn: Connection, content: LicenceContent, case_id: UUID) -> None:
    case = await cases.get(conn, case_id)
    if case.lender_id != content.lender_id:
        raise InvalidInput("lender_id", "must be the lender of the case", "须为案件的贷款银行")
    juniors = {junior.party for junior in case.claim.junior_claims} if case.claim else set[str]()
    if juniors - set(content.later_pledgees):
        named = ", ".join(sorted(juniors))
        raise InvalidInput(
            "later_pledgees", f"must name who stands behind {named}", f"须指定后顺位质权人：{named}"
        )


def _licence(row: asyncpg.Record | None) -> Licence:
    if row is None:
        raise NotFound
    fields = dict(row)
    del fields["id"]
    return Licence(**(fields | {"content": read(row["content"], LicenceContent)}))
