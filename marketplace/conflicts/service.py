"""Keeps the registers, and looks a bidder up in them: when it registers, and again when the auction has ended."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from kit.ids import uuid7
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.assets.export_control import ExportClass, foreign_bidder
from marketplace.assets.schemas import AssetFlag
from marketplace.assets.types import IpType
from marketplace.audit import service as audit
from marketplace.conflicts.rules import (
    GROUND_WORDS,
    Circle,
    Declared,
    Ground,
    grounds,
    known_codes,
)
from marketplace.conflicts.schemas import (
    BarredParty,
    BarredPartyIn,
    Declaration,
    GroupMember,
    GroupMemberIn,
)
from marketplace.lots.regimes import Regime
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import Caller

_SQL = load_statements("marketplace.conflicts", "queries.sql")
_CLOSED_TO_FOREIGNERS = frozenset({AssetFlag.DEFENCE_PATENT, AssetFlag.SECRET_PATENT})


class ConflictFound(Forbidden):
    """This organisation's interests keep it from bidding for this lot. / 因利害关系，该机构不得参与本标的竞买。"""

    code = "conflict_of_interest"


class SamePerson(Conflict):
    """Who added an entry does not lift it. / 登记人不得自行解除。"""

    code = "lifted_by_who_added"


async def circle_of(
    conn: Connection, lot: Lot, *, organisation_id: UUID, parties: Iterable[str], now: datetime
) -> Circle:
    """Who stands where at a lot, as far as it concerns one bidder.

    In a judicial sale the applicant bank may bid (domain 2.4), so its group is no reason there.
    """
    codes = list(parties)
    sellers = [lot.venue_id]
    if lot.regime is not Regime.JUDICIAL_NETWORK:
        sellers.append(lot.consignor_id)
    barred = await conn.fetch(_SQL["barred_among"], lot.venue_id, codes, now)
    groups = {row["code"] for row in await conn.fetch(_SQL["sellers"], sellers)}
    return Circle(
        barred=frozenset(row["code"] for row in barred),
        sellers=known_codes(lot.pledgor_codes, groups),
        defaulted=bool(await conn.fetchval(_SQL["has_defaulted"], organisation_id, lot.id)),
    )


async def declare(
    conn: Connection,
    caller: Caller,
    lot: Lot,
    bidder_id: UUID,
    given: Declaration | None,
    *,
    code: str | None,
    origin: str | None,
    now: datetime,
) -> None:
    """Write down what a bidder declares, or refuse it. Raises `ConflictFound` with every ground."""
    given = given or Declaration(source_of_funds="not stated 未说明")
    declared = Declared(
        code=code,
        controllers=frozenset(party.code for party in given.controllers),
        related=frozenset(party.code for party in given.related),
        account_sha256=given.account_sha256,
        device_sha256=given.device_sha256,
        origin=origin,
    )
    circle = await circle_of(
        conn, lot, organisation_id=caller.organisation_id, parties=declared.parties, now=now
    )
    others = await conn.fetch(_SQL["declared"], lot.id, None, caller.organisation_id)
    found = grounds(declared, circle, [_declared(row) for row in others])
    found += await _foreign_grounds(conn, lot, given)
    if found:
        raise conflict(found)
    await conn.execute(
        _SQL["insert_declaration"],
        bidder_id,
        lot.id,
        caller.organisation_id,
        sorted(declared.controllers),
        sorted(declared.related),
        given.account_sha256,
        given.device_sha256,
        origin,
        given.is_foreign,
        given.letter_of_intent,
        given.source_of_funds,
        msgspec.json.encode(given).decode(),
        now,
    )


async def still_found(
    conn: Connection, lot: Lot, bidder_id: UUID, organisation_id: UUID, *, now: datetime
) -> list[Ground]:
    """What keeps a bidder from bidding as the registers are now: looked at again at the close (reliability T30)."""
    row = await conn.fetchrow(_SQL["declared"], lot.id, bidder_id, None)
    assert row is not None, "bidders are never deleted"
    declared = _declared(row)
    circle = await circle_of(
        conn, lot, organisation_id=organisation_id, parties=declared.parties, now=now
    )
    others = await conn.fetch(_SQL["declared"], lot.id, None, organisation_id)
    return grounds(declared, circle, [_declared(other) for other in others])


async def declarations(conn: Connection, bidder_ids: list[UUID]) -> dict[UUID, Declaration]:
    """What these bidders declared, as far as the caller may read it: a lot's venue all, a bidder its own."""
    rows = await conn.fetch(_SQL["declarations"], bidder_ids)
    return {row["bidder_id"]: msgspec.json.decode(row["content"], type=Declaration) for row in rows}


async def defaults_since(conn: Connection, organisation_id: UUID, since: datetime) -> int:
    """How often an organisation won and did not pay."""
    return int(await conn.fetchval(_SQL["defaults_since"], organisation_id, since))


async def bar(
    conn: Connection, caller: Caller, given: BarredPartyIn, *, now: datetime
) -> BarredParty:
    """Enter somebody in the venue's register. Raises InvalidInput for an end that is past."""
    if given.valid_to is not None and given.valid_to <= now:
        raise InvalidInput("valid_to", "must be later than now", "须晚于当前时间")
    entry_id = uuid7(now)
    await conn.execute(
        _SQL["insert_barred"],
        entry_id,
        caller.organisation_id,
        given.code,
        given.kind,
        given.reason,
        now,
        given.valid_to,
        caller.user_id,
    )
    made = await _entry(conn, caller, entry_id)
    await audit.record(
        conn,
        caller,
        now=now,
        action="party_barred",
        subject="barred_party",
        subject_id=entry_id,
        after=made,
        reason=given.reason,
    )
    return made


async def lift(
    conn: Connection, caller: Caller, entry_id: UUID, *, reason: str, now: datetime
) -> BarredParty:
    """Another person than who entered it lifts an entry."""
    before = await _entry(conn, caller, entry_id)
    if before.lifted_at is not None:
        return before
    if before.added_by == caller.user_id:
        raise SamePerson
    await conn.execute(_SQL["lift"], entry_id, caller.user_id, now, reason)
    await audit.record(
        conn,
        caller,
        now=now,
        action="party_bar_lifted",
        subject="barred_party",
        subject_id=entry_id,
        reason=reason,
    )
    return await _entry(conn, caller, entry_id)


async def barred(
    conn: Connection, caller: Caller, *, after: UUID | None, limit: int
) -> list[BarredParty]:
    """The venue's register, newest first, lifted entries too."""
    rows = await conn.fetch(_SQL["barred"], caller.organisation_id, after, limit)
    return [msgspec.convert(dict(row), BarredParty) for row in rows]


async def add_member(
    conn: Connection, caller: Caller, given: GroupMemberIn, *, now: datetime
) -> GroupMember:
    """Enter somebody in the caller's organisation's group; one who is there already stays as they are."""
    member_id = await conn.fetchval(
        _SQL["insert_member"],
        uuid7(now),
        caller.organisation_id,
        given.code,
        given.name,
        given.nature,
        caller.user_id,
        now,
    )
    if member_id is None:
        return next(
            member
            for member in await members(conn, caller)
            if member.code == given.code and member.ended_at is None
        )
    await audit.record(
        conn,
        caller,
        now=now,
        action="group_member_added",
        subject="group_member",
        subject_id=member_id,
        after=given,
    )
    return await _member(conn, caller, member_id)


async def end_member(
    conn: Connection, caller: Caller, member_id: UUID, *, reason: str, now: datetime
) -> GroupMember:
    """Somebody does not belong to the group any more."""
    before = await _member(conn, caller, member_id)
    if before.ended_at is not None:
        return before
    await conn.execute(_SQL["end_member"], caller.organisation_id, member_id, now)
    await audit.record(
        conn,
        caller,
        now=now,
        action="group_member_ended",
        subject="group_member",
        subject_id=member_id,
        reason=reason,
    )
    return await _member(conn, caller, member_id)


async def members(conn: Connection, caller: Caller) -> list[GroupMember]:
    """The caller's organisation's group."""
    rows = await conn.fetch(_SQL["members"], caller.organisation_id)
    return [msgspec.convert(dict(row), GroupMember) for row in rows]


def conflict(found: list[Ground]) -> ConflictFound:
    """All grounds in one refusal."""
    return ConflictFound(
        "; ".join(GROUND_WORDS[ground][0] for ground in found),
        "；".join(GROUND_WORDS[ground][1] for ground in found),
        grounds=[ground.value for ground in found],
    )


async def _foreign_grounds(conn: Connection, lot: Lot, given: Declaration) -> list[Ground]:
    """Whether a foreigner may bid for every right of the lot (domain 3.7), and the bank lets foreigners in at all."""
    if not given.is_foreign:
        return []
    async with everything(conn):  # the bank's terms are not the bidder's to read
        if not await conn.fetchval(_SQL["lets_foreigners_in"], lot.id):
            return [Ground.FOREIGN]
    for row in await conn.fetch(_SQL["rights_of_lot"], lot.id):
        verdict = foreign_bidder(
            IpType(row["ip_type"]),
            None if row["export_class"] is None else ExportClass(row["export_class"]),
            is_defence_or_secret=not _CLOSED_TO_FOREIGNERS.isdisjoint(row["flags"]),
            has_letter_of_intent=given.letter_of_intent is not None,
        )
        if not verdict.is_admitted:
            return [Ground.FOREIGN]
    return []


async def _entry(conn: Connection, caller: Caller, entry_id: UUID) -> BarredParty:
    row = await conn.fetchrow(_SQL["barred_by_id"], entry_id, caller.organisation_id)
    if row is None:
        raise NotFound("no such entry of your venue's register", "贵场所名单中没有该条目")
    return msgspec.convert(dict(row), BarredParty)


async def _member(conn: Connection, caller: Caller, member_id: UUID) -> GroupMember:
    row = await conn.fetchrow(_SQL["member"], caller.organisation_id, member_id)
    if row is None:
        raise NotFound("no such member of your group", "贵机构关联方中没有该条目")
    return msgspec.convert(dict(row), GroupMember)


def _declared(row: asyncpg.Record) -> Declared:
    return Declared(
        code=row["code"],
        controllers=frozenset(row["controllers"]),
        related=frozenset(row["related"]),
        account_sha256=row["account_sha256"],
        device_sha256=row["device_sha256"],
        origin=row["origin"],
    )
