"""When a message is tried again, what an answer means, and where messages may go (reliability T52)."""

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import msgspec

from kit.errors import InvalidInput

#: The pauses after the first, second ... attempt. Source: Standard Webhooks; three days in all.
PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
ATTEMPTS_MAX: Final = len(PAUSES) + 1
#: A pause is this much longer or shorter, so that what failed together does not come back together.
JITTER: Final = 0.1
#: A message has less than 20 kB: more is fetched from the change feed.
BODY_BYTES_MAX: Final = 20_000
#: How long the old secret still signs beside the new one.
ROTATION: Final = timedelta(hours=24)
ENDPOINTS_MAX: Final = 20
REPLAYED_MAX: Final = 1_000
URL_MAX: Final = 500
_PORTS: Final = frozenset({443, 8443})
_GONE: Final = 410
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+\Z")
_NUMERIC: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1"})

#: Every IPv4 network that is not the public internet; `is_global` is wrong about some (reliability T52).
_DENIED_4: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
#: Of IPv6 only this is in use for the public internet. Everything else is denied: loopback, mapped and compatible IPv4,
#: NAT64, unique local, link local, site local, multicast.
_PUBLIC_6: Final = ip_network("2000::/3")
#: ... and inside it: protocol assignments (Teredo among them), documentation, 6to4.
_DENIED_6: Final = tuple(
    ip_network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message goes: the parts of an address that passed."""

    scheme: str
    host: str
    port: int
    path: str


def pause_after(attempts: int, *, chance: float) -> timedelta | None:
    """The pause after attempt number `attempts`; None after the last. `chance` is from 0 to 1."""
    if attempts >= ATTEMPTS_MAX:
        return None
    return PAUSES[attempts - 1] * (1 - JITTER + 2 * JITTER * chance)


def is_success(status: int | None) -> bool:
    """Whether the receiver took the message: any 2xx. A redirection is not followed, and is a failure."""
    return status is not None and 200 <= status <= 299


def is_gone(status: int | None) -> bool:
    """Whether the receiver asks never to be called again."""
    return status == _GONE


def target_of(url: str, *, loopback: bool) -> Target:
    """The parts of a webhook's address. Raises InvalidInput.

    https to ports 443 and 8443, a host by its name in plain letters, no credentials, no fragment. With `loopback`
    (tests and rehearsals) also plain http to this very machine.
    """
    if len(url) > URL_MAX or not all("!" <= character <= "~" for character in url) or "\\" in url:
        raise _refused(f"must be at most {URL_MAX} visible ASCII characters without backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused("is not an address") from error
    host = (parts.hostname or "").lower()
    if "@" in parts.netloc or parts.fragment:
        raise _refused("must hold neither credentials nor a fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if loopback and parts.scheme == "http" and host in _LOOPBACK:
        return Target(scheme="http", host=host, port=port or 80, path=path)
    if parts.scheme != "https":
        raise _refused("must begin with https://")
    if not _HOST.match(host) or _NUMERIC.match(host.rpartition(".")[2]):
        raise _refused("must name its host by a full domain name, not by a number")
    if (port or 443) not in _PORTS:
        raise _refused("must use port 443 or 8443")
    return Target(scheme="https", host=host, port=port or 443, path=path)


def is_denied(address: str) -> bool:
    """Whether messages must not go to an IP address: whatever is not plainly the public internet."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return True
    if isinstance(parsed, IPv4Address):
        return any(parsed in network for network in _DENIED_4)
    assert isinstance(parsed, IPv6Address)
    return (
        parsed.scope_id is not None
        or parsed not in _PUBLIC_6
        or any(parsed in network for network in _DENIED_6)
    )


def matches(kinds: list[str], kind: str) -> bool:
    """Whether an endpoint that asked for `kinds` hears of `kind`; no kinds means all."""
    return not kinds or kind in kinds


def message(kind: str, occurred_at: str, data: object, *, event_id: str) -> bytes:
    """The body of a message: the same bytes at every attempt. What is too large is left to the change feed."""
    body: Mapping[str, object] = {"type": kind, "timestamp": occurred_at, "data": data}
    encoded = msgspec.json.encode(body, order="sorted")
    if len(encoded) < BODY_BYTES_MAX:
        return encoded
    left_out = {"event_id": event_id, "left_out": True, "read": "/v1/changes"}
    return msgspec.json.encode(dict(body) | {"data": left_out}, order="sorted")


def _refused(english: str) -> InvalidInput:
    return InvalidInput(
        "url",
        english,
        "须为 https 公网地址：域名主机、端口 443 或 8443，不含账号与片段，不超过 500 字符",
    )
