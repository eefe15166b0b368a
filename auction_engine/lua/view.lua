-- The public state of one auction. Twin of `view` and `result` in rules/model.py. Never a maximum, never the reserve.

local function is_closed_for_good(book, at) return book.final or core.is_past_grace(book, at) end

local function result_of(book, at)
  local several = book.profile.format == 'uniform_price' and {} or nil
  if book.cancelled_at >= 0 then
    return {
      outcome = 'cancelled', winners = several, closed_at = book.cancelled_at,
      extensions = book.extensions,
    }
  end
  if not is_closed_for_good(book, at) or book.rules.waits_for_opening(book) then
    return { outcome = 'open', winners = several, extensions = book.extensions }
  end
  local result = book.rules.award(book)
  result.outcome = result.reason and 'unsold' or 'sold'
  result.closed_at = core.ends_at(book)
  result.extensions = book.extensions
  return result
end

local function status_of(book, at)
  if book.cancelled_at >= 0 then return 'cancelled' end
  if book.suspended_at >= 0 then return 'suspended' end
  if at < book.profile.opens_at then return 'scheduled' end
  if book.final or book.closed_at >= 0 or timeline.moment(book, at) >= book.rules.ends(book) then
    return 'closed'
  end
  return 'open'
end

local function above_zero(number) return number > 0 and number or nil end

local function view_of(book, at)
  local rules, result = book.rules, result_of(book, at)
  local is_final = result.outcome ~= 'open'
  local hidden = not rules.shows_price(book, 'tick')
  local price, leader = rules.standing(book)
  local ends_at, reserve = core.ends_at(book), book.profile.reserve_price_fen
  local view = {
    status = status_of(book, at), ends_at = ends_at >= 0 and ends_at or nil,
    closed_at = result.closed_at, seq = book.seq, extensions = book.extensions,
    minimum_fen = rules.minimum(book, timeline.moment(book, at)), final = is_final, result = result,
    opening_due = is_closed_for_good(book, at) and rules.waits_for_opening(book) or nil,
  }
  if not hidden then
    view.price_fen, view.leader = above_zero(price), above_zero(leader)
    view.reserve_met = not reserve or price >= reserve
  end
  if is_final or not hidden then
    view.bids, view.bidders = book.bids, rules.bidders(book)
  end
  return view
end
