"""Burdens: the licence conflict matrix, what keeps a licence from being recorded, and what a burden may say."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InvalidInput, NotFound
from kit.sql import Connection
from kit.states import IllegalStep
from marketplace.assets.schemas import AssetFlag
from marketplace.assets.types import IpType
from marketplace.burdens import rules, service
from marketplace.burdens.schemas import (
    Burden,
    BurdenEnd,
    BurdenKind,
    BurdenState,
    LicenceKind,
    LicenceQuestion,
    NewBurden,
    Scope,
    Verdict,
)
from tests.make_portfolio import facts, make_collateral, make_parties

DAY = date(2026, 11, 2)
K, L = BurdenKind, LicenceKind
#: The matrix of domain 3.4, written out once more: new licence -> what each existing one does to it.
BLOCK, CARVE, FREE = Verdict.BLOCK, Verdict.CARVE_OUT, None
EXPECTED = {
    L.ORDINARY: {K.ORDINARY_LICENCE: FREE, K.SOLE_LICENCE: BLOCK, K.EXCLUSIVE_LICENCE: BLOCK},
    L.SOLE: {K.ORDINARY_LICENCE: CARVE, K.SOLE_LICENCE: BLOCK, K.EXCLUSIVE_LICENCE: BLOCK},
    L.EXCLUSIVE: {K.ORDINARY_LICENCE: CARVE, K.SOLE_LICENCE: BLOCK, K.EXCLUSIVE_LICENCE: BLOCK},
    L.OPEN: {K.ORDINARY_LICENCE: FREE, K.SOLE_LICENCE: BLOCK, K.EXCLUSIVE_LICENCE: BLOCK},
}
CELLS = [(new, old, want) for new, row in EXPECTED.items() for old, want in row.items()]
CELLS += [(new, K.OPEN_LICENCE, FREE if new is L.ORDINARY else BLOCK) for new in L]


def some_burden(asset_id: UUID | None = None, **changed: Any) -> NewBurden:
    """An ordinary licence of two years in China."""
    fields: dict[str, Any] = {
        "asset_id": asset_id or UUID(int=1),
        "kind": "ordinary_licence",
        "holder_name": "示例被许可人",
        "starts_on": "2026-01-01",
        "ends_on": "2027-12-31",
        "source": "许可合同",
    }
    return msgspec.convert(fields | changed, NewBurden)


def stored(**changed: Any) -> Burden:
    """A burden on record."""
    state = changed.pop("state", BurdenState.STANDING)
    moment = datetime(2026, 11, 2, 1, tzinfo=UTC)
    return Burden(
        **msgspec.structs.asdict(some_burden(**changed)),
        id=UUID(int=5),
        organisation_id=UUID(int=2),
        state=state,
        ended_on=None,
        reason=None,
        version=1,
        created_at=moment,
        updated_at=moment,
    )


def wanted(kind: LicenceKind = L.EXCLUSIVE, **changed: Any) -> LicenceQuestion:
    """A licence meant for next year."""
    fields: dict[str, Any] = {"kind": kind, "starts_on": "2027-01-01", "ends_on": "2028-12-31"}
    return msgspec.convert(fields | changed, LicenceQuestion)


@pytest.mark.parametrize(("new", "old", "verdict"), CELLS, ids=lambda each: str(each))
def test_every_cell_of_the_matrix(
    new: LicenceKind, old: BurdenKind, verdict: Verdict | None
) -> None:
    """Each pair of licences that overlap is free, to be carved out, or blocked, as domain 3.4 has it."""
    found = rules.conflicts_of(wanted(new), [stored(kind=old)])
    assert [each.verdict for each in found] == ([] if verdict is None else [verdict])
    for each in found:
        assert each.message != each.message_zh


def test_a_carve_out_clears_an_ordinary_licence_only() -> None:
    """What the new licence leaves untouched is no conflict, unless the matrix blocks it anyway."""
    named = {"carve_outs": [str(UUID(int=5))]}
    assert rules.conflicts_of(wanted(**named), [stored()]) == ()
    blocked = rules.conflicts_of(wanted(**named), [stored(kind="sole_licence")])
    assert [each.verdict for each in blocked] == [Verdict.BLOCK]


APART: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("another territory", {"territories": ["CN-42"]}, {"territories": ["CN-44"]}),
    ("another country", {"territories": ["CN"]}, {"territories": ["US"]}),
    ("another field", {"fields": ["C07"]}, {"fields": ["C08", "H01"]}),
    ("before", {"ends_on": "2028-12-31"}, {"starts_on": "2029-01-01", "ends_on": None}),
    ("after", {"starts_on": "2028-01-01"}, {"ends_on": "2027-12-31"}),
]
TOGETHER: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("a province in its country", {"territories": ["CN"]}, {"territories": ["CN-42"]}),
    ("a subclass in its class", {"fields": ["C07D"]}, {"fields": ["C07"]}),
    ("nothing stated", {}, {"territories": ["CN-42"], "fields": ["C07"]}),
    ("the same last day", {"starts_on": "2027-12-31"}, {"ends_on": "2027-12-31"}),
    ("no end", {"starts_on": "2099-01-01", "ends_on": None}, {"ends_on": None}),
]


@pytest.mark.parametrize(("way", "new", "old"), APART, ids=[way for way, _, _ in APART])
def test_licences_apart_do_not_meet(way: str, new: dict[str, Any], old: dict[str, Any]) -> None:
    """Licences conflict only where territory, field and time all overlap."""
    assert rules.conflicts_of(wanted(**new), [stored(kind="exclusive_licence", **old)]) == ()


@pytest.mark.parametrize(("way", "new", "old"), TOGETHER, ids=[way for way, _, _ in TOGETHER])
def test_licences_that_touch_meet(way: str, new: dict[str, Any], old: dict[str, Any]) -> None:
    """Parts meet their wholes, both last days count, and what is not stated is everything."""
    assert rules.conflicts_of(wanted(**new), [stored(kind="exclusive_licence", **old)])


_DAYS = st.dates(date(2026, 1, 1), date(2030, 1, 1))
_SCOPES = st.builds(
    lambda kind, territories, fields, start, days: Scope(
        kind=kind,
        territories=territories,
        fields=fields,
        starts_on=start,
        ends_on=None if days is None else start + timedelta(days=days),
    ),
    st.sampled_from(list(LicenceKind)),
    st.frozensets(st.sampled_from(["CN", "CN-42", "CN-4", "US"]), max_size=2),
    st.frozensets(st.sampled_from(["C", "C07", "C07D", "H01"]), max_size=2),
    _DAYS,
    st.none() | st.integers(0, 1000),
)


@given(_SCOPES, _SCOPES)
def test_meeting_is_mutual(one: Scope, other: Scope) -> None:
    """One licence meets another exactly when the other meets it, and each meets itself."""
    assert rules.overlap(one, other) == rules.overlap(other, one)
    assert rules.overlap(one, one)


def test_a_licence_that_has_ended_is_in_nobody_s_way() -> None:
    """Ended burdens and burdens that are no licences do not conflict."""
    assert rules.conflicts_of(wanted(), [stored(state=BurdenState.ENDED)]) == ()
    other = stored(kind="litigation", territories=[], fields=[])
    assert rules.conflicts_of(wanted(), [other]) == ()


OBSTACLES: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("not_in_force", {"legal_status": "lapsed"}, {}, False),
    ("register_stopped", {"flags": ["preservation"]}, {}, False),
    ("register_stopped", {"flags": ["ownership_suspended"]}, {}, False),
    ("fee_unpaid", {"fee_paid_to": "2026-11-01"}, {}, False),
    ("fee_unpaid", {"fee_paid_to": None}, {}, False),
    ("pledgee_consent_missing", {}, {"has_pledgee_consent": False}, True),
    ("longer_than_right", {}, {"ends_on": "2038-08-01"}, False),
]


@pytest.mark.parametrize(("code", "asset", "question", "is_pledged"), OBSTACLES)
def test_each_obstacle_is_found(
    code: str, asset: dict[str, Any], question: dict[str, Any], is_pledged: bool
) -> None:
    """What the office refuses to record is said with its source; plain facts have no obstacle."""
    right = facts(asset=asset).rights[0].asset
    new = wanted(**{"has_pledgee_consent": True} | question)
    found = rules.obstacles_of(new, right, is_pledged=is_pledged, today=DAY)
    assert [each.code for each in found] == [code]
    assert found[0].source
    plain = facts().rights[0].asset
    fine = wanted(has_pledgee_consent=True)
    assert rules.obstacles_of(fine, plain, is_pledged=True, today=DAY) == ()
    assert rules.answer(fine, plain, [], is_pledged=True, today=DAY).may_be_granted


def test_a_mark_may_be_licensed_past_its_term_and_never_openly() -> None:
    """Marks are renewable, so a longer licence is no obstacle; an open licence is for patents alone."""
    mark = facts(mark=True).rights[0].asset
    long = wanted(ends_on="2099-01-01")
    assert rules.obstacles_of(long, mark, is_pledged=False, today=DAY) == ()
    openly = rules.obstacles_of(wanted(L.OPEN), mark, is_pledged=False, today=DAY)
    assert [each.code for each in openly] == ["no_open_licence"]


WRONG: list[tuple[str, dict[str, Any], IpType]] = [
    ("ends_on", {"ends_on": "2025-12-31"}, IpType.PATENT_INVENTION),
    ("ends_on", {"kind": "preservation", "ends_on": None}, IpType.PATENT_INVENTION),
    ("ends_on", {"kind": "preservation", "ends_on": "2026-07-02"}, IpType.PATENT_INVENTION),
    ("ends_on", {"kind": "preservation", "ends_on": "2027-01-02"}, IpType.TRADEMARK),
    ("ends_on", {"kind": "preservation", "ends_on": "2029-01-02"}, IpType.COPYRIGHT),
    ("kind", {"kind": "open_licence"}, IpType.TRADEMARK),
    ("kind", {"kind": "non_use_request"}, IpType.PATENT_INVENTION),
    ("territories", {"kind": "litigation", "territories": ["CN"]}, IpType.PATENT_INVENTION),
]


@pytest.mark.parametrize(("field", "changed", "ip_type"), WRONG)
def test_a_burden_that_cannot_be_is_refused(
    field: str, changed: dict[str, Any], ip_type: IpType
) -> None:
    """Each contradiction names its field."""
    assert field in [wrong.field for wrong in rules.contradictions(some_burden(**changed), ip_type)]


@pytest.mark.parametrize(
    ("ends_on", "ip_type"),
    [
        ("2026-07-01", IpType.PATENT_UTILITY),
        ("2027-01-01", IpType.TRADEMARK),
        ("2029-01-01", IpType.COPYRIGHT),
    ],
)
def test_a_preservation_may_last_as_long_as_one_order_can(ends_on: str, ip_type: IpType) -> None:
    """Six months for patents, a year for marks, three years for the rest, both days included."""
    fine = some_burden(kind="preservation", ends_on=ends_on)
    assert rules.contradictions(fine, ip_type) == []


def test_what_rests_on_a_right_shows_as_its_flags() -> None:
    """A standing burden flags the right, one that is over or ended does not."""
    right = facts().rights[0].asset
    every = [stored(kind=kind) for kind in BurdenKind]
    flagged = rules.with_burdens(right, every, on=DAY)
    assert flagged.flags == frozenset(rules.FLAG_OF.values())
    assert AssetFlag.EXCLUSIVE_LICENCE in flagged.flags
    assert rules.with_burdens(right, every, on=date(2028, 1, 1)).flags == right.flags
    ended = [stored(kind="preservation", state=BurdenState.ENDED)]
    assert rules.with_burdens(right, ended, on=DAY).flags == right.flags


@pytest.mark.parametrize("current", list(BurdenState))
@pytest.mark.parametrize("wanted_state", list(BurdenState))
def test_every_step_is_tried(current: BurdenState, wanted_state: BurdenState) -> None:
    """A burden ends once."""
    if wanted_state in rules.STEPS[current]:
        rules.require_burden_step(current, wanted_state, holder="甲")
    else:
        with pytest.raises(IllegalStep, match=current):
            rules.require_burden_step(current, wanted_state, holder="甲")


async def test_a_bank_records_and_ends_burdens_of_its_own_rights(
    conn: Connection, now: datetime
) -> None:
    """Another bank's right is none of its business; the answer to the licence question follows the record."""
    parties = await make_parties(conn, now=now)
    stranger = await make_parties(conn, now=now)
    _, asset = await make_collateral(conn, parties, now=now)
    question = wanted(has_pledgee_consent=True)
    exclusive = some_burden(asset.id, kind="exclusive_licence", has_pledgee_consent=True)
    with pytest.raises(InvalidInput, match="asset_ids"):
        await service.register(conn, stranger.maker, exclusive, now=now)
    wrong = msgspec.structs.replace(exclusive, holder_code="1" * 18)
    with pytest.raises(InvalidInput, match="holder_code"):
        await service.register(conn, parties.maker, wrong, now=now)
    made = await service.register(conn, parties.maker, exclusive, now=now)
    asked = await service.may_be_licensed(conn, parties.checker, asset.id, question, now=now)
    assert not asked.may_be_granted
    assert [each.burden_id for each in asked.conflicts] == [made.id]
    with pytest.raises(NotFound):
        await service.of_asset(conn, stranger.maker, asset.id)
    with pytest.raises(NotFound):
        await service.end(
            conn, stranger.maker, made.id, BurdenEnd(ended_on=DAY, reason="x"), now=now
        )
    early = BurdenEnd(ended_on=date(2025, 1, 1), reason="x")
    with pytest.raises(InvalidInput, match="ended_on"):
        await service.end(conn, parties.maker, made.id, early, now=now)
    over = BurdenEnd(ended_on=DAY, reason="解除合同")
    ended = await service.end(conn, parties.maker, made.id, over, now=now)
    assert (ended.state, ended.version) == (BurdenState.ENDED, 2)
    with pytest.raises(IllegalStep):
        await service.end(conn, parties.maker, made.id, over, now=now)
    asked = await service.may_be_licensed(conn, parties.checker, asset.id, question, now=now)
    assert asked.may_be_granted
    assert await service.of_asset(conn, parties.regulator, asset.id) == [ended]
