"""Eligibility checks that look at the claim, the power to dispose, the valuation and the price. Source: domain 3.10."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from kit.money import yuan
from marketplace.assets.schemas import AssetFlag
from marketplace.assets.terms import add_years
from marketplace.cases.schemas import CaseFlag
from marketplace.consignments.facts import Facts, Objection
from marketplace.consignments.schemas import Authority, Route
from marketplace.lots import regimes
from marketplace.lots.regimes import Regime, Severity
from marketplace.valuations.kinds import ValuationKind
from marketplace.valuations.rules import LoanSize, is_kind_allowed, is_valid_on

#: Civil Code 188: three years, counted anew from a demand (195).
LIMITATION_YEARS = 3

#: In bankruptcy enforcement stops; only the court or the administrator can let a sale go on (domain 3.3).
_BANKRUPTCY_AUTHORITIES = frozenset(
    {Authority.ADMINISTRATOR_CONSENT, Authority.COURT_ORDER_REALISATION}
)
#: A court's sale is held on a court's order (domain 0.3).
_COURT_AUTHORITIES = frozenset(
    {
        Authority.COURT_ORDER_REALISATION,
        Authority.ENFORCEMENT_CASE,
        Authority.NOTARISED_ENFORCEABLE_DEBT,
    }
)
#: A pledgee has no power of its own to license (domain 3.3, Civil Code 444(2)).
_LICENCE_ROUTES = frozenset(
    {Route.SECOND_LICENCE, Route.REVERSE_LICENCE, Route.LICENCE_THEN_TRANSFER}
)
_LICENCE_AUTHORITIES = frozenset(
    {
        Authority.POST_DEFAULT_AGREEMENT,
        Authority.PLEDGOR_VOLUNTARY_TRANSFER_WITH_CONSENT,
        Authority.ENFORCEMENT_CASE,
    }
)


def _object(
    facts: Facts,
    field: str,
    message: str,
    message_zh: str,
    *,
    severity: Severity | None = None,
    subject: str | None = None,
    **evidence: object,
) -> Objection:
    return Objection(
        subject=subject or facts.case.contract_number,
        field=field,
        message=message,
        message_zh=message_zh,
        evidence={name: str(value) for name, value in evidence.items()},
        severity=severity,
    )


def no_authority(facts: Facts) -> Iterator[Objection]:
    """ELG-04: none stated, or one that does not carry this sale."""
    authority = facts.terms.authority
    if authority is None or not facts.terms.authority_document.strip():
        yield _object(
            facts,
            "authority",
            "no power to dispose is stated with its document (pledge contract, agreement, court order ...)",
            "未载明处置权依据及文件（质押合同自行处置条款、违约后协议、法院裁定等）",
        )
        return
    if CaseFlag.PLEDGOR_BANKRUPT in facts.case.flags and authority not in _BANKRUPTCY_AUTHORITIES:
        yield _object(
            facts,
            "authority",
            f"the pledgor is bankrupt or in restructuring; {authority.value} does not do, the administrator's consent"
            " or a court's order would",
            f"出质人已破产或重整，{authority.value} 不足；须管理人同意或法院裁定",
            authority=authority.value,
        )
    if facts.terms.regime is Regime.JUDICIAL_NETWORK and authority not in _COURT_AUTHORITIES:
        yield _object(
            facts,
            "authority",
            f"a judicial sale needs a court's order or case; {authority.value} is none",
            f"网络司法拍卖须有法院裁定或执行案件，{authority.value} 不足",
            authority=authority.value,
        )
    if facts.terms.route in _LICENCE_ROUTES and authority not in _LICENCE_AUTHORITIES:
        yield _object(
            facts,
            "authority",
            f"a pledgee may not license on its own; {authority.value} does not do, the pledgor's agreement would",
            f"质权人无权自行许可，{authority.value} 不足；须与出质人协议",
            authority=authority.value,
        )


def limitation_ends_on(facts: Facts) -> date:
    """The claim's limitation as recorded, else three years from the later of due date and last demand.

    A demand counts it anew only while it runs (Civil Code 195): one that came after its end revives nothing. Where an
    earlier demand kept it running, the day on which it ends is to be recorded.
    """
    case = facts.case
    if case.limitation_ends_on is not None:
        return case.limitation_ends_on
    ends = add_years(case.due_on, LIMITATION_YEARS)
    demanded = case.demanded_on
    if demanded is None or not case.due_on < demanded <= ends:
        return ends
    return add_years(demanded, LIMITATION_YEARS)


def limitation_expired(facts: Facts) -> Iterator[Objection]:
    """ELG-05."""
    ends = limitation_ends_on(facts)
    if ends < facts.today:
        yield _object(
            facts,
            "limitation_ends_on",
            f"the claim's limitation ended on {ends}; the pledge can no longer be enforced. If a demand before that"
            " day interrupted it, record when it ends",
            f"主债权诉讼时效已于 {ends} 届满，质权不能再行使；届满前曾催收中断的，请填写时效届满日",
            limitation_ends_on=ends,
        )


def default_not_proven(facts: Facts) -> Iterator[Objection]:
    """ELG-06: in default only from tomorrow, or never demanded."""
    case = facts.case
    if case.defaulted_on > facts.today:
        yield _object(
            facts,
            "defaulted_on",
            f"the default lies in the future ({case.defaulted_on})",
            f"违约日 {case.defaulted_on} 晚于今日",
            defaulted_on=case.defaulted_on,
        )
    if case.demanded_on is None:
        yield _object(
            facts,
            "demanded_on",
            "no demand notice is on record; enter the day on which it was served",
            "未登记催收通知；请填写送达日",
        )


def valuation_does_not_count(facts: Facts) -> Iterator[Objection]:
    """ELG-19: missing, expired, or internal for a loan above CNY 10 million or what its scheme widened it to."""
    for right in facts.rights:
        number, report = right.asset.number, right.valuation
        if report is None:
            yield _object(
                facts,
                "valuation",
                "there is no valuation",
                "无评估",
                subject=number,
            )
            continue
        if not is_valid_on(facts.today, base_on=report.base_on, valid_to=report.valid_to):
            yield _object(
                facts,
                "valuation",
                # Without the day: the finding is the same one tomorrow, and so is its override.
                f"valuation {report.report_number} holds from {report.base_on} to {report.valid_to} only, a year at"
                " most, and not now",
                f"评估 {report.report_number} 有效期为 {report.base_on} 至 {report.valid_to}（最长一年），目前无效",
                subject=number,
                report=report.report_number,
                valid_to=report.valid_to,
            )
        loan = LoanSize(facts.case.loan_amount_fen, facts.internal_limit_fen)
        if not is_kind_allowed(report.kind, loan=loan):
            yield _object(
                facts,
                "valuation",
                f"the loan is {yuan(facts.case.loan_amount_fen)}, above {yuan(loan.limit_fen)};"
                " it needs a valuation from outside",
                f"贷款金额 {yuan(facts.case.loan_amount_fen)} 元，超过 {yuan(loan.limit_fen)} 元，"
                "须外部评估",
                subject=number,
                report=report.report_number,
                kind=report.kind.value,
            )
        is_state_owned = AssetFlag.STATE_OWNED in right.asset.flags
        if is_state_owned and not (report.kind is ValuationKind.EXTERNAL and report.is_filed):
            yield _object(
                facts,
                "valuation",
                "a state-owned right needs a valuation from outside that is filed",
                "国有权利人的知识产权须经备案的外部评估",
                subject=number,
                report=report.report_number,
                filed=report.is_filed,
            )


def start_price_below_floor(facts: Facts) -> Iterator[Objection]:
    """ELG-20, as the regime's own rules have it; a state-owned right is first listed at its filed valuation at least,
    unless the approving body consented to less (32号令; domain 2.5). Below 90% ELG-23 asks for that consent, too.
    """
    yield from _price_objections(facts, "ELG-20")
    terms = facts.terms
    is_states = any(AssetFlag.STATE_OWNED in right.asset.flags for right in facts.rights)
    if not is_states or terms.regime is not Regime.EXCHANGE or terms.state_approval.strip():
        return
    if terms.start_price_fen < facts.valuation_fen:
        yield _object(
            facts,
            "start_price_fen",
            f"the first floor {yuan(terms.start_price_fen)} is below the filed valuation {yuan(facts.valuation_fen)}"
            " (SASAC and MOF Order 32)",
            f"首次挂牌底价 {yuan(terms.start_price_fen)} 元低于备案评估值 {yuan(facts.valuation_fen)} 元"
            "（国资委、财政部令第32号）",
            start_price_fen=terms.start_price_fen,
            valuation_fen=facts.valuation_fen,
        )


def deposit_unusual(facts: Facts) -> Iterator[Objection]:
    """ELG-22, as the regime's own rules have it: blocked in a court's sale, disclosed elsewhere."""
    yield from _price_objections(facts, "ELG-22")


def _price_objections(facts: Facts, code: str) -> Iterator[Objection]:
    """What the regime says of start price and deposit; times do not matter to it, and are stand-ins here."""
    opens_at = datetime.combine(facts.terms.closing_on, time(), UTC)
    terms = regimes.Terms(
        regime=facts.terms.regime,
        format="english",
        start_price_fen=facts.terms.start_price_fen,
        reserve_price_fen=facts.terms.reserve_price_fen,
        deposit_fen=facts.terms.deposit_fen,
        valuation_fen=facts.valuation_fen,
        opens_at=opens_at,
        closes_at=opens_at + timedelta(days=1),
    )
    for finding in regimes.check_terms(terms):
        if finding.code == code:
            yield _object(
                facts,
                finding.field,
                finding.message,
                finding.message_zh,
                start_price_fen=terms.start_price_fen,
                deposit_fen=terms.deposit_fen,
                valuation_fen=terms.valuation_fen,
            )


def share_not_stated(facts: Facts) -> Iterator[Objection]:
    """ELG-32: a combined loan (组合贷) is compensated for the part that rights secure, so that part must be known."""
    if CaseFlag.COMBINED_COLLATERAL in facts.case.flags and facts.case.ip_part_bp is None:
        yield _object(
            facts,
            "ip_part_bp",
            "the loan has other collateral too; state the share that intellectual property secures",
            "组合贷未载明知识产权质押占比",
        )
