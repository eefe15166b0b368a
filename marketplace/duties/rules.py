"""When a duty that failed is tried again, and when people are asked to look."""

from datetime import timedelta

from marketplace.duties.schemas import Kind

#: After so many attempts a duty is `stuck`: shown in `/readyz` and to the operators, and tried no more by itself.
ATTEMPTS_MAX = 12
#: How long a worker may take over one duty before another may take it up. Every duty is safe to run twice at once.
LEASE = timedelta(seconds=60)
#: What may take longer than a lease: whoever does it renews its lease this often, so that slow is not taken for dead.
LONG = frozenset({Kind.RUN_IMPORT})
#: What is done only while nothing else is due (`market.duties.is_patient`): a bank that imports its portfolio, and the
#: daily look at every loan, add a hundred thousand at once. No auction waits for them.
PATIENT = frozenset({Kind.WATCH_CASE})
#: So many of them are handed to the workers at a time.
PATIENT_MAX = 20
RENEW_EVERY = LEASE / 3
_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=5)


def pause_after(attempts: int) -> timedelta:
    """The pause after the failure of attempt number `attempts`: 1, 2, 4 ... seconds, five minutes at most."""
    doublings = min(attempts - 1, 10)
    return min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)


def is_exhausted(attempts: int) -> bool:
    """Whether a duty that failed `attempts` times is left to people."""
    return attempts >= ATTEMPTS_MAX
