"""Where each shard lives: on one server, or on the primary of its hash slot in a Cluster.

A Cluster is written `redis+cluster://[user:password@]host:port[,host:port...]` (`rediss+cluster://` with TLS); any of
its nodes will do, more of them make the start independent of one. A plain URL of a node of a Cluster is recognised too.

Nobody is asked for the whole map: each node is asked for itself (role, slots, config epoch), and where two claim a slot
the higher epoch has it, as the Cluster itself decides. So a primary that was cut off and replaced is believed no more
as soon as its successor can be reached, whatever it says of itself.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import msgspec
import redis.asyncio
from redis.crc import key_slot

from auction_engine import keys
from auction_engine.errors import EngineUnreachable
from kit.clock import monotonic_us
from kit.errors import InvalidInput

CLUSTER_SCHEMES: Mapping[str, str] = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
_SOCKET_SECONDS = 5.0
#: How long a node may take to say who it is; a Cluster is looked over again at most so often, asked or not.
_ASK_SECONDS = 1.0
_PAUSE_US = 50_000
_DEFAULT_PORT = 6379


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """What one node of a Cluster says of itself."""

    id: str
    address: str
    epoch: int
    is_primary: bool
    #: The id of the primary that it replicates, `-` for none.
    primary: str
    slots: tuple[tuple[int, int], ...]


class Servers:
    """The engine's servers, and a client of each. One server unless `open` has found a Cluster."""

    def __init__(self, url: str, *, client: redis.asyncio.Redis | None = None) -> None:
        self.url = url
        self.is_cluster = False
        #: Grows whenever a shard may have moved.
        self.version = 0
        self.is_suspect = False
        self._seeds = [url]
        self._clients: dict[str, redis.asyncio.Redis] = {} if client is None else {url: client}
        self._url_of_shard: dict[int, str] = {}
        self._nodes: dict[str, Node] = {}
        self._looked_us = -_PAUSE_US
        self._looking = asyncio.Lock()

    @classmethod
    async def open(cls, url: str) -> Self:
        """Find out what there is at `url`. Raises EngineUnreachable where nothing answers that could be used."""
        scheme = url.partition("://")[0]
        servers = cls(url)
        try:
            if scheme in CLUSTER_SCHEMES:
                servers._seeds = seeds_of(url)
                servers.is_cluster = True
            else:
                with contextlib.suppress(redis.ResponseError):  # an account that may not ask
                    found: dict[str, Any] = await servers.client_at(url).info("cluster")
                    servers.is_cluster = bool(found.get("cluster_enabled"))
            if servers.is_cluster:
                await servers.refresh()
                servers._check_complete()
        except BaseException:
            await servers.aclose()
            raise
        return servers

    def url_of(self, shard: int) -> str:
        """The URL of the server that decides for this shard."""
        return self._url_of_shard[shard] if self.is_cluster else self.url

    def client_of(self, shard: int) -> redis.asyncio.Redis:
        """A client of that server."""
        return self.client_at(self.url_of(shard))

    def client_at(self, url: str) -> redis.asyncio.Redis:
        """The client of one server."""
        client = self._clients.get(url)
        if client is None:
            client = self._clients[url] = redis.asyncio.Redis.from_url(
                url, socket_timeout=_SOCKET_SECONDS, socket_connect_timeout=_SOCKET_SECONDS
            )
        return client

    def primaries(self) -> list[str]:
        """The URLs of all servers that decide for some shard, in a fixed order."""
        return sorted(set(self._url_of_shard.values())) if self.is_cluster else [self.url]

    def replicas_of(self, url: str) -> list[str]:
        """The URLs of a primary's replicas in the Cluster, those included that do not answer now."""
        primary = next((n for n in self._nodes.values() if self._url_at(n.address) == url), None)
        if primary is None:
            return []
        return sorted(
            self._url_at(node.address)
            for node in self._nodes.values()
            if node.primary == primary.id and not node.is_primary
        )

    def shards_at(self, url: str) -> list[int]:
        """The shards that one server decides for."""
        if not self.is_cluster:
            return list(range(keys.SHARDS))
        return [shard for shard, place in self._url_of_shard.items() if place == url]

    def url_beside(self, url: str, host: str, port: int) -> str:
        """The URL of another server with the sign-in of `url`: a replica that its primary names."""
        parts = urlsplit(url)
        sign_in = parts.netloc.rpartition("@")[0]
        place = f"{sign_in}@{host}:{port}" if sign_in else f"{host}:{port}"
        scheme = "rediss" if parts.scheme.startswith("rediss") else "redis"
        return urlunsplit((scheme, place, "", "", ""))

    def suspect(self) -> None:
        """Look the Cluster over again before the next call."""
        self.is_suspect = self.is_cluster

    def moved(self, shard: int, address: str) -> None:
        """A node has said that the shard is now at `address` (host:port)."""
        url = self._url_at(address)
        if self.is_cluster and self._url_of_shard.get(shard) != url:
            self._url_of_shard[shard] = url
            self.version += 1

    async def refresh(self) -> None:
        """Look the Cluster over, unless that was done just now."""
        if not self.is_cluster:
            return
        async with self._looking:
            if monotonic_us() - self._looked_us < _PAUSE_US:
                return
            await self._look()
            self._looked_us = monotonic_us()
            self.is_suspect = False

    async def call(self, shard: int, *command: Any) -> Any:
        """The reply to a command that only reads; asked once more where the shard was said to be elsewhere."""
        if self.is_suspect:
            await self.refresh()
        try:
            return await self.client_of(shard).execute_command(*command)  # type: ignore[no-untyped-call]  # as above
        except (redis.RedisError, OSError):
            if not self.is_cluster:
                raise
            self.suspect()
            await self.refresh()
        return await self.client_of(shard).execute_command(*command)  # type: ignore[no-untyped-call]  # as above

    async def aclose(self) -> None:
        """Let go of every server."""
        for client in self._clients.values():
            await client.aclose()

    async def _look(self) -> None:
        """Ask every node for itself, the ones that it names too, and take over who has what."""
        urls = {*self._seeds, *(self._url_at(node.address) for node in self._nodes.values())}
        asked: set[str] = set()
        said: dict[str, Node] = {}
        named: dict[str, Node] = {}
        while new := urls - asked:
            asked |= new
            for own, others in await asyncio.gather(*(self._ask(url) for url in new)):
                if own is None:
                    continue
                said[own.id] = own
                named |= {node.id: node for node in others}
                urls |= {self._url_at(node.address) for node in others}
        if said:
            self._nodes = named | said
            self._take_over(said)

    def _take_over(self, said: dict[str, Node]) -> None:
        claims: list[tuple[int, int, int, str]] = [
            (node.epoch, first, last, self._url_at(node.address))
            for node in said.values()
            if node.is_primary
            for first, last in node.slots
        ]
        found = dict(self._url_of_shard)
        for shard in range(keys.SHARDS):
            slot = key_slot(keys.tag(shard).encode())
            own = [(epoch, url) for epoch, first, last, url in claims if first <= slot <= last]
            if own:
                found[shard] = max(own)[1]
        if found != self._url_of_shard:
            self._url_of_shard = found
            self.version += 1

    async def _ask(self, url: str) -> tuple[Node | None, list[Node]]:
        """What a node says of itself, and whom else it names; None where it does not answer."""
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                text = await self.client_at(url).execute_command("CLUSTER", "NODES")  # type: ignore[no-untyped-call]  # the client's own
        except (redis.RedisError, OSError):
            return None, []
        raw = text.decode() if isinstance(text, bytes) else text
        try:
            nodes = nodes_of(raw, host=urlsplit(url).hostname or "127.0.0.1")
        except ValueError:
            return None, []
        return nodes.pop("myself", None), list(nodes.values())

    def _url_at(self, address: str) -> str:
        host, _, port = address.rpartition(":")
        return self.url_beside(self._seeds[0], host, int(port))

    def _check_complete(self) -> None:
        missing = [shard for shard in range(keys.SHARDS) if shard not in self._url_of_shard]
        if missing:
            why = f"nobody has the slots of shards {missing}" if self._nodes else "no node answers"
            places = ", ".join(urlsplit(url).netloc.rpartition("@")[2] for url in self._seeds)
            raise EngineUnreachable(
                f"redis_url: the Cluster at {places} can't be used: {why}",
                f"redis_url：无法使用集群 {places}",
            )


def servers_of(given: redis.asyncio.Redis | Servers) -> Servers:
    """One server by its client, or what was given."""
    return given if isinstance(given, Servers) else Servers("", client=given)


def seeds_of(url: str) -> list[str]:
    """The plain URLs of the nodes that a Cluster's URL names. Raises InvalidInput where it names none."""
    parts = urlsplit(url)
    sign_in, _, places = parts.netloc.rpartition("@")
    scheme = CLUSTER_SCHEMES[parts.scheme]
    found: list[str] = []
    for place in places.split(","):
        host, _, port = place.rpartition(":") if ":" in place else (place, "", str(_DEFAULT_PORT))
        if not host or not port.isdigit() or parts.path not in ("", "/", "/0"):
            raise InvalidInput(
                "redis_url",
                f"a Cluster is written {parts.scheme}://[user:password@]host:port[,host:port...];"
                f" {place or 'an empty place'} is not host:port",
                f"集群地址应写作 {parts.scheme}://[用户:密码@]主机:端口[,主机:端口...]",
            )
        at = f"{sign_in}@{host}:{port}" if sign_in else f"{host}:{port}"
        found.append(f"{scheme}://{at}")
    return found


def nodes_of(text: str, *, host: str) -> dict[str, Node]:
    """The nodes that CLUSTER NODES names by id, the one that was asked also as `myself`.

    `host` is where it was asked: a node that nobody has met yet does not know its own address.
    """
    found: dict[str, Node] = {}
    for line in text.splitlines():
        id, place, flags, primary, _, _, epoch, _, *slots = line.split(" ")
        marks = flags.split(",")
        at, _, port = place.partition("@")[0].rpartition(":")
        if "noaddr" in marks or "handshake" in marks:
            continue
        node = Node(
            id=id,
            address=f"{at or host}:{port}",
            epoch=int(epoch),
            is_primary="master" in marks,
            primary=primary,
            slots=tuple(_range_of(one) for one in slots if not one.startswith("[")),
        )
        found[id] = node
        if "myself" in marks:
            found["myself"] = node
    return found


def _range_of(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)
