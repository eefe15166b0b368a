"""What is asked for is read in both languages: every field that a content can have has its words."""

from collections.abc import Iterator
from uuid import UUID

import msgspec
import pytest
from msgspec import inspect

from marketplace.approvals.contents import ids_in, label_of, parts_of, said
from marketplace.approvals.schemas import LimitIn
from marketplace.consignments.schemas import Authority, CostsBorneBy, Route, Terms
from marketplace.licence_offers.schemas import Power
from marketplace.lots.regimes import Regime
from marketplace.lots.rules import LotStatus, Origin
from marketplace.lots.schemas import Bidding, Lot
from marketplace.pages import content_words
from marketplace.pages.vocabulary import Words
from marketplace.plans.schemas import PlanContent


def names_in(kind: inspect.Type) -> Iterator[str]:
    """The fields of a struct and of what is in it, but for the rules of bidding, which are said in sentences."""
    if isinstance(kind, inspect.Metadata):
        yield from names_in(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from names_in(one)
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType):
        yield from names_in(kind.item_type)
    elif isinstance(kind, inspect.StructType) and kind.cls is not Bidding:
        for field in kind.fields:
            yield field.encode_name
            yield from names_in(field.type)


def test_every_field_has_words() -> None:
    """Consignments, lots, plans with all their steps, limits: a new field without words stops here."""
    asked = {"version", "has_reserve", "plan", "change", "after", "content_hash", "claim_sha256"}
    for struct in (Terms, Lot, PlanContent, LimitIn):
        asked |= set(names_in(inspect.type_info(struct)))
    asked -= {"en", "zh"}  # a text in both languages is shown as one
    assert asked - set(content_words.PARTS) == set()
    assert all(words.zh and words.en for words in content_words.PARTS.values())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("authority", Authority),
        ("route", Route),
        ("costs_borne_by", CostsBorneBy),
        ("regime", Regime),
        ("power", Power),
        ("origin", Origin),
        ("status", LotStatus),
    ],
)
def test_every_code_has_words(name: str, values: type) -> None:
    """No value of a closed list is shown by its code."""
    assert {str(one) for one in values} <= set(content_words.VALUES[name])  # type: ignore[attr-defined]


def test_parts_are_said_as_people_read_them() -> None:
    """Amounts, shares, lengths, times, yes and no, names; what is not stated is left out; nested ones are opened."""
    bank = UUID(int=5)
    content = {
        "venue_id": str(bank),
        "start_price_fen": 123_456_789,
        "commission_bp": 250,
        "foreign_bidders": False,
        "opens_at": "2026-11-20T04:00:00Z",
        "state_approval": "",
        "reserve_price_fen": None,
        "plan": '{"steps":[{"kind":"set_off","price_bp":8000,"opens_after_seconds":90}]}',
    }
    parts = parts_of(msgspec.json.encode(content).decode(), {bank: "交易所"})
    shown = [(part.label.en, part.said) for part in parts if not part.parts]
    assert shown == [
        ("Venue", "交易所"),
        ("Commission", "2.5%"),
        ("Foreign bidders let in", Words("否", "No")),
        ("Start price", "¥1,234,567.89"),
        ("Bidding opens", "2026-11-20 12:00:00"),
    ]
    (steps,) = parts[-1].parts
    assert [(part.label.zh, part.said) for part in steps.parts[0].parts] == [
        ("种类", Words("以物抵债", "Set-off")),
        ("占前一价格比例", "80%"),
        ("公告后多久开始", Words("1分30秒", "1 min 30 s")),
    ]
    assert ids_in(msgspec.json.encode(content).decode()) == {bank}


def test_what_has_no_words_stands_as_it_is() -> None:
    """A content of an older version is still read; ids without a name stay ids."""
    assert label_of("old_field") == Words("old_field", "old_field")
    assert said("case_id", str(UUID(int=1)), {}) == str(UUID(int=1))
