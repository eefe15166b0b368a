"""Every key of the bid engine is built here (the wire protocol's table "Keys"); Lua never builds one."""

from zlib import crc32

#: Shards of a cluster unless it was created with another number; fixed for its life.
SHARDS = 64


def shard_of(auction_id: str, shards: int = SHARDS) -> int:
    """The shard that holds an auction whole."""
    return crc32(auction_id.encode()) % shards


def tag(shard: int) -> str:
    """What all keys of a shard are hashed by, so that they lie in one slot of a Cluster."""
    return f"s{shard}"


def meta(shard: int) -> str:
    """Epoch, sequence, chain head and clock of a shard (hash)."""
    return f"{{s{shard}}}:meta"


def log(shard: int) -> str:
    """The journal of a shard (stream, one entry a batch, id `<seq>-0`)."""
    return f"{{s{shard}}}:log"


def book(shard: int, auction_id: str) -> str:
    """The book of one auction (hash: rules, packed header, one field a paddle)."""
    return f"{{s{shard}}}:a:{auction_id}"


def ids(shard: int, auction_id: str) -> str:
    """The ids of an auction's accepted commands (hash: `<paddle>:<id>` to fingerprint and first answer)."""
    return f"{{s{shard}}}:i:{auction_id}"


def batch_keys(shard: int, auction_ids: list[str]) -> list[str]:
    """The keys of one `decide_v1` call, in its order: meta, log, then book and ids of each auction."""
    keys = [meta(shard), log(shard)]
    for auction_id in auction_ids:
        keys += (book(shard, auction_id), ids(shard, auction_id))
    return keys
