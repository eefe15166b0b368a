"""Why a statement has another version (更新事由): what its later body says that its earlier one did not."""

import msgspec

from kit.money import yuan
from settlement.statement_bodies import Body, ClearingBody, DistributionBody, SettlementBody
from settlement.statement_dues import ADVANCE, PAID, RETURN, TOP_UP

_DUES = {
    ADVANCE: ("advance", "先行拨付"),
    TOP_UP: ("top-up", "补拨"),
    RETURN: ("return", "退回"),
}


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a version was issued, in both languages."""

    en: str
    zh: str


FIRST = Reason(en="first issue", zh="首次出具")
_RESTATED = Reason(en="names or figures restated", zh="名称或金额更正")


def reason_between(earlier: Body, later: Body) -> Reason:
    """What changed from the last version."""
    found: list[tuple[str, str]] = []
    if isinstance(earlier, ClearingBody) and isinstance(later, ClearingBody):
        found = _cleared(earlier, later)
    elif isinstance(earlier, SettlementBody) and isinstance(later, SettlementBody):
        found = _settled(earlier, later)
    elif isinstance(earlier, DistributionBody) and isinstance(later, DistributionBody):
        found = _planned(earlier, later)
    if not found:
        return _RESTATED
    return Reason(en="; ".join(en for en, _ in found), zh="；".join(zh for _, zh in found))


def _cleared(earlier: ClearingBody, later: ClearingBody) -> list[tuple[str, str]]:
    found = []
    known = {line.id for line in earlier.recoveries}
    for line in later.recoveries:
        if line.id not in known:
            net = yuan(line.net_fen)
            found.append((f"recovery of {net} net recorded", f"登记回收净额 {net}"))
    if earlier.final is None and later.final is not None:
        found.append(("final clearing made", "已作最终清算"))
    were_paid = {(due.what, due.payer, due.payee) for due in earlier.dues if due.state == PAID}
    for due in later.dues:
        if due.state == PAID and (due.what, due.payer, due.payee) not in were_paid:
            en, zh = _DUES[due.what]
            amount = yuan(due.amount_fen)
            found.append((f"{en} of {amount} paid", f"{zh} {amount} 已支付"))
    return found


def _settled(earlier: SettlementBody, later: SettlementBody) -> list[tuple[str, str]]:
    found = []
    if later.paid_fen != earlier.paid_fen:
        amount = yuan(later.paid_fen - earlier.paid_fen)
        found.append((f"{amount} of the price paid", f"收到价款 {amount}"))
    if later.interest_paid_fen != earlier.interest_paid_fen:
        amount = yuan(later.interest_paid_fen - earlier.interest_paid_fen)
        found.append((f"{amount} of interest paid", f"收到利息 {amount}"))
    if later.claim_on_buyer_fen != earlier.claim_on_buyer_fen:
        found.append(("claim on the buyer entered", "已登记对买受人的追偿"))
    if later.claim_paid_fen != earlier.claim_paid_fen:
        amount = yuan(later.claim_paid_fen - earlier.claim_paid_fen)
        found.append((f"{amount} of the claim on the buyer paid", f"追偿收回 {amount}"))
    if (later.costs, later.taxes) != (earlier.costs, earlier.taxes):
        found.append(("costs and taxes fixed", "费用与税费已确定"))
    left_fen = _left_fen(later) - _left_fen(earlier)
    if left_fen:
        found.append((f"payouts of {yuan(left_fen)} made", f"已付出 {yuan(left_fen)}"))
    elif len(later.payees) > len(earlier.payees):
        found.append(("proceeds distributed", "价款已分配"))
    return found


def _left_fen(body: SettlementBody) -> int:
    return sum(line.amount_fen for line in body.payees if line.state == PAID)


def _planned(earlier: DistributionBody, later: DistributionBody) -> list[tuple[str, str]]:
    if later.plan_id != earlier.plan_id:
        return [("another plan drafted", "另行拟制方案")]
    if later.paid_at is not None and earlier.paid_at is None:
        return [("plan paid", "方案已支付")]
    if later.approved_at is not None and earlier.approved_at is None:
        return [("plan approved", "方案已复核")]
    return []
