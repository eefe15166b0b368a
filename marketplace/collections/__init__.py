"""Collection (收储): offers for a lot, a backstop given in advance, best and final, accepted by two people."""
