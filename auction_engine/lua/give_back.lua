-- Gives back the ids of an auction that is final here and in PostgreSQL. The book is marked in the same call: from then on a
-- command on it that carries an id is sent back undecided (NO_IDS) unless its gateway has looked the id up in PostgreSQL.

local given_back = {}

-- keys: meta, book, ids; args: epoch, the auction's count of accepted commands as PostgreSQL has it. Replies OK, or EPOCH,
-- NO_BOOK, NOT_FINAL, which change nothing.
function given_back.mark(keys, args)
  local epoch = redis.call('HGET', keys[1], 'epoch')
  if epoch ~= args[1] then return { 'EPOCH', tonumber(epoch or '0') } end
  local book = books.load(keys[2])
  if not book then return { 'NO_BOOK', 1 } end
  if not (book.final or book.cancelled_at >= 0) or book.rules.waits_for_opening(book)
    or text_of(book.seq) ~= args[2] then
    return { 'NOT_FINAL', book.seq }
  end
  if book.since then
    ids.of({ book = book, ids_key = keys[3] })
    books.tell_all(book)
    books.save(book)
  end
  redis.call('HSET', keys[2], 'g', '1')
  redis.call('UNLINK', keys[3])
  held.drop(keys[1], keys[2])
  return { 'OK' }
end

-- The auctions whose ids were given back and that have commands whose ids nobody has looked up, or nil. `looked_up` are the
-- places of the commands whose ids PostgreSQL was asked for and does not hold.
function given_back.missing(all, commands, looked_up)
  local marked
  for index = 1, #all do
    if all[index].book and all[index].book.given_back then marked = true end
  end
  if not marked then return nil end
  local known, places, missing = {}, commands.auctions, {}
  for _, position in ipairs(looked_up and cmsgpack.unpack(looked_up) or {}) do known[position] = true end
  for position = 1, commands.count do
    local index = places and places[position] or 1
    if all[index].book and all[index].book.given_back and commands.ids[position] ~= '' and not known[position] then
      known[position], missing[#missing + 1] = true, index
    end
  end
  return #missing > 0 and missing or nil
end
