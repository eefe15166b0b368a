-- `dutch`: a falling clock and a first acceptance. Twin of rules/dutch.py.
-- `schedule` is what the `create` command derived from the drop: second price, drop, last price, number of prices.

local dutch = derive({ actions = { accept = true } }, ascending)
formats.dutch = dutch

function dutch.start()
  return { winner = 0, price = 0, seq = 0 }
end

function dutch.ends(book) return book.profile.closes_at end

function dutch.price_at(book, moment)
  local profile = book.profile
  local schedule = profile.schedule
  local index = floor((moment - profile.opens_at) / profile.drop_every_ms)
  if index >= schedule[4] - 1 then return schedule[3] end
  if index <= 0 then return profile.start_price_fen end
  return schedule[1] - (index - 1) * schedule[2]
end

function dutch.minimum(book, moment) return dutch.price_at(book, moment) end

function dutch.check(book, command, moment)
  if command[5] ~= dutch.price_at(book, moment) then return NUMBER_OF.wrong_price end
  return nil
end

function dutch.apply(book, command, _, at)
  local s = book.state
  s.winner, s.price, s.seq = command[4], command[5], book.seq
  book.closed_at = at
end

function dutch.void() end

function dutch.standing(book) return book.state.price, book.state.winner end

function dutch.bidders(book) return book.state.winner == 0 and 0 or 1 end

function dutch.award(book)
  local s = book.state
  if s.winner == 0 then return { reason = 'no_bids' } end
  return { winner = s.winner, price_fen = s.price }
end
