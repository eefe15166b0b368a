-- `rounds`: each accepted bid ends a round, a silent round ends the auction. Twin of rules/rounds.py.

local rounds = derive({}, ascending)
formats.rounds = rounds

function rounds.start(profile)
  local state = ascending.start(profile)
  state.round_opens = profile.opens_at
  return state
end

function rounds.first_minimum(book)
  local start = book.profile.start_price_fen
  if book.profile.first == 'start' then return start end
  return start + step_at(book.profile, start)
end

function rounds.is_between(book, action, moment)
  return action == 'bid' and moment < book.state.round_opens
end

function rounds.apply(book, command, moment, at)
  ascending.hold(book, command)
  local opens, deadline = moment + book.profile.pause_ms, book.profile.deadline_at
  if deadline and opens >= deadline then
    book.closed_at = at
    return
  end
  book.state.round_opens = opens
  local stop = opens + book.profile.round_ms
  if deadline then stop = min(stop, deadline) end
  ascending.set_end(book, stop)
end
