-- Builds a shard's books again from the journal that PostgreSQL holds, after the fence has found the engine behind, empty
-- or forked (reliability 3.6). It can only re-enact the past: it answers no bidder and appends nothing, every batch must
-- continue the chain, come out with the very decisions that are journalled, and lie before the server's own clock. While
-- it lasts the shard has no epoch, so that `decide_v1` refuses everybody.

local restore = {}

-- The meta of a shard that is being rebuilt for `epoch`, or nil and the reply that says why not.
local function rebuilding(key, epoch)
  local meta = redis.call('HMGET', key, 'rebuilding', 'seq', 'head')
  if meta[1] ~= epoch then return nil, { 'EPOCH', tonumber(meta[1] or '0') } end
  return { seq = tonumber(meta[2]), head = meta[3] }
end

-- keys: meta, log, where a log that does not fit is kept; args: epoch. Refuses an epoch that is not newer.
function restore.begin(keys, args)
  local meta = redis.call('HMGET', keys[1], 'epoch', 'rebuilding')
  if tonumber(meta[1] or '0') >= tonumber(args[1]) or tonumber(meta[2] or '0') > tonumber(args[1]) then
    return { 'EPOCH', tonumber(meta[1] or meta[2]) }
  end
  if redis.call('EXISTS', keys[2]) == 1 then redis.call('RENAME', keys[2], keys[3]) end
  redis.call('DEL', keys[1])
  held.forget(keys[1])
  redis.call('HSET', keys[1], 'rebuilding', args[1], 'seq', '0', 'head', '', 'clock', '0')
  return { 'OK' }
end

-- keys: as `decide_v1` for the batch; args: epoch, and the entry's m, c, d, a as journalled.
function restore.batch(keys, args, server_ms)
  held.collect()
  local meta, why = rebuilding(keys[1], args[1])
  if not meta then return why end
  local header = cmsgpack.unpack(args[2])
  local seq, decided, previous = header[3], header[4], header[5]
  if seq ~= meta.seq + 1 or previous ~= meta.head then return { 'DIFFERS', seq } end
  if decided > server_ms + CLOCK_SKEW_MS then return { 'CLOCK_SKEW', server_ms } end
  local commands, shard = commands_of(args[3]), held.take(keys[1], meta.head)
  local all, missing = read_books(keys, commands, shard)
  if not all then return { 'NO_BOOK', missing } end
  local run = decide_all(all, commands, decided, seq)
  if packed_decisions(run) ~= args[4] then return { 'DIFFERS', seq } end
  local head = redis.sha1hex(meta.head .. args[2] .. args[3] .. args[4] .. args[5])
  ids.prepare(all, run, args[3], args[4])
  save_all(all, run)
  redis.call('HSET', keys[1], 'seq', text_of(seq), 'clock', text_of(decided), 'head', head)
  held.keep(keys[1], shard, head, all)
  return { 'OK' }
end

-- keys: meta; args: epoch, seq, head. Opens the shard if the books are those of this very head.
function restore.finish(keys, args)
  local meta, why = rebuilding(keys[1], args[1])
  if not meta then return why end
  if text_of(meta.seq) ~= args[2] or meta.head ~= args[3] then return { 'DIFFERS', meta.seq } end
  redis.call('HDEL', keys[1], 'rebuilding')
  redis.call('HSET', keys[1], 'epoch', args[1], 'journalled', args[2])
  return { 'OK' }
end
