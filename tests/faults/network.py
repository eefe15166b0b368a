"""A network of its own for each node of a Cluster, on one host: links that fall, nodes cut off from each other but not
from their clients. Needs root and iproute2.

The bridge stands in the host's own namespace: this process reaches every node whatever they do among themselves.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from kit.embedded import Valkey
from tests.faults.nemesis import PROC, require_root

_NAMESPACES = Path("/run/netns")
_PREFIX = "lcf"


class Network:
    """A bridge and one namespace a node; names and addresses are by process id, so that runs do not meet."""

    def __init__(self, nodes: int) -> None:
        require_root("a network of its own")
        third = os.getpid() % 250
        self._prefix = f"{_PREFIX}{os.getpid()}"
        self._bridge = f"{self._prefix}b"
        self._gateway = f"10.77.{third}.100"
        self.hosts = [f"10.77.{third}.{number + 1}" for number in range(nodes)]

    def __enter__(self) -> "Network":
        _remove_abandoned()
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("addr", "add", f"{self._gateway}/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        for number, host in enumerate(self.hosts):
            space, outer = self.space(number), f"{self._prefix}v{number}"
            _ip("netns", "add", space)
            _ip("link", "add", outer, "type", "veth", "peer", "name", "e0", "netns", space)
            _ip("link", "set", outer, "master", self._bridge, "up")
            _ip("-n", space, "addr", "add", f"{host}/24", "dev", "e0")
            _ip("-n", space, "link", "set", "e0", "up")
            _ip("-n", space, "link", "set", "lo", "up")
        return self

    def __exit__(self, *_: object) -> None:
        for number in range(len(self.hosts)):
            with contextlib.suppress(AssertionError):
                _ip("netns", "del", self.space(number))
        with contextlib.suppress(AssertionError):
            _ip("link", "del", self._bridge)

    def space(self, number: int) -> str:
        """The namespace of one node."""
        return f"{self._prefix}n{number}"

    def server(self, directory: Path, options: dict[str, str], number: int) -> Valkey:
        """A server that lives in the namespace of its number."""
        return _Server(self.space(number), directory, options)

    @contextlib.contextmanager
    def isolated(self, number: int) -> Iterator[None]:
        """A node that hears no other node, and still answers its clients."""
        peers = [host for place, host in enumerate(self.hosts) if place != number]
        self._routes(number, "add", peers)
        try:
            yield
        finally:
            self._routes(number, "del", peers)

    def _routes(self, number: int, do: str, peers: list[str]) -> None:
        """Add or delete all of a node's dead ends at a stroke: one process, not one a peer."""
        lines = "".join(f"route {do} blackhole {peer}/32\n" for peer in peers)
        _ip("-n", self.space(number), "-batch", "-", given=lines)

    def link(self, number: int, state: str) -> None:
        """Take a node's only link `down`, or `up` again."""
        _ip("-n", self.space(number), "link", "set", "e0", state)


class _Server(Valkey):
    def __init__(self, space: str, directory: Path, options: dict[str, str]) -> None:
        super().__init__(directory, options=options)
        self._space = space

    def _command(self) -> tuple[list[str], int | None]:
        command, user = super()._command()
        # not `ip netns exec`: that would keep loop devices of other cases busy in a mount namespace of its own
        return ["nsenter", f"--net={_NAMESPACES / self._space}", *command], user


def _remove_abandoned() -> None:
    """Remove what a run that was killed has left: its process is gone."""
    if not _NAMESPACES.exists():
        return
    for place in _NAMESPACES.iterdir():
        owner = place.name.removeprefix(_PREFIX).partition("n")[0]
        if place.name.startswith(_PREFIX) and owner.isdigit() and not (PROC / owner).exists():
            with contextlib.suppress(AssertionError):
                _ip("netns", "del", place.name)
            with contextlib.suppress(AssertionError):
                _ip("link", "del", f"{_PREFIX}{owner}b")


def _ip(*arguments: str, given: str = "") -> None:
    deadline = time.monotonic() + 5
    while True:
        done = subprocess.run(
            ["ip", *arguments], input=given, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return
        if "busy" not in done.stderr or time.monotonic() > deadline:
            raise AssertionError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
        time.sleep(0.05)
