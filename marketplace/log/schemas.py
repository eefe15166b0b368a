"""What is told of the log. Keys, hashes and signatures are hex."""

from datetime import datetime

import msgspec


class LogKeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs, or signed, for the log. `handover`: the signature of `previous` over it, null if there is none.

    `verifier` is the key in the form that C2SP signed notes use.
    """

    public_key: str
    verifier: str
    previous: str | None
    handover: str | None
    added_at: datetime


class LogKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Every key of the log, the present one last. Receipts and checkpoints of all of them stay good."""

    log: str
    items: list[LogKeyShown]
