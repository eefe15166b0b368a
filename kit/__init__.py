"""The bottom layer: errors, money, ids, clock, SQL loading, embedded servers. Imports nothing of ours."""
