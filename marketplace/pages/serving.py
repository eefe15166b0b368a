"""How a page is served: who is looking, what a form must prove, and what a failure looks like to a person."""

import re
from secrets import compare_digest
from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Request, Response
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from kit.errors import Forbidden, InvalidInput, LuochuiError, NotFound
from marketplace.edge.guards import SecondFactorDemanded
from marketplace.edge.identity import Unauthenticated, identity_of
from marketplace.edge.problems import answer, status_of
from marketplace.organisations.authorities import Area, oversees
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import content_words, vocabulary
from marketplace.pages.rendering import page
from marketplace.pages.vocabulary import Words

_BANK: Final = frozenset({Role.BANK_MAKER, Role.BANK_CHECKER})
_FUND: Final = frozenset({Role.FUND_ADMINISTRATOR, Role.FUND_CHECKER})
_BEARERS: Final = frozenset({Role.RISK_BEARER, Role.RISK_CHECKER})
_WATCH: Final = frozenset({Role.REGULATOR, Role.AUDITOR})
_VENUE: Final = frozenset({Role.VENUE_OPERATOR, Role.VENUE_CHECKER})
#: Rooms of loans, money and supervision, and whose they are.
_MONEY_ROOMS: Final = (
    ("/ledger", "案件台账", "Cases", _BANK | _WATCH, (Area.LOANS,)),
    ("/banking", "资金收付", "Banking", _VENUE | _FUND | _BANK, ()),
    ("/claims", "风险补偿", "Claims", _BANK | _FUND | _BEARERS | _WATCH, (Area.FUNDS,)),
    # The others come to it from my desk and from a claim: a bank's line holds no more (at 1200 pixels).
    ("/liabilities", "分险责任", "Liabilities", _BEARERS, ()),
    ("/fund", "补偿资金", "Fund", _FUND, ()),
    ("/anomalies", "异常竞价", "Anomalies", _VENUE | _WATCH, (Area.SALES,)),
    ("/returns", "季度统计", "Returns", _BANK | _WATCH, (Area.RETURNS,)),
    ("/valuation-orders", "委托评估", "Valuations", frozenset({Role.VALUER}), ()),
    ("/panels", "评审任务", "Panels", frozenset({Role.EXPERT}), ()),
    ("/pledgor", "我的质物", "My rights", frozenset({Role.PLEDGOR}), ()),
)
_PLANNERS: Final = frozenset(
    {
        Role.BANK_MAKER,
        Role.BANK_CHECKER,
        Role.VENUE_OPERATOR,
        Role.VENUE_CHECKER,
        Role.REGULATOR,
        Role.AUDITOR,
    }
)
_WITHOUT_STATEMENTS: Final = frozenset(
    {Role.AGENCY_BIDDER, Role.PLATFORM_ADMINISTRATOR, Role.VALUER, Role.EXPERT}
)
_ID: Final = re.compile(r" ?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: For forms with texts of 1,000 characters, each of three bytes in Chinese and each byte as %XX, or with many choices.
LONG_FORM_BYTES: Final = 65_536
#: For a notice's fourteen texts in two languages each, of up to 4,000 such characters.
NOTICE_FORM_BYTES: Final = 1024 * 1024


class FormRefused(Forbidden):
    """The form is too old or was not ours: load the page again and resubmit. / 表单已失效，请刷新页面后重新提交。"""

    code = "form_refused"


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who is looking at a page, and the token that the forms of their session carry."""

    caller: Caller | None
    form_token: str

    @property
    def reads_plans(self) -> bool:
        """Whether there may be plans of disposal for this visitor."""
        return self._works(*_PLANNERS, areas=(Area.DISPOSAL,))

    @property
    def reads_loans(self) -> bool:
        """Whether the case ledger is for this visitor; their organisation decides which loans."""
        return self._works(*_BANK, *_WATCH, areas=(Area.LOANS,))

    @property
    def reads_rights(self) -> bool:
        """Whether pages of rights are for this visitor."""
        return self._works(*_PLANNERS, areas=(Area.COLLATERAL,))

    @property
    def reads_statements(self) -> bool:
        """Whether there may be statements for this visitor: bidders have none."""
        if self.caller is None or not oversees(self.caller, Area.SALES, Area.FUNDS):
            return False
        return bool(self.caller.roles - _WITHOUT_STATEMENTS)

    @property
    def reads_licences(self) -> bool:
        """Whether this visitor's organisation may have a part in a licence and its fees."""
        return self._works(*_PLANNERS, Role.AGENCY_BIDDER, areas=(Area.DISPOSAL,))

    @property
    def money_rooms(self) -> list[tuple[str, str, str]]:
        """The rooms of loans and money that this visitor works in: path, Chinese, English."""
        return [
            (path, zh, en)
            for path, zh, en, who, areas in _MONEY_ROOMS
            if self._works(*who, areas=areas)
        ]

    def _works(self, *roles: Role, areas: tuple[Area, ...]) -> bool:
        """Whether this visitor holds one of `roles`, and, where a regulator, oversees one of `areas`."""
        return self.caller is not None and self.caller.has(*roles) and oversees(self.caller, *areas)


def visitor_of(request: Request[Any, Any, Any]) -> Visitor:
    """Who is looking at this page; anybody may look at most of them."""
    identity = identity_of(request)
    if identity is None:
        return Visitor(caller=None, form_token="")
    return Visitor(caller=identity.caller, form_token=identity.form_token or "")


async def texts_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The texts of an HTML form: browsers end lines with CRLF, what is kept ends them with LF as over the API."""
    return {
        name: value.replace("\r\n", "\n").replace("\r", "\n")
        for name, value in (await request.form()).items()
        if isinstance(value, str)
    }


async def form_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The fields of an HTML form, which is as large as its route says at most. Source: reliability T45.

    In a session the form must carry the session's token; before there is one, the guard has refused other sites.
    """
    fields = await texts_of(request)
    expected = visitor_of(request).form_token
    if not compare_digest(fields.get("form_token", "").encode(), expected.encode()):
        raise FormRefused()
    return fields


async def upload_of(request: Request[Any, Any, Any]) -> bytes:
    """The file of an HTML form with one field `file`, which carries the session's token like every form."""
    form = await request.form()
    token, file = form.get("form_token", ""), form.get("file")
    expected = visitor_of(request).form_token
    if not isinstance(token, str) or not compare_digest(token.encode(), expected.encode()):
        raise FormRefused()
    if not isinstance(file, UploadFile):
        raise InvalidInput("file", "must be a file", "须选择文件")
    return await file.read()


def local_path(wanted: str | None) -> str:
    """Where to go after signing in: a path of this site, whatever was asked for."""
    is_local = (
        wanted is not None and wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    )
    is_plain = wanted is not None and all(
        " " < character < "\x7f" and character != "\\" for character in wanted
    )
    return wanted if wanted is not None and is_local and is_plain else "/"


def show_problem(request: Request[Any, Any, Any], error: LuochuiError) -> Response[Any]:
    """What a person sees instead of problem+json; who is not signed in is sent to sign in and back."""
    if isinstance(error, Unauthenticated) and request.method == "GET":
        return Redirect(f"/sign-in?next={quote(request.url.path)}", status_code=303)
    if isinstance(error, SecondFactorDemanded) and request.method == "GET":
        return Redirect("/access", status_code=303)
    status = status_of(error)
    return page(
        "problem.html",
        status_code=status,
        visitor=visitor_of(request),
        here="",
        title=_TITLES.get(status, _TITLES[500]),
        detail=said_of(error),
        back=_came_from(request),
    )


def _came_from(request: Request[Any, Any, Any]) -> str | None:
    """The page of ours whose form was sent, to correct it there; None for anything else."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if request.method == "GET" or came_from.netloc != request.url.netloc:
        return None
    return local_path(came_from.path)


def show_missing(request: Request[Any, Any, Any], _: Exception) -> Response[Any]:
    """An address that leads nowhere: a page for who looks with a browser, a problem for programs."""
    is_reader = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if not is_reader or request.url.path.startswith("/v1/"):
        return answer(NotFound())
    return show_problem(request, NotFound())


def said_of(error: LuochuiError) -> Words:
    """What was wrong; fields and roles by their names, and nothing by its id, which no page shows."""
    if isinstance(error, InvalidInput) and error.field in content_words.FIELDS:
        label, code = content_words.FIELDS[error.field], f"{error.field}: "
        return Words(
            f"{label.zh}（{error.field}）：{error.message_zh.removeprefix(f'{error.field}：')}",
            f"{label.en} ({error.field}): {error.message.removeprefix(code)}",
        )
    roles = error.context.get("roles")
    if not isinstance(error, Forbidden) or not isinstance(roles, list) or not roles:
        return Words(_ID.sub("", error.message_zh), _ID.sub("", error.message))
    named = [vocabulary.of(vocabulary.ROLES, role) for role in roles]
    return Words(
        f"此页面供以下人员使用：{'、'.join(name.zh for name in named)}。",
        f"This page is for: {', '.join(name.en for name in named)}.",
    )


_TITLES: Final = {
    400: Words("请求有误", "Something in the request is wrong"),
    401: Words("请先登录", "Please sign in"),
    403: Words("无权查看", "Not open to you"),
    404: Words("没有此页面", "There is no such page"),
    409: Words("当前状态不允许", "Not in the present state"),
    422: Words("内容有误", "Something in it is wrong"),
    429: Words("过于频繁", "Too many attempts"),
    500: Words("系统出错", "Something went wrong here"),
    503: Words("暂不可用", "Not available now"),
}

#: For the routes of pages: `@get(..., **PAGE)`.
PAGE: Final[dict[str, Any]] = {
    "include_in_schema": False,
    "exception_handlers": {LuochuiError: show_problem},
}
