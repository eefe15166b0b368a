"""A person reads why a figure is what it is, in Chinese and in English, wherever it is told."""

import ast
from pathlib import Path

import pytest

import settlement
from settlement import statement_words as words
from settlement.distribution import BUYER_PREMIUM
from settlement.rules import deposits, waterfall
from tests.settlement.make_explanations import is_in_both_languages
from tests.settlement.test_every_state_machine import steps_of

SOURCES = sorted(Path(settlement.__file__).parent.rglob("*.py"))
#: What explanations are called where they are made.
NAMES = {"computation", "formula", "how", "shared"}


def literal(node: ast.expr) -> str:
    """The words of a text as it is written, without what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def written(tree: ast.AST) -> list[str]:
    """Every text that is given, assigned or returned as an explanation."""
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in NAMES:
            found.append(node.value)
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if {target.id for target in targets if isinstance(target, ast.Name)} & NAMES:
                found.append(node.value)
        elif isinstance(node, ast.FunctionDef) and node.name.lstrip("_") in NAMES:
            found += [n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value]
    either = [part for node in found for part in _branches(node)]
    return [text for node in either if (text := literal(node))]


def _branches(node: ast.expr) -> list[ast.expr]:
    """Both sides of a choice."""
    if isinstance(node, ast.IfExp):
        return [*_branches(node.body), *_branches(node.orelse)]
    return [node]


def test_every_explanation_is_written_in_both_languages() -> None:
    """In the code itself, so also those that no walk comes to."""
    found = {path.name: written(ast.parse(path.read_text("utf-8"))) for path in SOURCES}
    assert sum(map(len, found.values())) >= 25
    wrong = {
        name: [one for one in texts if not is_in_both_languages(one)]
        for name, texts in found.items()
    }
    assert not {name: texts for name, texts in wrong.items() if texts}


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (
            words.RANKS,
            {
                BUYER_PREMIUM,
                *(
                    getattr(waterfall, name)
                    for name in ("COSTS", "TAXES", "JUNIOR", "PLEDGOR", "CREDITOR")
                ),
                *(value for name, value in vars(waterfall).items() if name.startswith("PLEDGEE_")),
            },
        ),
        (words.CASES, {state for pair in steps_of("settlement.cases") for state in pair}),
        (words.STATES, {state for pair in steps_of("settlement.payouts") for state in pair}),
        (words.STATES, {state for pair in steps_of("settlement.plans") for state in pair}),
    ],
    ids=["ranks", "cases", "payouts", "plans"],
)
def test_every_code_that_is_printed_has_its_words(table: dict[str, str], codes: set[str]) -> None:
    """No statement shows a code for want of a word."""
    assert codes <= set(table)
    assert all(is_in_both_languages(table[code]) for code in codes)


def test_costs_of_a_kept_deposit_and_of_an_agency_are_named_in_both() -> None:
    """They stand in the waterfall of the loan."""
    loss = deposits.Loss(costs_fen=5, commission_fen=5)
    terms = deposits.JUDICIAL_TERMS["JUDICIAL_OFFLINE"]
    event = deposits.as_recovery(deposits.forfeit(20, terms, loss), "e")
    assert [cost.name for cost in event.costs] == [
        "failed auction 流拍: costs 费用",
        "failed auction 流拍: commission 佣金",
    ]
