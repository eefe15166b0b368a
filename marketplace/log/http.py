"""Routes of the public log (公开日志): keys, checkpoints, consistency and inclusion proofs (RFC 6962, C2SP)."""

from typing import Annotated, Any, TypeAlias

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from auction_engine import log_proofs
from auction_engine.log_proofs import ConsistencyProof, InclusionProof, SignedHead
from kit.errors import InvalidInput
from marketplace.edge.dependencies import Conn
from marketplace.edge.policies import public
from marketplace.log import service
from marketplace.log.schemas import LogKeys

_SHARDS_MAX = 16_383
_Size: TypeAlias = Annotated[int, QueryParameter(ge=0, le=2**53)]
_SizeOrNone: TypeAlias = Annotated[int | None, QueryParameter(ge=0, le=2**53)]


@get("/v1/log/keys", opt={"policy": public()}, summary="Keys 签名公钥")
async def list_log_keys(request: Request[Any, Any, Any], reader: Conn) -> LogKeys:
    """Every key that signs or signed for this venue's log, with the handovers; compare with a second source."""
    return await service.keys(reader, request.app.state.resources.hall.key.log_name)


@get("/v1/log/shards/{shard:int}/checkpoint", opt={"policy": public()}, summary="Checkpoint 检查点")
async def get_checkpoint(reader: Conn, shard: FromPath[int]) -> SignedHead:
    """The last signed checkpoint of a shard's log; keep it, and ask later that it was continued."""
    return await log_proofs.last_head(reader, _shard(shard))


@get(
    "/v1/log/shards/{shard:int}/consistency",
    opt={"policy": public()},
    summary="Consistency proof 一致性证明",
)
async def get_consistency(
    reader: Conn, shard: FromPath[int], old: _Size = 0, new: _SizeOrNone = None
) -> ConsistencyProof:
    """That the log of `old` batches begins the log of `new` (null: the last checkpoint's): nothing was dropped."""
    return await log_proofs.consistency(reader, _shard(shard), old=old, new=new)


@get(
    "/v1/log/shards/{shard:int}/batches/{seq:int}/inclusion",
    opt={"policy": public()},
    summary="Inclusion proof 包含证明",
)
async def get_inclusion(reader: Conn, shard: FromPath[int], seq: FromPath[int]) -> InclusionProof:
    """That a receipt's batch (`shard`, `header.seq`) is in the signed log; 404 until a checkpoint covers it."""
    if not 1 <= seq <= 2**53:
        raise InvalidInput("seq", "must be a batch's number", "须为批号")
    return await log_proofs.inclusion(reader, _shard(shard), seq)


def _shard(shard: int) -> int:
    if not 0 <= shard <= _SHARDS_MAX:
        raise InvalidInput("shard", f"must be from 0 to {_SHARDS_MAX}", f"须为 0 至 {_SHARDS_MAX}")
    return shard


routes: list[HTTPRouteHandler] = [list_log_keys, get_checkpoint, get_consistency, get_inclusion]
