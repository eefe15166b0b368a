"""The mutants of `make mutants` are not stale: each text stands in its file once, and each named test exists."""

import pytest

from tests.faults.mutants import MUTANTS
from tests.faults.mutants.mutant import ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_mutant_still_fits_the_code(mutant: Mutant) -> None:
    """What it takes the place of is there, exactly once; so is the test that has to see it."""
    text = (ROOT / mutant.path).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1, f"{mutant.path} has changed: let the mutant follow"
    assert mutant.old != mutant.new
    path, _, name = mutant.test.partition("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    assert f"def {name.partition('[')[0]}(" in source or not name


def test_no_mutant_has_the_name_of_another() -> None:
    """Names are what `make mutants` is asked for."""
    names = [mutant.name for mutant in MUTANTS]
    assert len(names) == len(set(names))
