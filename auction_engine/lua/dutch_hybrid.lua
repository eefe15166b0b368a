-- `dutch_hybrid`: a falling clock, sealed offers above its price, a last look. Twin of rules/dutch_hybrid.py.

local dutch_hybrid = derive({ actions = { accept = true, seal = true, withdraw = true } }, dutch)
formats.dutch_hybrid = dutch_hybrid

function dutch_hybrid.start()
  return {
    winner = 0, price = 0, seq = 0, bidders = 0, is_barred = 0, look_fixed = 0,
    seal_from = 0, seal_to = 0, look_from = 0, look_to = 0,
  }
end

function dutch_hybrid.is_wrong(book, action)
  return not dutch_hybrid.actions[action] or (action == 'accept' and book.state.winner ~= 0)
end

function dutch_hybrid.is_between(book, action, moment)
  local s = book.state
  if action == 'accept' then return false end
  if s.winner == 0 or moment < s.seal_from then return true end
  return s.seal_to <= moment and moment < s.look_from
end

function dutch_hybrid.ends(book)
  local s = book.state
  if s.winner == 0 then return book.profile.closes_at end
  if s.bidders > 0 or s.look_fixed == 1 then return s.look_to end
  return s.seal_to
end

function dutch_hybrid.minimum(book, moment)
  if book.state.winner == 0 then return dutch.price_at(book, moment) end
  return book.state.price + 1
end

function dutch_hybrid.check(book, command, moment)
  local s = book.state
  if s.winner == 0 then return dutch.check(book, command, moment) end
  local is_winner, is_look = command[4] == s.winner, moment >= s.look_from
  if command[2] == 'seal' then
    if not s.sealing and command[5] <= s.price then return NUMBER_OF.below_minimum, s.price + 1 end
    if is_winner and not is_look then return NUMBER_OF.already_leading end
  end
  if is_look and not is_winner then return NUMBER_OF.match_not_allowed end
  return sealed.refuse_amendment(book, command)
end

function dutch_hybrid.apply(book, command, moment)
  local s = book.state
  if command[2] ~= 'accept' then
    sealed.apply(book, command)
    if moment >= s.look_from then s.look_fixed = 1 end
    return
  end
  local profile = book.profile
  s.winner, s.price, s.seq = command[4], command[5], book.seq
  s.seal_from = moment + profile.pause_ms
  s.seal_to = s.seal_from + profile.sealed_ms
  s.look_from = s.seal_to + profile.pause_ms
  s.look_to = s.look_from + profile.last_look_ms
end

-- Disqualifying never moves the end: a last look that is due stays due.
function dutch_hybrid.settle(book, moment)
  local s = book.state
  if s.winner ~= 0 and moment >= s.seal_to then s.look_fixed = 1 end
end

dutch_hybrid.waits_for_opening, dutch_hybrid.is_opening = sealed.waits_for_opening, sealed.is_opening

function dutch_hybrid.shortfall_of(book, amount)
  return amount <= book.state.price and NUMBER_OF.below_minimum or nil
end

-- The end was that of the last look, whatever the envelopes turn out to hold.
function dutch_hybrid.open(book, openings)
  book.state.look_fixed = 1
  sealed.open(book, openings)
end

function dutch_hybrid.void(book, paddle)
  sealed.void(book, paddle)
  if paddle == book.state.winner then book.state.is_barred = 1 end
end

function dutch_hybrid.standing(book)
  local s = book.state
  if s.is_barred == 1 then return 0, 0 end
  return s.price, s.winner
end

function dutch_hybrid.shows_price(book, action)
  return book.state.winner == 0 or action == 'accept'
end

-- The offers that stand, the accepted price being the Dutch winner's unless it has sealed another.
local function candidates(book)
  local offers, s = sealed.offers(book), book.state
  if s.winner == 0 or s.is_barred == 1 then return offers end
  for _, offer in ipairs(offers) do
    if offer.paddle == s.winner then return offers end
  end
  offers[#offers + 1] = { paddle = s.winner, amount = s.price, seq = s.seq }
  return offers
end

function dutch_hybrid.bidders(book) return #candidates(book) end

function dutch_hybrid.award(book)
  local offers = candidates(book)
  if #offers == 0 then return { reason = 'no_bids' } end
  table.sort(offers, function(a, b)
    if a.amount ~= b.amount then return a.amount > b.amount end
    return a.seq < b.seq
  end)
  return {
    winner = offers[1].paddle, price_fen = offers[1].amount,
    underbidder = offers[2] and offers[2].paddle or nil,
  }
end
