"""The bid engine as the rest of the program uses it: auctions, commands, views and closing."""

import logging
from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

import msgspec

from auction_engine import keys
from auction_engine.checkpoints import LogKey
from auction_engine.decided import Acknowledgement
from auction_engine.durability import default_mode, durability_named
from auction_engine.errors import NoSuchAuction, ReplicaNotDurable
from auction_engine.gateway import Gateway
from auction_engine.given_back import OldIds
from auction_engine.keeper import Keeper
from auction_engine.library import load_everywhere
from auction_engine.projector import Projector
from auction_engine.recovery import Fence
from auction_engine.rules.commands import Command, Result, Sealing
from auction_engine.rules.formats import SEALED_FORMATS
from auction_engine.rules.model import create_command
from auction_engine.rules.profile import Profile
from auction_engine.sealed_bids import parse_envelope
from auction_engine.sealed_checks import fault_in_sealing
from auction_engine.servers import Servers
from auction_engine.waiting import Limits
from auction_engine.watch import Watch
from auction_engine.witness import Witness
from kit.clock import Clock
from kit.errors import InvalidInput, LuochuiError
from kit.sql import Pool

_log = logging.getLogger(__name__)
_VIEW_FIELDS = (
    "status",
    "price_fen",
    "leader",
    "ends_at",
    "closed_at",
    "seq",
    "bids",
    "bidders",
    "extensions",
    "minimum_fen",
    "reserve_met",
    "final",
    "result",
    "opening_due",
)


class NotDue(msgspec.Struct, frozen=True):
    """The auction is not final yet. `ends_at_ms` is its present end, None while suspended; the grace follows it.

    `opening_due`: it has closed for good, and its sealed bids must be opened before there is a result.
    """

    ends_at_ms: int | None
    opening_due: bool = False


class Engine:
    """One engine: gateway, fence and projector on one server or Cluster and one database.

    The pool must have room for four connections at once, for each primary, beside the program's own use.
    """

    def __init__(
        self,
        servers: Servers,
        *,
        gateway: Gateway,
        projector: Projector,
        fence: Fence,
        keeper: Keeper,
    ) -> None:
        self.servers = servers
        self._shards = keys.SHARDS
        self.gateway = gateway
        self.projector = projector
        self.fence = fence
        self.keeper = keeper
        self._watch = Watch(
            servers, keeper=keeper, refuse=self._refuse, look_again=self._look_again
        )
        self._watch.start()

    @classmethod
    async def open(
        cls,
        pool: Pool,
        redis_url: str,
        *,
        key: LogKey,
        clock: Clock,
        durability: str | None = None,
        degrade_to: str | None = None,
        limits: Limits | None = None,
        witness: Witness | None = None,
    ) -> Self:
        """Check the servers against the durability mode, load the library, pass the fence, take commands.

        Without a mode it is `local`, on a Cluster `replicated`. Raises UnknownMode, WeakDurability, LibraryMismatch
        or ShardHalted rather than starting on less; a replica that is away for now stops its own shards alone.
        """
        servers = await Servers.open(redis_url)
        try:
            mode = durability_named(durability or default_mode(is_cluster=servers.is_cluster))
            projector = Projector(pool, servers, key=key, clock=clock, witness=witness)
            keeper = Keeper(
                mode, servers=servers, pool=pool, projector=projector, degrade_to=degrade_to
            )
            await _check_start(keeper)
            await load_everywhere(servers)
            projector.behind_reading = keeper.behind_reading
            fence = Fence(pool, servers, projector=projector, clock=clock)
            await fence.verify_all()
        except BaseException:
            await servers.aclose()
            raise
        gateway = Gateway(
            servers,
            fence=fence.verify,
            durability=keeper,
            key=key,
            limits=limits,
            old_ids=OldIds(pool, key=key),
        )
        return cls(servers, gateway=gateway, projector=projector, fence=fence, keeper=keeper)

    async def aclose(self) -> None:
        """Answer what is in flight, then let go of the server."""
        await self._watch.aclose()
        await self.gateway.close()
        await self.servers.aclose()

    def _refuse(self, weaker: Mapping[int, LuochuiError]) -> None:
        self.gateway.refuse(weaker)

    def _look_again(self, shard: int) -> None:
        self.gateway.unverify(shard)

    async def submit(
        self, auction_id: UUID, command: Command, *, entered_us: int | None = None
    ) -> Acknowledgement:
        """Any command, decided as of its ingress; see Gateway.submit for what may be raised."""
        return await self.gateway.submit(str(auction_id), command, entered_us=entered_us)

    async def create_auction(
        self,
        auction_id: UUID,
        profile: Profile,
        *,
        paddles: dict[int, int | None] | None = None,
        sealing: Sealing | None = None,
        salt: str = "",
    ) -> Acknowledgement:
        """Freeze the profile and open the book; again with the same profile and salt it answers as a replay.

        A sealed format needs a `sealing`, whose canary has been opened (`sealed_canary.py`): the engine is never told
        a sealed amount. Raises InvalidInput where it lacks one, has no use for one, or the canary does not hold.
        """
        command = create_command(profile, paddles, sealing=sealing, salt=salt)
        _check_sealing(auction_id, profile, command)
        return await self.submit(auction_id, command)

    async def seal(
        self, auction_id: UUID, paddle: int, envelope: str, *, id: str = ""
    ) -> Acknowledgement:
        """A sealed bid, as the bidder's client made it. Raises MalformedEnvelope where it can't be one."""
        parse_envelope(envelope)
        command = Command(do="seal", paddle=paddle, envelope=envelope, id=id)
        return await self.submit(auction_id, command)

    async def admit(
        self, auction_id: UUID, paddle: int, *, limit_fen: int | None = None, id: str = ""
    ) -> Acknowledgement:
        """Let a paddle bid, up to a limit if one is given; a later call replaces the limit."""
        command = Command(do="admit", paddle=paddle, value=limit_fen or 0, id=id)
        return await self.submit(auction_id, command)

    async def suspend(self, auction_id: UUID, reason: str, *, id: str = "") -> Acknowledgement:
        """Stop the auction's clock."""
        return await self.submit(auction_id, Command(do="suspend", reason=reason, id=id))

    async def resume(self, auction_id: UUID, reason: str = "", *, id: str = "") -> Acknowledgement:
        """Let the auction's clock go on."""
        return await self.submit(auction_id, Command(do="resume", reason=reason, id=id))

    async def cancel(self, auction_id: UUID, reason: str, *, id: str = "") -> Acknowledgement:
        """End the auction without a winner."""
        return await self.submit(auction_id, Command(do="cancel", reason=reason, id=id))

    async def disqualify(
        self, auction_id: UUID, paddle: int, *, reason: str, id: str = ""
    ) -> Acknowledgement:
        """Bar a paddle and void what it has bid."""
        command = Command(do="disqualify", paddle=paddle, reason=reason, id=id)
        return await self.submit(auction_id, command)

    async def view(self, auction_id: UUID) -> dict[str, Any]:
        """The public state now, by the engine's clock: never a maximum, never the reserve."""
        shard = keys.shard_of(str(auction_id), self._shards)
        names = (keys.meta(shard), keys.book(shard, str(auction_id)))
        packed = await self.servers.call(shard, "FCALL_RO", "view_v1", 2, *names, 0)
        if packed is None:
            raise NoSuchAuction(
                f"auction_id: the engine holds no auction {auction_id}",
                f"引擎中没有拍卖 {auction_id}",
            )
        # what is null is left out on the wire
        view: dict[str, Any] = dict.fromkeys(_VIEW_FIELDS) | msgspec.msgpack.decode(packed)
        return view

    async def close(self, auction_id: UUID) -> Result | NotDue:
        """Close the auction if its end and the grace have passed; safe to repeat, and from many callers at once.

        When it answers a result, that result is in PostgreSQL and under a signed checkpoint. So are the sealed bids
        when it answers that their opening is due: which they are is fixed before anybody opens them.
        """
        await self.submit(auction_id, Command(do="tick"))
        view = await self.view(auction_id)
        is_opening_due = bool(view["opening_due"])
        if not view["final"] and not is_opening_due:
            return NotDue(view["ends_at"])
        # The grace may have passed between tick and view; only a tick that finds the close final journals it.
        await self.submit(auction_id, Command(do="tick"))
        await self.projector.project(keys.shard_of(str(auction_id), self._shards))
        if is_opening_due:
            return NotDue(view["ends_at"], opening_due=True)
        return msgspec.convert(view["result"], Result)


async def _check_start(keeper: Keeper) -> None:
    """Refuse to start on less than the mode says. What is only away for now is watched from here on."""
    if keeper.mode.name == "relaxed":
        _log.warning("durability=relaxed: acknowledged bids may be lost; receipts say so")
    _, weaker = await keeper.verify()
    for error in weaker.values():
        if not isinstance(error, ReplicaNotDurable):
            raise error
        _log.warning("replica_not_durable reason=%s", error.message)


def _check_sealing(auction_id: UUID, profile: Profile, command: Command) -> None:
    creation = command.creation
    assert creation is not None, "the command creates"
    is_sealed = profile.format in SEALED_FORMATS
    if is_sealed and creation.sealing is None:
        raise InvalidInput(
            "sealing",
            f"is missing: {profile.format} takes bids in envelopes, for which two public keys are published",
            f"缺少该字段：{profile.format} 须公布两把公钥以接收密封信封",
        )
    if creation.sealing is None:
        return
    if not is_sealed:
        raise InvalidInput("sealing", "is of no use in this format", "该竞价方式不使用此字段")
    fault = fault_in_sealing(str(auction_id), creation)
    if fault is not None:
        raise InvalidInput("sealing", fault)
