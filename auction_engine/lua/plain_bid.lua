-- The common case in one straight line: a manual bid on an `english` auction that is open, never was suspended, has a
-- fixed step and no priority holders. Says exactly what `core.decide` would, which decides everything else; the tests
-- that compare the library with the reference model reach both.

local plain_bid = {}
-- What the id of such a bid holds, once it is accepted: amount, number and end. An end that would not fit is not plain.
local LED, LED_BYTES, LED_END_MAX = '<I6I6I6', 18, 200000000000000

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

-- Enters a bid that is above every maximum: it leads, and the price is its amount.
local function enter(book, s, record, paddle, amount, at)
  local seq, lead = book.seq + 1, s.lead
  book.seq, book.bids, book.changed = seq, book.bids + 1, true
  if record.max_seq == 0 then s.bidders = s.bidders + 1 end
  record.manual, record.max, record.max_seq = amount, amount, seq
  book.touched[paddle] = true
  if lead ~= 0 then s.second, s.second_max, s.second_seq = lead, s.lead_max, s.lead_seq end
  s.lead, s.lead_max, s.lead_seq, s.lead_manual, s.price = paddle, amount, seq, amount, amount
  local extension = book.profile.extension
  if extension and s.stop - at < extension.window_ms then
    ascending.set_end(book, ascending.end_after(book, at))
  end
  book.told_end = s.stop
  return { 1, seq, amount, paddle, s.stop }
end

-- What an id holds from now on whose bid was accepted here.
function plain_bid.remembered(decision)
  return struct.pack(LED, decision[3], decision[2], decision[5])
end

-- The first answer that such an id holds, if `command` is that bid again: nil if the id holds something else, false
-- if the command is another.
function plain_bid.first_answer(command, stored)
  if #stored ~= LED_BYTES then return nil end
  local amount, seq, ends_at = struct.unpack(LED, stored)
  if command[2] ~= 'bid' or command[5] ~= amount then return false end
  return { 2, seq, amount, command[4], ends_at }
end

-- The decision on a bid whose id, if it has one, is free; nil where it must take the long way.
function plain_bid.decide(book, paddle, amount, at, decided)
  local plain = book.plain
  if plain == nil then
    plain = is_plain(book)
    book.plain = plain
  end
  if not plain then return nil end
  local s, profile, record = book.state, book.profile, book.paddles[paddle]
  local stop = s.stop
  if not record or record.barred or at < profile.opens_at or at >= stop or decided >= stop + GRACE_MS
    or stop > LED_END_MAX then
    return nil
  end
  if type(amount) ~= 'number' or amount < 1 or amount > AMOUNT_MAX or amount % 1 ~= 0 then return nil end
  local limit = record.limit
  if limit > 0 and amount > limit then return nil end
  local code, minimum = refusal_of(profile, s.price, amount, s.lead == paddle)
  if code then return { 0, code, minimum } end
  if code == false or amount <= s.lead_max then return nil end
  return enter(book, s, record, paddle, amount, at)
end
