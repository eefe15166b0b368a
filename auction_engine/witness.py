"""A second memory of what was signed, outside PostgreSQL: a directory with each shard's last checkpoint.

A database that is restored from an old backup is consistent in itself, and so would be a new history from there: the
same sequence numbers with other bids. Whoever still holds a checkpoint of the longer history can tell. The fence asks
the witness before it lets a shard take bids, and the projector before it signs (reliability F23, T12).

One file a shard, the signed note as it was published. It belongs on another disk than the database's, and is never
restored with it.
"""

import asyncio
import fcntl
import os
import re
from pathlib import Path

from auction_engine import log_tree
from auction_engine.checkpoints import BadNote, Checkpoint, parse_checkpoint
from auction_engine.errors import JournalBroken
from auction_engine.log_tree import SQL
from kit.sql import Connection

_NAME = re.compile(r"s(\d{2,5})\.note")


class Witness:
    """The directory; any number of processes may share it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def shards(self) -> list[int]:
        """The shards of which something is remembered."""
        if not self.directory.is_dir():
            return []
        found = (_NAME.fullmatch(path.name) for path in self.directory.iterdir())
        return sorted(int(name[1]) for name in found if name)

    def last(self, shard: int) -> Checkpoint | None:
        """The longest checkpoint that was remembered. Raises JournalBroken where the file can't be read as one."""
        path = self.path_of(shard)
        try:
            return _checkpoint_in(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, BadNote) as error:
            raise JournalBroken(f"the witness's {path} can't be read ({error})") from error

    def remember(self, shard: int, note: str) -> None:
        """Keep this checkpoint, on disk, unless a longer one is kept already."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.path_of(shard)
        with (self.directory / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self.last(shard)
            if before is not None and before.size >= _checkpoint_in(note).size:
                return
            written = path.with_suffix(".new")
            with written.open("w", encoding="utf-8") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            written.replace(path)
            _sync(self.directory)

    def path_of(self, shard: int) -> Path:
        """The file of one shard."""
        return self.directory / f"s{shard:02d}.note"


async def what_is_missing(conn: Connection, shard: int, witness: Witness | None) -> str | None:
    """Why the database is not the one that the witness remembers, or None; call inside a transaction."""
    last = None if witness is None else await asyncio.to_thread(witness.last, shard)
    if witness is None or last is None:
        return None
    size = await conn.fetchval(SQL["shard_size"], shard) or 0
    path = witness.path_of(shard)
    if size < last.size:
        return (
            f"the database holds {size} batches, and {last.size} were signed ({path}): it is older than it was;"
            " bring the newer one back, or move that file to the papers of this loss to go on without them"
        )
    if await log_tree.root(conn, shard, size=last.size) != last.root:
        return (
            f"the database's first {last.size} batches are not those that were signed ({path}): it holds another"
            " history; bring the right one back, or move that file to the papers of this loss"
        )
    return None


def _checkpoint_in(note: str) -> Checkpoint:
    text, blank, _ = note.rpartition("\n\n")
    if not blank:
        raise BadNote("the note has no signature lines after its last empty line")
    return parse_checkpoint(text + "\n")


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
