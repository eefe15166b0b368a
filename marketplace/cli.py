"""The command line, `luochui`: names the commands and gives every failure its exit code.

Exit codes (contracts, head): 0 done, 1 what was checked does not hold or could not be done, 2 bad usage or
bad input, with one line on standard error that names the field and the reason.
"""

import io
import sys
from importlib import import_module
from typing import ClassVar

import click

from kit.errors import InvalidInput, LuochuiError
from settlement.rules.reading import escaped


class _LazyGroup(click.Group):
    """Imports a command only when it is called, so that `rehearse` does not wait for the web framework."""

    #: name -> (module under marketplace.commands, what it does)
    modules: ClassVar[dict[str, tuple[str, str]]] = {
        "demo": ("demo", "Play the whole story on embedded servers. / 演示全流程"),
        "up": ("up", "Start everything and run until stopped. / 启动系统"),
        "template": ("template", "Write an empty portfolio workbook. / 生成资产包模板"),
        "import": ("import_", "Import a bank's portfolio workbook. / 导入资产包"),
        "rehearse": ("rehearse", "Play auction scenarios through the real engine. / 竞价预演"),
        "clear": ("clear", "Clear defaulted loans: waterfall and compensation. / 清算"),
        "verify": (
            "verify",
            "Check an auction bundle without trusting the venue. / 验证竞价存证包",
        ),
        "rotate-key": ("rotate_key", "Hand the signing key over to a new one. / 更换签名密钥"),
        "sealing": ("sealing", "Make keys, seal a bid, open sealed bids. / 密封报价"),
        "migrate": ("migrate", "Bring a database to the present schema. / 数据库迁移"),
        "bench": ("bench", "Measure the system against other ways to do the same. / 性能压测"),
        "check-ledger": ("check_ledger", "Prove the ledger's invariants. / 核对总账"),
        "serve": ("serve", "Run one process: api, projector or worker. / 运行单个进程"),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        module = import_module(f"marketplace.commands.{self.modules[cmd_name][0]}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in self.modules.items()])


@click.group(cls=_LazyGroup)
@click.version_option(package_name="luochui")
def luochui() -> None:
    """Luochui (落槌): turns defaulted, pledged intellectual property back into money, in the open."""


def _say(reason: str) -> None:
    """A failure in one line, whatever stands in it: a file's name may hold line breaks and terminal codes."""
    click.echo(f"error: {escaped(' '.join(reason.split()))}", err=True)


def main() -> None:
    """The console script: run, and end with the contract's exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Where the terminal or the pipe has no Chinese it is escaped: what is said must not depend on it.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = luochui.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.ClickException as error:
        _say(error.format_message())
        code = 2
    except click.Abort:
        code = 130
    except InvalidInput as error:
        _say(error.message)
        code = 2
    except LuochuiError as error:
        _say(error.message)
        code = 1
    except OSError as error:
        _say(str(error))
        code = 1
    except Exception as error:
        if not type(error).__module__.startswith("asyncpg."):
            raise
        _say(f"the database refused: {error}")
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
