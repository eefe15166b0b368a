"""Where a request comes from: nobody's word is taken but that of proxies which the operator lists (reliability T50).

Behind a proxy every request has the proxy's address, and all visitors would share one bucket of the rate limits. So
where the peer is a listed proxy, `X-Forwarded-For` is read from its end: each proxy appended whom it saw, and the first
address that is no listed proxy is the visitor's. What stands further left was written by the visitor.
"""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

from litestar.connection import ASGIConnection

from marketplace.settings import SettingsError

Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]


@lru_cache(maxsize=8)
def networks_of(listed: str) -> Networks:
    """The networks of the setting `trusted_proxies`. Raises SettingsError."""
    try:
        return tuple(ip_network(part.strip()) for part in listed.split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(
            f"trusted_proxies: {error}; name addresses or networks, such as 10.0.0.0/8, parted by commas",
            f"trusted_proxies：{error}；请以逗号分隔地址或网段，如 10.0.0.0/8",
        ) from error


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The visitor's address, as far as it is known for sure."""
    peer = connection.client.host if connection.client else ""
    trusted = networks_of(connection.app.state.resources.settings.trusted_proxies)
    return forwarded(peer, connection.headers.getall("x-forwarded-for", []), trusted)


def forwarded(peer: str, headers: list[str], trusted: Networks) -> str:
    """The address nearest to us that is no trusted proxy; the peer's where the header is not to be believed."""
    chain = [_plain(part.strip()) for header in headers for part in header.split(",")]
    nearest = _plain(peer)
    while _is_in(nearest, trusted) and chain:
        before = chain.pop()
        if not _is_address(before):
            return nearest
        nearest = before
    return nearest


def _plain(text: str) -> str:
    """An IPv4 address as such, also where a socket for both kinds wrote it as IPv6 (RFC 4291, 2.5.5.2).

    All of them are in one /64: every visitor by IPv4 would share one bucket, and no listed network would hold them.
    """
    if not text.startswith("::ffff:") or not _is_address(text):
        return text
    mapped = IPv6Address(text).ipv4_mapped
    return text if mapped is None else str(mapped)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(text: str, networks: Networks) -> bool:
    if not _is_address(text):
        return False
    address = ip_address(text)
    return any(address in network for network in networks)
