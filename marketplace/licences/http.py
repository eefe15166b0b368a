"""Routes of licences (许可) and their income (许可费): terms, invoices, audits, receipts, the statement."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.printed import Form, printed
from marketplace.edge.reach import REACH
from marketplace.licences import service
from marketplace.licences.schemas import (
    AuditIn,
    DueIn,
    LicenceApproval,
    LicenceIn,
    LicenceOut,
    PeriodIn,
    ReceiptIn,
)
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "Income of a licence is shared among lender, holder, agency and the funds of the loan."
_MAKER = Role.BANK_MAKER
#: Who may have a part in a licence; the service shows each only its own.
READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.AGENCY_BIDDER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.DISPOSAL,),
)


def _step(path: str, *roles: Role, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/licences/{{licence_id:uuid}}/{path}",
        "opt": {"policy": allow(*roles), REACH: _WHY},
        "summary": summary,
        "status_code": 200,
    }


@post(
    "/v1/licences", opt={"policy": allow(_MAKER), REACH: _WHY}, summary="Draft a licence 拟订许可"
)
async def draft_licence(
    conn: Conn, caller: Me, now: Now, data: JSONBody[LicenceIn]
) -> Response[LicenceOut]:
    """Draft a licence of my loan's collateral, with its terms."""
    made = await service.draft(conn, caller, data, now=now)
    return Response(made, headers={"Location": f"/v1/licences/{made.id}"})


@get("/v1/licences/{licence_id:uuid}", opt={"policy": READERS}, summary="A licence 许可")
async def get_licence(reader: Conn, caller: Me, licence_id: FromPath[UUID]) -> LicenceOut:
    """A licence with its invoices and receipts, for its lender, holder, licensee and agency."""
    return await service.get(reader, caller, licence_id)


@post(**_step("approve", Role.BANK_CHECKER, summary="Approve 许可复核"))
async def approve_licence(
    conn: Conn, caller: Me, now: Now, licence_id: FromPath[UUID], data: JSONBody[LicenceApproval]
) -> LicenceOut:
    """Agree to a licence as shown; by another person than its drafter."""
    return await service.approve(conn, caller, licence_id, data.content_sha256, now=now)


@post(**_step("end", Role.BANK_CHECKER, summary="End 许可终止"))
async def end_licence(conn: Conn, caller: Me, now: Now, licence_id: FromPath[UUID]) -> LicenceOut:
    """No further period is invoiced; what is due still comes in."""
    return await service.end(conn, caller, licence_id, now=now)


@post(**_step("entry-fee", _MAKER, summary="Entry fee 入门费账单"))
async def invoice_entry_fee(
    conn: Conn, caller: Me, now: Now, licence_id: FromPath[UUID], data: JSONBody[DueIn]
) -> LicenceOut:
    """Invoice the entry fee, once."""
    return await service.invoice_entry_fee(conn, caller, licence_id, data, now=now)


@post(**_step("periods", _MAKER, summary="A period 期间账单"))
async def invoice_period(
    conn: Conn, caller: Me, now: Now, licence_id: FromPath[UUID], data: JSONBody[PeriodIn]
) -> LicenceOut:
    """Invoice a period by the licensee's statement, with what audits found and what was late."""
    return await service.invoice_period(conn, caller, licence_id, data, now=now)


@post(**_step("charges", _MAKER, summary="Charges 其他账单"))
async def invoice_charges(
    conn: Conn, caller: Me, now: Now, licence_id: FromPath[UUID], data: JSONBody[DueIn]
) -> LicenceOut:
    """Invoice what audits found and what was late although no period follows."""
    return await service.invoice_charges(conn, caller, licence_id, data, now=now)


@post(**_step("invoices/{invoice_id:uuid}/audits", _MAKER, summary="Audit 审计调整"))
async def record_audit(
    conn: Conn,
    caller: Me,
    now: Now,
    licence_id: FromPath[UUID],
    invoice_id: FromPath[UUID],
    data: JSONBody[AuditIn],
) -> LicenceOut:
    """What an audit found of a period: its difference stands in the next invoice."""
    return await service.record_audit(conn, caller, licence_id, invoice_id, data, now=now)


@post(
    **_step(
        "invoices/{invoice_id:uuid}/receipts", _MAKER, Role.VENUE_OPERATOR, summary="Receipt 到账"
    )
)
async def record_receipt(
    conn: Conn,
    caller: Me,
    now: Now,
    licence_id: FromPath[UUID],
    invoice_id: FromPath[UUID],
    data: JSONBody[ReceiptIn],
) -> LicenceOut:
    """A credit for an invoice reached my organisation; it is shared at once where its case can take it."""
    return await service.receive(conn, caller, licence_id, invoice_id, data, now=now)


@post(**_step("distribute", _MAKER, summary="Distribute 提存分配"))
async def distribute_licence(
    conn: Conn, caller: Me, now: Now, licence_id: FromPath[UUID]
) -> LicenceOut:
    """Pass on what waited in escrow for its case."""
    return await service.distribute(conn, caller, licence_id, now=now)


@post(
    "/v1/licences/{licence_id:uuid}/paper",
    opt={"policy": READERS, REACH: _WHY},
    summary="Statement 许可费结算单",
    status_code=200,
)
async def print_licence(
    conn: Conn, caller: Me, now: Now, licence_id: FromPath[UUID], form: FromQuery[Form] = "json"
) -> Response[bytes]:
    """The 许可费结算单 as JSON, workbook or printable page."""
    return printed(await service.paper(conn, caller, licence_id, now=now), form)


routes: list[HTTPRouteHandler] = [
    draft_licence,
    get_licence,
    approve_licence,
    end_licence,
    invoice_entry_fee,
    invoice_period,
    invoice_charges,
    record_audit,
    record_receipt,
    distribute_licence,
    print_licence,
]
