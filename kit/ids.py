"""Identifiers: UUID version 7 (RFC 9562), ordered by the moment they were made."""

import secrets
import threading
from datetime import datetime
from uuid import UUID

from kit.clock import epoch_ms

_TAIL_BITS = 74
#: A new millisecond begins in the lower half, so that later ids of the same one have room to rise.
_FRESH_BITS = _TAIL_BITS - 1
_STEP_BITS = 32

_lock = threading.Lock()
_last = (0, 0)


def uuid7(now: datetime) -> UUID:
    """A new identifier whose first 48 bits are `now` in ms.

    Ids made later sort later: across processes to the millisecond, within a process also inside one
    (RFC 9562, 6.2, method 2), so that what one request records keeps its order.
    """
    global _last  # the last id of this process is what the next one must exceed
    ms = epoch_ms(now)
    with _lock:
        last_ms, last_tail = _last
        step = secrets.randbits(_STEP_BITS)
        tail = last_tail + 1 + step if ms == last_ms else secrets.randbits(_FRESH_BITS)
        _last = (ms, tail)
    high, low = tail >> 62, tail & (2**62 - 1)
    return UUID(int=ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
