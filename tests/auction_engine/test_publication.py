"""The rules that were played are those of the notice, and every difference is named."""

import ast
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

import auction_engine
from auction_engine.bundle import Holder, Published
from auction_engine.errors import JournalBroken
from auction_engine.publication import AddedHolder, Untied, proved_notice
from auction_engine.replica import Replica
from auction_engine.rules.model import create_command
from auction_engine.rules.profile import profile_hash, profile_object, public_object
from auction_engine.verdicts import reason_in_chinese
from tests.auction_engine.make_engine import AUCTION, OTHER_AUCTION
from tests.auction_engine.make_journal import OPENS_MS, a_profile
from tests.auction_engine.make_publication import SALT, a_notice, a_publication

RESERVE_FEN = 12_000_000
PLAYED = profile_object(a_profile(reserve_price_fen=RESERVE_FEN))


def test_confirmed_holders_are_the_one_difference_and_are_named() -> None:
    """Published rules plus confirmed holders are the rules played; who was barred before the opening may be missing."""
    proved = proved_notice(a_publication(RESERVE_FEN), auction=AUCTION, played=PLAYED)
    assert proved.added == [AddedHolder(paddle=3, rank=1)]
    barred = Holder(paddle=4, rank=2, barred=True)
    with_barred = a_publication(
        RESERVE_FEN, holders=[Holder(paddle=3, rank=1, barred=True), barred]
    )
    assert proved_notice(with_barred, auction=AUCTION, played=PLAYED).added == proved.added
    plain = PLAYED | {"priority": []}
    nobody = a_publication(RESERVE_FEN, holders=[])
    assert proved_notice(nobody, auction=AUCTION, played=plain).added == []


def restated(notice: str, **fields: Any) -> Published:
    """A publication whose notice says something else, under its right SHA-256."""
    return a_publication(
        RESERVE_FEN, notice=notice, notice_sha256=sha256(notice.encode()).hexdigest(), **fields
    )


def untied() -> list[tuple[Published, dict[str, Any], str]]:
    """Publications that do not fit, with what is played and the field that is named."""
    good = a_publication(RESERVE_FEN)
    rules = public_object(a_profile(reserve_price_fen=RESERVE_FEN, priority=[]))
    spaced = good.profile.replace(",", ", ", 1)
    spaced_hash = sha256((SALT + spaced).encode()).hexdigest()
    four = Holder(paddle=4, rank=2, barred=False)
    return [
        (a_publication(RESERVE_FEN, notice_sha256="0" * 64), PLAYED, "notice"),
        (a_publication(RESERVE_FEN, salt="00" * 32), PLAYED, "profile_hash"),
        (a_publication(RESERVE_FEN, notice_number="LC-2026-000002-N1"), PLAYED, "notice"),
        (restated(a_notice("0" * 64, rules)), PLAYED, "profile_hash"),
        (restated(a_notice(good.profile_hash, rules, lot_id=OTHER_AUCTION)), PLAYED, "notice"),
        (restated(a_notice(good.profile_hash, rules | {"opens_at": 1})), PLAYED, "notice"),
        (restated("[]"), PLAYED, "notice"),
        (
            restated(a_notice(spaced_hash, rules), profile=spaced, profile_hash=spaced_hash),
            PLAYED,
            "profile",
        ),
        (good, PLAYED | {"reserve_price_fen": 11_000_000}, "profile"),
        (good, PLAYED | {"start_price_fen": 9_000_000, "min_bidders": 2}, "profile"),
        (good, PLAYED | {"priority": []}, "priority"),
        (good, PLAYED | {"priority": [{"paddle": 3, "rank": 2}]}, "priority"),
        (a_publication(RESERVE_FEN, holders=[]), PLAYED, "priority"),
        (a_publication(RESERVE_FEN, holders=[*good.holders, four]), PLAYED, "priority"),
    ]


@pytest.mark.parametrize(("published", "played", "field"), untied())
def test_rules_that_are_not_those_published_are_named(
    published: Published, played: dict[str, Any], field: str
) -> None:
    """Another notice, salt, profile, or rules changed between notice and opening: each is a fault of its field."""
    with pytest.raises(Untied) as caught:
        proved_notice(published, auction=AUCTION, played=played)
    assert caught.value.field == field
    assert "内容不成立" not in reason_in_chinese(caught.value.reason)


def test_every_difference_is_named() -> None:
    """Where several rules differ, each is listed with what was published and what was played."""
    played = PLAYED | {"start_price_fen": 9_000_000, "min_bidders": 2}
    with pytest.raises(Untied, match="start_price_fen was 10000000, played was 9000000") as caught:
        proved_notice(a_publication(RESERVE_FEN), auction=AUCTION, played=played)
    assert "differ in min_bidders, start_price_fen" in str(caught.value)


def test_a_salted_creation_states_the_salted_hash() -> None:
    """The engine's hash of a profile with a secret reserve is salted, and a creation with another salt is refused."""
    profile = a_profile(reserve_price_fen=RESERVE_FEN)
    creation = create_command(profile, {1: None}, salt=SALT).creation
    assert creation is not None
    assert creation.hash == profile_hash(profile, salt=SALT) != profile_hash(profile)
    assert "salt" not in create_command(profile, {1: None}).to_wire(1, age_us=0)[6]
    wire = ["create", 0, 0, 0, "", creation.to_wire()]
    replica = Replica()
    assert replica.decide(wire, OPENS_MS - 5000)[0] == 1
    other = msgspec.structs.replace(creation, salt="00" * 32)
    with pytest.raises(JournalBroken):
        Replica().decide(["create", 0, 0, 0, "", other.to_wire()], OPENS_MS - 5000)
    anew = create_command(profile, {1: None}, salt="00" * 32).creation
    assert anew is not None
    assert replica.decide(["create", 0, 0, 0, "", anew.to_wire()], OPENS_MS)[0] == 0


def reasons() -> list[str]:
    """Every reason written in the verifier and in what it asks about notes and receipts, values replaced by 7."""
    package = Path(auction_engine.__file__).parent
    found: list[str] = []
    for name, places in (
        ("verification.py", {"DoesNotHold": 1}),
        ("publication.py", {"Untied": 1}),
        ("checkpoints.py", {"BadNote": 0}),
    ):
        for node in ast.walk(ast.parse((package / name).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = places.get(node.func.id)
                if place is not None and place < len(node.args):
                    found += text_of(node.args[place])
    for node in ast.walk(ast.parse((package / "receipts.py").read_text())):
        if isinstance(node, ast.FunctionDef) and node.name == "fault_in":
            for step in ast.walk(node):
                if isinstance(step, ast.Return) and step.value is not None:
                    found += text_of(step.value)
    return found


def text_of(node: ast.expr) -> list[str]:
    """The text of a literal, or nothing."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return [
                "".join(part.value if isinstance(part, ast.Constant) else "7" for part in values)
            ]
        case ast.BinOp(left=left, right=right):
            return ["".join([*text_of(left), *(text_of(right) or ["7"])])]
    return []


def test_every_reason_has_its_chinese() -> None:
    """No finding of the verifier is told in English alone."""
    found = reasons()
    assert len(found) > 50
    assert [reason for reason in found if "内容不成立" in reason_in_chinese(reason)] == []
