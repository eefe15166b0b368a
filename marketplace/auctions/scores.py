"""Expert scores of a weighted auction (权重报价): written down, then journalled by the engine, before prices open.

Source: contracts 1 `weighted`; domain 2.8 (scores are set before the prices are opened).
"""

from datetime import datetime
from uuid import UUID

from auction_engine.engine import Engine
from auction_engine.rules.commands import Command
from kit.errors import Conflict
from kit.sql import Pool
from marketplace.auctions.schemas import ScoreDone, ScoreIn
from marketplace.audit import service as audit
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller


class ScoreRefused(Conflict):
    """The engine does not take these scores; the code says why. / 引擎未接受该评分。"""

    code = "score_refused"


async def enter(
    pool: Pool,
    engine: Engine,
    caller: Caller,
    auction_id: UUID,
    given: ScoreIn,
    *,
    key: str,
    now: datetime,
) -> ScoreDone:
    """Audited first, then decided under the request's key, so that a repetition counts once.

    Raises `ScoreRefused`, and what the engine raises where it can't be asked.
    """
    async with pool.acquire() as conn, conn.transaction():
        await lots.owned_for_update(conn, caller, auction_id)
        await audit.record(
            conn,
            caller,
            now=now,
            action="auction_score_ordered",
            subject="lot",
            subject_id=auction_id,
            after={"paddle": given.paddle, "scores": given.scores},
        )
    command = Command(do="score", paddle=given.paddle, scores=given.scores, id=key)
    done = await engine.submit(auction_id, command)
    if not done.decision.accepted:
        reason = done.decision.reason
        raise ScoreRefused(f"scores: {reason}", f"评分未被接受：{reason}", reason=reason)
    return ScoreDone(
        auction_id=auction_id,
        paddle=given.paddle,
        seq=done.decision.seq,
        replayed=done.decision.replayed,
    )
