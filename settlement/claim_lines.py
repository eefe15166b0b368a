"""Every figure of an opened claim with how it was reached: what a person reads, repeats, and so believes.

The sums are those of `settlement.rules`; each line says them again with this claim's own figures, in both languages.
Source: contracts 2, steps 1 to 7; domain 5.3.
"""

from kit.money import half_up, yuan
from settlement.cases import StepLine
from settlement.rules.bearing import cede, loss_base
from settlement.rules.case import Loan
from settlement.rules.compensation import Opening, rate_bp
from settlement.rules.scheme import (
    COMPENSATE_RETAINED,
    DIRECT_SHARE,
    NET_LOSS,
    PRINCIPAL,
    Caps,
    Scheme,
)
from settlement.statement_words import BASES, COMP_MODES, LARGEST_REMAINDER, NO_CAP, word

_HALF_UP = "half up 四舍五入"
_SPLIT = LARGEST_REMAINDER


def claim_lines(scheme: Scheme, loan: Loan, opening: Opening) -> list[StepLine]:
    """The figures, in the order computed, each with its computation."""
    bearing = opening.bearing
    base = f"base 基数: {word(BASES, scheme.base)}: {_base(scheme, loan)}"
    part = f"{yuan(loss_base(scheme, loan))} × {loan.ip_part_bp} / 10000, {_HALF_UP}"
    outside = f"{yuan(loss_base(scheme, loan))} - {yuan(bearing.loss_fen)} the part outside the scheme 方案外部分"
    lines = [
        line("loss", "损失", "", bearing.loss_fen, f"{base}; {part}"),
        line("uncovered", "方案外损失", "", bearing.uncovered_fen, outside),
    ]
    for party in scheme.parties:
        how = f"{yuan(bearing.loss_fen)} × {party.bear_bp} / 10000, {_SPLIT}"
        lines.append(line("borne", "承担", party.party, bearing.borne[party.party], how))
    ceded = _cessions(scheme, opening)
    for name, fen in bearing.ceded.items():
        if fen:
            lines.append(line("ceded", "分出分入", name, fen, "; ".join(ceded[name])))
    for name, fen in opening.compensation.items():
        how = f"{word(COMP_MODES, scheme.comp_mode)}: {_compensation(scheme, loan, opening, name)}"
        lines.append(line("compensation", "补偿", name, fen, how))
    for name, fen in opening.promised.items():
        how = f"{_promise(scheme, loan, opening, name)}; {_within(scheme.caps.get(name))}"
        lines.append(line("promised", "承诺", name, fen, how))
    for name, fen in opening.positions.items():
        lines.append(
            line("opening position", "期初头寸", name, fen, _position(scheme, opening, name))
        )
    for name, fen in opening.advance.items():
        how = f"floor 向下取整({yuan(opening.promised[name])} × {scheme.advance_bp} / 10000)"
        lines.append(line("advance", "先行拨付", name, fen, how))
    return lines


def _base(scheme: Scheme, loan: Loan) -> str:
    """What the base is made of."""
    if scheme.base == PRINCIPAL:
        return yuan(loan.principal_fen)
    summed = f"{yuan(loan.principal_fen)} + {yuan(loan.interest_fen)}"
    return f"{summed} - {yuan(loan.received_fen)}" if scheme.base == NET_LOSS else summed


def _cessions(scheme: Scheme, opening: Opening) -> dict[str, list[str]]:
    """What each party passed on and took over, cession by cession, in their order."""
    borne = opening.bearing.borne
    told: dict[str, list[str]] = {name: [] for name in scheme.names}
    for one, moved in zip(scheme.cession, cede(scheme, borne), strict=True):
        rate = f"{yuan(borne[one.party])} × {one.bp} / 10000, {_HALF_UP} = {yuan(moved.amount_fen)}"
        told[one.party].append(f"to 分给 {one.to}: {rate}")
        told[one.to].append(f"from 来自 {one.party}: {rate}")
    return told


def _compensation(scheme: Scheme, loan: Loan, opening: Opening, name: str) -> str:
    """How a party's relief was reached, by the scheme's mode."""
    promised_fen = sum(opening.promised.values())
    if scheme.comp_mode == DIRECT_SHARE:
        return f"all that the funds promise to the bank 资金承诺全归银行 {yuan(promised_fen)}"
    retained = opening.bearing.retained
    if scheme.comp_mode == COMPENSATE_RETAINED:
        wanted = {
            party: half_up(retained[party], rate_bp(scheme, loan, party)) for party in scheme.others
        }
        rate = f"{yuan(retained[name])} retained 自留 × {rate_bp(scheme, loan, name)} / 10000, {_HALF_UP}"
        if sum(wanted.values()) == promised_fen:
            return rate
        share = f"{yuan(promised_fen)} × {yuan(wanted[name])} / {yuan(sum(wanted.values()))}"
        return f"{rate} = {yuan(wanted[name])}; the limit of the fund is shared 限额按比例分配: {share}, {_SPLIT}"
    kept_fen = sum(retained[party] for party in scheme.others)
    return (
        f"{yuan(promised_fen)} × {yuan(retained[name])} retained 自留 / {yuan(kept_fen)}, {_SPLIT}"
    )


def _promise(scheme: Scheme, loan: Loan, opening: Opening, fund: str) -> str:
    """What a fund would promise but for its limits."""
    if scheme.comp_mode == DIRECT_SHARE:
        return f"its part of the loss 其分担额 {yuan(opening.bearing.borne[fund])}"
    if scheme.comp_mode == COMPENSATE_RETAINED:
        return "sum of the compensation 补偿合计"
    kept_fen = sum(opening.bearing.retained[party] for party in scheme.others)
    layers = scheme.funds[: scheme.funds.index(fund)]
    left_fen = kept_fen - sum(opening.promised[layer] for layer in layers)
    rate = f"{yuan(kept_fen)} retained 自留 × {rate_bp(scheme, loan, fund)} / 10000, {_HALF_UP}"
    return f"{rate}, at most what is left 不超过余额 {yuan(left_fen)}"


def _position(scheme: Scheme, opening: Opening, name: str) -> str:
    """What a side carries if every promise is paid in full."""
    if name in opening.promised:
        return "what it promised 其承诺额"
    bearing = opening.bearing
    parts = (bearing.borne[name], bearing.ceded[name], opening.compensation[name])
    figures = f"{yuan(parts[0])} + {yuan(parts[1])} - {yuan(parts[2])}"
    how = f"borne + ceded - compensation 承担＋分出分入－补偿: {figures}"
    of_funds_fen = sum(bearing.borne[fund] for fund in scheme.funds)
    if name == scheme.bank and of_funds_fen:
        how += f" + {yuan(of_funds_fen)} the part of the funds, which the bank lent 资金应分担部分由银行先行承担"
    return how


def _within(caps: Caps | None) -> str:
    """The limits that were looked at."""
    if caps is None:
        return NO_CAP
    named = {
        "loan 单笔": caps.per_loan_fen,
        "borrower 单户": caps.per_borrower_fen,
        "year 年度": caps.year_fen,
        "fund 资金余额": caps.fund_balance_fen,
    }
    given = [f"{name} {yuan(fen)}" for name, fen in named.items() if fen is not None]
    return f"within 限额 {', '.join(given)}" if given else NO_CAP


def line(name: str, name_zh: str, party: str, amount_fen: int, how: str) -> StepLine:
    """A figure with how it was reached."""
    return StepLine(name=name, name_zh=name_zh, party=party, amount_fen=amount_fen, computation=how)
