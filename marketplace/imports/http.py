"""Routes of portfolio imports (资产包导入): the file goes in whole, the report comes back."""

from typing import Any, cast
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import FromPath

from kit.errors import InvalidInput
from marketplace.edge.bodies import UnsupportedMediaType
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.documentation import PRODUCES, XLSX
from marketplace.edge.idempotency import key_of
from marketplace.edge.identity import AnyConnection
from marketplace.edge.policies import allow
from marketplace.edge.transactions import reader_of
from marketplace.imports import jobs, service
from marketplace.imports.cells import Reading
from marketplace.imports.reading import (
    AT_ONCE_SECONDS_MAX,
    CSV_BYTES_MAX,
    ImportFileRefused,
    read,
)
from marketplace.imports.schemas import Import, ImportJob
from marketplace.imports.template import template_bytes
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

_AnyRequest = Request[Any, Any, Any]
_SCOPE_KEY = "luochui.import"
_MULTIPART = "multipart/form-data"
_MAKER = allow(Role.BANK_MAKER)
_READERS = allow(
    Role.BANK_MAKER, Role.BANK_CHECKER, Role.REGULATOR, Role.AUDITOR, areas=(Area.LOANS,)
)
#: The file and what a form adds around it.
_BODY_BYTES_MAX = CSV_BYTES_MAX + 64 * 1024
#: Beyond this a file is worked off by a job, so that no request waits for it and no connection is held.
_AT_ONCE_BYTES_MAX = 10_000_000
CSV = "text/csv"


class _Read(msgspec.Struct, frozen=True):
    """The file of a request, and what came of reading it."""

    content: bytes
    file_name: str
    outcome: Reading | ImportFileRefused


class FileOf:
    """The file that `read_first` read for this request, for another room whose file has the same layout."""

    def __init__(self, request: _AnyRequest) -> None:
        self._file: _Read = request.scope[_SCOPE_KEY]  # type: ignore[literal-required]  # our own key
        self.content = self._file.content

    def reading(self) -> Reading:
        """Its cells; raises `ImportFileRefused` where there are none."""
        if isinstance(self._file.outcome, ImportFileRefused):
            raise self._file.outcome
        return self._file.outcome


async def read_first(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """Guard after the policy's: the file is read before the request takes a connection, which others need.

    A file that is refused is refused by the handler, so that the refusal is kept under the request's key.
    """
    request = cast("_AnyRequest", connection)
    key_of(request)
    await request.body()
    content, file_name = await _file_of(request)
    outcome: Reading | ImportFileRefused
    if len(content) > _AT_ONCE_BYTES_MAX:
        outcome = _too_large(content)
    else:
        try:
            outcome = await read(content, seconds=AT_ONCE_SECONDS_MAX)
        except ImportFileRefused as error:
            outcome = error
    request.scope[_SCOPE_KEY] = _Read(content, file_name, outcome)  # type: ignore[literal-required]  # our own key


@post(
    "/v1/imports",
    opt={"policy": _MAKER},
    guards=[read_first],
    request_max_body_size=_BODY_BYTES_MAX,
    summary="Import a portfolio workbook 导入资产包",
)
async def import_portfolio(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[Import]:
    """Enter a whole workbook or nothing of it. Send the file itself, or a form with one field `file`.

    `state` says which it was; `findings` names every wrong cell. The same file again gives its first import back.
    """
    file: _Read = request.scope[_SCOPE_KEY]  # type: ignore[literal-required]  # our own key
    if isinstance(file.outcome, ImportFileRefused):
        raise file.outcome
    done = await service.import_file(
        conn, caller, file.content, file_name=file.file_name, now=now, reading=file.outcome
    )
    headers = {"Location": f"/v1/imports/{done.id}"}
    return Response(done, status_code=200 if done.is_repeat else 201, headers=headers)


@post(
    "/v1/import-jobs",
    opt={"policy": _MAKER},
    request_max_body_size=_BODY_BYTES_MAX,
    summary="Hand in a large file 提交大文件导入",
)
async def hand_in_file(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[ImportJob]:
    """A CSV file of one sheet, or a workbook, 100,000 rows a sheet at most; worked off by a job, all or nothing."""
    content, file_name = await _file_of(request)
    job = await jobs.hand_in(conn, caller, content, file_name=file_name, now=now)
    headers = {"Location": f"/v1/import-jobs/{job.id}"}
    return Response(job, status_code=202, headers=headers)


@get("/v1/import-jobs/{job_id:uuid}", opt={"policy": _MAKER}, summary="Progress 导入进度")
async def get_import_job(reader: Conn, caller: Me, job_id: FromPath[UUID]) -> ImportJob:
    """How far an import of my bank is: its state, and how many rows of how many are entered."""
    return await jobs.get(reader, caller, job_id)


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
    opt={"policy": _READERS, PRODUCES: (XLSX,)},
    summary="The file with its wrong cells marked 标注错误的工作簿",
)
async def get_marked(
    request: _AnyRequest, caller: Me, import_id: FromPath[UUID]
) -> Response[bytes]:
    """The workbook that was handed in, each wrong cell in red with its reason."""
    async with reader_of(request) as reader:
        content, findings = await service.refused_file(reader, caller, import_id)
    report = await service.marked_report(await read(content), findings)
    return _download(report, f"import-{import_id}.xlsx")


@get(
    "/v1/templates/portfolio.xlsx",
    opt={"policy": _READERS, PRODUCES: (XLSX,)},
    summary="Portfolio template 资产包模板",
)
async def get_template() -> Response[bytes]:
    """The empty workbook to fill in."""
    return _download(template_bytes(), "portfolio.xlsx")


def _too_large(content: bytes) -> ImportFileRefused:
    return ImportFileRefused(
        f"file: has {len(content):,} bytes; over {_AT_ONCE_BYTES_MAX:,} hand it in at /v1/import-jobs",
        f"文件：{len(content):,} 字节；超过 {_AT_ONCE_BYTES_MAX:,} 字节请通过 /v1/import-jobs 提交",
        reason="too_large",
    )


async def _file_of(request: Request[Any, Any, Any]) -> tuple[bytes, str]:
    kind = request.content_type[0]
    if kind in (XLSX, CSV):
        return await request.body(), "portfolio.xlsx" if kind == XLSX else "portfolio.csv"
    if kind != _MULTIPART:
        raise UnsupportedMediaType(
            f"send the file as {XLSX}, as {CSV}, or as {_MULTIPART} with a field `file`",
            f"请以 {XLSX}、{CSV} 或 {_MULTIPART}（字段 file）发送文件",
        )
    form = await request.form()
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile) or set(form) != {"file"}:
            raise InvalidInput(
                "file",
                "must be the form's one field, and a file",
                "表单须只有一个字段 file，且为文件",
            )
        return await file.read(), file.filename
    finally:
        for _, part in form.multi_items():
            if isinstance(part, UploadFile):
                await part.close()


def _download(content: bytes, name: str) -> Response[bytes]:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=XLSX, headers=headers)


routes: list[HTTPRouteHandler] = [
    import_portfolio,
    hand_in_file,
    get_import_job,
    list_imports,
    get_import,
    get_marked,
    get_template,
]
