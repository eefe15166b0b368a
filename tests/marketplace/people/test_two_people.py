"""Nobody becomes alone by switching the other off: who must agree before access is taken away or given (T69)."""

from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest

from marketplace.app import Resources
from marketplace.organisations.schemas import (
    PLATFORM_ORGANISATION_ID,
    AccessStep,
    Caller,
    OrganisationKind,
    Role,
)
from tests.make_app import client_on
from tests.make_people import MovableClock, key_of, make_caller, make_organisation


class Somebody(NamedTuple):
    """A person, and the header by which they call."""

    caller: Caller
    key: dict[str, str]

    @property
    def id(self) -> str:
        """The user's id."""
        return str(self.caller.user_id)


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """Calls by key."""
    async with client_on(resources) as opened:
        yield opened


async def somebody(
    resources: Resources, clock: MovableClock, role: Role, house: UUID | None = None
) -> Somebody:
    """A new person with this role."""
    caller = await make_caller(resources.pool, role, now=clock(), organisation_id=house)
    return Somebody(caller, await key_of(resources.pool, caller, now=clock()))


async def administrator(resources: Resources, clock: MovableClock) -> Somebody:
    """Somebody who administers the platform."""
    return await somebody(resources, clock, Role.PLATFORM_ADMINISTRATOR, PLATFORM_ORGANISATION_ID)


async def post(
    client: httpx.AsyncClient, path: str, who: Somebody, body: object = None
) -> httpx.Response:
    """A POST with a key of its own."""
    return await client.post(path, json=body, headers={"Idempotency-Key": str(uuid4())} | who.key)


async def asked(
    client: httpx.AsyncClient, who: Somebody, subject: str, step: AccessStep
) -> httpx.Response:
    """Ask for a step."""
    body = {"subject_id": subject, "step": step, "reason": "left the house"}
    return await post(client, "/v1/access-steps", who, body)


async def agreed(client: httpx.AsyncClient, who: Somebody, approval: httpx.Response) -> str:
    """What became of somebody's yes: the state, or the code of the refusal."""
    waiting = approval.json()
    yes = {"approved": True, "sha256": waiting["sha256"], "reason": "known to me"}
    answer = await post(client, f"/v1/approvals/{waiting['id']}/decision", who, yes)
    return str(answer.json().get("state") or answer.json()["code"])


async def done(
    client: httpx.AsyncClient, who: Somebody, subject: str, step: AccessStep
) -> tuple[int, str | None]:
    """Carry a step out: the status, and the code where it was refused."""
    if step is AccessStep.PASSWORD_RESET:
        answer = await post(client, f"/v1/users/{subject}/password-reset", who)
    elif step is AccessStep.SECOND_FACTOR_REMOVAL:
        answer = await post(client, f"/v1/users/{subject}/second-factor-removal", who)
    else:
        noun = "organisations" if "organisation" in step else "users"
        path, body = f"/v1/{noun}/{subject}", {"is_active": step.endswith("_on")}
        version = (await client.get(path, headers=who.key)).headers["etag"]
        answer = await client.patch(path, json=body, headers=who.key | {"If-Match": version})
    return answer.status_code, answer.json()["code"] if answer.is_error else None


_MISSING = (409, "approval_missing")
_USER_STEPS = [step for step in AccessStep if "organisation" not in step]


@pytest.mark.parametrize("step", list(AccessStep))
async def test_of_two_administrators_neither_acts_alone(
    client: httpx.AsyncClient, resources: Resources, clock: MovableClock, step: AccessStep
) -> None:
    """Refused alone; refused on one's own word; done once on the other's, and not a second time."""
    one, two = [await administrator(resources, clock) for _ in range(2)]
    person = await somebody(resources, clock, Role.BANK_MAKER)
    subject = person.id
    if "organisation" in step:
        subject = str(person.caller.organisation_id)
    if step.endswith("_on"):
        table = "organisations" if "organisation" in step else "users"
        await resources.pool.execute(
            f"UPDATE market.{table} SET is_active = false WHERE id = $1", UUID(subject)
        )
    assert await done(client, one, subject, step) == _MISSING
    request = await asked(client, one, subject, step)
    assert request.json()["organisation_id"] == str(PLATFORM_ORGANISATION_ID)
    assert await done(client, one, subject, step) == _MISSING
    assert await agreed(client, one, request) == "same_person"
    assert await agreed(client, two, request) == "approved"
    status, _ = await done(client, one, subject, step)
    assert status in (200, 201, 204)
    if step in (AccessStep.PASSWORD_RESET, AccessStep.SECOND_FACTOR_REMOVAL):
        assert await done(client, one, subject, step) == _MISSING


async def test_one_of_two_does_not_become_alone_by_switching_the_other_off(
    client: httpx.AsyncClient, resources: Resources, clock: MovableClock
) -> None:
    """The other must agree to go; and for thirty days after, who is left gives no rights alone either."""
    one, two = [await administrator(resources, clock) for _ in range(2)]
    person = await somebody(resources, clock, Role.BANK_MAKER)
    assert await done(client, one, two.id, AccessStep.SWITCH_OFF) == _MISSING
    assert await done(client, one, two.id, AccessStep.PASSWORD_RESET) == _MISSING
    request = await asked(client, one, two.id, AccessStep.SWITCH_OFF)
    assert await agreed(client, two, request) == "approved"
    assert await done(client, one, two.id, AccessStep.SWITCH_OFF) == (200, None)
    fresh = {
        "organisation_id": str(person.caller.organisation_id),
        "username": "accomplice",
        "display_name": "Accomplice",
        "roles": ["bank_maker"],
        "password": "another horse 98",
    }
    path, left_at = f"/v1/users/{person.id}", clock.now
    for day, is_free in ((0, False), (29, False), (31, True)):
        clock.now = left_at
        clock.move(days=day)
        one = Somebody(one.caller, await key_of(resources.pool, one.caller, now=clock()))
        made = await post(client, "/v1/users", one, fresh)
        assert made.is_success is is_free, made.text
        headers = one.key | {"If-Match": '"1"'}
        roles = await client.patch(path, json={"roles": []}, headers=headers)
        assert roles.is_success is is_free, roles.text


async def test_a_third_administrator_decides_about_the_second(
    client: httpx.AsyncClient, resources: Resources, clock: MovableClock
) -> None:
    """Nobody decides about themselves as long as another can."""
    one, two, three = [await administrator(resources, clock) for _ in range(3)]
    request = await asked(client, one, two.id, AccessStep.PASSWORD_RESET)
    assert await agreed(client, two, request) == "same_person"
    assert await agreed(client, three, request) == "approved"
    assert await done(client, one, two.id, AccessStep.PASSWORD_RESET) == (201, None)


async def test_the_venue_decides_where_the_other_administrator_is_concerned(
    client: httpx.AsyncClient, resources: Resources, clock: MovableClock
) -> None:
    """Between two administrators a checker of the venue has the word; a second account of one's own is no other."""
    one, two = [await administrator(resources, clock) for _ in range(2)]
    venue = await somebody(resources, clock, Role.VENUE_CHECKER)
    stranger = await somebody(resources, clock, Role.VENUE_CHECKER)
    request = await asked(client, one, two.id, AccessStep.SWITCH_OFF)
    assert request.json()["organisation_id"] == str(venue.caller.organisation_id)
    assert await agreed(client, two, request) == "not_found"
    assert await agreed(client, stranger, request) == "not_found"
    assert await agreed(client, venue, request) == "approved"
    seen = await client.get(f"/v1/approvals/{request.json()['id']}", headers=one.key)
    assert seen.json()["decisions"][0]["decided_by"] == venue.id
    await resources.pool.execute(
        "UPDATE market.users SET person_id = $2 WHERE id = $1",
        venue.caller.user_id,
        one.caller.user_id,
    )
    assert await done(client, one, two.id, AccessStep.SWITCH_OFF) == (200, None)
    other = await asked(client, one, two.id, AccessStep.PASSWORD_RESET)
    assert other.json()["organisation_id"] == str(stranger.caller.organisation_id)
    withdrawn = await post(client, f"/v1/approvals/{other.json()['id']}/withdrawal", one)
    assert withdrawn.json()["state"] == "withdrawn"


@pytest.mark.parametrize("step", _USER_STEPS)
async def test_a_lone_administrator_asks_the_houses_own_checker(
    client: httpx.AsyncClient, resources: Resources, clock: MovableClock, step: AccessStep
) -> None:
    """A checker of the user's own organisation first; with none but the user, the venue's; with neither, alone."""
    alone = await administrator(resources, clock)
    checker = await somebody(resources, clock, Role.BANK_CHECKER)
    assert (await asked(client, alone, checker.id, step)).json()["code"] == "approval_not_needed"
    venue = await somebody(resources, clock, Role.VENUE_CHECKER)
    maker = await somebody(resources, clock, Role.BANK_MAKER, checker.caller.organisation_id)
    for subject, decider in ((maker, checker), (checker, venue)):
        if step is AccessStep.SWITCH_ON:
            await resources.pool.execute(
                "UPDATE market.users SET is_active = false WHERE id = $1", subject.caller.user_id
            )
        assert await done(client, alone, subject.id, step) == _MISSING
        request = await asked(client, alone, subject.id, step)
        assert request.json()["organisation_id"] == str(decider.caller.organisation_id)
        assert await agreed(client, decider, request) == "approved"
        status, _ = await done(client, alone, subject.id, step)
        assert status in (200, 201, 204)
        if subject is maker:  # the checker is asked about no more: the next is about themselves
            assert request.json()["checkers"] == 1


async def test_a_lone_administrator_makes_no_puppet_checker(
    client: httpx.AsyncClient, resources: Resources, clock: MovableClock
) -> None:
    """Rights to check beside a checker need that checker's word: or the lone one would ask somebody of their own."""
    alone = await administrator(resources, clock)
    checker = await somebody(resources, clock, Role.BANK_CHECKER)
    house = checker.caller.organisation_id
    puppet = {
        "organisation_id": str(house),
        "username": "puppet",
        "display_name": "Puppet",
        "roles": ["bank_checker"],
    }
    direct = await post(client, "/v1/users", alone, puppet | {"password": "another horse 98"})
    assert direct.json()["code"] == "approval_missing"
    made = await post(client, "/v1/invitations", alone, puppet | {"reason": "grows"})
    accept = {"token": made.json()["token"], "password": "another horse 98"}
    early = await client.post("/v1/invitations/acceptance", json=accept)
    assert early.json()["code"] == "approval_missing"
    (waiting,) = (await client.get("/v1/approvals", headers=checker.key)).json()["items"]
    yes = {"approved": True, "sha256": waiting["sha256"], "reason": "we hired them"}
    await post(client, f"/v1/approvals/{waiting['id']}/decision", checker, yes)
    assert (await client.post("/v1/invitations/acceptance", json=accept)).status_code == 201


async def test_the_venue_agrees_before_a_house_is_switched_off(
    client: httpx.AsyncClient, resources: Resources, clock: MovableClock
) -> None:
    """A lone administrator does not silence a bank's checkers by switching the bank off."""
    alone = await administrator(resources, clock)
    venue = await somebody(resources, clock, Role.VENUE_CHECKER)
    bank = str(await make_organisation(resources.pool, OrganisationKind.BANK, now=clock()))
    assert await done(client, alone, bank, AccessStep.ORGANISATION_OFF) == _MISSING
    request = await asked(client, alone, bank, AccessStep.ORGANISATION_OFF)
    assert await agreed(client, venue, request) == "approved"
    assert await done(client, alone, bank, AccessStep.ORGANISATION_OFF) == (200, None)


async def test_nobody_is_forgotten_who_was_switched_off_past_the_service(
    client: httpx.AsyncClient, resources: Resources, clock: MovableClock
) -> None:
    """The table itself remembers who administered, whoever changed it and how."""
    one, two = [await administrator(resources, clock) for _ in range(2)]
    person = await somebody(resources, clock, Role.BANK_MAKER)
    await resources.pool.execute(
        "UPDATE market.users SET roles = '{}' WHERE id = $1", two.caller.user_id
    )
    until = await resources.pool.fetchval(
        "SELECT administered_until FROM market.users WHERE id = $1", two.caller.user_id
    )
    assert until is not None
    assert await done(client, one, person.id, AccessStep.SWITCH_OFF) == _MISSING
    refused = await asked(client, one, person.id, AccessStep.SWITCH_OFF)
    assert refused.json()["code"] == "approval_missing"
