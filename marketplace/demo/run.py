"""What the demo remembers between starts: which run it is playing, so that a killed run is taken up again."""

import hashlib
import hmac
import secrets
from pathlib import Path

import msgspec


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One playing of the story. Every request's Idempotency-Key follows from it, so a step said twice is done once."""

    number: int
    secret: str
    is_finished: bool = False
    #: What was decided once and must be said again the same way: the moments of the auction.
    moments: dict[str, str] = {}

    def key(self, step: str) -> str:
        """The Idempotency-Key of a step of this run."""
        return f"demo-{self.number}-{step}"

    def password(self, username: str) -> str:
        """A person's password: not guessable without the run file, the same at each start."""
        return hmac.new(self.secret.encode(), username.encode(), hashlib.sha256).hexdigest()[:40]


class RunFile:
    """The run, on disk; replaced as a whole, so that a kill leaves the old or the new one."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "demo" / "run.json"

    def begin(self) -> tuple[Run, bool]:
        """The run to play, and whether it is one that was interrupted."""
        if self._path.exists():
            last = msgspec.json.decode(self._path.read_bytes(), type=Run)
            if not last.is_finished:
                return last, True
            run = Run(number=last.number + 1, secret=last.secret)
        else:
            run = Run(number=1, secret=secrets.token_hex(32))
        self._write(run)
        return run, False

    def finish(self, run: Run) -> None:
        """Remember that this run's story was told to its end."""
        self._write(msgspec.structs.replace(run, is_finished=True))

    def remember(self, run: Run, moments: dict[str, str]) -> Run:
        """Keep the moments that this run fixed, before they are used."""
        kept = msgspec.structs.replace(run, moments=run.moments | moments)
        self._write(kept)
        return kept

    def _write(self, run: Run) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new")
        temporary.touch(mode=0o600)
        temporary.write_bytes(msgspec.json.encode(run))
        temporary.replace(self._path)
