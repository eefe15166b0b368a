"""Whether the time that an answer takes tells something of a hidden maximum (reliability T22).

A rival bids again and again against a leader whose maximum nobody may learn. Of two auctions that look alike from
outside one has a maximum just above the rival's bid, the other one far above; a third is topped by the bid. All are
bid on in turn, in an order drawn anew each time, so that what else the machine does meets all of them alike; then
Mann and Whitney's rank test says whether one's answers are slower than the other's. A fourth auction is like the
first: the test must find nothing there either, or it is the measurement that is at fault.
"""

import asyncio
import gc
import math
import secrets
import time
from pathlib import Path
from uuid import UUID

import msgspec

from auction_engine import keys
from auction_engine.engine import Engine
from auction_engine.rules.commands import Command
from auction_engine.rules.profile import Profile, parse_profile
from kit.clock import epoch_ms, system_clock
from kit.embedded import Postgres
from loadtests.engine_stage import new_auction, servers, stage

START_FEN, STEP_FEN, FAR_FEN = 1_000_000, 100, 5_000_000_000_000
_HOUR_MS = 3_600_000
#: Rounds after which the journal is brought up to date, between two measurements.
_PROJECT_EVERY = 200
#: Below this a difference is told from chance: one run in a thousand cries without cause.
SIGNIFICANT = 0.001
_LEADER, _RIVAL, _LOW = 1, 2, 3
#: How a leader's maximum lies to the rival's bid: just above it, twice; far above it; topped by it.
NEAR, CONTROL, FAR, TOPPED = KINDS = ("near", "control", "far", "topped")


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Answers of two kinds. `share` is how often one of the first took longer than one of the second: 0.5 is alike.

    `p` is how often chance alone gives as much of a difference. Medians are microseconds.
    """

    name: str
    n: int
    medians_us: tuple[float, float]
    share: float
    z: float
    p: float
    is_secret: bool

    @property
    def is_significant(self) -> bool:
        """Whether the answers tell the two apart."""
        return self.p < SIGNIFICANT


class SecrecyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared; `ok` where no time tells a secret."""

    rounds: int
    comparisons: list[Comparison]
    ok: bool


def mann_whitney(first: list[int], second: list[int]) -> tuple[float, float, float]:
    """The share of pairs in which `first` is greater (ties count half), z with ties taken into account, two-sided p."""
    n, m = len(first), len(second)
    ordered = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks, ties, place = 0.0, 0, 0
    while place < len(ordered):
        end = place
        while end < len(ordered) and ordered[end][0] == ordered[place][0]:
            end += 1
        alike = end - place
        ties += alike**3 - alike
        own = sum(kind == 0 for _, kind in ordered[place:end])
        ranks += own * (place + end + 1) / 2
        place = end
    u = ranks - n * (n + 1) / 2
    whole = n + m
    variance = n * m / 12 * (whole + 1 - ties / (whole * (whole - 1)))
    z = 0.0 if variance == 0 else (u - n * m / 2) / math.sqrt(variance)
    return u / (n * m), z, math.erfc(abs(z) / math.sqrt(2))


def compared(
    name: str, first: list[int], second: list[int], *, is_secret: bool = True
) -> Comparison:
    """Two lists of nanoseconds."""
    share, z, p = mann_whitney(first, second)
    medians = (sorted(first)[len(first) // 2] / 1000, sorted(second)[len(second) // 2] / 1000)
    return Comparison(
        name=name, n=len(first), medians_us=medians, share=share, z=z, p=p, is_secret=is_secret
    )


class Rivalry:
    """One auction: a leader with a hidden maximum, and a rival who bids the least there is to bid, again and again."""

    def __init__(self, engine: Engine, auction: UUID, kind: str) -> None:
        self._engine, self._auction, self._kind = engine, auction, kind
        self.auction_id = str(auction)
        self._price = 0
        self._number = 0
        self.accepted_ns: list[int] = []
        self.refused_ns: list[int] = []

    async def begin(self) -> None:
        """Open it; the leader has a first maximum, which in the auction to be topped is topped at once."""
        paddles = dict.fromkeys((_LEADER, _RIVAL, _LOW))
        await self._engine.create_auction(self._auction, a_profile(), paddles=paddles)
        await self._ask("proxy", _LEADER, START_FEN)
        if self._kind == TOPPED:
            await self._ask("bid", _RIVAL, START_FEN + STEP_FEN)

    async def round(self) -> None:
        """The leader's maximum first; then one bid that is refused and one that is accepted, each with its time."""
        await self._ask("proxy", _LEADER, self._maximum())
        low = await self._ask("bid", _LOW, self._price, is_refused=True)
        high = await self._ask("bid", _RIVAL, self._price + STEP_FEN)
        self.refused_ns.append(low)
        self.accepted_ns.append(high)

    def _maximum(self) -> int:
        """What the leader will pay: a step more than the bid to come, far more, or just what leads until then."""
        if self._kind == TOPPED:
            return self._price + STEP_FEN
        return (
            self._price + 2 * STEP_FEN if self._kind != FAR else FAR_FEN + self._number * STEP_FEN
        )

    async def _ask(self, do: str, paddle: int, value: int, *, is_refused: bool = False) -> int:
        """Nanoseconds until the answer."""
        self._number += 1
        command = Command(do=do, paddle=paddle, value=value, id=f"n{self._number}")
        begun = time.perf_counter_ns()
        decision = (await self._engine.submit(self._auction, command)).decision
        took = time.perf_counter_ns() - begun
        assert decision.accepted is not is_refused, decision
        if decision.accepted:
            assert decision.price_fen is not None
            self._price = decision.price_fen
        return took


def a_profile() -> Profile:
    """An English auction of an hour, without extensions."""
    now_ms = epoch_ms(system_clock())
    return parse_profile(
        {
            "format": "english",
            "opens_at": now_ms - 1000,
            "closes_at": now_ms + _HOUR_MS,
            "start_price_fen": START_FEN,
            "step": {"kind": "fixed", "step_fen": STEP_FEN},
        }
    )


def bench_secrecy(rounds: int) -> SecrecyReport:
    """Measure on throw-away servers. Each of the answers compared is given `rounds` times."""
    return asyncio.run(_measured(rounds))


async def _measured(rounds: int) -> SecrecyReport:
    async with servers() as (directory, postgres):
        return await _on(directory, postgres, rounds)


async def _on(directory: Path, postgres: Postgres, rounds: int) -> SecrecyReport:
    async with stage(directory, postgres, 0, durability="relaxed") as made:
        rivalries = dict(zip(KINDS, _in_one_shard(made.engine), strict=True))
        for rivalry in rivalries.values():
            await rivalry.begin()
        await play(made.engine, list(rivalries.values()), rounds)
    near, again, far, topped = (rivalries[kind] for kind in KINDS)
    found = [
        compared("bid: control", near.accepted_ns, again.accepted_ns, is_secret=False),
        compared("bid: just below, far below", near.accepted_ns, far.accepted_ns),
        compared("bid: below, above", near.accepted_ns, topped.accepted_ns),
        compared("refusal: control", near.refused_ns, again.refused_ns, is_secret=False),
        compared("refusal: just below, far below", near.refused_ns, far.refused_ns),
    ]
    ok = not any(one.is_significant for one in found if one.is_secret)
    return SecrecyReport(rounds=rounds, comparisons=found, ok=ok)


def _in_one_shard(engine: Engine) -> list[Rivalry]:
    """The auctions, all decided over the same connection."""
    first = new_auction()
    shard, auctions = keys.shard_of(str(first)), [first]
    while len(auctions) < len(KINDS):
        auction = new_auction()
        if keys.shard_of(str(auction)) == shard:
            auctions.append(auction)
    return [Rivalry(engine, auction, kind) for auction, kind in zip(auctions, KINDS, strict=True)]


async def play(engine: Engine, rivalries: list[Rivalry], rounds: int) -> None:
    """Round after round in an order drawn anew, so that whatever the machine does meets all alike."""
    shard, order = keys.shard_of(rivalries[0].auction_id), secrets.SystemRandom()
    for number in range(1, rounds + 1):
        order.shuffle(rivalries)
        gc.disable()
        for rivalry in rivalries:
            await rivalry.round()
        gc.enable()
        if number % _PROJECT_EVERY == 0:
            await engine.projector.project(shard)


def table(report: SecrecyReport) -> str:
    """The report for people."""
    lines = [
        f"{report.rounds} answers of each kind, no fsync; Mann-Whitney, two-sided",
        f"{'':34}{'median us':>18}{'P(first > second)':>20}{'z':>8}{'p':>10}",
    ]
    for one in report.comparisons:
        medians = f"{one.medians_us[0]:.0f} / {one.medians_us[1]:.0f}"
        verdict = "" if not one.is_significant else "  TELLS" if one.is_secret else "  unsound"
        lines.append(
            f"{one.name:34}{medians:>18}{one.share:>20.4f}{one.z:>8.2f}{one.p:>10.4f}{verdict}"
        )
    return "\n".join(lines)
