"""Repeated requests: the answer to a first request is stored in the transaction that did its work, and given again.

A key belongs to an organisation. While a first request runs, another with its key is told so (409
`idempotency_in_progress`); afterwards the same request gets the stored answer, and another request under the same
key is refused (422). Refusals by rule (409 and 422) are stored as answers too, with the work rolled back;
malformed requests, and failures of ours, store nothing, so that their keys stay free (reliability 1, Stripe).
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from kit.errors import Conflict, InvalidInput, LuochuiError
from kit.sql import Connection, load_statements

_SQL = load_statements("marketplace.edge", "queries.sql")
KEY_MAX = 255
#: The answer headers worth giving again.
_KEPT = frozenset({"content-type", "etag", "location", "cache-control"})


class IdempotencyKeyMissing(LuochuiError):
    """Send an Idempotency-Key header, a new one for each new request. / 请附带 Idempotency-Key 请求头。"""

    code = "idempotency_key_missing"


class IdempotencyKeyReused(LuochuiError):
    """This Idempotency-Key came with another request before; take a new one. / 该幂等键已用于另一请求，请更换。"""

    code = "idempotency_key_reused"


class IdempotencyInProgress(Conflict):
    """The first request with this Idempotency-Key is still running; ask again. / 同一幂等键的请求仍在处理中。"""

    code = "idempotency_in_progress"


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it was given the first time."""

    status: int
    headers: dict[str, str]
    body: bytes


class Replayed(Exception):
    """Leaves a handler before it works: the answer exists already."""

    def __init__(self, stored: StoredAnswer) -> None:
        super().__init__("replayed")
        self.stored = stored


def key_of(request: Request[Any, Any, Any]) -> str:
    """The request's key. Raises IdempotencyKeyMissing, or InvalidInput for one of another form."""
    key = request.headers.get("idempotency-key")
    if not key:
        raise IdempotencyKeyMissing(field="Idempotency-Key")
    if len(key) > KEY_MAX or not all("!" <= character <= "~" for character in key):
        raise InvalidInput(
            "Idempotency-Key",
            f"must be 1 to {KEY_MAX} visible ASCII characters",
            f"须为 1 至 {KEY_MAX} 个可见 ASCII 字符",
        )
    return key


async def fingerprint_of(request: Request[Any, Any, Any], user_id: UUID) -> bytes:
    """What must be the same for a request to be a repetition: the person, the method, the address, the body."""
    parts = (
        str(user_id).encode(),
        request.method.encode(),
        request.scope["raw_path"],
        request.scope["query_string"],
        request.headers.get("if-match", "").encode(),
        await request.body(),
    )
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


async def claim(conn: Connection, organisation_id: UUID, key: str, fingerprint: bytes) -> None:
    """Take the key for this transaction. Raises Replayed, IdempotencyKeyReused or IdempotencyInProgress."""
    if not await conn.fetchval(_SQL["lock_key"], f"idempotency:{organisation_id}:{key}"):
        raise IdempotencyInProgress(retry_after_seconds=1)
    row = await conn.fetchrow(_SQL["stored_answer"], organisation_id, key)
    if row is None:
        return
    if row["fingerprint"] != fingerprint:
        raise IdempotencyKeyReused(field="Idempotency-Key")
    raise Replayed(
        StoredAnswer(
            status=row["status"],
            headers=msgspec.json.decode(row["headers"], type=dict[str, str]),
            body=row["body"],
        )
    )


async def store(
    conn: Connection,
    organisation_id: UUID,
    key: str,
    *,
    fingerprint: bytes,
    answer: StoredAnswer,
    now: datetime,
) -> None:
    """Keep the answer under its key, in the transaction of the work."""
    kept = {name: value for name, value in answer.headers.items() if name in _KEPT}
    headers = msgspec.json.encode(kept).decode()
    await conn.execute(
        _SQL["store_answer"],
        organisation_id,
        key,
        fingerprint,
        answer.status,
        headers,
        answer.body,
        now,
    )


def on_replayed(_: Request[Any, Any, Any], replayed: Replayed) -> Response[bytes]:
    """The stored answer, marked as such."""
    stored = replayed.stored
    headers = {name: value for name, value in stored.headers.items() if name != "content-type"}
    return Response(
        content=stored.body,
        status_code=stored.status,
        media_type=stored.headers.get("content-type", "application/json"),
        headers=headers | {"Idempotent-Replayed": "true"},
    )
