"""After the demo its people can be signed in as: their names and passwords lie in a file of its owner's."""

import stat
from pathlib import Path

from marketplace.demo.cast import HOUSES
from marketplace.demo.run import RunFile
from marketplace.demo.visiting import write_people


def test_everybody_is_in_the_file_with_the_password_that_counts(tmp_path: Path) -> None:
    """Written again over an older one, never readable by others."""
    run, _ = RunFile(tmp_path).begin()
    for _ in range(2):
        file = write_people(tmp_path / "demo", run)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = file.read_text(encoding="utf-8")
    for house in HOUSES.values():
        for username, name, _ in house.people:
            assert f"{username} | {run.password(username)} | {name} | " in written
    assert "银行复核 Bank checker" in written
