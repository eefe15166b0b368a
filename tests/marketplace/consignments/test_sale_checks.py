"""The eligibility checks that look at the sale around the rights, and the rules as data."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from marketplace.burdens.rules import with_burdens
from marketplace.burdens.schemas import Burden, BurdenKind, BurdenState
from marketplace.cases.schemas import CaseState
from marketplace.consignments.eligibility import CHECK_SET, EXAMINE, eligibility
from marketplace.consignments.facts import Facts, Listed, as_listed, told_too_late
from marketplace.lots.regimes import Regime, Severity
from marketplace.monitoring.schemas import Alert, AlertState, Level
from marketplace.pledges.schemas import Pledge
from tests.make_portfolio import MOMENT, facts

B, H, W = Severity.BLOCK, Severity.HOLD, Severity.WARN
FUND = UUID(int=77)
STATE = {"flags": ["state_owned"]}
FILED = {"is_filed": True}
DATA = {"ip_type": "data_ip", "number": "数知登字0001"}
ATTESTED = {
    "type": "data",
    "is_source_lawful": True,
    "personal_data": "none",
    "security_class": "general",
}
SOFTWARE = {"ip_type": "software_copyright", "number": "2020SR1234567"}


def alert(code: str, state: AlertState = AlertState.OPEN) -> Alert:
    """An alert about the loan, as a rule one that is not closed."""
    return Alert(
        id=UUID(int=9),
        organisation_id=UUID(int=1),
        code=code,
        level=Level.HIGH,
        case_id=None,
        asset_id=None,
        subject="L-1",
        message="seen",
        message_zh="发现",
        evidence={},
        signals_version="2026-11",
        state=state,
        reviewer_id=None,
        closed_by=None,
        version=1,
        raised_at=MOMENT,
        updated_at=MOMENT,
    )


def with_senior(amount_fen: int, registered_on: str) -> Facts:
    """Another creditor's pledge over the same mark."""
    given = facts(mark=True, terms={"has_bundle_statement": True})
    right = given.rights[0]
    senior: Pledge = msgspec.structs.replace(
        right.pledges[0],
        id=UUID(int=3),
        case_id=UUID(int=4),
        registered_on=date.fromisoformat(registered_on),
        secured_amount_fen=amount_fen,
    )
    right = msgspec.structs.replace(right, pledges=(*right.pledges, senior))
    return msgspec.structs.replace(given, rights=(right,))


def frozen() -> Facts:
    given = facts()
    return msgspec.structs.replace(
        given,
        case=msgspec.structs.replace(
            given.case, state=CaseState.FROZEN, frozen_from=CaseState.REGISTERED
        ),
    )


def sale(regime: str, **terms: Any) -> dict[str, Any]:
    return {"regime": regime, **terms}


def component(is_compatible: bool | None) -> dict[str, Any]:
    part = {"name": "libx", "licence": "GPL-3.0", "is_compatible": is_compatible}
    return {"details": {"type": "copyright", "components": [part]}}


COURT = {"regime": "judicial_network", "authority": "court_order_realisation"}
TRIPS: list[tuple[str, Severity, Facts]] = [
    ("ELG-21", B, facts(terms={"closing_on": "2026-11-08"})),
    ("ELG-21", B, facts(terms=COURT | {"closing_on": "2026-12-01"})),
    ("ELG-21", B, facts(terms=sale("exchange", closing_on="2026-11-15"))),
    ("ELG-21", B, facts(unnotified=("优先购买权人甲",))),
    ("ELG-23", B, facts(asset=STATE, valuation=FILED)),
    (
        "ELG-23",
        B,
        facts(asset=STATE, valuation=FILED, terms=sale("exchange", start_price_fen=269_999_999)),
    ),
    (
        "ELG-20",
        B,
        facts(asset=STATE, valuation=FILED, terms=sale("exchange", start_price_fen=299_999_999)),
    ),
    ("ELG-24", B, facts(terms={"foreign_bidders": True})),
    ("ELG-24", B, facts(terms={"foreign_bidders": True}, asset={"export_class": "prohibited"})),
    ("ELG-24", B, facts(terms={"foreign_bidders": True}, asset={"export_class": "restricted"})),
    ("ELG-25", B, facts(asset=DATA)),
    ("ELG-25", B, facts(asset=DATA | {"details": ATTESTED | {"is_source_lawful": False}})),
    ("ELG-25", B, facts(asset=DATA | {"details": ATTESTED | {"personal_data": None}})),
    ("ELG-25", B, facts(asset=DATA | {"details": ATTESTED | {"security_class": None}})),
    (
        "ELG-26",
        W,
        facts(asset=SOFTWARE | {"details": {"type": "copyright", "moral_rights_in_scope": True}}),
    ),
    ("ELG-26", W, facts(asset=SOFTWARE | component(False))),
    ("ELG-26", W, facts(asset=SOFTWARE | component(None))),
    ("ELG-27", H, with_senior(210_000_000, "2024-03-09")),
    *(("ELG-28", H, facts(alerts=(alert(f"MON-0{n}"),))) for n in (1, 2, 5)),
    ("ELG-28", B, frozen()),
    ("ELG-28", B, facts(alerts=(alert("MON-01", AlertState.CONFIRMED),))),
    ("ELG-29", H, facts(fund_ids=(FUND,))),
    ("ELG-30", B, facts(terms={"consignor_may_bid": True})),
    ("ELG-30", W, facts(terms=sale("exchange", consignor_may_bid=True))),
    ("ELG-30", W, facts(terms=sale("agreement", consignor_may_bid=True))),
    ("ELG-19", H, facts(asset=STATE)),
]
PASSES: list[tuple[str, Facts]] = [
    ("ELG-21", facts(terms={"closing_on": "2026-11-09"})),
    ("ELG-21", facts(terms=COURT | {"closing_on": "2026-12-02"})),
    ("ELG-21", facts(terms=sale("exchange", closing_on="2026-11-16"))),
    ("ELG-21", facts(terms=sale("agreement", closing_on="2026-11-03"))),
    ("ELG-21", facts(terms={"closing_on": "2026-11-03"}, is_planned=False)),
    (
        "ELG-23",
        facts(asset=STATE, valuation=FILED, terms=sale("exchange", start_price_fen=270_000_000)),
    ),
    (
        "ELG-23",
        facts(asset=STATE, valuation=FILED, terms=sale("exchange", state_approval="批复1号")),
    ),
    (
        "ELG-20",
        facts(asset=STATE, valuation=FILED, terms=sale("exchange", start_price_fen=300_000_000)),
    ),
    (
        "ELG-20",
        facts(asset=STATE, valuation=FILED, terms=sale("exchange", state_approval="批复1号")),
    ),
    ("ELG-20", facts(valuation=FILED, terms=sale("exchange", start_price_fen=299_999_999))),
    ("ELG-23", facts(asset=STATE, valuation=FILED, terms=COURT)),
    ("ELG-19", facts(asset=STATE, valuation=FILED)),
    ("ELG-24", facts(asset={"export_class": None})),
    ("ELG-24", facts(terms={"foreign_bidders": True}, asset={"export_class": "free"})),
    (
        "ELG-24",
        facts(
            terms={"foreign_bidders": True, "buyer_conditions": "须持技术出口许可意向书"},
            asset={"export_class": "restricted"},
        ),
    ),
    ("ELG-24", facts(mark=True, terms={"foreign_bidders": True, "has_bundle_statement": True})),
    ("ELG-25", facts(asset=DATA | {"details": ATTESTED})),
    ("ELG-26", facts(asset=SOFTWARE | component(True))),
    ("ELG-27", with_senior(209_999_999, "2024-03-09")),
    ("ELG-27", with_senior(900_000_000, "2024-03-10")),
    ("ELG-27", with_senior(900_000_000, "2024-03-11")),
    *(("ELG-28", facts(alerts=(alert(f"MON-0{n}"),))) for n in (3, 4, 6, 7, 8)),
    ("ELG-29", facts(fund_ids=(FUND,), is_fund_told=True)),
    ("ELG-30", facts(terms=COURT | {"consignor_may_bid": True})),
]


@pytest.mark.parametrize(
    ("code", "severity", "given"), TRIPS, ids=[f"{c[0]}-{n}" for n, c in enumerate(TRIPS)]
)
def test_each_check_trips(code: str, severity: Severity, given: Facts) -> None:
    """Facts against a rule are found under its code and severity, in both languages, with announced evidence."""
    found = [finding for finding in eligibility(given) if finding.code == code]
    assert found
    assert {finding.severity for finding in found} == {severity}
    [check] = [check for check in CHECK_SET.checks if check.code == code]
    for finding in found:
        assert finding.message != finding.message_zh
        assert set(finding.evidence) <= {*check.evidence, "state", "regime"}


@pytest.mark.parametrize(
    ("code", "given"), PASSES, ids=[f"{c[0]}-{n}" for n, c in enumerate(PASSES)]
)
def test_each_check_lets_the_limit_pass(code: str, given: Facts) -> None:
    """The last facts inside a rule's limit are not found."""
    assert code not in {finding.code for finding in eligibility(given)}


def test_the_rules_are_all_32_with_a_severity_under_every_regime() -> None:
    """ELG-01 to ELG-32 without a gap; every rule has words in both languages, a source and a function."""
    codes = [check.code for check in CHECK_SET.checks]
    assert codes == [f"ELG-{number:02d}" for number in range(1, 33)]
    assert set(EXAMINE) == set(codes)
    for check in CHECK_SET.checks:
        assert set(check.severity) == set(Regime)
        assert check.source
        assert any("\u4e00" <= character <= "\u9fff" for character in check.title_zh)


def test_severities_are_those_of_the_table() -> None:
    """The severities of domain 3.10, with what it says of single regimes."""
    usual = dict.fromkeys(
        ["02", "03", "04", "05", "06", "07", "09", "10", "11", "20", "21", "24", "25", "01"], B
    )
    usual |= dict.fromkeys(["12", "19", "27", "28", "29", "32"], H)
    usual |= dict.fromkeys(["13", "14", "15", "16", "17", "18", "26", "31"], W)
    by_code = {check.code.removeprefix("ELG-"): check.severity for check in CHECK_SET.checks}
    for code, severity in usual.items():
        assert set(by_code[code].values()) == {severity}, code
    judicial, commercial, exchange, agreement = Regime
    assert by_code["08"] == {judicial: H, commercial: H, exchange: B, agreement: B}
    assert by_code["22"] == {judicial: B, commercial: W, exchange: W, agreement: W}
    assert by_code["23"] == {judicial: None, commercial: B, exchange: B, agreement: B}
    assert by_code["30"] == {judicial: None, commercial: B, exchange: W, agreement: W}


def test_a_recorded_burden_counts_like_the_register_s_flag() -> None:
    """An exclusive licence that was entered as a burden is found by ELG-15, whatever the register's reading says."""
    given = facts()
    right = given.rights[0]
    burden = Burden(
        asset_id=right.asset.id,
        kind=BurdenKind.EXCLUSIVE_LICENCE,
        holder_name="被许可人",
        starts_on=given.today,
        source="合同",
        id=UUID(int=5),
        organisation_id=UUID(int=1),
        state=BurdenState.STANDING,
        ended_on=None,
        reason=None,
        version=1,
        created_at=MOMENT,
        updated_at=MOMENT,
    )
    asset = with_burdens(right.asset, [burden], on=given.today)
    burdened = msgspec.structs.replace(right, asset=asset, burdens=(burden,))
    found = eligibility(msgspec.structs.replace(given, rights=(burdened,)))
    assert [finding.code for finding in found] == ["ELG-15"]


@pytest.mark.parametrize(
    ("told", "published_on", "late"),
    [
        ([], None, ("乙", "甲")),  # by name, as code points sort
        ([("甲", date(2026, 11, 2)), ("乙", None)], None, ("乙",)),
        ([("甲", date(2026, 11, 2)), ("乙", date(2026, 11, 9))], None, ()),
        ([("甲", date(2026, 11, 2)), ("乙", date(2026, 11, 3))], date(2026, 11, 5), ("乙",)),
        ([("甲", date(2026, 11, 2)), ("乙", date(2026, 11, 2))], date(2026, 11, 5), ()),
        ([("甲", date(2026, 11, 2)), ("乙", date(2026, 11, 2)), ("丙", None)], None, ("丙",)),
    ],
)
def test_who_was_told_too_late(
    told: list[tuple[str, date | None]], published_on: date | None, late: tuple[str, ...]
) -> None:
    """Never, not yet, or less than three days before the notice; whoever was sent word is waited for."""
    assert told_too_late({"甲", "乙"}, told, published_on=published_on) == late


@pytest.mark.parametrize(
    ("regime", "closes_on", "found"),
    [
        ("judicial_network", "2026-12-16", {("ELG-08", H)}),
        ("judicial_network", "2026-12-17", {("ELG-08", H), ("ELG-12", H)}),
        ("exchange", "2026-12-01", {("ELG-08", B)}),
    ],
)
def test_the_lot_s_law_and_close_count_once_it_is_drafted(
    regime: str, closes_on: str, found: set[tuple[str, Severity]]
) -> None:
    """A plan that leaves the court's sale keeps the exchange's rules; fees are safe 90 days after the real close."""
    given = facts(terms=COURT, asset={"flags": ["preservation"], "fee_paid_to": "2027-03-16"})
    listed = Listed(
        regime=Regime(regime), start_price_fen=1, closes_on=date.fromisoformat(closes_on)
    )
    offered = msgspec.structs.replace(given, terms=as_listed(given.terms, listed))
    assert {(each.code, each.severity) for each in eligibility(offered)} == found
    assert as_listed(given.terms, None) == given.terms


@pytest.mark.parametrize(
    ("start_fen", "reserve_fen", "is_held"),
    [
        (180_000_000, None, True),
        (180_000_001, None, False),
        (150_000_000, 180_000_001, False),
        (150_000_000, 180_000_000, True),
    ],
)
def test_a_round_without_gain_is_found_at_its_own_price(
    start_fen: int, reserve_fen: int | None, is_held: bool
) -> None:
    """ELG-27: seniors of 1.8 million leave something of the first start price, and nothing of a later round's.

    What the round is expected to bring may be its secret reserve: it is in the evidence, not in words that are printed.
    """
    first = with_senior(180_000_000, "2024-03-09")
    listed = Listed(
        regime=Regime.EXCHANGE,
        start_price_fen=start_fen,
        reserve_price_fen=reserve_fen,
        closes_on=first.terms.closing_on,
    )
    assert "ELG-27" not in {each.code for each in eligibility(first)}
    later = msgspec.structs.replace(first, listed=listed)
    found = [each for each in eligibility(later) if each.code == "ELG-27"]
    assert bool(found) is is_held
    for each in found:
        assert each.evidence["expected_fen"] == str(reserve_fen or start_fen)
        assert "expected to bring no more" in each.message
