"""What rules and signals rest on is never shown by a field's bare name, nor in fen."""

import ast
from importlib.resources import files

from marketplace.pages.evidence_words import NAMES, in_words

#: What the rules give a finding besides its evidence.
_OTHERS = {"severity", "subject", "field", "message", "message_zh"}


def names_of_checks() -> set[str]:
    """The facts that the eligibility rules name: keywords of `_object` and of what calls it."""
    found = set[str]()
    for part in ("claims", "rights", "sales"):
        source = files("marketplace.consignments").joinpath(f"checks_of_{part}.py").read_text()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").startswith("_"):
                found |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return found - _OTHERS


def names_of_signals() -> set[str]:
    """The facts that the monitoring signals name."""
    source = files("marketplace.monitoring").joinpath("rules.py").read_text()
    dicts = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Dict)]
    return {str(key.value) for one in dicts for key in one.keys if isinstance(key, ast.Constant)}


def test_every_fact_has_words() -> None:
    """Each fact that a rule or a signal names is called something in both languages."""
    assert len(names_of_checks()) > 30
    assert names_of_checks() | names_of_signals() <= set(NAMES)


def test_values_are_said_as_people_read_them() -> None:
    """Amounts in yuan, parts in percent, kinds by name; a text as it is."""
    given = {
        "start_price_fen": "210000000",
        "threshold_bp": "250",
        "legal_status": "in_force",
        "owner": "x",
    }
    said = {one.name: (one.label.zh, one.said.zh) for one in in_words(given)}
    assert said == {
        "start_price_fen": ("起始价", "¥2,100,000.00"), "threshold_bp": ("熔断线", "2.5%"),
        "legal_status": ("法律状态", "有效"), "owner": ("权利人", "x"),
    }  # fmt: skip
