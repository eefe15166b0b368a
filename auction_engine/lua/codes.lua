-- Names and numbers that the rules share with Python: auction_engine/codes.py and rules/commands.py.

local REFUSALS = {
  'invalid_amount', 'wrong_action', 'not_open', 'closed', 'cancelled', 'suspended', 'unknown_paddle',
  'barred', 'id_reused', 'over_limit', 'below_start', 'below_minimum', 'off_grid', 'above_step_cap',
  'already_leading', 'match_not_allowed', 'not_amendable', 'wrong_price', 'not_due',
}
local NUMBER_OF = {}
for number = 1, #REFUSALS do NUMBER_OF[REFUSALS[number]] = number end

-- Versions of a batch's commands as columns; those of the later one have decisions as columns too.
local COLUMNS_WITH_ROWS, COLUMNS = 2, 3

local LIBRARY_VERSION = 1
local AMOUNT_MAX = 10000000000000
local ENVELOPE_MAX = 8192
local GRACE_MS = 2000
local BP_ONE = 10000
local NO_RANK = 100000000000000   -- stands for "no priority" in the Order

local WITH_AMOUNT = { bid = true, accept = true, seal = true, proxy = true }
local OPERATOR_ACTIONS = { suspend = true, resume = true, cancel = true, disqualify = true, admit = true }
local WHILE_SUSPENDED = { resume = true, cancel = true, disqualify = true, admit = true }

-- An action in the fingerprint of an id.
local ACTION_NUMBER = {
  bid = 1, accept = 2, seal = 3, proxy = 4, withdraw = 5, score = 6, exercise = 7, suspend = 8,
  resume = 9, cancel = 10, disqualify = 11, admit = 12, open_bids = 13,
}

local function is_whole(value, least, most)
  -- A comparison with NaN is false, so NaN is no whole number either.
  return type(value) == 'number' and value >= least and value <= most and value % 1 == 0
end

local formats = {}   -- each format's file adds its rules under its name

-- While a library is loaded its Lua has no globals but `redis`: no `math`, no `pairs`. What needs them is set
-- up by the first call.
local floor, min, max
local lineage = {}

-- `child` has what `parent` has, but for what it says itself.
local function derive(child, parent)
  lineage[#lineage + 1] = { child, parent }
  return child
end

-- `entry` as a function of the library.
local function prepared(entry)
  return function(keys, args)
    if not floor then
      floor, min, max = math.floor, math.min, math.max
      for i = 1, #lineage do
        local child = lineage[i][1]
        for name, value in pairs(lineage[i][2]) do
          if child[name] == nil then child[name] = value end
        end
      end
    end
    return entry(keys, args)
  end
end
