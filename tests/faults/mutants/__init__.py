"""Mutants of the bid engine that must die: tests that can't fail are worthless (reliability 5.7).

One table a room; `python -m tests.faults.mutants` (`__main__.py`) puts them in, one after the other.
"""

from tests.faults.mutants import in_lua, in_the_bid_path, in_the_record

MUTANTS = (*in_lua.MUTANTS, *in_the_bid_path.MUTANTS, *in_the_record.MUTANTS)
