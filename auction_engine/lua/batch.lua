-- Decides one batch of one shard and journals it. See docs/engine-protocol.md.

local batch = {}
local BACKLOG_MAX = 100000    -- batches that PostgreSQL may be behind
local CLOCK_SKEW_MS = 500

local function text_of(number) return string.format('%.0f', number) end

-- The commands of a batch as columns: a table a column costs far less to unpack than a table a command. They arrive
-- as such, `[2, auctions, actions, ages, paddles, values, ids, extras]` with the extras by position, or as rows.
local COLUMNS = 2

local function commands_of(packed)
  local given = cmsgpack.unpack(packed)
  if given[1] == COLUMNS then
    return {
      auctions = given[2], actions = given[3], ages = given[4], paddles = given[5], values = given[6],
      ids = given[7], extras = given[8],
    }
  end
  local auctions, actions, ages, paddles, values, ids, extras = {}, {}, {}, {}, {}, {}, {}
  for position = 1, #given do
    local row = given[position]
    auctions[position], actions[position], ages[position] = row[1], row[2], row[3]
    paddles[position], values[position], ids[position], extras[position] = row[4], row[5], row[6], row[7]
  end
  return {
    auctions = auctions, actions = actions, ages = ages, paddles = paddles, values = values, ids = ids,
    extras = extras,
  }
end

-- One command as the protocol's array.
local function command_at(commands, position)
  return {
    commands.auctions[position], commands.actions[position], commands.ages[position],
    commands.paddles[position], commands.values[position], commands.ids[position], commands.extras[position],
  }
end

-- The paddles and ids that each auction's commands name, and the name of each command's id, false for none.
local function gather(commands, auctions)
  local places, paddles, ids = commands.auctions, commands.paddles, commands.ids
  local wanted, names = {}, {}
  wanted.names = names
  for index = 1, auctions do wanted[index] = { paddles = {}, seen = {}, ids = {} } end
  for position = 1, #places do
    local want, paddle, id = wanted[places[position]], paddles[position], ids[position]
    if not want.seen[paddle] and paddle > 0 and paddle % 1 == 0 then
      want.seen[paddle] = true
      want.paddles[#want.paddles + 1] = paddle
    end
    names[position] = false
    if id ~= '' then
      local name = texts_of(paddle).prefix .. id
      names[position] = name
      want.ids[#want.ids + 1] = name
    end
    if not want.first then want.first = commands.actions[position] end
  end
  return wanted
end

-- What the ids hold already, by `<paddle>:<id>`.
local function read_ids(key, ids)
  local found = {}
  for first = 1, #ids, CHUNK do
    local last = min(first + CHUNK - 1, #ids)
    local part = redis.call('HMGET', key, unpack(ids, first, last))
    for i = 1, #part do
      if part[i] then found[ids[first + i - 1]] = part[i] end
    end
  end
  return found
end

-- Reads every book of the batch; the index of the first that is not there and is not created either.
local function read_books(keys, wanted)
  local all = { names = wanted.names }
  for index = 1, #wanted do
    local want = wanted[index]
    local book = books.load(keys[2 * index + 1], want.paddles)
    if not book and want.first ~= 'create' then return nil, index end
    all[index] = {
      book = book, key = keys[2 * index + 1], ids_key = keys[2 * index + 2],
      ids = read_ids(keys[2 * index + 2], want.ids), fresh = {},
    }
  end
  return all
end

-- What the id `name` of `entry` holds from now on.
local function remember(entry, name, stored)
  local fresh = entry.fresh
  local count = #fresh
  entry.ids[name] = stored
  fresh[count + 1] = name
  fresh[count + 2] = stored
end

-- The decision on a bid in the common case, or nil.
local function decide_plainly(entry, paddle, amount, name, at, decided)
  local book = entry.book
  if not book or (name and entry.ids[name]) then return nil end
  local decision = plain_bid.decide(book, paddle, amount, at, decided)
  if decision and name and decision[1] == 1 then remember(entry, name, plain_bid.remembered(decision)) end
  return decision
end

local function decide_command(entry, command, name, at, decided)
  local book = entry.book
  if command[2] == 'create' then
    if book then return core.recreate(book, command[7]) end
    entry.book = books.create(entry.key, command[7])
    return core.created(entry.book)
  end
  local decision, stored = core.decide(book, command, at, decided, name and entry.ids[name])
  book.plain = nil
  if stored then remember(entry, name, stored) end
  return decision
end

-- When a command entered. Ages are capped at the grace on both sides, so that no command decides before it came or
-- long after.
local function entered_at(age_us, decided)
  local waited = (age_us - age_us % 1000) / 1000
  if waited < 0 then return decided end
  return decided - (waited > GRACE_MS and GRACE_MS or waited)
end

local function decide_all(all, commands, decided)
  local decisions, journalled, names = {}, false, all.names
  local places, actions, ages = commands.auctions, commands.actions, commands.ages
  local paddles, values = commands.paddles, commands.values
  for position = 1, #places do
    local entry, action, name = all[places[position]], actions[position], names[position]
    local at = entered_at(ages[position], decided)
    local was_final = entry.book and entry.book.final
    local decision
    if action == 'bid' then
      decision = decide_plainly(entry, paddles[position], values[position], name, at, decided)
    end
    decision = decision or decide_command(entry, command_at(commands, position), name, at, decided)
    decisions[position] = decision
    -- Ticks and replays change nothing, but for the first command that finds the auction final: the close is
    -- journalled once. What was refused is journalled too.
    local kind = decision[1]
    if kind == 0 or (kind == 1 and action ~= 'tick') or (entry.book.final and not was_final) then
      journalled = true
    end
  end
  return decisions, journalled
end

local function save_all(all)
  for index = 1, #all do
    local one = all[index]
    if one.book and one.book.changed then books.save(one.book) end
    if #one.fresh > 0 then write_chunked(one.ids_key, one.fresh) end
  end
end

-- The writes. The stream entry first: with its explicit id it is the one that can be refused.
local function write(keys, all, entry)
  if entry then
    redis.call('XADD', keys[2], text_of(entry.seq) .. '-0', 'm', entry.header, 'c', entry.commands,
      'd', entry.decisions, 'a', entry.auctions)
  end
  save_all(all)
  if entry then
    redis.call('HSET', keys[1], 'seq', text_of(entry.seq), 'head', entry.head, 'clock', text_of(entry.decided))
  end
end

local function read_meta(key)
  local meta = redis.call('HMGET', key, 'epoch', 'seq', 'head', 'clock', 'journalled')
  return {
    epoch = meta[1] or '0', has_epoch = meta[1], seq = tonumber(meta[2] or '0'), head = meta[3] or '',
    clock = tonumber(meta[4] or '0'), journalled = tonumber(meta[5] or '0'),
  }
end

-- Why the whole batch must be sent back undecided, as a reply, or nil.
local function sent_back(meta, args, server_ms)
  if not meta.has_epoch or meta.epoch ~= args[1] then return { 'EPOCH', tonumber(meta.epoch) } end
  local gateway_ms = tonumber(args[2])
  if gateway_ms > 0 and math.abs(server_ms - gateway_ms) > CLOCK_SKEW_MS then
    return { 'CLOCK_SKEW', server_ms }
  end
  if meta.seq - meta.journalled > BACKLOG_MAX then return { 'BACKPRESSURE', meta.seq } end
  return nil
end

-- keys: meta, log, then book and ids of each auction; args: epoch, gateway's clock, salt, commands, auctions.
-- Replies OK, or EPOCH, CLOCK_SKEW, BACKPRESSURE, NO_BOOK, which change nothing.
function batch.decide(keys, args, server_ms)
  local meta = read_meta(keys[1])
  local back = sent_back(meta, args, server_ms)
  if back then return back end
  local decided = max(server_ms, meta.clock)
  local commands = commands_of(args[4])
  local all, missing = read_books(keys, gather(commands, (#keys - 2) / 2))
  if not all then return { 'NO_BOOK', missing } end
  local decisions, journalled = decide_all(all, commands, decided)
  local packed = cmsgpack.pack(decisions)
  if not journalled then
    write(keys, all, nil)
    return { 'OK', 0, decided, meta.head, packed, '' }
  end
  local seq = meta.seq + 1
  local header = cmsgpack.pack({ 1, tonumber(meta.epoch), seq, decided, meta.head, args[3] })
  local head = redis.sha1hex(meta.head .. header .. args[4] .. packed .. args[5])
  write(keys, all, {
    seq = seq, header = header, commands = args[4], decisions = packed, auctions = args[5],
    head = head, decided = decided,
  })
  return { 'OK', seq, decided, head, packed, header }
end
