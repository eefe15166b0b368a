-- What the benchmark compares the engine with on the engine's own ground: one call decides one bid. It is joined to the
-- library, so that the rules, the book, the id and their storage are the very same; what a batch needs besides (a
-- packed batch, a chained header, the epoch) is left out in its favour.

-- keys: book, ids, log; args: paddle, amount (0: whatever is the minimum now), id. Replies the decision.
local function one_bid(keys, args)
  local now, paddle, amount, id = server_ms(), tonumber(args[1]), tonumber(args[2]), args[3]
  local book = books.load(keys[1], { paddle })
  if amount == 0 then amount = book.rules.minimum(book, now) end
  local name = texts_of(paddle).prefix .. id
  local held = redis.call('HGET', keys[2], name)
  local command = { 1, 'bid', 0, paddle, amount, id }
  local decision, stored = not held and plain_bid.decide(book, paddle, amount, now, now), nil
  if not decision then
    decision, stored = core.decide(book, command, now, now, held)
  elseif decision[1] == 1 then
    stored = plain_bid.remembered(decision)
  end
  if not stored then return decision end
  redis.call('XADD', keys[3], '*', 'p', paddle, 'v', amount, 'i', id, 's', decision[2], 't', now)
  books.save(book)
  redis.call('HSET', keys[2], name, stored)
  return decision
end

redis.register_function('one_bid', prepared(one_bid))
-- The ceiling: the same bytes in, nothing decided, nothing written.
redis.register_function('empty_call', function() return 'OK' end)
