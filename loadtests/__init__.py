"""Load scenarios and drivers."""
