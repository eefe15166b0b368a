"""The operations of log. Made by `make client` from the routes; not to be edited."""

from urllib.parse import quote

from auction_engine import log_proofs as auction_engine_log_proofs
from marketplace.client.calling import Calls
from marketplace.log import schemas as log_schemas


class Log:
    """Operations of log."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_log_keys(self) -> log_schemas.LogKeys:
        """Every key that signs or signed for this venue's log, with the handovers; compare with a
        second source.

        `GET /v1/log/keys`
        """
        return await self._calls.struct("GET", "/v1/log/keys", log_schemas.LogKeys)

    async def get_inclusion(self, shard: int, seq: int) -> auction_engine_log_proofs.InclusionProof:
        """That a receipt's batch (`shard`, `header.seq`) is in the signed log; 404 until a
        checkpoint covers it.

        `GET /v1/log/shards/{shard}/batches/{seq}/inclusion`
        """
        return await self._calls.struct(
            "GET",
            f"/v1/log/shards/{quote(str(shard), safe='')}/batches/{quote(str(seq), safe='')}/inclusion",
            auction_engine_log_proofs.InclusionProof,
        )

    async def get_checkpoint(self, shard: int) -> auction_engine_log_proofs.SignedHead:
        """The last signed checkpoint of a shard's log; keep it, and ask later that it was continued.

        `GET /v1/log/shards/{shard}/checkpoint`
        """
        return await self._calls.struct(
            "GET",
            f"/v1/log/shards/{quote(str(shard), safe='')}/checkpoint",
            auction_engine_log_proofs.SignedHead,
        )

    async def get_consistency(
        self, shard: int, *, old: int = 0, new: int | None = None
    ) -> auction_engine_log_proofs.ConsistencyProof:
        """That the log of `old` batches begins the log of `new` (null: the last checkpoint's):
        nothing was dropped.

        `GET /v1/log/shards/{shard}/consistency`
        """
        return await self._calls.struct(
            "GET",
            f"/v1/log/shards/{quote(str(shard), safe='')}/consistency",
            auction_engine_log_proofs.ConsistencyProof,
            query={"old": old, "new": new},
        )
