-- The common case in one straight line: manual bids on an `english` auction that is open, never was suspended, has a
-- fixed step and no priority holders. Says exactly what `core.decide` would, which decides everything else; the tests
-- that compare the library with the reference model reach both.

local plain_bid = {}

-- Whether the auction is in that state. Asked again after every command that took the long way.
local function is_plain(book)
  local profile = book.profile
  return book.rules == formats.english and profile.fixed_step and #profile.holders == 0
    and book.cancelled_at < 0 and book.suspended_at < 0 and book.closed_at < 0 and not book.final
    and #book.suspensions == 0
end

-- The first refusal of a bid that may be made, and the least amount that would do; nil where the bid counts,
-- false where more has to be looked at.
local function refusal_of(profile, price, amount, leads)
  local start, step = profile.start_price_fen, profile.fixed_step
  local base, minimum = price, price + step
  if price == 0 then base, minimum = start, start end
  if amount < start then return NUMBER_OF.below_start, minimum end
  if amount < minimum then return NUMBER_OF.below_minimum, minimum end
  local grid, cap = profile.grid, profile.max_steps_per_bid
  if grid == 'multiple' then
    if (amount - base) % step ~= 0 then return NUMBER_OF.off_grid, 0 end
  elseif grid == 'absolute' and amount % step ~= 0 then
    return NUMBER_OF.off_grid, 0
  end
  if cap and amount - base > cap * step then return NUMBER_OF.above_step_cap, 0 end
  if not leads then return nil end
  if profile.leader_may_raise then return false end
  return NUMBER_OF.already_leading, 0
end

-- The first answer that the id of such a bid holds, if `command` is that bid again: nil if the id holds something
-- else, false if the command is another.
function plain_bid.first_answer(command, stored)
  if #stored ~= LED_BYTES then return nil end
  local amount, seq, ends_at = struct.unpack(LED, stored)
  if command[2] ~= 'bid' or command[5] ~= amount then return false end
  return { 2, seq, amount, command[4], ends_at }
end

-- Whether bids on this book are decided here, at a moment before its end can have become final.
local function takes_bids(book, decided)
  local plain = book.plain
  if plain == nil then
    plain = is_plain(book)
    book.plain = plain
  end
  local stop = plain and book.state.stop
  return plain and decided < stop + GRACE_MS and stop <= LED_END_MAX
end

-- What an amount must be measured by: `(amount - from) % unit` is 0 on the grid, and no more than `rise` above `base` counts.
local function measures_of(profile, price)
  local base, grid = price == 0 and profile.start_price_fen or price, profile.grid
  local cap = profile.max_steps_per_bid
  return base, grid == 'multiple' and base or 0, grid == 'none' and 1 or profile.fixed_step,
    cap and cap * profile.fixed_step or AMOUNT_MAX
end

-- Decides the bids of `run` from `position` on, and stops at the first command that must take the long way or is of another
-- auction: the result is its position. What was decided stands in `run.seqs` and `run.ends`, as in a journal's columns. The
-- state that every bid moves is in local variables meanwhile: this loop is what a bid costs.
function plain_bid.decide(entry, run, position)
  local book, decided, commands = entry.book, run.decided, run.commands
  if not book or not takes_bids(book, decided) then return position end
  local s, profile, records, touched, late = book.state, book.profile, book.paddles, book.touched, book.late
  local places, actions, ages = commands.auctions, commands.actions, commands.ages
  local paddles, values, names = commands.paddles, commands.values, commands.ids
  local place, seqs, ends, number = places and places[position], run.seqs, run.ends, run.number
  local opens, stop, step = profile.opens_at, s.stop, profile.fixed_step
  local window = profile.extension and profile.extension.window_ms or 0
  local known, price, lead, lead_max, lead_seq = nil, s.price, s.lead, s.lead_max, s.lead_seq
  local second, second_max, second_seq = s.second, s.second_max, s.second_seq
  local base, from, unit, rise = measures_of(profile, price)
  local least = price == 0 and base or price + step
  local first_seq, seq, kept, first, last = book.seq, book.seq, 0, position, commands.count
  local at, last_age
  while position <= last do
    if (places and places[position] ~= place) or (actions and actions[position] ~= 'bid') then break end
    local paddle, amount, name, age = paddles[position], values[position], names[position], ages[position]
    local record = records[paddle]
    if not record then
      books.read_ahead(book, paddles, position)
      record = records[paddle]
    end
    if age ~= last_age then at, last_age = entered_at(age, decided), age end
    if not record or record.barred or at < opens or at >= stop then break end
    if type(amount) ~= 'number' or amount < 1 or amount > record.most or amount % 1 ~= 0 then break end
    local own
    if name ~= '' then
      own = record.known
      if not own then
        known = known or ids.of(entry)
        own = own_ids(known, paddle)
        record.known = own
      end
      if own[name] then break end
    end
    if amount >= least and amount - base <= rise and (amount - from) % unit == 0 and paddle ~= lead then
      if amount <= lead_max then break end
      seq = seq + 1
      if record.max_seq == 0 then s.bidders = s.bidders + 1 end
      record.manual, record.max, record.max_seq = amount, amount, seq
      if own then late[paddle] = true else touched[paddle] = true end
      if lead ~= 0 then second, second_max, second_seq = lead, lead_max, lead_seq end
      lead, lead_max, lead_seq, price = paddle, amount, seq, amount
      base, least = price, price + step
      if from ~= 0 then from = price end
      if stop - at < window then
        ascending.set_end(book, ascending.end_after(book, at))
        stop = s.stop
      end
      seqs[position], ends[position] = seq, stop
      if own then own[name], kept = number, kept + 1 end
    else
      local code, minimum = refusal_of(profile, price, amount, lead == paddle)
      if not code then break end
      seqs[position], ends[position] = -code, minimum
    end
    position = position + 1
  end
  if position > first then run.journalled = true end
  if seq > first_seq then
    s.lead, s.lead_max, s.lead_seq, s.lead_manual, s.price = lead, lead_max, lead_seq, price, price
    s.second, s.second_max, s.second_seq = second, second_max, second_seq
    book.seq, book.bids, book.changed, book.told_end = seq, book.bids + seq - first_seq, true, stop
    if kept > 0 and not book.since then book.since = first_seq end
    run.led = run.led + kept
    held.grow(entry.held, kept * held.ID_BYTES)
  end
  return position
end
