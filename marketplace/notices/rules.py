"""What a notice (公告) must say, and in which words. Sources: domain 2.1 (art. 12-14), 2.4 (art. 46), 3.8."""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import msgspec

from kit.errors import LuochuiError


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages."""

    en: str
    zh: str


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of a notice, and by which article each regime asks for it; one that is not named does not."""

    section: str
    title: str
    title_zh: str
    articles: Mapping[str, Words]


class ContentSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What notices must say, as data: the sections by regime, and the regime's words where a lot has none."""

    version: str
    items: tuple[Item, ...]
    texts: Mapping[str, Mapping[str, Words]]


def load_contents(name: str = "contents.json") -> ContentSet:
    """The contents that came with this version."""
    text = files("marketplace.notices").joinpath(name).read_bytes()
    return msgspec.json.decode(text, type=ContentSet)


CONTENTS: Final = load_contents()

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


def standard_texts(regime: str) -> dict[str, dict[str, str]]:
    """What the regime itself says of rights, liability, procedure and deposits: for notices that say nothing else."""
    return {
        section: {"en": by_regime[regime].en, "zh": by_regime[regime].zh}
        for section, by_regime in CONTENTS.texts.items()
        if regime in by_regime
    }


def require_complete(content: Mapping[str, Any], regime: str) -> None:
    """Raise `NoticeIncomplete` naming the sections that are absent or empty, with the article that asks for each."""
    missing = [
        item for item in CONTENTS.items if regime in item.articles and not content.get(item.section)
    ]
    if not missing:
        return
    english = "; ".join(
        f"{one.section}: {one.title} ({one.articles[regime].en})" for one in missing
    )
    chinese = "；".join(f"{one.title_zh}（{one.articles[regime].zh}）" for one in missing)
    raise NoticeIncomplete(
        f"the notice must also state: {english}",
        f"公告还应载明：{chinese}",
        fields=[one.section for one in missing],
    )


def canonical_text(content: Mapping[str, Any]) -> str:
    """The notice as the text that is hashed, stored and sent: JSON with sorted keys and no spaces."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hex: what bidders acknowledge."""
    return hashlib.sha256(text.encode()).hexdigest()
