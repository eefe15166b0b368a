"""A sealed lot over HTTP alone: keys proved by the command line, envelopes made by the bidder's client, then opened."""

from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner

from auction_engine.sealed_bids import SealingTerms, seal
from marketplace.commands.sealing import command
from tests.make_stage import Person, Stage


class KeyHolders:
    """The venue's and the second opener's machine: a directory each, and the command line."""

    def __init__(self, directory: Path, kem: str = "x25519") -> None:
        self._directory = directory
        self.kem = kem
        self.public = {who: self._keygen(who) for who in ("venue", "opener")}

    def private(self, who: str) -> str:
        """The private key as it lies in its holder's file."""
        return self._key(who).read_text().split()[1]

    def run(self, action: str, who: str, **files: Any) -> Any:
        """What `luochui sealing <action>` prints for one of the two; `files` are answers of the API."""
        arguments = [action, "--key", str(self._key(who))]
        for name, content in files.items():
            path = self._directory / f"{name}.json"
            path.write_bytes(msgspec.json.encode(content))
            arguments += [f"--{name}", str(path)]
        if action == "open":
            arguments.append("--prove-failures")
        return _printed(arguments)

    def _keygen(self, who: str) -> str:
        return str(
            _printed(["keygen", "--kem", self.kem, "--out", str(self._key(who))])["public_key"]
        )

    def _key(self, who: str) -> Path:
        return self._directory / f"{who}.key"


def _printed(arguments: list[str]) -> Any:
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return msgspec.json.decode(done.output)


async def prove_keys(
    stage: Stage, lot: dict[str, Any], opener: Person, holders: KeyHolders
) -> None:
    """Propose, key, peel and open the canary: after that the lot may be published."""
    path = f"/v1/lots/{lot['id']}/sealing"
    given = {
        "kem": holders.kem,
        "venue_key": holders.public["venue"],
        "opener_id": str(opener.caller.organisation_id),
    }
    await stage.operator.post(path, given)
    keyed = await opener.post(f"{path}/opener-key", {"opener_key": holders.public["opener"]})
    peeled = holders.run("peel-canary", "venue", sealing=keyed)
    await stage.operator.post(f"{path}/canary-peeled", peeled)
    sealing = await opener.get(path)
    proved = await opener.post(
        f"{path}/canary-opened", holders.run("open-canary", "opener", sealing=sealing)
    )
    assert proved["state"] == "proved"


async def published_sealed_lot(
    stage: Stage, opener: Person, holders: KeyHolders, **changed: Any
) -> dict[str, Any]:
    """A lot of a sealed format that takes bidders."""
    lot = await stage.draft(**changed)
    checked = await stage.operator.post(f"/v1/lots/{lot['id']}/check")
    assert checked["lot"]["status"] == "checked", checked["findings"]
    await prove_keys(stage, lot, opener, holders)
    published: dict[str, Any] = await stage.checker.post(f"/v1/lots/{lot['id']}/publish")
    return published


async def terms_of(stage: Stage, lot: dict[str, Any]) -> SealingTerms:
    """What the site publishes to seal by."""
    found = await stage.anyone.get(f"/v1/lots/{lot['id']}/sealing-terms")
    return msgspec.convert(found, SealingTerms)


async def seal_over_http(
    stage: Stage, lot: dict[str, Any], bidder: Person, paddle: int, amount_fen: int
) -> dict[str, Any]:
    """Seal an amount by the published terms and hand it in."""
    envelope = seal(amount_fen, paddle=paddle, terms=await terms_of(stage, lot))
    path = f"/v1/auctions/{lot['id']}/seals"
    done: dict[str, Any] = await bidder.post(path, {"envelope": envelope})
    return done


async def open_over_http(
    stage: Stage, lot: dict[str, Any], opener: Person, holders: KeyHolders
) -> dict[str, Any]:
    """Peel, open, combine: each holder with its own key."""
    path = f"/v1/auctions/{lot['id']}/opening"
    terms = await terms_of(stage, lot)
    found = await stage.operator.get(path)
    request = holders.run("peel", "venue", opening=found)
    asked = await stage.operator.post(f"{path}/request", request)
    share = holders.run("open", "opener", opening=asked, terms=terms)
    shared = await opener.post(f"{path}/share", share)
    body = holders.run("combine", "venue", opening=shared)
    done: dict[str, Any] = await stage.operator.post(path, body)
    return done
