"""Intellectual property rights (知识产权): what they are, their numbers, their terms."""
