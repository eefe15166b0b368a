"""How amounts, moments and lengths of time are written for people, in Chinese and English."""

from datetime import UTC, datetime

from kit.clock import CHINA, from_epoch_ms, in_china
from kit.money import BP_ONE, yuan

_UNITS = (("天", "d", 86_400), ("小时", "h", 3_600), ("分", "min", 60), ("秒", "s", 1))
_HASH_GROUP = 8


def money(amount_fen: int | None) -> str:
    """123456 fen is "¥1,234.56"; no amount is a dash."""
    if amount_fen is None:
        return "—"
    sign, text = ("-", yuan(-amount_fen)) if amount_fen < 0 else ("", yuan(amount_fen))
    return f"{sign}¥{text}"


def plain(amount_fen: int | None) -> str:
    """An amount for a field that a person edits: "1,234.56"; no amount leaves it empty."""
    return "" if amount_fen is None else yuan(amount_fen)


def blank(value: object) -> str:
    """A value for an attribute that a script reads; none is the empty text."""
    return "" if value is None else str(value)


def percent(ratio_bp: int) -> str:
    """250 basis points are "2.5%"."""
    whole, rest = divmod(abs(ratio_bp), BP_ONE // 100)
    text = f"{whole}.{rest:02d}".rstrip("0").rstrip(".")
    return f"{'-' if ratio_bp < 0 else ''}{text}%"


def moment(at: datetime | None) -> str:
    """An instant in the time of the venue (北京时间, UTC+8), to the second; no instant is a dash."""
    return "—" if at is None else in_china(at)


def clock_ms(at_ms: int | None) -> str:
    """Milliseconds since 1970 as the venue's time of day, to the millisecond; none is a dash."""
    if at_ms is None:
        return "—"
    at = from_epoch_ms(at_ms).astimezone(CHINA)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def day(at: datetime | None) -> str:
    """The day of an instant in the time of the venue."""
    return "—" if at is None else at.astimezone(CHINA).strftime("%Y-%m-%d")


def iso(at: datetime | None) -> str:
    """An instant for the `datetime` attribute: RFC 3339 in UTC."""
    return "" if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def length_zh(milliseconds: int) -> str:
    """A length of time in Chinese: 93784000 ms is "1天2小时3分4秒"."""
    return "".join(f"{count}{chinese}" for count, chinese, _ in _parts(milliseconds)) or "0秒"


def length_en(milliseconds: int) -> str:
    """A length of time in English: 93784000 ms is "1 d 2 h 3 min 4 s"."""
    return " ".join(f"{count} {english}" for count, _, english in _parts(milliseconds)) or "0 s"


def grouped(digest: str) -> str:
    """A hash in groups of eight, so that two people can compare it aloud."""
    return " ".join(digest[i : i + _HASH_GROUP] for i in range(0, len(digest), _HASH_GROUP))


def _parts(milliseconds: int) -> list[tuple[int, str, str]]:
    left = max(milliseconds, 0) // 1000
    found = []
    for chinese, english, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            found.append((count, chinese, english))
    return found
