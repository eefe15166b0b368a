"""Identifiers: UUID version 7 (RFC 9562), ordered by the moment they were made."""

import secrets
from datetime import datetime
from uuid import UUID

from kit.clock import epoch_ms


def uuid7(now: datetime) -> UUID:
    """A new identifier whose first 48 bits are `now` in ms: ids made later sort later, to the ms."""
    version, variant = 0x7 << 76, 0b10 << 62
    random_a, random_b = secrets.randbits(12) << 64, secrets.randbits(62)
    return UUID(int=epoch_ms(now) << 80 | version | random_a | variant | random_b)
