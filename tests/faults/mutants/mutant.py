"""What a mutant is."""

from pathlib import Path

import msgspec

#: The checkout, from which the files of mutants are named.
ROOT = Path(__file__).resolve().parents[3]


class Mutant(msgspec.Struct, frozen=True):
    """One fault: the text that it takes the place of stands in the file exactly once."""

    name: str
    path: str
    old: str
    new: str
    test: str
