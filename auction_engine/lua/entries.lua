-- The functions that every build of the library registers.

local function server_ms()
  -- Once a call: TIME moves on within a call on some servers.
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + floor(tonumber(t[2]) / 1000)
end

-- See `batch.decide`.
local function decide_v1(keys, args) return batch.decide(keys, args, server_ms()) end

-- The same, but OK comes as one text: for a reply in parts the server takes 16 KB of memory and gives it back, every call.
local function decide_v2(keys, args)
  local reply = decide_v1(keys, args)
  local status, seq, decided, head, decisions, header = unpack(reply)
  if status ~= 'OK' then return reply end
  return 'OK' .. struct.pack('<ddI2I4', seq, decided, #head, #decisions) .. head .. decisions .. header
end

-- keys: meta, book; args: moment in ms, 0 for the server's clock. A packed map, or nil where there is no book.
local function view_v1(keys, args)
  local at = tonumber(args[1])
  if at == 0 then at = max(server_ms(), tonumber(redis.call('HGET', keys[1], 'clock') or '0')) end
  local book = books.load(keys[2])
  return book and cmsgpack.pack(view_of(book, at))
end

local function describe_v1()
  return cmsgpack.pack({ version = LIBRARY_VERSION, codes = REFUSALS })
end

redis.register_function({ function_name = 'view_v1', callback = prepared(view_v1), flags = { 'no-writes' } })
redis.register_function({ function_name = 'describe_v1', callback = prepared(describe_v1), flags = { 'no-writes' } })
redis.register_function('restore_begin_v1', prepared(restore.begin))
redis.register_function('restore_batch_v1', prepared(function(keys, args)
  return restore.batch(keys, args, server_ms())
end))
redis.register_function('restore_finish_v1', prepared(restore.finish))
redis.register_function('give_back_v1', prepared(given_back.mark))
