"""Acts 1 and 2: the bank's workbook becomes a case; the fund pays its advance on the default."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from kit.clock import CHINA, system_clock
from marketplace.demo.cast import Cast
from marketplace.demo.run import Run
from marketplace.demo.telling import act, money, said, say, table
from marketplace.edge.documentation import XLSX
from marketplace.imports.sample import portfolio_bytes, portfolio_with_errors_bytes
from marketplace.pages import vocabulary
from settlement.statement_words import party

SCHEME = "tianjin-binhai-2022"
ADVANCE_BP = 5_000
_FUND_PAID_IN_FEN = 500_000_000
_FINDINGS_SHOWN = 4


class Collateral(NamedTuple):
    """What the bank entered: the defaulted loan and the rights pledged for it."""

    case: dict[str, Any]
    assets: list[dict[str, Any]]


def import_portfolio(cast: Cast, run: Run, folder: Path) -> Collateral:
    """Hand in a workbook with mistakes, see all of them named, hand in the right one."""
    act(1, "The bank's portfolio", "银行资产包导入")
    maker = cast.person("bank-maker")
    today = system_clock().astimezone(CHINA).date()
    wrong = _kept(
        folder / f"run-{run.number}-portfolio-with-errors.xlsx",
        lambda: portfolio_with_errors_bytes(today=today, serial=run.number),
    )
    refused = maker.upload("/v1/imports", wrong, XLSX, step="import-wrong")
    findings = refused["findings"]
    say(
        f"A workbook with mistakes: {said(vocabulary.PROGRESS, refused['state'])},"
        f" {len(findings)} cells named, nothing entered."
        " 有误的表格整体退回："
    )
    for finding in findings[:_FINDINGS_SHOWN]:
        say(f"  {finding['address']}: {finding['message_zh']}")
        say(f"      {finding['message']}")
    say(f"  ... and {len(findings) - _FINDINGS_SHOWN} more 其余从略")
    right = _kept(
        folder / f"run-{run.number}-portfolio.xlsx",
        lambda: portfolio_bytes(today=today, serial=run.number),
    )
    done = maker.upload("/v1/imports", right, XLSX, step="import")
    counts = done["counts"]
    say(
        f"The corrected workbook: {said(vocabulary.PROGRESS, done['state'])};"
        f" {counts['loans']} loan, {counts['pledges']} pledges, "
        f"{counts['assets']} rights, {counts['valuations']} valuations. 更正后全部导入"
    )
    (case,) = (c for c in maker.pages("/v1/cases") if c["import_id"] == done["id"])
    assets = [a for a in maker.pages("/v1/assets") if a["import_id"] == done["id"]]
    say(
        f"Loan {case['contract_number']}, {case['borrower_name']}: principal {money(case['principal_fen'])}, "
        f"interest {money(case['interest_fen'])}, grade 五级分类 {said(vocabulary.GRADES, case['grade'])}."
    )
    table(sorted([said(vocabulary.RIGHTS, a["ip_type"]), a["number"], a["title"]] for a in assets))
    return Collateral(case, assets)


def pay_advance(cast: Cast, run: Run, collateral: Collateral) -> dict[str, Any]:
    """The claim: drafted and approved at the bank, reviewed by two people at the fund, the advance paid."""
    act(2, "Risk compensation: the advance", "风险补偿：先行拨付")
    fund_id = cast.organisation_ids["fund"]
    administrator = cast.person("fund-administrator")
    budget = {
        "amount_fen": _FUND_PAID_IN_FEN,
        "source": "财政预算安排（示例）",
        "bank_reference": f"demo-{run.number}-budget",
    }
    administrator.post(f"/v1/funds/{fund_id}/contributions", budget, step="fund-budget")
    version = _scheme_version(cast)
    path = _claimed(cast, collateral, fund_id, version)
    administrator.post(f"{path}/advance", step="claim-advance")
    for payment in administrator.get(path)["payments"]:
        reference = {"bank_reference": f"demo-{run.number}-advance-{payment['party']}"}
        step = f"claim-paid-{payment['party']}"
        administrator.post(f"{path}/payments/{payment['id']}", reference, step=step)
        second = cast.person("fund-checker")
        second.post(f"{path}/payments/{payment['id']}", reference, step=f"{step}-second")
    claim = administrator.get(path)
    say(
        f"Scheme {SCHEME} version {version}: bank 60, fund 40, half of the fund's share in advance."
        " 银行六、基金四，先拨一半"
    )
    table([figure(line) for line in claim["figures"]["lines"]])
    say(
        f"Advance paid 已先行拨付: {money(claim['figures']['advance_fen'])};"
        f" state 状态: {said(vocabulary.PROGRESS, claim['status'])}."
    )
    return dict(claim)


def _claimed(cast: Cast, collateral: Collateral, fund_id: str, version: int) -> str:
    """The claim's path, once the bank's second person approved it and two people at the fund reviewed it."""
    contract = hashlib.sha256(collateral.case["contract_number"].encode()).hexdigest()
    application = {
        "case_id": collateral.case["id"],
        "scheme_id": SCHEME,
        "scheme_version": version,
        "parties": {"fund": fund_id},
        "contract_sha256": contract,
        "evidence": [{"name": "逾期催收通知书（示例）", "sha256": contract}],
    }
    claim = cast.person("bank-maker").post("/v1/claims", application, step="claim")
    path = f"/v1/claims/{claim['id']}"
    read = {"approved": True, "claim_sha256": claim["claim_sha256"]}
    for who, verb, reason in (
        ("bank-checker", "approve", "违约事实与证据一致"),
        ("fund-administrator", "review", "备案与计算无误"),
        ("fund-checker", "review", "复核同意"),
    ):
        cast.person(who).post(f"{path}/{verb}", read | {"reason": reason}, step=f"claim-{who}")
    return path


def figure(line: dict[str, Any]) -> list[str]:
    """A figure of the claim as it is stored: name, whose, how much, and how it was reached."""
    return [
        line["name_zh"],
        line["name"],
        party(line["party"]),
        money(line["amount_fen"]),
        line["computation"],
    ]


def _scheme_version(cast: Cast) -> int:
    """The version with half paid in advance: added once by the administrator of the installation."""
    auditor = cast.person("auditor")
    found = [
        v
        for v in auditor.get(f"/v1/schemes/{SCHEME}")["items"]
        if v["scheme"]["advance_bp"] == ADVANCE_BP
    ]
    if not found:
        cast.person("fund-administrator").post_once(
            f"/v1/schemes/{SCHEME}/versions",
            {"from_version": 1, "advance_bp": ADVANCE_BP, "reason": "演示：先行拨付一半"},
            key="demo-scheme-half-in-advance",
        )
        return _scheme_version(cast)
    return int(found[-1]["version"])


def _kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """The workbook of this run: made once, so that a run taken up again hands in the same file."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".new")
        temporary.write_bytes(make())
        temporary.replace(path)
    return path.read_bytes()
