"""Act 5's figures explained: each sum with its arithmetic, from what the database stored."""

from typing import Any

from kit.money import yuan
from marketplace.demo.preparing import figure
from marketplace.demo.telling import money, say, table
from settlement.statement_words import delta


def explain(claim: dict[str, Any]) -> None:
    """How the recovery was split, what loss remains, and what the fund tops up (补拨) or gets back (退回)."""
    shared = [
        line
        for step in claim["steps"]
        if step["step"] == "record_recovery"
        for line in step["lines"]
    ]
    say("Recovery shared by positions 回收按头寸分配:")
    table([figure(line) for line in shared])
    recovered_fen = sum(row["recovered"]["shared_fen"] for row in claim["recoveries"])
    loss_fen = claim["figures"]["loss_fen"]
    left_fen = sum(claim["final"]["figures"]["closing"].values())
    say(
        f"Loss that remains 剩余损失: {yuan(loss_fen)} - {yuan(recovered_fen)} = {money(left_fen)},"
        " shared as opened 按原比例分担:"
    )
    ended = [
        line
        for step in claim["steps"]
        if step["step"] == "final_clearing"
        for line in step["lines"]
    ]
    table([figure(line) for line in ended])
    for fund, delta_fen in claim["final"]["figures"]["delta"].items():
        closing_fen = claim["final"]["figures"]["closing"][fund]
        say(
            f"Fund 基金, {delta(delta_fen)}: {yuan(closing_fen)} - {yuan(closing_fen - delta_fen)}"
            f" = {money(delta_fen)}"
        )


def explain_cash(settled: dict[str, Any], cleared: dict[str, Any]) -> None:
    """The bank's cash and the fund's, each as the sum of what was paid."""
    proceeds_fen = sum(
        line["amount_fen"]
        for line in settled["payees"]
        if line["account"] == "pledgee_payable" and line["state"] == "PAID"
    )
    for line in cleared["parties"]:
        parts = [proceeds_fen] if line["role"] == "BANK" else []
        for due in cleared["dues"]:
            if due["state"] == "PAID" and line["party"] in (due["payer"], due["payee"]):
                parts.append(
                    due["amount_fen"] if due["payee"] == line["party"] else -due["amount_fen"]
                )
        whole = " + ".join(yuan(part) for part in parts).replace("+ -", "- ")
        say(f"Cash of {line['organisation']} 现金净收: {whole} = {money(line['cash_fen'])}")
