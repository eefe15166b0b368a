"""The envelope of a sealed bid: what opens it, what does not, and that nothing of it tells the amount."""

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auction_engine.rules.commands import AMOUNT_MAX, ENVELOPE_MAX, BidOpening, Openings
from auction_engine.sealed_bids import (
    CLASSIC,
    HYBRID,
    KEMS,
    PLAINTEXT_BYTES,
    Bid,
    MalformedEnvelope,
    SealingKey,
    SealingTerms,
    WillNotOpen,
    envelope_length,
    open_inner,
    parse_envelope,
    peel,
    read_bid,
    seal,
    seal_bid,
    seal_plaintext,
    to_base64url,
)
from auction_engine.sealed_canary import make_canary, prove_keys, sealing_after_canary
from auction_engine.sealed_checks import fault_in_openings
from auction_engine.sealed_opening import (
    KEY_LOST,
    NotYetDue,
    OpeningUnproved,
    SealedBid,
    WrongKey,
    open_share,
    open_with_keys,
    openings_from,
    openings_without_keys,
    request_opening,
)
from kit.errors import InvalidInput
from tests.auction_engine.make_sealed import (
    DEADLINE_MS,
    a_bidder_nonce,
    a_sealing_key,
    bad_envelopes,
    elsewhere,
    some_terms,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/sealed_bids.json").read_text())
VENUE, OPENER = a_sealing_key("venue"), a_sealing_key("opener")
TERMS = some_terms()
AFTER = datetime.fromtimestamp(DEADLINE_MS / 1000, tz=UTC)
BEFORE = datetime.fromtimestamp(DEADLINE_MS / 1000 - 1, tz=UTC)


def opened(
    text: str, terms: SealingTerms, *, paddle: int, venue: SealingKey, opener: SealingKey
) -> Bid:
    envelope = parse_envelope(text)
    inner = peel(envelope, venue, paddle=paddle, terms=terms)
    plaintext = open_inner(inner, envelope, opener, paddle=paddle, terms=terms)
    return read_bid(plaintext, envelope, paddle=paddle, terms=terms)


def sealed(*amounts: int) -> list[SealedBid]:
    """One sealed bid a paddle, from paddle 1."""
    return [
        SealedBid(paddle, paddle, seal(amount, paddle=paddle, terms=TERMS))
        for paddle, amount in enumerate(amounts, start=1)
    ]


@pytest.mark.parametrize("suite", VECTORS["suites"], ids=lambda suite: suite["terms"]["kem"])
def test_stored_vectors_open_to_what_they_hold(suite: dict[str, Any]) -> None:
    """Every stored envelope opens with the stored keys to the stored plaintext, byte for byte."""
    terms = msgspec.convert(suite["terms"], SealingTerms)
    venue = SealingKey.from_text(terms.kem, suite["venue_private_key"])
    opener = SealingKey.from_text(terms.kem, suite["opener_private_key"])
    assert (venue.public, opener.public) == (terms.venue_key, terms.opener_key)
    for vector in suite["bids"]:
        envelope, paddle = parse_envelope(vector["envelope"]), vector["paddle"]
        inner = venue.decrypt(envelope.body, vector["outer_info"].encode())
        assert inner is not None
        plaintext = opener.decrypt(inner, vector["inner_info"].encode())
        assert plaintext is not None
        assert plaintext.hex() == vector["plaintext"]
        bid = opened(vector["envelope"], terms, paddle=paddle, venue=venue, opener=opener)
        expected = Bid(vector["amount_fen"], bytes.fromhex(vector["bidder_nonce"]))
        assert bid == expected
        assert bid.plaintext().hex() == vector["plaintext"]
    for vector in suite["refused"]:
        bids = [SealedBid(vector["paddle"], 1, vector["envelope"])]
        [opening] = open_with_keys(terms, bids, venue, opener).bids
        assert opening.reason == vector["reason"]


@pytest.mark.parametrize("kem", KEMS)
@given(amount=st.integers(1, AMOUNT_MAX), paddle=st.integers(1, AMOUNT_MAX))
@settings(max_examples=25, deadline=None)
def test_what_is_sealed_comes_out(kem: str, amount: int, paddle: int) -> None:
    """Both keys give the amount back, and the text has one spelling."""
    terms = some_terms(kem)
    text = seal(amount, paddle=paddle, terms=terms)
    assert parse_envelope(text).text() == text
    venue, opener = a_sealing_key("venue", kem), a_sealing_key("opener", kem)
    assert opened(text, terms, paddle=paddle, venue=venue, opener=opener).amount_fen == amount


@pytest.mark.parametrize("kem", KEMS)
def test_length_tells_nothing_of_the_amount(kem: str) -> None:
    """T25: 1 fen and 10^13 fen give texts of one length, which fits the engine's limit."""
    terms = some_terms(kem)
    lengths = {len(seal(amount, paddle=1, terms=terms)) for amount in (1, 99, 10**6, AMOUNT_MAX)}
    assert lengths == {envelope_length(kem)}
    assert envelope_length(kem) <= ENVELOPE_MAX
    assert len(Bid(1, bytes(32)).plaintext()) == PLAINTEXT_BYTES


def test_same_amount_never_gives_the_same_envelope() -> None:
    """Nonce, commitment and body are new each time, so that equal bids can't be told."""
    one, two = (parse_envelope(seal(5_000, paddle=1, terms=TERMS)) for _ in range(2))
    assert one.nonce != two.nonce
    assert one.commitment != two.commitment
    assert one.body != two.body


def test_one_key_opens_nothing() -> None:
    """T23: the venue's key alone gives the inner ciphertext and no more; the opener's alone nothing at all."""
    text = seal(7_777_777_000_001, paddle=1, terms=TERMS)
    envelope = parse_envelope(text)
    inner = peel(envelope, VENUE, paddle=1, terms=TERMS)
    needles = (b"7777777000001", (7_777_777_000_001).to_bytes(8, "big"))
    assert not [needle for needle in needles if needle in inner or needle in envelope.body]
    with pytest.raises(WillNotOpen, match="inner_layer"):
        open_inner(inner, envelope, VENUE, paddle=1, terms=TERMS)
    with pytest.raises(WillNotOpen, match="outer_layer"):
        peel(envelope, OPENER, paddle=1, terms=TERMS)
    with pytest.raises(WillNotOpen, match="inner_layer"):
        open_inner(envelope.body, envelope, OPENER, paddle=1, terms=TERMS)


@pytest.mark.parametrize(
    ("paddle", "terms"), elsewhere(TERMS), ids=["paddle", "auction", "deadline", "terms"]
)
def test_an_envelope_opens_in_its_own_place_only(paddle: int, terms: SealingTerms) -> None:
    """T24: another paddle, auction, deadline or terms: neither layer opens."""
    text = seal(5_000, paddle=1, terms=TERMS)
    envelope = parse_envelope(text)
    inner = peel(envelope, VENUE, paddle=1, terms=TERMS)
    with pytest.raises(WillNotOpen, match="outer_layer"):
        peel(envelope, VENUE, paddle=paddle, terms=terms)
    with pytest.raises(WillNotOpen, match="inner_layer"):
        open_inner(inner, envelope, OPENER, paddle=paddle, terms=terms)


@pytest.mark.parametrize("part", ["nonce", "commitment", "body"])
def test_an_altered_envelope_does_not_open(part: str) -> None:
    """A changed nonce, commitment or ciphertext is told, and needs no more than the venue's key to be proved."""
    envelope = parse_envelope(seal(5_000, paddle=1, terms=TERMS))
    other = parse_envelope(seal(5_000, paddle=1, terms=TERMS))
    altered = msgspec.structs.replace(envelope, **{part: getattr(other, part)})
    bids = [SealedBid(1, 1, altered.text())]
    openings = open_with_keys(TERMS, bids, VENUE, OPENER)
    assert [one.reason for one in openings.bids] == ["outer_layer"]
    assert (bool(openings.venue_key), bool(openings.opener_key)) == (True, False)
    assert fault_in_openings(TERMS, bids, openings) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: "", "five parts"),
        (lambda text: text.replace("lsb1", "lsb2"), "five parts"),
        (lambda text: text.replace(HYBRID, "rsa"), "key encapsulation"),
        (lambda text: text.replace(HYBRID, CLASSIC), "body must be"),
        (lambda text: text[:-3], "body must be"),
        (lambda text: text + "AAAA", "body must be"),
        (lambda text: text + ".", "five parts"),
        (lambda text: text + "=", "base64url"),
        (lambda text: text + "\n", "base64url"),
        (lambda text: text[:-1] + "é", "base64url"),
        (lambda text: text[:-1] + "+", "base64url"),
        (lambda text: " " + text, "five parts"),
        (lambda text: text.replace(".", "..", 1), "five parts"),
    ],
    ids=map(str, range(13)),
)
def test_parser_takes_one_spelling(change: Any, why: str) -> None:
    """Whatever is not exactly an envelope of this version is refused, with the part that is wrong."""
    text = seal(5_000, paddle=1, terms=TERMS)
    with pytest.raises(MalformedEnvelope, match=why):
        parse_envelope(change(text))


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_parser_survives_any_text(text: str) -> None:
    """Any text is refused or read, and nothing else happens; with the right first parts too."""
    for candidate in (
        text,
        f"lsb1.{HYBRID}.{text}",
        f"lsb1.{CLASSIC}.{'A' * 22}.{'A' * 43}.{text}",
    ):
        with pytest.raises(MalformedEnvelope):
            parse_envelope(candidate)


@pytest.mark.parametrize("kem", KEMS)
def test_any_bytes_of_the_right_length_fail_to_open_quietly(kem: str) -> None:
    """Random and all-zero ciphertexts (low-order points included) are refused as a layer that does not open."""
    terms, venue = some_terms(kem), a_sealing_key("venue", kem)
    envelope = parse_envelope(seal(5_000, paddle=1, terms=terms))
    for body in (secrets.token_bytes(len(envelope.body)), bytes(len(envelope.body))):
        with pytest.raises(WillNotOpen, match="outer_layer"):
            peel(msgspec.structs.replace(envelope, body=body), venue, paddle=1, terms=terms)


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1, True, 1.0, "5"])
def test_client_refuses_an_amount_that_can_not_be_bid(amount: Any) -> None:
    """The mistake is told before anything is sealed, because nobody can tell it afterwards."""
    with pytest.raises(InvalidInput, match="amount_fen"):
        seal(amount, paddle=1, terms=TERMS)


@pytest.mark.parametrize("paddle", [0, -1, True])
def test_client_refuses_a_paddle_that_nobody_has(paddle: Any) -> None:
    """Paddle 0 is the canary's."""
    with pytest.raises(InvalidInput, match="paddle"):
        seal(1, paddle=paddle, terms=TERMS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("auction", "A B"),
        ("auction", "lot\n1"),
        ("terms_hash", "ab"),
        ("deadline_ms", -1),
        ("venue_key", "AAAA"),
        ("venue_key", "not base64!"),
        ("opener_key", TERMS.venue_key),
        ("kem", "rsa"),
    ],
)
def test_terms_that_can_not_be_right_are_refused(field: str, value: Any) -> None:
    """A field that would make an envelope nobody can open, or only one party can, is refused by name."""
    with pytest.raises(InvalidInput, match=field):
        some_terms(**{field: value})


def test_private_keys_do_not_show_themselves() -> None:
    """A key in a log line or an error shows its kind and no secret; its text gives it back."""
    key = SealingKey.generate()
    assert key.text() not in repr(key)
    assert SealingKey.from_text(HYBRID, key.text()).public == key.public
    with pytest.raises(InvalidInput, match="key"):
        SealingKey.from_text(HYBRID, to_base64url(bytes(32)))


def test_share_of_the_second_opener_gives_the_amounts() -> None:
    """The venue peels, the opener opens elsewhere; request and share travel as JSON; no private key travels."""
    bids = sealed(5_000, 1, AMOUNT_MAX)
    request = msgspec.json.encode(request_opening(TERMS, bids, VENUE))
    assert VENUE.text().encode() not in request
    decoded = msgspec.json.decode(request, type=type(request_opening(TERMS, [], VENUE)))
    share = open_share(decoded, OPENER, terms=TERMS, now=AFTER, prove_failures=True)
    assert share.key == ""
    openings = openings_from(TERMS, bids, VENUE, share)
    assert [one.amount_fen for one in openings.bids] == [5_000, 1, AMOUNT_MAX]
    assert (openings.venue_key, openings.opener_key) == ("", "")
    assert fault_in_openings(TERMS, bids, openings) is None


def test_opener_opens_nothing_before_the_deadline_nor_on_other_terms() -> None:
    """The second opener refuses an early request, one with a deadline of its own making, and another's key."""
    bids = sealed(5_000)
    request = request_opening(TERMS, bids, VENUE)
    with pytest.raises(NotYetDue):
        open_share(request, OPENER, terms=TERMS, now=BEFORE)
    earlier = msgspec.structs.replace(TERMS, deadline_ms=1)
    forged = msgspec.structs.replace(request, terms=earlier)
    with pytest.raises(InvalidInput, match="terms"):
        open_share(forged, OPENER, terms=TERMS, now=BEFORE, prove_failures=True)
    with pytest.raises(WrongKey):
        open_share(request, VENUE, terms=TERMS, now=AFTER)
    with pytest.raises(WrongKey):
        request_opening(TERMS, bids, OPENER)


def test_canary_shows_that_both_keys_open() -> None:
    """T27: at publication a sealed bid of nobody's comes out as it went in; with a wrong key nothing is published."""
    envelope, expected = make_canary(TERMS)
    canary = [SealedBid(0, 0, envelope)]
    request = request_opening(TERMS, canary, VENUE)
    share = open_share(request, OPENER, terms=TERMS, now=BEFORE, prove_failures=True)
    found = openings_from(TERMS, canary, VENUE, share)
    sealing = sealing_after_canary(TERMS, envelope, found, expected=expected)
    assert sealing.canary.amount_fen == expected.amount_fen
    with pytest.raises(WrongKey):
        prove_keys(TERMS, VENUE, a_sealing_key("stranger"))
    other_envelope, other = make_canary(TERMS)
    with pytest.raises(WrongKey):
        sealing_after_canary(TERMS, other_envelope, found, expected=other)


def test_false_canary_does_not_draw_out_the_openers_key() -> None:
    """A canary that does not open never makes the opener show its key: that would open every bid at once."""
    stranger = msgspec.structs.replace(TERMS, opener_key=a_sealing_key("stranger").public)
    false_canary = [SealedBid(0, 0, seal_bid(Bid(5, a_bidder_nonce(1)), 0, stranger))]
    request = request_opening(TERMS, false_canary, VENUE)
    share = open_share(request, OPENER, terms=TERMS, now=BEFORE, prove_failures=True)
    assert share.key == ""
    assert share.shares[0].plaintext == ""


@pytest.mark.parametrize("reason", bad_envelopes(TERMS))
def test_what_does_not_open_is_told_and_proved(reason: str) -> None:
    """Each way of not opening has its reason; the keys shown prove it; the others are opened all the same."""
    bids = [SealedBid(1, 1, bad_envelopes(TERMS)[reason]), *sealed(5_000)]
    bids[1] = SealedBid(2, 2, seal(5_000, paddle=2, terms=TERMS))
    openings = open_with_keys(TERMS, bids, VENUE, OPENER)
    assert [one.reason for one in openings.bids] == [reason, ""]
    assert openings.bids[1].amount_fen == 5_000
    assert fault_in_openings(TERMS, bids, openings) is None
    if reason != "malformed":
        bare = Openings(openings.bids)
        assert "no key is shown" in str(fault_in_openings(TERMS, bids, bare))


def test_wrong_commitment_inside_the_envelope_is_told() -> None:
    """A bidder that commits to one amount and seals another gets neither."""
    honest = parse_envelope(seal(5_000, paddle=1, terms=TERMS))
    lying = seal_plaintext(
        Bid(6_000, a_bidder_nonce(1)).plaintext(), 1, TERMS, commitment=honest.commitment
    )
    bids = [SealedBid(1, 1, lying)]
    openings = open_with_keys(TERMS, bids, VENUE, OPENER)
    assert [one.reason for one in openings.bids] == ["commitment"]
    assert fault_in_openings(TERMS, bids, openings) is None


@pytest.mark.parametrize("part", ["whole", "body", "nonce", "commitment"])
@pytest.mark.parametrize("copier_first", [True, False])
def test_copied_envelope_is_refused_and_shown_as_copied(part: str, copier_first: bool) -> None:
    """T24: a rival's ciphertext under one's own paddle opens to nothing, whoever came first; the original counts."""
    original = parse_envelope(seal(5_000, paddle=1, terms=TERMS))
    copier = parse_envelope(seal(9, paddle=2, terms=TERMS))
    copy = (
        original
        if part == "whole"
        else msgspec.structs.replace(copier, **{part: getattr(original, part)})
    )
    bids = [SealedBid(1, 1, original.text()), SealedBid(2, 2, copy.text())]
    if copier_first:
        bids = [SealedBid(2, 1, copy.text()), SealedBid(1, 2, original.text())]
    openings = open_with_keys(TERMS, bids, VENUE, OPENER)
    reasons = {one.paddle: (one.amount_fen, one.reason) for one in openings.bids}
    assert reasons == {1: (5_000, ""), 2: (0, "copied")}
    assert fault_in_openings(TERMS, bids, openings) is None


def test_opener_that_keeps_a_bid_back_is_found_out() -> None:
    """T27: an opener can't say that an inner layer does not open without its key, and with it the lie shows."""
    bids = sealed(5_000, 6_000)
    share = open_share(request_opening(TERMS, bids, VENUE), OPENER, terms=TERMS, now=AFTER)
    kept_back = msgspec.structs.replace(share.shares[1], plaintext="")
    silent = msgspec.structs.replace(share, shares=(share.shares[0], kept_back))
    with pytest.raises(OpeningUnproved):
        openings_from(TERMS, bids, VENUE, silent)
    proved = msgspec.structs.replace(silent, key=OPENER.text())
    openings = openings_from(TERMS, bids, VENUE, proved)
    assert "with the keys shown it does" in str(fault_in_openings(TERMS, bids, openings))
    missing = msgspec.structs.replace(share, shares=share.shares[:1])
    with pytest.raises(InvalidInput, match="command 2"):
        openings_from(TERMS, bids, VENUE, missing)
    foreign = msgspec.structs.replace(share, auction="other")
    with pytest.raises(InvalidInput, match="share"):
        openings_from(TERMS, bids, VENUE, foreign)


def _changed(openings: Openings, place: int, **fields: Any) -> Openings:
    bids = list(openings.bids)
    bids[place] = msgspec.structs.replace(bids[place], **fields)
    return msgspec.structs.replace(openings, bids=tuple(bids))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda o: Openings(o.bids[:1]), "one for each"),
        (lambda o: Openings(o.bids[::-1]), "one for each"),
        (lambda o: _changed(o, 1, amount_fen=5_001), "5001 fen is not what"),
        (lambda o: _changed(o, 1, amount_fen=-1), "bidder_nonce"),
        (lambda o: _changed(o, 1, bidder_nonce=to_base64url(bytes(32))), "is not what"),
        (lambda o: _changed(o, 1, bidder_nonce="AA"), "bidder_nonce"),
        (lambda o: _changed(o, 1, amount_fen=0, reason=KEY_LOST), "no key is shown"),
        (lambda o: _changed(o, 1, amount_fen=0, reason="malformed"), "no key is shown"),
        (lambda o: _changed(o, 1, amount_fen=0, reason="copied"), "no key is shown"),
        (lambda o: msgspec.structs.replace(o, venue_key=OPENER.text()), "keys that are shown"),
        (lambda o: msgspec.structs.replace(o, venue_key="A"), "keys that are shown"),
        (
            lambda o: msgspec.structs.replace(
                _changed(o, 1, amount_fen=0, reason="outer_layer"), venue_key=VENUE.text()
            ),
            "its outer layer does",
        ),
        (
            lambda o: msgspec.structs.replace(
                _changed(o, 1, amount_fen=0, reason="inner_layer"),
                venue_key=VENUE.text(),
                opener_key=OPENER.text(),
            ),
            "with the keys shown it does",
        ),
    ],
    ids=map(str, range(13)),
)
def test_a_dropped_altered_or_denied_opening_is_found_out(change: Any, why: str) -> None:
    """T27: no opening can be left out, changed, or said to be impossible, without the check naming it."""
    bids = sealed(5_000, 6_000)
    openings = open_with_keys(TERMS, bids, VENUE, OPENER)
    assert fault_in_openings(TERMS, bids, openings) is None
    assert why in str(fault_in_openings(TERMS, bids, change(openings)))


def test_lost_key_is_reported_for_all_or_not_at_all() -> None:
    """A lost key leaves every envelope shut, each told; a key that is shown is not lost."""
    bids = sealed(5_000, 6_000)
    openings = openings_without_keys(bids)
    assert openings.bids == (
        BidOpening(1, 1, 0, "", KEY_LOST),
        BidOpening(2, 2, 0, "", KEY_LOST),
    )
    assert fault_in_openings(TERMS, bids, openings) is None
    shown = msgspec.structs.replace(openings, venue_key=VENUE.text())
    assert "not lost" in str(fault_in_openings(TERMS, bids, shown))


def test_the_documented_client_seals_what_opens() -> None:
    """The client code of docs/sealed-bids.md runs as it stands there, and the openers read its amount."""
    page = (Path(__file__).parents[2] / "docs/sealed-bids.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {"published": msgspec.json.encode(TERMS)}
    exec(code, names)
    bid = opened(names["envelope"], TERMS, paddle=7, venue=VENUE, opener=OPENER)
    assert bid.amount_fen == 1_234_500_000


@pytest.mark.parametrize("kem", KEMS)
def test_documented_lengths_are_the_real_ones(kem: str) -> None:
    """The table of docs/sealed-bids.md states each suite's text length."""
    page = (Path(__file__).parents[2] / "docs/sealed-bids.md").read_text(encoding="utf-8")
    [row] = [line for line in page.splitlines() if line.startswith(f"| `{kem}`")]
    assert row.endswith(f"| {envelope_length(kem):,} characters |")
