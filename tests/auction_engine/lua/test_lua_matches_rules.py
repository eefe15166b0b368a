"""The function library against the reference model: the same commands, the same decisions byte for byte.

Hypothesis drives both, command by command, and compares the packed decision and the whole public view after each.
`LUOCHUI_HYPOTHESIS=long` plays some fifty times as many.
"""

import itertools
import os
import tempfile
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
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from auction_engine import keys
from auction_engine.library import rehearsal_source
from auction_engine.rules.commands import GRACE_MS, Command, Decision
from auction_engine.rules.model import Auction, create_command
from auction_engine.rules.profile import FORMATS, parse_profile
from auction_engine.rules.shard import Shard
from kit.embedded import Valkey
from tests.make_random_auctions import PADDLES, auctions, commands

LONG = os.environ.get("LUOCHUI_HYPOTHESIS") == "long"
SALT = "0" * 32
NAME = "lot"
#: So many commands come before an auction may be waited out, or most would close too soon to show much.
ACTS_BEFORE_THE_END = 25
_shards = itertools.count()


class Engines(RuleBasedStateMachine):
    """One auction in the model and in the library. The clock only goes forward; commands come up to 2 s late."""

    kind: ClassVar[str] = "english"
    client: ClassVar[redis.Redis]

    @initialize(data=st.data())
    def publish(self, data: st.DataObject) -> None:
        """Create the same auction in both; paddle 2 has a limit."""
        rules = data.draw(auctions(self.kind))
        profile = parse_profile(rules)
        limits = dict.fromkeys(PADDLES, None) | {2: profile.start_price_fen + 120}
        self.keys = keys.batch_keys(next(_shards), [NAME])
        self.client.hset(self.keys[0], mapping={"epoch": 1, "journalled": 10**15})
        self.model = Shard()
        self.clock = 0
        self.near = profile.start_price_fen
        self.retried: list[Command] = []
        self.acts = 0
        self._decide(create_command(profile, limits), age_us=0)

    @property
    def auction(self) -> Auction:
        return self.model.auctions[NAME]

    def _decide(self, command: Command, *, age_us: int) -> Decision:
        array = command.to_wire(1, age_us=age_us)
        told = msgspec.msgpack.encode([[self.clock, array]])
        arguments: list[Any] = ["1", "0", SALT, told, msgspec.msgpack.encode([NAME])]
        packed, views = self.client.fcall("rehearse_v1", 4, *self.keys, *arguments)
        [decision] = self.model.decide([NAME], [array], self.clock)
        assert packed == msgspec.msgpack.encode([decision.to_wire()])
        assert _told(msgspec.msgpack.decode(views)[0]) == _told(self.auction.view(self.clock))
        return decision

    @rule(
        data=st.data(),
        wait=st.sampled_from([0, 0, 0, 1, 100, 300, 499, 500, 1_000]),
        late=st.booleans(),
    )
    def act(self, data: st.DataObject, wait: int, late: bool) -> None:
        """Anybody does anything, at once or after waiting."""
        self.clock += wait
        self.acts += 1
        age = data.draw(st.sampled_from([1, 499, 1_000, GRACE_MS])) if late else 0
        age = min(age, self.clock)
        command = data.draw(commands(self.kind, self._near(self.clock - age)))
        decision = self._decide(command, age_us=age * 1_000 + 999 * (age < GRACE_MS) * late)
        if decision.accepted and command.id:
            self.retried.append(command)
        if decision.accepted and command.do == "bid":
            self.near = max(self.near, command.value)

    def _near(self, at: int) -> int:
        minimum = self.auction.format.minimum(self.auction.book.timeline.moment(at))
        return self.near if minimum is None else minimum

    @precondition(lambda self: self.retried and self.acts % 5 == 0)
    @rule(data=st.data(), wait=st.sampled_from([0, 1_000]))
    def retry(self, data: st.DataObject, wait: int) -> None:
        """An accepted command comes again and is answered as the first time."""
        self.clock += wait
        decision = self._decide(data.draw(st.sampled_from(self.retried)), age_us=0)
        assert decision.replayed

    @precondition(lambda self: self.acts > ACTS_BEFORE_THE_END)
    @rule()
    def wait_out(self) -> None:
        """The engine's clock reaches the moment at which the close is final."""
        ends_at = self.auction.view(self.clock)["ends_at"]
        if ends_at is not None:
            self.clock = max(self.clock, ends_at + GRACE_MS)
        self._decide(Command(do="tick"), age_us=0)

    @invariant()
    def never_sold_below_the_rules(self) -> None:
        """What is sold is sold at the start price or more (but on a falling clock), the reserve included."""
        view = self.auction.view(self.clock)
        result, profile = view["result"], self.auction.profile
        if result["outcome"] == "sold" and not self.kind.startswith("dutch"):
            assert result["price_fen"] >= (profile.reserve_price_fen or profile.start_price_fen)


def _told(view: dict[str, Any]) -> dict[str, Any]:
    """A view without what is null, as both say it: Lua has no null."""
    decoded = msgspec.msgpack.decode(msgspec.msgpack.encode(view))
    return {
        name: _told(value) if isinstance(value, dict) else value
        for name, value in decoded.items()
        if value is not None
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_lua_matches_rules(kind: str) -> None:
    """Whatever is done to an auction, the library and the model decide the same and show the same."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Valkey(Path(directory), options={"appendonly": "no"}) as server,
        closing(redis.Redis.from_url(server.url)) as client,
    ):
        client.function_load(rehearsal_source())
        machine = type(f"{kind}Engines", (Engines,), {"kind": kind, "client": client})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=(30 if kind == "english" else 12) * (50 if LONG else 1),
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )
