"""What is remembered outside the database of what was signed, and what is refused because of it."""

from pathlib import Path

import asyncpg
import pytest

from auction_engine.checkpoints import Checkpoint
from auction_engine.errors import CheckpointInconsistent, JournalBroken
from auction_engine.log_tree import root
from auction_engine.projector import Projector
from auction_engine.witness import Witness, what_is_missing
from tests.auction_engine.make_engine import a_key
from tests.auction_engine.make_journal import SHARD, JournalWriter, a_story


def a_note(size: int, root_: bytes = b"\x01" * 32) -> str:
    key = a_key()
    return key.sign_checkpoint(Checkpoint(origin=key.origin(SHARD), size=size, root=root_))


def test_the_longest_checkpoint_stays(tmp_path: Path) -> None:
    """Whatever order processes come in, what was signed for more batches is not forgotten for less."""
    witness = Witness(tmp_path / "witness")
    assert witness.last(SHARD) is None
    assert witness.shards() == []
    for size in (7, 300, 299, 300):
        witness.remember(SHARD, a_note(size))
    last = Witness(tmp_path / "witness").last(SHARD)
    assert last is not None
    assert last.size == 300
    assert witness.shards() == [SHARD]
    assert witness.path_of(SHARD).read_text(encoding="utf-8") == a_note(300)


@pytest.mark.parametrize("text", ["", "what\never\n", "\xff\xfe", a_note(5)[:20]])
def test_a_file_that_is_no_checkpoint_is_no_memory_to_go_by(text: str, tmp_path: Path) -> None:
    """Who can't read what was signed may not act as if nothing had been."""
    witness = Witness(tmp_path)
    witness.path_of(SHARD).write_bytes(text.encode("latin-1"))
    with pytest.raises(JournalBroken, match=str(witness.path_of(SHARD))):
        witness.last(SHARD)


async def test_nothing_is_signed_that_the_witness_contradicts(
    tmp_path: Path, writer: JournalWriter, database: asyncpg.Pool, projector: Projector
) -> None:
    """A shorter history than the one remembered, or another of the same length, gets no signature (T12)."""
    witness = Witness(tmp_path / "witness")
    projector.witness = witness
    await a_story(writer)
    await projector.project(SHARD)
    await projector._checkpoint(SHARD, closing=True)
    last = witness.last(SHARD)
    async with database.acquire() as conn, conn.transaction():
        size = await conn.fetchval("SELECT seq FROM engine.shards WHERE shard = $1", SHARD)
        assert last is not None
        assert (last.size, last.root) == (size, await root(conn, SHARD, size=size))
        assert await what_is_missing(conn, SHARD, witness) is None
    for note, reason in (
        (a_note(size, b"\x02" * 32), "another history"),
        (a_note(size + 1, b"\x02" * 32), "older than it was"),
    ):
        witness.path_of(SHARD).write_text(note, encoding="utf-8")
        async with database.acquire() as conn, conn.transaction():
            assert reason in (await what_is_missing(conn, SHARD, witness) or "")
        with pytest.raises(CheckpointInconsistent, match=reason):
            await projector._checkpoint(SHARD, closing=True)
    assert await database.fetchval("SELECT count(*) FROM engine.checkpoints") == 1
