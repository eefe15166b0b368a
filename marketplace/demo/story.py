"""The story from beginning to end, and what happens when an earlier telling was cut off."""

from datetime import UTC, datetime, timedelta
from typing import Any

from kit.clock import Clock, system_clock
from marketplace.administrator import USERNAME, password_file
from marketplace.demo.actors import Refused
from marketplace.demo.bidding import hold_auction
from marketplace.demo.cast import Cast, assembled
from marketplace.demo.preparing import import_portfolio, pay_advance
from marketplace.demo.proving import prove
from marketplace.demo.run import Run, RunFile
from marketplace.demo.selling import Lot, consign, publish, register_bidders
from marketplace.demo.settling import clear, distribute, issue_statements, pay_price
from marketplace.demo.telling import say
from marketplace.demo.visiting import write_people
from marketplace.stack import Stack


def tell(stack: Stack, *, clock: Clock = system_clock) -> None:
    """Play one whole story. A run that a kill cut off is brought to a consistent end first.

    An interrupted run is played on step by step, each step answering as it did the first time. Where its auction
    passed meanwhile without a sale, or before its bidders were ready, it ends there, its books are proved, and a
    new run tells the whole story.
    """
    runs = RunFile(stack.data_dir)
    run, interrupted = runs.begin()
    if interrupted:
        say(f"Run {run.number} was interrupted; it goes on where it was. 上次演示中断，现在接续。")
        if _play(stack, runs, run, clock=clock, interrupted=True):
            return
        say(
            "That run ended without a sale; a new one tells the whole story. 该次未成交，重新演示。"
        )
        run, _ = runs.begin()
    told = _play(stack, runs, run, clock=clock, interrupted=False)
    assert told, "an uninterrupted run ends with a sale"


def _play(stack: Stack, runs: RunFile, run: Run, *, clock: Clock, interrupted: bool) -> bool:
    """Play a run to its end; False where its auction could not end with a sale."""
    folder = stack.data_dir / "demo"
    if "began_at" not in run.moments:
        now = clock()
        closing_on = (now + timedelta(days=60)).date().isoformat()
        run = runs.remember(run, {"began_at": _text(now), "closing_on": closing_on})
    administrator = (USERNAME, password_file(stack.data_dir).read_text(encoding="ascii").strip())
    with assembled(stack.base_url, run, administrator) as cast:
        collateral = import_portfolio(cast, run, folder)
        claim = pay_advance(cast, run, collateral)
        consignment = consign(cast, run, collateral)
        try:
            lot, run = publish(cast, run, runs, consignment, clock=clock)
        except Refused as refused:
            if not interrupted:
                raise
            say(f"The lot missed its opening 错过开始时间: {refused.message}")
            prove(cast, run, None, None, database_url=stack.database_url, folder=folder)
            runs.finish(run)
            return False
        sale = _auctioned(cast, run, lot, stack.base_url, interrupted=interrupted)
        sold = sale["outcome"] == "sold"
        if sold:
            pay_price(cast, run, lot, sale)
            distribute(cast, run, lot, sale)
            claim = clear(cast, run, claim)
            issue_statements(cast, run, lot, claim, folder)
        prove(cast, run, lot, sale, database_url=stack.database_url, folder=folder)
    people = write_people(folder, run)
    say("")
    say("To look around: make up, then sign in as anybody of the story. 演示后可自行查看：")
    say(f"make up，再以下列人员登录 names and passwords 用户名与密码: {people}")
    runs.finish(run)
    return bool(sold)


def _auctioned(
    cast: Cast, run: Run, lot: Lot, base_url: str, *, interrupted: bool
) -> dict[str, Any]:
    """The sale; of an interrupted run, with those bidders who had their paddles in time."""
    try:
        paddles = register_bidders(cast, run, lot)
    except Refused as refused:
        if not interrupted:
            raise
        say(f"Not all bidders were ready 部分竞买人未及登记: {refused.message}")
        paddles = {}
    return hold_auction(cast, run, lot, paddles, base_url)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
