"""The only module that reads a clock. Everything else takes `now`, or a `Clock`, as a value."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

Clock = Callable[[], datetime]

#: Deadlines of the law are counted in Chinese time (domain 0.2); stored instants are UTC.
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")

#: The years of the days and instants that are taken in. Terms are counted on from them, and they are shown in Chinese
#: time: neither can be done at the ends of the calendar.
FIRST_YEAR, LAST_YEAR = 1900, 2200


def system_clock() -> datetime:
    """The present instant, UTC."""
    return datetime.now(UTC)


def monotonic_us() -> int:
    """Microseconds of a clock that never steps; only differences mean anything."""
    return time.monotonic_ns() // 1000


def in_china(moment: datetime) -> str:
    """`moment` as people in China read it, to the second: "2026-11-30 10:00:00"."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def epoch_ms(moment: datetime) -> int:
    """`moment` in whole milliseconds since 1970, rounded down."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def from_epoch_ms(ms: int) -> datetime:
    """The instant `ms` milliseconds after 1970, UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
