"""Set-off (以物抵债): the bank takes the rights at a price that counts as recovered, and then sells them in time."""
