"""The pages of imports and exports (导入与导出): files handed in, how far they are, what was wrong, data taken out."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect
from openpyxl.utils import column_index_from_string

from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.imports import jobs, service
from marketplace.imports.layout import SHEETS
from marketplace.imports.reading import CSV_BYTES_MAX
from marketplace.imports.schemas import JobState
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, upload_of, visitor_of
from marketplace.pages.vocabulary import Words

_BANK = (Role.BANK_MAKER, Role.BANK_CHECKER)
_READERS = allow(*_BANK, Role.REGULATOR, Role.AUDITOR, areas=(Area.LOANS,))
_BODY_BYTES_MAX = CSV_BYTES_MAX + 64 * 1024
_JOBS_SHOWN = 20
#: A report may have a hundred thousand findings; the page shows the first, the marked workbook has them all.
FINDINGS_SHOWN = 500
_KINDS_SHOWN = 20
OVER = frozenset({JobState.COMPLETED, JobState.REFUSED, JobState.UNREADABLE})


@get("/imports", opt={POLICY: _READERS}, **PAGE)
async def imports_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """Files under way and what became of those before; the template; what can be taken out."""
    found = await service.newest(reader, caller, before=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda one: one.id)
    is_bank = caller.has(*_BANK)
    return page(
        "imports.html",
        visitor=visitor_of(request),
        here="/imports",
        is_maker=caller.has(Role.BANK_MAKER),
        is_bank=is_bank,
        jobs=await jobs.newest(reader, caller, limit=_JOBS_SHOWN) if is_bank else [],
        imports=listed.items,
        next_cursor=listed.next_cursor,
    )


@post(
    "/imports",
    opt={POLICY: allow(Role.BANK_MAKER)},
    request_max_body_size=_BODY_BYTES_MAX,
    **PAGE,
)
async def hand_in_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Redirect:
    """Hand a file in; its progress is shown."""
    content = await upload_of(request)
    file = (await request.form()).get("file")
    assert isinstance(file, UploadFile), "upload_of asked for it"
    job = await jobs.hand_in(conn, caller, content, file_name=file.filename, now=now)
    return Redirect(f"/imports/jobs/{job.id}", status_code=303)


@get("/imports/jobs/{job_id:uuid}", opt={POLICY: allow(*_BANK)}, **PAGE)
async def job_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, job_id: FromPath[UUID]
) -> Response[str]:
    """How far a file is; the page asks again by itself until it is over."""
    job = await jobs.get(reader, caller, job_id)
    return page(
        "import_job.html",
        visitor=visitor_of(request),
        here="/imports",
        job=job,
        is_over=job.state in OVER,
    )


@get("/imports/{import_id:uuid}", opt={POLICY: _READERS}, **PAGE)
async def import_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, import_id: FromPath[UUID]
) -> Response[str]:
    """What became of one file: how much it held, and each finding by its cell."""
    done = await service.report(reader, caller, import_id, shown=FINDINGS_SHOWN, kinds=_KINDS_SHOWN)
    return page(
        "import_report.html",
        visitor=visitor_of(request),
        here="/imports",
        done=done,
        column_of=_column_of,
        counts={name: getattr(done.counts, name) for name in done.counts.__struct_fields__},
    )


def _column_of(sheet_title: str, letters: str) -> Words | None:
    """What a column of the template is called; None for what is about no column."""
    for sheet in SHEETS:
        if sheet.title == sheet_title and letters.isascii() and letters.isalpha():
            place = column_index_from_string(letters)
            if place <= len(sheet.columns):
                column = sheet.columns[place - 1]
                return Words(column.title_zh, column.title_en)
    return None


routes: list[HTTPRouteHandler] = [imports_page, hand_in_by_form, job_page, import_page]
