"""Faults in the library that decides: rules, books, ids, sealed bids, batches."""

from tests.faults.mutants.mutant import Mutant

_LUA = "auction_engine/lua/"
_ALIKE = "tests/conformance/test_rehearse_english.py"
_LIBRARY = "tests/auction_engine/lua/test_library.py::"
_HELD = "tests/auction_engine/lua/test_held_books.py"
_ENGLISH = "tests/auction_engine/rules/test_english_rules.py"

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
        "an opening may leave an envelope out",
        _LUA + "sealed.lua",
        "or #openings ~= #waiting then return false end\n  for i = 1, #waiting do\n",
        "or #openings > #waiting then return false end\n  for i = 1, #openings do\n",
        "tests/auction_engine/test_sealed_rules.py",
    ),
)
