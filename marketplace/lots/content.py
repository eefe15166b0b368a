"""What a lot's notice (公告) says: figures from the lot, texts from its conditions, burdens from its check."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from auction_engine.sealed_bids import SealingTerms
from kit.clock import CHINA
from marketplace.lots.profile import Frozen, public_rules
from marketplace.lots.regimes import Severity, refund_term
from marketplace.lots.schemas import Lot, StoredFinding
from marketplace.notices.rules import FULL_TIMES, SHORTENED_TIMES, WARNINGS, standard_texts

#: What the notice of a sell-off (变卖) says instead of an auction's words. Source: domain 2.3 (4), (5), (7).
SELL_OFF_TEXTS: Final = {
    "procedure": {
        "en": "Register on this platform under your own name, read and acknowledge this notice, and pay in the whole"
        " sell-off price before the bidding ends; the first bid starts the countdown that the rules state; agents and"
        " priority holders are confirmed before it opens (Fa Ming Chuan [2017] 455).",
        "zh": "竞买人应在本平台实名登记，阅读并确认本公告，并于竞价结束前交足变卖价全款；"
        "首次出价后进入规则载明的竞价倒计时；"
        "代理人和优先购买权人须在变卖开始前办理确认（法明传〔2017〕455号）。",
    },
    "deposit_rules": {
        "en": "What the winner paid in counts towards the price; what others paid in is released within 24 hours of the"
        " end; on default the deposit stated here is kept and the rest returned.",
        "zh": "买受人交纳的款项充抵价款；其他竞买人交纳的款项在竞价结束后二十四小时内退还；"
        "悔拍的，本公告载明的保证金不予退还，其余款项退还。",
    },
}


def notice_content(
    lot: Lot,
    *,
    assets: Sequence[Mapping[str, Any]],
    findings: Sequence[StoredFinding],
    frozen: Frozen,
    background: Mapping[str, Any],
    sealing: SealingTerms | None = None,
) -> dict[str, Any]:
    """All sections of a sale notice; texts in English and Chinese, amounts in fen, moments in UTC and China time.

    `background`: who sells, by which title, at what valuation, and who was told.
    """
    sealed = {} if sealing is None else {"sealed_bids": msgspec.to_builtins(sealing)}
    own_words = msgspec.to_builtins(lot.conditions)
    return {
        **sealed,
        **background,
        **standard_texts(lot.regime.value),
        "lot": {
            "number": lot.number,
            "title": {"en": lot.title, "zh": lot.title_zh},
            "regime": lot.regime.value,
            "format": lot.format,
            "round": lot.round_number,
        },
        "property": msgspec.to_builtins(list(assets)),
        "price": {
            "start_price_fen": lot.start_price_fen,
            "valuation_fen": lot.valuation_fen,
            "deposit_fen": lot.deposit_fen,
            "has_reserve": lot.reserve_price_fen is not None,
            **({"entry_fen": lot.entry_fen} if lot.format == "sell_off" else {}),
        },
        **(SELL_OFF_TEXTS if lot.format == "sell_off" else {}),
        "bidding_rules": {"profile": public_rules(frozen.text), "profile_sha256": frozen.hash},
        "schedule": schedule_of(lot),
        **{section: words for section, words in own_words.items() if words is not None},
        "disclosures": [
            {"code": finding.code, "en": finding.message, "zh": finding.message_zh}
            for finding in findings
            if finding.severity is not Severity.BLOCK
        ],
        "warnings": [dict(warning) for warning in WARNINGS],
        "times": SHORTENED_TIMES if lot.shortened_times else FULL_TIMES,
    }


def schedule_of(lot: Lot) -> dict[str, Any]:
    """The times of a lot, as its notices print them."""
    return {
        "registration_opens_at": _moment(lot.registration_opens_at),
        "priority_closes_at": _moment(lot.priority_closes_at),
        "opens_at": _moment(lot.opens_at),
        "closes_at": _moment(lot.closes_at),
        "payment_hours": lot.payment_hours,
        "release_on": lot.release_on,
        "objection_days": lot.objection_days,
        "deposit_refund": msgspec.to_builtins(refund_term(lot.regime, lot.refund_working_days)),
    }


def _moment(at: datetime) -> dict[str, str]:
    return {
        "utc": msgspec.json.encode(at).decode().strip('"'),
        "china": at.astimezone(CHINA).isoformat(),
    }
