"""Routes of portfolio imports (资产包导入): the file goes in whole, the report comes back."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from kit.errors import InvalidInput
from marketplace.edge.bodies import UnsupportedMediaType
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.imports import service
from marketplace.imports.reading import FILE_BYTES_MAX
from marketplace.imports.schemas import Import
from marketplace.imports.template import template_bytes
from marketplace.organisations.schemas import Role

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MULTIPART = "multipart/form-data"
_MAKER = allow(Role.BANK_MAKER)
_READERS = allow(Role.BANK_MAKER, Role.BANK_CHECKER, Role.REGULATOR, Role.AUDITOR)
#: The file and what a form adds around it.
_BODY_BYTES_MAX = FILE_BYTES_MAX + 64 * 1024


@post(
    "/v1/imports",
    opt={"policy": _MAKER},
    request_max_body_size=_BODY_BYTES_MAX,
    summary="Import a portfolio workbook 导入资产包",
)
async def import_portfolio(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[Import]:
    """Enter a whole workbook or nothing of it. Send the file itself, or a form with one field `file`.

    `state` says which it was; `findings` names every wrong cell. The same file again gives its first import back.
    """
    content, file_name = await _file_of(request)
    done = await service.import_file(conn, caller, content, file_name=file_name, now=now)
    headers = {"Location": f"/v1/imports/{done.id}"}
    return Response(done, status_code=200 if done.is_repeat else 201, headers=headers)


@get("/v1/imports", opt={"policy": _READERS}, summary="Imports 导入记录")
async def list_imports(reader: Conn, caller: Me, position: At) -> Page[Import]:
    """What my bank handed in, oldest first."""
    rows = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(rows, position, key=lambda row: row.id)


@get("/v1/imports/{import_id:uuid}", opt={"policy": _READERS}, summary="One import 导入报告")
async def get_import(reader: Conn, caller: Me, import_id: FromPath[UUID]) -> Import:
    """What became of one file, with every finding."""
    return await service.get(reader, caller, import_id)


@get(
    "/v1/imports/{import_id:uuid}/report.xlsx",
    opt={"policy": _READERS},
    summary="The file with its wrong cells marked 标注错误的工作簿",
)
async def get_marked(reader: Conn, caller: Me, import_id: FromPath[UUID]) -> Response[bytes]:
    """The workbook that was handed in, each wrong cell in red with its reason."""
    return _download(await service.marked(reader, caller, import_id), f"import-{import_id}.xlsx")


@get(
    "/v1/templates/portfolio.xlsx",
    opt={"policy": _READERS},
    summary="Portfolio template 资产包模板",
)
async def get_template() -> Response[bytes]:
    """The empty workbook to fill in."""
    return _download(template_bytes(), "portfolio.xlsx")


async def _file_of(request: Request[Any, Any, Any]) -> tuple[bytes, str]:
    kind = request.content_type[0]
    if kind == XLSX:
        return await request.body(), "portfolio.xlsx"
    if kind != _MULTIPART:
        raise UnsupportedMediaType(
            f"send the workbook as {XLSX}, or as {_MULTIPART} with a field `file`",
            f"请以 {XLSX} 或 {_MULTIPART}（字段 file）发送工作簿",
        )
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile) or set(form) != {"file"}:
        raise InvalidInput(
            "file", "must be the form's one field, and a file", "表单须只有一个字段 file，且为文件"
        )
    return await file.read(), file.filename


def _download(content: bytes, name: str) -> Response[bytes]:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=XLSX, headers=headers)


routes: list[HTTPRouteHandler] = [
    import_portfolio,
    list_imports,
    get_import,
    get_marked,
    get_template,
]
