"""Sales (成交): what follows a sold lot, from the confirmation (成交确认书) to the money paid out."""
