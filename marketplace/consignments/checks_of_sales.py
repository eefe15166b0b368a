"""Eligibility checks that look at the sale around the rights: notice, seller, foreigners, data, seniors, alerts, fund.

Source: domain 3.10.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from kit.money import yuan
from marketplace.assets.details import CopyrightDetails, DataDetails
from marketplace.assets.export_control import HOLDS_TECHNOLOGY, ExportClass
from marketplace.assets.schemas import AssetFlag
from marketplace.assets.types import IpType
from marketplace.cases.schemas import CaseState
from marketplace.consignments.facts import Facts, Objection
from marketplace.lots import regimes
from marketplace.lots.regimes import Regime, Severity
from marketplace.monitoring.schemas import BY_CODE, AlertState
from marketplace.pledges.rules import ranked

#: A state-owned seller needs its approving body's consent below this part of the valuation (domain 2.5).
STATE_FLOOR_BP = 9_000
_COPYRIGHTS = frozenset({IpType.COPYRIGHT, IpType.SOFTWARE_COPYRIGHT})
_BP_ONE = 10_000


def _object(
    subject: str,
    field: str,
    message: str,
    message_zh: str,
    *,
    severity: Severity | None = None,
    **evidence: object,
) -> Objection:
    return Objection(
        subject=subject,
        field=field,
        message=message,
        message_zh=message_zh,
        evidence={name: str(value) for name, value in evidence.items()},
        severity=severity,
    )


def notice_cannot_be_given(facts: Facts) -> Iterator[Objection]:
    """ELG-21: the planned closing is too near for the regime's notice, or somebody was not notified in time.

    The lot's own check counts from its notice; this one tells the bank while it still plans.
    """
    subject = facts.case.contract_number
    for party in facts.unnotified:
        yield _object(
            subject,
            "notifications",
            f"{party} was not notified in time",
            f"未按期通知 {party}",
            party=party,
        )
    if not facts.is_planned or facts.terms.regime is Regime.AGREEMENT:
        return
    opens_at = datetime.combine(facts.terms.closing_on, time(), UTC)
    days, is_working = regimes.notice_days(
        regimes.Terms(
            regime=facts.terms.regime,
            format="english",
            start_price_fen=facts.terms.start_price_fen,
            reserve_price_fen=None,
            deposit_fen=facts.terms.deposit_fen,
            valuation_fen=facts.valuation_fen,
            opens_at=opens_at,
            closes_at=opens_at + timedelta(days=1),
        )
    )
    # Five of seven days are working days at most; the exact count is the notice's (domain 0.2).
    lead = -(-days * 7 // 5) if is_working else days
    earliest = facts.today + timedelta(days=lead)
    if facts.terms.closing_on < earliest:
        yield _object(
            subject,
            "closing_on",
            f"the closing is planned for {facts.terms.closing_on}; with the notice it is {earliest} at the earliest",
            f"计划成交日为 {facts.terms.closing_on}，按公告期最早为 {earliest}",
            closing_on=facts.terms.closing_on,
            earliest=earliest,
        )


def state_seller_off_exchange(facts: Facts) -> Iterator[Objection]:
    """ELG-23: state-owned rights go through an exchange, and below 90% of their valuation only with approval."""
    for right in facts.rights:
        if AssetFlag.STATE_OWNED not in right.asset.flags:
            continue
        terms = facts.terms
        if terms.regime is not Regime.EXCHANGE:
            yield _object(
                right.asset.number,
                "regime",
                "a state-owned right is sold on an exchange",
                "国有权利人的知识产权应进场交易",
                regime=terms.regime.value,
            )
        is_below = terms.start_price_fen * _BP_ONE < facts.valuation_fen * STATE_FLOOR_BP
        if is_below and not terms.state_approval.strip():
            yield _object(
                right.asset.number,
                "state_approval",
                f"{yuan(terms.start_price_fen)} is below 90% of the valuation {yuan(facts.valuation_fen)}; name the"
                " approving body's consent",
                f"{yuan(terms.start_price_fen)} 元低于评估值 {yuan(facts.valuation_fen)} 元的90%，须载明批准文件",
                start_price_fen=terms.start_price_fen,
                valuation_fen=facts.valuation_fen,
            )


def export_class_unsettled(facts: Facts) -> Iterator[Objection]:
    """ELG-24: with foreigners let in, technology is classed, none is prohibited, restricted ones ask for papers."""
    if not facts.terms.foreign_bidders:
        return
    for right in facts.rights:
        asset = right.asset
        if asset.ip_type not in HOLDS_TECHNOLOGY:
            continue
        if asset.export_class is None or asset.export_class is ExportClass.PROHIBITED:
            shown = asset.export_class or "not looked up"
            shown_zh = asset.export_class or "未核定"
            yield _object(
                asset.number,
                "export_class",
                f"foreign bidders are let in and the export class is: {shown}; settle it, or leave them out",
                f"允许境外竞买人，而技术出口类别为：{shown_zh}；请核定或不允许境外竞买",
                export_class=shown,
            )
        is_restricted = asset.export_class is ExportClass.RESTRICTED
        conditions = facts.terms.buyer_conditions
        if is_restricted and "意向书" not in conditions and "letter of intent" not in conditions:
            yield _object(
                asset.number,
                "buyer_conditions",
                "restricted technology: ask bidders for the export licence's letter of intent",
                "属限制出口技术，竞买人条件须要求技术出口许可意向书",
                export_class=ExportClass.RESTRICTED.value,
            )


def data_not_attested(facts: Facts) -> Iterator[Objection]:
    """ELG-25: three things are attested of a data right: lawful source, personal data, security class."""
    for right in facts.rights:
        if right.asset.ip_type is not IpType.DATA_IP:
            continue
        details = right.asset.details
        data = details if isinstance(details, DataDetails) else DataDetails()
        for name, is_attested, words in (
            ("is_source_lawful", data.is_source_lawful is True, "来源合法"),
            ("personal_data", data.personal_data is not None, "个人信息处理"),
            ("security_class", data.security_class is not None, "数据安全等级"),
        ):
            if not is_attested:
                yield _object(
                    right.asset.number,
                    f"details.{name}",
                    f"{name} is not attested",
                    f"未承诺{words}",
                    attested=name,
                )


def work_is_burdened(facts: Facts) -> Iterator[Objection]:
    """ELG-26: moral rights stay with the author; a component whose licence conflicts, or is not known to fit."""
    for right in facts.rights:
        details = right.asset.details
        if right.asset.ip_type not in _COPYRIGHTS or not isinstance(details, CopyrightDetails):
            continue
        if details.moral_rights_in_scope:
            yield _object(
                right.asset.number,
                "details.moral_rights_in_scope",
                "moral rights cannot be sold; only the property rights pass",
                "人身权不可转让，仅财产权转移",
                author=details.author,
            )
        for component in details.components:
            if component.is_compatible is not True:
                yield _object(
                    right.asset.number,
                    "details.components",
                    f"the licence {component.licence} of {component.name} conflicts, or was not looked into",
                    f"组件 {component.name} 的许可 {component.licence} 冲突或未核查",
                    component=component.name,
                    licence=component.licence,
                )


def senior_pledges_take_all(facts: Facts) -> Iterator[Objection]:
    """ELG-27 (无益拍卖): pledges ranked before the consignor's secure as much as the round is expected to bring.

    The words leave out how much that is: a notice prints what was passed over, and it may be a secret reserve.
    """
    seniors = {}
    for right in facts.rights:
        order = ranked(right.pledges)
        own = [each.rank for each in order if each.pledge.case_id == facts.case.id]
        for each in order:
            if own and each.rank < min(own):
                seniors[each.pledge.id] = each.pledge.secured_amount_fen
    senior_fen = sum(seniors.values())
    expected_fen = facts.expected_fen
    if seniors and senior_fen >= expected_fen:
        yield _object(
            facts.case.contract_number,
            "start_price_fen",
            f"pledges that rank before secure {yuan(senior_fen)}, the sale is expected to bring no more",
            f"在先质权担保 {yuan(senior_fen)} 元，预期价款不高于此，无剩余可能",
            senior_fen=senior_fen,
            expected_fen=expected_fen,
        )


def alert_is_open(facts: Facts) -> Iterator[Objection]:
    """ELG-28: an alert that holds listings (MON-01, 02, 05) is open; a frozen loan is not sold at all.

    Nor is one whose fraud was confirmed (MON-01): nobody passes that over, it is dismissed or it stands.
    """
    for alert in facts.alerts:
        is_confirmed = alert.state is AlertState.CONFIRMED
        if BY_CODE[alert.code].holds_listing:
            yield _object(
                alert.subject,
                "alerts",
                f"alert {alert.code} is {alert.state}: {alert.message}",
                f"预警 {alert.code} {'已核实' if is_confirmed else '未结'}：{alert.message_zh}",
                severity=Severity.BLOCK if is_confirmed else None,
                alert=alert.id,
                state=alert.state.value,
            )
    if facts.case.state is CaseState.FROZEN:
        yield _object(
            facts.case.contract_number,
            "case_id",
            "the loan is frozen by an alert",
            "案件因预警冻结",
            severity=Severity.BLOCK,
            state=facts.case.state.value,
        )


def fund_not_told(facts: Facts) -> Iterator[Objection]:
    """ELG-29: where a fund has a claim on the loan, it is told of the route and price that now stand."""
    if facts.fund_ids and not facts.is_fund_told:
        yield _object(
            facts.case.contract_number,
            "fund_notice",
            "a compensation claim exists; tell the fund's administrator of this listing, price and route",
            "已申请风险补偿，须将本次挂牌、价格和处置方式告知资金管理人",
            fund=", ".join(str(fund_id) for fund_id in facts.fund_ids),
        )


def consignor_bids(facts: Facts) -> Iterator[Objection]:
    """ELG-30: barred in a commercial auction, allowed in a court's sale, disclosed elsewhere."""
    if facts.terms.consignor_may_bid:
        yield _object(
            facts.case.contract_number,
            "consignor_may_bid",
            "the consignor or a related party means to bid",
            "委托人或其关联方拟参加竞买",
            consignor=facts.consignor_code or "",
        )
