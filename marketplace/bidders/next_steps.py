"""What the page of a registration tells an agency (竞买登记): what it waits for or is to do, what it is to pay."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.pages.vocabulary import Words

#: By the step of `pages._next_step`: a bidder's status, or what comes before or between.
NEXT_STEPS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "register": Words(
            "尚未登记。请阅读公告，逐条确认特别提示，填写下表。",
            "Not registered yet: read the notice, tick each special warning, fill in the form.",
        ),
        "closed": Words(
            "本标的现在不接受登记；登记时间见公告。",
            "This lot takes no registrations now; the notice says when it does.",
        ),
        "acknowledge": Words(
            "公告已重新披露：请阅读并确认，否则不能入场。",
            "The notice was disclosed anew: read and acknowledge it, or you are not admitted.",
        ),
        "applied": Words(
            "已登记，等待交易场所资格审查。保证金可先行缴纳。",
            "Registered: the venue looks through your papers. The deposit may be paid already.",
        ),
        "qualified": Words(
            "资格审查已通过：请缴纳保证金，到账后发放号牌。",
            "Your papers are in order: pay the deposit; the paddle is given out once it is there.",
        ),
        "deposited": Words(
            "保证金已到账，号牌已发放；优先购买权登记截止后入场。",
            "The deposit is held and the paddle given out; you are admitted once priority holders have registered.",
        ),
        "active": Words("已入场，可在竞价大厅出价。", "Admitted: bid in the hall."),
        "won": Words("已竞得：请按期付款。", "Won: pay the price in time."),
        "lost": Words(
            "未竞得，保证金按公告退还。", "Not won; the deposit goes back as the notice says."
        ),
        "barred": Words("资格已取消。", "Barred from this lot."),
    }
)
DUE_NAMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "DEPOSIT": Words("应缴保证金", "Deposit to be paid"),
        "PRICE": Words("应付价款", "Price to be paid"),
        "CLAIM": Words("应付差额", "Shortfall to be paid"),
    }
)
