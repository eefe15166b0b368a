"""The API described by itself: OpenAPI 3.1 at /v1/openapi.json, and pages at /docs that load nothing from elsewhere."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme
from litestar.params import FromPath

from kit.errors import NotFound
from marketplace.edge.guards import http_handlers
from marketplace.edge.policies import nobody, policy_of, public
from marketplace.edge.problems import MEDIA_TYPE, Problem
from marketplace.edge.transactions import IDEMPOTENCY, is_stored

#: Where a route keeps an example of its body, and how long its Idempotency-Key may be if not as long as elsewhere.
EXAMPLE, KEY_MAX = "example", "idempotency_key_max"
#: In a route's `opt`: the media types of an answer that is a file; statuses that come with the usual answer's shape.
PRODUCES, ALSO = "produces", "also_answers"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What a paper is printed as (`form`).
PAPERS = ("application/json", XLSX, "text/html")
_FILE = {"schema": {"type": "string", "format": "binary"}}
_NO_CONTENT = "204"
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_REASONS = {
    400: "The request is malformed 请求格式有误",
    401: "Nobody is signed in, or the credentials are wrong 未登录或凭证无效",
    403: "The caller may not do this 无权操作",
    404: "There is no such thing, or it is not the caller's to see 不存在或无权查看",
    409: "The present state does not allow it 当前状态不允许",
    412: "Somebody changed it meanwhile 已被他人修改",
    413: "The body is too large 请求体过大",
    415: "The body is not application/json 请求体须为 JSON",
    422: "Understood, and refused by a rule 规则不允许",
    428: "If-Match is missing 缺少 If-Match",
    429: "Too fast 过于频繁",
    500: "A failure of ours, logged 内部错误",
    503: "Not decided: try again 暂不可用，请重试",
    504: "The outcome is unknown: ask again with the same id 结果未知，请用同一编号重试",
}
_IDEMPOTENCY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A new one for each new request; a repeated request with the same key gets the first answer again.",
    "schema": _IDEMPOTENCY_SCHEMA,
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the version that is changed.",
    "schema": {"type": "string", "pattern": '^"?[0-9]{1,9}"?$'},
}


def openapi_config(version: str) -> OpenAPIConfig:
    """The framework's part. Its own pages load third-party scripts, so the router it insists on is open to nobody."""
    return OpenAPIConfig(
        title="Luochui 落槌",
        version=version,
        description=(
            "Disposal of pledged intellectual property: consignment, auction, settlement, clearing."
            " 知识产权质物处置：委托、竞价、结算、清算。Money is whole fen (`_fen`), instants are RFC 3339 in UTC,"
            " ratios basis points (`_bp`). Errors are RFC 9457 problem documents with a stable `code`."
        ),
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "session": SecurityScheme(
                    type="apiKey", security_scheme_in="cookie", name="luochui"
                ),
                "api_key": SecurityScheme(
                    type="http", scheme="bearer", bearer_format="lc_live_..."
                ),
            }
        ),
        render_plugins=[JsonRenderPlugin()],
        openapi_router=Router(
            "/.openapi", route_handlers=[], include_in_schema=False, opt={"policy": nobody()}
        ),
    )


def describe(app: Litestar) -> dict[str, Any]:
    """The whole description: the framework's, and for each route who may call it and how it refuses."""
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    _, components = msgspec.json.schema_components(
        [Problem], ref_template="#/components/schemas/{name}"
    )
    schema["components"].setdefault("schemas", {}).update(components)
    _untangle(schema)
    for path, handler in http_handlers(app):
        operations = schema["paths"].get(_documented(path), {})
        for method in handler.http_methods:
            if (operation := operations.get(method.lower())) is not None:
                _complete(operation, path, handler, method)
    return schema


def _documented(path: str) -> str:
    """`/v1/users/{user_id:uuid}` as OpenAPI writes it."""
    parts = [f"{part.split(':')[0]}}}" if ":" in part else part for part in path.split("/")]
    return "/".join(parts) or "/"


def _complete(operation: dict[str, Any], path: str, handler: HTTPRouteHandler, method: str) -> None:
    policy = policy_of(handler.opt)
    assert policy is not None
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    asks_version = "if_match" in handler.parsed_fn_signature.parameters
    statuses = {400, 500, 503}
    if not policy.is_public:
        statuses |= {401, 403}
        operation["security"] = [{"session": []}, {"api_key": []}]
        operation["x-roles"] = sorted(policy.roles) if policy.roles is not None else ["any"]
    if "{" in path:
        statuses |= {404, 409}
    if method not in {"GET", "HEAD"}:
        statuses |= {401, 403, 404, 409, 413, 415, 422, 429}
    keeps_own = handler.opt.get(IDEMPOTENCY) == "own"
    if keeps_own or is_stored(method, path, handler.opt):
        parameters.append(_idempotency_key(handler.opt.get(KEY_MAX)))
    if keeps_own:
        statuses.add(504)
    if (example := handler.opt.get(EXAMPLE)) is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = example
    if asks_version:
        parameters.append(_IF_MATCH)
        statuses |= {412, 428}
    operation["tags"] = [path.split("/")[2] if path.startswith("/v1/") else "site"]
    answers: dict[str, Any] = operation["responses"]
    usual = _answer_content(answers, handler)
    for status in sorted(statuses):
        answers[str(status)] = {"description": _REASONS[status]} | _PROBLEM
    for status in handler.opt.get(ALSO, ()):
        refusal = answers.get(str(status), {"description": "The same, not yet done 尚未完成"})
        answers[str(status)] = refusal | {"content": refusal.get("content", {}) | usual}


def _answer_content(answers: dict[str, Any], handler: HTTPRouteHandler) -> dict[str, Any]:
    """The content of the usual answer: nothing where there is none, the file's own types where it is a file."""
    if _NO_CONTENT in answers:
        answers[_NO_CONTENT].pop("content", None)
        return {}
    usual: dict[str, Any] = next(
        (answer for status, answer in answers.items() if status.startswith("2")), {}
    )
    if (produced := _file_types(handler)) is not None:
        usual["content"] = dict.fromkeys(produced, _FILE)
    return dict(usual.get("content", {}))


def _file_types(handler: HTTPRouteHandler) -> tuple[str, ...] | None:
    """The media types of an answer that is a file; None for an answer in JSON."""
    signature = handler.parsed_fn_signature
    declared: tuple[str, ...] | None = handler.opt.get(PRODUCES)
    is_file = bytes in get_args(signature.return_type.raw)
    if declared is not None or not is_file or handler.media_type:
        return declared
    return PAPERS if "form" in signature.parameters else ("*/*",)


def _untangle(part: Any) -> None:
    """Take out of the framework's schemas the alternatives that say nothing: "one of this, or anything"."""
    if isinstance(part, dict):
        alternatives = part.get("oneOf")
        if isinstance(alternatives, list) and {} in alternatives:
            left = [each for each in alternatives if each]
            del part["oneOf"]
            part.update(left[0] if len(left) == 1 else {"oneOf": left})
        for each in part.values():
            _untangle(each)
    elif isinstance(part, list):
        for each in part:
            _untangle(each)


def _idempotency_key(longest: int | None) -> dict[str, Any]:
    """The header's description, for a route that takes shorter keys than others."""
    if longest is None:
        return _IDEMPOTENCY_KEY
    return _IDEMPOTENCY_KEY | {"schema": {**_IDEMPOTENCY_SCHEMA, "maxLength": longest}}


def _asset(name: str) -> bytes:
    """A file of the Swagger UI distribution; nothing of its package is imported or run."""
    spec = find_spec("swagger_ui")
    assert spec is not None
    assert spec.submodule_search_locations
    return (Path(spec.submodule_search_locations[0]) / "static" / name).read_bytes()


def documentation_routes() -> list[HTTPRouteHandler]:
    """The description, the page, and the two files the page needs."""
    describe_once = _once(describe)

    @get(
        "/v1/openapi.json", opt={"policy": public()}, include_in_schema=False, sync_to_thread=False
    )
    def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
        return Response(describe_once(request.app), media_type="application/json")

    @get("/docs", opt={"policy": public()}, include_in_schema=False, sync_to_thread=False)
    def docs() -> Response[str]:
        return Response(_PAGE, media_type="text/html")

    @get(
        "/docs/assets/{name:str}",
        opt={"policy": public()},
        include_in_schema=False,
        sync_to_thread=True,
    )
    def docs_asset(name: FromPath[str]) -> Response[bytes]:
        if name not in _ASSETS:
            raise NotFound()
        headers = {"Cache-Control": "public, max-age=86400"}
        return Response(_asset(name), media_type=_ASSETS[name], headers=headers)

    return [openapi_json, docs, docs_asset]


def _once(make: Callable[[Litestar], dict[str, Any]]) -> Callable[[Litestar], bytes]:
    made: list[bytes] = []

    def get_or_make(app: Litestar) -> bytes:
        if not made:
            made.append(msgspec.json.encode(make(app)))
        return made[0]

    return get_or_make


_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Luochui API 接口文档</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/static/docs.js"></script>
</body>
</html>
"""
