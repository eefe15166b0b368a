"""Who may be what in a claim, who reviews next, and how far a claim has come. Source: domain 5.2, 7 (segregation)."""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from uuid import NAMESPACE_URL, UUID, uuid5

from kit.errors import Conflict, Forbidden, InvalidInput
from kit.money import BP_ONE
from marketplace.cases.schemas import Case, CaseFlag, CaseState
from marketplace.claims.schemas import ClaimStatus, Review
from marketplace.monitoring.schemas import Alert
from marketplace.organisations.schemas import Caller, OrganisationKind, Role
from settlement.rules.case import Loan
from settlement.rules.scheme import Scheme

#: What kind of organisation stands behind each role of a scheme.
KIND_OF_ROLE: Mapping[str, OrganisationKind] = MappingProxyType(
    {
        "BANK": OrganisationKind.BANK,
        "GUARANTOR": OrganisationKind.GUARANTOR,
        "INSURER": OrganisationKind.INSURER,
        "VALUER": OrganisationKind.VALUER,
        "REGUARANTOR": OrganisationKind.REGUARANTOR,
        "FUND": OrganisationKind.FUND,
    }
)
#: At each fund these review, in this order.
REVIEW_ORDER = (Role.FUND_ADMINISTRATOR, Role.FUND_CHECKER)
_CLAIMABLE = frozenset(
    {
        CaseState.REGISTERED,
        CaseState.SUBMITTED,
        CaseState.APPROVED,
        CaseState.ROUTE_SET,
        CaseState.IN_DISPOSAL,
        CaseState.PARTLY_RECOVERED,
    }
)
_STATUS_OF_CASE: Mapping[str, ClaimStatus] = MappingProxyType(
    {
        "COMP_APPLIED": ClaimStatus.APPLIED,
        "COMP_REVIEWED": ClaimStatus.REVIEWED,
        "REJECTED": ClaimStatus.REJECTED,
        "ADVANCE_PAID": ClaimStatus.ADVANCED,
        "DISPOSAL": ClaimStatus.RECOVERING,
        "FINAL_CLEARING": ClaimStatus.CLEARED,
        "CLOSED": ClaimStatus.CLOSED,
        "WRITTEN_OFF": ClaimStatus.CLOSED,
        "SUSPENDED_BY_BREAKER": ClaimStatus.SUSPENDED,
        "CLAWED_BACK": ClaimStatus.CLOSED,
    }
)


class NotClaimable(Conflict):
    """This loan's state allows no claim. / 该贷款当前状态不能申请补偿。"""

    code = "not_claimable"


class ReviewComplete(Conflict):
    """Your fund has reviewed this claim. / 贵基金已完成审核。"""

    code = "review_complete"


def status_of(state: str, case_state: str | None) -> ClaimStatus:
    """How far a claim has come: its own state, then that of settlement's case."""
    if state == "approved" and case_state is not None:
        return _STATUS_OF_CASE[case_state]
    return ClaimStatus(state)


def borrower_id(credit_code: str) -> UUID:
    """The id under which settlement knows a borrower: made from the credit code, so that all banks share it."""
    return uuid5(NAMESPACE_URL, f"urn:luochui:borrower:{credit_code}")


def require_claimable(case: Case, *, today: date) -> None:
    """Refuse a loan that is not in default, or whose recovery has ended."""
    if case.state not in _CLAIMABLE:
        raise NotClaimable(
            f"loan {case.contract_number} is {case.state}; a claim needs it registered or in disposal",
            f"贷款 {case.contract_number} 当前状态为 {case.state}，须为已登记或处置中",
        )
    if case.defaulted_on > today:
        raise NotClaimable(
            f"loan {case.contract_number} is in default from {case.defaulted_on} on, which is to come",
            f"贷款 {case.contract_number} 的违约日 {case.defaulted_on} 尚未到来",
        )


#: Alerts that freeze a compensation application while they are open: a loan that may be fictitious (domain 1.6).
FREEZING = frozenset({"MON-01"})


def require_unsuspected(case: Case, alerts: Iterable[Alert]) -> None:
    """Refuse while an alert that is not dismissed says that the loan is fictitious, or on record twice (MON-01)."""
    for alert in alerts:
        if alert.code in FREEZING:
            raise NotClaimable(
                f"loan {case.contract_number}: alert {alert.code} is {alert.state} ({alert.message}); compensation is"
                " applied for once two people have dismissed it",
                f"贷款 {case.contract_number} 的预警 {alert.code} 未排除（{alert.message_zh}），"
                "经双人复核排除后方可申请补偿",
            )


def loan_of(case: Case, *, received_fen: int, flags: Iterable[str], scheme: Scheme) -> Loan:
    """The loan as the scheme's rules take it. Raises `InvalidInput` for a flag the scheme does not know."""
    known = {addon.flag for addon in scheme.addons}
    for flag in flags:
        if flag not in known:
            choices = ", ".join(sorted(known)) or "none"
            raise InvalidInput(
                "flags",
                f"{flag!r} is not a flag of this scheme; it has: {choices}",
                f"方案没有标识 {flag!r}；可用：{choices}",
            )
    if case.ip_part_bp is None and CaseFlag.COMBINED_COLLATERAL in case.flags:
        raise InvalidInput(
            "case_id",
            "the loan has combined collateral; state its ip_part_bp first",
            "组合担保贷款须先填写知识产权质押部分占比",
        )
    return Loan(
        amount_fen=case.loan_amount_fen,
        principal_fen=case.principal_fen,
        interest_fen=case.interest_fen,
        penalty_fen=case.penalty_fen,
        received_fen=received_fen,
        ip_part_bp=BP_ONE if case.ip_part_bp is None else case.ip_part_bp,
        flags=tuple(sorted(set(flags))),
    )


def whole_parties(scheme: Scheme, given: Mapping[str, UUID], *, bank_id: UUID) -> dict[str, UUID]:
    """Every party of the scheme with its organisation; the bank is the applicant."""
    parties = {scheme.bank: bank_id} | dict(given)
    if parties[scheme.bank] != bank_id:
        raise InvalidInput(f"parties.{scheme.bank}", "must be your own bank", "须为本行")
    if set(parties) != set(scheme.names):
        wanted = ", ".join(name for name in scheme.names if name != scheme.bank)
        raise InvalidInput(
            "parties", f"must name an organisation for each of: {wanted}", f"须逐一指定：{wanted}"
        )
    return {name: parties[name] for name in scheme.names}


def require_kinds(
    scheme: Scheme, parties: Mapping[str, UUID], kinds: Mapping[UUID, OrganisationKind]
) -> None:
    """Refuse an organisation that is unknown, switched off, or of another kind than the party's role needs."""
    for party in scheme.parties:
        wanted = KIND_OF_ROLE[party.role]
        if kinds.get(parties[party.party]) is not wanted:
            raise InvalidInput(
                f"parties.{party.party}",
                f"must be an active organisation of kind {wanted}",
                f"须为有效的 {wanted} 类机构",
            )


def next_review(reviews: Iterable[Review], fund_id: UUID, caller: Caller) -> Role:
    """The role in which `caller` reviews for the fund. Raises `ReviewComplete`, or `Forbidden` without that role."""
    done = {review.role for review in reviews if review.fund_id == fund_id}
    for role in REVIEW_ORDER:
        if role not in done:
            if not caller.has(role):
                raise Forbidden(
                    f"this review is for somebody who is {role}", f"此步审核须由 {role} 进行"
                )
            return role
    raise ReviewComplete


def is_last_review(reviews: Iterable[Review], fund_ids: Iterable[UUID]) -> bool:
    """Whether every fund has been through with its reviews."""
    done = {(review.fund_id, review.role) for review in reviews if review.approved}
    return all((fund_id, role) in done for fund_id in fund_ids for role in REVIEW_ORDER)
