-- What the sealed formats share, `one_shot` and `vickrey`. Twin of rules/sealed.py.
-- An offer is a paddle record with `max_seq` above 0: `max` its amount (0 in its envelope), `max_seq` the number of its
-- command. `state.sealing` is the hash of a live auction's sealing; nil where a seal is a plain amount.

local sealed = derive({ actions = { seal = true, withdraw = true } }, ascending)

function sealed.start() return { bidders = 0 } end

function sealed.ends(book) return book.profile.closes_at end
function sealed.shows_price() return false end
function sealed.standing() return 0, 0 end

function sealed.minimum(book)
  local profile = book.profile
  return profile.start_price_fen + (profile.floor_rule == 'strictly_above' and 1 or 0)
end

-- Whether an offer may be replaced or withdrawn; what is not there can't be withdrawn either.
function sealed.refuse_amendment(book, command)
  local is_there = book.paddles[command[4]].max_seq > 0
  local amends = is_there or command[2] == 'withdraw'
  if amends and not (is_there and book.profile.amend == 'latest_counts') then
    return NUMBER_OF.not_amendable
  end
  return nil
end

-- Which floor an amount does not reach.
function sealed.shortfall_of(book, amount)
  if amount < book.profile.start_price_fen then return NUMBER_OF.below_start end
  if amount < sealed.minimum(book) then return NUMBER_OF.below_minimum end
  return nil
end

function sealed.check(book, command)
  if command[2] == 'seal' and not book.state.sealing then
    local code = sealed.shortfall_of(book, command[5])
    if code then return code, sealed.minimum(book) end
  end
  return sealed.refuse_amendment(book, command)
end

-- Places, replaces or withdraws an offer; a replacement counts from its own moment.
function sealed.apply(book, command)
  local s, record = book.state, book.paddles[command[4]]
  if record.max_seq > 0 then s.bidders = s.bidders - 1 end
  record.max, record.max_seq = 0, 0
  if command[2] == 'seal' then
    record.max, record.max_seq = command[5], book.seq
    s.bidders = s.bidders + 1
  end
  book.touched[command[4]] = true
end

function sealed.waits_for_opening(book)
  local s = book.state
  return s.sealing ~= nil and s.opened ~= 1 and s.bidders > 0
end

-- Paddle and number of every envelope that stands, in the order they came.
local function waiting_envelopes(book)
  local waiting = {}
  for paddle, record in pairs(books.all(book)) do
    if record.max_seq > 0 then waiting[#waiting + 1] = { paddle, record.max_seq } end
  end
  table.sort(waiting, function(a, b) return a[2] < b[2] end)
  return waiting
end

local function is_opened_or_explained(opening)
  local amount, reason = opening[3], opening[5]
  if type(opening[4]) ~= 'string' or type(reason) ~= 'string' then return false end
  if reason ~= '' then return amount == 0 end
  return is_whole(amount, 1, AMOUNT_MAX)
end

-- Whether these are openings of exactly the envelopes that stand, each with an amount or with a reason.
function sealed.is_opening(book, openings)
  local waiting = waiting_envelopes(book)
  if type(openings) ~= 'table' or #openings ~= #waiting then return false end
  for i = 1, #waiting do
    local opening = openings[i]
    if type(opening) ~= 'table' or opening[1] ~= waiting[i][1] or opening[2] ~= waiting[i][2]
      or not is_opened_or_explained(opening) then
      return false
    end
  end
  return true
end

-- Puts amounts in the envelopes' places; those that do not count are taken out. An amount is judged as it would have
-- been when it was sealed: the paddle's limit, then the floor.
function sealed.open(book, openings)
  for _, opening in ipairs(openings) do
    local paddle, amount = opening[1], opening[3]
    local record = books.paddle(book, paddle)
    local over_limit = record.limit > 0 and amount > record.limit
    if opening[5] ~= '' or over_limit or book.rules.shortfall_of(book, amount) then
      sealed.void(book, paddle)
    else
      record.max = amount
    end
    book.touched[paddle] = true
  end
  book.state.opened = 1
end

function sealed.void(book, paddle)
  local record = book.paddles[paddle]
  if record.max_seq > 0 then book.state.bidders = book.state.bidders - 1 end
  record.max, record.max_seq = 0, 0
end

-- The offers that stand, unordered.
function sealed.offers(book)
  local offers = {}
  for paddle, record in pairs(books.all(book)) do
    if record.max_seq > 0 then
      offers[#offers + 1] = {
        paddle = paddle, amount = record.max, seq = record.max_seq, score = record.score or 0,
        rank = book.profile.ranks[paddle] or NO_RANK,
      }
    end
  end
  return offers
end

-- The offers by the Order: amount, then rank, then sequence.
function sealed.order(book)
  local offers = sealed.offers(book)
  table.sort(offers, function(a, b)
    return stands_before(a.amount, a.rank, a.seq, b.amount, b.rank, b.seq)
  end)
  return offers
end

function sealed.price(_, order) return order[1].amount end

function sealed.award(book)
  local order = book.rules.order(book)
  local reason = shortfall(book, order[1] and order[1].amount or 0)
  if reason then return { reason = reason } end
  return {
    winner = order[1].paddle, price_fen = book.rules.price(book, order),
    underbidder = order[2] and order[2].paddle or nil,
  }
end

local one_shot = derive({}, sealed)
formats.one_shot = one_shot

local vickrey = derive({}, sealed)
formats.vickrey = vickrey

function vickrey.price(book, order)
  return max(book.profile.start_price_fen, order[2] and order[2].amount or 0)
end
