"""A commitment to an amount: handed in now, opened later, and until then readable by nobody at all.

Its maker keeps the amount and 32 random bytes; what is handed in is a SHA-256 over both, bound to what it is for and to
whom it is from, so that nobody can open another's as their own.
"""

import hashlib
import re

from kit.errors import InvalidInput

_NONCE = re.compile(r"^[0-9a-f]{64}\Z")


def commitment(purpose: str, maker: str, *, amount_fen: int, nonce: str) -> str:
    """SHA-256 in hex of five lines, each ended by a line feed: version, purpose, maker, amount in fen, nonce in hex.

    Raises `InvalidInput` for a nonce that is not 32 bytes in lower-case hex: a short one could be guessed.
    """
    if not _NONCE.match(nonce):
        raise InvalidInput(
            "nonce",
            "must be 32 random bytes in lower-case hex (64 characters)",
            "须为 32 个随机字节的小写十六进制（64 个字符）",
        )
    lines = ("luochui-commitment-v1", purpose, maker, str(amount_fen), nonce)
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
