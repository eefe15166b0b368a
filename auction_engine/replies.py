"""What an error reply to a batch means, in one table: nothing of it was carried out, and what is done next.

A function call is refused as a whole before it runs, for every one of these reasons; whatever is not listed is an
unknown outcome. What is retried is retried until its commands are too old (2,000 ms) and refused as not decided.
"""

import struct
from enum import Enum

from auction_engine.connection import ServerRefused


class Meaning(Enum):
    """What the gateway does."""

    #: Ask where the shard lives now, connect there, pass the fence, send again.
    REROUTE = "reroute"
    #: It passes by itself: pause, pass the fence, send again.
    PAUSE = "pause"
    #: Load the library again (the fence does) and send again.
    RELOAD = "reload"
    #: Tell the callers that nothing was decided.
    REFUSE = "refuse"
    #: It may have been carried out.
    UNKNOWN = "unknown"


#: Code: what it means on one server, and what in a Cluster.
TABLE: dict[str, tuple[Meaning, Meaning]] = {
    # the slot has another owner now; one server alone has none to send to
    "MOVED": (Meaning.REFUSE, Meaning.REROUTE),
    # the slot is on its way: some of the shard's keys are here, some there, and a batch needs all of them in one place
    "ASK": (Meaning.REFUSE, Meaning.PAUSE),
    "TRYAGAIN": (Meaning.REFUSE, Meaning.PAUSE),
    # nobody owns the slot, or too few primaries see each other
    "CLUSTERDOWN": (Meaning.REFUSE, Meaning.REROUTE),
    # this server was demoted, or never was the primary
    "READONLY": (Meaning.REFUSE, Meaning.REROUTE),
    "MASTERDOWN": (Meaning.REFUSE, Meaning.REROUTE),
    # it reads its file; a Cluster may promote its replica meanwhile
    "LOADING": (Meaning.REFUSE, Meaning.REROUTE),
    # a shard's keys are of one slot by construction: this is a mistake of ours
    "CROSSSLOT": (Meaning.REFUSE, Meaning.REFUSE),
    # too few replicas are in touch
    "NOREPLICAS": (Meaning.REFUSE, Meaning.REFUSE),
    # no memory, no disk, a script that hogs the server, an account that may not
    "OOM": (Meaning.REFUSE, Meaning.REFUSE),
    "MISCONF": (Meaning.REFUSE, Meaning.REFUSE),
    "BUSY": (Meaning.REFUSE, Meaning.REFUSE),
    "NOPERM": (Meaning.REFUSE, Meaning.REFUSE),
    "NOAUTH": (Meaning.REFUSE, Meaning.REFUSE),
}
_NO_FUNCTION = "Function not found"


_OK = b"OK"
#: Number and moment of the batch, then how long the head and the decisions are; all that follows them is the header.
_PARTS = struct.Struct("<ddHI")


def as_parts(reply: object) -> object:
    """`decide_v2`'s OK in parts, `[b"OK", seq, decided_ms, head, decisions, header]`; any other reply as it is."""
    if not isinstance(reply, bytes) or not reply.startswith(_OK):
        return reply
    start = len(_OK) + _PARTS.size
    if len(reply) < start:
        return reply
    seq, decided_ms, head, decisions = _PARTS.unpack_from(reply, len(_OK))
    middle = start + head
    end = middle + decisions
    if len(reply) < end:
        return reply
    return [_OK, int(seq), int(decided_ms), reply[start:middle], reply[middle:end], reply[end:]]


def meaning_of(refused: ServerRefused, *, is_cluster: bool) -> Meaning:
    """What is to be done about an error reply."""
    if _NO_FUNCTION in str(refused):
        return Meaning.RELOAD
    found = TABLE.get(refused.code)
    return Meaning.UNKNOWN if found is None else found[is_cluster]


def new_address(refused: ServerRefused) -> str | None:
    """Where a MOVED says that the slot is: host and port."""
    parts = str(refused).split(" ")
    return parts[2] if refused.code == "MOVED" and len(parts) == 3 else None
