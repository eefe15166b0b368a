"""`luochui verify BUNDLE`: check an auction without trusting the venue (contracts 4). No server, no network."""

from base64 import b64decode
from binascii import Error as Base64Error
from pathlib import Path
from typing import Any

import click
import msgspec

from auction_engine.publication import NoticeProved
from auction_engine.verification import DoesNotHold, Unreadable, verify_bundle
from auction_engine.verified import Verified
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

    Prints notice, winner, price and `ok`, or the first thing that does not hold and where (exit 1); exit 2 only for
    what is no bundle at all. / 核验竞价存证包：成立则退出码 0，不成立为 1，不是证据包为 2
    """
    trusted = [_key(text) for text in keys] or None
    try:
        data = bundle.read_bytes()
    except OSError as error:
        raise InvalidInput(
            "BUNDLE",
            f"{bundle} can't be read ({error.strerror}) 无法读取",
            f"无法读取 {bundle}（{error.strerror}）",
        ) from error
    try:
        verified = verify_bundle(data, trusted_keys=trusted, needs_notice=True)
    except Unreadable as error:
        raise InvalidInput(
            "BUNDLE",
            f"{bundle} is not a bundle: {error.message} {error.message_zh}",
            f"{bundle} 不是证据包：{error.message_zh}",
        ) from error
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
        raise InvalidInput(
            "--key",
            f"{text!r} is neither 64 hex digits nor NAME+ID+BASE64 公钥格式有误",
            f"{text!r} 既非 64 位十六进制，也非 NAME+ID+BASE64",
        )
    return key


def _print_fault(fault: DoesNotHold, *, as_json: bool) -> None:
    if as_json:
        _print_json(
            {
                "ok": False,
                "place": fault.place,
                "reason": fault.reason,
                "place_zh": fault.place_zh,
                "reason_zh": fault.reason_zh,
            }
        )
    else:
        click.echo(f"does not hold: {fault.place}: {fault.reason}")
        click.echo(f"不成立：{fault.message_zh}")


def _print_verified(verified: Verified, *, as_json: bool, key_is_known: bool) -> None:
    result = verified.result
    if as_json:
        summary = {"ok": True, "winner": result["winner"], "price_fen": result["price_fen"]}
        _print_json(summary | msgspec.to_builtins(verified) | {"key_is_known": key_is_known})
        return
    click.echo(f"auction 竞价 {verified.auction}")
    assert verified.notice is not None, "it was asked for"
    _print_notice(verified.notice)
    click.echo(
        f"replayed {verified.commands} commands of {verified.batches} batches; checked {verified.receipts}"
        f" receipts and the log of {verified.checkpoint_size} batches"
    )
    click.echo(
        f"已重放 {verified.batches} 批中的 {verified.commands} 条指令；已核验 {verified.receipts} 份出价凭证"
        f"及 {verified.checkpoint_size} 批日志"
    )
    for key in verified.keys:
        note = (
            "the key you gave 与您提供的公钥一致"
            if key_is_known
            else "compare it with the one the venue publishes 请与交易场所公布的公钥核对"
        )
        click.echo(f"signed by 签名公钥 {key} ({note})")
    click.echo(_outcome(result))
    click.echo("all of it holds 全部成立")
    click.echo("ok")


def _print_notice(notice: NoticeProved) -> None:
    click.echo(f"published rules 公布的规则 {notice.profile_hash}")
    click.echo(f"stated in notice 载于公告 {notice.number}, SHA-256 {notice.sha256}")
    if not notice.added:
        click.echo("played as published 按公布的规则执行")
    for holder in notice.added:
        click.echo(
            f"added after the notice: priority holder, paddle {holder.paddle}, rank {holder.rank}"
            f" 公告后确认的优先购买权人：号牌 {holder.paddle}，第 {holder.rank} 顺位"
        )


def _outcome(result: dict[str, Any]) -> str:
    if result["outcome"] != "sold":
        chinese = {"unsold": "流拍", "cancelled": "终止"}[result["outcome"]]
        reason = result["reason"]
        return f"outcome: {result['outcome']} {chinese}" + (f" ({reason})" if reason else "")
    price = f"price: CNY {result['price_fen'] // 100}.{result['price_fen'] % 100:02d}"
    if result["winner"] is None:
        winners = ", ".join(str(share["paddle"]) for share in result["winners"])
        return f"winners: paddles {winners}; {price} each 买受人号牌与单价"
    return f"winner: paddle {result['winner']}; {price} 买受人号牌与成交价"


def _print_json(answer: dict[str, Any]) -> None:
    click.echo(msgspec.json.encode(answer).decode())
