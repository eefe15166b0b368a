"""`luochui sealing`: what bidders, the venue and the second opener do with keys, each on a machine of their own.

Nothing here talks to a server: it reads and writes the JSON of the API's routes (docs/sealed-bids.md).
"""

import os
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from auction_engine.rules.commands import Openings
from auction_engine.sealed_bids import (
    CANARY_PADDLE,
    HYBRID,
    KEMS,
    SealingKey,
    SealingTerms,
    from_base64url,
    open_inner,
    parse_envelope,
    peel,
    seal,
    to_base64url,
)
from auction_engine.sealed_opening import (
    OpeningRequest,
    OpeningShare,
    SealedBid,
    open_share,
    openings_from,
    request_opening,
)
from kit.clock import system_clock
from kit.errors import InvalidInput

_File = click.Path(path_type=Path)
Kind = TypeVar("Kind")


class _Sealing(msgspec.Struct):
    """Of a lot's sealing (GET /v1/lots/{id}/sealing) what the canary needs."""

    terms: SealingTerms
    canary: str
    canary_inner: str | None = None


class _Opening(msgspec.Struct):
    """Of an auction's opening (GET /v1/auctions/{id}/opening) what the two halves need."""

    terms: SealingTerms
    bids: list[dict[str, Any]]
    request: OpeningRequest | None = None
    share: OpeningShare | None = None

    def sealed(self) -> list[SealedBid]:
        """The envelopes as the engine's library knows them."""
        return [SealedBid(b["paddle"], b["seq"], b["envelope"], b["fate"]) for b in self.bids]


@click.group(name="sealing")
def command() -> None:
    """Keys, envelopes and openings of sealed bids; private keys stay in your files. / 密钥、密封与开封"""


@command.command(name="keygen")
@click.option("--kem", type=click.Choice(KEMS), default=HYBRID, show_default=True)
@click.option("--out", type=_File, required=True, help="Where to write the private key (mode 600).")
def keygen(kem: str, out: Path) -> None:
    """Make a key pair for one auction; print the public key as JSON. / 生成密钥对"""
    key = SealingKey.generate(kem)
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InvalidInput("--out", f"{out} exists already", f"{out} 已存在") from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{kem} {key.text()}\n")
    _print({"kem": kem, "public_key": key.public})


@command.command(name="seal")
@click.option("--terms", type=_File, required=True, help="GET /v1/lots/{id}/sealing-terms.")
@click.option("--paddle", type=int, required=True)
@click.option("--amount-fen", type=int, required=True)
def seal_bid(terms: Path, paddle: int, amount_fen: int) -> None:
    """Seal an amount; print the body for POST /v1/auctions/{id}/seals. / 密封报价"""
    _print({"envelope": seal(amount_fen, paddle=paddle, terms=_read(terms, SealingTerms))})


@command.command(name="peel-canary")
@click.option("--sealing", type=_File, required=True, help="GET /v1/lots/{id}/sealing.")
@click.option("--key", type=_File, required=True, help="The venue's private key.")
def peel_canary(sealing: Path, key: Path) -> None:
    """Take the canary's outer layer off (venue). / 试开外层"""
    given = _read(sealing, _Sealing)
    envelope = parse_envelope(given.canary)
    inner = peel(envelope, _key(key), paddle=CANARY_PADDLE, terms=given.terms)
    _print({"inner": to_base64url(inner)})


@command.command(name="open-canary")
@click.option("--sealing", type=_File, required=True, help="GET /v1/lots/{id}/sealing.")
@click.option("--key", type=_File, required=True, help="The second opener's private key.")
def open_canary(sealing: Path, key: Path) -> None:
    """Open what is left of the canary (second opener). / 试开内层"""
    given = _read(sealing, _Sealing)
    if given.canary_inner is None:
        raise InvalidInput("canary_inner", "is missing: the venue peels first", "缺少外层开启结果")
    plaintext = open_inner(
        from_base64url(given.canary_inner, field="canary_inner"),
        parse_envelope(given.canary),
        _key(key),
        paddle=CANARY_PADDLE,
        terms=given.terms,
    )
    _print({"plaintext": to_base64url(plaintext)})


@command.command(name="peel")
@click.option("--opening", type=_File, required=True, help="GET /v1/auctions/{id}/opening.")
@click.option("--key", type=_File, required=True, help="The venue's private key.")
def peel_bids(opening: Path, key: Path) -> None:
    """Take the outer layers off (venue); the body for POST .../opening/request. / 开外层"""
    given = _read(opening, _Opening)
    _print(request_opening(given.terms, given.sealed(), _key(key)))


@command.command(name="open")
@click.option("--opening", type=_File, required=True, help="GET /v1/auctions/{id}/opening.")
@click.option("--terms", type=_File, required=True, help="The terms you kept from publication.")
@click.option("--key", type=_File, required=True, help="The second opener's private key.")
@click.option("--prove-failures", is_flag=True, help="Show the key if an envelope will not open.")
def open_bids(opening: Path, terms: Path, key: Path, prove_failures: bool) -> None:
    """Open the inner layers (second opener); the body for POST .../opening/share. / 开内层"""
    given = _read(opening, _Opening)
    if given.request is None:
        raise InvalidInput("request", "is missing: the venue peels first", "缺少外层开启结果")
    share = open_share(
        given.request,
        _key(key),
        terms=_read(terms, SealingTerms),
        now=system_clock(),
        prove_failures=prove_failures,
    )
    _print(share)


@command.command(name="combine")
@click.option("--opening", type=_File, required=True, help="GET /v1/auctions/{id}/opening.")
@click.option("--key", type=_File, required=True, help="The venue's private key.")
def combine(opening: Path, key: Path) -> None:
    """Put both halves together (venue); the body for POST .../opening. / 合并开封结果"""
    given = _read(opening, _Opening)
    if given.share is None:
        raise InvalidInput(
            "share", "is missing: the second opener opens first", "缺少第二开启人结果"
        )
    _print(openings_body(openings_from(given.terms, given.sealed(), _key(key), given.share)))


def openings_body(openings: Openings) -> dict[str, Any]:
    """Openings as POST /v1/auctions/{id}/opening takes them."""
    return {
        "bids": [msgspec.structs.asdict(bid) for bid in openings.bids],
        "venue_key": openings.venue_key,
        "opener_key": openings.opener_key,
    }


def _key(path: Path) -> SealingKey:
    try:
        kem, _, text = path.read_text(encoding="ascii").strip().partition(" ")
    except UnicodeDecodeError:
        kem = text = ""
    return SealingKey.from_text(kem, text)


def _read(path: Path, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise InvalidInput(str(path), str(error), "内容有误") from error


def _print(body: object) -> None:
    click.echo(msgspec.json.encode(body).decode())
