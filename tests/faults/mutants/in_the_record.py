"""Faults in what is kept: projector, fence and rebuild, log and proofs, keys, the database's own refusals."""

from tests.faults.mutants.mutant import Mutant

_PROJECTOR = "tests/auction_engine/test_projector.py::"
_DURABILITY = "tests/auction_engine/test_durability.py::"
_RECOVERY = "tests/auction_engine/test_recovery.py::"
_REFUSALS = "tests/auction_engine/test_projector_refusals.py::"

MUTANTS = (
    Mutant(
        "another batch of the same number confirms this one",
        "auction_engine/sql/projector.sql",
        "WHERE shard = $1 AND seq = $2 AND head = $3)",
        "WHERE shard = $1 AND seq = $2 AND head <> '')",
        _DURABILITY + "test_the_journal_must_hold_this_very_batch",
    ),
    Mutant(
        "the stream is trimmed below what a standby has",
        "auction_engine/backlog.py",
        "        last = min(durable, seq - self._tail_batches)\n",
        "        last = seq - self._tail_batches\n",
        "tests/faults/test_journal.py::test_f20_nothing_is_trimmed_that_a_standby_lacks",
    ),
    Mutant(
        "the stream is trimmed behind a database that may lose what it has committed",
        "auction_engine/backlog.py",
        "        if amiss:\n",
        "        if len(amiss) > 4:\n",
        "tests/auction_engine/test_settings.py::test_each_setting_of_the_database_is_asserted",
    ),
    Mutant(
        "the fence trusts a server for being up",
        "auction_engine/recovery.py",
        "        if reason is None:\n",
        "        if reason != 0:\n",
        "tests/faults/test_engine_files.py::test_f08_lost_or_old_books[yesterday]",
    ),
    Mutant(
        "the fence compares no head",
        "auction_engine/recovery.py",
        "if meta.seq and await self._head_at(shard, meta.seq) != meta.head:",
        "if False:",
        "tests/faults/test_engine_files.py::test_f06_rotten_file[flip_the_head]",
    ),
    Mutant(
        "the fence looks at no book",
        "auction_engine/recovery.py",
        "        return await self._wrong_book(shard)\n",
        "        return None\n",
        "tests/faults/test_engine_files.py::test_f08_lost_or_old_books[evict]",
    ),
    Mutant(
        "a server without library stays without",
        "auction_engine/recovery.py",
        "        await restore_library(self._servers.client_of(shard))\n",
        "",
        "tests/faults/test_engine_files.py::test_f07_lost_files[everything]",
    ),
    Mutant(
        "a rebuilt auction goes on as if nothing had been",
        "auction_engine/recovery.py",
        '        if replica.auction.status(at_ms) == "open":\n',
        '        if replica.auction.status(at_ms) == "never":\n',
        _RECOVERY + "test_engine_that_lost_its_way_is_rebuilt_from_the_journal",
    ),
    Mutant(
        "auctions are suspended in the future",
        "auction_engine/recovery.py",
        "max(position.decided_ms, min(seen_ms, now_ms))",
        "max(position.decided_ms, seen_ms)",
        "tests/faults/test_clocks.py::test_f17_rebuild_after_the_clock_was_ahead",
    ),
    Mutant(
        "a wrong clock leaves its pulse",
        "auction_engine/projector.py",
        "if seen_ms is not None and seen_ms <= epoch_ms(self._clock()) + _AHEAD_MS_MAX:",
        "if seen_ms is not None:",
        _PROJECTOR + "test_a_server_with_a_clock_ahead_leaves_no_pulse",
    ),
    Mutant(
        "the position is written in a transaction of its own",
        "auction_engine/projector.py",
        "            async with self._pool.acquire() as conn, conn.transaction():\n                position = ",
        "            async with self._pool.acquire() as conn:\n                position = ",
        _PROJECTOR + "test_a_decision_that_the_rules_do_not_give_stops_the_projection",
    ),
    Mutant(
        "the stream is trimmed to the last batch",
        "auction_engine/backlog.py",
        "last = min(durable, seq - self._tail_batches)",
        "last = durable",
        _PROJECTOR + "test_the_stream_is_trimmed_only_below_the_position_and_keeps_a_tail",
    ),
    Mutant(
        "nobody decides again",
        "auction_engine/replica.py",
        "        if expected != decision:\n",
        "        if not expected:\n",
        _PROJECTOR + "test_a_decision_that_the_rules_do_not_give_stops_the_projection",
    ),
    Mutant(
        "a fork is projected",
        "auction_engine/projector.py",
        "    if header.previous_head != before.head:\n",
        "    if not header:\n",
        _PROJECTOR + "test_a_fork_is_refused",
    ),
    Mutant(
        "an envelope opens for any paddle",
        "auction_engine/sealed_bids.py",
        "        str(paddle),\n        nonce,\n",
        '        "1",\n        nonce,\n',
        "tests/auction_engine/test_sealed_bids.py",
    ),
    Mutant(
        "anybody's word makes a key good",
        "auction_engine/key_history.py",
        "if previous in found and is_held:",
        "if is_held:",
        "tests/marketplace/log/test_log.py::test_the_history_of_keys_only_grows",
    ),
    Mutant(
        "a leaf may pose as an inner node",
        "auction_engine/merkle.py",
        'sha256(b"\\x00" + data)',
        "sha256(data)",
        "tests/auction_engine/test_merkle_tree.py",
    ),
    Mutant(
        "a checkpoint is signed over anything",
        "auction_engine/log_tree.py",
        "        await _prove_consistent(conn, shard, last, checkpoint)\n",
        "        pass\n",
        _PROJECTOR + "test_no_checkpoint_is_signed_over_a_rewritten_log",
    ),
    Mutant(
        "the database takes an old epoch",
        "migrations/20261121030000_engine.sql",
        "IF current_epoch IS DISTINCT FROM NEW.epoch THEN",
        "IF current_epoch IS NULL THEN",
        _PROJECTOR + "test_an_old_epoch_can_not_get_a_batch_journalled",
    ),
    Mutant(
        "the database takes a falling price",
        "migrations/20261121030000_engine.sql",
        "action = 'disqualify' OR price_key = 0 OR price_key >= previous_price_key",
        "price_key IS NOT NULL",
        _REFUSALS + "test_the_database_refuses_a_bad_bid_by_itself",
    ),
)
