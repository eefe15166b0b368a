"""The page that says whether a lot is still needed to cover the debt, where the debtor's consent is recorded."""

from marketplace.organisations.schemas import Role
from tests.make_stage import Stage
from tests.marketplace.remedies.test_debtor_consents import LETTER
from tests.marketplace.remedies.test_distribution_pages import send
from tests.marketplace.routes.test_route_pages import page_of


async def test_the_debtors_consent_is_recorded_by_the_venues_form(stage: Stage) -> None:
    """Reached from my desk before the notice and from the notice after it; recorded once, read by the bank."""
    draft = await stage.draft(opens_in=3600.0)
    lot = await stage.published(opens_in=3600.0)
    path = f"/lots/{lot['id']}/coverage"
    assert f'href="/lots/{draft["id"]}/coverage"' in await page_of(stage.operator, "/me")
    assert "Coverage" in await page_of(stage.operator, f"/lots/{draft['id']}/coverage")
    for person in (stage.operator, stage.bank_maker):
        assert f'href="{path}"' in await page_of(person, f"/lots/{lot['id']}")
    agency = await stage.person(Role.AGENCY_BIDDER)
    assert path not in await page_of(agency, f"/lots/{lot['id']}")
    await page_of(agency, path, expect=403)
    await page_of(await stage.person(Role.BANK_MAKER), path, expect=404)
    form = f'action="{path}/consent"'
    for person in (stage.checker, stage.bank_maker, stage.bank_checker):
        assert form not in await page_of(person, path)
        await send(person, f"{path}/consent", 403, **LETTER)
    assert form in await page_of(stage.operator, path)
    wrong = await send(stage.operator, f"{path}/consent", 400, document_sha256="letter")
    assert "文件摘要 SHA-256（document_sha256）" in wrong.text
    await _leads_back(stage, path)
    await send(stage.operator, f"{path}/consent", **LETTER)
    for person in (stage.operator, stage.bank_maker):
        shown = await page_of(person, path)
        assert LETTER["document_sha256"][:8] in shown
        assert form not in shown
    other = await send(stage.operator, f"{path}/consent", 400, document_sha256="cd" * 32)
    assert "not the one on record" in other.text


async def _leads_back(stage: Stage, path: str) -> None:
    """A refused form leads back to its page, and to no other house's."""
    base = str(stage.operator.client.base_url).rstrip("/")
    for came_from, is_ours in ((f"{base}{path}", True), (f"https://evil.example{path}", False)):
        answer = await stage.operator.client.post(
            f"{path}/consent",
            headers=stage.operator.headers | {"referer": came_from},
            data={"form_token": "", "document_sha256": "letter"},
        )
        assert answer.status_code == 400
        assert ("返回上一页修改" in answer.text) is is_ours
        assert (f'href="{path}"' in answer.text) is is_ours
