"""What a workbook file must be before anything in it is parsed: a small, plain zip of plain XML.

Source: reliability T55. Runs in the reading process. What the archive's directory says decides what is opened, and
never how much memory is taken.
"""

import io
import re
import stat
import zipfile
from pathlib import PurePosixPath
from typing import Final

import msgspec

#: All that a workbook holds beside its sheets, and the sheets with their texts: 100,000 rows of rights take 150 MB.
UNPACKED_BYTES_MAX: Final = 50_000_000
SHEETS_BYTES_MAX: Final = 250_000_000
RATIO_MAX: Final = 100
MEMBERS_MAX: Final = 200
#: Below this size a high ratio is harmless (an empty sheet of repeated tags packs well).
_RATIO_FREE_BYTES: Final = 100_000
_XML_SUFFIXES: Final = frozenset({".xml", ".rels", ".vml"})
_NESTED_SUFFIXES: Final = frozenset(
    {".zip", ".xlsx", ".xlsm", ".gz", ".bin", ".7z", ".rar", ".jar", ".exe"}
)
_SHEETS: Final = ("xl/worksheets/", "xl/sharedStrings.xml")
_ROW: Final = re.compile(rb"<(?:\w+:)?row\b[^>]*?\sr\s*=\s*[\"'](\d+)[\"']")
ROWS_MAX: Final = 100_001  # the header and 100,000 rows of data


class Refusal(msgspec.Struct, frozen=True):
    """Why the file is not read: a stable code, English, Chinese."""

    code: str
    message: str
    message_zh: str


class ContainerRefused(Exception):
    """The file is not a workbook that will be opened."""

    def __init__(self, code: str, message: str, message_zh: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, message, message_zh)


def check_container(content: bytes) -> None:
    """Raise `ContainerRefused` unless `content` is a zip that is safe to parse as a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _check_directory(members)
            for member in members:
                if PurePosixPath(member.filename).suffix.lower() in _XML_SUFFIXES:
                    _check_xml(member.filename, archive.read(member))
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        ValueError,
        NotImplementedError,
        OSError,
    ) as error:
        raise ContainerRefused(
            "not_a_workbook",
            "the file is not an XLSX workbook, or it is damaged; save it as .xlsx and try again",
            "文件不是XLSX工作簿或已损坏；请另存为 .xlsx 后重试",
        ) from error


def _check_directory(members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    if len(members) > MEMBERS_MAX:
        raise ContainerRefused(
            "too_many_members",
            f"the archive has {len(members)} members; at most {MEMBERS_MAX}",
            f"压缩包内有 {len(members)} 个文件；最多 {MEMBERS_MAX} 个",
        )
    if len(set(names)) != len(names):
        raise ContainerRefused(
            "unsafe_member", "a member's name occurs twice", "压缩包内文件名重复"
        )
    for is_sheets, most in ((False, UNPACKED_BYTES_MAX), (True, SHEETS_BYTES_MAX)):
        unpacked = sum(
            member.file_size
            for member in members
            if member.filename.startswith(_SHEETS) is is_sheets
        )
        if unpacked > most:
            raise ContainerRefused(
                "too_large_unpacked",
                f"the archive unpacks to {unpacked:,} bytes; at most {most:,}",
                f"解压后为 {unpacked:,} 字节；最多 {most:,} 字节",
            )
    for member in members:
        _check_member(member)
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        raise ContainerRefused(
            "not_a_workbook",
            "the archive is no XLSX workbook; save it as .xlsx and try again",
            "压缩包不是XLSX工作簿；请另存为 .xlsx 后重试",
        )


def _check_member(member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename)
    shown = member.filename[:80]
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    if (
        path.is_absolute()
        or ".." in path.parts
        or "\\" in member.filename
        or ":" in member.filename
        or is_link
    ):
        raise ContainerRefused(
            "unsafe_member",
            f"the member {shown!r} points outside the archive",
            f"压缩包成员 {shown!r} 路径不安全",
        )
    if member.flag_bits & 0x1:
        raise ContainerRefused(
            "encrypted",
            "the file is encrypted; save it without a password",
            "文件已加密；请取消密码后保存",
        )
    if path.suffix.lower() in _NESTED_SUFFIXES and not path.name.startswith("printerSettings"):
        raise ContainerRefused(
            "unsafe_member",
            f"the archive carries {shown!r}: macros and nested archives are refused; save it as .xlsx",
            f"压缩包含有 {shown!r}：不接受宏或嵌套压缩包；请另存为 .xlsx",
        )
    packed = max(member.compress_size, 1)
    if member.file_size > _RATIO_FREE_BYTES and member.file_size > packed * RATIO_MAX:
        raise ContainerRefused(
            "zip_bomb",
            f"the member {shown!r} unpacks to {member.file_size // packed} times its size; at most {RATIO_MAX}",
            f"压缩包成员 {shown!r} 压缩比为 {member.file_size // packed}；最多 {RATIO_MAX}",
        )


def _check_xml(name: str, data: bytes) -> None:
    if b"\x00" in data:
        raise ContainerRefused(
            "wrong_encoding",
            f"{name!r} is not UTF-8; save the file again as .xlsx",
            f"{name!r} 不是UTF-8编码；请重新另存为 .xlsx",
        )
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ContainerRefused(
            "xml_declarations",
            f"{name!r} declares a document type or entities; a workbook has none",
            f"{name!r} 含有DTD或实体声明；工作簿不应含有",
        )
    if name.startswith("xl/worksheets/"):
        _check_rows(name, data)


def _check_rows(name: str, data: bytes) -> None:
    """A reader that goes row by row would drop a row that comes again, or too late; and fill up every gap."""
    last = 0
    for match in _ROW.finditer(data):
        digits = match[1].lstrip(b"0")
        if len(digits) > len(str(ROWS_MAX)) or int(digits or b"0") > ROWS_MAX:
            raise too_many_rows(name)
        number = int(digits or b"0")
        if number <= last:
            raise ContainerRefused(
                "rows_out_of_order",
                f"the rows of {name!r} are not in order; open and save the file again",
                f"{name!r} 的行次序混乱；请打开后重新保存",
            )
        last = number


def too_many_rows(sheet: str) -> ContainerRefused:
    """The refusal of a sheet that goes on after the last row that is read."""
    return ContainerRefused(
        "too_many_rows",
        f"the sheet {sheet!r} has rows after row {ROWS_MAX:,}; delete them (also empty ones), or split the file",
        f"工作表“{sheet}”在第 {ROWS_MAX:,} 行之后仍有行；请删除（含空行）或拆分文件",
    )
