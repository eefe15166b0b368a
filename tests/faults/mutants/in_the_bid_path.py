"""Faults on the way of a bid: queue, gateway, connection, servers, and what each durability mode waits for."""

from tests.faults.mutants.mutant import Mutant

_GATEWAY = "tests/auction_engine/test_gateway.py::"
_LONE = "tests/auction_engine/test_lone_bid.py::"
_DURABILITY = "tests/auction_engine/test_durability.py::"
_SETTINGS = "tests/auction_engine/test_settings.py::"
_RECOVERY = "tests/auction_engine/test_recovery.py::"

MUTANTS = (
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
        "what was only read is not waited for",
        "auction_engine/durability_checks.py",
        '        return (("HSET", keys.meta(shard), _MARK, 1), *self.calls)\n',
        "        return self.calls\n",
        _DURABILITY + "test_what_was_only_read_is_waited_for_as_well",
    ),
    Mutant(
        "a replica that believes in its link is believed",
        "auction_engine/durability_checks.py",
        "good = min(found.count(None), int(heard))",
        "good = found.count(None)",
        _DURABILITY + "test_a_replica_that_its_primary_no_longer_hears_is_not_counted",
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
)
