"""The public log over HTTP: a receipt is in it, it only grows, and a changed key leaves what was signed good."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auction_engine import key_history
from auction_engine.bundle import KeyGiven, decode_line, encode_line
from auction_engine.checkpoints import LogKey
from auction_engine.log_proofs import (
    ConsistencyProof,
    InclusionProof,
    SignedHead,
    fault_in_consistency,
    fault_in_inclusion,
)
from auction_engine.log_tree import sign_checkpoint
from auction_engine.receipts import Receipt, fault_in
from auction_engine.verification import DoesNotHold, verify_bundle
from kit.clock import system_clock
from marketplace.app import create_app
from marketplace.commands.rotate_key import command
from marketplace.resources import open_resources
from tests.auction_engine.make_engine import a_key
from tests.make_people import client_of
from tests.make_stage import START_FEN, STEP_FEN, Stage, moment, until


async def bids(stage: Stage, lot: dict[str, Any], count: int) -> list[Receipt]:
    bidder, _ = await stage.deposited(lot)
    rival, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    found = []
    for number in range(count):
        who = (bidder, rival)[number % 2]
        path = f"/v1/auctions/{lot['id']}/bids"
        answer = await who.post(path, {"amount_fen": START_FEN + number * STEP_FEN})
        found.append(msgspec.convert(answer["receipt"], Receipt))
    return found


async def signed(stage: Stage, shard: int) -> None:
    """Have the projector's duty done now: a checkpoint over what is projected."""
    await stage.project()
    async with stage.pool.acquire() as conn, conn.transaction():
        await sign_checkpoint(conn, shard, key=stage.resources.hall.key, now=system_clock())


async def known_keys(stage: Stage) -> list[bytes]:
    found = await stage.anyone.get("/v1/log/keys")
    return [bytes.fromhex(one["public_key"]) for one in found["items"]]


async def test_a_receipt_is_proved_to_be_in_a_log_that_only_grows(stage: Stage) -> None:
    """Inclusion of a receipt and consistency of two checkpoints, served to anybody, checked without the server."""
    lot = await stage.published(opens_in=1.5, lasts=120)
    first, *_ = await bids(stage, lot, 1)
    path = f"/v1/log/shards/{first.shard}"
    proof_path = f"{path}/batches/{first.header.seq}/inclusion"
    await stage.anyone.get(proof_path, expect=404)
    await signed(stage, first.shard)
    keys = await known_keys(stage)
    proof = msgspec.convert(await stage.anyone.get(proof_path), InclusionProof)
    assert fault_in_inclusion(first, proof, keys=keys) is None
    old = msgspec.convert(await stage.anyone.get(f"{path}/checkpoint"), SignedHead)
    for reason in ("one", "two"):
        order = {"reason": reason}
        await stage.operator.post(f"/v1/auctions/{lot['id']}/suspend", order)
        await stage.operator.post(f"/v1/auctions/{lot['id']}/resume", order)
    await signed(stage, first.shard)
    new = msgspec.convert(await stage.anyone.get(f"{path}/checkpoint"), SignedHead)
    assert new.size > old.size
    asked = f"{path}/consistency?old={old.size}"
    grown = msgspec.convert(await stage.anyone.get(asked), ConsistencyProof)
    assert fault_in_consistency(old, new, grown, log=first.log, keys=keys) is None
    await stage.anyone.get(f"{path}/consistency?old=1&new={new.size + 1}", expect=400)
    await stage.anyone.get("/v1/log/shards/99999/checkpoint", expect=400)
    _assert_false_proofs_are_seen(first, proof, old, new, grown, keys)


def _assert_false_proofs_are_seen(
    receipt: Receipt,
    proof: InclusionProof,
    old: SignedHead,
    new: SignedHead,
    grown: ConsistencyProof,
    keys: list[bytes],
) -> None:
    change = msgspec.structs.replace
    other_root = change(receipt, root="00" * 32)
    assert "does not lead" in str(fault_in_inclusion(other_root, proof, keys=keys))
    moved = change(proof, chain_before="11" * 32)
    assert "does not lead" in str(fault_in_inclusion(receipt, moved, keys=keys))
    assert "another batch" in str(fault_in_inclusion(receipt, change(proof, seq=9), keys=keys))
    assert "not hexadecimal" in str(
        fault_in_inclusion(receipt, change(proof, chain_before="x"), keys=keys)
    )
    assert "no key" in str(fault_in_inclusion(receipt, proof, keys=[]))
    assert "not signed" in str(fault_in_inclusion(receipt, proof, keys=[bytes(32)]))
    log = receipt.log
    forged = change(grown, path=["22" * 32] * max(1, len(grown.path)))
    assert "does not continue" in str(fault_in_consistency(old, new, forged, log=log, keys=keys))
    assert "other sizes" in str(fault_in_consistency(new, old, grown, log=log, keys=keys))
    bad = change(grown, path=["zz"])
    assert "not hexadecimal" in str(fault_in_consistency(old, new, bad, log=log, keys=keys))
    cut = change(new, note=new.note[:-9])
    assert fault_in_consistency(old, cut, grown, log=log, keys=keys) is not None
    cut = change(old, note=old.note[:-9])
    assert fault_in_consistency(cut, new, grown, log=log, keys=keys) is not None


async def test_a_changed_key_leaves_everything_signed_good(stage: Stage, database_url: str) -> None:
    """Rotated by the command line while an auction runs: old receipts, checkpoints and the bundle verify."""
    lot = await stage.published(opens_in=1.5, lasts=8)
    first, *_ = await bids(stage, lot, 2)
    await signed(stage, first.shard)
    path = Path(stage.resources.settings.signing_key_path or "")
    old = stage.resources.hall.key.public_key
    rotate = ["--database-url", database_url, "--key", str(path)]
    done = await asyncio.to_thread(CliRunner().invoke, command, rotate)
    assert done.exit_code == 0, done.output
    shown = msgspec.json.decode(done.output)
    assert shown["previous"] == old.hex()
    await asyncio.to_thread(_assert_kept, path, Path(shown["kept"]))
    audited = await stage.pool.fetchval(
        "SELECT count(*) FROM market.audit_entries WHERE action = 'signing_key_rotated'"
    )
    assert audited == 1
    async with open_resources(stage.resources.settings) as resources:
        stage.resources = resources
        stage.client = client = await _entered(resources)
        try:
            await _assert_all_is_good(stage, lot, first, old=old)
        finally:
            await client.aclose()


def _assert_kept(path: Path, kept: Path) -> None:
    """The new key is for its owner's eyes alone, and the old one is kept beside it."""
    assert path.stat().st_mode & 0o077 == 0
    assert kept.read_bytes() != path.read_bytes()


async def _entered(resources: Any) -> Any:
    return await client_of(create_app(resources)).__aenter__()


async def _assert_all_is_good(
    stage: Stage, lot: dict[str, Any], receipt: Receipt, *, old: bytes
) -> None:
    new = stage.resources.hall.key.public_key
    assert new != old
    stage.operator = msgspec.structs.replace(stage.operator, client=stage.client)
    stage.anyone = msgspec.structs.replace(stage.anyone, client=stage.client)
    keys = await known_keys(stage)
    assert keys == [old, new]
    assert fault_in(receipt, is_trusted=keys.__contains__) is None
    proof_path = f"/v1/log/shards/{receipt.shard}/batches/{receipt.header.seq}/inclusion"
    proof = msgspec.convert(await stage.anyone.get(proof_path), InclusionProof)
    assert fault_in_inclusion(receipt, proof, keys=keys) is None
    await until(moment(lot["closes_at"]))
    await stage.until_closed(lot)
    answer = await stage.client.get(
        f"/v1/auctions/{lot['id']}/bundle", headers=stage.operator.headers
    )
    bundle = answer.content
    assert verify_bundle(bundle, trusted_keys=[old]).keys == [old.hex(), new.hex()]
    assert verify_bundle(bundle).result["outcome"] == "sold"
    with pytest.raises(DoesNotHold, match="not among the keys you trust"):
        verify_bundle(bundle, trusted_keys=[new])
    lines = bundle.splitlines()
    place = next(i for i, raw in enumerate(lines) if isinstance(decode_line(raw), KeyGiven))
    given = decode_line(lines[place])
    assert isinstance(given, KeyGiven)
    forged = msgspec.structs.replace(given, signature="00" * 64)
    changed = b"\n".join([*lines[:place], encode_line(forged), *lines[place + 1 :]]) + b"\n"
    with pytest.raises(DoesNotHold, match="did not sign this one"):
        verify_bundle(changed)


async def test_the_history_of_keys_only_grows(database: asyncpg.Pool) -> None:
    """A key is recorded once; a handover needs the key before; nobody changes what is recorded."""
    key = a_key()
    async with database.acquire() as conn:
        async with conn.transaction():
            assert await key_history.record(conn, key, now=system_clock())
        async with conn.transaction():
            assert not await key_history.record(conn, key, now=system_clock())
        follower = LogKey(key.log_name, _another())
        async with conn.transaction():
            assert await key_history.hand_over(conn, key, follower, now=system_clock())
        held = await key_history.history(conn, key.log_name)
        assert [entry.public_key for entry in held] == [key.public_key, follower.public_key]
        with pytest.raises(asyncpg.PostgresError):
            await conn.execute("DELETE FROM engine.signing_keys")
    handovers = [(e.previous or b"", e.public_key, e.handover or b"") for e in held[1:]]
    trusted = key_history.trusted_with([key.public_key], handovers, log_name=key.log_name)
    assert trusted == {key.public_key, follower.public_key}
    other = key_history.trusted_with([key.public_key], handovers, log_name="other/engine")
    assert other == {key.public_key}
    stranger = bytes(31) + b"\x01"
    assert key_history.trusted_with([stranger], handovers, log_name=key.log_name) == {stranger}


def _another() -> Any:
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
