"""The gate: who signs in, who is signed in, who signs out.

It works outside the requests' transactions: an attempt counts whatever becomes of the request, and no connection
waits while a password is hashed.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import LuochuiError
from kit.ids import uuid7
from kit.sql import Pool, load_statements
from marketplace.audit import service as audit
from marketplace.edge.identity import Identity
from marketplace.edge.problems import TooManyRequests
from marketplace.organisations import second_factor, tokens
from marketplace.organisations.passwords import Passwords
from marketplace.organisations.schemas import Caller, Role
from marketplace.organisations.sealing import Sealer

_SQL = load_statements("marketplace.organisations", "queries.sql")
#: How long an identity may be believed without asking again: a revocation takes hold within this (reliability T44).
_BELIEVED = timedelta(seconds=1)
_TOUCH_EVERY = timedelta(seconds=60)
_REMEMBERED_MAX = 10_000
_USER_AGENT_MAX = 200


class SignInRefused(LuochuiError):
    """User name or password is wrong, or the account is switched off. / 用户名或密码错误，或账号已停用。"""

    code = "sign_in_refused"


class SessionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a session lives: untouched, and at most."""

    idle: timedelta
    absolute: timedelta


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A new session; the token goes into the cookie and nowhere else."""

    token: str
    identity: Identity
    expires_at: datetime


class Gate:
    """Signs in and out, and tells who shows which token. One per process."""

    def __init__(
        self,
        pool: Pool,
        passwords: Passwords,
        limits: SessionLimits,
        *,
        sealer: Sealer,
        demands: frozenset[Role] = frozenset(),
    ) -> None:
        """`demands`: whose holders can do nothing before their second factor is on."""
        self.sealer = sealer
        self._demands = demands
        self._pool = pool
        self._passwords = passwords
        self._limits = limits
        #: By what was shown: a session's token is no key, nor a key's secret a session, nor good under another id.
        self._known: OrderedDict[tuple[str, bytes], tuple[datetime, Identity]] = OrderedDict()

    async def sign_in(
        self,
        username: str,
        password: str,
        *,
        address: str,
        user_agent: str,
        old_token: str | None,
        now: datetime,
        code: str | None = None,
    ) -> SignedIn:
        """A new session. Raises SignInRefused with one text for every cause, TooManyRequests, PasswordChecksBusy;
        SecondFactorNeeded or SecondFactorRefused once the password was right.

        The session of `old_token`, if there is one, ends: nobody can be made to sign in into a known session.
        """
        name = username.strip().lower()
        await self._count_attempt(name, network_of(address), now=now)
        row = await self._pool.fetchrow(_SQL["credentials"], name)
        stored = None if row is None else row["password_hash"]
        is_right = await self._passwords.is_right(
            password, stored
        )  # also for nobody: it takes as long
        if not is_right or row is None or stored is None:
            raise SignInRefused()
        await self._take_code(row["id"], code, now=now)
        if self._passwords.is_outdated(stored):
            fresh = await self._passwords.hash(password)
            await self._pool.execute(_SQL["replace_password_hash"], row["id"], stored, fresh)
        return await self._open_session(
            row["id"], name, address=address, user_agent=user_agent, old_token=old_token, now=now
        )

    async def sign_out(self, identity: Identity, token: str, *, now: datetime) -> None:
        """End the session of `token`, here at once and elsewhere within a second."""
        await self._pool.execute(_SQL["end_session_by_token"], tokens.digest(token), now)
        self._known.clear()

    async def is_password(
        self, user_id: UUID, password: str, *, address: str, now: datetime
    ) -> bool:
        """Whether `password` is this user's. Raises TooManyRequests: a guess here is a guess as at sign-in."""
        row = await self._pool.fetchrow(_SQL["password_hash"], user_id)
        if row is None:
            return False
        await self._count_attempt(row["username"], network_of(address), now=now)
        return await self._passwords.is_right(password, row["password_hash"])

    async def by_session(self, token: str, *, now: datetime) -> Identity | None:
        """The identity behind a session token; None if it is unknown, ended or expired."""
        digest = tokens.digest(token)
        shown = ("session", digest)
        if (known := self._believed(shown, now)) is not None:
            return known
        row = await self._pool.fetchrow(
            _SQL["session_identity"], digest, now, now - self._limits.idle
        )
        if row is None:
            return None
        if now - row["last_seen_at"] >= _TOUCH_EVERY:
            await self._pool.execute(_SQL["touch_session"], row["session_id"], now)
        identity = Identity(
            caller=_caller(row, self._roles(row)),
            session_id=row["session_id"],
            form_token=tokens.form_token(token),
            lacks_second_factor=self._lacks(row),
        )
        return self._believe(shown, identity, now)

    async def by_api_key(self, key: str, *, now: datetime) -> Identity | None:
        """The identity behind an API key; None if it is unknown, revoked or expired."""
        parts = tokens.parse_api_key(key)
        if parts is None:
            return None
        digest = tokens.digest(parts.secret)
        shown = (parts.public_id, digest)
        if (known := self._believed(shown, now)) is not None:
            return known
        row = await self._pool.fetchrow(_SQL["api_key_identity"], parts.public_id, now)
        if row is None or not tokens.is_same(row["secret_hash"], digest):
            return None
        if row["last_used_at"] is None or now - row["last_used_at"] >= _TOUCH_EVERY:
            await self._pool.execute(_SQL["touch_api_key"], row["api_key_id"], now)
        # The owner may have lost a role since; the key loses it with them.
        roles = self._roles(row) & set(row["key_roles"])
        identity = Identity(
            caller=_caller(row, roles),
            api_key_id=row["api_key_id"],
            lacks_second_factor=self._lacks(row),
        )
        return self._believe(shown, identity, now)

    def forget(self) -> None:
        """Believe nobody without asking: something about somebody has changed."""
        self._known.clear()

    async def count_visit(self, address: str, *, now: datetime) -> None:
        """A try with a link that lets somebody in. Raises TooManyRequests."""
        bucket = f"link:{network_of(address)}"
        if not await self._pool.fetchval(_SQL["take_token"], bucket, 20.0, 1 / 10, now):
            raise TooManyRequests(retry_after_seconds=30)

    async def count_code(self, user_id: UUID, *, now: datetime) -> None:
        """A guess of a code. Raises TooManyRequests: five, then one a minute, from wherever (reliability T46)."""
        if not await self._pool.fetchval(_SQL["take_token"], f"code:{user_id}", 5.0, 1 / 60, now):
            raise TooManyRequests(retry_after_seconds=60)

    async def show_code(self, user_id: UUID, code: str | None, *, now: datetime) -> None:
        """Have who is signed in show a code once more, if their second factor is on."""
        await self._take_code(user_id, code, now=now)

    async def _take_code(self, user_id: UUID, code: str | None, *, now: datetime) -> None:
        if code:
            await self.count_code(user_id, now=now)
        async with self._pool.acquire() as conn, conn.transaction():
            await second_factor.take_code(conn, user_id, code, sealer=self.sealer, now=now)

    def _roles(self, row: asyncpg.Record) -> set[str]:
        """A person's roles: none while a second factor is demanded and not on, so that it can only be turned on."""
        return set() if self._lacks(row) else set(row["roles"])

    def _lacks(self, row: asyncpg.Record) -> bool:
        return not row["has_second_factor"] and not self._demands.isdisjoint(row["roles"])

    async def _count_attempt(self, name: str, network: str, *, now: datetime) -> None:
        """Buckets by account at a network, by account, and by network: (size, tokens a second)."""
        for bucket, size, rate in (
            (f"both:{name}:{network}", 10.0, 1 / 30),
            (f"name:{name}", 50.0, 1 / 10),
            (f"network:{network}", 100.0, 1.0),
        ):
            if not await self._pool.fetchval(_SQL["take_token"], bucket[:300], size, rate, now):
                raise TooManyRequests(retry_after_seconds=30)

    async def _open_session(
        self,
        user_id: UUID,
        name: str,
        *,
        address: str,
        user_agent: str,
        old_token: str | None,
        now: datetime,
    ) -> SignedIn:
        token, session_id = tokens.new_session_token(), uuid7(now)
        expires_at = now + self._limits.absolute
        async with self._pool.acquire() as conn, conn.transaction():
            if old_token is not None:
                await conn.execute(_SQL["end_session_by_token"], tokens.digest(old_token), now)
            await conn.execute(
                _SQL["insert_session"],
                session_id,
                tokens.digest(token),
                user_id,
                now,
                expires_at,
                user_agent[:_USER_AGENT_MAX],
            )
            await conn.execute(
                _SQL["forget_buckets"],
                f"both:{name}:{network_of(address)}",
                now - timedelta(days=1),
            )
            row = await conn.fetchrow(
                _SQL["session_identity"], tokens.digest(token), now, now - self._limits.idle
            )
            if row is None:  # switched off between the check and here
                raise SignInRefused()
            caller = _caller(row, self._roles(row))
            await audit.record(
                conn, caller, now=now, action="signed_in", subject="user", subject_id=user_id
            )
        self._known.clear()
        identity = Identity(
            caller=caller,
            session_id=session_id,
            form_token=tokens.form_token(token),
            lacks_second_factor=self._lacks(row),
        )
        return SignedIn(token=token, identity=identity, expires_at=expires_at)

    def _believed(self, shown: tuple[str, bytes], now: datetime) -> Identity | None:
        known = self._known.get(shown)
        if known is None or not known[0] <= now < known[0] + _BELIEVED:
            return None
        return known[1]

    def _believe(self, shown: tuple[str, bytes], identity: Identity, now: datetime) -> Identity:
        self._known[shown] = (now, identity)
        self._known.move_to_end(shown)
        if len(self._known) > _REMEMBERED_MAX:
            self._known.popitem(last=False)
        return identity


def network_of(address: str) -> str:
    """The neighbourhood of an address: /24 of IPv4, /64 of IPv6; other texts stand for themselves."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    return str(ip_network(f"{parsed}/{24 if parsed.version == 4 else 64}", strict=False))


def _caller(row: asyncpg.Record, roles: set[str]) -> Caller:
    return msgspec.convert(
        {
            "user_id": row["user_id"],
            "organisation_id": row["organisation_id"],
            "organisation_kind": row["organisation_kind"],
            "roles": list(roles),
            "display_name": row["display_name"],
            "authority": row["authority"],
        },
        Caller,
    )
