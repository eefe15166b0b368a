-- The auction's own clock, which stands still while the auction is suspended. Twin of rules/timeline.py.
-- `suspensions` is a flat list of starts and ends in real milliseconds; `suspended_at` is -1 while none lasts.

local timeline = {}

function timeline.moment(book, at)
  local suspensions, stood_still = book.suspensions, 0
  for i = 1, #suspensions, 2 do
    local start = suspensions[i]
    if at < start then return at - stood_still end
    stood_still = stood_still + min(at, suspensions[i + 1]) - start
  end
  if book.suspended_at >= 0 then at = min(at, book.suspended_at) end
  return at - stood_still
end

function timeline.real(book, moment)
  local suspensions, stood_still = book.suspensions, 0
  for i = 1, #suspensions, 2 do
    if moment >= suspensions[i] - stood_still then
      stood_still = stood_still + suspensions[i + 1] - suspensions[i]
    end
  end
  return moment + stood_still
end

function timeline.stood_still_at(book, at)
  local suspensions = book.suspensions
  for i = 1, #suspensions, 2 do
    if suspensions[i] <= at and at < suspensions[i + 1] then return true end
  end
  return false
end

function timeline.suspend(book, at)
  local suspensions = book.suspensions
  book.suspended_at = #suspensions > 0 and max(at, suspensions[#suspensions]) or at
end

function timeline.resume(book, at)
  local suspensions, start = book.suspensions, book.suspended_at
  suspensions[#suspensions + 1] = start
  suspensions[#suspensions + 1] = max(at, start)
  book.suspended_at = -1
end

-- When a command entered. Ages are capped at the grace on both sides, so that no command decides before it came or
-- long after.
local function entered_at(age_us, decided)
  local waited = (age_us - age_us % 1000) / 1000
  if waited < 0 then return decided end
  return decided - (waited > GRACE_MS and GRACE_MS or waited)
end
