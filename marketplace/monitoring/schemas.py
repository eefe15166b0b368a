"""Alerts and the signals behind them, as they are stored and shown."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from importlib.resources import files
from typing import Final
from uuid import UUID

import msgspec

from marketplace.cases.schemas import Grade
from marketplace.edge.fields import Bp, Reason


class Level(StrEnum):
    """How pressing an alert is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class AlertState(StrEnum):
    """How far an alert has come: raised, under review, its loan frozen, and closed one way or the other."""

    OPEN = "open"
    UNDER_REVIEW = "under_review"
    FROZEN = "frozen"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class SignalKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signal as data: code, level, words, what is to be done, source, and whether it holds a listing (ELG-28).

    `stands_confirmed`: what two people confirmed goes on holding the listing and the loan; only dismissal ends it.
    """

    code: str
    level: Level
    title: str
    title_zh: str
    action: str
    action_zh: str
    source: str
    holds_listing: bool
    stands_confirmed: bool = False


class GradeFloor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From so many days of delay on a loan is graded so at best."""

    from_days: int
    grade: Grade


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits at which signals are raised."""

    outlier_high_bp: int
    outlier_low_bp: int
    return_tolerance_bp: Bp
    breaker_warning_bp: Bp
    overdue_days: tuple[int, ...]
    grade_at_least: tuple[GradeFloor, ...]


class SignalSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of the signals and their limits."""

    version: str
    signals: tuple[SignalKind, ...]
    parameters: Parameters


def load_signals(name: str = "signals.json") -> SignalSet:
    """The signals that came with this version."""
    text = files("marketplace.monitoring").joinpath(name).read_bytes()
    return msgspec.json.decode(text, type=SignalSet)


SIGNALS: Final = load_signals()
BY_CODE: Final[Mapping[str, SignalKind]] = {each.code: each for each in SIGNALS.signals}


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What a check saw. `key` tells one occasion from the next: the same key is the same alert, raised once."""

    code: str
    subject: str
    key: str
    message: str
    message_zh: str
    evidence: dict[str, str]
    level: Level | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an alert's review."""

    position: int
    state: AlertState
    reason: str
    taken_by: UUID
    taken_at: datetime


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it is on record, with the words of its signal and the steps of its review."""

    id: UUID
    organisation_id: UUID
    code: str
    level: Level
    case_id: UUID | None
    asset_id: UUID | None
    subject: str
    message: str
    message_zh: str
    evidence: dict[str, str]
    signals_version: str
    state: AlertState
    reviewer_id: UUID | None
    closed_by: UUID | None
    version: int
    raised_at: datetime
    updated_at: datetime
    steps: tuple[Step, ...] = ()


class Review(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next state of an alert, and why. Whoever takes it under review does not close it."""

    state: AlertState
    reason: Reason
