"""The guard before every route, and the check at the start that every route has a policy and a strict body."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Litestar
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from kit.errors import Forbidden, LuochuiError
from marketplace.edge.identity import AnyConnection, Identity, Unauthenticated, identify
from marketplace.edge.policies import policy_of
from marketplace.edge.reach import REACH, is_known, subject_of
from marketplace.edge.transactions import is_stored
from marketplace.organisations.schemas import Role

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class RouteRefused(LuochuiError):
    """A route lacks what every route must declare; the application does not start. / 路由声明不完整，应用拒绝启动。"""

    code = "route_refused"


class SecondFactorDemanded(Forbidden):
    """Turn on your second factor first; until then you may do nothing else. / 请先启用双因素验证。"""

    code = "second_factor_demanded"


class CrossSiteRequest(LuochuiError):
    """The request was sent by another site's page. / 拒绝来自其他站点页面的请求。"""

    code = "cross_site_request"


async def enforce_policy(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Let the request through only if the route's policy permits its caller."""
    policy = policy_of(handler.opt)
    if policy is None:
        raise Forbidden()
    identity = await identify(connection, now=connection.app.state.resources.clock())
    if connection.scope.get("method") not in _SAFE_METHODS:
        _refuse_cross_site(connection, identity)
    if policy.permits(identity.caller if identity else None):
        return
    if identity is None:
        raise Unauthenticated()
    if identity.lacks_second_factor:
        raise SecondFactorDemanded()
    caller = identity.caller
    if caller.has(Role.REGULATOR) and Role.REGULATOR in (policy.roles or ()):
        raise Forbidden("your authority does not oversee this", "不属于贵机构的监管范围")
    needed = ", ".join(sorted(policy.roles or ()))
    raise Forbidden(
        f"your roles do not allow this; it needs one of: {needed}",
        f"您的角色无权执行此操作；需要：{needed}",
        roles=sorted(policy.roles or ()),
    )


def _refuse_cross_site(connection: AnyConnection, identity: Identity | None) -> None:
    """Refuse a state-changing request that a browser sent for another site's page (reliability T45).

    Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`), and pages can't forge either. API keys are
    not sent by a browser on its own, so a request with one needs no such proof.
    """
    if identity is not None and identity.api_key_id is not None:
        return
    origin = connection.headers.get("origin")
    site = connection.headers.get("sec-fetch-site")
    own = connection.app.state.resources.settings.origin
    if site in {"same-origin", "none"} or origin == own:
        return
    if site is None and (
        origin is None or urlsplit(origin).netloc == connection.headers.get("host")
    ):
        return
    raise CrossSiteRequest(
        f"this request came from {origin or 'another site'}; only pages of {own} may send it",
        f"请求来自其他站点；仅接受 {own} 的页面发出的请求",
    )


def check_routes(app: Litestar) -> None:
    """Refuse to start with a route that has no policy, a lenient body, or an undecided repetition."""
    for path, handler in http_handlers(app):
        try:
            has_policy = policy_of(handler.opt) is not None
        except AssertionError as error:
            raise RouteRefused(f"{path}: {error}") from error
        if not has_policy:
            raise RouteRefused(
                f"{path} ({handler.handler_name}) declares no policy: add opt={{'policy': allow(...)}}"
            )
        takes_conn = "conn" in handler.parsed_fn_signature.parameters
        if is_stored(next(iter(handler.http_methods)), path, handler.opt) and not takes_conn:
            raise RouteRefused(
                f"{path} takes no `conn`, so its answers can't be stored under an Idempotency-Key: ask for `conn`,"
                " or say opt={'idempotency': 'own'} if it keeps ids of its own, or 'none' if repeating is harmless"
            )
        _require_reach(path, handler)
        field = handler.parsed_data_field
        if field is not None and path.startswith("/v1"):
            _require_strict(path, field.annotation)


def _require_reach(path: str, handler: HTTPRouteHandler) -> None:
    """A route that reaches over organisations says of what its address is an id."""
    if REACH not in handler.opt:
        return
    subject = subject_of(path)
    if subject is not None and not is_known(subject):
        raise RouteRefused(f"{path}: edge/subjects.sql does not say how {subject} is looked up")


def http_handlers(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    """Every route that a person or program can call, by path; the automatic OPTIONS answers are not ours."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.http_methods != {"OPTIONS"}:
                yield route.path, handler


def _require_strict(path: str, annotation: Any) -> None:
    """Every struct that a body is made of refuses fields it does not know."""
    for kind in _struct_types(msgspec.inspect.type_info(annotation), set()):
        if not kind.forbid_unknown_fields:
            raise RouteRefused(f"{path}: {kind.cls.__name__} needs forbid_unknown_fields=True")


def _struct_types(
    kind: msgspec.inspect.Type, seen: set[type]
) -> Iterator[msgspec.inspect.StructType]:
    if isinstance(kind, msgspec.inspect.StructType):
        if kind.cls in seen:
            return
        seen.add(kind.cls)
        yield kind
    parts: list[msgspec.inspect.Type] = [field.type for field in getattr(kind, "fields", ())]
    parts += getattr(kind, "types", ()) or ()
    parts += getattr(kind, "item_types", ()) or ()
    parts += [
        part
        for name in ("item_type", "key_type", "value_type", "type")
        if isinstance(part := getattr(kind, name, None), msgspec.inspect.Type)
    ]
    for part in parts:
        yield from _struct_types(part, seen)
