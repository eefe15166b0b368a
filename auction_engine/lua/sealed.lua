-- What the sealed formats share, `one_shot` and `vickrey`. Twin of rules/sealed.py.
-- An offer is a paddle record with `max_seq` above 0: `max` its amount, `max_seq` the number of its command.

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

function sealed.check(book, command)
  if command[2] == 'seal' then
    local minimum = sealed.minimum(book)
    if command[5] < book.profile.start_price_fen then return NUMBER_OF.below_start, minimum end
    if command[5] < minimum then return NUMBER_OF.below_minimum, minimum end
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
        paddle = paddle, amount = record.max, seq = record.max_seq, score = record.score,
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
