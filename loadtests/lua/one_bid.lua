-- What the benchmark compares the engine with on the engine's own ground: one call decides one bid. It is joined to the
-- library, so that the rules, the book, the id and their storage are the very same; what a batch needs besides (a
-- packed batch, a chained header, the epoch) is left out in its favour.

-- keys: book, ids, log; args: paddle, amount (0: whatever is the minimum now), id. Replies the decision.
local function one_bid(keys, args)
  local now, paddle, amount, id = server_ms(), tonumber(args[1]), tonumber(args[2]), args[3]
  local texts = texts_of(paddle)
  local read, name = redis.call('HMGET', keys[1], 'h', texts.field), texts.prefix .. id
  local book = books.open(keys[1], read[1])
  book.paddles[paddle] = read_record(read[2])
  book.known = { [paddle] = { [id] = redis.call('HGET', keys[2], name) or nil } }
  if amount == 0 then amount = book.rules.minimum(book, now) end
  local run = {
    commands = { count = 1, ages = { 0 }, paddles = { paddle }, values = { amount }, ids = { id }, extras = {} },
    decided = now, number = 0, seqs = {}, ends = {}, places = {}, rows = {}, led = 0,
  }
  local entry = { book = book, key = keys[1], ids_key = keys[2], fresh = {}, held = { bytes = 0 } }
  if plain_bid.decide(entry, run, 1) == 1 then
    return core.decide(book, command_at(run.commands, 1), now, now, book.known[paddle][id])
  end
  if run.led == 0 then return { 0, -run.seqs[1], run.ends[1] } end
  local seq, ends_at = run.seqs[1], run.ends[1]
  redis.call('XADD', keys[3], '*', 'p', paddle, 'v', amount, 'i', id, 's', seq, 't', now)
  book.touched[paddle] = true
  books.save(book)
  redis.call('HSET', keys[2], name, led(amount, seq, ends_at))
  return { 1, seq, amount, paddle, ends_at }
end

redis.register_function('one_bid', prepared(one_bid))
-- The ceiling: the same bytes in, nothing decided, nothing written.
redis.register_function('empty_call', function() return 'OK' end)
