"""What a notice must say by its regime: each item that lacks is refused with its article; what is said stands in it."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kit.clock import CHINA, system_clock
from marketplace.assets import service as assets
from marketplace.lots import service as lots
from marketplace.lots.background import background_of
from marketplace.lots.regimes import Regime
from marketplace.notices.rules import (
    CONTENTS,
    NoticeIncomplete,
    require_complete,
    standard_texts,
)
from marketplace.valuations import service as valuations
from tests.make_portfolio import make_parties, some_asset, some_valuation
from tests.make_routes import consigned
from tests.make_stage import CONDITIONS, Stage, lot_draft

WHOLE = {item.section: {"en": "said", "zh": "已载明"} for item in CONTENTS.items}
ASKED = [(regime, item) for regime in Regime for item in CONTENTS.items if regime in item.articles]
COURT = {
    "regime": "judicial_network",
    "authority": "court_order_realisation",
    "reserve_price_fen": None,
}

#: Written once more from the texts (法释〔2016〕18号 12-14; 拍卖法 46; domain 2.5): a change is a change of two files.
LISTED = {
    "judicial_network": """lot property price bidding_rules schedule platform seller authority valuation
        bidder_conditions known_defects rights_and_duties liability procedure viewing delivery taxes_and_bearer
        deposit_account deposit_rules priority_holders parties_notified court contact complaints warnings times""",
    "commercial_auction": """lot property price bidding_rules schedule platform seller authority bidder_conditions
        known_defects liability procedure viewing delivery taxes_and_bearer commission deposit_account deposit_rules
        priority_holders contact complaints warnings times""",
    "exchange": """lot property price bidding_rules schedule platform seller authority valuation bidder_conditions
        known_defects procedure viewing delivery taxes_and_bearer commission deposit_account deposit_rules
        priority_holders contact complaints warnings times""",
    "agreement": """lot property price bidding_rules schedule platform seller authority bidder_conditions
        known_defects viewing delivery taxes_and_bearer deposit_account contact complaints warnings times""",
}


@pytest.mark.parametrize("regime", list(Regime))
def test_each_regime_asks_for_its_list(regime: Regime) -> None:
    """The list of each regime, and a notice that says all of it is complete."""
    asked = [item.section for item in CONTENTS.items if regime in item.articles]
    assert sorted(asked) == sorted(LISTED[regime].split())
    require_complete({section: WHOLE[section] for section in asked}, regime)


@pytest.mark.parametrize(
    ("regime", "section"), [(regime.value, item.section) for regime, item in ASKED]
)
@pytest.mark.parametrize("empty", [None, "", {}, []])
def test_each_item_that_lacks_is_refused_with_its_article(
    regime: str, section: str, empty: object
) -> None:
    """Absent or empty, in both languages, with the article of the regime."""
    article = next(one for one in CONTENTS.items if one.section == section).articles[regime]
    content = {name: words for name, words in WHOLE.items() if name != section}
    if empty is not None:
        content[section] = empty  # type: ignore[assignment]
    with pytest.raises(NoticeIncomplete) as refused:
        require_complete(content, regime)
    assert (article.en in refused.value.message, article.zh in refused.value.message_zh) == (
        True,
        True,
    )
    assert refused.value.context == {"fields": [section]}


@pytest.mark.parametrize("regime", list(Regime))
def test_words_of_the_regime_are_for_what_it_asks(regime: Regime) -> None:
    """Standard words stand only in sections that the regime asks for, in two languages."""
    for section, words in standard_texts(regime).items():
        assert section in LISTED[regime].split()
        assert words["en"]
        assert words["zh"]


async def test_a_courts_notice_without_its_court_is_refused(stage: Stage) -> None:
    """What lacks is named and nothing is published; with the court the notice says title, valuation, who was told."""
    without = {name: words for name, words in CONDITIONS.items() if name != "court"}
    lot = await stage.draft(terms=COURT, conditions=without, opens_in=60, lasts=60)
    path = f"/v1/lots/{lot['id']}"
    await stage.operator.post(f"{path}/check")
    refused = await stage.checker.post(f"{path}/publish", expect=422)
    assert refused["code"] == "notice_incomplete"
    assert refused["context"]["fields"] == ["court"]
    assert "第十三条第十项" in refused["detail_zh"]
    assert (await stage.operator.get(f"{path}/check"))["lot"]["status"] == "checked"
    whole = await stage.published(terms=COURT, opens_in=60, lasts=60)
    content = await _notice(stage, whole)
    assert content["authority"]["kind"] == "court_order_realisation"
    assert content["valuation"]["reports"][0]["value_fen"] > 0
    assert "当事人" in content["parties_notified"]["zh"]
    assert "第二十四条" in content["deposit_rules"]["zh"]


async def test_a_lots_own_words_replace_those_of_the_regime(stage: Stage) -> None:
    """What the exchange says of deposits stands where the lot says nothing of its own."""
    standard = await _notice(stage, await stage.published(opens_in=60, lasts=60))
    assert "交易保证金" in standard["deposit_rules"]["zh"]
    assert "liability" not in standard
    own = {"en": "By the contract.", "zh": "按合同约定。"}
    lot = await stage.published(
        opens_in=60, lasts=60, conditions=CONDITIONS | {"deposit_rules": own}
    )
    assert (await _notice(stage, lot))["deposit_rules"] == own


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({}, "不接受境外"),
        ({"foreign_bidders": True}, "合同登记"),
        ({"foreign_bidders": True, "buyer_conditions": "须持技术出口许可意向书"}, "意向书"),
    ],
)
async def test_a_notice_says_whether_foreigners_may_bid(
    stage: Stage, terms: dict[str, Any], words: str
) -> None:
    """Nobody, everybody whose contract is registered, or who holds a letter of intent for restricted technology."""
    export_class = "restricted" if "buyer_conditions" in terms else "free"
    right = {"right": {"export_class": export_class}}
    consignment = await consigned(stage, **terms, **right)
    given = lot_draft(UUID(consignment["id"]), opens_in=60, lasts=60)
    lot = await stage.operator.post("/v1/lots", given)
    checked = await stage.operator.post(f"/v1/lots/{lot['id']}/check")
    assert checked["lot"]["status"] == "checked", checked["findings"]
    published = await stage.checker.post(f"/v1/lots/{lot['id']}/publish")
    assert words in (await _notice(stage, published))["foreign_bidders"]["zh"]
    page = await stage.client.get(f"/lots/{lot['id']}")
    assert words in page.text


async def test_a_notice_states_the_report_that_counts(stage: Stage) -> None:
    """The bank's own newest while it holds, and no other; after that the one of another bank that it recognises."""
    consignment = await consigned(stage)
    (asset_id,) = consignment["asset_ids"]
    asset = await stage.bank_maker.get(f"/v1/assets/{asset_id}")
    now = system_clock()
    today = now.astimezone(CHINA).date()
    other = await make_parties(stage.pool, now=now)
    async with stage.pool.acquire() as conn, conn.transaction():
        right = some_asset(number=asset["number"])
        theirs = await assets.register(conn, other.maker, right, now=now)
        days = {"base_on": today, "valid_to": today + timedelta(days=360)}
        given = some_valuation(theirs.id, value_fen=777, **days)
        report = await valuations.register(conn, other.maker, given, now=now)
        await valuations.recognise(conn, stage.bank_checker.caller, report.id, now=now)
    given_lot = lot_draft(UUID(consignment["id"]), opens_in=60, lasts=60)
    lot_id = UUID((await stage.operator.post("/v1/lots", given_lot))["id"])
    values = []
    async with stage.pool.acquire() as conn:
        lot = await lots.get(conn, lot_id)
        for days_on in (0, 330):  # the bank's own holds for 300 days more
            shown = await background_of(conn, lot, now=now + timedelta(days=days_on))
            values.append([each["value_fen"] for each in shown["valuation"]["reports"]])
    assert values == [[300_000_000], [777]]


async def _notice(stage: Stage, lot: dict[str, Any]) -> dict[str, Any]:
    notices = await stage.anyone.get(f"/v1/lots/{lot['id']}/notices")
    return dict(json.loads(notices["items"][0]["content"]))
