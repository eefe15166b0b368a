"""The bank's checkers sign a consignment for listing: one, or two from the bank's limit on (domain 7)."""

from datetime import datetime
from uuid import UUID

from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.approvals.schemas import Kind
from marketplace.consignments.schemas import Consignment, Terms
from marketplace.organisations.schemas import Caller

_SUBMITTED = "submitted for listing 提交上市"
_PASSED = "terms and evidence looked through 条款与证据已复核"


async def file(
    conn: Connection, caller: Caller, consignment: Consignment, *, now: datetime
) -> None:
    """The consignment was handed to the bank's checkers: it waits for them among the approvals."""
    await approvals.file(conn, caller, _paper(consignment), reason=_SUBMITTED, now=now)


async def drop(conn: Connection, caller: Caller, consignment_id: UUID, *, now: datetime) -> None:
    """It was returned or withdrawn: nobody is asked about it any more."""
    await approvals.drop(
        conn, caller, Kind.LISTING, consignment_id, reason="returned or withdrawn", now=now
    )


async def is_signed(
    conn: Connection, caller: Caller, consignment: Consignment, *, now: datetime
) -> bool:
    """Whether enough have agreed to the consignment as it stands, the caller among them."""
    signed = await approvals.sign(conn, caller, _paper(consignment), reason=_PASSED, now=now)
    return signed.is_complete


def _paper(consignment: Consignment) -> approvals.Paper:
    return approvals.Paper(
        kind=Kind.LISTING,
        organisation_id=consignment.organisation_id,
        subject_id=consignment.id,
        asked_by=consignment.submitted_by or consignment.drafted_by,
        content=auditable(consignment) | {"version": consignment.version},
        amount_fen=consignment.start_price_fen,
    )


def auditable(consignment: Consignment) -> dict[str, object]:
    """The terms for papers and trails that others read too: that there is a reserve, not which."""
    shown = {name: getattr(consignment, name) for name in Terms.__struct_fields__}
    return shown | {
        "reserve_price_fen": None,
        "has_reserve": consignment.reserve_price_fen is not None,
    }
