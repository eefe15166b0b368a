"""Mutants of the bid engine that must die: tests that can't fail are worthless (reliability 5.7).

`python -m tests.faults.mutants [NAME...]` copies the tree once, checks that every named test passes there, then puts
in one fault after the other and demands that its test turns red. A fault whose text is no longer in the source, once,
counts as one that lived: the table follows the code.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 240
_LUA = "auction_engine/lua/"
_ALIKE = "tests/conformance/test_rehearse_english.py"
_LIBRARY = "tests/auction_engine/lua/test_library.py::"
_HELD = "tests/auction_engine/lua/test_held_books.py"
_GATEWAY = "tests/auction_engine/test_gateway.py::"
_LONE = "tests/auction_engine/test_lone_bid.py::"
_PROJECTOR = "tests/auction_engine/test_projector.py::"
_ENGLISH = "tests/auction_engine/rules/test_english_rules.py"
_DURABILITY = "tests/auction_engine/test_durability.py::"
_SETTINGS = "tests/auction_engine/test_settings.py::"
_RECOVERY = "tests/auction_engine/test_recovery.py::"
_REFUSALS = "tests/auction_engine/test_projector_refusals.py::"


class Mutant(msgspec.Struct, frozen=True):
    """One fault: the text that it takes the place of stands in the file exactly once."""

    name: str
    path: str
    old: str
    new: str
    test: str


MUTANTS = (
    Mutant(
        "a bid at the very end counts",
        _LUA + "core.lua",
        "moment >= book.rules.ends_for(book, action)",
        "moment > book.rules.ends_for(book, action)",
        _ALIKE,
    ),
    Mutant(
        "the close is not latched",
        _LUA + "core.lua",
        "    book.final, book.changed = true, true\n",
        "    book.changed = true\n",
        _LIBRARY + "test_the_close_is_latched",
    ),
    Mutant(
        "the grace ends a millisecond late",
        _LUA + "codes.lua",
        "local GRACE_MS = 2000\n",
        "local GRACE_MS = 2001\n",
        _ALIKE,
    ),
    Mutant(
        "one clock alone decides",
        _LUA + "batch.lua",
        "math.abs(server_ms - gateway_ms) > CLOCK_SKEW_MS",
        "math.abs(server_ms - gateway_ms) < 0",
        "tests/faults/test_clocks.py::test_f17_clock_of_the_engines_server_steps[+1h]",
    ),
    Mutant(
        "the engine's clock may fall",
        _LUA + "batch.lua",
        "local decided, seq = max(server_ms, meta.clock), meta.seq + 1",
        "local decided, seq = server_ms, meta.seq + 1",
        _LIBRARY + "test_the_clock_never_falls_and_ages_count",
    ),
    Mutant(
        "the age of a bid does not count",
        _LUA + "timeline.lua",
        "return decided - (waited > GRACE_MS and GRACE_MS or waited)",
        "return decided",
        _LIBRARY + "test_the_clock_never_falls_and_ages_count",
    ),
    Mutant(
        "NaN is an amount",
        _LUA + "codes.lua",
        "value >= least and value <= most and value % 1 == 0",
        "not (value < least) and not (value > most)",
        _LIBRARY + "test_no_odd_number_is_an_amount",
    ),
    Mutant(
        "amounts have no bound",
        _LUA + "codes.lua",
        "local AMOUNT_MAX = 10000000000000\n",
        "local AMOUNT_MAX = 100000000000000000\n",
        _ALIKE,
    ),
    Mutant(
        "what can be refused is written last",
        _LUA + "batch.lua",
        "local function write(keys, all, run, entry)\n",
        "local function write(keys, all, run, entry)\n  save_all(all, run)\n",
        "tests/faults/test_engine_files.py::test_an_entry_that_the_stream_refuses_changes_no_book",
    ),
    Mutant(
        "an id stands for any content",
        _LUA + "core.lua",
        "if action ~= ACTION_NUMBER[command[2]] or value ~= command[5] then return false end",
        "",
        "tests/auction_engine/lua/test_lua_matches_rules.py",
    ),
    Mutant(
        "ids are forgotten",
        _LUA + "ids.lua",
        "  if #entry.fresh > 0 then write_chunked(entry.ids_key, entry.fresh) end\n",
        "",
        _HELD,
    ),
    Mutant(
        "the ids of a large batch are forgotten",
        _LUA + "ids.lua",
        "  if entry.batch then redis.call(",
        "  if false then redis.call(",
        _HELD,
    ),
    Mutant(
        "what only the ids tell of a record is not read",
        _LUA + "batch.lua",
        "    if book and book.since then ids.of(entry) end\n",
        "",
        _HELD,
    ),
    Mutant(
        "a record is written and those that only the ids tell are not",
        _LUA + "book.lua",
        "  if next(book.touched) then books.tell_all(book) end\n",
        "  if next(book.touched) then book.late, book.since = {}, nil end\n",
        _HELD,
    ),
    Mutant(
        "ids are given back with what they alone tell",
        _LUA + "give_back.lua",
        "    books.save(book)\n",
        "",
        _HELD,
    ),
    Mutant(
        "ids that were given back count as free without a look",
        _LUA + "give_back.lua",
        "  return #missing > 0 and missing or nil\n",
        "  return nil\n",
        "tests/auction_engine/test_given_back.py",
    ),
    Mutant(
        "what is held is believed wherever the shard stands",
        _LUA + "held.lua",
        "if shard and shard.head == head then",
        "if shard then",
        _HELD,
    ),
    Mutant(
        "a held book is believed whatever is stored",
        _LUA + "batch.lua",
        "if book and book.header == header then",
        "if book then",
        _HELD,
    ),
    Mutant(
        "a plain bid at the very end counts",
        _LUA + "plain_bid.lua",
        "record.barred or at < opens or at >= stop then",
        "record.barred or at < opens or at > stop then",
        _ALIKE,
    ),
    Mutant(
        "a plain bid passes a hidden maximum by",
        _LUA + "plain_bid.lua",
        "      if amount <= lead_max then break end\n",
        "",
        _ALIKE,
    ),
    Mutant(
        "a plain bid's id stands for any amount",
        _LUA + "plain_bid.lua",
        "if command[2] ~= 'bid' or command[5] ~= amount then return false end",
        "",
        _ALIKE,
    ),
    Mutant(
        "a plain bid does not extend",
        _LUA + "plain_bid.lua",
        "if stop - at < window then",
        "if false then",
        _ALIKE,
    ),
    Mutant(
        "a leader's own maximum extends",
        _LUA + "ascending.lua",
        "  if command[2] == 'bid' or not was_leader then\n",
        "  if true then\n",
        _ALIKE,
    ),
    Mutant(
        "a tie goes to the later",
        _LUA + "ascending.lua",
        "  return seq_a < seq_b\n",
        "  return seq_a > seq_b\n",
        _ALIKE,
    ),
    Mutant(
        "the price is the maximum",
        _LUA + "ascending.lua",
        "    if answered > highest then answered = highest end\n",
        "    answered = highest\n",
        _ALIKE,
    ),
    Mutant(
        "the view shows the reserve",
        _LUA + "view.lua",
        "    status = status_of(book, at),",
        "    status = status_of(book, at), reserve_price_fen = reserve,",
        _LIBRARY + "test_the_view_says_what_the_model_says_and_no_secret",
    ),
    Mutant(
        "the epoch is not looked at",
        _LUA + "batch.lua",
        "if not meta.has_epoch or meta.epoch ~= args[1] then",
        "if not meta.has_epoch then",
        _LIBRARY + "test_a_batch_is_sent_back_whole_and_changes_nothing",
    ),
    Mutant(
        "nothing holds a runaway engine back",
        _LUA + "batch.lua",
        "  if meta.seq > meta.journalled and (meta.count",
        "  if false and (meta.count",
        "tests/faults/test_journal.py::test_f20_backpressure",
    ),
    Mutant(
        "a rebuild may differ from the journal",
        _LUA + "restore.lua",
        "if seq ~= meta.seq + 1 or previous ~= meta.head then return { 'DIFFERS', seq } end",
        "",
        "tests/faults/test_engine_files.py::test_a_rebuild_takes_no_batch_of_another_past",
    ),
    Mutant(
        "a weaker server than the mode is taken",
        "auction_engine/durability.py",
        '    "appendfsync": "always",\n',
        "",
        _RECOVERY + "test_weaker_server_refuses_to_start",
    ),
    Mutant(
        "a server whose memory has no bound is taken",
        "auction_engine/durability.py",
        '"maxmemory": range(1, _ANY_MORE)',
        '"maxmemory": range(_ANY_MORE)',
        _SETTINGS + "test_each_setting_of_local_refuses_the_start_when_it_is_weaker[maxmemory-0]",
    ),
    Mutant(
        "a primary may go on without replicas for ever",
        "auction_engine/durability_checks.py",
        '"min-replicas-max-lag": range(1, 3)',
        '"min-replicas-max-lag": range(3600)',
        _SETTINGS + "test_replicas_that_are_lost_sight_of_are_bounded",
    ),
    Mutant(
        "a short count of replicas is an acknowledgement",
        "auction_engine/durability_checks.py",
        "        return None if found >= self.replicas else",
        "        return None if found >= 0 else",
        _DURABILITY + "test_a_short_count_is_an_unknown_outcome_and_then_a_refusal",
    ),
    Mutant(
        "what the replicas lack is journalled",
        "auction_engine/keeper.py",
        "        if not self.mode.is_replicated or self._degrade:\n            return None\n",
        "        return None\n",
        _DURABILITY + "test_a_short_count_is_an_unknown_outcome_and_then_a_refusal",
    ),
    Mutant(
        "another batch of the same number confirms this one",
        "auction_engine/sql/projector.sql",
        "WHERE shard = $1 AND seq = $2 AND head = $3)",
        "WHERE shard = $1 AND seq = $2 AND head <> '')",
        _DURABILITY + "test_the_journal_must_hold_this_very_batch",
    ),
    Mutant(
        "a commit that was let go before its standby had it counts",
        "auction_engine/keeper.py",
        "                if self.mode.has_standby:\n",
        "                if False:\n",
        "tests/faults/test_modes.py::test_a_standby_that_stops_stops_the_acknowledgements",
    ),
    Mutant(
        "a primary that was replaced is believed",
        "auction_engine/servers.py",
        "                found[shard] = max(own)[1]\n",
        "                found[shard] = min(own)[1]\n",
        "tests/auction_engine/test_replies.py::test_where_two_claim_a_slot_the_later_epoch_has_it",
    ),
    Mutant(
        "a slot that is on its way is refused",
        "auction_engine/replies.py",
        '    "TRYAGAIN": (Meaning.REFUSE, Meaning.PAUSE),\n',
        '    "TRYAGAIN": (Meaning.REFUSE, Meaning.UNKNOWN),\n',
        "tests/auction_engine/test_replies.py::test_each_row_of_the_table",
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
        "a replica that believes in its link is believed",
        "auction_engine/durability_checks.py",
        "good = min(found.count(None), int(heard))",
        "good = found.count(None)",
        "tests/faults/test_cluster.py::test_f26_replica_cut_off_from_everybody",
    ),
    Mutant(
        "a lost reply is told as not decided",
        "auction_engine/gateway.py",
        "            taken.fail(unknown(error))\n            return None\n        except BaseException",
        "            taken.fail(unreachable(error))\n            return None\n        except BaseException",
        _GATEWAY + "test_lost_reply_is_an_unknown_outcome_not_a_refusal",
    ),
    Mutant(
        "the gateway sends again what may have been done",
        "auction_engine/gateway.py",
        "            taken.fail(unknown(error))\n            return None\n        except BaseException",
        "            lane.waiting.put_back(taken)\n            return 0\n        except BaseException",
        _GATEWAY + "test_lost_reply_is_an_unknown_outcome_not_a_refusal",
    ),
    Mutant(
        "a new connection needs no fence",
        "auction_engine/gateway.py",
        "            lane.epoch = None\n            if connection is not None:",
        "            if connection is not None:",
        "tests/faults/test_engine_files.py::test_f08_lost_or_old_books[yesterday]",
    ),
    Mutant(
        "a late reply is taken for the next one's",
        "auction_engine/connection.py",
        "        self.close()\n        self._lose(ReplyLost(",
        "        self._lose(ReplyLost(",
        _GATEWAY + "test_black_hole_times_out_and_its_late_reply_reaches_nobody",
    ),
    Mutant(
        "a late reply to a bid by itself is taken for the next one's",
        "auction_engine/connection.py",
        "        self.close()\n        self._lose(ReplyLost(",
        "        self._lose(ReplyLost(",
        _LONE + "test_its_black_hole_times_out_and_its_late_reply_reaches_nobody",
    ),
    Mutant(
        "a bid by itself whose reply is lost is told as not decided",
        "auction_engine/gateway.py",
        "        lone.fail(0, unknown(error))\n        self._go_on(lone.lane)\n",
        "        lone.fail(0, unreachable(error))\n        self._go_on(lone.lane)\n",
        _LONE + "test_its_lost_reply_is_an_unknown_outcome_and_the_fence_is_asked",
    ),
    Mutant(
        "a bid by itself waits for nothing that its mode wants",
        "auction_engine/lane.py",
        "            and self.keeping.settle is None\n",
        "",
        _LONE + "test_what_a_mode_wants_behind_a_batch_it_gets_for_every_bid",
    ),
    Mutant(
        "what leaves while a bid by itself is under way does not wait for its reply",
        "auction_engine/lane.py",
        "            self.task is None\n            and not self.crowded\n",
        "            not self.crowded\n",
        _LONE + "test_what_comes_meanwhile_leaves_together_and_a_crowd_stays_together",
    ),
    Mutant(
        "one of a crowd goes ahead by itself",
        "auction_engine/lane.py",
        "            and not self.crowded\n",
        "",
        _LONE + "test_what_comes_meanwhile_leaves_together_and_a_crowd_stays_together",
    ),
    Mutant(
        "a paddle may flood the queue",
        "auction_engine/waiting.py",
        "if own >= limits.paddle_waiting_max:",
        "if own < 0:",
        _GATEWAY + "test_a_paddle_may_let_four_commands_wait",
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
        "a refused bid extends",
        _LUA + "core.lua",
        "  if code then return { 0, code, minimum or 0 } end\n",
        "  if code then\n"
        "    if action == 'bid' and book.rules.set_end then\n"
        "      book.rules.set_end(book, book.rules.end_after(book, moment))\n"
        "      book.changed = true\n"
        "    end\n"
        "    return { 0, code, minimum or 0 }\n"
        "  end\n",
        _ENGLISH,
    ),
    Mutant(
        "the end is told as it was before the extension",
        _LUA + "core.lua",
        "    book.rules.apply(book, command, moment, at)\n  end\n"
        "  return answer(book, action, book.seq)\n",
        "    book.rules.apply(book, command, moment, at)\n  end\n"
        "  local told = answer(book, action, book.seq)\n"
        "  told[5] = told_end\n"
        "  return told\n",
        _ENGLISH,
    ),
    Mutant(
        "what the replicas answer is not looked at",
        "auction_engine/gateway.py",
        "if keeping.settle is not None:",
        "if keeping.settle is None and False:",
        _DURABILITY + "test_a_short_count_is_an_unknown_outcome_and_then_a_refusal",
    ),
    Mutant(
        "nobody waits for the journal",
        "auction_engine/gateway.py",
        "if keeping.settle is not None:",
        "if keeping.settle is None and False:",
        "tests/faults/test_modes.py::test_f19_journalled_stops_without_the_database",
    ),
    Mutant(
        "the replicas are not asked behind the batch",
        "auction_engine/gateway.py",
        "call, *keeping.after_call, seconds=self._call_seconds",
        "call, seconds=self._call_seconds",
        _DURABILITY + "test_replicated_acknowledges_what_the_replica_has_on_disk",
    ),
    Mutant(
        "the bucket never runs dry",
        "auction_engine/waiting.py",
        "        if ahead_us > 0:\n            self.refused += 1\n",
        "        if ahead_us > 1e18:\n            self.refused += 1\n",
        "tests/auction_engine/test_fairness.py"
        "::test_a_million_bids_pass_the_bucket_as_often_as_its_rate_allows",
    ),
    Mutant(
        "an envelope opens for any paddle",
        "auction_engine/sealed_bids.py",
        "        str(paddle),\n        nonce,\n",
        '        "1",\n        nonce,\n',
        "tests/auction_engine/test_sealed_bids.py",
    ),
    Mutant(
        "an opening may leave an envelope out",
        _LUA + "sealed.lua",
        "or #openings ~= #waiting then return false end\n  for i = 1, #waiting do\n",
        "or #openings > #waiting then return false end\n  for i = 1, #openings do\n",
        "tests/auction_engine/test_sealed_rules.py",
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


def main(wanted: list[str]) -> int:
    """The number of mutants that lived, as the exit code."""
    chosen = [one for one in MUTANTS if not wanted or any(word in one.name for word in wanted)]
    with tempfile.TemporaryDirectory(prefix="luochui-mutants-") as place:
        tree = Path(place) / "tree"
        _copy(tree)
        Path(place).chmod(0o755)
        if not _passes(tree, sorted({one.test for one in chosen})):
            print("the named tests do not pass without any mutant; nothing is shown by it")
            return 1
        lived = [one for one in chosen if not _dies(tree, one)]
    for one in lived:
        print(f"LIVED: {one.name} ({one.path}); {one.test} does not see it")
    print(f"{len(chosen) - len(lived)} of {len(chosen)} mutants died")
    return len(lived)


def _copy(tree: Path) -> None:
    """The files of the working tree that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, tree / name)


def _dies(tree: Path, mutant: Mutant) -> bool:
    path = tree / mutant.path
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        print(f"STALE  {mutant.name}: its text is not once in {mutant.path}", flush=True)
        return False
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    started = time.monotonic()
    try:
        died = not _passes(tree, [mutant.test])
    finally:
        path.write_text(text, encoding="utf-8")
    print(
        f"{'died ' if died else 'LIVED'} {time.monotonic() - started:5.1f} s  {mutant.name}",
        flush=True,
    )
    return died


def _passes(tree: Path, tests: list[str]) -> bool:
    """Whether the tests pass in the copy; one that hangs has not passed."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--seed", "1", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=tree,
            env=os.environ
            | {"TMPDIR": str(tree.parent)},  # what failed cases keep goes with the tree
            capture_output=True,
            text=True,
            timeout=_SECONDS * (4 if len(tests) > 1 else 1),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1):  # neither passed nor failed: nothing was tried
        raise SystemExit(f"{tests}: pytest ended with {done.returncode}\n{done.stdout[-2000:]}")
    if done.returncode and len(tests) > 1:
        print(done.stdout[-3000:])
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
