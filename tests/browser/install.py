"""Makes sure that Chromium is there for the browser tests; installs Debian's package where it may.

As root it installs `chromium`. As an ordinary user without it, it says so and the browser tests are left out
of the run by name, never silently: `tests/conftest.py` prints the same line in the summary.
"""

import os
import shutil
import subprocess
import sys


def chromium_path() -> str | None:
    """The browser to drive, or None."""
    return (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )


def main() -> int:
    if chromium_path() is not None:
        return 0
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") is None or (prefix and shutil.which("sudo") is None):
        print(
            "Chromium is missing and can't be installed from here: the browser tests will not run."
        )
        return 0
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "check": False}
    fonts = "fonts-noto-cjk"
    for command in (
        ["apt-get", "-qq", "update"],
        ["apt-get", "-qq", "-y", "install", "chromium", fonts],
    ):
        done = subprocess.run([*prefix, *command], capture_output=True, text=True, **quiet)  # type: ignore[call-overload]
        if done.returncode != 0:
            print(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-400:]}")
            print("Chromium could not be installed: the browser tests will not run.")
            return 0 if prefix else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
