"""The function library against the reference model: the same commands, the same decisions byte for byte.

Hypothesis drives both, command by command, and compares the packed decision and the whole public view after each.
`LUOCHUI_HYPOTHESIS=long` plays some fifty times as many.
"""

import itertools
import os
import tempfile
from collections import Counter
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
from auction_engine.codes import REFUSALS
from auction_engine.library import rehearsal_source
from auction_engine.rules.commands import GRACE_MS, Command, Decision
from auction_engine.rules.model import Auction, create_command
from auction_engine.rules.profile import ASCENDING, FORMATS, parse_profile
from auction_engine.rules.shard import Shard
from kit.embedded import Valkey
from tests.make_random_auctions import PADDLES, auctions, commands

#: Random cases by the thousand go through the same lines again and again (tests/tracing.py).
pytestmark = pytest.mark.untraced

LONG = os.environ.get("LUOCHUI_HYPOTHESIS") == "long"
SALT = "0" * 32
NAME = "lot"
#: So many commands come before an auction may be waited out, or most would close too soon to show much.
ACTS_BEFORE_THE_END = 25
_shards = itertools.count()

#: What every format refuses, and what each refuses beside that (contracts 1, the list of refusals).
EVERYWHERE = REFUSALS[: REFUSALS.index("over_limit") + 1]
_FLOORS = ("below_start", "below_minimum")
_RAISES = (*_FLOORS, "off_grid", "above_step_cap", "already_leading")
OWN_CODES = {
    "english": _RAISES,
    "dynamic": (*_RAISES, "match_not_allowed", "not_due"),
    "rounds": _RAISES,
    "dutch": ("wrong_price",),
    "dutch_hybrid": (
        "wrong_price",
        "below_minimum",
        "already_leading",
        "match_not_allowed",
        "not_amendable",
    ),
    "one_shot": (*_FLOORS, "not_amendable"),
    "vickrey": (*_FLOORS, "not_amendable"),
    "uniform_price": (*_FLOORS, "not_amendable"),
    "weighted": (*_FLOORS, "not_amendable"),
    "sell_off": _RAISES,
}
#: So often the machine of a format is run again where a code was not reached; each run tries other histories.
RUNS_MAX = 40


class Engines(RuleBasedStateMachine):
    """One auction in the model and in the library. The clock only goes forward; commands come up to 2 s late."""

    kind: ClassVar[str] = "english"
    client: ClassVar[redis.Redis]
    told: ClassVar[Counter[str]]

    @initialize(data=st.data())
    def publish(self, data: st.DataObject) -> None:
        """Create the same auction in both; paddle 2 has a limit, so low that it is met."""
        rules = data.draw(auctions(self.kind))
        profile = parse_profile(rules)
        room = 120 if self.kind in ASCENDING else -40 if self.kind.startswith("dutch") else 15
        limits = dict.fromkeys(PADDLES, None) | {2: profile.start_price_fen + room}
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
        self.told[decision.reason or "accepted"] += 1
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
    """Whatever is done, library and model decide and show the same; every refusal of the format is met."""
    told: Counter[str] = Counter()
    expected = {"accepted", *EVERYWHERE, *OWN_CODES[kind]}
    with (
        tempfile.TemporaryDirectory() as directory,
        Valkey(Path(directory), options={"appendonly": "no"}) as server,
        closing(redis.Redis.from_url(server.url)) as client,
    ):
        client.function_load(rehearsal_source())
        namespace = {"kind": kind, "client": client, "told": told}
        machine = type(f"{kind}Engines", (Engines,), namespace)
        for run in range(RUNS_MAX):
            if run > 0 and expected <= told.keys():
                break
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=(30 if kind == "english" else 12) * (50 if LONG else 1),
                    stateful_step_count=40,
                    deadline=None,
                    # Where CI is set Hypothesis plays the same histories again, and no run would add to the one before.
                    derandomize=False,
                    suppress_health_check=list(HealthCheck),
                    database=None,
                ),
            )
    assert told.keys() == expected, f"{kind}: not reached or not known: {told.keys() ^ expected}"


def test_the_formats_together_refuse_with_every_code() -> None:
    """No refusal of contracts 1 is left out of the table that the machines have to reach."""
    assert OWN_CODES.keys() == set(FORMATS)
    assert {*EVERYWHERE, *itertools.chain(*OWN_CODES.values())} == set(REFUSALS)
