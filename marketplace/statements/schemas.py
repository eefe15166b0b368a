"""What goes in and out about statements."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from settlement.statements import Document

Kind: TypeAlias = Literal["settlement", "distribution", "clearing"]


class StatementIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which statement to issue (`subject_id`): a lot's 结算单 or 分配方案, or a loan's 清算单."""

    kind: Kind
    subject_id: UUID


class StatementSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A statement in a list; `subject` is the lot or the loan as people call it."""

    id: UUID
    kind: Kind
    subject_id: UUID
    subject: str
    number: str
    version: int
    sha256: str
    issued_by: UUID | None
    issued_at: datetime


class Statement(StatementSummary, frozen=True, kw_only=True):
    """A statement with what it says; `sha256` is over the bytes that `{id}.json` gives."""

    document: Document


class StatementIssued(msgspec.Struct, frozen=True, kw_only=True, tag="statement_issued"):
    """A statement was issued."""

    statement_id: UUID
    kind: str
    subject_id: UUID
    number: str
    sha256: str
