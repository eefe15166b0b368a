"""A paper as an answer: JSON as hashed, workbook, or page for print."""

from typing import Annotated, Literal

import msgspec
from litestar import Response

from settlement import rendering
from settlement.papers import Paper

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: How a paper is asked for.
Form = Annotated[
    Literal["json", "xlsx", "html"], msgspec.Meta(description="form of the paper 格式")
]


def printed(paper: Paper, form: Form) -> Response[bytes]:
    """The paper in one form; the JSON is the very bytes that were hashed."""
    headers = {
        "Cache-Control": "private, no-cache",
        "ETag": f'"{paper.sha256.hex()}-{form}"',
        "Content-Disposition": f'attachment; filename="{paper.number}-{paper.version}.{form}"',
    }
    if form == "xlsx":
        return Response(rendering.xlsx(paper), media_type=_XLSX, headers=headers)
    if form == "html":
        page = rendering.html(paper).encode()
        return Response(page, media_type="text/html; charset=utf-8", headers=headers)
    return Response(paper.content, media_type="application/json", headers=headers)
