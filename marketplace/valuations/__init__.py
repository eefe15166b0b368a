"""Valuations (评估): who said what a right is worth, how, and until when it counts."""
