"""`luochui verify BUNDLE`: check an auction without trusting the venue (contracts 4). No server, no network."""

from base64 import b64decode
from binascii import Error as Base64Error
from pathlib import Path
from typing import Any

import click
import msgspec

from auction_engine.verification import DoesNotHold, Unreadable, Verified, verify_bundle
from kit.errors import InvalidInput


@click.command(name="verify")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "keys",
    "--key",
    multiple=True,
    metavar="KEY",
    help="The venue's public key as you know it: 64 hex digits, or NAME+ID+BASE64. May be repeated.",
)
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(ctx: click.Context, bundle: Path, keys: tuple[str, ...], as_json: bool) -> None:
    """Replay BUNDLE through the reference rules and check every hash, signature and proof in it.

    Prints the winner, the price and `ok`, or the first thing that does not hold and where. / 核验竞价存证包
    """
    trusted = [_key(text) for text in keys] or None
    try:
        data = bundle.read_bytes()
    except OSError as error:
        raise InvalidInput("BUNDLE", f"{bundle} can't be read ({error.strerror})") from error
    try:
        verified = verify_bundle(data, trusted_keys=trusted)
    except Unreadable as error:
        raise InvalidInput("BUNDLE", f"{bundle} is not a bundle: {error.message}") from error
    except DoesNotHold as fault:
        _print_fault(fault, as_json=as_json)
        ctx.exit(1)
    _print_verified(verified, as_json=as_json, key_is_known=trusted is not None)


def _key(text: str) -> bytes:
    """A public key in either of the forms in which a venue publishes it."""
    name_id_key = text.split("+", 2)  # base64 may hold plus signs of its own
    try:
        key = bytes.fromhex(text) if len(name_id_key) < 3 else b64decode(name_id_key[2])[1:]
    except (ValueError, Base64Error):
        key = b""
    if len(key) != 32:
        raise InvalidInput("--key", f"{text!r} is neither 64 hex digits nor NAME+ID+BASE64")
    return key


def _print_fault(fault: DoesNotHold, *, as_json: bool) -> None:
    if as_json:
        _print_json({"ok": False, "place": fault.place, "reason": fault.reason})
    else:
        click.echo(f"does not hold: {fault.place}: {fault.reason}")


def _print_verified(verified: Verified, *, as_json: bool, key_is_known: bool) -> None:
    result = verified.result
    if as_json:
        summary = {"ok": True, "winner": result["winner"], "price_fen": result["price_fen"]}
        _print_json(summary | msgspec.to_builtins(verified) | {"key_is_known": key_is_known})
        return
    click.echo(f"auction {verified.auction}, rules {verified.profile_hash}")
    click.echo(
        f"replayed {verified.commands} commands of {verified.batches} batches; checked {verified.receipts}"
        f" receipts and the log of {verified.checkpoint_size} batches"
    )
    for key in verified.keys:
        note = "the key you gave" if key_is_known else "compare it with the one the venue publishes"
        click.echo(f"signed by {key} ({note})")
    click.echo(_outcome(result))
    click.echo("ok")


def _outcome(result: dict[str, Any]) -> str:
    if result["outcome"] != "sold":
        return f"outcome: {result['outcome']} ({result['reason'] or 'no reason needed'})"
    price = f"price: CNY {result['price_fen'] // 100}.{result['price_fen'] % 100:02d}"
    if result["winner"] is None:
        winners = ", ".join(str(share["paddle"]) for share in result["winners"])
        return f"winners: paddles {winners}; {price} each"
    return f"winner: paddle {result['winner']}; {price}"


def _print_json(answer: dict[str, Any]) -> None:
    click.echo(msgspec.json.encode(answer).decode())
