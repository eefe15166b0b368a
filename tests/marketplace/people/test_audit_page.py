"""An auditor reads who did what on a page. Source: domain 7."""

import re

import pytest

from marketplace.audit.words import SUBJECTS, said_of
from marketplace.organisations.schemas import Authority, Role
from tests.make_stage import Stage
from tests.marketplace.people.test_authorities import regulator
from tests.marketplace.people.test_partners import page


@pytest.mark.parametrize(
    ("action", "subject", "says"),
    [
        ("consignment_submitted", "consignment", "Consignment submitted"),
        ("lot_awaiting_payment", "lot", "Awaiting payment"),
        ("signed_in", "user", "signed in"),
        ("claim_advanced", "claim", "advanced"),
        ("case_danced", "case", "danced"),
    ],
)
def test_an_action_is_said_in_words(action: str, subject: str, says: str) -> None:
    """As the loan's timeline says it, by the state reached, by its verb, or in its own words; never as a code."""
    said = said_of(action, subject)
    assert said.en == says
    assert re.search("[\u4e00-\u9fff]", said.zh)
    assert "_" not in said.zh + said.en


async def test_the_trail_is_read_by_who_supervises(stage: Stage) -> None:
    """Newest first, of one kind or of one thing with its chain; every kind has words."""
    lot = await stage.published(lasts=600, opens_in=600)
    auditor = await stage.person(Role.AUDITOR)
    assert "/audit" in await page(auditor, "/me")
    shown = await page(auditor, "/audit?limit=100")
    assert stage.operator.caller.display_name in shown
    moments = re.findall(r'<tr><td><time[^>]* datetime="([^"]+)"', shown)
    assert moments == sorted(moments, reverse=True)
    kinds = {
        row["subject"]
        for row in await stage.pool.fetch("SELECT DISTINCT subject FROM market.audit_entries")
    }
    assert kinds <= set(SUBJECTS)
    one = await page(auditor, f"/audit?subject=lot&subject_id={lot['id']}")
    chain = await stage.pool.fetch(
        "SELECT encode(hash, 'hex') AS hash FROM market.audit_entries WHERE subject = 'lot' AND subject_id = $1",
        lot["id"],
    )
    plain = re.sub(r"\s", "", re.sub("<[^>]+>", "", one))
    assert len(chain) == one.count("data-action=")
    assert all(row["hash"] in plain for row in chain)
    assert "{&#39;" not in one  # JSON, as it is stored
    assert "{&#34;" in one
    await page(stage.bank_maker, "/audit", expect=403)
    await page(await regulator(stage, Authority.FISCAL, None), "/audit")
    await page(await regulator(stage, Authority.SME, None), "/audit", expect=403)
    first = await page(auditor, "/audit?limit=1")
    found = re.search(r'href="(/audit\?cursor=[^"]+)"', first)
    assert found is not None
    assert "data-action=" in await page(auditor, found[1].replace("&amp;", "&"))
