"""The API's description, its pages, the table of statuses, and what every route of every room declares."""

import importlib
import json
import pkgutil
import re

import httpx
import pytest
from litestar import Litestar
from litestar.types import Empty

import auction_engine
import kit
import marketplace
import settlement
from kit.errors import LuochuiError, Unavailable
from marketplace.app import Resources, create_app
from marketplace.edge.documentation import describe
from marketplace.edge.guards import http_handlers
from marketplace.edge.policies import policy_of
from marketplace.edge.problems import answer
from marketplace.edge.statuses import STATUSES
from tests.make_people import client_of


@pytest.fixture
def app(resources: Resources) -> Litestar:
    """The application with every room."""
    return create_app(resources)


async def test_description_is_openapi_3_1(app: Litestar) -> None:
    """The description is OpenAPI 3.1, its references resolve, its operation ids are unique."""
    async with client_of(app) as client:
        response = await client.get("/v1/openapi.json")
    document = response.json()
    assert response.headers["content-type"].startswith("application/json")
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"]
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', response.text))
    assert references <= document["components"]["schemas"].keys()
    ids = [
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
    ]
    assert len(ids) == len(set(ids))


def test_every_route_is_described(app: Litestar) -> None:
    """Every route under /v1 is in the description, with a summary, a text, who may call, and its refusals."""
    document = describe(app)
    for path, handler in http_handlers(app):
        if not path.startswith("/v1/") or path == "/v1/openapi.json":
            continue
        for method in handler.http_methods:
            operation = document["paths"][re.sub(r":\w+}", "}", path)][method.lower()]
            assert operation.get("summary"), f"{method} {path} has no summary"
            assert operation.get("description"), f"{method} {path} has no docstring"
            assert policy_of(handler.opt) is not None
            problems = [
                response
                for status, response in operation["responses"].items()
                if int(status) >= 400
            ]
            assert problems
            assert all("application/problem+json" in response["content"] for response in problems)
            if handler.parsed_data_field is not None:
                assert operation["requestBody"]["content"], f"{method} {path} describes no body"


def test_every_route_has_a_policy(app: Litestar) -> None:
    """No route answers without having said to whom."""
    handlers = list(http_handlers(app))
    assert len(handlers) > 20
    assert [path for path, handler in handlers if policy_of(handler.opt) is None] == []


def test_every_form_says_how_large_it_may_be(app: Litestar) -> None:
    """`form_of` asks no more: the bound of a posted form is its own route's, not the application's."""
    posted = {
        path: handler
        for path, handler in http_handlers(app)
        if "POST" in handler.http_methods and not path.startswith("/v1/")
    }
    assert len(posted) > 50
    assert [path for path, one in posted.items() if one.request_max_body_size is Empty] == []


async def test_routes_refuse_strangers(app: Litestar) -> None:
    """Every route that is not public answers 401 to a stranger, whatever the method."""
    async with client_of(app) as client:
        for path, handler in http_handlers(app):
            policy = policy_of(handler.opt)
            assert policy is not None
            if policy.is_public:
                continue
            filled = re.sub(r"{\w+:(\w+)}", _fill, path)
            for method in handler.http_methods:
                response = await client.request(method, filled)
                is_page = not path.startswith("/v1") and response.status_code == 303
                assert response.status_code == 401 or is_page, (
                    f"{method} {path}: {response.status_code}"
                )


def _fill(match: re.Match[str]) -> str:
    return {"uuid": "00000000-0000-7000-8000-00000000ffff", "int": "1"}.get(match[1], "x")


def test_every_post_names_its_idempotency_key(app: Litestar) -> None:
    """Routes that keep their answers themselves (bids, orders) take the header as all others do; sign-in does not."""
    document = describe(app)
    for path, handler in http_handlers(app):
        if not path.startswith("/v1/") or "POST" not in handler.http_methods:
            continue
        operation = document["paths"][re.sub(r":\w+}", "}", path)]["post"]
        named = [each["name"] for each in operation["parameters"] if each["in"] == "header"]
        takes_key = handler.opt.get("idempotency", "stored") != "none"
        assert named.count("Idempotency-Key") == takes_key, path
    bid = document["paths"]["/v1/auctions/{auction_id}/bids"]["post"]
    key = next(each for each in bid["parameters"] if each["name"] == "Idempotency-Key")
    assert (key["required"], key["schema"]["maxLength"]) == (True, 64)


def test_sign_in_has_an_example(app: Litestar) -> None:
    """The first route that a newcomer tries shows what to send."""
    body = describe(app)["paths"]["/v1/session"]["post"]["requestBody"]
    example = body["content"]["application/json"]["example"]
    assert example.keys() == {"username", "password"}


async def test_docs_page_asks_no_other_host(app: Litestar) -> None:
    """The documentation page and its starter name no host, run no inline script, and their files are there."""
    async with client_of(app) as client:
        page = await client.get("/docs")
        assert "//" not in re.sub(r"<!.*?>", "", page.text)
        assert not re.search(r"<script(?![^>]* src=)", page.text)
        for asset in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            response = await client.get(asset)
            assert response.status_code == 200
            assert len(response.content) > 100
        starter = (await client.get("/static/docs.js")).text
        assert "http" not in starter.replace("https://", "http")
        assert (await client.get("/docs/assets/swagger-editor.js")).status_code == 404
        assert (await client.get("/docs/assets/..%2F__init__.py")).status_code == 404


def all_errors() -> list[type[LuochuiError]]:
    """Every error class of the product."""
    for package in (kit, auction_engine, settlement, marketplace):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found, waiting = [], [LuochuiError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return [kind for kind in found if kind.__module__.partition(".")[0] != "tests"]


def test_every_error_has_a_status() -> None:
    """Each error class, or a parent of it that is not the root, is in the table; no line of the table is left over."""
    errors = all_errors()
    missing = [
        kind.code
        for kind in errors
        if not any(
            parent.__dict__.get("code") in STATUSES
            for parent in kind.__mro__
            if parent is not LuochuiError
        )
        and kind is not LuochuiError
    ]
    assert missing == []
    assert STATUSES.keys() - {kind.code for kind in errors} == set()


def test_waiting_time_is_told() -> None:
    """`Retry-After` comes in whole seconds, rounded up, from what the error knows."""
    assert answer(Unavailable(retry_after_ms=1200)).headers["Retry-After"] == "2"
    assert answer(Unavailable(retry_after_seconds=7)).headers["Retry-After"] == "7"
    assert answer(Unavailable()).headers["Retry-After"] == "1"
    assert json.loads(answer(Unavailable()).content)["code"] == "unavailable"


async def test_metrics_are_for_operators(app: Litestar) -> None:
    """Strangers read no metrics."""
    async with client_of(app) as client:
        response: httpx.Response = await client.get("/metrics")
    assert response.status_code == 401
