-- `uniform_price`: so many equal licences, all at the highest losing bid. Twin of rules/uniform_price.py.

local uniform_price = derive({}, sealed)
formats.uniform_price = uniform_price

function uniform_price.award(book)
  local order = sealed.order(book)
  local winners, units = {}, book.profile.units
  if #order == 0 then return { reason = 'no_bids', winners = winners } end
  for i = 1, min(units, #order) do winners[i] = { paddle = order[i].paddle, units = 1 } end
  local loser = order[units + 1]
  return {
    winners = winners, price_fen = loser and loser.amount or book.profile.start_price_fen,
    underbidder = loser and loser.paddle or nil,
  }
end
