"""The methods of valuation and the indicator score, exact, and reports that banks recognise each other's."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal, getcontext
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Conflict, InvalidInput, NotFound
from kit.money import FEN_MAX
from kit.sql import Connection
from marketplace.app import Resources, create_app
from marketplace.valuations import service
from marketplace.valuations.calculators import Computation, compute
from marketplace.valuations.http import routes
from marketplace.valuations.rules import require_computation
from marketplace.valuations.schemas import Valuation
from marketplace.valuations.scoring import SETS, NewScores, load_set, scored
from tests.make_people import client_of, key_of
from tests.make_portfolio import make_collateral, make_parties, some_valuation


def computation(**fields: Any) -> Computation:
    """Inputs as they come over HTTP."""
    return msgspec.json.decode(json.dumps(fields), type=Computation)


RELIEF = {
    "type": "royalty_relief",
    "sales_fen": [1_000_000_000, 1_100_000_000, 900_000_000],
    "royalty_bp": 300,
    "tax_bp": 2500,
    "discount_bp": 1500,
}
#: The same worked by hand: sum of S * 0.03 * 0.75 / 1.15^t = 19,565,217.39 + 18,714,555.77 + 13,314,703.71 fen.
WORKED: list[tuple[dict[str, Any], int]] = [
    (RELIEF, 51_594_477),
    (RELIEF | {"round_to_fen": 1_000_000}, 52_000_000),
    (
        {
            "type": "profit_split",
            "profits_fen": [200_000_000],
            "split_bp": 2500,
            "discount_bp": 2500,
        },
        40_000_000,
    ),
    (
        {
            "type": "market",
            "comparables": [
                {"name": "甲", "price_fen": 100, "factors_bp": [12_000]},
                {"name": "乙", "price_fen": 300},
                {"name": "丙", "price_fen": 200, "factors_bp": [9_000, 11_000]},
            ],
        },
        198,
    ),
    (
        {
            "type": "market",
            "comparables": [{"name": str(n), "price_fen": n} for n in (1, 4, 8, 100)],
        },
        6,
    ),
    ({"type": "cost", "replacement_fen": 1_000_001, "obsolescence_bp": 5000}, 500_001),
]


@pytest.mark.parametrize(("fields", "value_fen"), WORKED)
def test_each_method_gives_what_is_worked_by_hand(fields: dict[str, Any], value_fen: int) -> None:
    """Income, market and cost: the formulas of domain 4.2, exact to the fen."""
    found = compute(computation(**fields))
    assert found.value_fen == value_fen
    assert found.lines


@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=20),
    st.integers(1, 10_000),
    st.integers(0, 10_000),
    st.integers(1, 10_000),
)
def test_royalty_relief_equals_the_formula_in_decimals(
    sales: list[int], royalty: int, tax: int, discount: int
) -> None:
    """Against the formula written out in 60-digit decimals: never half a fen apart."""
    getcontext().prec = 60
    rate = 1 + Decimal(discount) / 10_000
    part = Decimal(royalty) / 10_000 * (1 - Decimal(tax) / 10_000)
    expected = sum(sale * part / rate**year for year, sale in enumerate(sales, 1))
    fields = {"sales_fen": sales, "royalty_bp": royalty, "tax_bp": tax, "discount_bp": discount}
    if not Decimal("0.5") < expected < FEN_MAX:
        return
    found = compute(computation(type="royalty_relief", **fields)).value_fen
    assert abs(Decimal(found) - expected) <= Decimal("0.5000000001")


def test_a_computation_must_give_the_value_by_the_stated_method() -> None:
    """A report whose inputs give another value, or belong to another method, is refused by field."""
    fine = {"method": "income", "value_fen": 51_594_477, "computation": RELIEF}
    for changed, field in (
        ({}, None),
        ({"value_fen": 51_594_478}, "value_fen"),
        ({"method": "cost"}, "method"),
    ):
        given_ = some_valuation(UUID(int=1), **fine | changed)
        if field is None:
            require_computation(given_)
            continue
        with pytest.raises(InvalidInput) as caught:
            require_computation(given_)
        assert caught.value.field == field
    nothing = computation(type="cost", replacement_fen=1, obsolescence_bp=10_000)
    with pytest.raises(
        InvalidInput, match=r"computation: comes to CNY 0\.00; a value is from CNY 0\.01"
    ):
        compute(nothing)


def test_the_indicators_are_three_levels_fourteen_indicators_and_whole_weights() -> None:
    """As domain 4.1 counts them; each scene's weights make up the whole and name every indicator."""
    kept = load_set()
    assert (len(kept.levels), len(kept.indicators)) == (3, 14)
    codes = {indicator.code for indicator in kept.indicators}
    for scene in kept.scenes.values():
        assert set(scene.weights_bp) == codes
        assert sum(scene.weights_bp.values()) == 10_000
    limits = [band.from_x100 for band in kept.bands]
    assert limits == sorted(limits, reverse=True)
    assert limits[-1] == 0


def some_scores(score: int = 8000, **changed: int) -> NewScores:
    """Every indicator at one score but for those that a test changes."""
    codes = {indicator.code: score for indicator in load_set().indicators}
    return NewScores(version="2026-11", scene="finance", scores=codes | changed)


@pytest.mark.parametrize(
    ("given_", "total", "grade"),
    [
        (some_scores(10_000), 10_000, "a"),
        (some_scores(8500), 8500, "a"),
        (some_scores(8499), 8499, "b"),
        (some_scores(8000, L1=0), 8000 - 960, "b"),
        (some_scores(5000, E3=4999), 5000, "c"),
        (some_scores(0), 0, "d"),
    ],
)
def test_the_score_is_the_weighted_mean(given_: NewScores, total: int, grade: str) -> None:
    """Whole numbers throughout; the grade begins at its band's limit."""
    found = scored(given_)
    assert (found.total_x100, found.grade) == (total, grade)
    assert set(found.by_level_x100) == set(load_set().levels)


def test_a_score_needs_every_indicator_of_a_known_set() -> None:
    """A missing, foreign or unknown thing is named."""
    missing = some_scores()
    scores = dict(missing.scores)
    del scores["L1"]
    for wrong in (
        msgspec.structs.replace(missing, scores=scores),
        msgspec.structs.replace(missing, scores=missing.scores | {"X9": 1}),
        msgspec.structs.replace(missing, version="1999"),
    ):
        with pytest.raises(InvalidInput, match="scores"):
            scored(wrong)
    assert SETS["2026-11"].standard.startswith("GB/T 42748")


async def test_banks_recognise_each_other_s_reports_until_something_happens(
    conn: Connection, now: datetime
) -> None:
    """While it holds, once a bank, not one's own; an event at the right clears every recognition, with its reason."""
    owner, other = await make_parties(conn, now=now), await make_parties(conn, now=now)
    _, asset = await make_collateral(conn, owner, now=now)
    [report] = await service.of_assets(conn, [asset.id])
    with pytest.raises(NotFound):
        await service.recognise(conn, owner.checker, report.id, now=now)
    with pytest.raises(Conflict):
        await service.recognise(conn, other.checker, report.id, now=now + timedelta(days=400))
    for _ in range(2):
        await service.recognise(conn, other.checker, report.id, now=now)
    [entry] = await service.registry_of(conn, asset.number, now=now)
    assert [each.organisation_id for each in entry.recognised_by] == [other.maker.organisation_id]
    with pytest.raises(NotFound):
        await service.withdraw_recognition(conn, owner.checker, report.id, reason="x", now=now)
    right = {"ip_type": asset.ip_type.value, "number": asset.number}
    assert (
        await service.clear_recognitions(conn, owner.maker, **right, reason="MON-04", now=now) == 1
    )
    assert (
        await service.clear_recognitions(conn, owner.maker, **right, reason="MON-04", now=now) == 0
    )
    await service.recognise(conn, other.checker, report.id, now=now + timedelta(hours=1))
    await service.withdraw_recognition(conn, other.checker, report.id, reason="复核", now=now)
    [entry] = await service.registry_of(conn, asset.number, now=now)
    assert [each.cleared_reason for each in entry.recognised_by] == ["MON-04", "复核"]
    assert await service.registry_of(conn, asset.number, now=now + timedelta(days=400)) == []


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the valuations' routes."""
    async with client_of(create_app(resources, routes=routes)) as opened:
        yield opened


async def test_a_report_with_its_computation_and_scores_is_kept_whole(
    client: httpx.AsyncClient, resources: Resources, now: datetime
) -> None:
    """Over HTTP: compute, score, enter, read back; the score is filled in, the computation kept as given."""
    parties = await make_parties(resources.pool, now=now)
    async with resources.pool.acquire() as conn:
        _, asset = await make_collateral(conn, parties, now=now)
    maker = await key_of(resources.pool, parties.maker, now=now)
    worked = await client.post("/v1/valuation-computations", json=RELIEF, headers=maker)
    assert worked.json()["value_fen"] == 51_594_477
    total = await client.post(
        "/v1/valuation-scores", json=msgspec.to_builtins(some_scores()), headers=maker
    )
    assert total.json()["total_x100"] == 8000
    body = msgspec.to_builtins(some_valuation(asset.id, value_fen=51_594_477)) | {
        "computation": RELIEF,
        "scores": msgspec.to_builtins(some_scores()),
    }
    sent = {**maker, "Idempotency-Key": "v"}
    made = await client.post("/v1/valuations", json=body, headers=sent)
    assert made.status_code == 201, made.text
    again = await client.get(made.headers["location"], headers=maker)
    assert again.json() == made.json()
    kept = msgspec.json.decode(again.content, type=Valuation)
    assert kept.scores is not None
    assert kept.scores.grade == "b"
    assert (await client.get("/v1/indicator-sets", headers=maker)).json()[0]["version"] == "2026-11"
    listed = await client.get(f"/v1/valuation-registry/{asset.number}", headers=maker)
    assert len(listed.json()) == 2
