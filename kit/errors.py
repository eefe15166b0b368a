"""The root of every error that a caller may meet, and the few that every layer needs."""

from typing import ClassVar


class LuochuiError(Exception):
    """Something that was asked for could not be done. / 请求未能完成。

    `code` is stable and is what programs compare; the class docstring is the default text, English and
    Chinese parted by " / ". `message` and `message_zh` replace it where values belong in it. `context` holds
    facts for the caller (a field, an id, a limit), never secrets.
    """

    code: ClassVar[str] = "error"

    def __init__(
        self, message: str | None = None, message_zh: str | None = None, **context: object
    ) -> None:
        english, _, chinese = (type(self).__doc__ or self.code).strip().partition(" / ")
        self.message = message or english.splitlines()[0].strip()
        self.message_zh = message_zh or (
            self.message if message else (chinese.splitlines() or [english])[0].strip()
        )
        self.context = context
        super().__init__(self.message)


class InvalidInput(LuochuiError):
    """A field holds something that it may not hold. / 字段内容不符合要求。"""

    code = "invalid_input"

    def __init__(self, field: str, message: str, message_zh: str | None = None) -> None:
        super().__init__(f"{field}: {message}", f"{field}：{message_zh or message}", field=field)
        self.field = field


class NotFound(LuochuiError):
    """There is no such thing, or it is not yours to see. / 对象不存在，或您无权查看。"""

    code = "not_found"


class Conflict(LuochuiError):
    """The present state does not allow it. / 当前状态不允许此操作。"""

    code = "conflict"


class Forbidden(LuochuiError):
    """Your role does not allow it. / 您的角色无权执行此操作。"""

    code = "forbidden"


class Unavailable(LuochuiError):
    """Not decided: try again. / 暂不可用，请重试。"""

    code = "unavailable"
