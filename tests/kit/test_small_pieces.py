"""Identifiers, clock, errors, statements, failpoints."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from kit import clock, failpoints
from kit.errors import InvalidInput, LuochuiError, NotFound
from kit.ids import uuid7
from kit.migrate import dbmate_url


def test_ids_are_version_7_and_sort_by_time(now: datetime) -> None:
    """A UUIDv7 carries its moment in the first 48 bits, so that later ids sort later."""
    ids = [uuid7(now + timedelta(milliseconds=ms)) for ms in range(50)]
    assert ids == sorted(ids)
    assert {i.version for i in ids} == {7}
    assert {i.variant for i in ids} == {"specified in RFC 4122"}
    assert ids[3].int >> 80 == clock.epoch_ms(now) + 3
    same = [uuid7(now) for _ in range(1000)]
    assert same == sorted(set(same))


def test_milliseconds_are_exact_in_both_directions() -> None:
    """A moment with microseconds is rounded down to its millisecond, never by way of a float."""
    moment = datetime(2026, 11, 2, 9, 30, 15, 123_999, tzinfo=UTC)
    assert clock.from_epoch_ms(clock.epoch_ms(moment)) == moment.replace(microsecond=123_000)
    assert clock.epoch_ms(datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)) == -1


def test_the_clock_is_utc_and_monotonic_time_does_not_step() -> None:
    """The two readings that the rest of the program builds on."""
    assert clock.system_clock().tzinfo is UTC
    assert clock.monotonic_us() <= clock.monotonic_us()


def test_errors_speak_both_languages() -> None:
    """The docstring is the text, unless values belong in it."""
    assert NotFound().message == "There is no such thing, or it is not yours to see."
    assert NotFound().message_zh == "对象不存在，或您无权查看。"
    error = InvalidInput("amount_fen", "must be a whole number", "必须为整数")
    assert (error.message, error.message_zh) == (
        "amount_fen: must be a whole number",
        "amount_fen：必须为整数",
    )
    assert error.context == {"field": "amount_fen"}
    assert LuochuiError("only English").message_zh == "only English"


def test_dbmate_is_told_where_the_socket_is() -> None:
    """libpq's `host=/path` becomes dbmate's `socket=/path`; a TCP address stays."""
    assert (
        dbmate_url("postgresql://postgres:x@/db?host=/run/pg")
        == "postgres://postgres:x@/db?socket=%2Frun%2Fpg&sslmode=disable"
    )
    assert dbmate_url("postgresql://u:p@db.example:5432/db") == "postgres://u:p@db.example:5432/db"


def test_a_failpoint_acts_only_when_armed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing without the variable; raise, wait or die with it; the N-th time when so asked."""
    point = failpoints.register("test.point")
    point()
    monkeypatch.setenv("LUOCHUI_FAILPOINTS", "other=raise,test.point=raise@2")
    point()
    with pytest.raises(failpoints.FailpointReached, match=r"test\.point"):
        point()
    monkeypatch.setenv("LUOCHUI_FAILPOINTS", "test.point=sleep:1")
    point()
    monkeypatch.setenv("LUOCHUI_FAILPOINTS", "test.point=explode")
    with pytest.raises(ValueError, match="unknown action"):
        point()
    assert "test.point" in failpoints.names()


def test_a_failpoint_can_end_the_process_as_a_kill_would() -> None:
    """Exit 137 at once: no clean-up runs."""
    program = (
        "import os; os.environ['LUOCHUI_FAILPOINTS'] = 'die=exit'\n"
        "from kit import failpoints\n"
        "try:\n    failpoints.register('die')()\nfinally:\n    print('cleaned up')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (137, "")
