"""Signatures of webhook messages, as Standard Webhooks defines them: `v1`, HMAC-SHA256 over id, time and body.

`verify` is what a receiver does; it needs nothing but the standard library.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32
#: How old a message may be, either way, before a receiver refuses it as a repetition by somebody else.
TOLERANCE_SECONDS = 5 * 60


def new_secret() -> bytes:
    """A secret of 256 bits."""
    return secrets.token_bytes(SECRET_BYTES)


def shown_secret(secret: bytes) -> str:
    """The secret as it is handed over: `whsec_` and base64."""
    return PREFIX + base64.b64encode(secret).decode()


def read_secret(text: str) -> bytes:
    """The bytes of a secret as it was handed over. Raises ValueError."""
    if not text.startswith(PREFIX):
        raise ValueError(f"a secret begins with {PREFIX}")
    return base64.b64decode(text.removeprefix(PREFIX), validate=True)


def sign(secret: bytes, *, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature: `v1,` and the base64 of the HMAC over `id.timestamp.body`."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()


def headers(
    keys: Iterable[bytes], *, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a message; while a secret is being replaced it carries a signature by each."""
    signatures = [sign(key, message_id=message_id, timestamp=timestamp, body=body) for key in keys]
    assert signatures, "an endpoint has a secret"
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def verify(secret: str, given: dict[str, str], body: bytes, *, now_seconds: int) -> bool:
    """Whether a message came from who knows `secret`, lately, and unchanged. For receivers.

    A receiver keeps the `webhook-id`s that it has dealt with: a message may come more than once, under one id.
    """
    try:
        timestamp = int(given["webhook-timestamp"])
        message_id, signatures = given["webhook-id"], given["webhook-signature"]
    except (KeyError, ValueError):
        return False
    if abs(now_seconds - timestamp) > TOLERANCE_SECONDS:
        return False
    wanted = sign(read_secret(secret), message_id=message_id, timestamp=timestamp, body=body)
    found = [hmac.compare_digest(wanted, signature) for signature in signatures.split(" ")]
    return any(found)
