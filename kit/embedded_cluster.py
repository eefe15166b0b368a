"""Several embedded Valkey servers on loopback: a primary with a replica, and a whole Cluster.

For tests and benchmarks: all of them share one machine and one disk, which is not what replicas are for.
"""

import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

from kit.embedded import EmbeddedServerError, Valkey

SLOTS = 16_384
_FORM_SECONDS = 60
#: Below the ports that the kernel hands out, so that a server finds its own port free when it is started again.
_PORTS = range(20_000, 32_000)
#: What `replicated` asserts of every node (reliability 4).
REPLICATED = {
    "min-replicas-to-write": "1",
    "min-replicas-max-lag": "2",
    "repl-diskless-sync-delay": "0",
    "repl-ping-replica-period": "1",
    "protected-mode": "no",
}
CLUSTERED = REPLICATED | {
    "cluster-enabled": "yes",
    "cluster-node-timeout": "2000",
    "cluster-require-full-coverage": "no",
    "cluster-allow-replica-migration": "no",
    "cluster-replica-validity-factor": "10",
}
#: Makes a server: its directory, its options, its number.
MakeServer = Callable[[Path, dict[str, str], int], Valkey]


class Ports:
    """Ports of this machine that nobody listens on, kept from other processes of ours while this lives."""

    def __init__(self, count: int, *, host: str = "127.0.0.1") -> None:
        self._kept: list[socket.socket] = []
        self.numbers: list[int] = []
        for port in secrets.SystemRandom().sample(_PORTS, len(_PORTS)):
            if len(self.numbers) == count:
                break
            if self._keep(host, port):
                self.numbers.append(port)

    def close(self) -> None:
        """Keep them no longer."""
        for mark in self._kept:
            mark.close()

    def _keep(self, host: str, port: int) -> bool:
        mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                mark.bind(
                    f"\0luochui-port-{port}"
                )  # an abstract name: the kernel forgets it with its process
                probe.bind((host, port))
            except OSError:
                mark.close()
                return False
        self._kept.append(mark)
        return True


def _plain(directory: Path, options: dict[str, str], number: int) -> Valkey:
    return Valkey(directory, options=options)


class ValkeyPair:
    """A primary and its replica, on TCP; also on the Unix sockets in their directories."""

    def __init__(self, directory: Path, *, options: Mapping[str, str] | None = None) -> None:
        self._ports = Ports(2)
        ports = self._ports.numbers
        common = REPLICATED | {"bind": "127.0.0.1"} | dict(options or {})
        self.url = f"redis://127.0.0.1:{ports[0]}"
        self.primary = Valkey(directory / "primary", options=common | {"port": str(ports[0])})
        self.replica = Valkey(
            directory / "replica",
            options=common | {"port": str(ports[1]), "replicaof": f"127.0.0.1 {ports[0]}"},
        )

    def __enter__(self) -> Self:
        self.primary.start()
        self.replica.start()
        _until(lambda: _link(self.replica) == "up", "the replica does not follow")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.replica.stop()
        self.primary.stop()
        self._ports.close()


class ValkeyCluster:
    """Primaries with one replica each; node `i` and node `i + primaries` are a pair at the start."""

    def __init__(
        self,
        directory: Path,
        *,
        primaries: int = 3,
        hosts: list[str] | None = None,
        options: Mapping[str, str] | None = None,
        make: MakeServer = _plain,
    ) -> None:
        count = 2 * primaries
        self.primaries = primaries
        self.hosts = hosts or ["127.0.0.1"] * count
        #: With a host of its own each node may have the same port; the bus has another.
        self._kept = Ports(2 * count if hosts is None else 0)
        ports = self._kept.numbers or [7700] * count + [17_700] * count
        self.ports, self._bus_ports = ports[:count], ports[count:]
        self.nodes = [
            make(
                directory / f"node{number}",
                CLUSTERED
                | {
                    "port": str(self.ports[number]),
                    "cluster-port": str(self._bus_ports[number]),
                    "bind": self.hosts[number],
                }
                | dict(options or {}),
                number,
            )
            for number in range(count)
        ]

    @property
    def url(self) -> str:
        """The Cluster's URL, with all its nodes."""
        places = [f"{host}:{port}" for host, port in zip(self.hosts, self.ports, strict=True)]
        return f"redis+cluster://{','.join(places)}"

    def url_at(self, number: int) -> str:
        """The URL of one node."""
        return f"redis://{self.hosts[number]}:{self.ports[number]}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all nodes, and let them form a Cluster where they are none yet."""
        try:
            for node in self.nodes:
                node.start()
            if self._known(0) < len(self.nodes):
                self._form()
            self.until_whole()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all nodes."""
        for node in self.nodes:
            node.stop()
        self._kept.close()

    def number_of(self, url: str) -> int:
        """Which node answers at a URL."""
        return next(n for n in range(len(self.nodes)) if self.url_at(n) == url)

    def swap(self, one: int, other: int) -> None:
        """Let two nodes change their numbers, after a failover has changed their roles."""
        for row in (self.nodes, self.hosts, self.ports, self._bus_ports):
            row[one], row[other] = row[other], row[one]  # type: ignore[assignment]  # each row of its own kind

    def until_whole(self, *, numbers: list[int] | None = None) -> None:
        """Wait until these nodes (all of them) call the Cluster well, and the replicas among them follow."""
        wanted = range(len(self.nodes)) if numbers is None else numbers
        _until(lambda: all(self._is_well(number) for number in wanted), "the Cluster does not form")

    def ask(self, number: int, *command: str | int) -> Any:
        """One command to one node, over its own socket."""
        with redis.Redis(unix_socket_path=str(self.nodes[number].socket_path)) as client:
            return client.execute_command(*command)

    def ask_replica(self, number: int, *command: str | int) -> Any:
        """One reading command to a replica, which answers for itself and sends nobody to its primary."""
        with redis.Redis(
            unix_socket_path=str(self.nodes[number].socket_path), single_connection_client=True
        ) as client:
            client.execute_command("READONLY")
            return client.execute_command(*command)

    def _form(self) -> None:
        for number, (first, last) in enumerate(_ranges(self.primaries)):
            self.ask(number, "CLUSTER", "ADDSLOTSRANGE", first, last)
        for number in range(len(self.nodes)):
            self.ask(number, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for number in range(1, len(self.nodes)):
            place = (self.hosts[number], self.ports[number], self._bus_ports[number])
            self.ask(0, "CLUSTER", "MEET", *place)
        everybody = range(len(self.nodes))
        _until(
            lambda: all(self._known(number) == len(self.nodes) for number in everybody),
            "the nodes do not meet",
        )
        for number in range(self.primaries):
            id = self.ask(number, "CLUSTER", "MYID").decode()
            self.ask(number + self.primaries, "CLUSTER", "REPLICATE", id)

    def _known(self, number: int) -> int:
        nodes = self.ask(number, "CLUSTER", "NODES").decode().splitlines()
        return sum("handshake" not in line for line in nodes)

    def _is_well(self, number: int) -> bool:
        info: bytes = self.ask(number, "CLUSTER", "INFO")
        if b"cluster_state:ok" not in info or b"cluster_slots_ok:16384" not in info:
            return False
        return _link(self.nodes[number]) in ("up", "")


def _ranges(count: int) -> Iterator[tuple[int, int]]:
    """All slots in equal parts."""
    for number in range(count):
        yield SLOTS * number // count, SLOTS * (number + 1) // count - 1


def _link(server: Valkey) -> str:
    """The state of a replica's link to its primary; nothing for a primary with somebody who follows it."""
    with redis.Redis(unix_socket_path=str(server.socket_path)) as client:
        found: dict[str, Any] = client.info("replication")
    if found["role"] == "slave":
        return str(found["master_link_status"])
    return "" if found.get("connected_slaves") else "alone"


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _FORM_SECONDS
    while True:
        try:
            if holds():
                return
        except redis.RedisError:
            pass  # a node that is starting
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"{otherwise} within {_FORM_SECONDS} s")
        time.sleep(0.05)
