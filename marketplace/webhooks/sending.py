"""Sends one message to one address: resolved once, every address looked at, and the connection made to that very one.

Source: reliability T52. No redirection is followed, no proxy variable is read, an answer is read up to its limit and
not unpacked, and everything together has one time limit, so that a receiver who answers a byte a second costs no more
than one who does not answer.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType

import httpx

from marketplace.webhooks.rules import Target, is_denied
from marketplace.webhooks.schemas import Answer

#: Finds a host's addresses: (host, port) to IP addresses.
Resolver = Callable[[str, int], Awaitable[list[str]]]
SECONDS_MAX = 20.0
ANSWER_BYTES_MAX = 64 * 1024
_SHOWN = 500
_CONNECT_SECONDS = 10.0


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, as the system knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    return [str(entry[4][0]) for entry in found]


class Sender:
    """Sends messages. One per process; with `loopback`, also to this machine by plain http."""

    def __init__(
        self,
        *,
        loopback: bool = False,
        resolver: Resolver = resolve,
        seconds_max: float = SECONDS_MAX,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.loopback = loopback
        self._resolver = resolver
        self._seconds_max = seconds_max
        # No connection is kept: one made for a name must not serve another name at the same address.
        self._client = httpx.AsyncClient(
            transport=transport,
            verify=ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(seconds_max, connect=_CONNECT_SECONDS),
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def __aenter__(self) -> "Sender":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def send(self, target: Target, headers: dict[str, str], body: bytes) -> Answer:
        """Post the message; whatever goes wrong is an answer too."""
        try:
            async with asyncio.timeout(self._seconds_max):
                address = await self._address(target)
                if address is None:
                    return Answer(status=None, error="address_refused")
                return await self._post(target, address, headers, body)
        except TimeoutError:
            return Answer(status=None, error="timeout")
        except (OSError, UnicodeError) as error:
            return Answer(status=None, error=f"unreachable: {type(error).__name__}")
        except httpx.TimeoutException:
            return Answer(status=None, error="timeout")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Answer(status=None, error=f"broken_off: {type(error).__name__}")

    async def _address(self, target: Target) -> str | None:
        """The address to connect to, asked for once; None if even one of the host's addresses is denied."""
        if target.scheme == "http":
            assert self.loopback, "plain http passes only where the settings allow it"
            return "127.0.0.1"
        found = await self._resolver(target.host, target.port)
        if not found or any(is_denied(address) for address in found):
            return None
        return found[0]

    async def _post(
        self, target: Target, address: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        shown = f"[{address}]" if ":" in address else address
        # The connection goes to the address that was looked at; certificate and Host are the name's.
        request = self._client.build_request(
            "POST",
            f"{target.scheme}://{shown}:{target.port}{target.path}",
            headers=headers | {"host": _host(target)},
            content=body,
            extensions={"sni_hostname": target.host},
        )
        response = await self._client.send(request, stream=True)
        try:
            read = bytearray()
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) > ANSWER_BYTES_MAX:
                    break
        finally:
            await response.aclose()
        return Answer(status=response.status_code, error=None, text=_printable(bytes(read)))


def _host(target: Target) -> str:
    usual = {"https": 443, "http": 80}[target.scheme]
    return target.host if target.port == usual else f"{target.host}:{target.port}"


def _printable(read: bytes) -> str:
    """The beginning of an answer for the log: what may stand in a database and on a page."""
    text = read[: 4 * _SHOWN].decode("utf-8", "replace")
    return "".join(character if character.isprintable() else " " for character in text)[:_SHOWN]
