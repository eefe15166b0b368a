"""Seals a lot's bids to two keys, before its notice: each holder proves its own, and neither sees the other's.

The server makes a canary (a random amount that is nobody's) and forgets what is in it. Only who holds both private keys
can say; so when the amount that comes back fits the canary's commitment, both were there. Source: reliability T27.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from auction_engine.rules.commands import Canary
from auction_engine.rules.commands import Sealing as EngineSealing
from auction_engine.rules.formats import SEALED_FORMATS
from auction_engine.sealed_bids import (
    CANARY_PADDLE,
    SealingTerms,
    check_public_key,
    from_base64url,
    parse_envelope,
    read_bid,
    to_base64url,
)
from auction_engine.sealed_canary import hash_of, make_canary
from kit.clock import epoch_ms
from kit.errors import Conflict, InvalidInput, NotFound
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.lots import service as lots
from marketplace.lots.profile import Frozen, freeze, rules_of
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import Caller, OrganisationKind
from marketplace.sealings.schemas import Sealing, SealingIn, SealingState

_SQL = load_statements("marketplace.sealings", "queries.sql")
#: Who may hold the second key: nobody who sells for the venue, and nobody who bids. Source: design "Sealed bids".
_OPENERS = frozenset(
    {
        OrganisationKind.BANK,
        OrganisationKind.FUND,
        OrganisationKind.GUARANTOR,
        OrganisationKind.REGULATOR,
        OrganisationKind.AUDITOR,
    }
)


class NotSealable(Conflict):
    """Keys are agreed upon once the lot is checked, and before its notice. / 密钥须在标的审查后、公告前约定。"""

    code = "not_sealable"


class SealingOutOfTurn(Conflict):
    """The keys are not so far, or further already. / 密钥约定步骤顺序不符。"""

    code = "sealing_out_of_turn"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A sealing as it is stored."""

    lot_id: UUID
    kem: str
    venue_key: str
    opener_id: UUID
    opener_key: str | None
    #: Empty for whoever may not know a secret reserve: bidders read the rest.
    profile: str
    profile_salt: str
    profile_hash: str
    deadline_ms: int
    state: SealingState
    canary: str | None
    canary_inner: str | None
    canary_fen: int | None
    canary_nonce: str | None

    def terms(self) -> SealingTerms:
        """What a client needs to seal; only once the second opener has given its key."""
        assert self.opener_key is not None, "asked of sealings that have both keys"
        return SealingTerms(
            auction=str(self.lot_id),
            deadline_ms=self.deadline_ms,
            terms_hash=self.profile_hash,
            kem=self.kem,
            venue_key=self.venue_key,
            opener_key=self.opener_key,
        )

    def frozen(self) -> Frozen:
        """The rules as they were when the keys were proved, with the salt of their hash."""
        assert self.profile, "asked for the venue, the second opener and the engine alone"
        return Frozen(text=self.profile, salt=self.profile_salt, hash=self.profile_hash)

    def shown(self) -> Sealing:
        """The sealing as its two sides see it."""
        return Sealing(
            lot_id=self.lot_id,
            state=self.state,
            kem=self.kem,
            venue_key=self.venue_key,
            opener_id=self.opener_id,
            opener_key=self.opener_key,
            terms=None if self.opener_key is None else self.terms(),
            canary=self.canary,
            canary_inner=self.canary_inner,
        )


async def propose(
    conn: Connection, caller: Caller, lot_id: UUID, given: SealingIn, *, now: datetime
) -> Sealing:
    """The venue's public key and the second opener, for a checked lot; its rules are fixed with it."""
    lot = await lots.owned_for_update(conn, caller, lot_id)
    if lot.format not in SEALED_FORMATS:
        raise InvalidInput("lot_id", f"{lot.format} seals no bids", f"{lot.format} 不采用密封报价")
    if lot.status is not LotStatus.CHECKED:
        raise NotSealable(f"lot {lot.number} is {lot.status}", f"标的 {lot.number} 为 {lot.status}")
    check_public_key(given.kem, given.venue_key, field="venue_key")
    await _require_opener(conn, lot, given.opener_id)
    frozen = freeze(rules_of(lot))
    await conn.execute(
        _SQL["propose"],
        lot_id,
        given.kem,
        given.venue_key,
        given.opener_id,
        frozen.text,
        frozen.salt,
        frozen.hash,
        epoch_ms(lot.closes_at),
        caller.user_id,
        now,
    )
    after = {"opener_id": str(given.opener_id), "kem": given.kem}
    return await _recorded(conn, caller, lot_id, "lot_sealing_proposed", after=after, now=now)


async def give_key(
    conn: Connection, caller: Caller, lot_id: UUID, opener_key: str, *, now: datetime
) -> Sealing:
    """The second opener's public key. The server makes the canary, and keeps nothing of what is in it."""
    row = await _for_opener(conn, caller, lot_id)
    _require(row, SealingState.PROPOSED)
    check_public_key(row.kem, opener_key, field="opener_key")
    keyed = msgspec.structs.replace(row, opener_key=opener_key)
    envelope, _ = make_canary(keyed.terms())
    await conn.execute(_SQL["key"], lot_id, opener_key, envelope, caller.user_id)
    return await _recorded(conn, caller, lot_id, "lot_sealing_keyed", now=now)


async def peel_canary(
    conn: Connection, caller: Caller, lot_id: UUID, inner: str, *, now: datetime
) -> Sealing:
    """The canary without its outer layer: what the venue's private key made of it."""
    await lots.owned_for_update(conn, caller, lot_id)
    row = await _for_update(conn, lot_id)
    _require(row, SealingState.KEYED, SealingState.PEELED)
    from_base64url(inner, field="inner")
    await conn.execute(_SQL["peel"], lot_id, inner)
    return await _recorded(conn, caller, lot_id, "lot_canary_peeled", now=now)


async def open_canary(
    conn: Connection, caller: Caller, lot_id: UUID, plaintext: str, *, now: datetime
) -> Sealing:
    """What was in the canary. Raises `WillNotOpen` unless it is what the canary is committed to."""
    row = await _for_opener(conn, caller, lot_id)
    _require(row, SealingState.PEELED)
    assert row.canary is not None, "a peeled canary is there"
    bid = read_bid(
        from_base64url(plaintext, field="plaintext"),
        parse_envelope(row.canary),
        paddle=CANARY_PADDLE,
        terms=row.terms(),
    )
    nonce = to_base64url(bid.bidder_nonce)
    await conn.execute(_SQL["prove"], lot_id, bid.amount_fen, nonce, caller.user_id, now)
    return await _recorded(conn, caller, lot_id, "lot_sealing_proved", now=now)


async def get(conn: Connection, caller: Caller, lot_id: UUID) -> Sealing:
    """The sealing, for the lot's venue, its consignor and its second opener; to others there is none."""
    row = await row_or_none(conn, lot_id)
    if row is None:
        raise _none(lot_id)
    if caller.organisation_id != row.opener_id:
        await lots.owned(conn, caller, lot_id)
    return row.shown()


async def published_terms(conn: Connection, lot_id: UUID) -> SealingTerms:
    """What anybody needs to seal for a published lot: give it to `auction_engine.sealed_bids.seal`."""
    await lots.public(conn, lot_id)
    row = await row_or_none(conn, lot_id)
    if row is None:
        raise _none(lot_id)
    return row.terms()


async def proved_for(conn: Connection, lot: Lot) -> Row | None:
    """The sealing to publish with a lot; None where its bids are not sealed.

    Raises `SealingOutOfTurn` unless both keys are proved for the very rules that would be published.
    """
    if lot.format not in SEALED_FORMATS:
        return None
    row = await row_or_none(conn, lot.id)
    if row is None:
        raise SealingOutOfTurn(
            f"{lot.format} takes sealed bids: propose a sealing first (POST /v1/lots/{lot.id}/sealing)",
            f"{lot.format} 采用密封报价，请先约定密钥",
        )
    _require(row, SealingState.PROVED)
    if freeze(rules_of(lot)).text != row.profile:
        raise SealingOutOfTurn(
            "the lot's rules have changed since the keys were proved: propose the sealing again",
            "密钥验证后标的规则已变更，请重新约定密钥",
        )
    return row


async def engine_sealing(conn: Connection, lot_id: UUID) -> EngineSealing | None:
    """What the engine is told of a published lot's sealing; None where its bids are not sealed."""
    row = await row_or_none(conn, lot_id)
    if row is None or row.state is not SealingState.PROVED:
        return None
    assert row.opener_key is not None, "proved with both keys"
    assert row.canary is not None, "proved by a canary"
    assert row.canary_fen is not None, "proved by what was in it"
    bare = EngineSealing(
        kem=row.kem,
        venue_key=row.venue_key,
        opener_key=row.opener_key,
        canary=Canary(row.canary, row.canary_fen, row.canary_nonce or ""),
        hash="",
        terms_hash=row.profile_hash,
    )
    return msgspec.structs.replace(bare, hash=hash_of(bare))


async def row_or_none(conn: Connection, lot_id: UUID) -> Row | None:
    """The sealing as it is stored, if there is one."""
    found = await conn.fetchrow(_SQL["of_lot"], lot_id)
    return None if found is None else msgspec.convert(dict(found), Row)


async def _require_opener(conn: Connection, lot: Lot, opener_id: UUID) -> None:
    try:
        kind = (await organisations.organisation_by_id(conn, opener_id)).kind
    except NotFound:
        kind = None
    if opener_id == lot.venue_id or kind not in _OPENERS:
        kinds = ", ".join(sorted(_OPENERS))
        raise InvalidInput(
            "opener_id",
            f"must be another organisation than the venue, of the kinds {kinds}",
            f"须为场所以外的机构，类别限于 {kinds}",
        )


async def _for_update(conn: Connection, lot_id: UUID) -> Row:
    found = await conn.fetchrow(_SQL["of_lot_for_update"], lot_id)
    if found is None:
        raise _none(lot_id)
    return msgspec.convert(dict(found), Row)


async def _for_opener(conn: Connection, caller: Caller, lot_id: UUID) -> Row:
    row = await _for_update(conn, lot_id)
    if caller.organisation_id != row.opener_id:
        raise _none(lot_id)
    return row


def _require(row: Row, *states: SealingState) -> None:
    if row.state in states:
        return
    needed = " or ".join(states)
    raise SealingOutOfTurn(
        f"the sealing is {row.state}; this step needs {needed}",
        f"密钥约定状态为 {row.state}，此步骤要求 {needed}",
    )


async def _recorded(
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    action: str,
    *,
    now: datetime,
    after: object = None,
) -> Sealing:
    await audit.record(
        conn, caller, now=now, action=action, subject="lot", subject_id=lot_id, after=after
    )
    return (await _for_update(conn, lot_id)).shown()


def _none(lot_id: UUID) -> NotFound:
    return NotFound(f"lot {lot_id} has no sealing", f"标的 {lot_id} 没有密钥约定")
