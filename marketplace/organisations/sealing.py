"""Seals what must be read again and may not lie open in a database dump: the secrets of second factors."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_PURPOSE = b"luochui second factor"


class Sealer:
    """AES-256-GCM under a key derived from the installation's; without one (tests), what is sealed stays as it is."""

    def __init__(self, key: bytes | None) -> None:
        self._cipher = None
        if key is not None:
            derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key)
            self._cipher = AESGCM(derived)

    @property
    def is_sealing(self) -> bool:
        """Whether there is a key."""
        return self._cipher is not None

    def seal(self, secret: bytes, *, owner: bytes) -> bytes:
        """Bound to its owner: it opens in nobody else's row."""
        if self._cipher is None:
            return secret
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, owner)

    def open(self, sealed: bytes, *, owner: bytes) -> bytes:
        """What `seal` sealed. Raises cryptography's InvalidTag for anything else."""
        if self._cipher is None:
            return sealed
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner)


def sealer_of(signing_key_path: str | None) -> Sealer:
    """The sealer of this installation; its key is derived from the signing key's file."""
    path = None if signing_key_path is None else Path(signing_key_path)
    return Sealer(path.read_bytes() if path is not None and path.exists() else None)
