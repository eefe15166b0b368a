"""What a file is by its content, which files are taken, and who may read which document. Source: domain 3.8; T67.

Files are taken by what they are, not by what they are called: the first bytes and the structure decide the type, the
type decides the name under which a file is given out, and files that could act when opened are refused.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from kit.errors import LuochuiError
from marketplace.documents import pdf_objects, workbook_acts
from marketplace.documents.schemas import Visibility
from marketplace.imports.container import ContainerRefused, check_container
from marketplace.lots.rules import LotStatus

BYTES_MAX: Final = 20_000_000
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXTENSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "application/pdf": "pdf",
        "image/png": "png",
        "image/jpeg": "jpg",
        "text/plain": "txt",
        XLSX: "xlsx",
    }
)
#: Names in a PDF by which it acts when opened, or carries other files; the place where it opens (an array) is no act.
_PDF_ACTS: Final = re.compile(
    rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData|XFA|OpenAction(?!\s*\[))\b"
)
#: A name in a PDF may be written with escapes: `/J#61vaScript`.
_PDF_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_NAME_CHARACTERS_MAX: Final = 120
_SOLD: Final = frozenset(
    {
        LotStatus.SOLD,
        LotStatus.AWAITING_PAYMENT,
        LotStatus.PAID,
        LotStatus.TRANSFERRING,
        LotStatus.DONE,
    }
)


class FileRefused(LuochuiError):
    """This file is not taken. / 不接受该文件。"""

    code = "file_refused"


def media_type(content: bytes) -> str:
    """What a file is. Raises `FileRefused` for an empty, large, unknown or acting one."""
    if not 1 <= len(content) <= BYTES_MAX:
        raise _refused(
            "size",
            f"has {len(content):,} bytes; from 1 to {BYTES_MAX:,}",
            f"大小为 {len(content):,} 字节；应为 1 至 {BYTES_MAX:,} 字节",
        )
    if content.startswith(b"%PDF-"):
        return _pdf(content)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        if not content.rstrip(b"\x00").endswith(b"IEND\xaeB`\x82"):
            raise _refused("damaged", "is a PNG without its end", "PNG 文件不完整")
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        if not content.rstrip(b"\x00").endswith(b"\xff\xd9"):
            raise _refused("damaged", "is a JPEG without its end", "JPEG 文件不完整")
        return "image/jpeg"
    if content.startswith(b"PK\x03\x04"):
        return _workbook(content)
    return _text(content)


def _pdf(content: bytes) -> str:
    if b"%%EOF" not in content[-2048:]:
        raise _refused("damaged", "is a PDF without its end", "PDF 文件不完整")
    plain = _without_escapes(content)
    try:
        packed = _without_escapes(pdf_objects.unpacked(content, plain))
    except pdf_objects.Unreadable as error:
        raise _refused(
            "unreadable",
            "is a PDF with packed parts that cannot be looked into; print it to a plain PDF and send that",
            "PDF 含有无法查验的压缩内容；请打印为普通 PDF 后上传",
        ) from error
    if (act := _PDF_ACTS.search(plain) or _PDF_ACTS.search(packed)) is not None:
        named = act[0].decode("ascii")
        raise _refused(
            "acts",
            f"is a PDF that acts or carries files ({named}); print it to a plain PDF and send that",
            f"PDF 含有可执行内容或附件（{named}）；请打印为普通 PDF 后上传",
        )
    if b"/Encrypt" in plain:
        raise _refused(
            "encrypted",
            "is an encrypted PDF; save it without a password",
            "PDF 已加密；请取消密码后保存",
        )
    return "application/pdf"


def _without_escapes(content: bytes) -> bytes:
    return _PDF_ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), content)


def _workbook(content: bytes) -> str:
    try:
        check_container(content)
    except ContainerRefused as error:
        raise _refused(
            error.refusal.code, error.refusal.message, error.refusal.message_zh
        ) from error
    if (kind := workbook_acts.found_in(content)) is not None:
        raise _refused(
            "acts",
            f"is a workbook that reaches out or carries other files ({kind}); save it with values alone",
            f"工作簿含有外部链接或嵌入对象（{kind}）；请仅保留数值后另存",
        )
    return XLSX


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\x00"
    if not all(c.isprintable() or c in "\r\n\t\u3000\u00a0" for c in text):
        raise _refused(
            "unknown_type",
            "is none of PDF, PNG, JPEG, XLSX and plain text in UTF-8; convert it",
            "不是 PDF、PNG、JPEG、XLSX 或 UTF-8 纯文本；请转换格式",
        )
    return "text/plain"


def given_name(name: str) -> str:
    """What a file was called, for people to see: its last part, without characters that act on a screen or a path."""
    plain = unicodedata.normalize("NFKC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in plain if c.isprintable() and unicodedata.category(c) != "Cf")
    return kept.strip(". ")[:_NAME_CHARACTERS_MAX]


def server_name(document_id: UUID, number: int, type_: str) -> str:
    """The name under which a version is given out; nothing in it comes from outside."""
    return f"luochui-{document_id}-v{number}.{EXTENSIONS[type_]}"


def levels(*, is_inside: bool, is_registered: bool, has_accepted: bool) -> frozenset[Visibility]:
    """Which documents of a lot somebody may read.

    `is_inside`: the bank, its venue, supervisors. `is_registered`: a bidder who registered and was not turned away.
    `has_accepted`: their organisation accepted the secrecy terms as they now stand.
    """
    if is_inside:
        return frozenset(Visibility)
    found = {Visibility.PUBLIC}
    if is_registered:
        found.add(Visibility.REGISTERED)
        if has_accepted:
            found.add(Visibility.NDA)
    return frozenset(found)


def _refused(reason: str, message: str, message_zh: str) -> FileRefused:
    return FileRefused(f"file: {message}", f"文件：{message_zh}", field="file", reason=reason)


def names_readers(status: LotStatus) -> bool:
    """Whether the sellers of a lot may know who looked: once it is sold, and not when it may be offered again."""
    return status in _SOLD
