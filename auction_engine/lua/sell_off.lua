-- `sell_off`: the first bid ever accepted sets the end; then `english`. Twin of rules/sell_off.py.

local sell_off = derive({ actions = english.actions }, ascending)
formats.sell_off = sell_off

function sell_off.start(profile)
  local state = ascending.start(profile)
  state.started = 0
  return state
end

function sell_off.end_after(book, moment)
  local s = book.state
  if s.started == 1 then return ascending.end_after(book, moment) end
  s.started = 1
  return moment + book.profile.countdown_ms
end
