"""What an auction's public state and its creation say, beyond the decisions of the tables beside this."""

from auction_engine.rehearsal import parse_scenario
from auction_engine.rules.commands import Canary, Creation, Sealing
from auction_engine.rules.model import Auction
from tests.make_scenarios import accept, auction, scenario


def test_a_falling_clock_has_the_bidder_who_stopped_it() -> None:
    """Nobody has bid until somebody accepts the price, and then one."""
    read = parse_scenario(scenario(auction("dutch"), [accept(1_000, 1, 900)]))
    played = Auction(read.profile, read.paddles)
    assert played.view(999)["bidders"] == 0
    (taken,) = read.steps
    played.decide(taken.command, taken.at, taken.decided_at)
    assert played.view(1_000)["bidders"] == 1


def test_an_envelopes_terms_are_told_where_they_differ() -> None:
    """The published profile's hash is in the creation, or is left out where the creation's own is meant."""
    canary = Canary(envelope="", amount_fen=0, bidder_nonce="")
    for terms_hash in ("", "ab" * 32):
        sealing = Sealing(
            kem="", venue_key="", opener_key="", canary=canary, hash="", terms_hash=terms_hash
        )
        told = Creation(profile={}, hash="", sealing=sealing).to_wire()["sealing"]
        assert told.get("terms_hash", "") == terms_hash
        assert ("terms_hash" in told) is bool(terms_hash)


def test_a_salt_is_told_where_there_is_one() -> None:
    """Without a secret in the profile its hash has no salt, and the creation no place for one."""
    assert "salt" not in Creation(profile={}, hash="").to_wire()
    assert Creation(profile={}, hash="", salt="cd" * 16).to_wire()["salt"] == "cd" * 16
