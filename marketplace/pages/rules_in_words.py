"""A lot's rules of bidding (竞价规则) as sentences, so that nobody has to read a profile to know how to bid."""

from collections.abc import Iterator
from typing import Any

from kit.clock import from_epoch_ms
from marketplace.lots.offered import OFFERED, OfferTerms, offer_terms
from marketplace.lots.schemas import (
    AppendExtension,
    BandStep,
    Bidding,
    FixedStep,
    PercentStep,
    ResetExtension,
)
from marketplace.pages.format_terms import MOVING, RISING, TERMS, Term
from marketplace.pages.formats import length_en, length_zh, moment, money, percent
from marketplace.pages.vocabulary import Words


def rules_in_words(bidding: Bidding) -> list[Words]:
    """One sentence a rule, in the order in which a bidder meets them."""
    if bidding.format in OFFERED:
        return list(_offers(offer_terms(bidding.format_terms)))
    rises = bidding.format in RISING
    return [
        *_step(bidding.step),
        *(_grid(bidding) if rises else ()),
        *(_extension(bidding.extension) if bidding.format in MOVING else ()),
        *_people(bidding),
        *(_leader(bidding) if rises else ()),
        *_own_terms(bidding),
    ]


def _offers(terms: OfferTerms) -> Iterator[Words]:
    """How offers are made for a lot that is collected (收储)."""
    if terms.mode == "sealed":
        within = terms.opening_seconds * 1000
        yield Words(
            f"密封报价：先提交报价承诺，截止后 {length_zh(within)} 内由报价人开封，未开封的不计。",
            f"Offers are sealed: a commitment is handed in, and opened by its maker within {length_en(within)} after"
            " the close; what is not opened does not count.",
        )
    else:
        yield Words("公开报价，按号牌显示。", "Offers are open, and shown by paddle.")
    if terms.final_seconds:
        lasts = terms.final_seconds * 1000
        yield Words(
            f"两家以上报价的，另设 {length_zh(lasts)} 的最终报价。",
            f"With two offers or more a best-and-final round of {length_en(lasts)} follows.",
        )
    if terms.needs_backstop:
        yield Words(
            "须事先有兜底收储承诺，否则不开始。",
            "Without a backstop given in advance it does not begin.",
        )
    decides = terms.decision_seconds * 1000
    yield Words(
        f"银行于 {length_zh(decides)} 内由两人决定是否接受，可不选择最高报价并说明理由。",
        f"Two people of the bank decide within {length_en(decides)}; they may decline, or choose another offer than the"
        " highest, for a stated reason.",
    )
    for part in terms.instalments:
        yield Words(
            f"成交后 {part.due_after_hours} 小时内付款 {percent(part.part_bp)}。",
            f"{percent(part.part_bp)} of the price is due within {part.due_after_hours} hours of the sale.",
        )
    if terms.interest_bp_year:
        yield Words(
            f"首期到期后未付价款按年利率 {percent(terms.interest_bp_year)} 计息，随各期支付；任何一期逾期即视为悔拍。",
            f"From the first part's day what is unpaid bears {percent(terms.interest_bp_year)} a year, due with each"
            " part; one part missed is the price missed.",
        )
    if terms.repurchase is not None:
        yield Words(
            f"出质人可在成交后 {terms.repurchase.open_days} 日内按成交价的 {percent(terms.repurchase.price_bp)} 回购。",
            f"The pledgor may buy back within {terms.repurchase.open_days} days at"
            f" {percent(terms.repurchase.price_bp)} of the price.",
        )


def _step(step: FixedStep | BandStep | PercentStep | None) -> Iterator[Words]:
    match step:
        case FixedStep(step_fen=fen):
            yield Words(f"每次加价不低于 {money(fen)}。", f"Each raise is at least {money(fen)}.")
        case BandStep(bands=bands):
            for band in bands:
                yield Words(
                    f"价格达到 {money(band.from_fen)} 起，每次加价不低于 {money(band.step_fen)}。",
                    f"From {money(band.from_fen)} on, each raise is at least {money(band.step_fen)}.",
                )
        case PercentStep(basis_points=points, min_fen=least, round_to_fen=unit):
            yield Words(
                f"每次加价不低于当前价的 {percent(points)}（向下取整至 {money(unit)}，且不低于 {money(least)}）。",
                f"Each raise is at least {percent(points)} of the price, rounded down to {money(unit)},"
                f" and never below {money(least)}.",
            )
        case None:
            pass


def _grid(bidding: Bidding) -> Iterator[Words]:
    if bidding.grid == "multiple":
        yield Words("加价须为加价幅度的整数倍。", "A raise is a whole number of steps.")
    if bidding.grid == "absolute":
        yield Words("出价金额须为加价幅度的整数倍。", "A bid is a whole multiple of the step.")
    if bidding.max_steps_per_bid is not None:
        most = bidding.max_steps_per_bid
        yield Words(f"单次加价最多 {most} 档。", f"One bid raises by at most {most} steps.")


def _extension(extension: ResetExtension | AppendExtension | None) -> Iterator[Words]:
    if extension is None:
        yield Words("到时即止，不延时。", "Bidding ends at the stated time and is not extended.")
        return
    zh, en = length_zh(extension.window_ms), length_en(extension.window_ms)
    match extension:
        case ResetExtension():
            yield Words(
                f"结束前 {zh} 内有有效出价的，自该出价时点起顺延 {zh}，依此循环。",
                f"A bid in the last {en} moves the end to {en} after that bid, again and again.",
            )
        case AppendExtension(by_ms=by_ms, max=most):
            yield Words(
                f"结束前 {zh} 内有有效出价的，结束时间顺延 {length_zh(by_ms)}，最多 {most} 次。",
                f"A bid in the last {en} moves the end by {length_en(by_ms)}, at most {most} times.",
            )
    if extension.hard_end_at is not None:
        latest = moment(extension.hard_end_at)
        yield Words(f"最迟于 {latest} 结束。", f"Bidding ends at {latest} at the latest.")


def _people(bidding: Bidding) -> Iterator[Words]:
    if bidding.min_bidders > 1:
        yield Words(
            f"有效出价的竞买人少于 {bidding.min_bidders} 名的，不成交。",
            f"With fewer than {bidding.min_bidders} bidders the lot is not sold.",
        )


def _leader(bidding: Bidding) -> Iterator[Words]:
    if bidding.leader_may_raise:
        yield Words("领先者可以继续加价。", "The leader may raise their own bid.")
    else:
        yield Words("领先者不能对自己加价。", "The leader cannot outbid themselves.")


def _own_terms(bidding: Bidding) -> Iterator[Words]:
    terms = bidding.format_terms
    drop = terms.get("drop")
    if isinstance(drop, dict):
        yield _drop(drop)
    for term in TERMS.get(bidding.format, ()):
        value = terms.get(term.key, term.otherwise)
        if value is True:
            yield Words(f"{term.words.zh}。", f"{term.words.en}.")
        elif value is not None and value is not False:
            said = _said(term, value)
            yield Words(f"{term.words.zh}：{said.zh}。", f"{term.words.en}: {said.en}.")
    scored = terms.get("terms")
    for one in scored if isinstance(scored, list) else ():
        weight = percent(one["weight_bp"])
        yield Words(
            f"专家评分“{one['name']}”：权重 {weight}。",
            f"Experts score “{one['name']}”: weight {weight}.",
        )


def _drop(drop: dict[str, Any]) -> Words:
    if drop["kind"] == "fixed":
        fen = money(drop["drop_fen"])
        return Words(f"价格每次下降 {fen}。", f"The price falls by {fen} each time.")
    part, unit = percent(drop["basis_points"]), money(drop["round_to_fen"])
    return Words(
        f"价格每次下降起始价的 {part}（四舍五入至 {unit}）。",
        f"The price falls by {part} of the start price each time, rounded to {unit}.",
    )


def _said(term: Term, value: object) -> Words:
    """A value in its term's unit."""
    if term.kind == "pick":
        return term.options[str(value)]
    assert isinstance(value, int), "all others are numbers"
    match term.kind:
        case "yuan":
            said = money(value)
        case "percent":
            said = percent(value)
        case "moment":
            said = moment(from_epoch_ms(value))
        case "ms" | "seconds":
            milliseconds = value if term.kind == "ms" else value * 1000
            return Words(length_zh(milliseconds), length_en(milliseconds))
        case _:
            said = str(value)
    return Words(said, said)
