"""Routes of enrolments (备案): filed by a bank's maker, accepted or refused by another person, its checker."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from kit.errors import NotFound
from marketplace.audit import service as audit
from marketplace.claims import schemes
from marketplace.claims.rules import borrower_id
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.fields import Name, PositiveFen, Reason
from marketplace.edge.policies import allow
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from settlement import enrolments
from settlement.enrolments import Enrolment, NewEnrolment

_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.FUND_ADMINISTRATOR,
    Role.FUND_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.FUNDS,),
)


class EnrolmentIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sound loan of the caller's bank, under a version of a scheme."""

    scheme_id: Name
    scheme_version: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    contract_number: Name
    borrower_code: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-HJ-NP-RTUW-Y]{18}\Z")]
    contract_sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    principal_fen: PositiveFen
    granted_on: date
    due_on: date


class EnrolmentDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes or no to an enrolment."""

    accepted: bool
    reason: Reason


class EnrolmentOut(msgspec.Struct, frozen=True, kw_only=True):
    """An enrolment as it stands."""

    id: UUID
    scheme_id: str
    scheme_version: int
    lender_id: UUID
    contract_number: str
    contract_sha256: str
    principal_fen: int
    granted_on: date
    due_on: date
    enrolled_on: date
    enrolled_by: UUID
    accepted_by: UUID | None
    state: str
    reason: str | None


@post("/v1/enrolments", opt={"policy": allow(Role.BANK_MAKER)}, summary="Enrol a loan 贷款备案")
async def file_enrolment(
    conn: Conn, caller: Me, now: Now, data: JSONBody[EnrolmentIn]
) -> Response[EnrolmentOut]:
    """File a sound loan under a scheme, before its default."""
    await schemes.known_version(conn, data.scheme_id, data.scheme_version, now=now)
    given = NewEnrolment(
        scheme_id=data.scheme_id,
        scheme_version=data.scheme_version,
        lender_id=caller.organisation_id,
        borrower_id=borrower_id(data.borrower_code),
        loan_number=data.contract_number,
        contract_hash=bytes.fromhex(data.contract_sha256),
        principal_fen=data.principal_fen,
        granted_on=data.granted_on,
        due_on=data.due_on,
    )
    before = await enrolments.of_loan(conn, given.lender_id, given.loan_number)
    filed = await enrolments.file(conn, given, enrolled_by=caller.user_id, now=now)
    if before is None:
        await audit.record(
            conn, caller, now=now, action="loan_enrolled", subject="enrolment",
            subject_id=filed.id, after=data,
        )  # fmt: skip
    return Response(_out(filed), headers={"Location": f"/v1/enrolments/{filed.id}"})


@post(
    "/v1/enrolments/{enrolment_id:uuid}/decide",
    opt={"policy": allow(Role.BANK_CHECKER)},
    summary="Decide 备案复核",
    status_code=200,
)
async def decide_enrolment(
    conn: Conn,
    caller: Me,
    now: Now,
    enrolment_id: FromPath[UUID],
    data: JSONBody[EnrolmentDecision],
) -> EnrolmentOut:
    """Accept or refuse an enrolment of my bank; by another person than who filed it."""
    before = await _visible(conn, caller, enrolment_id)
    done = await enrolments.decide(
        conn,
        enrolment_id,
        accepted=data.accepted,
        reason=data.reason,
        decided_by=caller.user_id,
        now=now,
    )
    if done != before:
        await audit.record(
            conn, caller, now=now, action="enrolment_decided", subject="enrolment",
            subject_id=enrolment_id, before={"state": before.state}, after={"state": done.state},
            reason=data.reason,
        )  # fmt: skip
    return _out(done)


@get("/v1/enrolments/{enrolment_id:uuid}", opt={"policy": _READERS}, summary="An enrolment 备案")
async def get_enrolment(reader: Conn, caller: Me, enrolment_id: FromPath[UUID]) -> EnrolmentOut:
    """An enrolment of my bank; of banks to which my fund has promised under its scheme; those that I oversee."""
    return _out(await _visible(reader, caller, enrolment_id))


async def _visible(conn: Conn, caller: Caller, enrolment_id: UUID) -> Enrolment:
    found = await enrolments.get(conn, enrolment_id)
    is_bank = caller.organisation_kind is OrganisationKind.BANK
    if is_bank and found.lender_id != caller.organisation_id:
        raise NotFound
    return found


def _out(found: Enrolment) -> EnrolmentOut:
    return EnrolmentOut(
        id=found.id,
        scheme_id=found.scheme_id,
        scheme_version=found.scheme_version,
        lender_id=found.lender_id,
        contract_number=found.loan_number,
        contract_sha256=found.contract_hash.hex(),
        principal_fen=found.principal_fen,
        granted_on=found.granted_on,
        due_on=found.due_on,
        enrolled_on=found.enrolled_on,
        enrolled_by=found.enrolled_by,
        accepted_by=found.accepted_by,
        state=found.state,
        reason=found.reason,
    )


routes: list[HTTPRouteHandler] = [file_enrolment, decide_enrolment, get_enrolment]
