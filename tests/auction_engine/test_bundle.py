"""A bundle proves the winner and the price to a stranger; changed in any way it fails, and says where."""

import json
import random
import secrets
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
import redis.asyncio
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auction_engine.bundle import (
    AnyLine,
    Batch,
    Given,
    Head,
    Inclusion,
    Published,
    Signed,
    decode_line,
    export_bundle,
    seal,
)
from auction_engine.checkpoints import LogKey, verifier_key
from auction_engine.errors import AuctionNotFinal, NoSuchAuction
from auction_engine.projector import Projector
from auction_engine.rules.commands import Command
from auction_engine.verification import DoesNotHold, Unreadable, verify_bundle
from marketplace.commands.verify import command as verify
from tests.auction_engine.make_engine import AUCTION, LOG_NAME, OTHER_AUCTION, a_bid, a_key
from tests.auction_engine.make_journal import OPENS_MS, SHARD, JournalWriter, a_creation
from tests.auction_engine.make_publication import NOTICE_NUMBER, a_publication

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
END_MS = OPENS_MS + 86_400_000
RESERVE_FEN = 12_000_000


async def write_auction(writer: JournalWriter) -> None:
    """Two auctions in one shard; paddle 2 wins the first by a hidden maximum, paddle 3 matches once."""
    await writer.write(
        OPENS_MS - 5000,
        (OTHER_AUCTION, a_creation()),
        (AUCTION, a_creation(reserve_price_fen=RESERVE_FEN)),
    )
    step = OPENS_MS + 1000
    await writer.write(
        step, (AUCTION, a_bid(1, 10_000_000, "a1")), (OTHER_AUCTION, a_bid(5, 10_000_000))
    )
    await writer.write(step + 1, (OTHER_AUCTION, a_bid(4, 20_000_000)))
    await writer.write(step + 2, (AUCTION, a_bid(3, 10_000_000)), (AUCTION, a_bid(4, 10_000_050)))
    proxy = Command(do="proxy", paddle=2, value=20_000_000, id="p1")
    await writer.write(step + 3, (AUCTION, proxy), (AUCTION, a_bid(1, 15_000_000)))
    await writer.write(step + 4, (AUCTION, Command(do="suspend", reason="fault")))
    await writer.write(step + 504, (AUCTION, Command(do="resume")))
    await writer.write(END_MS + 400, (AUCTION, a_bid(1, 16_000_000, "late")))
    await writer.write(END_MS + 400_000, (AUCTION, Command(do="tick")))


@pytest.fixture
async def bundle(database: asyncpg.Pool, engine_redis: redis.asyncio.Redis) -> bytes:
    """The bundle of a final auction."""
    await database.execute("INSERT INTO engine.shards (shard, epoch) VALUES ($1, 1)", SHARD)
    writer = JournalWriter(engine_redis)
    projector = Projector(database, engine_redis, key=a_key(), clock=lambda: NOW)
    await write_auction(writer)
    await projector.project(SHARD)
    async with database.acquire() as conn, conn.transaction(isolation="repeatable_read"):
        return await export_bundle(
            conn, UUID(AUCTION), key=a_key(), mode="local", published=a_publication(RESERVE_FEN)
        )


def lines_of(bundle: bytes) -> list[Any]:
    return [decode_line(raw) for raw in bundle.splitlines()]


def sealed(lines: list[AnyLine], key: LogKey | None = None) -> bytes:
    """The bundle of these lines (the last, which signs, is made anew)."""
    return seal(lines[:-1], key=key or a_key())


def changed(line: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(line, **fields)


async def test_bundle_proves_winner_and_price(bundle: bytes) -> None:
    """The untouched bundle verifies and gives the winner, the price and what was checked."""
    verified = verify_bundle(bundle, trusted_keys=[a_key().public_key])
    assert verified.result["outcome"] == "sold"
    assert (verified.result["winner"], verified.result["price_fen"]) == (2, 16_100_000)
    assert verified.result["underbidder"] == 1
    assert (verified.batches, verified.commands, verified.receipts) == (9, 10, 3)
    assert verify_bundle(bundle) == verified


async def test_bundle_shows_nothing_of_other_auctions(bundle: bytes) -> None:
    """No command, paddle or amount of another auction of the same shard can be read from the file."""
    assert OTHER_AUCTION.encode() not in bundle
    assert b"20000000" in bundle, "the winner's maximum is needed for the replay"
    for line in lines_of(bundle):
        if isinstance(line, Batch):
            assert all(opening.command[2] != 5 for opening in line.openings)


async def test_bundle_is_refused_before_the_auction_is_final(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis
) -> None:
    """Nothing is exported while maxima and reserve are secret, nor of an auction that there is not."""
    await database.execute("INSERT INTO engine.shards (shard, epoch) VALUES ($1, 1)", SHARD)
    writer = JournalWriter(engine_redis)
    await writer.write(OPENS_MS, (AUCTION, a_creation()))
    await Projector(database, engine_redis, key=a_key(), clock=lambda: NOW).project(SHARD)
    async with database.acquire() as conn:
        with pytest.raises(AuctionNotFinal):
            await export_bundle(conn, UUID(AUCTION), key=a_key(), mode="local")
        with pytest.raises(NoSuchAuction):
            await export_bundle(conn, UUID(OTHER_AUCTION), key=a_key(), mode="local")


def drop_opening(lines: list[Any]) -> str:
    lines[4] = changed(lines[4], openings=lines[4].openings[:1])
    return "commands"


def drop_accepted(lines: list[Any]) -> str:
    lines[2] = changed(lines[2], openings=[], leaves=[])
    return "line 5: batch 4"


def drop_batch(lines: list[Any]) -> str:
    del lines[3]
    return "line 4: batch 4"


def swap_batches(lines: list[Any]) -> str:
    lines[3], lines[4] = lines[4], lines[3]
    return "line 4: batch 4"


def swap_bids(lines: list[Any]) -> str:
    first, second = lines[4].openings
    swapped = [changed(second, index=first.index), changed(first, index=second.index)]
    lines[4] = changed(lines[4], openings=swapped)
    return "line 5: batch 4 of shard 5, command 0"


def reorder_bids(lines: list[Any]) -> str:
    lines[4] = changed(lines[4], openings=lines[4].openings[::-1])
    return "line 5: batch 4 of shard 5, command 0"


def move_time(lines: list[Any]) -> str:
    lines[2] = changed(lines[2], header=changed(lines[2].header, decided_ms=OPENS_MS + 1001))
    return "line 3: batch 2 of shard 5: signature"


def move_age(lines: list[Any]) -> str:
    opening = lines[2].openings[0]
    moved = [opening.command[0], 4000, *opening.command[2:]]
    lines[2] = changed(lines[2], openings=[changed(opening, command=moved)])
    return "line 3: batch 2 of shard 5, command 0"


def raise_amount(lines: list[Any]) -> str:
    opening = lines[2].openings[0]
    raised = [*opening.command[:3], 10_100_000, *opening.command[4:]]
    lines[2] = changed(lines[2], openings=[changed(opening, command=raised)])
    return "line 3: batch 2 of shard 5, command 0"


def change_decision(lines: list[Any]) -> str:
    opening = lines[4].openings[1]
    lines[4] = changed(
        lines[4], openings=[lines[4].openings[0], changed(opening, decision=[1, 3, 10, 4, 9])]
    )
    return "line 5: batch 4 of shard 5, command 1"


def duplicate_batch(lines: list[Any]) -> str:
    lines.insert(3, lines[2])
    return "line 4: batch 2"


def change_leaf(lines: list[Any]) -> str:
    lines[2] = changed(lines[2], leaves=[lines[2].leaves[0], "0" * 64])
    return "line 3: batch 2 of shard 5"


def change_chain(lines: list[Any]) -> str:
    lines[0] = changed(lines[0], chain_before="1" * 64)
    return "inclusion"


def change_winner(lines: list[Any]) -> str:
    lines[0] = changed(lines[0], result=lines[0].result | {"winner": 1})
    return "line 1: result"


def change_reserve(lines: list[Any]) -> str:
    lines[0] = changed(lines[0], profile=lines[0].profile | {"reserve_price_fen": None})
    return "line 1: profile"


def forge_receipt(lines: list[Any]) -> str:
    place = next(n for n, line in enumerate(lines) if isinstance(line, Given))
    receipt = lines[place].receipt
    command = [*receipt.command[:3], 99_000_000, *receipt.command[4:]]
    lines[place] = Given(receipt=changed(receipt, command=command))
    return f"line {place + 1}: receipt of batch {receipt.header.seq}, command {receipt.index}"


def forge_receipt_signature(lines: list[Any]) -> str:
    place = next(n for n, line in enumerate(lines) if isinstance(line, Given))
    receipt = lines[place].receipt
    lines[place] = Given(receipt=changed(receipt, signature="00" * 64))
    return f"line {place + 1}: receipt of batch {receipt.header.seq}, command {receipt.index}"


def promise_more_durability(lines: list[Any]) -> str:
    place = next(n for n, line in enumerate(lines) if isinstance(line, Given))
    lines[place] = Given(receipt=changed(lines[place].receipt, mode="journalled"))
    return f"line {place + 1}: receipt of batch"


def forge_checkpoint(lines: list[Any]) -> str:
    place = next(n for n, line in enumerate(lines) if isinstance(line, Signed))
    size = lines[place].note.split("\n")[1]
    lines[place] = changed(lines[place], note=lines[place].note.replace(f"\n{size}\n", "\n99\n", 1))
    return f"line {place + 1}: checkpoint"


def drop_checkpoints(lines: list[Any]) -> str:
    lines[:] = [line for line in lines if not isinstance(line, Signed | Inclusion)]
    return "the end"


def count_fewer(lines: list[Any]) -> str:
    lines[0] = changed(lines[0], commands=lines[0].commands - 1)
    return "line 1: commands"


def cut_the_tail(lines: list[Any]) -> str:
    place = max(n for n, line in enumerate(lines) if isinstance(line, Batch))
    del lines[place]
    return "inclusion"


def rename_the_auction(lines: list[Any]) -> str:
    lines[0] = changed(lines[0], auction=OTHER_AUCTION)
    return "line 2: batch 1 of shard 5, command 1"


TAMPERINGS = [
    drop_opening,
    drop_accepted,
    drop_batch,
    swap_batches,
    swap_bids,
    reorder_bids,
    move_time,
    move_age,
    raise_amount,
    change_decision,
    duplicate_batch,
    change_leaf,
    change_chain,
    change_winner,
    change_reserve,
    forge_receipt,
    forge_receipt_signature,
    promise_more_durability,
    forge_checkpoint,
    drop_checkpoints,
    count_fewer,
    cut_the_tail,
    rename_the_auction,
]


async def test_every_tampering_fails_at_its_place(bundle: bytes) -> None:
    """What was dropped, swapped, moved or forged is named, even where the file is signed again afterwards."""
    for tamper in TAMPERINGS:
        lines = lines_of(bundle)
        place = tamper(lines)
        with pytest.raises(DoesNotHold) as caught:
            verify_bundle(sealed(lines), trusted_keys=[a_key().public_key])
        assert place in str(caught.value), tamper.__name__


def a_random_edit(rnd: random.Random, line: Any) -> bool:
    """Change one thing somewhere in a line, as somebody would who can sign again; whether anything was changed."""
    if isinstance(line, dict):
        inner = [name for name in line if name != "line"]
        name = rnd.choice(inner) if inner else None
        return name is not None and _edit_at(rnd, line, name)
    if isinstance(line, list) and line:
        draw = rnd.random()
        if draw < 0.1:
            del line[rnd.randrange(len(line))]
            return True
        if draw < 0.2 and len(line) > 1:
            first, second = rnd.sample(range(len(line)), 2)
            is_other = line[first] != line[second]
            line[first], line[second] = line[second], line[first]
            return bool(is_other)
        return _edit_at(rnd, line, rnd.randrange(len(line)))
    return False


def _edit_at(rnd: random.Random, holder: Any, place: Any) -> bool:
    value = holder[place]
    match value:
        case bool():
            holder[place] = not value
        case int():
            holder[place] = value + rnd.choice([-1, 1, 1_000])
        case str() if value:
            at = rnd.randrange(len(value))
            other = rnd.choice([sign for sign in "0123456789abcdef" if sign != value[at]])
            holder[place] = value[:at] + other + value[at + 1 :]
        case None:
            holder[place] = 1
        case _:
            return a_random_edit(rnd, value)
    return True


def _proved(line: Any) -> bytes:
    """A line without what is the venue's word alone: that a holder was barred at some time."""
    holders = [h | {"barred": None} for h in line.get("holders", []) if isinstance(h, dict)]
    return msgspec.json.encode(line | {"holders": holders})


async def test_hundreds_of_random_edits_that_are_signed_again_are_all_found(bundle: bytes) -> None:
    """T11, reliability 5.3: whatever single thing the venue changes before it signs, verify names a place; no miss."""
    rnd, tried = random.Random(20261128), 0
    key, raw_lines = a_key(), bundle.splitlines()[:-1]
    while tried < 400:
        lines = [msgspec.json.decode(raw) for raw in raw_lines]
        place = rnd.randrange(len(lines))
        before = _proved(lines[place])
        if not a_random_edit(rnd, lines[place]) or _proved(lines[place]) == before:
            continue
        tried += 1
        try:
            forged = seal([decode_line(msgspec.json.encode(line)) for line in lines], key=key)
        except msgspec.ValidationError:
            continue  # it is not even a line of a bundle
        with pytest.raises(DoesNotHold) as caught:
            verify_bundle(forged, trusted_keys=[key.public_key])
        assert caught.value.place, lines[place]


async def test_a_number_that_no_bundle_holds_fails_at_its_line(bundle: bytes) -> None:
    """Too large to be written again, or outside what is signed: refused like every other, never an error of ours."""
    head, batch = (msgspec.json.decode(raw) for raw in bundle.splitlines()[:2])
    tried = [(1, head | {"shard": wrong}) for wrong in (-1, 2**32, 2**64, 10**30)]
    tried += [(1, head | {"first_batch": -1}), (1, head | {"profile": {"start_price_fen": 10**30}})]
    for place in range(1, 4):
        for wrong in (-1, 2**64, 10**30):
            header = [*batch["header"][:place], wrong, *batch["header"][place + 1 :]]
            tried.append((2, batch | {"header": header}))
    for place, line in tried:
        lines = bundle.splitlines(keepends=True)
        lines[place - 1] = (
            json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        )
        with pytest.raises(DoesNotHold) as caught:
            verify_bundle(b"".join(lines))
        assert caught.value.place.startswith("line "), line
        assert "内容不成立" not in caught.value.message_zh, caught.value.message


async def test_a_changed_file_fails_at_its_last_line(bundle: bytes) -> None:
    """A file whose lines hold but are not those that were signed fails at the line that signs them."""
    lines = lines_of(bundle)
    without_receipts = [line for line in lines if not isinstance(line, Given)]
    body = b"".join(msgspec.json.encode(line) + b"\n" for line in without_receipts)
    with pytest.raises(DoesNotHold, match=r"another SHA-256") as caught:
        verify_bundle(body)
    assert caught.value.place == f"line {len(without_receipts)}"
    with pytest.raises(DoesNotHold, match="is not a key of the venue"):
        verify_bundle(sealed(lines, a_key(9)), trusted_keys=[a_key().public_key])


async def test_a_bundle_of_another_venue_fails_against_the_key_one_trusts(bundle: bytes) -> None:
    """A consistent bundle under an unknown key is refused at once by whoever knows the venue's key."""
    with pytest.raises(DoesNotHold, match=r"line 1: keys"):
        verify_bundle(bundle, trusted_keys=[a_key(2).public_key])


async def test_a_thousand_random_bytes_changed_are_a_thousand_failures(bundle: bytes) -> None:
    """Any single byte changed anywhere makes the bundle fail, and the line is named."""
    for _ in range(1000):
        place = secrets.randbelow(len(bundle))
        value = (bundle[place] + 1 + secrets.randbelow(255)) % 256
        edited = bundle[:place] + bytes([value]) + bundle[place + 1 :]
        with pytest.raises(DoesNotHold, match=r"line|end") as caught:
            verify_bundle(edited, trusted_keys=[a_key().public_key])
        assert str(caught.value), (place, value)
        assert "内容不成立" not in caught.value.message_zh, caught.value.message


@pytest.mark.parametrize(
    ("cut", "refusal"),
    [(0, Unreadable), (1, Unreadable), (100, DoesNotHold), (5000, DoesNotHold), (-1, DoesNotHold)],
)
async def test_a_cut_file_fails(bundle: bytes, cut: int, refusal: type[Exception]) -> None:
    """A file that was cut off anywhere does not hold; only without the beginning of a bundle is it none."""
    with pytest.raises(refusal):
        verify_bundle(bundle[:cut])


async def test_each_changed_byte_of_the_first_and_last_line_exits_1(
    bundle: bytes, tmp_path: Path
) -> None:
    """Whichever byte is changed, the command says where it does not hold, in both languages, and exits 1."""
    file = tmp_path / "a.bundle"
    run: Callable[..., Any] = CliRunner().invoke
    for place in [*range(24), *range(200, 204), *range(len(bundle) - 24, len(bundle))]:
        file.write_bytes(bundle[:place] + bytes([bundle[place] ^ 1]) + bundle[place + 1 :])
        shown = run(verify, [str(file)])
        assert shown.exit_code == 1, (place, shown.output)
        english, chinese = shown.output.splitlines()
        assert english.startswith("does not hold: line ")
        assert chinese.startswith("不成立：第 ")


async def test_command_refuses_a_bundle_without_its_notice(bundle: bytes, tmp_path: Path) -> None:
    """Rules that no notice is shown for are rules that nobody could know: the command does not say `ok`."""
    file = tmp_path / "a.bundle"
    file.write_bytes(sealed([line for line in lines_of(bundle) if not isinstance(line, Published)]))
    run: Callable[..., Any] = CliRunner().invoke
    shown = run(verify, [str(file)])
    assert shown.exit_code == 1
    assert "it shows no notice with the rules as published" in shown.output


async def test_command_prints_winner_price_and_ok(bundle: bytes, tmp_path: Any) -> None:
    """`luochui verify` says who won at what price and exits 0; with --json it prints the same as an object."""
    file = tmp_path / "a.bundle"
    file.write_bytes(bundle)
    run: Callable[..., Any] = CliRunner().invoke
    shown = run(verify, [str(file)])
    assert shown.exit_code == 0
    assert "winner: paddle 2" in shown.output
    assert "161000.00" in shown.output
    assert "买受人号牌与成交价" in shown.output
    assert f"stated in notice 载于公告 {NOTICE_NUMBER}" in shown.output
    assert "priority holder, paddle 3, rank 1" in shown.output
    assert shown.output.rstrip().endswith("ok")
    printed = run(verify, [str(file), "--json", "--key", a_key().public_key.hex()])
    assert printed.exit_code == 0
    answer = json.loads(printed.stdout)
    assert (answer["ok"], answer["winner"], answer["price_fen"]) == (True, 2, 16_100_000)


async def test_command_names_what_does_not_hold(bundle: bytes, tmp_path: Any) -> None:
    """A tampered bundle exits 1 with the place; an unreadable one, or a wrong key, exits 2 with one line."""
    file = tmp_path / "a.bundle"
    lines = lines_of(bundle)
    move_time(lines)
    file.write_bytes(sealed(lines))
    run: Callable[..., Any] = CliRunner().invoke
    shown = run(verify, [str(file)])
    assert shown.exit_code == 1
    assert "line 3: batch 2 of shard 5" in shown.output
    answer = json.loads(run(verify, [str(file), "--json"]).stdout)
    assert answer["ok"] is False
    assert answer["place"].startswith("line 3: batch 2")
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    file.write_bytes(bundle)
    assert run(verify, [str(file), "--key", other]).exit_code == 1


@pytest.mark.parametrize(
    ("content", "arguments", "field"),
    [
        (b"PK\x03\x04 not a bundle", [], "BUNDLE"),
        (b'{"id": 1}\n{"id": 2}\n', [], "BUNDLE"),
        (b"", [], "BUNDLE"),
        (None, [], "BUNDLE"),
        (b"", ["--key", "zz"], "--key"),
        (b"", ["--key", "a+b+!!!!"], "--key"),
    ],
)
def test_command_refuses_what_is_no_bundle(
    content: bytes | None, arguments: list[str], field: str, tmp_path: Path
) -> None:
    """What can't be read, and a key that is none, exit 2 with one line on standard error that names the field."""
    file = tmp_path / "a.bundle"
    if content is not None:
        file.write_bytes(content)
    program = [sys.executable, "-c", "from marketplace.cli import main; main()"]
    done = subprocess.run(
        [*program, "verify", str(file), *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {field}: ")
    assert done.stderr.count("\n") == 1


async def test_key_text_with_the_log_name_is_accepted(bundle: bytes, tmp_path: Any) -> None:
    """The venue's key may be given in the form in which it is published (C2SP verifier key)."""
    file = tmp_path / "a.bundle"
    file.write_bytes(bundle)
    key = verifier_key(f"{LOG_NAME}/s{SHARD:02d}", a_key().public_key)
    run: Callable[..., Any] = CliRunner().invoke
    assert run(verify, [str(file), "--key", key]).exit_code == 0
    assert isinstance(lines_of(bundle)[0], Head)
