"""What a notice (公告) must say, and in which words. Sources: domain 2.1 (art. 12-14), 2.4 (art. 46), 3.8."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from kit.errors import LuochuiError

#: Sections that no notice may lack, with the rule that asks for each.
MANDATORY: Mapping[str, str] = {
    "lot": "Auction Law art. 46 (2)",
    "property": "Fa Shi [2016] 18, art. 12",
    "price": "Fa Shi [2016] 18, art. 12",
    "bidding_rules": "Fa Shi [2016] 18, art. 13 (4)",
    "schedule": "Auction Law art. 46 (1)",
    "bidder_conditions": "Fa Shi [2016] 18, art. 12",
    "known_defects": "Fa Shi [2016] 18, art. 14 (3)",
    "viewing": "Auction Law art. 46 (3)",
    "delivery": "the venue's rules on notices of disposal",
    "taxes_and_bearer": "Fa Shi [2016] 18, art. 13 (9)",
    "deposit_account": "Fa Shi [2016] 18, art. 13 (8)",
    "priority_holders": "Fa Shi [2016] 18, art. 13 (6)",
    "contact": "Fa Shi [2016] 18, art. 13 (10)",
    "complaints": "the venue's rules on notices of disposal",
    "warnings": "Fa Shi [2016] 18, art. 14",
    "times": "Fa Shi [2016] 18, art. 12",
}

#: What every bidder must know before it registers; it acknowledges the hash of the notice that holds these words.
WARNINGS: tuple[Mapping[str, str], ...] = (
    {
        "en": "Bidders must have full legal capacity and the qualifications stated; an agent must be confirmed before"
        " bidding starts.",
        "zh": "竞买人应具备完全民事行为能力及公告所列资格；委托他人代为竞买的，应在竞价开始前办理确认。",
    },
    {
        "en": "The lot is sold as it stands; known defects and burdens are listed above. Who bids accepts the known and"
        " the unknown defects.",
        "zh": "标的按现状处置，已知瑕疵和权利负担见上文；参与竞价即视为接受已知和未知瑕疵。",
    },
    {
        "en": "A bid cannot be withdrawn. The time at which it enters the venue's server counts.",
        "zh": "出价不得撤回；出价时间以进入交易平台服务器系统的时间为准。",
    },
    {
        "en": "The winner's true identity will be published with the confirmation.",
        "zh": "成交后将在成交确认书中公示买受人的真实身份。",
    },
    {
        "en": "The deposit of a winner who does not pay in time is not returned.",
        "zh": "买受人逾期不付余款的，保证金不予退还。",
    },
)

FULL_TIMES = {
    "shortened": False,
    "en": "The periods of this notice are those of the regime.",
    "zh": "本公告期限符合所适用制度的规定。",
}
SHORTENED_TIMES = {
    "shortened": True,
    "en": "REHEARSAL: notice period, bidding time and extension are shortened and do not keep the regime's minimum"
    " periods. This sale has no legal effect.",
    "zh": "演练：公告期、竞价时间和延时均已缩短，未达到所适用制度的最短期限；本次处置不产生法律效力。",
}


class NoticeIncomplete(LuochuiError):
    """The notice lacks what it must contain. / 公告内容不完整。"""

    code = "notice_incomplete"


def require_complete(content: Mapping[str, Any]) -> None:
    """Raise `NoticeIncomplete` naming the sections that are absent or empty, with the rule that asks for each."""
    missing = [name for name in MANDATORY if not content.get(name)]
    if not missing:
        return
    english = "; ".join(f"{name} ({MANDATORY[name]})" for name in missing)
    raise NoticeIncomplete(
        f"the notice must also state: {english}", f"公告还应载明：{english}", fields=missing
    )


def canonical_text(content: Mapping[str, Any]) -> str:
    """The notice as the text that is hashed, stored and sent: JSON with sorted keys and no spaces."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hex: what bidders acknowledge."""
    return hashlib.sha256(text.encode()).hexdigest()
