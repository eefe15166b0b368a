"""Offers of licences (二次许可): negotiated, back to the pledgor, at a posted price, at a uniform price, by tender."""
