-- Decides one batch of one shard and journals it. See docs/engine-protocol.md.

local batch = {}
local BACKLOG_COMMANDS = 1000000    -- commands that PostgreSQL may be behind
local BACKLOG_MS = 60000            -- and for how long
local CLOCK_SKEW_MS = 500

-- The commands of a batch as columns: a table a column costs far less to unpack than a table a command. They arrive
-- as such, `[3, auctions, actions, ages, paddles, values, ids, extras]` with the extras by position, where one value in
-- the place of auctions and of actions stands for all; or as version 2 without that; or as rows. Decisions of version 3
-- are columns too.
local function commands_of(packed)
  local given = cmsgpack.unpack(packed)
  local version = given[1]
  if version == COLUMNS or version == COLUMNS_WITH_ROWS then
    local auctions, actions = given[2], given[3]
    if auctions == 1 then auctions = nil end
    if actions == 'bid' then actions = nil end
    return {
      version = version, count = #given[4], auctions = auctions, actions = actions, ages = given[4],
      paddles = given[5], values = given[6], ids = given[7], extras = given[8],
    }
  end
  local auctions, actions, ages, paddles, values, ids, extras = {}, {}, {}, {}, {}, {}, {}
  for position = 1, #given do
    local row = given[position]
    auctions[position], actions[position], ages[position] = row[1], row[2], row[3]
    paddles[position], values[position], ids[position], extras[position] = row[4], row[5], row[6], row[7]
  end
  return {
    version = 1, count = #given, auctions = auctions, actions = actions, ages = ages, paddles = paddles,
    values = values, ids = ids, extras = extras,
  }
end

-- One command as the protocol's array.
local function command_at(commands, position)
  local auctions, actions = commands.auctions, commands.actions
  return {
    auctions and auctions[position] or 1, actions and actions[position] or 'bid', commands.ages[position],
    commands.paddles[position], commands.values[position], commands.ids[position], commands.extras[position],
  }
end

-- Whether the first command of the `index`-th auction creates it.
local function is_created(commands, index)
  for position = 1, commands.count do
    local command = command_at(commands, position)
    if command[1] == index then return command[2] == 'create' end
  end
  return false
end

-- Every book of the batch, from memory where it is held and unchanged; the index of the first that is not there and is
-- not created either.
local function read_books(keys, commands, shard)
  local all = {}
  for index = 1, (#keys - 2) / 2 do
    local key = keys[2 * index + 1]
    local header = redis.call('HGET', key, 'h')
    local book = shard.books[key]
    if book and book.header == header then
      book.told_end = nil
    else
      book = books.open(key, header)
      if not book and not is_created(commands, index) then return nil, index end
      if book then book.given_back, book.shard = redis.call('HGET', key, 'g'), shard end
      shard.books[key] = book
      held.grow(shard, held.BOOK_BYTES)
    end
    local entry = { book = book, key = key, ids_key = keys[2 * index + 2], fresh = {}, held = shard }
    if book and book.since then ids.of(entry) end
    all[index] = entry
  end
  return all
end

-- Decides one command as the rules say it, whatever it is.
local function decide_command(entry, run, command, at)
  local book, id = entry.book, command[6]
  if command[2] == 'create' then
    if book then return core.recreate(book, command[7]) end
    entry.book = books.create(entry.key, command[7])
    entry.held.books[entry.key], entry.book.shard = entry.book, entry.held
    held.grow(entry.held, #command[7].paddles * held.RECORD_BYTES)
    return core.created(entry.book)
  end
  local stored = id ~= '' and ids.stored(entry, run, command[4], id)
  local decision = core.decide(book, command, at, run.decided, stored)
  book.plain = nil
  return decision
end

-- Whether a decision is told by its number and end alone: a bid that leads at its own amount.
local function is_led(command, decision)
  return command[2] == 'bid' and decision[1] == 1 and decision[3] == command[5] and decision[4] == command[4]
    and decision[5] >= 0 and decision[5] <= LED_END_MAX
end

-- Puts a decision into its columns, and what its id holds from now on.
local function enter_decision(entry, run, position, command, decision)
  local kind, seqs, ends = decision[1], run.seqs, run.ends
  if kind == 0 then
    seqs[position], ends[position] = -decision[2], decision[3]
    return
  end
  local has_id = kind == 1 and command[6] ~= '' and command[2] ~= 'create' and command[2] ~= 'tick'
  if is_led(command, decision) then
    seqs[position], ends[position] = decision[2], decision[5]
    if has_id then
      own_ids(ids.of(entry), command[4])[command[6]] = run.number
      run.led = run.led + 1
    end
    return
  end
  seqs[position], ends[position] = 0, 0
  run.places[#run.places + 1], run.rows[#run.rows + 1] = position, decision
  if has_id then ids.remember(entry, command[4], command[6], core.remembered(command, decision)) end
end

-- Decides one command that takes the long way.
local function decide_at(entry, run, position)
  local command = command_at(run.commands, position)
  local was_final = entry.book and entry.book.final
  local decision = decide_command(entry, run, command, entered_at(command[3], run.decided))
  enter_decision(entry, run, position, command, decision)
  -- Ticks and replays change nothing, but for the first command that finds the auction final: the close is
  -- journalled once. What was refused is journalled too.
  local kind = decision[1]
  if kind == 0 or (kind == 1 and command[2] ~= 'tick') or (entry.book.final and not was_final) then
    run.journalled = true
  end
end

-- Decides batch `number`. The decisions are columns: for a bid that leads at its own amount its number and the end, for a
-- refusal the code, negative, and the least amount, for anything else zeros and a row.
local function decide_all(all, commands, decided, number)
  local run = {
    commands = commands, decided = decided, number = number, seqs = {}, ends = {}, places = {}, rows = {},
    led = 0, journalled = false,
  }
  local auctions, position = commands.auctions, 1
  while position <= commands.count do
    local entry = all[auctions and auctions[position] or 1]
    local next_one = plain_bid.decide(entry, run, position)
    if next_one == position then
      decide_at(entry, run, position)
      next_one = position + 1
    end
    position = next_one
  end
  return run
end

-- The decisions as an array of rows, for commands that came so or as columns of version 2.
local function rows_of(run)
  local commands, seqs, ends, rows = run.commands, run.seqs, run.ends, {}
  for position = 1, commands.count do
    local seq = seqs[position]
    if seq > 0 then
      rows[position] = { 1, seq, commands.values[position], commands.paddles[position], ends[position] }
    elseif seq < 0 then
      rows[position] = { 0, -seq, ends[position] }
    end
  end
  for i = 1, #run.places do rows[run.places[i]] = run.rows[i] end
  return rows
end

-- The decisions as they are replied and journalled.
local function packed_decisions(run)
  if run.commands.version ~= COLUMNS then return cmsgpack.pack(rows_of(run)) end
  return cmsgpack.pack({ COLUMNS, run.seqs, run.ends, run.places, run.rows })
end

local function save_all(all, run)
  for index = 1, #all do
    local one = all[index]
    if one.book and one.book.changed then books.save(one.book) end
    ids.save(one, run.number)
  end
end

-- The writes. The stream entry first: with its explicit id it is the one that can be refused.
local function write(keys, all, run, entry)
  local number = entry and text_of(entry.seq)
  if entry then
    redis.call('XADD', keys[2], number .. '-0', 'm', entry.header, 'c', entry.commands,
      'd', entry.decisions, 'a', entry.auctions, 'n', entry.count)
  end
  save_all(all, run)
  if entry then
    redis.call('HSET', keys[1], 'seq', number, 'head', entry.head, 'clock', entry.clock,
      'count', entry.count, 'behind', entry.behind)
  end
end

local function read_meta(key)
  local meta = redis.call('HMGET', key, 'epoch', 'seq', 'head', 'clock', 'journalled', 'count', 'journalled_count',
    'behind')
  return {
    epoch = meta[1] or '0', has_epoch = meta[1], seq = tonumber(meta[2] or '0'), head = meta[3] or '',
    clock = tonumber(meta[4] or '0'), journalled = tonumber(meta[5] or '0'), count = tonumber(meta[6] or '0'),
    journalled_count = tonumber(meta[7] or '0'), behind = meta[8],
  }
end

-- Why the whole batch must be sent back undecided, as a reply, or nil.
local function sent_back(meta, args, server_ms)
  if not meta.has_epoch or meta.epoch ~= args[1] then return { 'EPOCH', tonumber(meta.epoch) } end
  local gateway_ms = tonumber(args[2])
  if gateway_ms > 0 and math.abs(server_ms - gateway_ms) > CLOCK_SKEW_MS then
    return { 'CLOCK_SKEW', server_ms }
  end
  if meta.seq > meta.journalled and (meta.count - meta.journalled_count > BACKLOG_COMMANDS
      or server_ms - tonumber(meta.behind or server_ms) > BACKLOG_MS) then
    return { 'BACKPRESSURE', meta.seq }
  end
  return nil
end

-- keys: meta, log, then book and ids of each auction; args: epoch, gateway's clock, salt, commands, auctions, and the
-- places of commands whose ids were looked up (given_back.lua). Replies OK, or EPOCH, CLOCK_SKEW, BACKPRESSURE, NO_BOOK,
-- NO_IDS, which change nothing.
function batch.decide(keys, args, server_ms)
  held.collect()
  local meta = read_meta(keys[1])
  local back = sent_back(meta, args, server_ms)
  if back then return back end
  local decided, seq = max(server_ms, meta.clock), meta.seq + 1
  local commands, shard = commands_of(args[4]), held.take(keys[1], meta.head)
  local all, missing = read_books(keys, commands, shard)
  local without_ids = all and given_back.missing(all, commands, args[6])
  if not all or without_ids then
    shard.head = meta.head
    return without_ids and { 'NO_IDS', without_ids } or { 'NO_BOOK', missing }
  end
  local run = decide_all(all, commands, decided, seq)
  local packed = packed_decisions(run)
  if not run.journalled then
    write(keys, all, run, nil)
    held.keep(keys[1], shard, meta.head, all)
    return { 'OK', 0, decided, meta.head, packed, '' }
  end
  local header = cmsgpack.pack({ 1, tonumber(meta.epoch), seq, decided, meta.head, args[3] })
  local head = redis.sha1hex(meta.head .. header .. args[4] .. packed .. args[5])
  ids.prepare(all, run, args[4], packed)
  local clock = text_of(decided)
  write(keys, all, run, {
    seq = seq, header = header, commands = args[4], decisions = packed, auctions = args[5],
    head = head, clock = clock, count = text_of(meta.count + commands.count),
    -- since when something is not journalled: this batch is the first, or the projector says how far it has come
    behind = meta.seq > meta.journalled and meta.behind or clock,
  })
  held.keep(keys[1], shard, head, all)
  return { 'OK', seq, decided, head, packed, header }
end
