-- `dynamic`: a free period, then cycles that each bid restarts. Twin of rules/dynamic.py.

local dynamic = derive({ actions = { bid = true, exercise = true } }, ascending)
formats.dynamic = dynamic

function dynamic.start(profile)
  local state = ascending.start(profile)
  state.stop = profile.closes_at + profile.cycle_ms
  state.taker, state.fixed = 0, 0
  return state
end

function dynamic.is_wrong(book, action)
  return not dynamic.actions[action] or (action == 'exercise' and book.profile.exercise ~= 'after')
end

-- Who may exercise after the bidding, in turn: each holder but the leader, by rank, then paddle.
function dynamic.turns(book)
  local s, profile = book.state, book.profile
  if s.fixed == 1 then return s.turns end
  local turns = {}
  if s.lead == 0 or profile.exercise ~= 'after' then return turns end
  for _, paddle in ipairs(profile.holders) do
    local record = paddle ~= s.lead and books.paddle(book, paddle)
    if record and not record.barred and (record.free or not profile.require_free_bid) then
      turns[#turns + 1] = paddle
    end
  end
  local ranks = profile.ranks
  table.sort(turns, function(a, b)
    if ranks[a] ~= ranks[b] then return ranks[a] < ranks[b] end
    return a < b
  end)
  return turns
end

function dynamic.ends(book)
  return book.state.stop + #dynamic.turns(book) * (book.profile.exercise_window_ms or 0)
end

function dynamic.ends_for(book, action)
  if action == 'bid' then return book.state.stop end
  return dynamic.ends(book)
end

function dynamic.bars(book, record, moment)
  return book.profile.require_free_bid and moment >= book.profile.closes_at and not record.free
end

function dynamic.amount(book, command)
  if command[2] == 'bid' then return command[5] end
  return book.state.price
end

function dynamic.check(book, command, moment)
  if command[2] == 'bid' then return ascending.check(book, command) end
  local s, paddle = book.state, command[4]
  if paddle == s.lead then return NUMBER_OF.already_leading end
  if not book.profile.ranks[paddle] then return NUMBER_OF.match_not_allowed end
  local turn = floor((moment - s.stop) / (book.profile.exercise_window_ms or 1))
  if turn < 0 or dynamic.turns(book)[turn + 1] ~= paddle then return NUMBER_OF.not_due end
  return nil
end

function dynamic.apply(book, command, moment, at)
  if command[2] == 'exercise' then
    book.state.taker = command[4]
    book.closed_at = at
    return
  end
  ascending.apply(book, command, moment)
  if moment < book.profile.closes_at then book.paddles[command[4]].free = true end
end

function dynamic.end_after(book, moment)
  local s = book.state
  if moment < book.profile.closes_at then return s.stop end
  -- A bid that entered before one already decided restarts nothing: the end never moves back.
  return max(s.stop, moment + book.profile.cycle_ms)
end

function dynamic.settle(book, moment)
  local s = book.state
  if moment < s.stop then return end
  s.turns = dynamic.turns(book)
  s.fixed = 1
end

function dynamic.standing(book)
  local s = book.state
  return s.price, s.taker ~= 0 and s.taker or s.lead
end

function dynamic.award(book)
  local award = ascending.award(book)
  local s = book.state
  if award.reason or s.taker == 0 then return award end
  return { winner = s.taker, price_fen = s.price, underbidder = s.lead }
end
