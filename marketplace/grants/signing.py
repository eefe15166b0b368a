"""Has a licence signed by its licensee, as it was shown and in its time.

The time stands still while something holds the rights, which the licensee can neither see nor settle.
"""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from kit.errors import Conflict, NotFound
from kit.sql import Connection, load_statements
from marketplace.audit.steps import moved
from marketplace.burdens.service import LicenceBlocked
from marketplace.consignments import service as consignments
from marketplace.diligence import service as diligence
from marketplace.diligence.schemas import NOT_OF_LICENCES, Cause
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.grants import scopes, service
from marketplace.grants.rules import require_grant_step, sign_by_after
from marketplace.grants.schemas import Grant, GrantState
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller

_SQL = load_statements("marketplace.grants", "queries.sql")
_moved = partial(moved, subject="licence_grant")
#: What holds a signature when its time is over is looked at so often until it is settled.
LOOK_AGAIN = timedelta(hours=1)
_HELD = "something about the rights is to be settled first 权利存在未决事项"
_RESUMED = "what held the rights is settled 未决事项已处理"


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
    if now >= service.over_at(grant) or (
        grant.sign_by is not None and now >= grant.sign_by and grant.held_since is None
    ):
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


async def let_go(conn: Connection, grant_id: UUID, *, now: datetime) -> datetime | None:
    """The time to sign is over: a licence that was not signed is, too; None, or when it turned out to be due."""
    grant = await service.lock(conn, grant_id)
    again_at = await awaited_until(conn, grant, now=now)
    if again_at is None and grant.state is GrantState.OFFERED:
        await service.let_go(conn, grant, now=now)
    return again_at


async def awaited_until(conn: Connection, grant: Grant, *, now: datetime) -> datetime | None:
    """When to look again at a licence, locked, whose signature is still awaited; None for any other.

    None is awaited once its last day is over, whatever holds it.
    """
    grant = await look(conn, grant, now=now)
    if grant.state is not GrantState.OFFERED or grant.sign_by is None:
        return None
    held = grant.held_since is not None
    again_at = min(now + LOOK_AGAIN if held else grant.sign_by, service.over_at(grant))
    return again_at if now < again_at else None


async def look_at_consignment(conn: Connection, consignment_id: UUID, *, now: datetime) -> None:
    """Something changed beneath a consignment: what of it waits for a signature is looked at."""
    for row in await conn.fetch(_SQL["awaited"], consignment_id):
        await look(conn, await service.lock(conn, row["id"]), now=now)


async def look(conn: Connection, grant: Grant, *, now: datetime) -> Grant:
    """See whether something holds the signature of a licence, locked: its time stands still from here, or goes on.

    Its licensee hears of both (`signing_held`, `signing_resumed`), not of what was found.
    """
    if grant.state is not GrantState.OFFERED or grant.sign_by is None:
        return grant
    is_held = await _is_held(conn, grant, now=now)
    if is_held and grant.held_since is None:
        await conn.execute(_SQL["hold"], grant.id, now)
        step, why = "signing_held", _HELD
    elif not is_held and grant.held_since is not None:
        sign_by = sign_by_after(grant.sign_by, held_since=grant.held_since, now=now)
        await conn.execute(_SQL["resume"], grant.id, sign_by, now)
        step, why = "signing_resumed", _RESUMED
    else:
        return grant
    await _moved(conn, SYSTEM_CALLER, grant.id, grant.state, step, now=now, reason=why)
    return await service.lock(conn, grant.id)


async def _is_held(conn: Connection, grant: Grant, *, now: datetime) -> bool:
    """Whether a signature would be refused now for what rests on the rights."""
    if not await diligence.is_clear(
        conn, grant.consignment_id, leaving_out=NOT_OF_LICENCES, now=now
    ):
        return True
    try:
        await scopes.require_beside(conn, grant, names=False)
    except LicenceBlocked:
        return True
    return False
