"""Live sealed auctions in the rules: envelopes in, one opening, the same result from Python and from Lua."""

import itertools
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from auction_engine import keys
from auction_engine.library import rehearsal_source
from auction_engine.rules.commands import (
    AMOUNT_MAX,
    ENVELOPE_MAX,
    GRACE_MS,
    BidOpening,
    Command,
    Decision,
    Openings,
)
from auction_engine.rules.model import Auction, create_command
from auction_engine.rules.profile import parse_profile
from auction_engine.rules.shard import Shard
from kit.embedded import Valkey
from tests.auction_engine.make_sealed import SEALED_KINDS, UNREAD_SEALING, sealed_rules
from tests.make_random_auctions import PADDLES, auctions, commands
from tests.make_scenarios import auction

LONG = os.environ.get("LUOCHUI_HYPOTHESIS") == "long"
NAME = "lot"
END = 100_000
FINAL = END + GRACE_MS
_shards = itertools.count()


@pytest.fixture(scope="module")
def client() -> Iterator[redis.Redis]:
    """A throw-away server with the library that can be told the time."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Valkey(Path(directory), options={"appendonly": "no"}) as server,
        closing(redis.Redis.from_url(server.url)) as found,
    ):
        found.function_load(rehearsal_source())
        yield found


class Both:
    """One live sealed auction in the model and in the library; every answer is compared, and the view after it."""

    def __init__(self, client: redis.Redis, rules: dict[str, Any]) -> None:
        self.client = client
        self.keys = keys.batch_keys(next(_shards), [NAME])
        client.hset(self.keys[0], mapping={"epoch": 1, "journalled": 10**15})
        self.model = Shard()
        profile = parse_profile(rules)
        self.creation = create_command(
            profile,
            dict.fromkeys(PADDLES, None) | {2: profile.start_price_fen + 120},
            sealing=UNREAD_SEALING,
        )
        self.do(self.creation, 0)

    @property
    def auction(self) -> Auction:
        return self.model.auctions[NAME]

    def do(self, command: Command, decided_ms: int, *, age_ms: int = 0) -> Decision:
        array = command.to_wire(1, age_us=age_ms * 1_000)
        told = msgspec.msgpack.encode([[decided_ms, array]])
        arguments: list[Any] = ["1", "0", "0" * 32, told, msgspec.msgpack.encode([NAME])]
        packed, views = self.client.fcall("rehearse_v1", 4, *self.keys, *arguments)
        [decision] = self.model.decide([NAME], [array], decided_ms)
        assert packed == msgspec.msgpack.encode([decision.to_wire()])
        view = self.auction.view(decided_ms)
        told_view = msgspec.msgpack.decode(views)[0]
        assert _plain(told_view) == _plain(view)
        return decision

    def envelope(self, at: int, paddle: int, envelope: str = "", **fields: Any) -> Decision:
        text = envelope or f"envelope of {paddle} at {at}"
        return self.do(Command(do="seal", paddle=paddle, envelope=text, **fields), at)

    def open(self, amounts: Mapping[int, int | str], at: int = FINAL, **fields: Any) -> Decision:
        """Open every envelope that stands: an amount, or the reason why it does not open."""
        return self.do(opening_of(self.auction, amounts, **fields), at)

    def result(self, at: int = FINAL) -> dict[str, Any]:
        return self.auction.result(at).as_object()


def _plain(view: dict[str, Any]) -> dict[str, Any]:
    """A view without what is null: Lua has no null."""
    decoded = msgspec.msgpack.decode(msgspec.msgpack.encode(view))
    return {
        name: _plain(value) if isinstance(value, dict) else value
        for name, value in decoded.items()
        if value is not None
    }


def opening_of(auction: Auction, amounts: Mapping[int, int | str], **fields: Any) -> Command:
    bids = []
    for paddle, seq in auction.format.envelopes():
        found = amounts[paddle]
        amount, reason = (0, found) if isinstance(found, str) else (found, "")
        bids.append(BidOpening(paddle, seq, amount, f"nonce {seq}", reason))
    return Command(do="open_bids", openings=Openings(tuple(bids)), **fields)


@pytest.mark.parametrize(
    ("kind", "fields", "winner", "price", "underbidder"),
    [
        ("one_shot", {}, 1, 1_500, 3),
        ("one_shot", {"reserve_price_fen": 1_500}, 1, 1_500, 3),
        ("one_shot", {"priority": [{"paddle": 3, "rank": 1}]}, 3, 1_500, 1),
        ("vickrey", {}, 1, 1_500, 3),
        ("uniform_price", {}, None, 1_100, 2),
    ],
)
def test_opened_envelopes_are_decided_by_the_rules_of_plain_seals(
    client: redis.Redis,
    kind: str,
    fields: dict[str, Any],
    winner: int | None,
    price: int,
    underbidder: int,
) -> None:
    """The opening gives the very result that the same amounts give when they are sealed in the open."""
    amounts = {1: 1_500, 2: 1_100, 3: 1_500}
    live = Both(client, sealed_rules(kind, **fields))
    for at, paddle in enumerate(amounts, start=1):
        assert live.envelope(at, paddle).accepted
    before = live.auction.view(FINAL)
    assert (before["final"], before["opening_due"], before["status"]) == (False, True, "closed")
    assert before["bids"] is before["bidders"] is None
    assert live.result() | {"winners": None} == {
        "outcome": "open",
        "reason": None,
        "winner": None,
        "winners": None,
        "price_fen": None,
        "underbidder": None,
        "closed_at": None,
        "extensions": 0,
    }
    assert live.open(amounts).accepted
    assert live.auction.view(FINAL)["opening_due"] is None
    plain = Auction(parse_profile(sealed_rules(kind, **fields)), dict.fromkeys(PADDLES))
    for at, (paddle, amount) in enumerate(amounts.items(), start=1):
        plain.decide(Command(do="seal", paddle=paddle, value=amount), at, at)
    result = live.result()
    assert result == plain.result(FINAL).as_object()
    assert (result["winner"], result["price_fen"], result["underbidder"]) == (
        winner,
        price,
        underbidder,
    )


def test_weighted_scores_meet_the_opened_amounts(client: redis.Redis) -> None:
    """Scores are fixed before the amounts are known; the opening puts both together."""
    live = Both(client, sealed_rules("weighted"))
    live.envelope(1, 1)
    live.envelope(2, 3)
    live.do(Command(do="score", paddle=3, scores={"方案": 10_000, "team": 10_000}), 3)
    assert live.open({1: 2_000, 3: 1_600}).accepted
    assert live.result()["winner"] == 3


def test_dutch_hybrid_keeps_its_end_when_nothing_opens(client: redis.Redis) -> None:
    """An envelope calls for the last look; that it holds nothing later moves no end and takes no lot away."""
    live = Both(client, sealed_rules("dutch_hybrid"))
    live.do(Command(do="accept", paddle=1, value=900), 1_500)
    assert live.envelope(3_000, 3).accepted
    ends_at = live.auction.view(3_000)["ends_at"]
    final = ends_at + GRACE_MS
    assert live.open({3: 900}, final).accepted
    result = live.result(final)
    assert (result["winner"], result["price_fen"], result["closed_at"]) == (1, 900, ends_at)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ("outer_layer", "outer_layer"),
        (AMOUNT_MAX, "over_limit"),
        (999, "below_start"),
        (1_000, "below_minimum"),
    ],
)
def test_what_does_not_count_is_told_with_its_reason(
    client: redis.Redis, found: int | str, reason: str
) -> None:
    """An envelope that will not open, or holds what the rules refuse, is out of the count and told, not dropped."""
    live = Both(client, sealed_rules(floor_rule="strictly_above"))
    live.envelope(1, 2)
    live.envelope(2, 3)
    assert live.open({2: found, 3: 1_001}).accepted
    assert live.auction.format.unopened == {2: reason}
    assert live.result()["winner"] == 3
    assert live.auction.view(FINAL)["bidders"] == 1


def test_nothing_is_won_when_nothing_opens(client: redis.Redis) -> None:
    """With a lost key every envelope stays shut: the auction ends unsold, each envelope told."""
    live = Both(client, sealed_rules())
    live.envelope(1, 1)
    live.envelope(2, 3)
    assert live.open({1: "key_lost", 3: "key_lost"}).accepted
    result = live.result()
    assert (result["outcome"], result["reason"]) == ("unsold", "no_bids")


def test_an_auction_without_envelopes_needs_no_opening(client: redis.Redis) -> None:
    """Where nobody sealed, or all withdrew or were disqualified, the close is the end."""
    live = Both(client, sealed_rules(amend="latest_counts"))
    live.envelope(1, 1)
    live.envelope(2, 3)
    live.do(Command(do="withdraw", paddle=1), 3)
    live.do(Command(do="disqualify", paddle=3), 4)
    assert live.do(Command(do="tick"), FINAL).accepted
    assert live.result()["outcome"] == "unsold"
    assert live.open({}).reason == "closed"


def test_live_seal_takes_an_envelope_and_no_amount(client: redis.Redis) -> None:
    """An amount in the clear, no envelope, or an endless one: `invalid_amount`. Amendment rules hold as ever."""
    live = Both(client, sealed_rules())
    refused = [
        Command(do="seal", paddle=1, value=5_000),
        Command(do="seal", paddle=1, value=5_000, envelope="e"),
        Command(do="seal", paddle=1),
        Command(do="seal", paddle=1, envelope="e" * (ENVELOPE_MAX + 1)),
        Command(do="seal", paddle=1, envelope="锤" * (ENVELOPE_MAX // 3 + 1)),
    ]
    for command in refused:
        assert live.do(command, 5).reason == "invalid_amount"
    assert live.do(Command(do="seal", paddle=1, envelope="e" * ENVELOPE_MAX), 6).accepted
    assert live.envelope(7, 1).reason == "not_amendable"
    assert live.envelope(8, 7).reason == "unknown_paddle"
    assert live.envelope(END, 3).reason == "closed"


def test_retry_of_a_live_seal_must_be_the_same_envelope(client: redis.Redis) -> None:
    """The same id with the same envelope answers as the first time; with another it is refused."""
    live = Both(client, sealed_rules(amend="latest_counts"))
    assert live.envelope(1, 1, "first", id="a").accepted
    assert live.envelope(2, 1, "first", id="a").replayed
    assert live.envelope(3, 1, "second", id="a").reason == "id_reused"
    assert live.envelope(4, 1, "second", id="b").accepted


def test_opening_is_complete_due_and_once(client: redis.Redis) -> None:
    """No envelope can be left out, opened before the close is final, in another order, for another paddle, or twice."""
    live = Both(client, sealed_rules())
    live.envelope(1, 1)
    live.envelope(2, 3)
    assert live.open({1: 2_000, 3: 3_000}, END + GRACE_MS - 1).reason == "not_due"
    whole = opening_of(live.auction, {1: 2_000, 3: 3_000})
    assert whole.openings is not None
    one, two = whole.openings.bids
    wrong: list[tuple[BidOpening, ...]] = [
        (),
        (one,),
        (two,),
        (two, one),
        (one, one),
        (one, two, two),
        (one, msgspec.structs.replace(two, paddle=4)),
        (one, msgspec.structs.replace(two, seq=9)),
        (one, msgspec.structs.replace(two, amount_fen=0)),
        (one, msgspec.structs.replace(two, amount_fen=AMOUNT_MAX + 1)),
        (one, msgspec.structs.replace(two, reason="padding")),
    ]
    for bids in wrong:
        command = Command(do="open_bids", openings=Openings(bids))
        assert live.do(command, FINAL).reason == "invalid_amount"
    assert live.do(Command(do="open_bids"), FINAL).reason == "invalid_amount"
    assert live.open({1: 2_000, 3: 3_000}, id="opening").accepted
    again = msgspec.structs.replace(whole, id="opening")
    assert live.do(again, FINAL + 1).replayed
    assert live.do(whole, FINAL + 2).reason == "closed"


def test_nothing_is_opened_where_nothing_was_sealed_or_all_was_cancelled(
    client: redis.Redis,
) -> None:
    """A cancelled auction's envelopes stay shut; an auction without a sealing knows no opening."""
    live = Both(client, sealed_rules())
    live.envelope(1, 1)
    live.do(Command(do="cancel", reason="court order"), 2)
    assert live.open({1: 2_000}).reason == "cancelled"
    plain = Auction(parse_profile(sealed_rules()), {1: None})
    command = Command(do="open_bids", openings=Openings(()))
    assert plain.decide(command, FINAL, FINAL).reason == "wrong_action"


def test_create_again_with_other_keys_is_refused(client: redis.Redis) -> None:
    """The keys are as fixed as the rules: nobody exchanges them under the bidders' hands."""
    live = Both(client, sealed_rules())
    assert live.do(live.creation, 1).replayed
    other = msgspec.structs.replace(UNREAD_SEALING, hash="6" * 64)
    for sealing in (other, None):
        again = create_command(live.auction.profile, sealing=sealing)
        assert live.do(again, 2).reason == "id_reused"


class LiveSealed(RuleBasedStateMachine):
    """Anything happens to a live sealed auction, openings good and bad included; both engines answer alike."""

    kind: ClassVar[str]
    client: ClassVar[redis.Redis]

    @initialize(data=st.data())
    def publish(self, data: st.DataObject) -> None:
        self.both = Both(self.client, data.draw(auctions(self.kind)))
        self.clock = 0

    @rule(data=st.data(), wait=st.sampled_from([0, 1, 300, 1_000]), late=st.booleans())
    def act(self, data: st.DataObject, wait: int, late: bool) -> None:
        self.clock += wait
        command = data.draw(commands(self.kind, 1_000))
        if command.do == "seal":
            text = data.draw(st.sampled_from(["first", "second", "", "锤" * ENVELOPE_MAX]))
            command = msgspec.structs.replace(command, value=0, envelope=text)
        self.both.do(command, self.clock, age_ms=min(self.clock, 1_000) if late else 0)

    @rule(data=st.data(), wait=st.sampled_from([0, 5_000]))
    def seal(self, data: st.DataObject, wait: int) -> None:
        paddle = data.draw(st.sampled_from(PADDLES))
        self.both.envelope(self.clock, paddle, data.draw(st.sampled_from(["first", "second"])))

    @precondition(lambda self: self.both.auction.format.envelopes())
    @rule(data=st.data())
    def wait_out_and_open(self, data: st.DataObject) -> None:
        ends_at = self.both.auction.view(self.clock)["ends_at"]
        if ends_at is not None:
            self.clock = max(self.clock, ends_at + data.draw(st.sampled_from([0, GRACE_MS])))
        near = [999, 1_000, 1_001, 1_120, 1_121]
        found: st.SearchStrategy[int | str] = st.sampled_from([*near, AMOUNT_MAX, "padding"])
        amounts = {paddle: data.draw(found) for paddle in (*PADDLES, 9)}
        command = opening_of(self.both.auction, amounts, id=data.draw(st.sampled_from(["", "a"])))
        assert command.openings is not None
        if data.draw(st.booleans()) and len(command.openings.bids) > 1:
            bids = data.draw(st.permutations(command.openings.bids))
            command = msgspec.structs.replace(command, openings=Openings(tuple(bids)))
        self.both.do(command, self.clock)


@pytest.mark.parametrize("kind", SEALED_KINDS)
def test_lua_matches_rules_for_live_sealed_auctions(kind: str, client: redis.Redis) -> None:
    """Whatever is done, openings included, the library and the model decide and show the same."""
    run_state_machine_as_test(
        type(f"{kind}LiveSealed", (LiveSealed,), {"kind": kind, "client": client}),
        settings=settings(
            max_examples=25 * (50 if LONG else 1),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_a_format_without_envelopes_has_none_to_open() -> None:
    """An ascending auction waits for no opening, and takes none in."""
    profile = parse_profile(auction("english"))
    shard = Shard()
    shard.decide([NAME], [create_command(profile, {1: None}).to_wire(1, age_us=0)], 0)
    rules = shard.auctions[NAME].format
    assert rules.envelopes() == []
    rules.open(())
    with pytest.raises(AssertionError, match="only sealed formats"):
        rules.open((BidOpening(1, 1, 100, "nonce", ""),))
