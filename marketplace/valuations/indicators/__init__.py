"""Indicator sets as data: names, weights in basis points and bands of each scene, one file a set."""
