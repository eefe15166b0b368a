"""The command line itself: whatever goes wrong ends with its exit code and one line (contracts, head)."""

import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from marketplace import cli
from marketplace.commands import up

NOWHERE = "postgresql://127.0.0.1:1/none"
BAD = {
    "no command": ([], "Usage"),
    "an unknown command": (["sell"], "No such command 'sell'"),
    "an unknown option": (["clear", "--fast", "x"], "No such option '--fast'"),
    "a name of two lines, to clear": (["clear", "a\nb"], "a\\nb: cannot be read"),
    "a name of two lines, to rehearse": (["rehearse", "a\nb"], "can't be read"),
    "a name of two lines, to verify": (["verify", "a\nb"], "BUNDLE: "),
    "a name that steers a terminal": (["verify", "a\x1b[2J"], "a\\x1b[2J can't be read"),
    "a directory to verify": (["verify", "."], "BUNDLE: . can't be read"),
    "no key": (["verify", ".", "--key", "zz"], "--key: 'zz' is neither"),
    "no database": (["check-ledger", "--database-url", NOWHERE], "--database-url: cannot be"),
    "no URL": (["check-ledger", "--database-url", "garbage"], "--database-url: must begin"),
    "no URL to migrate": (["migrate", "--database-url", "garbage"], "--database-url: must begin"),
    "nobody's import": (["import", "cli.py", "--username", "x", "--database-url", NOWHERE], "--"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_bad_input_is_one_line(
    case: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, nothing on standard output, and one printable line that says what was wrong."""
    arguments, reason = BAD[case]
    monkeypatch.chdir(Path(cli.__file__).parent)
    monkeypatch.setattr(sys, "argv", ["luochui", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capfd.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    assert printed.err.startswith("error: ")
    assert printed.err.endswith("\n")
    assert printed.err[:-1].isprintable()
    assert reason in printed.err


@pytest.mark.parametrize("said", ["option", "variable"])
def test_up_hands_on_who_must_have_a_second_factor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str
) -> None:
    """What `serve` reads from LUOCHUI_* about signing in counts for `up` too: it was dropped without a word."""
    seen: dict[str, Any] = {}

    class NotStarted(Exception):
        """The system, as far as it comes here."""

    def stack(data_dir: Path, **options: Any) -> None:
        seen.update(options)
        raise NotStarted

    monkeypatch.setattr(up, "Stack", stack)
    flags = ["--second-factor", "everybody", "--trusted-proxies", "10.0.0.0/8"]
    variables = {
        "LUOCHUI_SECOND_FACTOR_REQUIRED": "everybody",
        "LUOCHUI_TRUSTED_PROXIES": "10.0.0.0/8",
    }
    CliRunner().invoke(
        up.command,
        ["--data-dir", str(tmp_path), *(flags if said == "option" else [])],
        env=variables if said == "variable" else {},
    )
    assert seen["environment"] == variables
