-- Rehearsals and tests only: the moment of every decision is told. The production loader refuses this file's function.

-- keys and args as `decide_v1` takes them, but each command is [decided_ms, command] and each is decided as a batch
-- of its own. Replies the packed decisions and the packed view of each auction at the last decided moment.
local function rehearse_v1(keys, args)
  local decisions, last = {}, -1
  for position, told in ipairs(cmsgpack.unpack(args[4])) do
    last = told[1]
    local commands = cmsgpack.pack({ told[2] })
    local reply = batch.decide(keys, { args[1], '0', args[3], commands, args[5] }, last)
    if reply[1] ~= 'OK' then return redis.error_reply('ERR rehearsal refused: ' .. reply[1]) end
    decisions[position] = cmsgpack.unpack(reply[5])[1]
  end
  local views = {}
  for index = 3, #keys, 2 do
    local book = books.load(keys[index])
    views[#views + 1] = view_of(book, last)
  end
  return { cmsgpack.pack(decisions), cmsgpack.pack(views) }
end

redis.register_function('decide_v1', prepared(decide_v1))
redis.register_function('decide_v2', prepared(decide_v2))
redis.register_function('rehearse_v1', prepared(rehearse_v1))
