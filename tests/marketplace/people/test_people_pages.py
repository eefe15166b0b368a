"""The pages of people: an administrator lets somebody in, who looks after their own access."""

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from marketplace.app import Resources
from marketplace.organisations import totp
from marketplace.organisations.passwords import Passwords
from marketplace.organisations.schemas import Authority, OrganisationKind, Role
from marketplace.people.words import AUTHORITIES, KINDS
from tests.make_app import client_on
from tests.make_people import PASSWORD, MovableClock, make_caller

NEW_PASSWORD = "another horse 98"


class Browser:
    """Somebody with a browser: sends the forms of the pages that it has seen."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.html = ""

    async def see(self, path: str, *, expect: int = 200) -> str:
        """Open a page."""
        answer = await self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == expect, answer.text
        self.html = answer.text
        return self.html

    async def send(self, path: str, *, expect: int = 200, **fields: str) -> str:
        """Send a form of the page, which carries the session's token; follow where it leads."""
        token = re.search(r'name="form_token" value="([^"]*)"', self.html)
        assert token is not None
        answer = await self.client.post(path, data={"form_token": token[1]} | fields)
        assert answer.status_code in (expect, 303), answer.text
        if answer.status_code == 303:
            return await self.see(answer.headers["location"])
        self.html = answer.text
        return self.html

    def part(self, name: str) -> str:
        """The text that is shown in a marked place."""
        found = re.search(rf'data-part="{name}">([^<]*)<', self.html)
        assert found is not None, self.html
        return found[1]


@pytest.fixture
async def administrator(resources: Resources, clock: MovableClock) -> AsyncIterator[Browser]:
    """The platform's only administrator, signed in."""
    passwords = Passwords()
    hashed = await passwords.hash(PASSWORD)
    passwords.close()
    caller = await make_caller(
        resources.pool, Role.PLATFORM_ADMINISTRATOR, now=clock(), password_hash=hashed
    )
    name = await resources.pool.fetchval(
        "SELECT username FROM market.users WHERE id = $1", caller.user_id
    )
    async with opened(resources) as browser:
        await browser.see("/sign-in")
        await browser.send("/sign-in", username=name, password=PASSWORD)
        yield browser


@asynccontextmanager
async def opened(resources: Resources) -> AsyncIterator[Browser]:
    """A browser that nobody has used."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with client_on(resources, headers=headers) as client:
        yield Browser(client)


async def invited(administrator: Browser, resources: Resources, clock: MovableClock) -> str:
    """The path of a link for a new checker of a bank."""
    bank = (await make_caller(resources.pool, Role.BANK_MAKER, now=clock())).organisation_id
    await administrator.see("/people")
    await administrator.send(
        "/people/invitations",
        organisation_id=str(bank),
        username="li.wei",
        display_name="李伟 Li Wei",
        role="bank_checker",
        reason="joined",
    )
    return "/invitations/" + administrator.part("link").rsplit("/", 1)[1]


async def enrolled(person: Browser, clock: MovableClock) -> bytes:
    """Turn a second factor on by the page; its secret."""
    await person.see("/access")
    await person.send("/access/second-factor", password=NEW_PASSWORD)
    spelled = person.part("secret")
    secret = base64.b32decode(spelled + "=" * (-len(spelled) % 8))
    assert "otpauth://totp/" in person.html
    code = totp.hotp(secret, totp.counter_at(clock()))
    shown = await person.send("/access/second-factor/confirmation", code=code)
    assert len(re.findall(r'<li class="code">', shown)) == totp.RECOVERY_CODES
    clock.move(seconds=1)
    return secret


async def press(person: Browser, action: str) -> None:
    """Send the first form of the page whose action looks like this."""
    found = re.search(rf'action="({action})"', person.html)
    assert found is not None, action
    await person.send(found[1])


async def test_somebody_is_let_in_and_looks_after_their_access(
    administrator: Browser, resources: Resources, clock: MovableClock
) -> None:
    """Invited, a password set, a second factor on, a key made and revoked, a session ended; then switched off."""
    link = await invited(administrator, resources, clock)
    assert "li.wei" in await administrator.see("/people")
    who = {"username": "li.wei", "password": NEW_PASSWORD}
    async with opened(resources) as person, opened(resources) as elsewhere:
        await person.see(link)
        assert "12" in await person.send(link, password="short", expect=400)
        await person.send(link, password=NEW_PASSWORD)
        await person.send("/sign-in", **who)
        await elsewhere.see("/sign-in")
        await elsewhere.send("/sign-in", **who)
        secret = await enrolled(person, clock)
        await elsewhere.see("/access", expect=303)

        await person.see("/access")
        await person.send("/access/keys", name="reports", role="bank_checker", days="30")
        key = {"Authorization": f"Bearer {person.part('key')}"}
        assert (await elsewhere.client.get("/v1/me", headers=key)).status_code == 200
        await press(person, '/access/keys/[^"]*/revoke')
        clock.move(seconds=31)
        assert (await elsewhere.client.get("/v1/me", headers=key)).status_code == 401

        await elsewhere.see("/sign-in")
        assert "验证码" in await elsewhere.send("/sign-in", **who, expect=401)
        code = totp.hotp(secret, totp.counter_at(clock()))
        await elsewhere.send("/sign-in", **who, code=code)
        await person.see("/access")
        await press(person, '/access/sessions/[^"]*/end')
        clock.move(seconds=1)
        await elsewhere.see("/access", expect=303)

        await administrator.see("/people")
        user = await resources.pool.fetchval(
            "SELECT id FROM market.users WHERE username = 'li.wei'"
        )
        await administrator.send(f"/people/users/{user}/off")
        clock.move(seconds=1)
        await person.see("/access", expect=303)


async def test_resets_and_revoked_links(
    administrator: Browser, resources: Resources, clock: MovableClock
) -> None:
    """A link that was taken back lets nobody in; a reset shows the link, and never a password."""
    link = await invited(administrator, resources, clock)
    found = re.search(r'action="(/people/invitations/[^"]*/revoke)"', administrator.html)
    assert found is not None
    await administrator.send(found[1])
    async with opened(resources) as person:
        await person.see(link)
        await person.send(link, password=NEW_PASSWORD, expect=422)
        user = await resources.pool.fetchval(
            "SELECT id FROM market.users WHERE roles = '{bank_maker}' LIMIT 1"
        )
        await administrator.send(f"/people/users/{user}/reset")
        fresh = "/invitations/" + administrator.part("link").rsplit("/", 1)[1]
        await person.see(fresh)
        await person.send(fresh, password=NEW_PASSWORD)
        name = await resources.pool.fetchval(
            "SELECT username FROM market.users WHERE id = $1", user
        )
        await person.send("/sign-in", username=name, password=NEW_PASSWORD)
        assert "登录与凭证" in await person.see("/access")
        await person.see("/people", expect=403)


async def test_two_administrators_switch_off_and_reset_together(
    administrator: Browser, resources: Resources, clock: MovableClock
) -> None:
    """The form asks, with a reason; the other agrees on the page; the same form then carries it out."""
    passwords = Passwords()
    hashed = await passwords.hash(PASSWORD)
    passwords.close()
    role = Role.PLATFORM_ADMINISTRATOR
    other = await make_caller(resources.pool, role, now=clock(), password_hash=hashed)
    maker = await make_caller(resources.pool, Role.BANK_MAKER, now=clock())
    name = await resources.pool.fetchval(
        "SELECT username FROM market.users WHERE id = $1", other.user_id
    )
    is_on = "SELECT is_active FROM market.users WHERE id = $1"
    async with opened(resources) as second:
        await second.see("/sign-in")
        await second.send("/sign-in", username=name, password=PASSWORD)
        for step in ("off", "reset"):
            form = f"/people/users/{maker.user_id}/{step}"
            await administrator.see("/people")
            await administrator.send(form, reason="", expect=400)
            await administrator.see("/people")
            await administrator.send(form, reason="left the bank")
            assert "left the bank" in await second.see("/people")
            assert "switch_off" not in second.html
            assert "password_reset" not in second.html  # in words, as among the approvals
            assert 'data-part="link"' not in administrator.html
            digest = re.search(r'name="sha256" value="([0-9a-f]{64})"', second.html)
            action = re.search(r'action="(/people/approvals/[^"]*)"', second.html)
            assert digest is not None
            assert action is not None
            await second.send(action[1], sha256=digest[1], word="yes", reason="indeed")
            assert "已同意" in await administrator.see("/people")
            await administrator.send(form)
            assert ('data-part="link"' in administrator.html) is (step == "reset")
        assert await resources.pool.fetchval(is_on, maker.user_id) is False


def test_every_organisation_has_words() -> None:
    """Each kind, and each authority."""
    assert set(KINDS) == set(OrganisationKind)
    assert set(AUTHORITIES) == set(Authority)


async def test_an_organisation_is_registered_by_the_form(
    administrator: Browser, resources: Resources
) -> None:
    """A regulator with its authority, a branch of a bank; what is wrong stands at its field."""
    await administrator.see("/people")
    path = "/people/organisations"
    wrong = await administrator.send(path, kind="regulator", name="示例知识产权局", expect=400)
    assert 'id="e-authority"' in wrong
    assert 'value="示例知识产权局"' in wrong
    office = {
        "kind": "regulator",
        "name": "示例知识产权局",
        "authority": "ip_office",
        "region": "420000",
    }
    await administrator.send(path, **office)
    await administrator.send(path, kind="bank", name="示例银行", credit_code="91140000MA0EXAMP1W")
    again = await administrator.send(
        path, kind="bank", name="又一银行", credit_code="91140000MA0EXAMP1W", expect=409
    )
    assert "91140000MA0EXAMP1W" in again
    bank = await resources.pool.fetchval(
        "SELECT id FROM market.organisations WHERE name = '示例银行'"
    )
    await administrator.send(
        path, kind="bank", name="示例支行", parent_id=str(bank), is_science_branch="true"
    )
    shown = await administrator.see("/people")
    for said in ("IP office", "420000", "Branch", "Science branch"):
        assert said in shown


async def test_who_is_invited_by_the_form_is_known_as_a_person(
    administrator: Browser, resources: Resources
) -> None:
    """The number of their papers, however it was spaced, gives the digest that a user of that number has."""
    bank = await resources.pool.fetchval(
        "INSERT INTO market.organisations (id, kind, name, created_at)"
        " VALUES (gen_random_uuid(), 'bank', 'B', now()) RETURNING id"
    )
    await administrator.see("/people")
    for name, number in (("one.hand", "110101 19900307 001x"), ("two.hand", "11010119900307001X")):
        await administrator.send(
            "/people/invitations",
            organisation_id=str(bank), username=name, display_name=name, role="bank_maker",
            reason="joined", identity_number=number,
        )  # fmt: skip
    digests = await resources.pool.fetch("SELECT identity_digest AS it FROM market.invitations")
    assert len(digests) == 2
    assert len({row["it"] for row in digests} - {None}) == 1
