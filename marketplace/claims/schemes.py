"""Compensation schemes (风险补偿方案): the shipped ones and those that a fund has added, by version."""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.errors import Conflict, InvalidInput, NotFound
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.claims.events import SchemeVersionAdded
from marketplace.claims.schemas import AdvanceRate
from marketplace.organisations.schemas import Caller
from marketplace.outbox import service as outbox
from settlement import cases
from settlement.errors import SchemeUnknown
from settlement.schemes import SchemeFile, scheme_files

_SQL = load_statements("marketplace.claims", "queries.sql")


class SchemeIncomplete(Conflict):
    """Something of this scheme is not known, so nothing can be computed by it. / 方案内容不完整，无法据以计算。"""

    code = "scheme_incomplete"


async def versions(conn: Connection) -> list[SchemeFile]:
    """Every version of every scheme, shipped or added, by id and version."""
    found = {(file.id, file.version): file for file in scheme_files().values()}
    for row in await conn.fetch(_SQL["scheme_versions"]):
        key = (row["scheme_id"], row["version"])
        if key not in found:
            found[key] = await cases.scheme(conn, *key)
    return [found[key] for key in sorted(found)]


async def of_id(conn: Connection, scheme_id: str) -> list[SchemeFile]:
    """The versions of one scheme, oldest first; raises `NotFound`."""
    found = [file for file in await versions(conn) if file.id == scheme_id]
    if not found:
        raise NotFound(f"scheme {scheme_id}: there is none", f"方案 {scheme_id} 不存在")
    return found


async def usable(conn: Connection, *, now: datetime) -> dict[str, SchemeFile]:
    """Schemes in force today that say all that a claim needs, by id and version (`hunan_2024 2`)."""
    today = now.astimezone(CHINA).date()
    return {
        f"{file.id} {file.version}": file
        for file in await versions(conn)
        if file.scheme is not None and file.scheme.funds and file.is_in_force(today)
    }


async def known_version(
    conn: Connection, scheme_id: str, version: int, *, now: datetime
) -> SchemeFile:
    """A version of a scheme, stored so that cases can refer to it. Raises `SchemeUnknown`."""
    shipped = scheme_files().get(scheme_id)
    if shipped is not None and shipped.version == version:
        await cases.add_scheme(conn, shipped, now=now)
    return await cases.scheme(conn, scheme_id, version)


async def set_advance(
    conn: Connection, caller: Caller, scheme_id: str, given: AdvanceRate, *, now: datetime
) -> SchemeFile:
    """A new version of a scheme, which differs in its advance; claims under older ones stay as they are.

    A scheme's text often leaves the rate of the advance to the fund. Asking for what the newest version says already
    adds nothing.
    """
    known = await of_id(conn, scheme_id)
    base = next((file for file in known if file.version == given.from_version), None)
    if base is None:
        raise SchemeUnknown(
            "from_version",
            f"there is no {scheme_id} version {given.from_version}",
            f"方案 {scheme_id} 没有第 {given.from_version} 版",
        )
    if base.scheme is None:
        raise SchemeIncomplete(
            f"{scheme_id} version {base.version} lacks: {', '.join(base.missing)}",
            f"方案 {scheme_id} 第 {base.version} 版缺少：{'、'.join(base.missing)}",
        )
    made = msgspec.structs.replace(
        base,
        version=known[-1].version + 1,
        assumed={**base.assumed, "advance_bp": f"{given.reason} ({caller.display_name})"},
        scheme=msgspec.structs.replace(base.scheme, advance_bp=given.advance_bp),
    )
    if msgspec.structs.replace(made, version=known[-1].version) == known[-1]:
        return known[-1]
    await cases.add_scheme(conn, made, now=now)
    await audit.record(
        conn,
        caller,
        now=now,
        action="scheme_version_added",
        subject="scheme",
        subject_id=f"{scheme_id}/{made.version}",
        before={"version": base.version, "advance_bp": base.scheme.advance_bp},
        after={"version": made.version, "advance_bp": given.advance_bp},
        reason=given.reason,
    )
    await outbox.add(conn, SchemeVersionAdded(scheme_id=scheme_id, version=made.version), now=now)
    return made


def fund_ids(file: SchemeFile, parties: dict[str, UUID]) -> list[UUID]:
    """The organisations that pay under a scheme, each once, in its order."""
    assert file.scheme is not None
    return list(dict.fromkeys(parties[name] for name in file.scheme.funds))


def require_usable(file: SchemeFile, *, now: datetime) -> None:
    """Refuse a scheme that is incomplete, pays nothing, or is not in its time."""
    if file.scheme is None:
        raise SchemeIncomplete(
            f"{file.id} version {file.version} lacks: {', '.join(file.missing)}",
            f"方案 {file.id} 第 {file.version} 版缺少：{'、'.join(file.missing)}",
        )
    today = now.astimezone(CHINA).date()
    if not file.is_in_force(today):
        raise InvalidInput(
            "scheme_id",
            f"{file.id} is in force from {file.valid_from} to {file.valid_to or 'further notice'}, not on {today}",
            f"方案 {file.id} 的有效期为 {file.valid_from} 至 {file.valid_to or '另行通知'}，{today} 不在其内",
        )
    if not file.scheme.funds:
        raise InvalidInput(
            "scheme_id", f"{file.id} has no fund to claim from", f"方案 {file.id} 没有补偿资金"
        )
