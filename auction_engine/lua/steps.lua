-- How much a bid must rise. Twin of rules/steps.py; exact below 2^53.

local function step_at(profile, price)
  local step = profile.step
  if step.kind == 'fixed' then return step.step_fen end
  if step.kind == 'bands' then
    local found
    for _, band in ipairs(step.bands) do
      if band.from_fen <= price then found = band.step_fen end
    end
    return found
  end
  -- price * basis_points may pass 2^53, so the price is split at BP_ONE; only the whole part matters after it.
  local low = price % BP_ONE
  local share = (price - low) / BP_ONE * step.basis_points + floor(low * step.basis_points / BP_ONE)
  return max(share - share % step.round_to_fen, step.min_fen)
end
