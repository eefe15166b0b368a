"""The signals MON-01 to MON-08: one set of facts that raises each, one that does not; alerts and their review."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kit.errors import NotFound
from kit.ids import uuid7
from kit.sql import Connection
from kit.states import IllegalStep
from marketplace.assets import service as assets
from marketplace.assets.schemas import AssetStatus
from marketplace.burdens import service as burdens
from marketplace.burdens.schemas import Burden, BurdenKind, BurdenState, NewBurden
from marketplace.cases import service as cases
from marketplace.cases.schemas import Case, CaseFlag, CaseState, CaseUpdate, Grade
from marketplace.monitoring import rules, service
from marketplace.monitoring.rules import BidderTraces, OtherLoan
from marketplace.monitoring.schemas import SIGNALS, AlertState, Level, Review, Signal
from marketplace.organisations.schemas import Role
from marketplace.valuations import service as valuations
from tests.make_people import make_caller
from tests.make_portfolio import (
    Parties,
    facts,
    make_collateral,
    make_parties,
    some_case,
    some_valuation,
)

TODAY = date(2026, 11, 2)
LOAN = facts().case
RIGHT = facts().rights[0].asset


def other(**changed: Any) -> OtherLoan:
    """Another loan that has nothing to do with ours."""
    fields: dict[str, Any] = {
        "case_id": UUID(int=8),
        "is_own": False,
        "contract_number": "OTHER-1",
        "borrower_code": LOAN.borrower_code,
        "loan_amount_fen": LOAN.loan_amount_fen + 1,
        "granted_on": LOAN.granted_on,
    }
    return OtherLoan(**fields | changed)


def burden(**changed: Any) -> Burden:
    """An ordinary licence that the pledgee agreed to."""
    fields: dict[str, Any] = {
        "asset_id": RIGHT.id,
        "kind": BurdenKind.ORDINARY_LICENCE,
        "holder_name": "被许可人",
        "starts_on": TODAY,
        "has_pledgee_consent": True,
        "source": "合同",
        "id": UUID(int=5),
        "organisation_id": UUID(int=1),
        "state": BurdenState.STANDING,
        "ended_on": None,
        "reason": None,
        "version": 1,
        "created_at": datetime(2026, 11, 2, tzinfo=UTC),
        "updated_at": datetime(2026, 11, 2, tzinfo=UTC),
    }
    return Burden(**fields | changed)


def loan(**changed: Any) -> Case:
    return facts(case=changed).case


def right(**changed: Any) -> Any:
    return facts(asset=changed).rights[0].asset


def twice(*others: OtherLoan, case: Case = LOAN) -> Iterable[Signal]:
    return rules.loan_twice(case, others)


def events(asset: Any = RIGHT, *on_it: Burden, is_pledged: bool = True) -> Iterable[Signal]:
    return rules.collateral_events(asset, on_it, is_pledged=is_pledged, today=TODAY)


def owned(**changed: Any) -> Iterable[Signal]:
    return rules.transferred_without_consent(
        right(**changed), pledgor_name="示例借款人", pledgor_code=str(RIGHT.owner_code)
    )


def outlier(value_fen: int) -> Iterable[Signal]:
    return rules.valuation_outlier(
        number="1", report="B", value_fen=value_fen, reference_fen=1_000, reference="A"
    )


def returned(reported: int, ledger: int = 100_000, *, changed: bool = False) -> Iterable[Signal]:
    return rules.return_disagrees(
        quarter="2026Q3",
        reported_fen=reported,
        ledger_fen=ledger,
        is_changed_after_submission=changed,
    )


def late(days: int, grade: str = "loss") -> Iterable[Signal]:
    due = TODAY - timedelta(days=days)
    given = {"due_on": due, "granted_on": due - timedelta(days=365), "grade": grade}
    return rules.overdue(loan(**given), today=TODAY)


def bids(*bidders: tuple[int, dict[str, str], int]) -> Iterable[Signal]:
    return rules.bidding_anomalies(
        "L1", [BidderTraces(paddle=p, traces=t, defaults_before=d) for p, t, d in bidders]
    )


def breaker(loss_fen: int, enrolled_fen: int = 1_000_000) -> Iterable[Signal]:
    return rules.near_breaker(
        scheme="s", period="2026", loss_fen=loss_fen, enrolled_fen=enrolled_fen, threshold_bp=300
    )


RAISED: list[tuple[str, int, Callable[[], Iterable[Signal]]]] = [
    ("MON-01", 1, lambda: twice(other(contract_number=f" {LOAN.contract_number.lower()}"))),
    ("MON-01", 1, lambda: twice(other(loan_amount_fen=LOAN.loan_amount_fen))),
    ("MON-01", 1, lambda: twice(other(loan_amount_fen=LOAN.loan_amount_fen, is_own=True))),
    ("MON-01", 1, lambda: twice(case=loan(flags=["counterparty_missing"]))),
    ("MON-02", 1, lambda: returned(100_501)),
    ("MON-02", 1, lambda: returned(99_499)),
    ("MON-02", 1, lambda: returned(100_000, changed=True)),
    ("MON-03", 1, lambda: outlier(2_001)),
    ("MON-03", 1, lambda: outlier(499)),
    ("MON-04", 1, lambda: events(right(fee_paid_to="2026-07-31"))),
    ("MON-04", 1, lambda: events(right(flags=["invalidation_pending"]))),
    ("MON-04", 1, lambda: events(right(flags=["preservation"]))),
    ("MON-04", 1, lambda: events(RIGHT, burden(kind=BurdenKind.INVALIDATION))),
    ("MON-04", 1, lambda: events(RIGHT, burden(kind=BurdenKind.PRESERVATION))),
    ("MON-04", 1, lambda: events(RIGHT, burden(has_pledgee_consent=False))),
    ("MON-04", 1, lambda: owned(owner_code=None, owner_name="他人")),
    ("MON-04", 1, lambda: owned(owner_code="911100008021004338")),
    *(
        ("MON-05", 1, lambda flag=flag: rules.pledgor_events(loan(flags=[flag])))  # type: ignore[misc]
        for flag in rules.PLEDGOR_FLAGS
    ),
    *(
        ("MON-06", 1, lambda days=days: late(days))  # type: ignore[misc]
        for days in (1, 29, 30, 59, 60, 89, 90, 179, 180, 269, 270, 359, 360, 4000)
    ),
    ("MON-06", 2, lambda: late(90, "special_mention")),
    ("MON-06", 2, lambda: late(270, "substandard")),
    ("MON-06", 2, lambda: late(360, "doubtful")),
    ("MON-07", 1, lambda: bids((1, {"device": "x"}, 0), (2, {"device": "x"}, 0))),
    ("MON-07", 1, lambda: bids((1, {}, 2))),
    ("MON-08", 1, lambda: breaker(24_000)),
]
SILENT: list[tuple[str, Callable[[], Iterable[Signal]]]] = [
    ("MON-01", lambda: twice(other())),
    ("MON-01", lambda: twice(other(case_id=LOAN.id, contract_number=LOAN.contract_number))),
    ("MON-02", lambda: returned(100_500)),
    ("MON-02", lambda: returned(0, 0)),
    ("MON-03", lambda: outlier(2_000)),
    ("MON-03", lambda: outlier(500)),
    ("MON-04", lambda: events()),
    ("MON-04", lambda: events(RIGHT, burden())),
    ("MON-04", lambda: events(RIGHT, burden(has_pledgee_consent=False), is_pledged=False)),
    ("MON-04", lambda: owned()),
    ("MON-04", lambda: owned(owner_code=None, owner_name="示例 借款人")),
    ("MON-05", lambda: rules.pledgor_events(LOAN)),
    ("MON-06", lambda: late(0)),
    ("MON-07", lambda: bids((1, {"device": "x"}, 1), (2, {"device": "y"}, 0))),
    ("MON-08", lambda: breaker(23_999)),
    ("MON-08", lambda: breaker(0, 0)),
]


@pytest.mark.parametrize(
    ("code", "count", "see"), RAISED, ids=[f"{c[0]}-{n}" for n, c in enumerate(RAISED)]
)
def test_each_signal_is_raised(code: str, count: int, see: Callable[[], Iterable[Signal]]) -> None:
    """At its limit each signal is raised, in both languages and with evidence; what it says of others names nobody."""
    found = list(see())
    assert [signal.code for signal in found] == [code] * count
    for signal in found:
        assert signal.message != signal.message_zh
        assert signal.evidence
        assert str(UUID(int=8)) not in str(signal.evidence) or "bank" in signal.message


@pytest.mark.parametrize(("code", "see"), SILENT, ids=[f"{c[0]}-{n}" for n, c in enumerate(SILENT)])
def test_each_signal_is_silent_below_its_limit(
    code: str, see: Callable[[], Iterable[Signal]]
) -> None:
    """Just below its limit each signal is silent."""
    assert list(see()) == []


STAGES = [(0, None, "normal"), (1, 1, "normal"), (29, 1, "normal"), (30, 30, "normal")]
STAGES += [(89, 60, "normal"), (90, 90, "substandard"), (269, 180, "substandard")]
STAGES += [(270, 270, "doubtful"), (359, 270, "doubtful"), (360, 360, "loss")]


@pytest.mark.parametrize(("days", "stage", "grade"), STAGES)
def test_delay_comes_in_stages(days: int, stage: int | None, grade: str) -> None:
    """1, 30, 60, 90, 180, 270, 360 days; from 90 substandard, from 270 doubtful, from 360 loss (2023-1号)."""
    due = TODAY - timedelta(days=days)
    given = loan(due_on=due, granted_on=due - timedelta(days=1))
    found = rules.delay(given, today=TODAY)
    assert (found.days, found.stage, found.grade_at_best) == (days, stage, Grade(grade))


def test_the_signals_are_eight_with_words_and_sources() -> None:
    """MON-01 to MON-08; the three that hold listings are those that ELG-28 names."""
    codes = [signal.code for signal in SIGNALS.signals]
    assert codes == [f"MON-0{number}" for number in range(1, 9)]
    assert [each.code for each in SIGNALS.signals if each.holds_listing] == [
        "MON-01",
        "MON-02",
        "MON-05",
    ]
    assert all(each.source and each.action != each.action_zh for each in SIGNALS.signals)


@pytest.mark.parametrize("current", list(AlertState))
@pytest.mark.parametrize("wanted", list(AlertState))
def test_every_step_of_an_alert_is_tried(current: AlertState, wanted: AlertState) -> None:
    """Nothing is closed without a review, and what is closed stays closed, but for a fraud that was confirmed."""
    if wanted in rules.STEPS[current]:
        rules.require_alert_step(current, wanted, code="MON-01")
    else:
        with pytest.raises(IllegalStep, match=current):
            rules.require_alert_step(current, wanted, code="MON-01")


def test_only_a_confirmation_that_stands_is_looked_at_again() -> None:
    """MON-01 stands when it is confirmed; what was confirmed of any other alert is over."""
    standing = [each.code for each in SIGNALS.signals if each.stands_confirmed]
    assert standing == ["MON-01"]
    for each in SIGNALS.signals:
        after = rules.next_states(AlertState.CONFIRMED, code=each.code)
        assert after == ({AlertState.FROZEN} if each.code == "MON-01" else set())


@pytest.fixture
async def parties(conn: Connection, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(conn, now=now)


async def codes_of(conn: Connection, parties: Parties) -> list[str]:
    """The codes of the bank's alerts, in the order in which they were raised."""
    found = await service.page(conn, parties.checker, after=None, limit=50)
    return sorted(alert.code for alert in found)


async def test_a_loan_entered_at_two_banks_alarms_both_and_names_neither(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """MON-01 across banks: each is told that there is another, not whose; seen again it is the same alert."""
    stranger = await make_parties(conn, now=now)
    new = some_case(due_on=TODAY + timedelta(days=9))
    mine = await cases.register(conn, parties.maker, new, now=now)
    theirs = await cases.register(conn, stranger.maker, new, now=now)
    for case_id in (mine.id, theirs.id, mine.id):
        assert await service.watch_case(conn, case_id, now=now)
    for party in (parties, stranger):
        assert await codes_of(conn, party) == ["MON-01"]
    [alert] = await service.page(conn, parties.checker, after=None, limit=5)
    assert str(theirs.id) not in str(alert.evidence) + alert.message
    assert len(await service.page(conn, parties.regulator, after=None, limit=5)) == 2
    with pytest.raises(NotFound):
        await service.get(conn, stranger.checker, alert.id)


async def test_an_alert_freezes_its_loan_and_two_people_let_it_go(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """Review, freeze, close by another person; the loan goes on where it stood once no alert holds it.

    A fraud that is confirmed holds it: two people look at it again and dismiss it, or it stands.
    """
    case, _ = await make_collateral(conn, parties, now=now)
    raised = [
        await service.raise_alert(
            conn,
            Signal(
                code="MON-01",
                subject="x",
                key=key,
                message="seen",
                message_zh="发现",
                evidence={"a": "b"},
            ),
            organisation_id=case.organisation_id,
            case_id=case.id,
            now=now,
        )
        for key in ("one", "two", "one")
    ]
    assert raised[2] is None
    first, second = raised[0], raised[1]
    assert first is not None
    assert second is not None

    async def take(who: Any, alert_id: UUID, state: AlertState) -> None:
        await service.review(conn, who, alert_id, Review(state=state, reason="核查"), now=now)

    async def state() -> CaseState:
        return (await cases.get(conn, parties.maker, case.id)).state

    with pytest.raises(IllegalStep):
        await take(parties.maker, first, AlertState.DISMISSED)
    for alert_id in (first, second):
        await take(parties.maker, alert_id, AlertState.UNDER_REVIEW)
        await take(parties.maker, alert_id, AlertState.FROZEN)
    assert await state() is CaseState.FROZEN
    with pytest.raises(service.ReviewerCloses):
        await take(parties.maker, first, AlertState.DISMISSED)
    await take(parties.checker, first, AlertState.DISMISSED)
    assert await state() is CaseState.FROZEN
    await take(parties.checker, second, AlertState.CONFIRMED)
    assert await state() is CaseState.FROZEN
    [standing] = await service.open_over(conn, case_id=case.id, asset_ids=[])
    assert (standing.id, standing.state) == (second, AlertState.CONFIRMED)
    with pytest.raises(IllegalStep):
        await take(parties.maker, second, AlertState.DISMISSED)
    await take(parties.checker, second, AlertState.FROZEN)
    with pytest.raises(service.ReviewerCloses):
        await take(parties.checker, second, AlertState.DISMISSED)
    await take(parties.maker, second, AlertState.DISMISSED)
    assert await state() is CaseState.REGISTERED
    kept = await service.get(conn, parties.regulator, first)
    assert [step.state for step in kept.steps] == ["under_review", "frozen", "dismissed"]
    assert await service.open_over(conn, case_id=case.id, asset_ids=[]) == []


async def test_a_confirmation_on_a_settled_loan_is_looked_at_again(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """A confirmed fraud is reviewed again though nothing goes on with its loan that could be frozen, and dismissed."""
    case, _ = await make_collateral(conn, parties, now=now)
    signal = Signal(code="MON-01", subject="x", key="x", message="x", message_zh="x", evidence={})
    alert_id = await service.raise_alert(
        conn, signal, organisation_id=case.organisation_id, case_id=case.id, now=now
    )
    assert alert_id is not None
    await cases.advance(conn, parties.maker, case.id, CaseState.IN_DISPOSAL, now=now)
    await cases.move(conn, parties.maker, case.id, CaseState.SATISFIED, now=now)
    for who, state in (
        (parties.maker, AlertState.UNDER_REVIEW),
        (parties.checker, AlertState.CONFIRMED),
        (parties.maker, AlertState.FROZEN),
        (parties.checker, AlertState.DISMISSED),
    ):
        await service.review(conn, who, alert_id, Review(state=state, reason="核查"), now=now)
    assert await service.open_over(conn, case_id=case.id, asset_ids=[]) == []
    assert (await cases.get(conn, parties.maker, case.id)).state is CaseState.SATISFIED


async def test_what_befalls_a_right_alarms_its_bank_and_ends_recognitions(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """MON-03, 04, 05, 06 out of the records; another bank's recognition of the report is cleared with the reason."""
    case, asset = await make_collateral(conn, parties, now=now)
    neighbour = await make_parties(conn, now=now)
    [report] = await valuations.of_assets(conn, [asset.id])
    await valuations.recognise(conn, neighbour.checker, report.id, now=now)
    wild = some_valuation(
        asset.id, value_fen=900_000_000, base_on="2026-10-01", valid_to="2027-10-01"
    )
    await valuations.register(conn, parties.maker, wild, now=now)
    status = AssetStatus(
        legal_status=asset.legal_status,
        status_as_of=asset.status_as_of,
        status_source="登记簿",
        fee_paid_to=date(2026, 7, 31),
    )
    await assets.record_status(conn, parties.maker, asset.id, status, version=1, now=now)
    licence = NewBurden(
        asset_id=asset.id,
        kind=BurdenKind.SOLE_LICENCE,
        holder_name="被许可人",
        starts_on=TODAY,
        source="备案",
    )
    await burdens.register(conn, parties.maker, licence, now=now)
    update = CaseUpdate(
        principal_fen=case.principal_fen,
        interest_fen=case.interest_fen,
        penalty_fen=0,
        demanded_on=case.demanded_on,
        limitation_ends_on=None,
        grade=Grade.SPECIAL_MENTION,
        flags=frozenset({CaseFlag.PLEDGOR_DISHONEST}),
        ip_part_bp=None,
        reason="季度重估",
    )
    await cases.update(conn, parties.maker, case.id, update, version=1, now=now)
    assert await service.watch_case(conn, case.id, now=now)
    assert await codes_of(conn, parties) == [
        *("MON-03", "MON-04", "MON-04", "MON-05", "MON-06", "MON-06")
    ]
    [_, entry] = await valuations.registry_of(conn, asset.number, now=now)
    assert "MON-04" in str(entry.recognised_by[0].cleared_reason)
    high = await service.page(conn, parties.checker, after=None, limit=50)
    assert {alert.level for alert in high if "graded" in alert.message} == {Level.HIGH}
    waiting = await conn.fetchval(
        "SELECT count(*) FROM market.duties WHERE kind = 'watch_case' AND subject_id = $1", case.id
    )
    assert waiting == 1


async def test_alerts_are_their_organisation_s(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """A fund's warning (MON-08) is the fund's; a bank does not see it, and can't review it."""
    fund = await make_caller(conn, Role.FUND_ADMINISTRATOR, now=now)
    [signal] = breaker(24_000)
    alert_id = await service.raise_alert(
        conn, signal, organisation_id=fund.organisation_id, now=now
    )
    assert alert_id is not None
    assert [alert.code for alert in await service.page(conn, fund, after=None, limit=5)] == [
        "MON-08"
    ]
    assert await service.page(conn, parties.checker, after=None, limit=5) == []
    asked = await service.page(conn, fund, after=None, limit=5, state=AlertState.UNDER_REVIEW)
    assert asked == []
    with pytest.raises(NotFound):
        await service.review(
            conn,
            parties.maker,
            alert_id,
            Review(state=AlertState.UNDER_REVIEW, reason="x"),
            now=now,
        )
    with pytest.raises(NotFound):
        await service.get(conn, fund, uuid7(now))
