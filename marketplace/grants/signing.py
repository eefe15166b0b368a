"""Has a licence signed by its licensee, as it was shown and in its time."""

from datetime import datetime
from functools import partial
from uuid import UUID

from kit.errors import Conflict, NotFound
from kit.sql import Connection, load_statements
from marketplace.audit.steps import moved
from marketplace.consignments import service as consignments
from marketplace.diligence import service as diligence
from marketplace.diligence.schemas import NOT_OF_LICENCES, Cause
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.grants import scopes, service
from marketplace.grants.rules import require_grant_step
from marketplace.grants.schemas import Grant, GrantState
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller

_SQL = load_statements("marketplace.grants", "queries.sql")
_moved = partial(moved, subject="licence_grant")


class TextDiffers(Conflict):
    """The licence is not the one you were shown: read it again. / 许可内容与所示不符，请重新查看。"""

    code = "licence_text_differs"


class NotSignable(Conflict):
    """Something holds the rights; the bank settles that before. / 权利存在未决事项，银行处理前暂不能签署。"""

    code = "licence_not_signable"


class SigningOver(Conflict):
    """The time to sign this licence is over. / 签署期限已过。"""

    code = "signing_over"


async def sign(
    conn: Connection, caller: Caller, grant_id: UUID, *, sha256: str, now: datetime
) -> Grant:
    """The licensee agrees to the licence as shown."""
    grant = await service.lock(conn, grant_id)
    if grant.licensee_id != caller.organisation_id:
        raise NotFound
    return await put_signature(conn, caller, grant, sha256=sha256, now=now)


async def sign_for_pledgor(
    conn: Connection, caller: Caller, grant_id: UUID, *, sha256: str, now: datetime
) -> Grant:
    """The venue holds the signature of a pledgor without an account, to a licence back to it (反向许可)."""
    grant = await service.lock(conn, grant_id)
    if grant.venue_id != caller.organisation_id:
        raise NotFound
    return await put_signature(conn, caller, grant, sha256=sha256, now=now)


async def put_signature(
    conn: Connection, caller: Caller, grant: Grant, *, sha256: str, now: datetime
) -> Grant:
    """Write down who signed the licence as shown."""
    require_grant_step(grant.state, GrantState.SIGNED, name=grant.licensee_name)
    if grant.sha256 != sha256:
        raise TextDiffers
    if grant.sign_by is not None and now >= grant.sign_by:
        raise SigningOver
    await _require_signable(conn, grant, now=now)
    # Kind and term of what rests on a right are public, whose licence it is is not (domain 3.8).
    await scopes.require_beside(conn, grant, names=False)
    await conn.execute(_SQL["sign"], grant.id, caller.user_id, now)
    await _moved(conn, caller, grant.id, grant.state, GrantState.SIGNED, now=now)
    await duties.add(conn, Kind.FOLLOW_LICENCE_OFFER, subject_id=grant.id, due_at=now, now=now)
    return await service.lock(conn, grant.id)


async def _require_signable(conn: Connection, grant: Grant, *, now: datetime) -> None:
    """The rules on the rights are run once more; the licensee learns that they hold it, not what they found."""
    try:
        await diligence.require_clear(
            conn,
            SYSTEM_CALLER,
            grant.consignment_id,
            cause=Cause.DECIDED,
            leaving_out=NOT_OF_LICENCES,
            now=now,
        )
    except consignments.NotEligible as error:
        raise NotSignable from error
