-- Decides one command on one book. Twin of rules/model.py: the same names, the same order of checks.
-- A command is the protocol's array: 1 auction, 2 action, 3 age, 4 paddle, 5 value, 6 id, 7 extra.

local core = {}

function core.ends_at(book)
  if book.cancelled_at >= 0 then return book.cancelled_at end
  if book.suspended_at >= 0 then return -1 end
  if book.closed_at >= 0 then return book.closed_at end
  local ends = book.rules.ends(book)
  if #book.suspensions == 0 then return ends end
  return timeline.real(book, ends)
end

function core.is_past_grace(book, decided)
  if book.cancelled_at >= 0 then return false end
  local ends_at = core.ends_at(book)
  return ends_at >= 0 and decided >= ends_at + GRACE_MS
end

local function answer(book, action, seq)
  local ends_at = core.ends_at(book)
  book.told_end = ends_at   -- good until the next command is accepted
  if not book.rules.shows_price(book, action) then return { 1, seq, -1, 0, ends_at } end
  local price, leader = book.rules.standing(book)
  return { 1, seq, price, leader, ends_at }
end

function core.created(book)
  if not book.rules.shows_price(book, 'create') then return { 1, 0, -1, 0, core.ends_at(book) } end
  return { 1, 0, 0, 0, core.ends_at(book) }
end

-- A `create` of what is there: a replay if the rules are the same.
function core.recreate(book, creation)
  local sealing = creation.sealing and creation.sealing.hash
  if creation.hash ~= book.hash or sealing ~= book.state.sealing then return { 0, NUMBER_OF.id_reused, 0 } end
  local shows = book.rules.shows_price(book, 'create')
  return { 2, 0, shows and 0 or -1, 0, timeline.real(book, book.rules.ends(book)) }
end

-- A live sealed bid has an envelope where others have an amount.
local function is_no_envelope(value, envelope)
  return value ~= 0 or type(envelope) ~= 'string' or #envelope < 1 or #envelope > ENVELOPE_MAX
end

local function is_invalid(book, command)
  local action, value = command[2], command[5]
  if WITH_AMOUNT[action] then
    if action == 'seal' and book.state.sealing then return is_no_envelope(value, command[7]) end
    return not is_whole(value, 1, AMOUNT_MAX)
  end
  if action == 'admit' then return not is_whole(value, 0, AMOUNT_MAX) end
  if action ~= 'score' then return false end
  for _, score in pairs(command[7] or {}) do
    if not is_whole(score, 0, BP_ONE) then return true end
  end
  return false
end

local function is_wrong(book, action)
  if action == 'resume' then return book.suspended_at < 0 end
  return not OPERATOR_ACTIONS[action] and book.rules.is_wrong(book, action)
end

local function untimely(book, action, at, moment)
  if book.cancelled_at >= 0 then return NUMBER_OF.cancelled end
  if book.suspended_at >= 0 then
    if WHILE_SUSPENDED[action] then return nil end
    return NUMBER_OF.suspended
  end
  local runs_only = not WHILE_SUSPENDED[action]
  if runs_only and at < book.profile.opens_at then return NUMBER_OF.not_open end
  if book.final or book.closed_at >= 0 or moment >= book.rules.ends_for(book, action) then
    return NUMBER_OF.closed
  end
  if not OPERATOR_ACTIONS[action] and book.rules.is_between(book, action, moment) then
    return NUMBER_OF.not_open
  end
  if runs_only and timeline.stood_still_at(book, at) then return NUMBER_OF.suspended end
  return nil
end

local function unfit(book, command, moment)
  local action, paddle = command[2], command[4]
  if action == 'suspend' or action == 'resume' or action == 'cancel' then return nil end
  local record = book.paddles[paddle]
  if not record then
    if not is_whole(paddle, 1, AMOUNT_MAX) then return NUMBER_OF.unknown_paddle end
    record = books.paddle(book, paddle)
    if not record then
      if action == 'admit' then return nil end
      return NUMBER_OF.unknown_paddle
    end
  end
  if record.barred then return NUMBER_OF.barred end
  if not OPERATOR_ACTIONS[action] and book.rules.bars(book, record, moment) then
    return NUMBER_OF.barred
  end
  return nil
end

-- The first refusal and, with two of them, the least amount that would do; nil if the command counts.
local function refusal(book, command, at, moment, id_used)
  if is_invalid(book, command) then return NUMBER_OF.invalid_amount end
  local action = command[2]
  if is_wrong(book, action) then return NUMBER_OF.wrong_action end
  local code = untimely(book, action, at, moment) or unfit(book, command, moment)
  if code then return code end
  if id_used then return NUMBER_OF.id_reused end
  if OPERATOR_ACTIONS[action] then return nil end
  local limit = book.paddles[command[4]].limit
  if limit > 0 and book.rules.amount(book, command) > limit then return NUMBER_OF.over_limit end
  return book.rules.check(book, command, moment)
end

-- Opening is the last thing that happens to a live sealed auction, once, for all its envelopes together.
local function refuse_opening(book, command, id_used)
  if not book.state.sealing then return NUMBER_OF.wrong_action end
  if book.cancelled_at >= 0 then return NUMBER_OF.cancelled end
  if not book.final then return NUMBER_OF.not_due end
  if not book.rules.waits_for_opening(book) then return NUMBER_OF.closed end
  if id_used then return NUMBER_OF.id_reused end
  local openings = type(command[7]) == 'table' and command[7][1]
  if not book.rules.is_opening(book, openings) then return NUMBER_OF.invalid_amount end
  return nil
end

local operate = {}

function operate.suspend(book, _, _, at) timeline.suspend(book, at) end
function operate.resume(book, _, _, at) timeline.resume(book, at) end
function operate.cancel(book, _, _, at) book.cancelled_at = at end

function operate.admit(book, command, moment)
  book.rules.settle(book, moment)
  local record = books.paddle(book, command[4])
  if record then
    record.limit, record.most = command[5], most_of(command[5])
  else
    book.paddles[command[4]] = new_record(command[5])
  end
  book.touched[command[4]] = true
end

function operate.disqualify(book, command, moment)
  book.rules.settle(book, moment)
  book.paddles[command[4]].barred = true
  book.touched[command[4]] = true
  book.rules.void(book, command[4])
end

function operate.open_bids(book, command) book.rules.open(book, command[7][1]) end

-- What must be the same in a retry besides paddle and id: for scores a digest that no other scores have.
local function score_digest(scores)
  local parts = {}
  for name, score in pairs(scores or {}) do
    parts[#parts + 1] = string.format('%d:%s=%.0f', #name, name, score)
  end
  table.sort(parts)
  return redis.sha1hex(table.concat(parts, ';'))
end

-- The digest of what a command carries beside its value; empty where that is nothing.
local function content_digest(command)
  local action = command[2]
  if action == 'score' then return score_digest(command[7]) end
  if action == 'open_bids' or (action == 'seal' and command[7]) then
    return redis.sha1hex(cmsgpack.pack(command[7]))
  end
  return ''
end

-- The first answer to an accepted command's id, if it is the same command: nil if the id is free, false if other.
local function first_answer(command, stored)
  if not stored then return nil end
  local first = plain_bid.first_answer(command, stored)
  if first ~= nil then return first end
  local action, value, seq, price, leader, ends_at, rest = struct.unpack('<Bddddd', stored)
  if action ~= ACTION_NUMBER[command[2]] or value ~= command[5] then return false end
  if string.sub(stored, rest) ~= content_digest(command) then return false end
  return { 2, seq, price, leader, ends_at }
end

-- What an id holds from now on.
function core.remembered(command, decision)
  return struct.pack('<Bddddd', ACTION_NUMBER[command[2]], command[5],
    decision[2], decision[3], decision[4], decision[5]) .. content_digest(command)
end

-- Decides `command`, enters it if it is accepted, and answers. `stored` is what its id holds, nil or false if
-- nothing.
function core.decide(book, command, at, decided, stored)
  local told_end = book.told_end or core.ends_at(book)
  if told_end >= 0 and decided >= told_end + GRACE_MS and not book.final and book.cancelled_at < 0 then
    book.final, book.changed = true, true
  end
  local action = command[2]
  if action == 'tick' then return answer(book, 'tick', 0) end
  local first = first_answer(command, stored)
  if first then return first end
  local moment = at
  if #book.suspensions > 0 or book.suspended_at >= 0 then moment = timeline.moment(book, at) end
  local code, minimum
  if action == 'open_bids' then
    code = refuse_opening(book, command, first == false)
  else
    code, minimum = refusal(book, command, at, moment, first == false)
  end
  if code then return { 0, code, minimum or 0 } end
  book.seq, book.changed = book.seq + 1, true
  if operate[action] then
    operate[action](book, command, moment, at)
  else
    if WITH_AMOUNT[action] then book.bids = book.bids + 1 end
    book.rules.apply(book, command, moment, at)
  end
  return answer(book, action, book.seq)
end
