"""Defaulted loans: what cannot be in one, its states, and rights' later readings."""

from datetime import datetime
from typing import Any

import pytest

from kit.errors import InvalidInput, NotFound
from kit.sql import Connection
from kit.states import IllegalStep
from marketplace.assets import service as assets
from marketplace.assets.schemas import AssetStatus, LegalStatus
from marketplace.assets.service import AlreadyRegistered
from marketplace.cases import service
from marketplace.cases.rules import STEPS, contradictions, require_case_step
from marketplace.cases.schemas import CaseState
from marketplace.edge.versions import VersionChanged
from tests.make_portfolio import Parties, make_parties, some_asset, some_case


@pytest.fixture
async def parties(conn: Connection, now: datetime) -> Parties:
    """A bank, a venue, a regulator."""
    return await make_parties(conn, now=now)


@pytest.mark.parametrize("current", list(CaseState))
@pytest.mark.parametrize("wanted", list(CaseState))
def test_only_the_table_s_steps_are_legal(current: CaseState, wanted: CaseState) -> None:
    """Every pair of states is tried."""
    if wanted in STEPS[current]:
        require_case_step(current, wanted, number="L-1")
    else:
        with pytest.raises(IllegalStep, match=current):
            require_case_step(current, wanted, number="L-1")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"principal_fen": 500_000_001}, "principal_fen"),
        ({"due_on": "2024-03-01"}, "due_on"),
        ({"defaulted_on": "2024-02-29"}, "defaulted_on"),
        ({"demanded_on": "2024-02-29"}, "demanded_on"),
        ({"limitation_ends_on": "2024-03-01"}, "limitation_ends_on"),
        ({"borrower_code": "911100008021004330"}, "borrower_code"),
    ],
)
async def test_what_cannot_be_is_refused_by_field(
    conn: Connection, parties: Parties, now: datetime, changed: dict[str, Any], field: str
) -> None:
    """Each contradiction names its field; a right loan has none."""
    assert contradictions(some_case()) == []
    with pytest.raises(InvalidInput) as caught:
        await service.register(conn, parties.maker, some_case(**changed), now=now)
    assert caught.value.field == field


async def test_a_contract_is_entered_once_a_bank(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """The same contract number is refused to its bank and free to another."""
    case = await service.register(conn, parties.maker, some_case(), now=now)
    again = some_case(contract_number=case.contract_number)
    with pytest.raises(AlreadyRegistered):
        await service.register(conn, parties.maker, again, now=now)
    other = await make_parties(conn, now=now)
    await service.register(conn, other.maker, again, now=now)
    assert await service.page(conn, parties.maker, after=None, limit=10) == [case]
    assert len(await service.page(conn, parties.regulator, after=None, limit=10)) == 2
    assert await service.page(conn, parties.regulator, after=case.id, limit=10) != [case]


async def test_a_case_moves_with_one_entry_a_step(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """A step writes its audit entry; an illegal one, or one of no case, writes nothing."""
    case = await service.register(conn, parties.maker, some_case(), now=now)
    moved = await service.move(
        conn, parties.maker, case.id, CaseState.FROZEN, now=now, reason="MON-01"
    )
    assert (moved.state, moved.version) == (CaseState.FROZEN, 2)
    with pytest.raises(IllegalStep):
        await service.move(conn, parties.maker, case.id, CaseState.CLOSED, now=now)
    with pytest.raises(NotFound):
        await service.move(conn, parties.maker, parties.maker.user_id, CaseState.FROZEN, now=now)
    found = await conn.fetch(
        "SELECT action, reason FROM market.audit_entries WHERE subject_id = $1 ORDER BY position",
        str(case.id),
    )
    assert [tuple(row) for row in found] == [("case_registered", None), ("case_moved", "MON-01")]


async def test_a_newer_reading_of_the_register_replaces_the_older(
    conn: Connection, parties: Parties, now: datetime
) -> None:
    """It needs the version that was read and may not be older; what was on record is in the audit entry."""
    asset = await assets.register(conn, parties.maker, some_asset(), now=now)
    lapsed = AssetStatus(
        legal_status=LegalStatus.LAPSED, status_as_of=asset.status_as_of, status_source="登记簿副本"
    )
    with pytest.raises(VersionChanged):
        await assets.record_status(conn, parties.maker, asset.id, lapsed, version=9, now=now)
    after = await assets.record_status(conn, parties.maker, asset.id, lapsed, version=1, now=now)
    assert (after.legal_status, after.version) == (LegalStatus.LAPSED, 2)
    old = AssetStatus(
        legal_status=LegalStatus.IN_FORCE, status_as_of=some_case().granted_on, status_source="旧"
    )
    with pytest.raises(InvalidInput, match="status_as_of"):
        await assets.record_status(conn, parties.maker, asset.id, old, version=2, now=now)
    before = await conn.fetchval(
        "SELECT before ->> 'legal_status' FROM market.audit_entries WHERE subject_id = $1 AND before IS NOT NULL",
        str(asset.id),
    )
    assert before == "in_force"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"number": "201810861934.3"}, "number"),
        ({"owner_code": "911100008021004330"}, "owner_code"),
        ({"nice_class": 9}, "nice_class"),
        ({"expires_on": "2050-01-01"}, "expires_on"),
    ],
)
async def test_a_wrong_right_is_refused_by_field(
    conn: Connection, parties: Parties, now: datetime, changed: dict[str, Any], field: str
) -> None:
    """Numbers, codes, classes and terms are checked at entry as in an import, and a right is entered once."""
    with pytest.raises(InvalidInput) as caught:
        await assets.register(conn, parties.maker, some_asset(**changed), now=now)
    assert caught.value.field == field
    right = some_asset()
    await assets.register(conn, parties.maker, right, now=now)
    with pytest.raises(AlreadyRegistered):
        await assets.register(conn, parties.maker, right, now=now)
