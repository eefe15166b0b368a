"""Act 4: a timed English auction through the real bid path, with whatever the live hall adds to the script."""

import time
from typing import Any, NamedTuple

from marketplace.demo.actors import Refused
from marketplace.demo.cast import Cast
from marketplace.demo.run import Run
from marketplace.demo.selling import RESERVE_FEN, Lot
from marketplace.demo.telling import act, money, said, say
from marketplace.demo.waiting import until
from marketplace.pages import vocabulary

_ENDED = frozenset(
    {"sold", "unsold", "awaiting_payment", "paid", "transferring", "done", "defaulted", "withdrawn"}
)


ACCEPTED = "accepted"


class Scripted(NamedTuple):
    """One bid of the script: so many ms after the opening, or before the end where negative."""

    at_ms: int
    who: str
    do: str
    amount_fen: int
    why: str
    expected: str = ACCEPTED


SCRIPT = (
    Scripted(300, "jinchuang", "bid", 220_000_000, "opens at the start price 以起始价开拍"),
    Scripted(900, "yunshan", "proxy", 236_000_000, "sets a hidden maximum 设定委托最高价"),
    Scripted(1_500, "jinchuang", "bid", 231_000_000, "too little 低于最低应价", "below_minimum"),
    Scripted(2_100, "jinchuang", "bid", 234_500_000, "off the grid 不合加价幅度", "off_grid"),
    Scripted(
        2_700,
        "jinchuang",
        "bid",
        234_000_000,
        "to be answered by the hidden maximum 触发委托出价应价",
    ),
    Scripted(
        3_300, "qiyuan", "bid", 236_000_000, "matches as priority holder 优先购买权人同价行权"
    ),
    Scripted(
        3_900, "qiyuan", "bid", 238_000_000, "bids against itself 对自己加价", "already_leading"
    ),
    Scripted(
        -1_500,
        "yunshan",
        "bid",
        238_000_000,
        "in the last seconds 临近结束出价",
    ),
    Scripted(
        -2_500,
        "qiyuan",
        "bid",
        238_000_000,
        "matches again 再次同价行权",
    ),
)


def hold_auction(
    cast: Cast, run: Run, lot: Lot, paddles: dict[str, int], base_url: str
) -> dict[str, Any]:
    """Play the script against the clock; then wait until the worker has closed the auction."""
    act(4, "The auction", "网络竞价")
    say(f"Follow it live 现场观看: {base_url}/auctions/{lot.id}")
    say(f"Bid yourself 亲自出价: sign in as demo-guest, password {run.password('demo-guest')}")
    watcher = cast.person("auditor")
    names = {paddle: name for name, paddle in paddles.items()}
    until(lambda: _state(watcher, lot)["status"] != "scheduled", "the auction to open")
    for number, line in enumerate(SCRIPT):
        state = _state(watcher, lot)
        due_ms = (
            state["opens_at_ms"] if line.at_ms >= 0 else state["ends_at_ms"] or 0
        ) + line.at_ms
        time.sleep(max(0, due_ms - state["server_ms"]) / 1000)
        _play(cast, lot, line, names, step=f"bid-{number}")
    until(lambda: bool(_state(watcher, lot)["final"]), "the auction's end")
    late = Scripted(0, "jinchuang", "bid", 300_000_000, "after the end 结束之后", "closed")
    _play(cast, lot, late, names, step="bid-late")
    return _closed(watcher, lot)


def _play(cast: Cast, lot: Lot, line: Scripted, names: dict[int, str], *, step: str) -> None:
    path, field = ("proxies", "max_fen") if line.do == "proxy" else ("bids", "amount_fen")
    before = _state(cast.person("auditor"), lot)
    shown = "hidden maximum" if line.do == "proxy" else money(line.amount_fen)
    try:
        answer = cast.person(line.who).post(
            f"/v1/auctions/{lot.id}/{path}", {field: line.amount_fen}, step=step
        )
    except Refused as refused:
        minimum = refused.problem.get("minimum_fen")
        least = f", minimum {money(minimum)}" if minimum else ""
        code = refused.problem["code"]
        say(f"{line.who:>9}  {shown:>16}  refused 拒绝{least}   ({_remark(line, code)})")
        say(f"{'':>9}  {'':>16}  {said(vocabulary.REFUSALS, code)}")
        return
    leader = names.get(answer["leader"], f"#{answer['leader']}")
    say(
        f"{line.who:>9}  {shown:>16}  price {money(answer['price_fen'])}, {leader} leads   ({_remark(line, ACCEPTED)})"
    )
    for seen in _seen(line, before, answer, leader):
        say(f"{'':>9}  {'':>16}  {seen}")


def _remark(line: Scripted, actual: str) -> str:
    """What was meant; and, where the hall answered otherwise, that somebody changed the course."""
    if actual == line.expected:
        return line.why
    return (
        f"{line.why}; expected 预期 {line.expected}, actual 实际 {actual}:"
        " other bids changed the course 现场另有出价"
    )


def _seen(line: Scripted, before: dict[str, Any], answer: dict[str, Any], leader: str) -> list[str]:
    """What the answer shows beyond the price: the reserve reached, another one in front, the end moved."""
    found = []
    if line.do == "proxy" and (before["price_fen"] or 0) < answer["price_fen"] == RESERVE_FEN:
        found.append(
            "保留价已达到: the hidden maximum reached the confidential reserve, so the price stands at it"
        )
    if leader != line.who:
        found.append(f"委托出价自动应价: the hidden maximum of {leader} answered at once")
    moved_ms = (answer["ends_at_ms"] or 0) - (before["ends_at_ms"] or 0)
    if before["ends_at_ms"] and moved_ms > 0:
        found.append(f"已延时: the end moved by {moved_ms / 1000:.1f} s")
    return found


def _closed(watcher: Any, lot: Lot) -> dict[str, Any]:
    """The result as the worker recorded it, and as the hall shows it."""
    until(
        lambda: watcher.get(f"/v1/lots/{lot.id}")["status"] in _ENDED, "the result to be recorded"
    )
    sale = watcher.get(f"/v1/lots/{lot.id}/sale")
    state = _state(watcher, lot)
    say(
        f"Closed 已结束: {said(vocabulary.OUTCOMES, sale['outcome'])}, {state['bids']} accepted bids"
        f" by {state['bidders']} bidders, "
        f"{sale['extensions']} extensions 延时."
    )
    if sale["outcome"] == "sold":
        say(
            f"Hammer price 成交价 {money(sale['price_fen'])}, paddle #{sale['winner_paddle']},"
            f" underbidder 次高 #{sale['underbidder_paddle']}."
        )
    return dict(sale)


def _state(watcher: Any, lot: Lot) -> dict[str, Any]:
    return dict(watcher.get(f"/v1/auctions/{lot.id}"))
