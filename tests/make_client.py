"""Makes the Python client's methods from the routes: `make client` writes marketplace/client/rooms.

A test compares what is committed with what this makes, so that no route is without its method.
"""

import inspect
import subprocess
import sys
import textwrap
from collections import defaultdict
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from marketplace.app import BODY_BYTES_MAX, room_routes
from marketplace.edge.dependencies import DEPENDENCIES
from marketplace.edge.guards import http_handlers
from marketplace.edge.transactions import IDEMPOTENCY, is_stored

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ROOT / "marketplace" / "client" / "rooms"
_OURS = frozenset(DEPENDENCIES) | {"request", "state"}


class _Imports:
    """The modules that a generated file needs, and the names under which it has them."""

    def __init__(self) -> None:
        self.lines: set[str] = set()

    def name(self, kind: type) -> str:
        """How the file says a class."""
        if kind.__module__ == "builtins":
            return kind.__name__
        if kind.__module__ in ("uuid", "datetime"):
            self.lines.add(f"from {kind.__module__} import {kind.__name__}")
            return kind.__name__
        package, _, module = kind.__module__.rpartition(".")
        alias = kind.__module__.removeprefix("marketplace.").replace(".", "_")
        self.lines.add(
            f"from {package} import {module} as {alias}" if package else f"import {module}"
        )
        return f"{alias}.{kind.__qualname__}"

    def say(self, kind: Any) -> str:
        """How the file says any annotation."""
        origin, args = get_origin(kind), get_args(kind)
        if kind is None or kind is NoneType:
            return "None"
        if kind is Any:
            self.lines.add("from typing import Any")
            return "Any"
        if origin is Annotated:
            return self.say(args[0])
        if origin in (Union, UnionType):
            return " | ".join(self.say(arg) for arg in args)
        if origin is Literal:
            self.lines.add("from typing import Literal")
            return f"Literal[{', '.join(repr(arg) for arg in args)}]"
        if origin is not None:
            return f"{self.name(origin)}[{', '.join(self.say(arg) for arg in args)}]"
        assert isinstance(kind, type), f"{kind!r} is no type that a client can say"
        return self.name(kind)


def generate() -> dict[str, str]:
    """The files of `rooms/`, formatted, by name."""
    app = Litestar(route_handlers=room_routes(), dependencies=DEPENDENCIES, openapi_config=None)
    rooms: dict[str, list[tuple[str, HTTPRouteHandler, str]]] = defaultdict(list)
    for path, handler in http_handlers(app):
        if path.startswith("/v1/") and handler.include_in_schema is not False:
            room = inspect.getmodule(handler.fn).__name__.split(".")[1]  # type: ignore[union-attr]
            for method in sorted(handler.http_methods):
                rooms[room].append((path, handler, str(getattr(method, "value", method))))
    made = {f"{room}.py": _room(room, rooms[room]) for room in sorted(rooms)}
    made["__init__.py"] = _index(sorted(rooms))
    return {name: _formatted(text) for name, text in made.items()}


def _index(rooms: list[str]) -> str:
    lines = ['"""All rooms of the client. Made by `make client`; not to be edited."""', ""]
    lines += ["from marketplace.client.calling import Calls"]
    lines += [f"from marketplace.client.rooms.{room} import {_class(room)}" for room in rooms]
    lines += ["", "_ROOMS = {", *(f'    "{room}": {_class(room)},' for room in rooms), "}"]
    lines += ["", "", "class Rooms:", '    """One attribute a room."""', ""]
    lines += [f"    {room}: {_class(room)}" for room in rooms]
    lines += ["", "    def __init__(self, calls: Calls) -> None:"]
    lines += ["        for name, room in _ROOMS.items():"]
    lines += ["            setattr(self, name, room(calls))"]
    return "\n".join(lines) + "\n"


def _class(room: str) -> str:
    return "".join(part.capitalize() for part in room.split("_"))


def _room(room: str, routes: list[tuple[str, HTTPRouteHandler, str]]) -> str:
    imports = _Imports()
    imports.lines.add("from marketplace.client.calling import Calls")
    methods = [_method(imports, *route) for route in sorted(routes, key=lambda r: _order(*r))]
    names = [handler.handler_name for _, handler, _ in routes]
    assert len(names) == len(set(names)), f"room {room} has two handlers of one name"
    head = (
        f'"""The operations of {room}. Made by `make client` from the routes; not to be edited."""'
    )
    parts = [head, "", *sorted(imports.lines), "", ""]
    parts += [f"class {_class(room)}:", f'    """Operations of {room}."""', ""]
    parts += ["    def __init__(self, calls: Calls) -> None:", "        self._calls = calls", ""]
    return "\n".join([*parts, *methods])


def _order(path: str, _: HTTPRouteHandler, method: str) -> tuple[str, str]:
    return path, method


def _method(imports: _Imports, path: str, handler: HTTPRouteHandler, method: str) -> str:
    written = "/".join(
        f"{part.split(':')[0]}}}" if ":" in part else part for part in path.split("/")
    )
    given, named, query = ["self"], [], []
    passed: list[str] = []
    in_path = [part[1:-1] for part in written.split("/") if part.startswith("{")]
    parameters = handler.parsed_fn_signature.parameters
    texts = {name for name in in_path if imports.say(parameters[name].raw) != "UUID"}
    if texts:
        imports.lines.add("from urllib.parse import quote")
    sent = "/".join(_filled(part, texts) for part in written.split("/"))
    given += [f"{name}: {imports.say(parameters[name].raw)}" for name in in_path]
    for name, parameter in parameters.items():
        if name in in_path or name in _OURS:
            continue
        if name == "data":
            given.append(f"data: {imports.say(parameter.raw)}")
            passed.append("body=data")
            continue
        named.append(
            f"{name}: {imports.say(parameter.raw)} = {_default(imports, parameter.default)}"
        )
        query.append(name)
    largest = handler.request_max_body_size
    if isinstance(largest, int) and largest > BODY_BYTES_MAX:  # a file is sent as it is
        given.append("content: bytes")
        given.append("content_type: str")
        passed.append("content=(content, content_type)")
    if "position" in parameters:
        named += ["cursor: str | None = None", "limit: int = 50"]
        query += ["cursor", "limit"]
    if "if_match" in parameters:
        given.append("version: int")
        passed.append("version=version")
    if is_stored(method, path, handler.opt) or handler.opt.get(IDEMPOTENCY) == "own":
        imports.lines.add("from marketplace.client.calling import new_key")
        named.append("key: str | None = None")
        passed.append("key=key or new_key()")
    if query:
        passed.insert(0, "query={" + ", ".join(f'"{name}": {name}' for name in query) + "}")
    signature = ", ".join(given + (["*", *named] if named else []))
    text = _text(handler, f"{method} {written}")
    return _written(imports, handler, method, signature, text, sent, passed)


def _written(
    imports: _Imports,
    handler: HTTPRouteHandler,
    method: str,
    signature: str,
    text: str,
    sent: str,
    passed: list[str],
) -> str:
    returned = _returned(handler)
    name, quoted = handler.handler_name, f'f"{sent}"' if "{" in sent else f'"{sent}"'
    if returned is Stream:
        imports.lines |= {
            "from collections.abc import AsyncIterator",
            "from marketplace.client.calling import Event",
        }
        signature += ", last: str | None = None"
        call = f"self._calls.events({', '.join([quoted, *passed, 'last=last'])})"
        return (
            f"    def {name}({signature}) -> AsyncIterator[Event]:\n{text}\n        return {call}\n"
        )
    if returned is bytes or returned is None:
        said, call = "bytes", f"raw({', '.join([repr(method), quoted, *passed])})"
        if returned is None:
            return f"    async def {name}({signature}) -> None:\n{text}\n        await self._calls.{call}\n"
    else:
        said = imports.say(returned)
        call = f"struct({', '.join([repr(method), quoted, said, *passed])})"
    return f"    async def {name}({signature}) -> {said}:\n{text}\n        return await self._calls.{call}\n"


def _returned(handler: HTTPRouteHandler) -> Any:
    """What an operation gives: a struct, bytes, None, or a stream."""
    kind = handler.parsed_fn_signature.return_type.raw
    if get_origin(kind) is not None and "Response" in getattr(get_origin(kind), "__name__", ""):
        kind = get_args(kind)[0]
    if kind in (None, NoneType):
        return None
    if kind is Stream or kind is bytes:
        return kind
    parts = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if bytes in parts or str in parts:
        return bytes
    if len(parts) > 1:  # the problem that a refusal is shaped as is raised, not returned
        parts = tuple(part for part in parts if not part.__name__.endswith("Problem"))
    assert len(parts) == 1, f"{handler.handler_name} returns {kind}"
    return parts[0]


def _filled(part: str, texts: set[str]) -> str:
    """A part of the path: what is no UUID is quoted, so that it stays one part."""
    name = part[1:-1]
    return f"{{quote(str({name}), safe='')}}" if part.startswith("{") and name in texts else part


def _default(imports: _Imports, value: Any) -> str:
    if value is inspect.Parameter.empty or type(value).__name__ in ("EmptyType", "type"):
        return "None"
    if isinstance(value, Enum):
        return f"{imports.name(type(value))}.{value.name}"
    return repr(value)


def _text(handler: HTTPRouteHandler, operation: str) -> str:
    """The docstring: what the route says of itself, and its operation."""
    said = inspect.getdoc(handler.fn) or ""
    first = " ".join(said.split("\n\n")[0].split())
    lines = textwrap.wrap(first, 90, break_long_words=False)
    if len(lines) == 1:
        return f'        """{lines[0]}\n\n        `{operation}`\n        """'
    body = "\n        ".join(lines)
    return f'        """{body}\n\n        `{operation}`\n        """'


def _formatted(text: str) -> str:
    """As the formatter and the import sorter leave it."""
    ruff = Path(sys.executable).parent / "ruff"
    for command in (["check", "--fix", "-q", "--select", "I,F401"], ["format", "-q"]):
        done = subprocess.run(
            [ruff, *command, "--stdin-filename", "marketplace/client/rooms/x.py", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        text = done.stdout
    return text


def main() -> None:
    """Write the files, and remove those of rooms that are gone."""
    made = generate()
    ROOMS.mkdir(exist_ok=True)
    for path in ROOMS.glob("*.py"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (ROOMS / name).write_text(text, encoding="utf-8")
    print(f"{len(made) - 1} rooms")


if __name__ == "__main__":
    main()
