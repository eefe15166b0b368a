"""`luochui clear`: who bears the loss of a defaulted loan, where each recovery goes, what is owed at the end."""

import json
import unicodedata
from collections.abc import Mapping, Sequence

import click
import msgspec

from kit.money import yuan
from settlement.clearing import case_files, clear_files
from settlement.rules.clearing import Clearing, Final
from settlement.rules.reading import escaped
from settlement.rules.recovery import Recovered, Row

ROW_NAMES = {
    "costs": "costs 费用",
    "shared": "shared loss 分担损失",
    "interest": "interest 利息",
    "uncovered": "uncovered 方案外本金",
    "penalty": "penalty 违约金",
    "junior": "junior pledgee 后顺位质权人",
    "pledgor": "pledgor 出质人",
}


@click.command("clear")
@click.argument("cases", nargs=-1, required=True, metavar="CASE.json|DIR...")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON: an object, or a list for several files or a directory.",
)
@click.pass_context
def command(context: click.Context, cases: tuple[str, ...], as_json: bool) -> None:
    """Clear defaulted loans, one a file: loss, compensation, recoveries, final clearing. / 清算

    Nothing is stored. A directory stands for the *.json files in it, by name. Exits 1 when a sum does not hold, 2
    when a file is bad (then nothing is printed).
    """
    files = case_files(cases)
    clearings = clear_files(files)
    if as_json:
        # One file that was named is an object; a directory is a list, however many it holds.
        is_one = list(cases) == files and len(files) == 1
        click.echo(_json(clearings[0] if is_one else clearings))
    else:
        blocks = (table(name, clearing) for name, clearing in zip(files, clearings, strict=True))
        click.echo("\n\n".join(blocks))
    if not all(clearing.balanced for clearing in clearings):
        context.exit(1)


def _json(printed: Clearing | list[Clearing]) -> bytes:
    # json rather than msgspec.json: a sum of many costs may pass 64 bits.
    return json.dumps(msgspec.to_builtins(printed), ensure_ascii=False).encode()


def table(name: str, clearing: Clearing) -> str:
    """A clearing as people read it, in yuan, English and Chinese."""
    lines = [
        f"{escaped(name)}: loss 损失 {yuan(clearing.loss_fen)} CNY",
        "",
        *_opening(clearing),
    ]
    before = clearing.opening
    for recovered in clearing.events:
        lines += ["", *_event(recovered, before)]
        before = recovered.positions
    if clearing.final is not None:
        lines += ["", *_final(clearing.final, before)]
    balanced = "yes 是" if clearing.balanced else "NO 否"
    return "\n".join([*lines, "", f"balanced 各项合计相符: {balanced}"])


def _opening(clearing: Clearing) -> list[str]:
    columns: dict[str, Mapping[str, int]] = {
        "borne 承担": clearing.borne,
        "ceded 分出": clearing.ceded,
        "compensation 获补偿": clearing.compensation,
        "promised 承诺补偿": clearing.promised,
        "opening 期初净损失": clearing.opening,
        "advance 先行拨付": clearing.advance,
    }
    return _by_party(columns, list(clearing.opening))


def _event(recovered: Recovered, before: Mapping[str, int]) -> list[str]:
    gross_fen = sum(row.amount_fen for row in recovered.waterfall)
    title = f"recovery 回收 {escaped(recovered.id)}: gross 总额 {yuan(gross_fen)}, net 净额 {yuan(recovered.net_fen)}"
    rows = [["rank 顺位", "to 去向", "amount 金额"], *map(_row, recovered.waterfall)]
    columns = {
        "before 之前": before,
        "movement 冲减": recovered.movements,
        "after 之后": recovered.positions,
    }
    debt = recovered.debt
    owed = (
        f"debtor still owes 债务人尚欠: costs 费用 {yuan(debt.costs_fen)}, interest 利息 {yuan(debt.interest_fen)}, "
        f"principal 本金 {yuan(debt.principal_fen)}, penalty 违约金 {yuan(debt.penalty_fen)}"
    )
    return [title, *_aligned(rows), *_by_party(columns, list(before)), owed]


def _row(row: Row) -> list[str]:
    to = ROW_NAMES[row.to]
    if isinstance(row.party, str):
        to = f"{to}: {escaped(row.party)}"
    return [str(row.rank), to, yuan(row.amount_fen)]


def _final(final: Final, before: Mapping[str, int]) -> list[str]:
    columns = {
        "position 净损失": before,
        "true-up 尾差调整": final.true_up,
        "closing 最终净损失": final.closing,
        "fund pays 基金补拨(-退回)": final.delta,
    }
    settled = f"fund pays in all 基金合计补拨(-退回): {yuan(final.delta_fen)}"
    return ["final clearing 最终清算", *_by_party(columns, list(before)), settled]


def _by_party(columns: Mapping[str, Mapping[str, int]], parties: Sequence[str]) -> list[str]:
    """A line a party; a blank where a column is not about it; the sums last."""
    rows = [["party 主体", *columns]]
    for party in parties:
        cells = (yuan(column[party]) if party in column else "" for column in columns.values())
        rows.append([escaped(party), *cells])
    rows.append(["sum 合计", *(yuan(sum(column.values())) for column in columns.values())])
    return _aligned(rows)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of equal width: those of amounts to the right, all else to the left."""
    columns = []
    for column in zip(*rows, strict=True):
        width = max(map(_width, column))
        gaps = (" " * (width - _width(cell)) for cell in column)
        is_amount = any(cell[-3:-2] == "." for cell in column[1:])
        pairs = zip(gaps, column, strict=True)
        columns.append([gap + cell if is_amount else cell + gap for gap, cell in pairs])
    return [("  " + "  ".join(cells)).rstrip() for cells in zip(*columns, strict=True)]


def _width(text: str) -> int:
    """Columns on a terminal: wide characters, Chinese among them, take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
