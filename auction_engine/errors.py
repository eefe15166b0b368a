"""What the bid engine may answer instead of a decision. A refusal by rule is a decision, not an error."""

from kit.errors import Conflict, LuochuiError, NotFound, Unavailable


class EngineBusy(Unavailable):
    """Not decided: too many bids are waiting. Try again with the same id. / 未裁决：排队已满，请用同一编号重试。

    `context["retry_after_ms"]` says how long to wait.
    """

    code = "engine_busy"


class TooFast(Unavailable):
    """Not decided: this paddle sends faster than it may. / 未裁决：该竞买号出价过于频繁。"""

    code = "too_fast"


class EngineUnreachable(Unavailable):
    """Not decided: the bid engine can't be reached, nothing was sent. / 未裁决：竞价引擎不可达，未发送。"""

    code = "engine_unreachable"


class ClockSkew(Unavailable):
    """Not decided: the engine's clock and the gateway's differ too much. / 未裁决：引擎与网关时钟偏差过大。"""

    code = "clock_skew"


class ShardHalted(Unavailable):
    """The engine's journal and the database do not fit together; an operator must look. / 分片日志不一致，已停用。"""

    code = "shard_halted"


class EngineOutcomeUnknown(LuochuiError):
    """The bid was sent and no answer came: it may count. Ask again with the same id. / 结果未知：请用同一编号查询。

    Never shown as a refusal: the engine may have accepted before the answer was lost.
    """

    code = "outcome_unknown"


class NoSuchAuction(NotFound):
    """The engine holds no such auction. / 引擎中没有该拍卖。"""

    code = "no_such_auction"


class WeakDurability(Unavailable):
    """A server keeps less than the durability mode promises, so no bid is taken. / 服务器持久性弱于所选模式。"""

    code = "weak_durability"


class ReplicaNotDurable(WeakDurability):
    """A replica is away or does not keep what it acknowledges, so no bid is taken. / 副本不可用或不可靠，暂不受理。"""

    code = "replica_not_durable"


class UnknownMode(LuochuiError):
    """There is no such durability mode. / 没有该持久化模式。"""

    code = "unknown_durability_mode"


class JournalBroken(LuochuiError):
    """The journal does not continue what is already stored. / 日志与已存记录不连续。"""

    code = "journal_broken"


class JournalForked(JournalBroken):
    """The engine's journal continues another past than the stored one. / 引擎日志与已存日志分叉。"""

    code = "journal_forked"


class CheckpointInconsistent(LuochuiError):
    """The log no longer contains what was signed before, so nothing is signed. / 日志与已签检查点不一致，拒绝签名。"""

    code = "checkpoint_inconsistent"


class AuctionNotFinal(Conflict):
    """The auction is not final yet; its bundle would reveal what is still secret. / 拍卖尚未终局，不能导出。"""

    code = "auction_not_final"


def too_old() -> EngineBusy:
    """Nothing was decided: it waited for longer than an ingress counts."""
    return EngineBusy(
        "the command waited for more than 2,000 ms; nothing was decided, try again with the same id",
        "请求等待超过 2000 毫秒，未作裁决，请用同一编号重试",
        retry_after_ms=1000,
    )


def unreachable(cause: object) -> EngineUnreachable:
    """Nothing was decided: it was not sent, or turned away as a whole."""
    return EngineUnreachable(
        f"the bid engine takes no commands now ({cause}); nothing was decided",
        "竞价引擎暂不受理，未作裁决",
        retry_after_ms=1000,
    )


def no_replicas() -> ReplicaNotDurable:
    """Nothing was decided: the server itself holds writes back."""
    return ReplicaNotDurable(
        "too few replicas are in touch with the bid engine's server; nothing was decided",
        "竞价引擎的副本不足，未作裁决",
        retry_after_ms=1000,
    )


def unknown(cause: object) -> EngineOutcomeUnknown:
    """It was sent, and may have been decided."""
    return EngineOutcomeUnknown(
        f"the bid engine did not answer ({cause}); ask again with the same id",
        "竞价引擎未答复，结果未知，请用同一编号查询",
    )
