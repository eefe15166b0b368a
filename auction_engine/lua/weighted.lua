-- `weighted`: price and expert scores together. Twin of rules/weighted.py.

local weighted = derive({ actions = { seal = true, withdraw = true, score = true } }, sealed)
formats.weighted = weighted

function weighted.check(book, command)
  if command[2] == 'score' then return nil end
  return sealed.check(book, command)
end

function weighted.apply(book, command)
  if command[2] ~= 'score' then return sealed.apply(book, command) end
  local total, given = 0, command[7] or {}
  for _, term in ipairs(book.profile.terms) do
    total = total + term.weight_bp * (given[term.name] or 0)
  end
  book.paddles[command[4]].score = total
  book.touched[command[4]] = true
end

local LIMB = 10000000

-- amount * factor (up to 10^13 * 10^8, past 2^53) as two exact limbs, high and low.
local function product(amount, factor)
  local low = amount % LIMB
  local high = (amount - low) / LIMB
  local low_product = low * factor
  local carry = floor(low_product / LIMB)
  return high * factor + carry, low_product - carry * LIMB
end

-- The contract's total times the best bid, so that nothing is divided.
local function total(profile, offer, best)
  local price_high, price_low = product(offer.amount, profile.price_bp * BP_ONE)
  local score_high, score_low = product(best, offer.score)
  local low = price_low + score_low
  local carry = floor(low / LIMB)
  return price_high + score_high + carry, low - carry * LIMB
end

-- The offers by total, then price, then sequence.
function weighted.order(book)
  local offers, best = sealed.offers(book), 1
  for _, offer in ipairs(offers) do best = max(best, offer.amount) end
  for _, offer in ipairs(offers) do offer.high, offer.low = total(book.profile, offer, best) end
  table.sort(offers, function(a, b)
    if a.high ~= b.high then return a.high > b.high end
    if a.low ~= b.low then return a.low > b.low end
    if a.amount ~= b.amount then return a.amount > b.amount end
    return a.seq < b.seq
  end)
  return offers
end
