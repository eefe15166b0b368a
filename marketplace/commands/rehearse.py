"""`luochui rehearse`: play auction scenarios through the real engine, or through the reference model."""

import json
from pathlib import Path

import click

from auction_engine.rehearsal import Played, Scenario, Step, read_scenario, rehearse
from kit.money import yuan
from settlement.rules.reading import escaped


@click.command("rehearse")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO.json...")
@click.option("--model", "on_model", is_flag=True, help="Play through the pure-Python model.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: an object, or a list for several files."
)
def command(scenarios: tuple[str, ...], on_model: bool, as_json: bool) -> None:
    """Play auction scenarios, one a file, through the real engine. / 竞价预演

    A throw-away embedded server plays them with the rehearsal clock. Exits 2 when a file is bad; then nothing is
    printed.
    """
    read = [read_scenario(Path(name)) for name in scenarios]
    played = rehearse(read, on_model=on_model)
    if as_json:
        objects = [one.as_object() for one in played]
        click.echo(json.dumps(objects[0] if len(objects) == 1 else objects, ensure_ascii=False))
        return
    blocks = [
        _table(name, scenario, one)
        for name, scenario, one in zip(scenarios, read, played, strict=True)
    ]
    click.echo("\n\n".join(blocks))


def _table(name: str, scenario: Scenario, played: Played) -> str:
    """One scenario as people read it: a line a step, then how it ended."""
    lines = [
        f"{escaped(name)}: {scenario.profile.format}",
        _row("at 时刻", "step 步骤", "answer 裁定"),
    ]
    for step, decision in zip(scenario.steps, played.decisions, strict=True):
        lines.append(_row(str(step.at), _asked(step), _told(decision.as_object())))
    result = played.result
    price = "-" if result.price_fen is None else f"{yuan(result.price_fen)} CNY"
    winners = [share.paddle for share in result.winners or ()]
    winner = ", ".join(map(str, winners)) or str(result.winner or "-")
    reason = f" ({result.reason})" if result.reason else ""
    lines.append(
        f"result 结果: {result.outcome}{reason}, winner 买受人 {winner}, price 成交价 {price},"
        f" closed 结束于 {_or_dash(result.closed_at)}, extensions 顺延 {result.extensions}"
    )
    return "\n".join(lines)


def _row(moment: str, step: str, answer: str) -> str:
    return f"{moment:>14}  {step:<36}  {answer}"


def _asked(step: Step) -> str:
    command = step.command
    paddle = f" #{command.paddle}" if command.paddle else ""
    value = f" {yuan(command.value)}" if command.value else ""
    return f"{command.do}{paddle}{value}"


def _told(decision: dict[str, object]) -> str:
    if not decision["accepted"]:
        minimum = decision.get("minimum_fen")
        least = f", at least 至少 {yuan(minimum)}" if isinstance(minimum, int) else ""
        return f"refused 拒绝: {decision['reason']}{least}"
    price, leader = decision.get("price_fen"), decision.get("leader")
    standing = f" price 现价 {yuan(price)} leader 领先 #{leader}" if isinstance(price, int) else ""
    ends = f" ends 结束 {_or_dash(decision['ends_at'])}"
    return ("replayed 重复" if "replayed" in decision else "accepted 接受") + standing + ends


def _or_dash(value: object) -> str:
    return "-" if value is None else str(value)
