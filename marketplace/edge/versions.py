"""Edits of a thing with a `version`: its ETag goes out, and must come back in `If-Match`."""

from typing import Any

from litestar import Request

from kit.errors import InvalidInput, LuochuiError


class VersionMissing(LuochuiError):
    """Send If-Match with the ETag of the version that you are changing. / 请在 If-Match 中附带所修改版本的 ETag。"""

    code = "version_missing"


class VersionChanged(LuochuiError):
    """Somebody changed it since you read it; read it again. / 该对象已被他人修改，请重新读取。"""

    code = "version_changed"


def etag(version: int) -> str:
    """The ETag of a version, strong."""
    return f'"{version}"'


async def provide_if_match(request: Request[Any, Any, Any]) -> int:
    """The version named in `If-Match`. Raises VersionMissing, or InvalidInput for another form."""
    given = request.headers.get("if-match")
    if given is None:
        raise VersionMissing(field="If-Match")
    digits = given.strip().removeprefix('"').removesuffix('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise InvalidInput(
            "If-Match", 'must be the ETag that was sent, such as "3"', '须为收到的 ETag，如 "3"'
        )
    return int(digits)


def require_version(actual: int, expected: int) -> None:
    """Refuse an edit of a version that is no longer the present one."""
    if actual != expected:
        raise VersionChanged(version=actual)
