"""Whether pledged rights may be put up for sale: the checks ELG-xx as a table. Source: domain 3.10.

Every check is one entry of `CHECKS`: its code, its usual severity, the rule it rests on, and a function from the
facts to objections. A new rule is a new entry; the runner does not change. B blocks publication, H holds until
cured or overridden by a checker with a reason, W is disclosed.
"""

from collections.abc import Sequence

from marketplace.consignments import checks_of_claims as claims
from marketplace.consignments import checks_of_rights as rights
from marketplace.consignments.facts import Check, EligibilityFinding, Facts
from marketplace.lots.regimes import Severity

_B, _H, _W = Severity.BLOCK, Severity.HOLD, Severity.WARN

CHECKS: tuple[Check, ...] = (
    Check(
        code="ELG-01",
        severity=_B,
        title="the right is not in force",
        title_zh="权利未生效或已失效",
        source="Patent Law 42-47; domain 3.10",
        examine=rights.not_in_force,
    ),
    Check(
        code="ELG-02",
        severity=_B,
        title="the registered owner is not the pledgor",
        title_zh="登记权利人与出质人不一致",
        source="CNIPA notice 461 (2021), non-registration list",
        examine=rights.owner_is_not_pledgor,
    ),
    Check(
        code="ELG-03",
        severity=_B,
        title="the consignor is not the registered pledgee",
        title_zh="委托人不是登记的质权人",
        source="Civil Code 444(1)",
        examine=rights.consignor_is_not_pledgee,
    ),
    Check(
        code="ELG-04",
        severity=_B,
        title="there is no power to dispose",
        title_zh="缺少处置权依据",
        source="Civil Code 410, 436, 444; Enterprise Bankruptcy Law 19, 75",
        examine=claims.no_authority,
    ),
    Check(
        code="ELG-05",
        severity=_B,
        title="the claim's limitation has expired",
        title_zh="主债权诉讼时效届满",
        source="Judicial interpretation on security 44(3); Civil Code 188, 195",
        examine=claims.limitation_expired,
    ),
    Check(
        code="ELG-06",
        severity=_B,
        title="the default is not proven",
        title_zh="违约事实未证明",
        source="Civil Code 436",
        examine=claims.default_not_proven,
    ),
    Check(
        code="ELG-07",
        severity=_B,
        title="a co-owner has not consented",
        title_zh="共有人未同意",
        source="Patent Law 14; Copyright Law 14",
        examine=rights.co_owner_has_not_consented,
    ),
    Check(
        code="ELG-08",
        severity=_H,
        title="the transfer cannot be recorded",
        title_zh="被保全或中止，无法办理转移登记",
        source="Patent Law implementing rules 103-105",
        examine=rights.cannot_be_recorded,
    ),
    Check(
        code="ELG-09",
        severity=_B,
        title="the trademark bundle is incomplete",
        title_zh="相同近似商标未一并转让",
        source="Trademark Law 42; implementing rules 31-32",
        examine=rights.bundle_incomplete,
    ),
    Check(
        code="ELG-10",
        severity=_B,
        title="the right may not be sold in the open market",
        title_zh="该类权利不得公开处置",
        source="domain 3.1; Defence Patent Rules 7-8",
        examine=rights.not_sellable,
    ),
    Check(
        code="ELG-11",
        severity=_B,
        title="a qualified buyer is needed and no rule says who qualifies",
        title_zh="需合格受让主体而未设定条件",
        source="domain 3.1 (collective and certification marks)",
        examine=rights.no_buyer_rule,
    ),
    Check(
        code="ELG-12",
        severity=_H,
        title="a fee or renewal falls due before closing and 90 days",
        title_zh="年费或续展在成交后90日内到期",
        source="Patent Law implementing rules 115; Trademark Law 40; domain 3.6",
        examine=rights.fee_not_safe,
    ),
    Check(
        code="ELG-13",
        severity=_W,
        title="less than a year is left",
        title_zh="剩余保护期不足一年",
        source="domain 3.10",
        examine=rights.little_life_left,
    ),
    Check(
        code="ELG-14",
        severity=_W,
        title="the right is being contested",
        title_zh="存在无效、撤三或诉讼",
        source="domain 3.10",
        examine=rights.contested,
    ),
    Check(
        code="ELG-15",
        severity=_W,
        title="an exclusive or sole licence burdens the right",
        title_zh="存在独占或排他许可",
        source="domain 3.4",
        examine=rights.exclusively_licensed,
    ),
    Check(
        code="ELG-16",
        severity=_W,
        title="an open licence is in force",
        title_zh="开放许可生效中",
        source="Patent Law 51",
        examine=rights.openly_licensed,
    ),
    Check(
        code="ELG-17",
        severity=_W,
        title="no evaluation report",
        title_zh="无专利权评价报告",
        source="domain 3.1 (utility models and designs)",
        examine=rights.no_evaluation_report,
    ),
    Check(
        code="ELG-18",
        severity=_W,
        title="an invention and a utility model were filed for it on one day",
        title_zh="同日申请发明与实用新型",
        source="CNIPA notice 461 (2021), non-registration list",
        examine=rights.same_day_pair,
    ),
    Check(
        code="ELG-19",
        severity=_H,
        title="no valuation that counts",
        title_zh="无有效评估",
        source="domain 4.3",
        examine=claims.valuation_does_not_count,
    ),
    Check(
        code="ELG-20",
        severity=_B,
        title="the start price is below the regime's floor",
        title_zh="起始价低于法定底线",
        source="法释〔2016〕18号 art. 10",
        examine=claims.start_price_below_floor,
    ),
    Check(
        code="ELG-22",
        severity=_W,
        title="the deposit is not 5% to 20% of the start price",
        title_zh="保证金不在起始价的5%至20%之间",
        source="法释〔2016〕18号 art. 17",
        examine=claims.deposit_unusual,
    ),
    Check(
        code="ELG-31",
        severity=_W,
        title="government funding or a standard commitment burdens the right",
        title_zh="涉及财政资金项目或标准必要承诺",
        source="domain 3.8, 3.10",
        examine=rights.committed,
    ),
    Check(
        code="ELG-32",
        severity=_H,
        title="the share of the loan that the rights secure is not stated",
        title_zh="组合贷未载明知识产权质押占比",
        source="domain 3.10 (needed for compensation)",
        examine=claims.share_not_stated,
    ),
)


def eligibility(facts: Facts, checks: Sequence[Check] = CHECKS) -> list[EligibilityFinding]:
    """What the checks hold against the sale of these rights on these terms; empty when nothing."""
    return [
        EligibilityFinding(
            code=check.code,
            severity=objection.severity or check.severity,
            field=objection.field,
            subject=objection.subject,
            message=objection.message,
            message_zh=objection.message_zh,
            evidence=objection.evidence,
            source=check.source,
        )
        for check in checks
        for objection in check.examine(facts)
    ]
