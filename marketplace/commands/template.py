"""`luochui template`: the empty workbooks that people fill in."""

from pathlib import Path

import click

from marketplace.imports.template import template_bytes


@click.group("template")
def command() -> None:
    """Write an empty workbook. / 生成空白模板"""


@command.command("portfolio")
@click.argument(
    "out", type=click.Path(dir_okay=False, path_type=Path), default=Path("portfolio.xlsx")
)
@click.option("--force", is_flag=True, help="Write over a file that is there. / 覆盖已有文件")
def portfolio(out: Path, force: bool) -> None:
    """Write the portfolio template to OUT (portfolio.xlsx). / 生成资产包模板"""
    if out.exists() and not force:
        raise click.UsageError(f"{out} exists; name another file, or add --force / 文件已存在")
    try:
        out.write_bytes(template_bytes())
    except OSError as error:
        raise click.UsageError(f"{out}: {error.strerror} / 无法写入") from error
    click.echo(f"wrote / 已生成 {out}")
