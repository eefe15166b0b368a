"""Time-based one-time passwords (RFC 6238) over HOTP (RFC 4226): what an authenticator app shows. 动态验证码"""

import base64
import hmac
import secrets
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlencode

DIGITS, STEP_SECONDS = 6, 30
#: A code of the step before and of the step after counts too: clocks differ, and people type.
_STEPS_AROUND = 1
_SECRET_BYTES = 20  # the length of the hash, as RFC 4226 recommends
_RECOVERY_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
RECOVERY_CODES = 10

Algorithm = Literal["sha1", "sha256", "sha512"]


def new_secret() -> bytes:
    """A secret for one account."""
    return secrets.token_bytes(_SECRET_BYTES)


def hotp(
    secret: bytes, counter: int, *, digits: int = DIGITS, algorithm: Algorithm = "sha1"
) -> str:
    """The code of a counter (RFC 4226, section 5.3)."""
    digest = hmac.digest(secret, counter.to_bytes(8, "big"), algorithm)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def counter_at(now: datetime) -> int:
    """The time step that `now` is in (RFC 6238, section 4.2; T0 = 0)."""
    return int(now.timestamp()) // STEP_SECONDS


def accepted_counter(secret: bytes, code: str, *, now: datetime, last: int) -> int | None:
    """The step whose code this is; None for a wrong code, and for one of a step not later than `last` (a replay)."""
    given = code.strip().replace(" ", "").encode()
    present = counter_at(now)
    found = None
    for counter in range(present - _STEPS_AROUND, present + _STEPS_AROUND + 1):
        is_right = hmac.compare_digest(hotp(secret, counter).encode(), given)
        if is_right and counter > last:
            found = counter
    return found


def otpauth_uri(secret: bytes, *, account: str, issuer: str = "Luochui 落槌") -> str:
    """What an authenticator app takes as a link, or from a picture of it."""
    label = f"{quote(issuer)}:{quote(account)}"
    query = urlencode(
        {
            "secret": spelled(secret),
            "issuer": issuer,
            "algorithm": "SHA1",
            "digits": DIGITS,
            "period": STEP_SECONDS,
        },
        quote_via=quote,
    )
    return f"otpauth://totp/{label}?{query}"


def spelled(secret: bytes) -> str:
    """The secret as people type it: base 32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def new_recovery_codes() -> list[str]:
    """Codes for who lost the device, each good once: ten letters and digits that are not mistaken for others."""
    return [
        "".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(5))
        + "-"
        + "".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(5))
        for _ in range(RECOVERY_CODES)
    ]


def is_recovery_code(code: str) -> bool:
    """Whether this has the form of a recovery code, not of a time-based one."""
    return len(code.strip()) == 11 and code.strip()[5] == "-"
