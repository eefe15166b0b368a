"""How the demo speaks: short bilingual lines, money as people write it."""

from collections.abc import Mapping, Sequence

import click

from kit.money import yuan
from marketplace.pages.vocabulary import Words, of


def act(number: int, english: str, chinese: str) -> None:
    """A new part of the story."""
    click.echo("")
    click.secho(f"{number}. {chinese}  {english}", bold=True)


def say(text: str) -> None:
    """One thing that happened."""
    click.echo(f"   {text}")


def money(fen: int) -> str:
    """An amount in yuan, as a bank writes it."""
    return f"-¥{yuan(-fen)}" if fen < 0 else f"¥{yuan(fen)}"


def said(table: Mapping[str, Words], key: str) -> str:
    """The words for a code, both languages on one line, Chinese first."""
    words = of(table, key)
    return f"{words.zh} {words.en}"


def table(rows: Sequence[Sequence[str]], *, indent: int = 5) -> None:
    """Columns aligned by display width: a Chinese character takes two cells."""
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = []
        for i, cell in enumerate(row):
            gap = " " * (widths[i] - _width(cell))
            cells.append(gap + cell if _is_amount(cell) else cell + gap)
        click.echo(" " * indent + "  ".join(cells).rstrip())


def proved(text: str, *, holds: bool) -> None:
    """One line of what was proved."""
    click.echo(f"   {'✔' if holds else '✘'} {text}")


def _is_amount(cell: str) -> bool:
    return cell.lstrip("-+").startswith("¥") or cell.startswith("-¥")


def _width(text: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)
