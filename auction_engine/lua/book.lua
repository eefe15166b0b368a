-- Reading and writing one auction's book. Twin of rules/book.py.
-- Fields of the book's hash: `c` the rules (written once), `h` the header, `p<paddle>` one record a paddle.
-- What a plain bid with an id changes of a record stands with the ids (ids.lua), and is not written here as well. The header
-- says since when: records are as of the auction's command `since`, and every later bid among the ids comes on top.
-- Nothing is written before every command of the batch is decided: functions do not roll back.

local books = {}
local CHUNK = 4000            -- arguments of one call; the server's Lua can pass about 8,000
local READ_AHEAD = 64
local CACHED_PROFILES_MAX = 5000
local cached_profiles, cached_count = {}, 0

-- The rules as the decisions need them, from the normalised profile of a `create` command.
local function compiled(creation)
  local profile = creation.profile
  profile.schedule = creation.schedule
  profile.ranks, profile.bid_ranks, profile.holders = {}, {}, {}
  for _, holder in ipairs(profile.priority or {}) do
    profile.ranks[holder.paddle] = holder.rank
    profile.holders[#profile.holders + 1] = holder.paddle
  end
  if profile.exercise ~= 'after' then profile.bid_ranks = profile.ranks end
  if profile.step and profile.step.kind == 'fixed' then profile.fixed_step = profile.step.step_fen end
  return profile
end

-- Profiles are looked up by their hash, so that a remembered one can't be another auction's.
local function profile_of(key, hash)
  local profile = cached_profiles[hash]
  if profile then return profile end
  profile = compiled(cmsgpack.unpack(redis.call('HGET', key, 'c')))
  if cached_count >= CACHED_PROFILES_MAX then cached_profiles, cached_count = {}, 0 end
  cached_profiles[hash], cached_count = profile, cached_count + 1
  return profile
end

-- Making text of a number costs as much as deciding a bid, and the same paddles bid again and again.
local CACHED_TEXTS_MAX = 20000
local cached_texts, cached_text_count = {}, 0

local function text_of(number) return string.format('%.0f', number) end

-- A paddle as text: its field in the book, and what comes before its ids.
local function texts_of(paddle)
  local texts = cached_texts[paddle]
  if texts then return texts end
  local text = text_of(paddle)
  texts = { field = 'p' .. text, prefix = text .. ':' }
  if cached_text_count >= CACHED_TEXTS_MAX then cached_texts, cached_text_count = {}, 0 end
  cached_texts[paddle], cached_text_count = texts, cached_text_count + 1
  return texts
end

-- limit, maximum, its number, last manual bid, weighted score; barred, bid in the free period.
local RECORD = '<dddddBB'

-- The most that a paddle with this limit (0: none) may bid.
local function most_of(limit) return limit > 0 and limit < AMOUNT_MAX and limit or AMOUNT_MAX end

-- A record in memory. What few have (`barred`, `free`, `score`) and what comes with the first id (`known`) is absent until
-- then: there are hundreds of thousands of records, and one of up to eight fields takes half the room of a larger one.
local function new_record(limit)
  return { limit = limit, most = most_of(limit), max = 0, max_seq = 0, manual = 0, known = false }
end

local function read_record(packed)
  if not packed then return false end
  local limit, maximum, max_seq, manual, score, barred, free = struct.unpack(RECORD, packed)
  local record = new_record(limit)
  record.max, record.max_seq, record.manual = maximum, max_seq, manual
  if score ~= 0 then record.score = score end
  if barred == 1 then record.barred = true end
  if free == 1 then record.free = true end
  return record
end

local function pack_record(r)
  return struct.pack(RECORD, r.limit, r.max, r.max_seq, r.manual, r.score or 0, r.barred and 1 or 0,
    r.free and 1 or 0)
end

-- The book at `key` from its packed header, or nil where there is none.
function books.open(key, header)
  if not header then return nil end
  local h = cmsgpack.unpack(header)
  local book = {
    key = key, header = header, hash = h[1], seq = h[2], bids = h[3], extensions = h[4], closed_at = h[5],
    cancelled_at = h[6], suspended_at = h[7], final = h[8] == 1, suspensions = h[9], state = h[10],
    paddles = {}, touched = {}, late = {}, changed = false,
  }
  -- an older library finds no state there, and fails before it decides on what it could not read
  if h[11] then book.since, book.state = h[10], h[11] end
  book.profile = profile_of(key, book.hash)
  book.rules = formats[book.profile.format]
  return book
end

function books.create(key, creation)
  local packed = cmsgpack.pack(creation)   -- before `compiled` adds to it
  local profile = compiled(creation)
  local book = {
    key = key, hash = creation.hash, seq = 0, bids = 0, extensions = 0, closed_at = -1,
    cancelled_at = -1, suspended_at = -1, final = false, suspensions = {}, paddles = {},
    touched = {}, late = {}, changed = true, creation = packed,
    profile = profile, rules = formats[profile.format],
  }
  for _, admitted in ipairs(creation.paddles) do
    book.paddles[admitted[1]] = new_record(admitted[2])
    book.touched[admitted[1]] = true
  end
  book.state = book.rules.start(profile)
  if creation.sealing then book.state.sealing = creation.sealing.hash end
  return book
end

local function pack_header(book)
  return cmsgpack.pack({
    book.hash, book.seq, book.bids, book.extensions, book.closed_at, book.cancelled_at,
    book.suspended_at, book.final and 1 or 0, book.suspensions, book.since or book.state, book.since and book.state,
  })
end

-- One paddle's record, false where it was never admitted. What is not there is not remembered.
function books.paddle(book, paddle)
  local record = book.paddles[paddle]
  if not record then
    record = read_record(redis.call('HGET', book.key, texts_of(paddle).field))
    if record then
      book.paddles[paddle] = record
      held.grow(book.shard, held.RECORD_BYTES)
    end
  end
  return record
end

-- Reads at once the records of the next paddles of `paddles` that are not in memory.
function books.read_ahead(book, paddles, position)
  local records, seen, found, fields = book.paddles, {}, {}, {}
  for at = position, min(position + READ_AHEAD - 1, #paddles) do
    local paddle = paddles[at]
    if not records[paddle] and not seen[paddle] and is_whole(paddle, 1, AMOUNT_MAX) then
      seen[paddle] = true
      found[#found + 1], fields[#fields + 1] = paddle, texts_of(paddle).field
    end
  end
  if #fields == 0 then return end
  local packed = redis.call('HMGET', book.key, unpack(fields))
  for i = 1, #packed do
    if packed[i] then records[found[i]] = read_record(packed[i]) end
  end
  held.grow(book.shard, #packed * held.RECORD_BYTES)
end

-- Brings the records of a book that was just opened up to now: `latest` has each paddle's last bid after `since`.
function books.catch_up(book, latest)
  local paddles = {}
  for paddle in pairs(latest) do paddles[#paddles + 1] = paddle end
  for first = 1, #paddles, READ_AHEAD do books.read_ahead(book, paddles, first) end
  for paddle, bid in pairs(latest) do
    local record = book.paddles[paddle]
    record.manual, record.max, record.max_seq = bid.amount, bid.amount, bid.seq
    book.late[paddle] = true
  end
end

-- The book at `key`, or nil where there is none.
function books.load(key) return books.open(key, redis.call('HGET', key, 'h')) end

-- Every paddle's record, those of this batch as they are now. Reads the whole book: rare paths only.
function books.all(book)
  local found = {}
  local flat = redis.call('HGETALL', book.key)
  for i = 1, #flat, 2 do
    local paddle = string.match(flat[i], '^p(%d+)$')
    if paddle then found[tonumber(paddle)] = read_record(flat[i + 1]) end
  end
  for paddle, record in pairs(book.paddles) do
    if record then found[paddle] = record end
  end
  return found
end

-- Calls `command key ...` with a flat list of fields and values, in chunks.
local function write_chunked(key, flat)
  for first = 1, #flat, CHUNK do
    redis.call('HSET', key, unpack(flat, first, min(first + CHUNK - 1, #flat)))
  end
end

-- Lets every record be written, those that only the ids tell too: then nothing has to be put on top of them.
function books.tell_all(book)
  for paddle in pairs(book.late) do book.touched[paddle] = true end
  book.late, book.since = {}, nil
end

function books.save(book)
  if next(book.touched) then books.tell_all(book) end
  local header = pack_header(book)
  local flat = { 'h', header }
  if book.creation then flat[3], flat[4] = 'c', book.creation end
  for paddle in pairs(book.touched) do
    flat[#flat + 1] = texts_of(paddle).field
    flat[#flat + 1] = pack_record(book.paddles[paddle])
  end
  write_chunked(book.key, flat)
  book.header, book.creation, book.touched, book.changed = header, nil, {}, false
end
