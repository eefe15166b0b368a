-- What the ascending formats share. Twin of rules/ascending.py, which sorts all maxima where this keeps the two
-- highest: `lead` and `second` with their maxima and the numbers of the commands that set them (0: none).

local ascending = {}

function ascending.start(profile)
  return {
    stop = profile.closes_at, appended = 0, bidders = 0, price = 0,
    lead = 0, lead_max = 0, lead_seq = 0, lead_manual = 0, second = 0, second_max = 0, second_seq = 0,
  }
end

ascending.actions = { bid = true }

function ascending.is_wrong(book, action) return not book.rules.actions[action] end
function ascending.is_between() return false end
function ascending.ends(book) return book.state.stop end
function ascending.ends_for(book) return book.rules.ends(book) end
function ascending.bars() return false end
function ascending.amount(book, command) return command[5] end
function ascending.settle() end
function ascending.waits_for_opening() return false end
function ascending.shows_price() return true end
function ascending.bidders(book) return book.state.bidders end
function ascending.first_minimum(book) return book.profile.start_price_fen end

-- The standing price and leader, 0 and 0 before the first bid.
function ascending.standing(book) return book.state.price, book.state.lead end

function ascending.minimum(book)
  local price = book.state.price
  if price == 0 then return book.rules.first_minimum(book) end
  return price + step_at(book.profile, price)
end

local function rank_of(book, paddle) return book.profile.bid_ranks[paddle] or NO_RANK end

-- Whether the first stands before the second in the Order: maximum, then rank, then sequence.
local function stands_before(max_a, rank_a, seq_a, max_b, rank_b, seq_b)
  if max_a ~= max_b then return max_a > max_b end
  if rank_a ~= rank_b then return rank_a < rank_b end
  return seq_a < seq_b
end

local function set_price(book)
  local s, profile = book.state, book.profile
  local price, highest = profile.start_price_fen, s.lead_max
  if s.lead == 0 then price = 0 end
  if s.second ~= 0 then
    local answered = s.second_max + (profile.fixed_step or step_at(profile, s.second_max))
    if answered > highest then answered = highest end
    if answered > price then price = answered end
  end
  if s.lead_manual > price then price = s.lead_manual end
  local reserve = profile.reserve_price_fen
  if reserve and highest >= reserve and reserve > price then price = reserve end
  s.price = price
end

local function set_lead(s, paddle, record)
  s.lead, s.lead_max, s.lead_seq, s.lead_manual = paddle, record.max, record.max_seq, record.manual
end

local function set_second(s, paddle, maximum, seq)
  s.second, s.second_max, s.second_seq = paddle, maximum, seq
end

-- Puts a paddle's changed maximum where it belongs. A leader may not fall behind (it may lower its maximum only
-- to the standing price, which no other maximum passes), so only risers change the two places.
local function place(book, paddle, record)
  local s = book.state
  if paddle == s.lead or s.lead == 0 then
    set_lead(s, paddle, record)
  elseif stands_before(record.max, rank_of(book, paddle), record.max_seq,
      s.lead_max, rank_of(book, s.lead), s.lead_seq) then
    set_second(s, s.lead, s.lead_max, s.lead_seq)
    set_lead(s, paddle, record)
  elseif paddle == s.second or s.second == 0 or stands_before(
      record.max, rank_of(book, paddle), record.max_seq,
      s.second_max, rank_of(book, s.second), s.second_seq) then
    set_second(s, paddle, record.max, record.max_seq)
  end
  set_price(book)
end

local function off_grid(profile, rise, amount, step)
  if profile.grid == 'multiple' then return rise % step ~= 0 end
  return profile.grid == 'absolute' and amount % step ~= 0
end

function ascending.check(book, command)
  local s, profile = book.state, book.profile
  local amount, paddle, is_bid = command[5], command[4], command[2] == 'bid'
  local price, leads = s.price, s.lead == paddle
  local base = price == 0 and profile.start_price_fen or price
  local step = profile.fixed_step or step_at(profile, base)
  local minimum = price == 0 and book.rules.first_minimum(book) or price + step
  if amount < profile.start_price_fen then return NUMBER_OF.below_start, minimum end
  if is_bid and amount == price and rank_of(book, paddle) < rank_of(book, s.lead) then return nil end
  local least = minimum
  if leads and not is_bid then least = price end
  if amount < least then return NUMBER_OF.below_minimum, minimum end
  local rise = amount - base
  if off_grid(profile, rise, amount, step) then return NUMBER_OF.off_grid end
  if not is_bid then return nil end
  if profile.max_steps_per_bid and rise > profile.max_steps_per_bid * step then
    return NUMBER_OF.above_step_cap
  end
  if leads and not profile.leader_may_raise then return NUMBER_OF.already_leading end
  return nil
end

function ascending.hold(book, command)
  local paddle, amount, is_bid = command[4], command[5], command[2] == 'bid'
  local s, record = book.state, book.paddles[paddle]
  if record.max_seq == 0 then s.bidders = s.bidders + 1 end
  if is_bid then record.manual = amount end
  if amount > record.max or (not is_bid and amount ~= record.max) then
    record.max, record.max_seq = amount, book.seq
  end
  book.touched[paddle] = true
  place(book, paddle, record)
end

function ascending.set_end(book, stop)
  if stop ~= book.state.stop then
    book.state.stop = stop
    book.extensions = book.extensions + 1
  end
end

function ascending.apply(book, command, moment)
  local was_leader = book.state.lead == command[4]
  ascending.hold(book, command)
  -- A leader's own change of a hidden maximum never extends, even where it moves the price.
  if command[2] == 'bid' or not was_leader then
    ascending.set_end(book, book.rules.end_after(book, moment))
  end
end

function ascending.end_after(book, moment)
  local s, extension = book.state, book.profile.extension
  if not extension or s.stop - moment >= extension.window_ms then return s.stop end
  local stop
  if extension.mode == 'append' then
    if s.appended >= extension.max then return s.stop end
    s.appended = s.appended + 1
    stop = s.stop + extension.by_ms
  else
    stop = moment + extension.window_ms
  end
  if extension.hard_end then stop = min(stop, extension.hard_end) end
  return max(stop, s.stop)
end

-- Takes a disqualified paddle's bids out and finds the two highest anew.
function ascending.void(book, paddle)
  local s, record = book.state, book.paddles[paddle]
  if record.max_seq > 0 then s.bidders = s.bidders - 1 end
  record.max, record.max_seq, record.manual = 0, 0, 0
  if s.lead ~= paddle and s.second ~= paddle then return end
  local all = books.all(book)
  s.lead, s.lead_max, s.lead_seq, s.lead_manual = 0, 0, 0, 0
  set_second(s, 0, 0, 0)
  for other, held in pairs(all) do
    if held.max_seq > 0 then place(book, other, held) end
  end
  set_price(book)
end

-- The first reason why a highest bid (0: none) does not sell the lot.
local function shortfall(book, highest)
  local profile = book.profile
  if highest == 0 then return 'no_bids' end
  if profile.reserve_price_fen and highest < profile.reserve_price_fen then return 'reserve_not_met' end
  if profile.min_bidders and book.rules.bidders(book) < profile.min_bidders then return 'too_few_bidders' end
  return nil
end

-- Who gets the lot: a map as `result` prints it, without what every format has.
function ascending.award(book)
  local s = book.state
  local reason = shortfall(book, s.price)
  if reason then return { reason = reason } end
  return { winner = s.lead, price_fen = s.price, underbidder = s.second ~= 0 and s.second or nil }
end
