"""Eligibility checks that look at each right: its force, owner, pledge, burdens, fees. Source: domain 3.10.

Each takes the facts and yields what it objects to, right by right.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from marketplace.assets.schemas import AssetFlag, LegalStatus
from marketplace.assets.types import FACTS, IpType
from marketplace.consignments.facts import Facts, Objection, Right
from marketplace.consignments.schemas import Route
from marketplace.lots.regimes import Severity
from marketplace.pledges.schemas import Pledge, PledgeState

#: A fee must be safe for so long after the planned closing, so that the transfer can be recorded (domain 3.6).
FEE_SAFE_AFTER_CLOSING = timedelta(days=90)
#: Below this a buyer is told how little life is left (domain 3.10, ELG-13).
LIFE_LEFT_AT_LEAST = timedelta(days=365)

_LICENCE_ROUTES = frozenset(
    {Route.SECOND_LICENCE, Route.REVERSE_LICENCE, Route.LICENCE_THEN_TRANSFER, Route.TRADE_LICENCE}
)


def _object(
    right: Right,
    field: str,
    message: str,
    message_zh: str,
    *,
    severity: Severity | None = None,
    **evidence: object,
) -> Objection:
    return Objection(
        subject=right.asset.number,
        field=field,
        message=message,
        message_zh=message_zh,
        evidence={name: str(value) for name, value in evidence.items()},
        severity=severity,
    )


def _standing(right: Right) -> list[Pledge]:
    return [pledge for pledge in right.pledges if pledge.state is not PledgeState.CANCELLED]


def not_in_force(facts: Facts) -> Iterator[Objection]:
    """ELG-01: lapsed, invalidated, revoked, expired or not granted."""
    for right in facts.rights:
        asset = right.asset
        if asset.legal_status is not LegalStatus.IN_FORCE:
            yield _object(
                right,
                "legal_status",
                f"the register says {asset.legal_status.value}; only a right in force can be sold",
                f"登记状态为 {asset.legal_status.value}，仅有效权利可处置",
                legal_status=asset.legal_status.value,
                as_of=asset.status_as_of,
                register=asset.status_source,
            )
        elif asset.expires_on is not None and asset.expires_on < facts.terms.closing_on:
            yield _object(
                right,
                "expires_on",
                f"it expires on {asset.expires_on}, before the planned closing on {facts.terms.closing_on}",
                f"将于 {asset.expires_on} 届满，早于计划成交日 {facts.terms.closing_on}",
                expires_on=asset.expires_on,
                closing_on=facts.terms.closing_on,
            )


def owner_is_not_pledgor(facts: Facts) -> Iterator[Objection]:
    """ELG-02. Codes are compared where the owner's is known, names otherwise."""
    for right in facts.rights:
        asset = right.asset
        for pledge in _standing(right):
            is_same = (
                asset.owner_code == pledge.pledgor_code
                if asset.owner_code is not None
                else asset.owner_name == pledge.pledgor_name
            )
            if not is_same:
                yield _object(
                    right,
                    "owner_name",
                    f"the register names {asset.owner_name}, pledge {pledge.registration_number} names"
                    f" {pledge.pledgor_name}; they must be one",
                    f"登记权利人为 {asset.owner_name}，质押 {pledge.registration_number} 的出质人为"
                    f" {pledge.pledgor_name}，两者应一致",
                    owner=asset.owner_code or asset.owner_name,
                    pledgor=pledge.pledgor_code,
                )


def consignor_is_not_pledgee(facts: Facts) -> Iterator[Objection]:
    """ELG-03: no pledge for this loan stands in the register, or it is another's, or a joint pledgee has not agreed."""
    for right in facts.rights:
        pledges = [pledge for pledge in _standing(right) if pledge.case_id == facts.case.id]
        if not pledges:
            yield _object(
                right,
                "asset_ids",
                f"no pledge for contract {facts.case.contract_number} stands in the register",
                f"未见为合同 {facts.case.contract_number} 设立的有效质押登记",
                contract_number=facts.case.contract_number,
            )
        for pledge in pledges:
            yield from _wrong_pledgee(right, pledge, facts.consignor_code)


def _wrong_pledgee(right: Right, pledge: Pledge, consignor_code: str | None) -> Iterator[Objection]:
    if pledge.pledgee_code != consignor_code:
        yield _object(
            right,
            "asset_ids",
            f"pledge {pledge.registration_number} is registered for {pledge.pledgee_name}, not for the consignor",
            f"质押 {pledge.registration_number} 的质权人为 {pledge.pledgee_name}，并非委托人",
            pledgee=pledge.pledgee_code,
            consignor=consignor_code or "",
        )
    for joint in pledge.joint_pledgees:
        if not joint.has_consented:
            yield _object(
                right,
                "asset_ids",
                f"joint pledgee {joint.name} has not agreed to the disposal",
                f"共同质权人 {joint.name} 未同意处置",
                joint_pledgee=joint.name,
            )


def co_owner_has_not_consented(facts: Facts) -> Iterator[Objection]:
    """ELG-07: all but an ordinary licence needs every co-owner."""
    for right in facts.rights:
        for owner in right.asset.co_owners:
            if not owner.has_consented:
                yield _object(
                    right,
                    "co_owners",
                    f"co-owner {owner.name} has not consented",
                    f"共有人 {owner.name} 未同意",
                    co_owner=owner.name,
                )


def cannot_be_recorded(facts: Facts) -> Iterator[Objection]:
    """ELG-08: held, and blocked where nobody but the register can pass the right (by regime, in the data)."""
    for right in facts.rights:
        for flag in right.asset.flags & {AssetFlag.PRESERVATION, AssetFlag.OWNERSHIP_SUSPENDED}:
            yield _object(
                right,
                "flags",
                f"the register is stopped ({flag.value}): a transfer cannot be recorded",
                f"登记程序已停止（{flag.value}），无法办理转移登记",
                flag=flag.value,
            )


def bundle_incomplete(facts: Facts) -> Iterator[Objection]:
    """ELG-09: a mark goes only with all identical or similar marks of its owner on the same or similar goods."""
    for right in facts.rights:
        if not FACTS[right.asset.ip_type].has_nice_class:
            continue
        if right.marks_left_out:
            left_out = ", ".join(right.marks_left_out)
            yield _object(
                right,
                "asset_ids",
                f"marks of the same owner in the same class are left out: {left_out}; add them",
                f"同一权利人同类商标未一并委托：{left_out}，请补充",
                left_out=left_out,
            )
        elif not facts.terms.has_bundle_statement:
            yield _object(
                right,
                "has_bundle_statement",
                "there is no signed statement that all identical or similar marks are included",
                "缺少相同近似商标一并转让的声明",
            )


def not_sellable(facts: Facts) -> Iterator[Objection]:
    """ELG-10: geographical indications, animal varieties, defence and secret patents."""
    for right in facts.rights:
        kind = FACTS[right.asset.ip_type]
        if not kind.is_sellable:
            yield _object(
                right,
                "ip_type",
                f"a {kind.title_en} cannot be sold in the open market",
                f"{kind.title_zh}不得公开处置",
                ip_type=right.asset.ip_type.value,
            )
        for flag in right.asset.flags & {AssetFlag.DEFENCE_PATENT, AssetFlag.SECRET_PATENT}:
            yield _object(
                right,
                "flags",
                f"a {flag.value.replace('_', ' ')} cannot be sold in the open market",
                "国防专利或保密专利不得公开处置",
                flag=flag.value,
            )


def no_buyer_rule(facts: Facts) -> Iterator[Objection]:
    """ELG-11: collective and certification marks."""
    for right in facts.rights:
        if (
            FACTS[right.asset.ip_type].needs_qualified_buyer
            and not facts.terms.buyer_conditions.strip()
        ):
            yield _object(
                right,
                "buyer_conditions",
                "only a qualified association can take it over; state who qualifies",
                "受让人须具备相应主体资格，请填写竞买人条件",
            )


def fee_not_safe(facts: Facts) -> Iterator[Objection]:
    """ELG-12: annuity or plant fee paid to, or a mark's term to, less than 90 days after the planned closing."""
    safe_until = facts.terms.closing_on + FEE_SAFE_AFTER_CLOSING
    for right in facts.rights:
        kind = FACTS[right.asset.ip_type]
        if kind.has_upkeep and (
            right.asset.fee_paid_to is None or right.asset.fee_paid_to < safe_until
        ):
            yield _fee_objection(right, "fee_paid_to", right.asset.fee_paid_to, safe_until)
        if kind.has_nice_class and (
            right.asset.expires_on is None or right.asset.expires_on < safe_until
        ):
            yield _fee_objection(right, "expires_on", right.asset.expires_on, safe_until)


def _fee_objection(right: Right, field: str, day: date | None, safe_until: date) -> Objection:
    shown, shown_zh = (str(day), str(day)) if day else ("not known", "未知")
    return _object(
        right,
        field,
        f"fees are paid or the term runs to: {shown}; it should be {safe_until} or later (closing and 90 days)",
        f"费用缴至或有效期至：{shown_zh}；应不早于 {safe_until}（成交日后90日）",
        paid_to=shown,
        safe_until=safe_until,
    )


def little_life_left(facts: Facts) -> Iterator[Objection]:
    """ELG-13. A renewable mark's end is a renewal date, which ELG-12 watches."""
    for right in facts.rights:
        expires = right.asset.expires_on
        if expires is None or FACTS[right.asset.ip_type].has_nice_class:
            continue
        left = expires - facts.terms.closing_on
        if left < LIFE_LEFT_AT_LEAST:
            yield _object(
                right,
                "expires_on",
                f"{left.days} days are left at closing",
                f"成交时剩余保护期 {left.days} 日",
                expires_on=expires,
            )


def contested(facts: Facts) -> Iterator[Objection]:
    """ELG-14: invalidation, a request for non-use, litigation."""
    yield from _flagged(
        facts, AssetFlag.INVALIDATION_PENDING, "invalidation is pending", "无效宣告审查中"
    )
    yield from _flagged(
        facts, AssetFlag.NON_USE_REQUEST, "revocation for non-use was requested", "被申请撤三"
    )
    yield from _flagged(facts, AssetFlag.LITIGATION, "it is in litigation", "涉及诉讼")


def exclusively_licensed(facts: Facts) -> Iterator[Objection]:
    """ELG-15: disclosed for a sale; blocked where another licence is to be granted."""
    severity = Severity.BLOCK if facts.terms.route in _LICENCE_ROUTES else None
    yield from _flagged(
        facts,
        AssetFlag.EXCLUSIVE_LICENCE,
        "an exclusive or sole licence runs on after the sale",
        "已有独占或排他许可，转让后继续有效",
        severity=severity,
    )


def openly_licensed(facts: Facts) -> Iterator[Objection]:
    """ELG-16."""
    yield from _flagged(
        facts, AssetFlag.OPEN_LICENCE, "an open licence is in force", "开放许可生效中"
    )


def no_evaluation_report(facts: Facts) -> Iterator[Objection]:
    """ELG-17: utility models and designs are granted without examination."""
    for right in facts.rights:
        is_unexamined = right.asset.ip_type in (IpType.PATENT_UTILITY, IpType.PATENT_DESIGN)
        if is_unexamined and not right.asset.has_evaluation_report:
            yield _object(
                right, "has_evaluation_report", "there is no evaluation report", "无专利权评价报告"
            )


def same_day_pair(facts: Facts) -> Iterator[Objection]:
    """ELG-18."""
    yield from _flagged(
        facts,
        AssetFlag.SAME_DAY_PAIR,
        "an invention and a utility model were filed for it on one day",
        "同日申请发明与实用新型",
    )


def committed(facts: Facts) -> Iterator[Objection]:
    """ELG-31."""
    yield from _flagged(
        facts,
        AssetFlag.GOVERNMENT_FUNDED,
        "it came of a publicly funded project",
        "财政资金资助项目成果",
    )
    yield from _flagged(
        facts,
        AssetFlag.STANDARD_ESSENTIAL,
        "it is committed to a standard",
        "已作标准必要专利许可承诺",
    )


def _flagged(
    facts: Facts,
    flag: AssetFlag,
    message: str,
    message_zh: str,
    *,
    severity: Severity | None = None,
) -> Iterator[Objection]:
    for right in facts.rights:
        if flag in right.asset.flags:
            yield _object(right, "flags", message, message_zh, severity=severity, flag=flag.value)
