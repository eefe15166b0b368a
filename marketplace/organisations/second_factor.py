"""The second factor 双因素验证: begun, confirmed by a code, asked at every sign-in, taken away by its owner."""

import hashlib
from datetime import datetime
from uuid import UUID

from kit.errors import Conflict, LuochuiError
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.organisations import totp
from marketplace.organisations.schemas import Caller, SecondFactor, SecondFactorBegun
from marketplace.organisations.sealing import Sealer

_SQL = load_statements("marketplace.organisations", "second_factor.sql")


class SecondFactorNeeded(LuochuiError):
    """Send `code` too: what your authenticator shows, or a recovery code. / 请同时提供动态验证码或恢复码。"""

    code = "second_factor_needed"


class SecondFactorRefused(LuochuiError):
    """The code is wrong, too old or used; wait for the next one. / 验证码错误、过期或已使用，请等待下一个。"""

    code = "second_factor_refused"


class SecondFactorState(Conflict):
    """The second factor is in another state: it is on already, or was not begun. / 双因素验证当前状态不允许此操作。"""

    code = "second_factor_state"


async def begin(
    conn: Connection, caller: Caller, *, username: str, sealer: Sealer, now: datetime
) -> SecondFactorBegun:
    """A new secret, which counts once a code of it was shown. Raises SecondFactorState where one is on."""
    secret = totp.new_secret()
    sealed = sealer.seal(secret, owner=caller.user_id.bytes)
    begun = await conn.fetchval(_SQL["begin"], caller.user_id, sealed, sealer.is_sealing, now)
    if begun is None:
        raise SecondFactorState(
            "the second factor is on; take it away first", "双因素验证已启用，请先停用"
        )
    uri = totp.otpauth_uri(secret, account=username)
    return SecondFactorBegun(otpauth_uri=uri, secret=totp.spelled(secret))


async def confirm(
    conn: Connection, caller: Caller, code: str, *, sealer: Sealer, now: datetime
) -> list[str]:
    """Turn it on by a first code; answers the recovery codes, which are shown once. Raises SecondFactorRefused."""
    row = await conn.fetchrow(_SQL["lock"], caller.user_id)
    if row is None or row["confirmed_at"] is not None:
        raise SecondFactorState("begin first", "请先开始设置")
    secret = _opened(sealer, row["secret"], caller.user_id, is_sealed=row["is_sealed"])
    counter = totp.accepted_counter(secret, code, now=now, last=row["last_counter"])
    if counter is None:
        raise SecondFactorRefused(field="code")
    await conn.execute(_SQL["confirm"], caller.user_id, counter, now)
    codes = totp.new_recovery_codes()
    await conn.execute(_SQL["forget_codes"], caller.user_id)
    await conn.executemany(_SQL["insert_code"], [(caller.user_id, _hashed(one)) for one in codes])
    await _told(conn, caller, caller.user_id, "second_factor_on", now=now)
    return codes


async def state(conn: Connection, user_id: UUID) -> SecondFactor:
    """Whether it is on, and how many recovery codes are left."""
    row = await conn.fetchrow(_SQL["state"], user_id)
    assert row is not None, "a count is always answered"
    return SecondFactor(is_on=row["is_on"], recovery_codes_left=row["left"])


async def take_code(
    conn: Connection, user_id: UUID, code: str | None, *, sealer: Sealer, now: datetime
) -> None:
    """Pass who has no second factor, or shows a code that counts. Raises SecondFactorNeeded, SecondFactorRefused."""
    row = await conn.fetchrow(_SQL["confirmed"], user_id)
    if row is None:
        return
    if not code:
        raise SecondFactorNeeded(field="code")
    if totp.is_recovery_code(code):
        if await conn.fetchval(_SQL["use_code"], user_id, _hashed(code), now) is None:
            raise SecondFactorRefused(field="code")
        return
    secret = _opened(sealer, row["secret"], user_id, is_sealed=row["is_sealed"])
    counter = totp.accepted_counter(secret, code, now=now, last=row["last_counter"])
    # Of two at once with the same code one is let in: the database keeps the last step.
    if counter is None or await conn.fetchval(_SQL["use_counter"], user_id, counter) is None:
        raise SecondFactorRefused(field="code")


async def remove(conn: Connection, caller: Caller, user_id: UUID, *, now: datetime) -> None:
    """Take it away: its owner after showing a code, or an administrator for who lost device and codes."""
    await conn.execute(_SQL["forget_codes"], user_id)
    if await conn.fetchval(_SQL["remove"], user_id) is not None:
        await _told(conn, caller, user_id, "second_factor_off", now=now)


def _opened(sealer: Sealer, secret: bytes, user_id: UUID, *, is_sealed: bool) -> bytes:
    return sealer.open(secret, owner=user_id.bytes) if is_sealed else secret


def _hashed(code: str) -> bytes:
    return hashlib.sha256(code.strip().lower().encode()).digest()


async def _told(
    conn: Connection, caller: Caller, user_id: UUID, action: str, *, now: datetime
) -> None:
    await audit.record(conn, caller, now=now, action=action, subject="user", subject_id=user_id)
