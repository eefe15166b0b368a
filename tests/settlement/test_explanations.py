"""A person reads why a figure is what it is, in Chinese and in English, wherever it is told."""

import ast
import json
import re
from pathlib import Path
from random import Random

import pytest

import settlement
from settlement import statement_words as words
from settlement.cases import StepLine
from settlement.claim_lines import claim_lines
from settlement.distribution import BUYER_PREMIUM
from settlement.recoveries import recovery_lines
from settlement.rules import deposits, waterfall
from settlement.rules.case import read_case
from settlement.rules.compensation import open_claim
from settlement.rules.recovery import recover, start_book
from tests.make_cases import Json, make_case, make_scheme, party
from tests.make_random_cases import random_case
from tests.settlement.make_explanations import is_in_both_languages
from tests.settlement.test_every_state_machine import steps_of

EXAMPLES = Path(__file__).parent / "examples"
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


def lines_by(case: Json) -> dict[tuple[str, str], StepLine]:
    """The lines of a claim, by figure and party."""
    read = read_case(case)
    lines = claim_lines(read.scheme, read.loan, open_claim(read.scheme, read.loan))
    return {(line.name, line.party): line for line in lines}


def test_a_claim_says_its_own_figures_at_each_step() -> None:
    """Contracts 2's case: cession, rates with tier and add-on, the fund's limit shared, the advance."""
    case = json.loads((EXAMPLES / "contract_case.json").read_text("utf-8"))
    lines = lines_by(case)
    told = {key: line.computation for key, line in lines.items()}
    assert told["loss", ""] == (
        "base 基数: principal 本金: 7,654,321.09; 7,654,321.09 × 10000 / 10000, half up 四舍五入"
    )
    rate = "6,123,456.87 × 4000 / 10000, half up 四舍五入 = 2,449,382.75"
    assert told["ceded", "guarantor"] == f"to 分给 reguarantor: {rate}"
    assert told["ceded", "reguarantor"] == f"from 来自 guarantor: {rate}"
    mode, limit = (
        "a rate of what the party retains 按自留损失比例补偿",
        "the limit of the fund is shared 限额按比例分配",
    )
    assert told["compensation", "guarantor"] == (
        f"{mode}: 3,674,074.12 retained 自留 × 3000 / 10000, half up 四舍五入 = 1,102,222.24; {limit}:"
        " 1,500,000.00 × 1,102,222.24 / 1,714,567.93, largest remainder 最大余数法"
    )
    assert told["promised", "fund"] == (
        "sum of the compensation 补偿合计; within 限额 loan 单笔 1,500,000.00, fund 资金余额 9,000,000.00"
    )
    position = "borne + ceded - compensation 承担＋分出分入－补偿"
    assert told["opening position", "guarantor"] == (
        f"{position}: 6,123,456.87 + -2,449,382.75 - 964,285.71"
    )
    assert told["opening position", "fund"] == "what it promised 其承诺额"
    assert told["advance", "fund"] == "floor 向下取整(1,500,000.00 × 5000 / 10000)"


def test_funds_that_share_directly_and_in_layers_say_so() -> None:
    """The bank lent the funds' part too; a later layer is promised no more than what the earlier ones left."""
    direct = {key: line.computation for key, line in lines_by(make_case()).items()}
    assert direct["promised", "fund"] == "its part of the loss 其分担额 400.00; no cap 无上限"
    assert direct["opening position", "bank"].endswith(
        ": 600.00 + 0.00 - 400.00 + 400.00 the part of the funds, which the bank lent 资金应分担部分由银行先行承担"
    )
    parties = [party("bank", "BANK", 10_000), party("province", "FUND"), party("city", "FUND")]
    rates = {"province": 7_000, "city": 5_000}
    scheme = make_scheme(comp_mode="LAYERED", parties=parties, comp_rate_bp=rates)
    lines = lines_by(make_case(scheme=scheme))
    told = lines["promised", "city"]
    assert (told.amount_fen, told.computation) == (
        30_000,
        "1,000.00 retained 自留 × 5000 / 10000, half up 四舍五入,"
        " at most what is left 不超过余额 300.00; no cap 无上限",
    )


@pytest.mark.parametrize("seed", range(3))
def test_what_a_recovery_says_gives_its_movements(seed: int) -> None:
    """Whoever is made good first: each movement is within a fen of the product told, and leads to the position told."""
    random, seen = Random(seed), set[str]()
    while len(seen) < 3 or random.random() < 0.99:
        case = read_case(random_case(random))
        book = start_book(case.scheme, case.loan, open_claim(case.scheme, case.loan))
        for event in case.recoveries:
            recovered, after = recover(case.scheme, book, event)
            lines = recovery_lines(case.scheme, event, book.positions, recovered)
            moved = [line for line in lines if line.name == "movement"]
            assert sum(line.amount_fen for line in moved) == recovered.shared_fen
            for line in moved:
                assert is_in_both_languages(line.computation)
                part, own, whole, before, left = map(
                    fen_of, re.findall(r"[\d,]+\.\d\d", line.computation)
                )
                assert abs(part * own - line.amount_fen * whole) < max(whole, 1), line
                assert (before - line.amount_fen, own) == (left, before)
            seen.add(case.scheme.recovery.share_by)
            book = after


def fen_of(text: str) -> int:
    """Yuan as written, in fen."""
    return int(text.replace(",", "").replace(".", ""))


def test_what_any_claim_says_gives_its_figures() -> None:
    """A thousand random claims: what is told of cessions, positions and advances sums up to them, in both languages."""
    random = Random(4)
    for _ in range(1_000):
        for (name, who), line in lines_by(random_case(random)).items():
            assert is_in_both_languages(line.computation)
            told = line.computation
            if name == "ceded":
                parts = re.findall(r"(to|from) [^:]*: [^=]* = ([\d,.]+)", told)
                ceded = sum(fen_of(fen) * (1 if way == "from" else -1) for way, fen in parts)
                assert ceded == line.amount_fen, told
            elif name == "opening position" and "borne" in told:
                terms = re.search(r": ([\d,.]+) \+ (-?[\d,.]+) - ([\d,.]+)(?: \+ ([\d,.]+))?", told)
                assert terms is not None, told
                borne, ceded, less, more = (fen_of(one or "0.00") for one in terms.groups())
                assert borne + ceded - less + more == line.amount_fen, (who, told)
            elif name == "advance":
                whole, bp = re.findall(r"([\d,.]+) × (\d+) / 10000", told)[0]
                assert fen_of(whole) * int(bp) // 10_000 == line.amount_fen
