-- Books in memory from one call to the next. What a shard's calls left here is used again only if the shard stands exactly
-- where the last of them left it: the chain's head commits to everything that was ever decided. So a rebuild, a failover, a
-- restore or a call that broke off half way can't leave anything stale behind. A book is compared by its header besides.

local held = {}
local BYTES_MAX = 400000000
held.ID_BYTES, held.RECORD_BYTES, held.BOOK_BYTES = 130, 400, 2500   -- about
local shards, held_bytes = {}, 0

function held.forget(key)
  local shard = shards[key]
  if shard then held_bytes, shards[key] = held_bytes - shard.bytes, nil end
end

-- What is held of the shard that stands at `head`; nobody else gets it until `held.keep`.
function held.take(key, head)
  local shard = shards[key]
  if shard and shard.head == head then
    shard.head = false
    return shard
  end
  held.forget(key)
  shard = { books = {}, bytes = 0, head = false }
  shards[key] = shard
  return shard
end

-- Lets go of one book, which was changed without a decision.
function held.drop(key, book_key)
  if shards[key] then shards[key].books[book_key] = nil end
end

-- Counts what is held of a shard; a book that is only looked at belongs to none.
function held.grow(shard, bytes)
  if not shard then return end
  shard.bytes, held_bytes = shard.bytes + bytes, held_bytes + bytes
end

-- Everything is written, and the shard stands at `head`. Where too much is held, only this call's books stay.
function held.keep(key, shard, head, all)
  shard.head = head
  if held_bytes <= BYTES_MAX then return end
  shards, held_bytes = { [key] = shard }, 0
  shard.books, shard.bytes = {}, 0
  for index = 1, #all do
    shard.books[all[index].key] = all[index].book
  end
end

-- Lua's collector would look over all that is held again and again: the server makes it begin a cycle every 50 calls. So it
-- is stopped, and works only while there is much to collect: when the memory has grown by half, or by a good piece, since
-- it last was done. Then it does three times as much in a call as the call before has left, until it is done. The steps
-- that the server makes it take are as small as can be.
local GARBAGE_KB, STEP_KB, OUR_PACE, SERVERS_PACE = 65536, 16, 200, 1
local collecting, before_kb, limit_kb, pace = false, 0, GARBAGE_KB, nil

local function set_pace(wanted)
  if pace ~= wanted then collectgarbage('setstepmul', wanted) end
  pace = wanted
end

function held.collect()
  collectgarbage('stop')
  local now_kb = collectgarbage('count')
  if not collecting and now_kb >= limit_kb then collecting = true end
  set_pace(collecting and OUR_PACE or SERVERS_PACE)
  if collecting then
    collecting = not collectgarbage('step', max(STEP_KB, 3 * (now_kb - before_kb)))
    now_kb = collectgarbage('count')
    if not collecting then limit_kb = max(now_kb + GARBAGE_KB, 1.5 * now_kb) end
    collectgarbage('stop')   -- a step lets it run on
  end
  before_kb = now_kb
end
