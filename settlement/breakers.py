"""Circuit breakers (熔断) of a scheme: losses of a lender against what it enrolled, as at the last period's end.

A breaker trips strictly above its threshold. DEFER stops a claim at its review until the figures allow it, SUSPEND_NEW
stops new enrolments, TERMINATE ends the scheme for the lender for good. Source: domain 5.1 (2), 5.3, 9.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from kit.clock import CHINA
from kit.ids import uuid7
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement.errors import BreakerTripped
from settlement.rules.npl import trips
from settlement.schemes import SchemeFile

_SQL = load_statements("settlement", "sql/enrolments.sql")
DEFER, SUSPEND_NEW, TERMINATE = "DEFER", "SUSPEND_NEW", "TERMINATE"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a breaker reads: losses and enrolled principal of the year up to the period's end."""

    metric: str
    action: str
    threshold_bp: int
    loss_fen: int
    enrolled_fen: int
    period_from: date
    period_to: date

    @property
    def has_tripped(self) -> bool:
        """Whether it is strictly above the threshold."""
        return trips(self.loss_fen, self.enrolled_fen, threshold_bp=self.threshold_bp)

    @property
    def computation(self) -> str:
        """The comparison in words."""
        sign = ">" if self.has_tripped else "<="
        return (
            f"{yuan(self.loss_fen)} {sign} {self.threshold_bp} bp 基点 of {yuan(self.enrolled_fen)} enrolled 备案本金,"
            f" {self.period_from} to 至 {self.period_to}"
        )


def period_before(day: date) -> tuple[date, date]:
    """The year up to the end of the last full quarter before `day`: whose figures a review goes by."""
    first_of_quarter = day.replace(month=day.month - (day.month - 1) % 3, day=1)
    end = first_of_quarter - timedelta(days=1)
    return date(end.year, 1, 1), end


async def readings(
    conn: Connection, file: SchemeFile, lender_id: UUID, *, now: datetime
) -> list[Reading]:
    """What each breaker of a scheme reads for a lender now."""
    first, last = period_before(now.astimezone(CHINA).date())
    if not file.breakers:
        return []
    enrolled_fen = await conn.fetchval(_SQL["enrolled"], file.id, lender_id, first, last)
    lost = await conn.fetchrow(_SQL["lost"], file.id, lender_id, first, last)
    assert lost is not None, "an aggregate has one row"
    figures = {"ANNUAL_LOSS_TO_ENROLLED": lost["loss_fen"], "PAYOUT_RATE": lost["promised_fen"]}
    return [
        Reading(
            metric=breaker.metric,
            action=breaker.action,
            threshold_bp=breaker.threshold_bp,
            loss_fen=figures[breaker.metric],
            enrolled_fen=enrolled_fen,
            period_from=first,
            period_to=last,
        )
        for breaker in file.breakers
    ]


async def note(
    conn: Connection,
    file: SchemeFile,
    lender_id: UUID,
    tripped: Sequence[Reading],
    *,
    now: datetime,
    case_id: UUID | None = None,
) -> None:
    """Keep what tripped, with its figures."""
    for one in tripped:
        await conn.execute(
            _SQL["insert_trip"],
            *(uuid7(now), file.id, lender_id, case_id, one.metric, one.action, one.threshold_bp),
            *(one.loss_fen, one.enrolled_fen, one.period_from, one.period_to, now),
        )


async def is_terminated(conn: Connection, scheme_id: str, lender_id: UUID) -> bool:
    """Whether the scheme has ended for a lender."""
    found: bool = await conn.fetchval(_SQL["is_terminated"], scheme_id, lender_id)
    return found


async def require_open(
    conn: Connection, file: SchemeFile, lender_id: UUID, *, now: datetime
) -> None:
    """Refuse new business of a lender while SUSPEND_NEW or TERMINATE stands. Raises `BreakerTripped`."""
    if await is_terminated(conn, file.id, lender_id):
        raise BreakerTripped
    for one in await readings(conn, file, lender_id, now=now):
        if one.has_tripped and one.action in (SUSPEND_NEW, TERMINATE):
            raise BreakerTripped(
                f"{one.action}: {one.computation}",
                f"已触发熔断（{one.action}）：{one.computation}",
            )
