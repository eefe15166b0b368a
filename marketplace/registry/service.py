"""Brings extracts of registers in, asks them, logs every enquiry, and takes an answer over into a right's record."""

import hashlib
from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import InvalidInput, NotFound
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from marketplace.assets import service as assets
from marketplace.assets.identifiers import InvalidIdentifier, right_number
from marketplace.assets.schemas import Asset, AssetStatus
from marketplace.audit.service import record
from marketplace.imports.cells import Reading
from marketplace.imports.checking import checked
from marketplace.imports.portfolio import Known, rows_of
from marketplace.imports.reading import ImportFileRefused
from marketplace.organisations.schemas import PLATFORM_ORGANISATION_ID, Caller
from marketplace.registry.adapter import ExtractRegistry, Registry
from marketplace.registry.schemas import Enquiry, Extract, RegistryAnswer

_SQL = load_statements("marketplace.registry", "queries.sql")


async def bring_in(
    conn: Connection, caller: Caller, content: bytes, reading: Reading, *, now: datetime
) -> Extract:
    """Bring in an extract: the rights' sheet of the import's layout, with one day and one source on every row.

    All of it or nothing; the same file again gives its extract back. Raises `ImportFileRefused` naming the first
    wrong cell.
    """
    digest = hashlib.sha256(content).digest()
    known = await conn.fetchrow(_SQL["by_hash"], caller.organisation_id, digest)
    if known is not None:
        return msgspec.convert(dict(known), Extract)
    portfolio, findings = checked(rows_of(reading), Known())
    if findings:
        first = findings[0]
        raise ImportFileRefused(
            f"{first.address}: {first.message} ({len(findings)} findings in all)",
            f"{first.address}：{first.message_zh}（共 {len(findings)} 项问题）",
            reason=first.code,
        )
    days = {(right.status_as_of, right.status_source) for right in portfolio.rights}
    if len(days) != 1:
        raise InvalidInput(
            "file",
            f"speaks for {len(days)} days or sources; an extract has one day and one source",
            f"包含 {len(days)} 个查询日或来源；一份登记簿摘录只能有一个",
        )
    [(as_of, source)] = days
    extract_id = uuid7(now)
    await conn.execute(
        _SQL["insert_extract"],
        *(extract_id, caller.organisation_id, source, as_of, digest),
        *(len(portfolio.rights), caller.user_id, now),
    )
    await conn.executemany(
        _SQL["insert_record"],
        [
            (extract_id, r.ip_type, r.number, r.nice_class, msgspec.json.encode(r).decode())
            for r in portfolio.rights
        ],
    )
    await record(
        conn,
        caller,
        now=now,
        action="registry_extract_brought_in",
        subject="registry_extract",
        subject_id=extract_id,
        after={"source": source, "as_of": as_of, "sha256": digest.hex()},
    )
    row = await conn.fetchrow(_SQL["by_hash"], caller.organisation_id, digest)
    assert row is not None, "it was written just now"
    return msgspec.convert(dict(row), Extract)


async def extracts(conn: Connection, caller: Caller) -> list[Extract]:
    """The extracts that the caller may ask, the newest day first."""
    rows = await conn.fetch(_SQL["extracts"], list(_askable(caller)))
    return [msgspec.convert(dict(row), Extract) for row in rows]


async def ask(
    conn: Connection,
    caller: Caller,
    enquiry: Enquiry,
    *,
    now: datetime,
    registry: Registry | None = None,
) -> RegistryAnswer:
    """What the register says of a right, and a line in the log of enquiries. Source: domain 1.2 三(三)4."""
    try:
        number = right_number(enquiry.number, enquiry.ip_type)
    except InvalidIdentifier as error:
        raise InvalidInput("number", error.message, error.message_zh) from error
    asked = registry or ExtractRegistry(_askable(caller))
    found = await asked.look_up(
        conn, ip_type=enquiry.ip_type, number=number, nice_class=enquiry.nice_class
    )
    extract_id = None if found is None else found.extract_id
    line = (uuid7(now), caller.organisation_id, caller.user_id, enquiry.ip_type, number)
    await conn.execute(_SQL["insert_enquiry"], *line, extract_id, now)
    return RegistryAnswer(
        record=None if found is None else found.record,
        as_of=None if found is None else found.as_of,
        source=None if found is None else found.source,
        extract_id=extract_id,
        extract_sha256=None if found is None else found.extract_sha256,
        asked_at=now,
    )


async def take_over(
    conn: Connection, caller: Caller, asset_id: UUID, *, version: int, now: datetime
) -> Asset:
    """Record what the newest extract says of one of the caller's rights, over version `version`, with day and source.

    Raises `NotFound` where no extract has it; an extract older than the reading on record is refused.
    """
    asset = await assets.get(conn, caller, asset_id)
    enquiry = Enquiry(ip_type=asset.ip_type, number=asset.number, nice_class=asset.nice_class)
    found = await ask(conn, caller, enquiry, now=now)
    if found.record is None or found.source is None:
        raise NotFound(
            f"{asset.number}: no extract that you may ask holds it",
            f"{asset.number}：可查询的登记簿摘录中没有该权利",
        )
    seen = found.record
    status = AssetStatus(
        legal_status=seen.legal_status,
        status_as_of=seen.status_as_of,
        status_source=f"{found.source} (SHA-256 {(found.extract_sha256 or '')[:16]})"[:200],
        fee_paid_to=seen.fee_paid_to,
        has_evaluation_report=seen.has_evaluation_report,
        flags=seen.flags,
        co_owners=seen.co_owners or asset.co_owners,
    )
    return await assets.record_status(conn, caller, asset_id, status, version=version, now=now)


def _askable(caller: Caller) -> tuple[UUID, ...]:
    return (caller.organisation_id, PLATFORM_ORGANISATION_ID)
