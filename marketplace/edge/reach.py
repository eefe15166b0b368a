"""For whom a request's connection works: told to PostgreSQL before the handler sees it (reliability T40).

People see what the policies of row-level security give their organisation; regulators what their authority oversees in
its region, auditors everything, and both change nothing that is not theirs; visitors see what is published. A route
whose one act changes several organisations' rows (the venue books a bidder's money for a bank) declares so, with the
reason:

    @post(..., opt={"policy": allow(Role.VENUE_OPERATOR), REACH: "books the bidder's money for the bank"})

What its address names first must be visible to the caller (`subjects.sql` says how an id is looked up; anything else
is a 404); then the net is off for this request, and the service checks, as all do, that it is the caller's. On a
route that reads it has no effect. A single step inside a service uses `kit.reach.everything` instead.
"""

import re
from typing import Any

from litestar import Request

from kit.errors import NotFound
from kit.reach import Scope, enter
from kit.sql import Connection, load_statements
from marketplace.edge.identity import identity_of
from marketplace.organisations.schemas import Caller, Role

_SUBJECTS = load_statements("marketplace.edge", "subjects.sql")
_FIRST_ID = re.compile(r"\{(\w+):uuid\}")
_READING = frozenset({"GET", "HEAD"})
#: In a route's `opt`: why its one act reaches over organisations.
REACH = "reach"


def scope_of(caller: Caller | None) -> Scope:
    """What a caller may see at most; their roles decide."""
    if caller is None:
        return Scope.PUBLIC
    if caller.has(Role.AUDITOR):
        return Scope.OVERSIGHT
    if caller.has(Role.REGULATOR):
        return Scope.AUTHORITY
    if caller.has(Role.PLATFORM_ADMINISTRATOR):
        return Scope.PLATFORM
    return Scope.ORGANISATION


def subject_of(path: str) -> str | None:
    """The name of the first id in a route's address: what the request is about. The rest belongs to it."""
    found = _FIRST_ID.search(path)
    return None if found is None else found[1]


def is_known(subject: str) -> bool:
    """Whether `subjects.sql` says how an id of this name is looked up."""
    return subject in _SUBJECTS


async def enter_request(conn: Connection, request: Request[Any, Any, Any]) -> None:
    """Tell the connection whose request this is. Raises NotFound for an address that is not the caller's to see."""
    identity = identity_of(request)
    caller = None if identity is None else identity.caller
    whose = (
        ("", "") if caller is None else (str(caller.organisation_id), str(caller.organisation_kind))
    )
    await enter(conn, scope_of(caller), *whose)
    if REACH not in request.route_handler.opt or request.method in _READING:
        return
    for name, value in list(request.path_params.items())[:1]:
        if name in _SUBJECTS and not await conn.fetchval(_SUBJECTS[name], value):
            raise NotFound()
    await enter(conn, Scope.ALL, *whose)
