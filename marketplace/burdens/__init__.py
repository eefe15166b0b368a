"""Burdens (权利负担): licences, preservation, suits and commitments that rest on a right."""
