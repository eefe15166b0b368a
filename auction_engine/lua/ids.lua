-- The ids of accepted commands: exact, durable, and asked without a call of the server.
--
-- A book that is held in memory (held.lua) knows its ids as `known[paddle][id]`. What is known is either the first answer
-- itself (text, as `core` and `led` pack it) or the number of the batch that holds it. The ids' hash has both forms too:
-- `<paddle>:<id>` -> first answer, and `b<batch>` -> `[commands, decisions]` of that batch, columns as in the journal, where
-- every bid that led at its own amount counts, and nothing else. One field a batch costs a fraction of one a bid.

local ids = {}
-- So few bids of a batch on one auction are kept one by one.
local FEW = 8
local OPENED_MAX = 8
-- What the id of a bid holds that led at its own amount: amount, number and end. An end that would not fit is no such.
local PAIR = '\146'   -- how msgpack begins an array of two
local LED, LED_BYTES, LED_END_MAX = '<I6I6I6', 18, 200000000000000

-- What an id holds from now on whose bid led at its own amount.
local function led(amount, seq, ends_at) return struct.pack(LED, amount, seq, ends_at) end

-- The ids of one paddle, to be added to.
local function own_ids(known, paddle)
  local own = known[paddle]
  if not own then
    own = {}
    known[paddle] = own
  end
  return own
end

-- Notes a bid that led at its own amount and that the records of the book may not have yet, if it is its paddle's last.
local function note_latest(latest, paddle, seq, amount)
  local noted = latest[paddle]
  if not noted or noted.seq < seq then latest[paddle] = { seq = seq, amount = amount } end
end

-- Takes in an id that is kept by itself.
local function know_one(known, paddle, id, stored, latest, since)
  own_ids(known, paddle)[id] = stored
  if since and #stored == LED_BYTES then
    local amount, seq = struct.unpack(LED, stored)
    if seq > since then note_latest(latest, paddle, seq, amount) end
  end
end

-- Takes in a batch's bids; how many.
local function know_batch(known, number, packed, latest, since)
  local commands, decisions = unpack(cmsgpack.unpack(packed))
  local paddles, values, names, seqs = commands[5], commands[6], commands[7], decisions[2]
  local count = 0
  for position = 1, #seqs do
    local seq = seqs[position]
    if seq > 0 and names[position] ~= '' then
      own_ids(known, paddles[position])[names[position]] = number
      count = count + 1
      if since and seq > since then note_latest(latest, paddles[position], seq, values[position]) end
    end
  end
  return count
end

-- Reads all ids of a book whose ids are not in memory: once, after a start of the server or of this library.
local function load_ids(entry)
  local known, count, cursor, latest, since = {}, 0, '0', {}, entry.book.since
  repeat
    local page = redis.call('HSCAN', entry.ids_key, cursor, 'COUNT', 1000)
    cursor = page[1]
    local flat = page[2]
    for i = 1, #flat, 2 do
      local paddle, id = string.match(flat[i], '^(%d+):(.*)$')
      if paddle then
        know_one(known, tonumber(paddle), id, flat[i + 1], latest, since)
        count = count + 1
      else
        count = count + know_batch(known, tonumber(string.sub(flat[i], 2)), flat[i + 1], latest, since)
      end
    end
  until cursor == '0'
  held.grow(entry.held, count * held.ID_BYTES)
  books.catch_up(entry.book, latest)
  return known
end

-- What is known of the ids of a book, by paddle.
function ids.of(entry)
  local book = entry.book
  local known = book.known
  if not known then
    known = load_ids(entry)
    book.known = known
  end
  return known
end

-- The place of a bid that led at its own amount among a batch's commands and decisions.
local function place_of(paddles, names, seqs, paddle, id)
  for position = 1, #seqs do
    if names[position] == id and paddles[position] == paddle and seqs[position] > 0 then return position end
  end
end

-- A batch that the ids' hash holds. The shard's last few stay open: a retry seldom comes alone.
local function opened_batch(entry, number)
  local shard, name = entry.held, entry.ids_key .. ' ' .. text_of(number)
  local batch_held = shard.opened and shard.opened[name]
  if batch_held then return batch_held end
  local packed = redis.call('HGET', entry.ids_key, 'b' .. text_of(number))
  local commands, decisions = unpack(cmsgpack.unpack(packed))
  batch_held = {
    paddles = commands[5], values = commands[6], names = commands[7], seqs = decisions[2], ends = decisions[3],
  }
  if not shard.opened or shard.opened_count >= OPENED_MAX then shard.opened, shard.opened_count = {}, 0 end
  shard.opened[name], shard.opened_count = batch_held, shard.opened_count + 1
  return batch_held
end

local function answer_in_batch(entry, number, paddle, id)
  local from = opened_batch(entry, number)
  local position = place_of(from.paddles, from.names, from.seqs, paddle, id)
  return led(from.values[position], from.seqs[position], from.ends[position])
end

-- The first answer that an id holds, as text; nil where the id is free. `run` is the batch that is being decided.
function ids.stored(entry, run, paddle, id)
  local own = ids.of(entry)[paddle]
  local kept = own and own[id]
  if type(kept) ~= 'number' then return kept end
  if kept ~= run.number then return answer_in_batch(entry, kept, paddle, id) end
  local commands = run.commands
  local position = place_of(commands.paddles, commands.ids, run.seqs, paddle, id)
  return led(commands.values[position], run.seqs[position], run.ends[position])
end

-- From now on an id holds `stored`.
function ids.remember(entry, paddle, id, stored)
  own_ids(ids.of(entry), paddle)[id] = stored
  local fresh = entry.fresh
  fresh[#fresh + 1] = texts_of(paddle).prefix .. id
  fresh[#fresh + 1] = stored
  held.grow(entry.held, held.ID_BYTES)
end

-- The positions of the bids that led at their own amount and have an id, for each auction.
local function led_by_auction(all, run)
  local commands, seqs, groups = run.commands, run.seqs, {}
  local places, names = commands.auctions, commands.ids
  for index = 1, #all do groups[index] = {} end
  for position = 1, commands.count do
    if seqs[position] > 0 and names[position] ~= '' then
      local group = groups[places and places[position] or 1]
      group[#group + 1] = position
    end
  end
  return groups
end

-- A few ids, one by one.
local function keep_singly(entry, run, group)
  local commands = run.commands
  for i = 1, #group do
    local position = group[i]
    ids.remember(entry, commands.paddles[position], commands.ids[position],
      led(commands.values[position], run.seqs[position], run.ends[position]))
  end
end

-- The bids at the positions of `group` as a batch of their own.
local function batch_of(run, group)
  local commands, paddles, values, names, seqs, ends = run.commands, {}, {}, {}, {}, {}
  for i = 1, #group do
    local position = group[i]
    paddles[i], values[i], names[i] = commands.paddles[position], commands.values[position], commands.ids[position]
    seqs[i], ends[i] = run.seqs[position], run.ends[position]
  end
  return cmsgpack.pack({
    { COLUMNS, 1, 'bid', {}, paddles, values, names, {} }, { COLUMNS, seqs, ends, {}, {} },
  })
end

-- Prepares the fields of the ids' hashes, from commands and decisions as they are journalled where that is what they hold.
function ids.prepare(all, run, commands, decisions)
  if run.led == 0 then return end
  local columns = run.commands
  if run.led >= FEW and columns.version == COLUMNS and not columns.auctions and 2 * run.led >= columns.count then
    all[1].batch = PAIR .. commands .. decisions
  else
    local groups = led_by_auction(all, run)
    for index = 1, #all do
      local group = groups[index]
      if #group >= FEW then
        all[index].batch = batch_of(run, group)
      elseif #group > 0 then
        keep_singly(all[index], run, group)
      end
    end
  end
end

-- Writes what was prepared.
function ids.save(entry, number)
  if #entry.fresh > 0 then write_chunked(entry.ids_key, entry.fresh) end
  if entry.batch then redis.call('HSET', entry.ids_key, 'b' .. text_of(number), entry.batch) end
end
