"""The verifier's findings in Chinese. English is what programs and tests compare; here stands the same for readers.

A finding is a place ("line 3: batch 2 of shard 5, command 0") and a reason. Both are put together in
`verification.py` and the modules it asks; every reason that can arise there has its pattern here, and a test looks.
"""

import re

_PLACES = (
    (re.compile(r"batch (\d+) of shard (\d+)"), r"分片 \2 第 \1 批"),
    (re.compile(r"of batch (\d+)"), r"第 \1 批"),
    (re.compile(r"command (\d+)"), r"第 \1 条指令（自 0 计）"),
    (re.compile(r"leaf (\d+)"), r"第 \1 个叶子（自 0 计）"),
    (re.compile(r"line (\d+)"), r"第 \1 行"),
    (re.compile(r"\bthe end\b"), "文件末尾"),
    (re.compile(r"\bcheckpoint\b"), "检查点"),
    (re.compile(r"\binclusion\b"), "包含证明"),
    (re.compile(r"\breceipt\b"), "出价凭证"),
    (re.compile(r"\bpublished\b"), "公告内容"),
    (re.compile(r"\bsignature\b"), "签名"),
    (re.compile(r": "), "："),
    (re.compile(r", "), "，"),
)

#: What a reason matches, whole, and what it means; groups are values, which stay as they are.
_REASONS = tuple(
    (re.compile(english, re.DOTALL), chinese)
    for english, chinese in (
        (r"the file does not end with the line that signs it", "文件末行不是签名行"),
        (r"it is not the head of a bundle", "不是证据包的首行"),
        (r"it does not end with a line feed: cut off", "末尾缺少换行符，文件被截断"),
        (r"it can't be read \((.*)\)", r"无法读取（\1）"),
        (r"it is not in its one right spelling", "不是唯一规范写法"),
        (r"it holds a number out of range", "数值超出范围"),
        (r"(\S+) is unknown", r"\1 未知"),
        (r"header version (\S+) is unknown", r"批头版本 \1 未知"),
        (r"(\S+) is not among the keys you trust", r"公钥 \1 不在您信任的公钥之列"),
        (r"it does not belong here", "不应出现在此处"),
        (r"it stands twice", "重复出现"),
        (r"it is not among the keys of the first line", "不在首行所列公钥之中"),
        (r"the key before did not sign this one", "前一公钥未签署此公钥"),
        (r"the envelopes are bound to other rules", "信封所绑定的规则与此不同"),
        (
            r"the envelopes are bound to rules that no notice shows",
            "信封所绑定的规则未见于任何公告",
        ),
        (r"it stands behind a checkpoint", "位于检查点之后"),
        (r"its leaves do not give its root", "叶子与根不符"),
        (r"it is out of order, or not a command of the batch", "次序有误，或不属于该批"),
        (r"it shows commands without its leaves", "列有指令却没有叶子"),
        (r"it is not a key of the venue", "不是交易场所的公钥"),
        (r"its header and root are not what the venue signed", "批头与根不是交易场所所签内容"),
        (r"its clock is behind the batch before it", "时钟早于上一批"),
        (r"its epoch is older than that of the batch before it", "纪元早于上一批"),
        (r"batch (-?\d+) is missing or out of order", r"第 \1 批缺失或次序有误"),
        (
            r"the command and its decision are not what the batch's leaf hashes",
            "指令及其决定与该批叶子的哈希不符",
        ),
        (r"the rules can't replay it \((.*)\)", r"规则无法重放（\1）"),
        (r"it was decided (.*); by the rules it is (.*)", r"记录的决定为 \1，按规则应为 \2"),
        (r"the first command does not create the auction", "第一条指令不是设立竞价"),
        (r"the auction was created with other rules", "设立竞价时的规则与此不同"),
        (r"the first checkpoint has nothing to be consistent with", "首个检查点不应附一致性证明"),
        (r"it does not continue the checkpoint of size (\d+)", r"不延续规模为 \1 的检查点"),
        (r"there is no key to check it with", "没有可用于核验的公钥"),
        (
            r"it does not stand behind the batches and their checkpoints",
            "不在各批次及其检查点之后",
        ),
        (
            r"batch (\d+), and with it the chain from batch (\d+) on,"
            r" is not in the log of (\d+) batches that the checkpoint signs",
            r"第 \1 批及自第 \2 批起的链不在检查点所签的 \3 批日志之中",
        ),
        (r"it is of another auction or shard", "属于其他竞价或分片"),
        (r"it is of the log (.*)", r"属于日志 \1"),
        (r"the journal shows no such command of this auction", "流水中没有本场竞价的该条指令"),
        (r"its command is malformed", "指令格式有误"),
        (r"its batch has another root in the journal", "该批在流水中的根与此不同"),
        (
            r"the journal shows another command or decision at its place",
            "流水中该处的指令或决定与此不同",
        ),
        (r"batch (\d+) is not the last one shown", r"第 \1 批不是所列的最后一批"),
        (
            r"(\d+) commands were decided, (\d+) are shown: some are missing",
            r"共决定 \1 条指令，仅列出 \2 条，有缺失",
        ),
        (r"no checkpoint covers the last batch", "没有检查点覆盖最后一批"),
        (r"it shows no notice with the rules as published", "未载明公告及其公布的规则"),
        (r"(\d+) sealed bids were not opened", r"有 \1 份密封报价未开启"),
        (r"the auction is not final after its last command", "最后一条指令之后竞价仍未终局"),
        (r"the rules, replayed, give (.*)", r"按规则重放的结果为 \1"),
        (r"the lines before it have another SHA-256", "此前各行的 SHA-256 与此不同"),
        (r"it does not hold", "签名不成立"),
        (r"it is not 32 bytes", "不是 32 字节"),
        (r"it is not hexadecimal", "不是十六进制"),
        (r"it is not in lower-case hexadecimal", "不是小写十六进制"),
        # Receipts:
        (r"version: (.*) is unknown", r"版本 \1 未知"),
        (r"a hash, key or signature is not hexadecimal", "哈希、公钥或签名不是十六进制"),
        (
            r"path: the command and its decision do not lead to the batch's root",
            "指令及其决定不能推得该批的根",
        ),
        (r"key: (\S+) is not a key of the venue", r"\1 不是交易场所的公钥"),
        (r"signature: it was not made over this batch by this key", "签名不是该公钥对该批所作"),
        # Checkpoints:
        (r"the note holds a control character", "检查点含控制字符"),
        (
            r"the note has no signature lines after its last empty line",
            "检查点末尾空行之后没有签名行",
        ),
        (r"a signature line is malformed", "签名行格式有误"),
        (r"the signature of (.*) does not hold", r"\1 的签名不成立"),
        (r"the note is not signed by (.*)", r"检查点未由 \1 签名"),
        (r"the checkpoint is of the log (.*), not of (.*)", r"检查点属于日志 \1，而非 \2"),
        (
            r"a checkpoint has three lines: origin, size, root",
            "检查点须有三行：来源、规模、根",
        ),
        (r"the size is not a decimal number without leading zeros", "规模不是无前导零的十进制数"),
        (r"the root hash is not 32 bytes", "根哈希不是 32 字节"),
        (r"the (.*) is not base64", r"\1 不是 base64"),
        (r"the (.*) is not in its one right base64 spelling", r"\1 不是唯一规范的 base64 写法"),
        # Sealed bids:
        (r"sealing: its hash is not that of its fields", "密封参数的哈希与其内容不符"),
        (r"canary: it does not hold what its opening says", "试开封信封的内容与所示不符"),
        (
            r"the openings are not those of the envelopes that stand, one for each",
            "开启结果与有效信封并非一一对应",
        ),
        (r"the keys that are shown: (.*)", r"所示私钥有误（\1）"),
        (
            r"envelope of paddle (\d+), command (\d+): (.*)",
            r"号牌 \1 第 \2 号指令的信封不成立（\3）",
        ),
        # The notice:
        (r"its SHA-256 is another", "其 SHA-256 与此不同"),
        (r"the salted profile has another SHA-256", "加盐规则的 SHA-256 与此不同"),
        (r"notice or profile can't be read \((.*)\)", r"公告或规则无法读取（\1）"),
        (r"it is of another number or auction", "编号或所属竞价与此不同"),
        (r"the notice states another", "公告载明的与此不同"),
        (r"it is not in canonical form", "不是规范形式"),
        (
            r"the rules that it prints are not those of the profile",
            "公告所列规则与公布的规则不一致",
        ),
        (
            r"published and played rules differ in (.*): (.*)",
            r"公布与实际执行的规则在 \1 上不同：\2",
        ),
        (
            r"the holders played are not those confirmed: paddles (.*)",
            r"实际执行的优先购买权人与已确认的不一致：号牌 \1",
        ),
    )
)


def place_in_chinese(place: str) -> str:
    """Where it is; names of fields stay as they are in the file."""
    for pattern, chinese in _PLACES:
        place = pattern.sub(chinese, place)
    return place


def reason_in_chinese(reason: str) -> str:
    """What is wrong there. A reason without a pattern is quoted."""
    for pattern, chinese in _REASONS:
        found = pattern.fullmatch(reason)
        if found is not None:
            return found.expand(chinese)
    return f"内容不成立（{reason}）"
