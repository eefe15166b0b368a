"""What a column of the workbook is, and short ways to write one down."""

from enum import StrEnum
from typing import Final

import msgspec

YES_NO: Final = {"yes": "是", "no": "否"}


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    PARAGRAPH = "paragraph"
    CREDIT_CODE = "credit_code"
    AMOUNT = "amount"
    PERCENT = "percent"
    INTEGER = "integer"
    DAY = "day"
    CHOICE = "choice"
    CHOICES = "choices"
    CONSENTS = "consents"
    NICE_CLASS = "nice_class"
    NUMBERS = "numbers"
    LIST = "list"
    PARTS = "parts"
    JSON = "json"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column: its titles, what it holds, whether it may be empty, and the choices it offers (code -> Chinese).

    `is_later`: added after the first layout, so that a file without it is read all the same; always optional.
    """

    key: str
    title_zh: str
    title_en: str
    kind: Kind = Kind.TEXT
    is_required: bool = True
    is_later: bool = False
    choices: dict[str, str] = {}
    length_max: int = 200
    least_fen: int = 0
    least_bp: int = 0
    note_zh: str = ""
    note_en: str = ""

    @property
    def heading(self) -> str:
        """The header cell: Chinese first, English on the next line."""
        return f"{self.title_zh}\n{self.title_en}"


def later(
    key: str,
    title_zh: str,
    title_en: str,
    kind: Kind = Kind.TEXT,
    *,
    choices: dict[str, str] | None = None,
    length_max: int = 200,
    note: tuple[str, str] = ("", ""),
) -> Column:
    """A column that was added later, and so may be empty or missing."""
    return Column(
        key=key,
        title_zh=title_zh,
        title_en=title_en,
        kind=kind,
        is_required=False,
        is_later=True,
        choices=choices or {},
        length_max=length_max,
        note_zh=note[0],
        note_en=note[1],
    )
