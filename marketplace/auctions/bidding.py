"""The bid path (design, "A bid"): who becomes a paddle, the engine decides, the decision becomes an answer.

No transaction is open while a bid is decided, and no database is asked once the paddle is known.
"""

import logging
from uuid import UUID

import asyncpg
import msgspec

from auction_engine.decided import Acknowledgement
from auction_engine.errors import EngineOutcomeUnknown, NoSuchAuction
from auction_engine.rules.commands import Command
from kit.errors import LuochuiError, Unavailable
from marketplace.auctions.hall import Hall
from marketplace.auctions.schemas import BidAccepted, BidProblem
from marketplace.edge.problems import problem_of
from marketplace.organisations.schemas import Caller
from marketplace.pages.vocabulary import REFUSALS

#: An engine's id is text up to this length; longer keys are legal elsewhere in the API.
BID_ID_MAX = 64
_CONFLICT, _GATEWAY_TIMEOUT = 409, 504
_log = logging.getLogger("luochui.bids")


async def place(
    hall: Hall, caller: Caller, auction_id: UUID, command: Command, *, entered_us: int
) -> BidAccepted | BidProblem:
    """Have `command` (its paddle still open) decided for the caller's organisation, as of its ingress `entered_us`.

    Raises `NotABidder`. Everything else is an answer: accepted, refused, not decided, or unknown.
    """
    try:
        paddle = await hall.paddles.of(auction_id, caller.organisation_id)
    except (TimeoutError, ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError):
        _log.warning("paddle_not_found_out auction=%s", auction_id, exc_info=True)
        return _undecided(Unavailable(), bid_id=command.id)  # it never reached the engine
    try:
        acknowledged = await hall.engine.submit(
            auction_id, msgspec.structs.replace(command, paddle=paddle), entered_us=entered_us
        )
    except NoSuchAuction:  # published, but not set up in the engine before the holders' deadline
        return _refused("not_open", minimum_fen=0, bid_id=command.id)
    except (Unavailable, EngineOutcomeUnknown) as error:
        return _undecided(error, bid_id=command.id)
    if acknowledged.decision.accepted:
        return _accepted(auction_id, paddle, command.id, acknowledged)
    decision = acknowledged.decision
    return _refused(decision.reason, minimum_fen=decision.minimum_fen, bid_id=command.id)


def _accepted(
    auction_id: UUID, paddle: int, bid_id: str, acknowledged: Acknowledgement
) -> BidAccepted:
    decision = acknowledged.decision
    return BidAccepted(
        accepted=True,
        auction_id=auction_id,
        paddle=paddle,
        bid_id=bid_id,
        seq=decision.seq,
        price_fen=decision.price_fen,
        leader=decision.leader,
        ends_at_ms=decision.ends_at,
        decided_ms=acknowledged.decided_ms,
        replayed=decision.replayed,
        receipt=acknowledged.receipt(),
    )


def _refused(code: str, *, minimum_fen: int, bid_id: str) -> BidProblem:
    """A refusal by rule: it is final for this id and this moment, and journalled."""
    words = REFUSALS[code]
    return BidProblem(
        type=f"urn:luochui:problem:{code}",
        title="The bid does not count.",
        status=_CONFLICT,
        code=code,
        detail=words.en,
        detail_zh=words.zh,
        decided=True,
        minimum_fen=minimum_fen or None,
        bid_id=bid_id,
    )


def _undecided(error: LuochuiError, *, bid_id: str) -> BidProblem:
    """Certainly not decided (503, 429), or nobody knows (504): either way the same id may be sent again."""
    is_unknown = isinstance(error, EngineOutcomeUnknown)
    problem = problem_of(error)
    return BidProblem(
        **{name: getattr(problem, name) for name in problem.__struct_fields__ if name != "status"},
        status=_GATEWAY_TIMEOUT if is_unknown else problem.status,
        decided=None if is_unknown else False,
        bid_id=bid_id,
    )


def retry_after_seconds(problem: BidProblem) -> int | None:
    """How long to wait before the same id is sent again; None where that is no use."""
    if problem.decided:
        return None
    wait_ms = (problem.context or {}).get("retry_after_ms", 1000)
    return max(1, -(-int(wait_ms) // 1000))
