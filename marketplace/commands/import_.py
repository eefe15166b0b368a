"""`luochui import`: enter a bank's portfolio workbooks, each whole or not at all."""

import asyncio
import sys
from pathlib import Path

import click
import msgspec

from kit.clock import system_clock
from kit.reach import SYSTEM
from marketplace.commands.databases import connect, database_of
from marketplace.imports import service
from marketplace.imports.reading import ImportFileRefused
from marketplace.imports.schemas import Import, ImportState


@click.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--database-url", envvar="LUOCHUI_DATABASE_URL", help="The database.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path(".luochui"),
    show_default=True,
    help="Without a URL: the embedded server that `luochui up` runs on this directory.",
)
@click.option(
    "--as", "username", required=True, help="The bank's user who imports (a maker). / 经办人用户名"
)
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON. / 以JSON输出")
@click.option(
    "--marked",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="A directory for workbooks with the wrong cells marked. / 标注错误的工作簿存放目录",
)
def command(
    files: tuple[Path, ...],
    database_url: str | None,
    data_dir: Path,
    username: str,
    as_json: bool,
    marked: Path | None,
) -> None:
    """Import FILES (XLSX), one after another; a file with a finding changes nothing. / 导入资产包

    Ends with 0 when all were entered, with 1 when one was refused, and with 2 when one cannot be read at all.
    """
    url = database_of(database_url, data_dir)
    done = asyncio.run(_import_all(files, url, username, marked))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(done)).decode())
    else:
        for item in done:
            _print(item)
    sys.exit(0 if all(item.state is ImportState.COMPLETED for item in done) else 1)


async def _import_all(
    files: tuple[Path, ...], database_url: str, username: str, marked: Path | None
) -> list[Import]:
    """Each file in a transaction of its own; those before a refused one stay entered."""
    conn = await connect(database_url, SYSTEM)
    try:
        caller = await service.maker(conn, username)
        done = []
        for path in files:
            try:
                async with conn.transaction():
                    item = await service.import_file(
                        conn, caller, path.read_bytes(), file_name=path.name, now=system_clock()
                    )
            except ImportFileRefused as error:
                raise click.UsageError(
                    f"{path.name}: {error.message} / {error.message_zh}"
                ) from error
            done.append(item)
            if marked is not None and item.findings:
                report = await service.marked(conn, caller, item.id)
                (marked / f"{path.stem}-marked.xlsx").write_bytes(report)
        return done
    finally:
        await conn.close()


def _print(item: Import) -> None:
    counts = item.counts
    told = (
        f"{counts.loans} loans 贷款, {counts.pledges} pledges 质押, {counts.assets} rights 知识产权,"
        f" {counts.valuations} valuations 评估"
    )
    if item.is_repeat:
        click.echo(
            f"{item.file_name}: imported before ({item.id}), nothing changed / 此前已导入，未作更改"
        )
    elif item.state is ImportState.COMPLETED:
        click.echo(f"{item.file_name}: imported / 已导入 {told} ({item.id})")
    else:
        click.echo(
            f"{item.file_name}: nothing imported, {len(item.findings)} findings / 未导入，{len(item.findings)} 处问题"
        )
        for finding in item.findings:
            click.echo(
                f"  {finding.address}  {finding.value!r}  {finding.message} / {finding.message_zh}"
            )
