"""A notice that changes is disclosed anew: by two people, long enough, and read again by who had registered."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kit.clock import system_clock
from marketplace.disclosures import service
from marketplace.disclosures.rules import TooLateToChange
from marketplace.disclosures.schemas import RedisclosureIn
from marketplace.disclosures.service import RedisclosureRefused
from marketplace.jobs.running import run_due_duties
from marketplace.lots.schemas import Conditions
from tests.make_stage import CONDITIONS, Stage, moment

DAY = 86_400
DEFECT = {"en": "An invalidation request was filed.", "zh": "已有人提出无效宣告请求。"}
NEW = CONDITIONS | {"known_defects": DEFECT}


async def listed(stage: Stage, **changed: Any) -> dict[str, Any]:
    """An exchange lot with the regime's full periods."""
    given = {"opens_in": 24 * DAY, "lasts": 2 * DAY, "shortened_times": False}
    return await stage.published(**(given | changed))


def body(lot: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The same times, a new defect."""
    return {
        "conditions": NEW,
        "opens_at": lot["opens_at"],
        "closes_at": lot["closes_at"],
        "reason": "an invalidation request 出现无效宣告请求",
    } | changed


async def test_changed_notice_is_published_by_another_and_read_again(stage: Stage) -> None:
    """The new notice is whole, names the one it replaces, and who had registered is admitted once it has read it."""
    lot = await listed(stage)
    path = f"/v1/lots/{lot['id']}"
    reader, _ = await stage.deposited(lot)
    other, _ = await stage.deposited(lot)
    change = await stage.operator.post(f"{path}/redisclosure", body(lot))
    again = await stage.operator.post(f"{path}/redisclosure", body(lot), expect=409)
    assert again["code"] == "redisclosure_proposed"
    assert (await stage.anyone.get(f"{path}/disclosure-changes"))["items"] == []
    assert await stage.bank_maker.get(f"{path}/redisclosure") == change
    differs = await stage.checker.post(
        f"{path}/redisclosure/decision", {"sha256": "0" * 64}, expect=409
    )
    assert differs["code"] == "redisclosure_differs"
    done = await stage.checker.post(f"{path}/redisclosure/decision", {"sha256": change["sha256"]})
    assert done["state"] == "published"

    after = await stage.anyone.get(path)
    assert after["conditions"]["known_defects"] == DEFECT
    assert (after["profile_hash"], after["opens_at"]) == (lot["profile_hash"], lot["opens_at"])
    notice = (await stage.anyone.get(f"{path}/notices"))["items"][-1]
    content = json.loads(notice["content"])
    assert (notice["kind"], notice["sha256"]) == ("redisclosure", after["notice_sha256"])
    assert content["replaces"] == lot["notice_sha256"]
    assert content["known_defects"] == DEFECT
    assert set(content) >= {"price", "property", "schedule", "warnings", "bidding_rules"}
    page = (await stage.client.get(f"/lots/{lot['id']}")).text
    assert DEFECT["zh"] in page
    assert "重新披露公告" in page

    stale = await reader.post(
        f"{path}/bidders/me/acknowledgement",
        {"disclosure_sha256": lot["notice_sha256"]},
        expect=409,
    )
    assert stale["code"] == "disclosure_not_acknowledged"
    read = {"disclosure_sha256": after["notice_sha256"]}
    await reader.post(f"{path}/bidders/me/acknowledgement", read)
    await run_due_duties(stage, moment(after["opens_at"]) + timedelta(seconds=1))
    assert (await reader.get(f"{path}/bidders/me"))["status"] == "active"
    assert (await other.get(f"{path}/bidders/me"))["status"] == "deposited"
    # Late, but read: it is let in by the duty that its reading hastened.
    async with stage.pool.acquire() as conn:
        row = await conn.fetchrow(
            "SELECT d.due_at, d.state FROM market.duties d JOIN market.bidders b ON b.id = d.subject_id"
            " WHERE d.kind = 'admit_bidder' AND b.status = 'deposited'"
        )
    assert (row["state"], row["due_at"]) == ("waiting", moment(after["closes_at"]))


async def test_later_times_move_the_duties(stage: Stage) -> None:
    """A later opening is frozen into the rules; the duties of the old times do nothing."""
    lot = await listed(stage)
    later = {
        name: (moment(lot[name]) + timedelta(days=3)).isoformat()
        for name in ("opens_at", "closes_at")
    }
    path = f"/v1/lots/{lot['id']}"
    change = await stage.operator.post(f"{path}/redisclosure", body(lot, **later))
    await stage.checker.post(f"{path}/redisclosure/decision", {"sha256": change["sha256"]})
    after = await stage.anyone.get(path)
    assert after["profile_hash"] != lot["profile_hash"]
    await run_due_duties(stage, moment(lot["closes_at"]) + timedelta(minutes=1))
    assert (await stage.anyone.get(path))["status"] == "registration"
    await run_due_duties(stage, moment(after["opens_at"]) + timedelta(seconds=1))
    assert (await stage.anyone.get(path))["status"] == "open"


async def test_who_proposed_does_not_publish_and_a_refusal_changes_nothing(stage: Stage) -> None:
    """The same person is refused as the second; a refusal leaves the notice and frees the way for another change."""
    lot = await listed(stage)
    path = f"/v1/lots/{lot['id']}"
    change = await stage.operator.post(f"{path}/redisclosure", body(lot))
    decision = {"sha256": change["sha256"], "approved": False}
    await stage.operator.post(f"{path}/redisclosure/decision", decision, expect=403)
    refused = await stage.checker.post(f"{path}/redisclosure/decision", decision)
    assert refused["state"] == "refused"
    assert (await stage.anyone.get(path))["notice_sha256"] == lot["notice_sha256"]
    await stage.checker.get(f"{path}/redisclosure", expect=404)
    await stage.operator.post(f"{path}/redisclosure", body(lot))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"conditions": CONDITIONS}, "conditions"),  # nothing changes
        ({"opens_at": -1}, "opens_at"),  # sooner than published
        ({"closes_at": -40}, "closes_at"),
    ],
)
async def test_changes_that_say_nothing_or_shorten_are_refused(
    stage: Stage, changed: dict[str, Any], field: str
) -> None:
    """The field is named."""
    lot = await listed(stage)
    moved = {
        name: (moment(lot[name]) + timedelta(days=value)).isoformat()
        if isinstance(value, int)
        else value
        for name, value in changed.items()
    }
    refused = await stage.operator.post(
        f"/v1/lots/{lot['id']}/redisclosure", body(lot, **moved), expect=400
    )
    assert refused["field"] in (field, "priority_closes_at")


async def test_too_short_or_too_late_is_refused_with_the_article(stage: Stage) -> None:
    """Three working days before the opening the change needs a later one; once the auction is set up, a withdrawal."""
    lot = await listed(stage)
    lot_id, opens_at = UUID(lot["id"]), moment(lot["opens_at"])
    given = RedisclosureIn(
        conditions=_conditions(),
        opens_at=opens_at,
        closes_at=moment(lot["closes_at"]),
        reason="late 临近",
    )
    venue = stage.operator.caller
    async with stage.pool.acquire() as conn, conn.transaction():
        with pytest.raises(RedisclosureRefused) as refused:
            await service.propose(conn, venue, lot_id, given, now=opens_at - timedelta(days=3))
        assert "at least 5" in refused.value.message
        assert "第32号" in refused.value.message_zh
        with pytest.raises(TooLateToChange):
            await service.propose(conn, venue, lot_id, given, now=opens_at)
    assert system_clock() < opens_at


def _conditions() -> Conditions:
    return msgspec.convert(NEW, Conditions)


async def test_pages_propose_and_publish(stage: Stage) -> None:
    """On the page one person changes words and times, another sees what is different and publishes just that."""
    lot = await listed(stage)
    at = f"/lots/{lot['id']}/redisclosure"
    defect = DEFECT | {"zh": DEFECT["zh"] * 300}  # long texts are taken too
    notice = (await stage.client.get(f"/lots/{lot['id']}", headers=stage.operator.headers)).text
    assert at in notice
    form = (await stage.client.get(at, headers=stage.operator.headers)).text
    fields = {"form_token": "", "reason": "an invalidation request 出现无效宣告请求"}
    for name, pair in CONDITIONS.items():
        assert f'name="{name}.zh"' in form
        fields |= {f"{name}.zh": pair["zh"], f"{name}.en": pair["en"]}
    fields |= {"known_defects.zh": defect["zh"], "known_defects.en": DEFECT["en"]}
    fields |= {name: lot[name] for name in ("priority_closes_at", "opens_at", "closes_at")}
    wrong = await stage.client.post(
        at, headers=stage.operator.headers, data=fields | {"opens_at": "tomorrow"}
    )
    assert wrong.status_code == 400
    done = await stage.client.post(at, headers=stage.operator.headers, data=fields)
    assert (done.status_code, done.headers["location"]) == (302, at)
    assert (
        'data-part="waiting"' in (await stage.client.get(at, headers=stage.operator.headers)).text
    )
    shown = (await stage.client.get(at, headers=stage.checker.headers)).text
    assert defect["zh"] in shown
    assert shown.count("<ins>") == 1
    change = await stage.checker.get(f"/v1/lots/{lot['id']}/redisclosure")
    decision = {"form_token": "", "sha256": change["sha256"], "approved": "true"}
    await stage.client.post(f"{at}/decision", headers=stage.checker.headers, data=decision)
    after = await stage.anyone.get(f"/v1/lots/{lot['id']}")
    assert after["conditions"]["known_defects"] == defect
    assert "重新披露公告" in (await stage.client.get(at, headers=stage.bank_maker.headers)).text
