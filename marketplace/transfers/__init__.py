"""Transfers (交割): what is filed where after a sale, by right; pledges cancelled; refusals that undo the sale."""
