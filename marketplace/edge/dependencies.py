"""What a handler may ask for by name: see `DEPENDENCIES`, and the annotations for it."""

from datetime import datetime
from typing import Any, TypeAlias

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from kit.sql import Connection
from marketplace.edge.cursors import Position, provide_position
from marketplace.edge.identity import Identity, Unauthenticated, identity_of
from marketplace.edge.transactions import provide_conn, provide_reader
from marketplace.edge.versions import provide_if_match
from marketplace.organisations.schemas import Caller
from marketplace.settings import Settings

#: Annotations for handlers: `async def submit(conn: Conn, caller: Me, now: Now, data: ConsignmentIn) -> Consignment`.
Conn: TypeAlias = NamedDependency[SkipValidation[Connection]]
Me: TypeAlias = NamedDependency[SkipValidation[Caller]]
Visitor: TypeAlias = NamedDependency[SkipValidation[Caller | None]]
Now: TypeAlias = NamedDependency[SkipValidation[datetime]]
Config: TypeAlias = NamedDependency[SkipValidation[Settings]]
At: TypeAlias = NamedDependency[SkipValidation[Position]]
IfMatch: TypeAlias = NamedDependency[int]
Known: TypeAlias = NamedDependency[SkipValidation[Identity]]


async def provide_identity(request: Request[Any, Any, Any]) -> Identity:
    """Who calls, and by what; only on routes whose policy asks for somebody."""
    identity = identity_of(request)
    if identity is None:
        raise Unauthenticated()
    return identity


async def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """Who calls."""
    return (await provide_identity(request)).caller


async def provide_visitor(request: Request[Any, Any, Any]) -> Caller | None:
    """Who calls, if anybody we know: for public routes."""
    identity = identity_of(request)
    return None if identity is None else identity.caller


async def provide_now(request: Request[Any, Any, Any]) -> datetime:
    """The one instant of this request."""
    now = request.app.state.resources.clock()
    assert isinstance(now, datetime)
    return now


async def provide_settings(request: Request[Any, Any, Any]) -> Settings:
    """The settings of this process."""
    settings = request.app.state.resources.settings
    assert isinstance(settings, Settings)
    return settings


DEPENDENCIES: dict[str, Provide] = {
    "conn": Provide(provide_conn),
    "reader": Provide(provide_reader),
    "identity": Provide(provide_identity),
    "caller": Provide(provide_caller),
    "visitor": Provide(provide_visitor),
    "now": Provide(provide_now),
    "settings": Provide(provide_settings),
    "position": Provide(provide_position),
    "if_match": Provide(provide_if_match),
}
