"""People of the story: each signs in with a password and speaks HTTP, as a browser or a bank's program would."""

import time
from types import TracebackType
from typing import Any, Self

import httpx

from kit.errors import LuochuiError
from marketplace.demo.run import Run

_TIMEOUT_SECONDS = 20
_RETRY_PAUSE_SECONDS = 0.2
_RETRIES_MAX = 50


class StoryBroken(LuochuiError):
    """The story could not go on. / 演示无法继续。"""

    code = "story_broken"


class Refused(LuochuiError):
    """The system refused, as the rules ask. / 系统按规则拒绝。"""

    code = "story_refused"

    def __init__(self, path: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(
            f"{path}: {problem.get('detail', problem)}", f"{path}：{problem.get('detail_zh', '')}"
        )
        self.status = status
        self.problem = problem


class Actor:
    """One person, signed in. Requests carry keys made from the run, so that a repeat is a repeat."""

    def __init__(self, base_url: str, run: Run, username: str, password: str) -> None:
        self.username = username
        self._password = password
        self._run = run
        self._client = httpx.Client(
            base_url=base_url, timeout=_TIMEOUT_SECONDS, headers={"Origin": base_url}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def sign_in(self) -> None:
        """Open a session; the cookie stays in the client."""
        body = {"username": self.username, "password": self._password}
        answer = self._client.post("/v1/session", json=body)
        if answer.status_code >= 400:
            raise StoryBroken(f"{self.username} could not sign in: {answer.text}")

    def get(self, path: str, **query: Any) -> Any:
        """What stands at a path, decoded."""
        return self._checked(self._client.get(path, params=query or None))

    def pages(self, path: str) -> list[dict[str, Any]]:
        """Everything in a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get(path, limit=100, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def get_bytes(self, path: str) -> bytes:
        """A document as it is."""
        answer = self._client.get(path)
        self._checked(answer, decode=False)
        return answer.content

    def post(self, path: str, body: Any = None, *, step: str) -> Any:
        """Ask for something to be done, once however often the story is told. Raises Refused for a 4xx."""
        return self.post_once(path, body, key=self._run.key(step))

    def post_once(self, path: str, body: Any = None, *, key: str) -> Any:
        """The same under a key that outlives the run."""
        return self._send(path, key=key, **({} if body is None else {"json": body}))

    def upload(self, path: str, content: bytes, media_type: str, *, step: str) -> Any:
        """Send a file."""
        headers = {"Content-Type": media_type}
        return self._send(path, key=self._run.key(step), headers=headers, content=content)

    def _send(
        self, path: str, *, key: str, headers: dict[str, str] | None = None, **how: Any
    ) -> Any:
        keyed = (headers or {}) | {"Idempotency-Key": key}
        for _ in range(_RETRIES_MAX):
            try:
                answer = self._client.post(path, headers=keyed, **how)
            except httpx.TransportError:
                time.sleep(_RETRY_PAUSE_SECONDS)  # unknown whether it was done: the same key tells
                continue
            if answer.status_code not in {502, 503, 504} and not _is_running(answer):
                return self._checked(answer)
            time.sleep(_RETRY_PAUSE_SECONDS)
        raise StoryBroken(f"{path}: no definite answer after {_RETRIES_MAX} tries")

    def _checked(self, answer: httpx.Response, *, decode: bool = True) -> Any:
        if answer.status_code >= 500:
            raise StoryBroken(
                f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}"
            )
        if answer.status_code >= 400:
            raise Refused(answer.request.url.path, answer.status_code, answer.json())
        return answer.json() if decode and answer.content else None


def _is_running(answer: httpx.Response) -> bool:
    """Whether the same request is still being worked on (after a kill, say)."""
    return answer.status_code == 409 and answer.json().get("code") == "idempotency_in_progress"
