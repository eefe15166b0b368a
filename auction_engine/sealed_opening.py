"""Opening sealed bids after the close, and checking an opening without any key (docs/sealed-bids.md).

The venue peels the outer layers; the second opener, elsewhere, opens the inner ones and hands over a share; together
they give the openings that `open_bids` journals. Each opened amount is proved by its commitment. An envelope that does
not open is told with its reason, and proved by showing the private key that does not open it: so nobody can leave
a bid out by saying that it would not open.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from auction_engine.journal import ACCEPTED, WireCommand, WireDecision
from auction_engine.receipts import DO, EXTRA, PADDLE
from auction_engine.rules.commands import BidOpening, Openings
from auction_engine.sealed_bids import (
    CANARY_PADDLE,
    Bid,
    Envelope,
    MalformedEnvelope,
    SealingKey,
    SealingTerms,
    WillNotOpen,
    from_base64url,
    open_inner,
    parse_envelope,
    peel,
    read_bid,
    to_base64url,
)
from kit.clock import epoch_ms
from kit.errors import Conflict, InvalidInput, LuochuiError

STANDS, REPLACED, WITHDRAWN, VOIDED = "stands", "replaced", "withdrawn", "voided"
KEY_LOST = "key_lost"
#: Reasons that the outer layer's key proves; the others need the inner one's too, `malformed` and `key_lost` none.
_OUTER = "outer_layer"
_WITHOUT_KEYS = frozenset({"malformed"})


class NotYetDue(Conflict):
    """Sealed bids are opened after the deadline, not before. / 截止前不得开启密封报价。"""

    code = "opening_not_due"


class WrongKey(LuochuiError):
    """This private key does not belong to the public key that the bids were sealed to. / 私钥与公布的公钥不符。"""

    code = "wrong_sealing_key"


class OpeningUnproved(LuochuiError):
    """An inner layer does not open, and its key is not shown, which would prove that. / 缺少不能开启的证明。"""

    code = "opening_unproved"


class SealedBid(msgspec.Struct, frozen=True):
    """A sealed bid that was accepted: its paddle, its command's number, its envelope, and whether it still stands."""

    paddle: int
    seq: int
    envelope: str
    fate: str = STANDS

    @property
    def digest(self) -> str:
        """SHA-256 of the envelope's text, in hex: how public lists name it."""
        return sha256(self.envelope.encode()).hexdigest()


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the second opener is given of one envelope: everything but the outer layer."""

    paddle: int
    seq: int
    nonce: str
    commitment: str
    inner: str

    def envelope(self, kem: str) -> Envelope:
        """The envelope as far as the inner layer is bound to it."""
        return Envelope(kem, self.nonce, self.commitment, b"")


class OpeningRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the venue sends to the second opener after the close."""

    terms: SealingTerms
    layers: tuple[Layer, ...]


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One opened inner layer, base64url; empty where it does not open."""

    seq: int
    plaintext: str


class OpeningShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the second opener sends back. `key` is its private key where an envelope's failure must be proved."""

    auction: str
    shares: tuple[Share, ...]
    key: str = ""


def sealed_bids_in(
    history: Iterable[tuple[WireCommand, WireDecision]],
) -> list[SealedBid]:
    """The sealed bids of one auction's commands and decisions, in the order they came, each with its fate."""
    bids: list[SealedBid] = []
    standing: dict[object, int] = {}
    for command, decision in history:
        if decision[0] != ACCEPTED:
            continue
        do, paddle = command[DO], command[PADDLE]
        fate = {"seal": REPLACED, "withdraw": WITHDRAWN, "disqualify": VOIDED}.get(str(do))
        if fate and paddle in standing:
            place = standing.pop(paddle)
            bids[place] = msgspec.structs.replace(bids[place], fate=fate)
        if do == "seal":
            standing[paddle] = len(bids)
            envelope = command[EXTRA] if len(command) > EXTRA else ""
            assert isinstance(paddle, int), "an accepted seal has a paddle"
            bids.append(SealedBid(paddle, decision[1], str(envelope)))
    return bids


def request_opening(
    terms: SealingTerms, bids: Sequence[SealedBid], venue_key: SealingKey
) -> OpeningRequest:
    """The inner layers of the envelopes that stand and peel, for the second opener."""
    check_key(venue_key, terms.venue_key)
    layers = []
    for bid in standing_of(bids):
        try:
            envelope, inner = peeled(terms, bid, venue_key)
        except WillNotOpen:
            continue
        inner_text = to_base64url(inner)
        layers.append(Layer(bid.paddle, bid.seq, envelope.nonce, envelope.commitment, inner_text))
    return OpeningRequest(terms, tuple(layers))


def open_share(
    request: OpeningRequest,
    opener_key: SealingKey,
    *,
    terms: SealingTerms,
    now: datetime,
    prove_failures: bool = False,
) -> OpeningShare:
    """The second opener's part, to be run where the venue has no access.

    `terms` are those that the opener kept from the publication: a request that states others is refused. With
    `prove_failures` the share holds the private key if a layer does not open; never for a canary. Whoever opens
    looks up the close on the auction's public page first, because a suspension may have moved the end beyond the
    deadline. Raises InvalidInput, WrongKey, and NotYetDue before the deadline (but for a canary).
    """
    if request.terms != terms:
        raise InvalidInput("terms", "are not those that were published", "与公布的条款不符")
    check_key(opener_key, terms.opener_key)
    is_canary = all(layer.paddle == CANARY_PADDLE for layer in request.layers)
    if not is_canary and epoch_ms(now) < terms.deadline_ms:
        raise NotYetDue(deadline_ms=terms.deadline_ms)
    return _share(request, opener_key, prove_failures=prove_failures and not is_canary)


def _share(
    request: OpeningRequest, opener_key: SealingKey, *, prove_failures: bool
) -> OpeningShare:
    terms, shares, has_failures = request.terms, [], False
    for layer in request.layers:
        plaintext = b""
        try:
            plaintext = _opened_layer(terms, layer, opener_key)
            read_bid(plaintext, layer.envelope(terms.kem), paddle=layer.paddle, terms=terms)
        except WillNotOpen:
            has_failures = True
        shares.append(Share(layer.seq, to_base64url(plaintext)))
    key = opener_key.text() if has_failures and prove_failures else ""
    return OpeningShare(terms.auction, tuple(shares), key)


def openings_from(
    terms: SealingTerms,
    bids: Sequence[SealedBid],
    venue_key: SealingKey,
    share: OpeningShare,
) -> Openings:
    """The openings of every envelope that stands, with the keys that prove what does not open.

    Raises WrongKey, OpeningUnproved, and InvalidInput where the share is of another auction or incomplete.
    """
    check_key(venue_key, terms.venue_key)
    if share.auction != terms.auction:
        raise InvalidInput("share", f"is of auction {share.auction}", f"属于拍卖 {share.auction}")
    plaintexts = {one.seq: one.plaintext for one in share.shares}
    openings, layers = [], set()
    for bid in standing_of(bids):
        try:
            found = _found(terms, bid, venue_key, plaintexts)
        except WillNotOpen as error:
            layers.add(error.reason)
            reason = named_reason(terms, bid, bids, error.reason)
            openings.append(BidOpening(bid.paddle, bid.seq, 0, "", reason))
            continue
        nonce = to_base64url(found.bidder_nonce)
        openings.append(BidOpening(bid.paddle, bid.seq, found.amount_fen, nonce, ""))
    layers -= _WITHOUT_KEYS
    opened = Openings(
        tuple(openings),
        venue_key.text() if layers else "",
        share.key if layers - {_OUTER} else "",
    )
    if layers - {_OUTER} and not share.key:
        raise OpeningUnproved(reasons=sorted(layers))
    return opened


def open_with_keys(
    terms: SealingTerms,
    bids: Sequence[SealedBid],
    venue_key: SealingKey,
    opener_key: SealingKey,
) -> Openings:
    """The openings where both keys are in one place; the engine takes them only after the close."""
    check_key(opener_key, terms.opener_key)
    request = request_opening(terms, bids, venue_key)
    return openings_from(terms, bids, venue_key, _share(request, opener_key, prove_failures=True))


def openings_without_keys(bids: Sequence[SealedBid]) -> Openings:
    """What is journalled when a private key is lost: every envelope that stands stays shut, none is left out."""
    return Openings(
        tuple(BidOpening(bid.paddle, bid.seq, 0, "", KEY_LOST) for bid in standing_of(bids))
    )


def standing_of(bids: Sequence[SealedBid]) -> list[SealedBid]:
    """The sealed bids that were neither replaced, withdrawn nor voided."""
    return [bid for bid in bids if bid.fate == STANDS]


def refuse_malformed(terms: SealingTerms, bid: SealedBid) -> Envelope:
    """The envelope; WillNotOpen (`malformed`) where it is none, or of another key encapsulation."""
    try:
        envelope = parse_envelope(bid.envelope)
    except MalformedEnvelope:
        raise WillNotOpen("malformed") from None
    if envelope.kem != terms.kem:
        raise WillNotOpen("malformed")
    return envelope


def peeled(terms: SealingTerms, bid: SealedBid, venue_key: SealingKey) -> tuple[Envelope, bytes]:
    """The envelope and its inner layer. Raises WillNotOpen (`malformed`, `outer_layer`)."""
    envelope = refuse_malformed(terms, bid)
    return envelope, peel(envelope, venue_key, paddle=bid.paddle, terms=terms)


def _opened_layer(terms: SealingTerms, layer: Layer, opener_key: SealingKey) -> bytes:
    inner = from_base64url(layer.inner, field="inner")
    envelope = layer.envelope(terms.kem)
    return open_inner(inner, envelope, opener_key, paddle=layer.paddle, terms=terms)


def _found(
    terms: SealingTerms, bid: SealedBid, venue_key: SealingKey, plaintexts: Mapping[int, str]
) -> Bid:
    envelope, _ = peeled(terms, bid, venue_key)
    if bid.seq not in plaintexts:
        raise InvalidInput(
            "share", f"lacks the envelope of command {bid.seq}", f"缺少第 {bid.seq} 号信封"
        )
    if not plaintexts[bid.seq]:
        raise WillNotOpen("inner_layer")
    plaintext = from_base64url(plaintexts[bid.seq], field="share")
    return read_bid(plaintext, envelope, paddle=bid.paddle, terms=terms)


def named_reason(
    terms: SealingTerms, bid: SealedBid, bids: Sequence[SealedBid], reason: str
) -> str:
    """The reason as it is shown: an envelope that does not open and is another paddle's is told to be `copied`."""
    if reason not in (_OUTER, "inner_layer"):
        return reason
    own = refuse_malformed(terms, bid)
    for other in bids:
        if other.paddle == bid.paddle:
            continue
        try:
            theirs = parse_envelope(other.envelope)
        except MalformedEnvelope:
            continue
        if (
            own.body == theirs.body
            or own.nonce == theirs.nonce
            or own.commitment == theirs.commitment
        ):
            return "copied"
    return reason


def check_key(key: SealingKey, public: str) -> None:
    """Refuse a private key that is not that of a public one. Raises WrongKey."""
    if key.public != public:
        raise WrongKey
