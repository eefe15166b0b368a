"""The venue's signing key: 32 bytes in a file that only its owner reads, and the name of the log that it signs."""

from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auction_engine.checkpoints import LogKey
from kit.errors import LuochuiError

_KEY_BYTES = 32


class SigningKeyUnusable(LuochuiError):
    """The venue's signing key is missing or is not 32 bytes. / 场所签名密钥缺失或长度不是 32 字节。"""

    code = "signing_key"


def read_log_key(path: str | None, *, origin: str) -> LogKey:
    """The key in `path`, for the log of the site at `origin`. The log is named by its host: ports come and go."""
    if path is None:
        raise SigningKeyUnusable(
            "signing_key_path is not set; name a file of 32 random bytes (LUOCHUI_SIGNING_KEY_PATH)",
            "未设置 LUOCHUI_SIGNING_KEY_PATH，请指定 32 字节密钥文件",
        )
    try:
        secret = Path(path).read_bytes()
    except OSError as error:
        raise SigningKeyUnusable(
            f"signing_key_path: {path} can't be read ({error.strerror})",
            f"无法读取签名密钥文件 {path}",
        ) from error
    if len(secret) != _KEY_BYTES:
        raise SigningKeyUnusable(
            f"signing_key_path: {path} holds {len(secret)} bytes, not {_KEY_BYTES}",
            f"签名密钥文件 {path} 长度应为 {_KEY_BYTES} 字节",
        )
    name = f"{urlsplit(origin).hostname or 'luochui'}/engine"
    return LogKey(name, Ed25519PrivateKey.from_private_bytes(secret))
