"""Rehearsals: plays scenarios through the function library on a throw-away server, or through the reference model.

Source: contracts 1. A scenario is read strictly; whatever is wrong with it is refused before anything is played, and
the refusal names the field. What is wrong with a *bid* is a decision instead.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn, cast

import msgspec
import redis

from auction_engine import keys
from auction_engine.library import rehearsal_source
from auction_engine.rules.commands import ACTIONS, GRACE_MS, Command, Decision, Result
from auction_engine.rules.model import Auction, create_command
from auction_engine.rules.profile import Profile, parse_profile, refuse_repeats
from auction_engine.rules.reading import Fields, printable, refuse, shown, whole
from auction_engine.rules.terms import Weighted
from kit.embedded import Valkey
from kit.errors import InvalidInput
from kit.money import BP_ONE

#: Steps in one call of the library, so that no call runs for long.
_CALL_STEPS = 1_000
_EPOCH = "1"
_SALT = "0" * 32
#: Nothing of a rehearsal is to last.
_SERVER_OPTIONS = {"appendonly": "no"}


class Step(msgspec.Struct, frozen=True):
    """One command, when it entered the venue's server and when it was decided, in milliseconds."""

    at: int
    decided_at: int
    command: Command


class Scenario(msgspec.Struct, frozen=True):
    """An auction's rules, the paddles it starts with (and their limits), and what is done."""

    profile: Profile
    paddles: dict[int, int | None]
    steps: tuple[Step, ...]


class Played(msgspec.Struct, frozen=True):
    """What a scenario came to: one decision a step, and the state at the last decided moment."""

    decisions: tuple[Decision, ...]
    result: Result

    def as_object(self) -> dict[str, Any]:
        """The output of contracts 1."""
        return {
            "decisions": [decision.as_object() for decision in self.decisions],
            "result": self.result.as_object(),
        }


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file. Raises InvalidInput that names the file, the field and the reason."""
    # A file's name may hold anything, and the refusal is one line.
    name = printable(str(path))
    try:
        return parse_scenario(_decoded(path.read_bytes()))
    except OSError as error:
        raise InvalidInput(
            name, f"can't be read: {error.strerror}", f"无法读取：{error.strerror}"
        ) from error
    except InvalidInput as error:
        english = error.message.removeprefix(f"{error.field}: ")
        chinese = error.message_zh.removeprefix(f"{error.field}：")
        raise InvalidInput(f"{name}: {error.field}", english, chinese) from error


def _decoded(data: bytes) -> object:
    """Strict JSON: one value, no name twice in an object, no NaN, not endlessly deep."""
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except UnicodeDecodeError:
        refuse("scenario", "is not UTF-8", "不是 UTF-8 编码")
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        refuse("scenario", f"is not JSON: {error.msg} at {where}", f"不是有效的 JSON（{where}）")
    except RecursionError:
        refuse("scenario", "is nested too deeply", "嵌套过深")
    except ValueError:
        refuse("scenario", "holds a number with too many digits", "数字位数过多")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            refuse(printable(name), "is given twice in one object", "在同一对象中重复出现")
        found[name] = value
    return found


def _no_constant(name: str) -> NoReturn:
    refuse("scenario", f"{name} is not JSON", f"{name} 不是有效的 JSON")


def parse_scenario(given: object) -> Scenario:
    """The scenario of a decoded object. Raises InvalidInput naming the field and the reason."""
    fields = Fields(given, "")
    profile = parse_profile(fields.take("auction"))
    paddles = fields.items(
        "paddles", lambda paddle: (paddle.whole("paddle"), paddle.whole_or_none("limit_fen"))
    )
    refuse_repeats("paddles", [paddle for paddle, _ in paddles])
    last = [0]
    steps = fields.items("steps", lambda step: _read_step(step, profile, last))
    fields.done()
    return Scenario(profile, dict(paddles), steps)


def _read_step(fields: Fields, profile: Profile, last: list[int]) -> Step:
    at = fields.moment("at")
    decided_at = at
    if fields.has("decided_at"):
        decided_at = fields.whole("decided_at", least=at, most=at + GRACE_MS)
        late_field = "decided_at"
    else:
        late_field = "at"
    if decided_at < last[0]:
        refuse(
            fields.name(late_field),
            f"must not be before {last[0]}, when the step before was decided; not {decided_at}",
            f"不得早于上一步的裁定时刻 {last[0]}，不能是 {decided_at}",
        )
    last[0] = decided_at
    do = fields.choice("do", ACTIONS)
    return Step(at, decided_at, _COMMANDS[do](fields, do, profile))


def _whole(fields: Fields, name: str) -> int:
    """Any whole number: one that is out of range is decided, not refused as bad input."""
    value = fields.take(name)
    if type(value) is not int:
        refuse(
            fields.name(name),
            f"must be a whole number, not {shown(value)}",
            f"须为整数，不能是 {shown(value)}",
        )
    return value


def _id(fields: Fields) -> str:
    return fields.text("id") if fields.has("id") else ""


def _reason(fields: Fields) -> str:
    return fields.text("reason") if fields.has("reason") else ""


def _bid(fields: Fields, do: str, _: Profile) -> Command:
    amount = _whole(fields, "max_fen" if do == "proxy" else "amount_fen")
    return Command(do=do, paddle=_whole(fields, "paddle"), value=amount, id=_id(fields))


def _paddle_only(fields: Fields, do: str, _: Profile) -> Command:
    return Command(do=do, paddle=_whole(fields, "paddle"), id=_id(fields))


def _operator(fields: Fields, do: str, _: Profile) -> Command:
    return Command(do=do, reason=_reason(fields), id=_id(fields))


def _disqualify(fields: Fields, do: str, _: Profile) -> Command:
    paddle = _whole(fields, "paddle")
    return Command(do=do, paddle=paddle, reason=_reason(fields), id=_id(fields))


def _admit(fields: Fields, do: str, _: Profile) -> Command:
    paddle = _whole(fields, "paddle")
    value = 0
    if fields.has("limit_fen"):
        given = fields.take("limit_fen")
        # 0 stands for no limit in a command; a limit of 0 is one that can't be taken.
        value = 0 if given is None else _limit(given, fields.name("limit_fen"))
    return Command(do=do, paddle=paddle, value=value, id=_id(fields))


def _limit(given: object, name: str) -> int:
    if type(given) is not int:
        refuse(
            name,
            f"must be a whole number or null, not {shown(given)}",
            f"须为整数或 null，不能是 {shown(given)}",
        )
    return given if given > 0 else -1


def _score(fields: Fields, do: str, profile: Profile) -> Command:
    name = fields.name("scores")
    given = fields.take("scores")
    if not isinstance(given, dict):
        refuse(name, f"must be an object, not {shown(given)}", f"须为对象，不能是 {shown(given)}")
    scores = Fields(given, name)
    known = (
        [term.name for term in profile.terms.terms]
        if isinstance(profile.terms, Weighted)
        else list(given)
    )
    read = {
        term: whole(scores.take(term), scores.name(term), least=0, most=BP_ONE)
        for term in known
        if scores.has(term)
    }
    scores.done()
    return Command(do=do, paddle=_whole(fields, "paddle"), scores=read, id=_id(fields))


def _tick(fields: Fields, do: str, _: Profile) -> Command:
    return Command(do=do)


_COMMANDS: dict[str, Callable[[Fields, str, Profile], Command]] = {
    "bid": _bid,
    "accept": _bid,
    "seal": _bid,
    "proxy": _bid,
    "withdraw": _paddle_only,
    "score": _score,
    "exercise": _paddle_only,
    "suspend": _operator,
    "resume": _operator,
    "cancel": _operator,
    "disqualify": _disqualify,
    "admit": _admit,
    "tick": _tick,
}


def play_on_model(scenario: Scenario) -> Played:
    """Play a scenario through the reference model."""
    auction = Auction(scenario.profile, scenario.paddles)
    last, decisions = 0, []
    for step in scenario.steps:
        decisions.append(auction.decide(step.command, step.at, step.decided_at))
        last = step.decided_at
    return Played(tuple(decisions), auction.result(last))


def play_on_server(client: redis.Redis, scenario: Scenario, shard: int) -> Played:
    """Play a scenario through the rehearsal library that `client`'s server has loaded, in a shard of its own."""
    auction_id = f"rehearsal-{shard}"
    names = keys.batch_keys(shard, [auction_id])
    # Nothing projects this journal, so nothing may wait for it either.
    client.hset(names[0], mapping={"epoch": _EPOCH, "journalled": str(10**15)})
    creation = create_command(scenario.profile, scenario.paddles)
    told: list[Any] = [[0, creation.to_wire(1, age_us=0)]]
    for step in scenario.steps:
        age_us = (step.decided_at - step.at) * 1_000
        told.append([step.decided_at, step.command.to_wire(1, age_us=age_us)])
    wire: list[list[int]] = []
    view: dict[str, Any] = {}
    for first in range(0, len(told), _CALL_STEPS):
        commands = msgspec.msgpack.encode(told[first : first + _CALL_STEPS])
        auctions = msgspec.msgpack.encode([auction_id])
        arguments: list[Any] = [_EPOCH, "0", _SALT, commands, auctions]
        call = cast("Callable[..., object]", client.execute_command)
        reply = call("FCALL", "rehearse_v1", len(names), *names, *arguments)
        packed, views = cast("list[bytes]", reply)
        wire += msgspec.msgpack.decode(packed)
        view = msgspec.msgpack.decode(views)[0]
    decisions = tuple(Decision.from_wire(array) for array in wire[1:])
    return Played(decisions, msgspec.convert(view["result"], Result))


def rehearse(scenarios: Sequence[Scenario], *, on_model: bool) -> list[Played]:
    """Play scenarios in order, all through one throw-away server unless `on_model`."""
    if on_model:
        return [play_on_model(scenario) for scenario in scenarios]
    with (
        tempfile.TemporaryDirectory(prefix="luochui-rehearsal-") as directory,
        Valkey(Path(directory), options=_SERVER_OPTIONS) as server,
        closing(redis.Redis.from_url(server.url)) as client,
    ):
        client.function_load(rehearsal_source(), replace=True)
        return [play_on_server(client, scenario, shard) for shard, scenario in enumerate(scenarios)]
