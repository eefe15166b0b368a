"""The client itself: a connection, an API key or a session's cookie, and all rooms."""

from types import TracebackType
from typing import Self

import httpx

from marketplace.client.calling import Calls
from marketplace.client.rooms import Rooms

_SECONDS = 30.0


class Client(Rooms):
    """Calls one Luochui. Without an API key, sign in by `organisations.sign_in`: the cookie is kept."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        attempts: int = 5,
        pause_seconds: float = 0.2,
    ) -> None:
        headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        self._http = httpx.AsyncClient(
            base_url=base_url, headers=headers, transport=transport, timeout=_SECONDS
        )
        super().__init__(Calls(self._http, attempts=attempts, pause_seconds=pause_seconds))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()
