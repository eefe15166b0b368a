"""The eligibility checks: one set of facts that trips each, one that does not."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from marketplace.consignments.facts import Facts
from marketplace.consignments.rules import CHECKS, eligibility
from marketplace.diligence.rules import fingerprint
from marketplace.lots.regimes import Severity
from marketplace.pledges.schemas import PledgeState
from tests.make_portfolio import facts, some_credit_code

B, H, W = Severity.BLOCK, Severity.HOLD, Severity.WARN


def replaced(given: Facts, **changed: Any) -> Facts:
    """The same facts with the first right changed."""
    right = msgspec.structs.replace(given.rights[0], **changed)
    return msgspec.structs.replace(given, rights=(right,))


def widened(limit_fen: int, *, loan_amount_fen: int) -> Facts:
    """A loan valued from inside, under a scheme that widened the limit."""
    given = facts(valuation={"kind": "internal"}, case={"loan_amount_fen": loan_amount_fen})
    return msgspec.structs.replace(given, internal_limit_fen=limit_fen)


def cancelled() -> Facts:
    given = facts()
    pledge = msgspec.structs.replace(given.rights[0].pledges[0], state=PledgeState.CANCELLED)
    return replaced(given, pledges=(pledge,))


TRIPS: list[tuple[str, Severity, Facts]] = [
    *(
        ("ELG-01", B, facts(asset={"legal_status": status}))
        for status in ("lapsed", "invalidated", "revoked", "expired", "pending")
    ),
    ("ELG-01", B, facts(asset={"expires_on": "2026-12-14"})),
    ("ELG-02", B, facts(asset={"owner_code": some_credit_code(9)})),
    ("ELG-02", B, facts(asset={"owner_code": None, "owner_name": "他人"})),
    ("ELG-03", B, replaced(facts(), pledges=())),
    ("ELG-03", B, cancelled()),
    ("ELG-03", B, facts(consignor_code=some_credit_code(8))),
    ("ELG-03", B, facts(consignor_code=None)),
    ("ELG-03", B, facts(pledge={"joint_pledgees": [{"name": "乙银行", "has_consented": False}]})),
    ("ELG-04", B, facts(terms={"authority": None, "authority_document": ""})),
    ("ELG-04", B, facts(case={"flags": ["pledgor_bankrupt"]})),
    ("ELG-04", B, facts(terms={"regime": "judicial_network"})),
    ("ELG-04", B, facts(terms={"route": "second_licence"})),
    ("ELG-05", B, facts(case={"limitation_ends_on": "2026-11-01"})),
    (
        "ELG-05",
        B,
        facts(
            case={"due_on": "2023-01-01", "granted_on": "2022-01-01", "demanded_on": "2023-11-01"}
        ),
    ),
    ("ELG-05", B, facts(case={"due_on": "2023-11-01", "demanded_on": "2026-11-02"})),  # too late
    ("ELG-05", B, facts(case={"due_on": "2020-03-01", "demanded_on": "2025-06-05"})),
    ("ELG-06", B, facts(case={"demanded_on": None})),
    ("ELG-06", B, facts(case={"defaulted_on": "2026-11-03"})),
    ("ELG-07", B, facts(asset={"co_owners": [{"name": "共有人", "has_consented": False}]})),
    ("ELG-08", H, facts(asset={"flags": ["preservation"]})),
    ("ELG-08", B, facts(asset={"flags": ["ownership_suspended"]}, terms={"regime": "exchange"})),
    ("ELG-08", B, facts(asset={"flags": ["preservation"]}, terms={"regime": "agreement"})),
    ("ELG-09", B, facts(mark=True)),
    (
        "ELG-09",
        B,
        replaced(facts(mark=True, terms={"has_bundle_statement": True}), marks_left_out=("1",)),
    ),
    ("ELG-10", B, facts(asset={"ip_type": "gi_product", "number": "示例地理标志"})),
    ("ELG-10", B, facts(asset={"ip_type": "animal_variety", "number": "示例品种"})),
    ("ELG-10", B, facts(asset={"flags": ["defence_patent"]})),
    ("ELG-10", B, facts(asset={"flags": ["secret_patent"]})),
    ("ELG-11", B, facts(mark=True, asset={"ip_type": "tm_collective"})),
    ("ELG-12", H, facts(asset={"fee_paid_to": "2027-03-14"})),
    ("ELG-12", H, facts(asset={"fee_paid_to": None})),
    ("ELG-12", H, facts(mark=True, asset={"expires_on": "2027-03-14"})),
    ("ELG-13", W, facts(asset={"expires_on": "2027-12-14"})),
    ("ELG-14", W, facts(asset={"flags": ["invalidation_pending"]})),
    ("ELG-14", W, facts(mark=True, asset={"flags": ["non_use_request"]})),
    ("ELG-14", W, facts(asset={"flags": ["litigation"]})),
    ("ELG-15", W, facts(asset={"flags": ["exclusive_licence"]})),
    ("ELG-15", B, facts(asset={"flags": ["exclusive_licence"]}, terms={"route": "trade_licence"})),
    ("ELG-16", W, facts(asset={"flags": ["open_licence"]})),
    ("ELG-17", W, facts(asset={"ip_type": "patent_utility"})),
    ("ELG-18", W, facts(asset={"flags": ["same_day_pair"]})),
    ("ELG-19", H, replaced(facts(), valuation=None)),
    ("ELG-19", H, facts(valuation={"valid_to": "2026-11-01"})),
    ("ELG-19", H, facts(valuation={"kind": "internal"}, case={"loan_amount_fen": 1_000_000_001})),
    ("ELG-19", H, facts(valuation={"kind": "negotiated"}, case={"loan_amount_fen": 1_000_000_001})),
    ("ELG-19", H, widened(2_000_000_000, loan_amount_fen=2_000_000_001)),
    ("ELG-20", B, facts(terms={"regime": "judicial_network", "start_price_fen": 209_999_999})),
    ("ELG-22", B, facts(terms={"regime": "judicial_network", "deposit_fen": 10_499_999})),
    ("ELG-22", W, facts(terms={"deposit_fen": 42_000_001})),
    ("ELG-31", W, facts(asset={"flags": ["government_funded"]})),
    ("ELG-31", W, facts(asset={"flags": ["standard_essential"]})),
    ("ELG-32", H, facts(case={"flags": ["combined_collateral"]})),
]

#: The nearest facts that a check lets pass; the plain facts pass them all.
PASSES: list[tuple[str, Facts]] = [
    ("ELG-01", facts(asset={"expires_on": "2026-12-15"})),
    ("ELG-02", facts(asset={"owner_code": None})),
    ("ELG-03", facts(pledge={"joint_pledgees": [{"name": "乙银行", "has_consented": True}]})),
    (
        "ELG-04",
        facts(case={"flags": ["pledgor_bankrupt"]}, terms={"authority": "administrator_consent"}),
    ),
    ("ELG-04", facts(terms={"regime": "judicial_network", "authority": "court_order_realisation"})),
    ("ELG-04", facts(terms={"route": "second_licence", "authority": "post_default_agreement"})),
    ("ELG-05", facts(case={"limitation_ends_on": "2026-11-02"})),
    ("ELG-05", facts(case={"due_on": "2023-11-01", "demanded_on": "2026-11-01"})),
    (
        "ELG-05",  # an earlier demand kept it running, as recorded
        facts(
            case={
                "due_on": "2020-03-01",
                "demanded_on": "2025-06-05",
                "limitation_ends_on": "2028-06-05",
            }
        ),
    ),
    ("ELG-06", facts(case={"defaulted_on": "2026-11-02"})),
    ("ELG-07", facts(asset={"co_owners": [{"name": "共有人", "has_consented": True}]})),
    ("ELG-09", facts(mark=True, terms={"has_bundle_statement": True})),
    (
        "ELG-11",
        facts(
            mark=True, asset={"ip_type": "tm_collective"}, terms={"buyer_conditions": "行业协会"}
        ),
    ),
    ("ELG-12", facts(asset={"fee_paid_to": "2027-03-15"})),
    ("ELG-12", facts(mark=True, asset={"expires_on": "2027-03-15"})),
    ("ELG-13", facts(asset={"expires_on": "2027-12-15"})),
    ("ELG-17", facts(asset={"ip_type": "patent_utility", "has_evaluation_report": True})),
    ("ELG-19", facts(valuation={"kind": "internal"}, case={"loan_amount_fen": 1_000_000_000})),
    ("ELG-19", widened(2_000_000_000, loan_amount_fen=2_000_000_000)),
    ("ELG-19", facts(valuation={"valid_to": "2026-11-02"})),
    ("ELG-20", facts(terms={"regime": "judicial_network", "start_price_fen": 210_000_000})),
    ("ELG-22", facts(terms={"deposit_fen": 10_500_000})),
    ("ELG-22", facts(terms={"deposit_fen": 42_000_000})),
    ("ELG-32", facts(case={"flags": ["combined_collateral"], "ip_part_bp": 6000})),
]


def numbered(cases: Sequence[tuple[Any, ...]]) -> list[str]:
    """The rule's code and the case's number, for the report."""
    return [f"{case[0]}-{number}" for number, case in enumerate(cases)]


def test_plain_facts_pass_every_check() -> None:
    """The facts that the other tests change one thing in have nothing against them."""
    assert eligibility(facts()) == []


@pytest.mark.parametrize(("code", "severity", "given"), TRIPS, ids=numbered(TRIPS))
def test_each_check_trips(code: str, severity: Severity, given: Facts) -> None:
    """Facts against a rule are found under its code and severity, with both languages, evidence and source."""
    found = [finding for finding in eligibility(given) if finding.code == code]
    assert found
    assert {finding.severity for finding in found} == {severity}
    for finding in found:
        assert finding.subject
        assert finding.message != finding.message_zh
        assert any("\u4e00" <= c <= "\u9fff" for c in finding.message_zh)
        assert finding.source


@pytest.mark.parametrize(("code", "given"), PASSES, ids=numbered(PASSES))
def test_each_check_lets_the_limit_pass(code: str, given: Facts) -> None:
    """The last facts inside a rule's limit are not found."""
    assert code not in {finding.code for finding in eligibility(given)}


@pytest.mark.parametrize(
    ("code", "given"), [(code, given) for code, severity, given in TRIPS if severity is H]
)
def test_what_holds_is_the_same_finding_tomorrow(code: str, given: Facts) -> None:
    """An override counts for what was seen, not for the day: tomorrow the same facts are passed over still."""
    tomorrow = msgspec.structs.replace(given, today=given.today + timedelta(days=1))
    first, second = (
        {fingerprint(finding) for finding in eligibility(each) if finding.code == code}
        for each in (given, tomorrow)
    )
    assert first
    assert first == second


def test_every_check_of_the_table_is_tried() -> None:
    """No entry of the table is without a test that trips it, and codes are unique and in order."""
    codes = [check.code for check in CHECKS]
    assert codes == sorted(set(codes))
    elsewhere = {f"ELG-{number}" for number in (21, *range(23, 31))}  # test_sale_checks.py
    assert {code for code, _, _ in TRIPS} == set(codes) - elsewhere


def test_a_package_valuation_counts_once() -> None:
    """Two rights valued together are worth their one report, not two of it."""
    given = facts()
    twice = msgspec.structs.replace(given, rights=given.rights * 2)
    assert given.valuation_fen == twice.valuation_fen == 300_000_000
    assert given.today == date(2026, 11, 2)
