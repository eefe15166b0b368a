"""What an import answers: its state, what was entered, and every finding with its place."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class JobState(StrEnum):
    """How far an import is that takes longer than a request."""

    WAITING = "waiting"
    READING = "reading"
    CHECKING = "checking"
    ENTERING = "entering"
    COMPLETED = "completed"
    REFUSED = "refused"
    UNREADABLE = "unreadable"


class ImportJob(msgspec.Struct, frozen=True, kw_only=True):
    """An import under way; `import_id` leads to its report once it is over, `problem` says why it can't be read."""

    id: UUID
    organisation_id: UUID
    file_name: str
    state: JobState
    rows_total: int
    rows_done: int
    import_id: UUID | None
    problem: str | None
    problem_zh: str | None
    created_by: UUID
    created_at: datetime
    updated_at: datetime


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: where, what stood there, and what would be right, in two languages.

    `address` is the place as people name it (`贷款!C7`), `sheet` and `cell` are its parts; a finding about a whole
    sheet has no cell, and one about the whole file no sheet.
    """

    code: str
    address: str
    sheet: str
    cell: str
    value: str
    message: str
    message_zh: str


class ImportState(StrEnum):
    """All of a file was entered, or nothing was."""

    COMPLETED = "completed"
    REFUSED = "refused"


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows the file had, by sheet."""

    loans: int = 0
    pledges: int = 0
    assets: int = 0
    valuations: int = 0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An import in a list: `found` is how many findings it has."""

    id: UUID
    file_name: str
    state: ImportState
    counts: Counts
    found: int
    created_at: datetime


class FindingKind(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in a column, how often, and where first. `letters` name the column, as in `贷款!C7`."""

    message: str
    message_zh: str
    sheet: str
    letters: str
    times: int
    first: str


class Report(Line, frozen=True, kw_only=True):
    """An import with its first findings, of which there may be a hundred thousand, and with all their kinds."""

    sha256: str
    findings: tuple[Finding, ...]
    kinds: tuple[FindingKind, ...] = ()


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """An import on record. `is_repeat`: the same file had been imported before, and nothing was changed now."""

    id: UUID
    organisation_id: UUID
    file_name: str
    sha256: str
    state: ImportState
    counts: Counts
    findings: tuple[Finding, ...]
    created_by: UUID
    created_at: datetime
    is_repeat: bool = False
