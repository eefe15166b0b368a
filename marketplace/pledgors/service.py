"""What a pledgor sees and does (domain 7: notified; may pay off, object, receive surplus), by its own credit code."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.errors import NotFound
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.audit.service import record
from marketplace.grants import service as grants
from marketplace.grants import signing
from marketplace.grants.schemas import GrantState
from marketplace.organisations.schemas import Caller
from marketplace.party_notices.service import PartyToldAlready
from marketplace.pledgors.schemas import (
    ConsentIn,
    Debt,
    Desk,
    LicenceBack,
    LotOfMine,
    MyObjection,
    NoticeToMe,
    ObjectIn,
    PledgedRight,
)
from marketplace.sales import coverage
from marketplace.sales.rules import party_id
from marketplace.sales.schemas import ConsentIn as SaleConsent
from settlement import plan_claims
from settlement.distribution import PlanContent
from settlement.rules.waterfall import PLEDGOR

_SQL = load_statements("marketplace.pledgors", "queries.sql")
_RECEIVED = "acknowledged by the party's own account 当事人在系统内签收"


async def desk(conn: Connection, caller: Caller) -> Desk:
    """All that concerns the caller's organisation as pledgor and debtor; empty without a credit code on record."""
    notices = await conn.fetch(_SQL["notices"])
    lots = await _lots(conn)
    licences = await _licences(conn)
    made = await conn.fetch(_SQL["objections"], caller.organisation_id)
    return Desk(
        debts=tuple([msgspec.convert(dict(r), Debt) for r in await conn.fetch(_SQL["debts"])]),
        rights=tuple(
            [msgspec.convert(dict(r), PledgedRight) for r in await conn.fetch(_SQL["rights"])]
        ),
        lots=lots,
        licences=licences,
        notices=tuple([msgspec.convert(dict(row), NoticeToMe) for row in notices]),
        objections=tuple([msgspec.convert(dict(row), MyObjection) for row in made]),
        waiting=sum(row["state"] == "sent" for row in notices)
        + sum(lot.plan_state == "DRAFT" for lot in lots)
        + sum(one.state is GrantState.OFFERED for one in licences),
    )


async def receive(conn: Connection, caller: Caller, notice_id: UUID, *, now: datetime) -> Desk:
    """The caller has received word of a sale: it counts as told from today on (法释〔2016〕18号 art. 16)."""
    row = await conn.fetchrow(_SQL["notice"], notice_id)
    if row is None:
        raise NotFound(f"notice {notice_id}: no such notice", f"通知 {notice_id} 不存在")
    today = now.astimezone(CHINA).date()
    async with everything(conn):  # the notice is the venue's record
        done = await conn.execute(_SQL["receive"], notice_id, max(today, row["sent_on"]), _RECEIVED)
    if done != "UPDATE 1":
        raise PartyToldAlready
    await record(
        conn,
        caller,
        now=now,
        action="party_notice_received",
        subject="party_notice",
        subject_id=notice_id,
    )
    return await desk(conn, caller)


async def object_to(
    conn: Connection, caller: Caller, lot_id: UUID, given: ObjectIn, *, now: datetime
) -> Desk:
    """Object to the draft of how the proceeds of the caller's rights are distributed, in time; raises `IllegalStep`."""
    await _require_mine(conn, "is_my_lot", lot_id)
    objector = await conn.fetchval(_SQL["name"], caller.organisation_id)
    async with everything(conn):  # the plan is the venue's
        made = await plan_claims.object_to(
            conn,
            lot_id,
            objector=objector,
            grounds=given.grounds,
            entered_by=caller.user_id,
            now=now,
        )
    await record(
        conn,
        caller,
        now=now,
        action="objection_entered",
        subject="lot",
        subject_id=lot_id,
        after={"objection_id": made.id, "grounds": given.grounds},
    )
    return await desk(conn, caller)


async def consent(
    conn: Connection, caller: Caller, lot_id: UUID, given: ConsentIn, *, now: datetime
) -> None:
    """The debtor agrees that a lot is sold although its debt is covered (2020 拍卖变卖规定); what is recorded stays."""
    await _require_mine(conn, "owes_for_lot", lot_id)
    async with everything(conn):  # consents are kept with the venue's lot
        said = SaleConsent(document_sha256=given.document_sha256)
        await coverage.agree(conn, caller, lot_id, said, now=now)


async def sign(
    conn: Connection, caller: Caller, grant_id: UUID, *, sha256: str, now: datetime
) -> Desk:
    """Agree to a licence of the caller's right back to it (反向许可), as shown; raises `IllegalStep`, `TextDiffers`."""
    party = await _party(conn)
    async with everything(conn):  # the licence is the bank's row; it names the pledgor by its code
        grant = await grants.lock(conn, grant_id)
        if party is None or grant.licensee_id != party:
            raise NotFound(f"licence {grant_id}: no such licence", f"许可 {grant_id} 不存在")
        await signing.put_signature(conn, caller, grant, sha256=sha256, now=now)
    return await desk(conn, caller)


async def _party(conn: Connection) -> UUID | None:
    """The id by which the ledger knows the caller's organisation as a pledgor; None without a code on record."""
    code = await conn.fetchval(_SQL["my_code"])
    return None if code is None else party_id(code)


async def _licences(conn: Connection) -> tuple[LicenceBack, ...]:
    party = await _party(conn)
    if party is None:
        return ()
    async with everything(conn):  # asked by the id of the caller's own code
        rows = await conn.fetch(_SQL["licences"], party)
    return tuple([msgspec.convert(dict(row), LicenceBack) for row in rows])


async def _lots(conn: Connection) -> tuple[LotOfMine, ...]:
    rows = await conn.fetch(_SQL["lots"])
    async with everything(conn):  # consents are kept with the venue's lots
        found = await conn.fetch(_SQL["consents"], [row["id"] for row in rows])
    consents = {row["id"]: row["document_sha256"] for row in found}
    return tuple([_lot(row, consents) for row in rows])


async def _require_mine(conn: Connection, question: str, lot_id: UUID) -> None:
    async with everything(
        conn
    ):  # a lot may be mine before it is published; who I am is asked by my code
        is_mine = await conn.fetchval(_SQL[question], lot_id)
    if not is_mine:
        raise NotFound(f"lot {lot_id}: no such lot", f"标的 {lot_id} 不存在")


def _lot(row: asyncpg.Record, consents: Mapping[UUID, str | None]) -> LotOfMine:
    """A lot; `consents` has those for whose debt the caller owes."""
    surplus = None
    if row["plan"] is not None:
        content = msgspec.json.decode(row["plan"], type=PlanContent)
        surplus = sum(line.amount_fen for line in content.lines if line.to == PLEDGOR)
    consent_sha256 = consents.get(row["id"])
    is_open_to_it = row["id"] in consents and row["status"] in coverage.BEFORE_OPEN
    more = {
        "surplus_fen": surplus,
        "consent_sha256": consent_sha256,
        "may_consent": is_open_to_it and consent_sha256 is None,
    }
    return msgspec.convert(dict(row) | more, LotOfMine)
