"""Act 3: consignment, publication, bidders and their deposits."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from kit.clock import Clock
from marketplace.demo.actors import Refused
from marketplace.demo.cast import Cast
from marketplace.demo.preparing import Collateral
from marketplace.demo.run import Run, RunFile
from marketplace.demo.telling import act, money, said, say
from marketplace.pages import vocabulary

START_FEN, STEP_FEN, RESERVE_FEN, DEPOSIT_FEN = 220_000_000, 2_000_000, 230_000_000, 22_000_000
_LEAD_SECONDS, _BIDDING_SECONDS, _WINDOW_MS = 8, 12, 4_000
BIDDERS = ("jinchuang", "yunshan", "qiyuan", "guest")
_WORDS = {
    "bidder_conditions": (
        "Operating agencies with legal capacity.",
        "具有完全民事行为能力的知识产权运营机构。",
    ),
    "known_defects": ("None known; sold as is.", "未发现已知瑕疵，按现状处置。"),
    "viewing": ("Data room open until the auction opens.", "竞价开始前开放资料室查阅。"),
    "delivery": ("Documents handed over within 15 days of recordal.", "登记后 15 日内移交资料。"),
    "taxes_and_bearer": ("Each side bears its own taxes.", "税费由双方各自依法承担。"),
    "deposit_account": ("The venue's escrow account.", "交易场所专用结算账户。"),
    "contact": ("The venue's desk (example).", "交易中心服务台（示例）。"),
    "complaints": ("The venue's supervision desk (example).", "交易中心监督电话（示例）。"),
    "priority_holders": (
        "One candidate, notified; must register before the opening.",
        "已通知一名优先购买权人，须于开始前登记。",
    ),
}


class Lot(NamedTuple):
    """A lot with its public address."""

    id: str
    data: dict[str, Any]


def consign(cast: Cast, run: Run, collateral: Collateral) -> dict[str, Any]:
    """Maker submits, checker approves, the venue accepts after its eligibility check."""
    act(3, "Consignment, lot, bidders", "委托处置、公告与竞买登记")
    maker, checker, venue = (
        cast.person(who) for who in ("bank-maker", "bank-checker", "venue-operator")
    )
    terms = {
        "title": "煤矿智能控制专利与商标组合（合成示例）",
        "venue_id": cast.organisation_ids["venue"],
        "case_id": collateral.case["id"],
        "asset_ids": [asset["id"] for asset in collateral.assets],
        "regime": "exchange",
        "route": "auction_timed",
        "authority": "pledge_contract_self_sale",
        "authority_document": "质押合同第十二条（示例）",
        "start_price_fen": START_FEN,
        "reserve_price_fen": RESERVE_FEN,
        "deposit_fen": DEPOSIT_FEN,
        "commission_bp": 200,
        "closing_on": run.moments["closing_on"],
        "has_bundle_statement": True,
    }
    consignment = maker.post("/v1/consignments", terms, step="consignment")
    path = f"/v1/consignments/{consignment['id']}"
    maker.post(f"{path}/submission", step="consignment-submit")
    try:
        maker.post(f"{path}/approval", step="consignment-own-approval")
    except Refused as refused:
        say(
            f"The maker may not approve what they drafted 经办人不得复核自己的委托: {_allowed(refused)}"
        )
    checker.post(f"{path}/approval", step="consignment-approve")
    venue.post(f"{path}/acceptance", step="consignment-accept")
    maker.post(f"{path}/fund-notice", step="fund-told")
    accepted = maker.get(path)
    say(
        f"Consignment {accepted['number']}: drafted, submitted, approved by a second person,"
        f" accepted. 状态: {said(vocabulary.PROGRESS, accepted['state'])}"
    )
    return dict(accepted)


def _allowed(refused: Refused) -> str:
    """Whom the step is for, in words."""
    roles = (refused.problem.get("context") or {}).get("roles", [])
    return "须由以下人员办理 only for " + ", ".join(said(vocabulary.ROLES, role) for role in roles)


def publish(
    cast: Cast, run: Run, runs: RunFile, consignment: dict[str, Any], *, clock: Clock
) -> tuple[Lot, Run]:
    """Draft, check and publish the lot; the second person publishes, and the rule profile is frozen."""
    opens_at = clock() + timedelta(seconds=_LEAD_SECONDS)
    if "opens_at" not in run.moments:
        closes_at = opens_at + timedelta(seconds=_BIDDING_SECONDS)
        run = runs.remember(run, {"opens_at": _text(opens_at), "closes_at": _text(closes_at)})
    draft = {
        "consignment_id": consignment["id"],
        "title": "Patents and trademark for mine control (synthetic)",
        "title_zh": "煤矿智能控制专利与商标组合（合成示例）",
        "bidding": {
            "format": "english",
            "step": {"kind": "fixed", "step_fen": STEP_FEN},
            "grid": "multiple",
            "extension": {"mode": "reset", "window_ms": _WINDOW_MS},
        },
        "conditions": {name: {"en": en, "zh": zh} for name, (en, zh) in _WORDS.items()},
        "opens_at": run.moments["opens_at"],
        "closes_at": run.moments["closes_at"],
        "release_on": "PRICE_PAID",
        "objection_days": 0,
        "shortened_times": True,
    }
    venue, checker = cast.person("venue-operator"), cast.person("venue-checker")
    lot = venue.post("/v1/lots", draft, step="lot")
    path = f"/v1/lots/{lot['id']}"
    checked = venue.post(f"{path}/check", step="lot-check")
    for finding in checked["findings"]:
        say(f"check 审查 (to be disclosed 须披露): {finding['message_zh']}")
        say(f"      {finding['message']}")
    checker.post(f"{path}/publish", step="lot-publish")
    public = venue.get(path)
    notice = venue.get(f"{path}/notices")["items"][-1]
    say(
        f"Lot {public['number']} published 已公告: start {money(START_FEN)}, step {money(STEP_FEN)},"
        f" deposit {money(DEPOSIT_FEN)}."
    )
    say(
        f"  rule profile 竞价规则 {public['profile_hash'][:16]}…, notice 公告 {notice['sha256'][:16]}… (frozen 已冻结)"
    )
    say(
        "  Times are shortened for the demonstration, and the notice says so. 本公告注明：演示用途，时间已缩短。"
    )
    return Lot(str(lot["id"]), dict(public)), run


def register_bidders(cast: Cast, run: Run, lot: Lot) -> dict[str, int]:
    """Each agency acknowledges the notice, pays the deposit, gets a paddle; one priority holder is confirmed."""
    venue = cast.person("venue-operator")
    notice = venue.get(f"/v1/lots/{lot.id}/notices")["items"][-1]
    paddles = {}
    for name in BIDDERS:
        statement = {
            "disclosure_sha256": notice["sha256"],
            "conflict_statement": "与委托人、出质人无关联关系。",
        }
        bidder = cast.person(name).post(
            f"/v1/lots/{lot.id}/bidders", statement, step=f"register-{name}"
        )
        venue.post(f"/v1/bidders/{bidder['id']}/qualify", step=f"qualify-{name}")
        if name == "qiyuan":
            claim = {
                "rank": 1,
                "nature": "职务发明人所在单位，同等条件下优先（民法典第八百四十七条，示例）",
            }
            venue.post(f"/v1/bidders/{bidder['id']}/priority", claim, step="priority")
        receipt = {
            "bank_reference": f"demo-{run.number}-deposit-{name}",
            "amount_fen": DEPOSIT_FEN,
            "received_at": run.moments["began_at"],
        }
        venue.post(f"/v1/bidders/{bidder['id']}/deposit", receipt, step=f"deposit-{name}")
        paddles[name] = int(cast.person(name).get(f"/v1/lots/{lot.id}/bidders/me")["paddle"])
    shown = ", ".join(f"{name} #{paddle}" for name, paddle in paddles.items())
    say(
        f"Deposits held in the ledger, paddles issued 保证金已冻结、号牌已发放: {shown};"
        " qiyuan holds priority 优先购买权人."
    )
    return paddles


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
