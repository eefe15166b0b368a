"""What the JSON decoder says of a value, in Chinese: it speaks English only, and `detail_zh` is for Chinese readers."""

import re
from collections.abc import Callable

_KINDS = {
    "int": "整数",
    "float": "数字",
    "str": "文本",
    "bool": "布尔值",
    "null": "空值",
    "object": "对象",
    "array": "数组",
    "datetime": "时间",
    "date": "日期",
    "time": "时刻",
    "duration": "时长",
    "uuid": "UUID",
    "decimal": "十进制数",
    "bytes": "字节串",
}
_LENGTHS = {">=": "不得少于", "<=": "不得多于", "": "须为"}
_LIMITS = {">=": "不得小于", "<=": "不得大于", ">": "须大于", "<": "须小于"}


def _kinds(names: str) -> str:
    return "或".join(_KINDS.get(name, name) for name in names.split(" | "))


def _length(found: re.Match[str]) -> str:
    unit = {"str": "个字符", "array": "项", "object": "项"}.get(found[1], "字节")
    return f"长度{_LENGTHS[found[2].strip()]} {found[3]} {unit}"


#: How the decoder's messages begin, and what is said instead.
_MESSAGES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(r"Expected `([^`]*)`, got `([^`]*)`"),
        lambda found: f"须为{_kinds(found[1])}，不能是{_kinds(found[2])}",
    ),
    (re.compile(r"Expected `([^`]*)` of length (>= |<= |)(\d+)"), _length),
    (
        re.compile(r"Expected `[^`]*` (>=|<=|>|<) (\S+)"),
        lambda found: f"{_LIMITS[found[1]]} {found[2]}",
    ),
    (
        re.compile(r"Expected `[^`]*` that's a multiple of (\S+)"),
        lambda found: f"须为 {found[1]} 的整数倍",
    ),
    (
        re.compile(r"Expected `[^`]*` matching regex '(.*)'", re.DOTALL),
        lambda found: f"格式须符合 {found[1]}",
    ),
    (re.compile(r"Expected `\w*` with a timezone component"), lambda _: "须带时区"),
    (re.compile(r"Expected `\w*` with no timezone component"), lambda _: "不得带时区"),
    (re.compile(r"Object contains unknown field"), lambda _: "未知字段，请删除"),
    (re.compile(r"Object missing required field"), lambda _: "必填字段缺失"),
    (re.compile(r"Missing required"), lambda _: "必填参数缺失"),
    (re.compile(r"Invalid (?:enum )?value"), lambda _: "取值不在允许范围内"),
    (re.compile(r"Invalid RFC3339 encoded date\b"), lambda _: "须为 YYYY-MM-DD 日期"),
    (re.compile(r"Invalid RFC3339"), lambda _: "须为带时区的 RFC 3339 时间"),
    (re.compile(r"Invalid UUID"), lambda _: "须为 UUID"),
    (re.compile(r"Invalid base64"), lambda _: "须为 base64"),
    (re.compile(r"(?:Integer value|Number) out of range"), lambda _: "数值超出范围"),
)


def in_chinese(message: str) -> str:
    """The decoder's message without its place; what is not known is said in general."""
    for pattern, said in _MESSAGES:
        found = pattern.match(message)
        if found is not None:
            return said(found)
    return "不符合要求"
