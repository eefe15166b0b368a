"""What the regime asks of an operator's orders. Source: 法释〔2016〕18号 art. 28; domain 2.10.

In a judicial sale a resumption is announced an hour ahead at least, and comes within five days after the cause ended;
to end the auction or to void somebody's bids takes two people. Rehearsals with shortened times wait for nothing.
"""

from datetime import datetime, timedelta

from kit.errors import InvalidInput
from marketplace.lots.regimes import Regime

RESUME_NOTICE = timedelta(hours=1)
RESUME_WITHIN = timedelta(days=5)
_BY_TWO = frozenset({"cancel", "disqualify"})


def needs_two(regime: Regime, action: str) -> bool:
    """Whether another person has to agree to an order."""
    return regime is Regime.JUDICIAL_NETWORK and action in _BY_TWO


def require_resumption(
    regime: Regime,
    *,
    is_shortened: bool,
    resume_at: datetime | None,
    cause_ended_at: datetime | None,
    now: datetime,
) -> None:
    """Refuse a resumption too soon for those who wait, or too late after the cause ended."""
    if resume_at is not None and resume_at < now:
        raise InvalidInput("resume_at", "is past", "已过")
    if regime is not Regime.JUDICIAL_NETWORK or is_shortened:
        return
    if resume_at is None or resume_at < now + RESUME_NOTICE:
        raise InvalidInput(
            "resume_at",
            "must be an hour from now at least, so that the bidders know (domain 2.10)",
            "须至少提前一小时公告",
        )
    if cause_ended_at is None:
        raise InvalidInput(
            "cause_ended_at", "must say when the cause of the pause ended", "须填写暂停事由消除时间"
        )
    if cause_ended_at > now:
        raise InvalidInput("cause_ended_at", "is in the future", "不得晚于当前时间")
    if resume_at > cause_ended_at + RESUME_WITHIN:
        raise InvalidInput(
            "resume_at",
            "must be within five days after the cause ended (法释〔2016〕18号 art. 28)",
            "须在暂停事由消除后五日内恢复（法释〔2016〕18号第二十八条）",
        )
