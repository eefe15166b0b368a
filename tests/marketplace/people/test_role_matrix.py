"""Every route and page, with every role, with another organisation's ids: nothing that the policy does not grant.

One sale is set up with all that it needs. Then strangers of every role, and the sale's own people in the roles that a
route does not allow, call every route with the sale's ids. Reliability T40, T42.
"""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from marketplace.organisations.schemas import Role
from tests.make_matrix import MATRIX
from tests.make_stage import Person, Stage

#: Never answered to the end.
_ENDLESS = "/v1/auctions/{auction_id:uuid}/events"
#: Roles that see every organisation's things, and change none of them.
_OVERSEERS = frozenset({"regulator", "auditor"})
#: What another bank may do with a report on purpose: mutual recognition (评估报告互认, domain 1.3-13).
_BY_DESIGN = "/v1/valuations/{valuation_id:uuid}/recognition"
_REFUSED = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422, 428})
_TABLES = """
SELECT n.nspname || '.' || c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('market', 'settlement') AND c.relkind = 'r'
   AND c.relname NOT IN ('api_keys', 'sessions', 'sign_in_buckets', 'idempotency_keys', 'audit_entries')
 ORDER BY 1"""

#: Any agency may register for a published lot, whose notice is everybody's to read.
_OF_THE_PUBLISHED = "/lots/{lot_id:uuid}/registration"


def rows_of_matrix() -> Iterator[tuple[str, str, str]]:
    """Method, path, who may call."""
    for line in MATRIX.read_text(encoding="utf-8").splitlines():
        method, path, who = line.split(" ")
        yield method, path, who


async def ids_of(stage: Stage, lot: dict[str, Any], bidder: dict[str, Any]) -> dict[str, str]:
    """What the sale's things are called in addresses; where it has none, its lot's id stands for it."""
    own = {
        "lot_id": lot["id"],
        "auction_id": lot["id"],
        "bidder_id": bidder["id"],
        "consignment_id": lot["consignment_id"],
    }
    for name, table in {
        "case_id": "loan_cases", "asset_id": "assets", "pledge_id": "pledges", "valuation_id": "valuations",
        "duty_id": "duties", "approval_id": "approvals",
    }.items():  # fmt: skip
        own[name] = str(await stage.pool.fetchval(f"SELECT id FROM market.{table} LIMIT 1"))
    own["user_id"] = str(stage.bank_maker.caller.user_id)
    own["organisation_id"] = own["fund_id"] = str(stage.bank_maker.caller.organisation_id)
    return own


def address(path: str, ids: dict[str, str]) -> str:
    """The path with the sale's ids in it."""

    def fill(found: re.Match[str]) -> str:
        return "1" if found[2] == "int" else ids.get(found[1], ids["lot_id"])

    return re.sub(r"\{(\w+):(\w+)\}", fill, path)


async def digests(stage: Stage) -> dict[str, str]:
    """Every table's content."""
    found = {}
    for row in await stage.pool.fetch(_TABLES):
        sql = f"SELECT md5(coalesce(string_agg(md5(t::text), '' ORDER BY t::text), '')) FROM {row[0]} t"
        found[row[0]] = await stage.pool.fetchval(sql)
    return found


async def call(person: Person, method: str, path: str, number: int) -> tuple[int, str]:
    """The status of a call without a content that could do anything, and the answer."""
    headers = dict(person.headers)
    if method != "GET":
        headers |= {
            "Idempotency-Key": f"walk-{number}",
            "If-Match": '"1"',
            "Origin": "http://luochui.test",
        }
    body = None if method in ("GET", "DELETE") else {}
    answer = await person.client.request(method, path, json=body, headers=headers)
    is_sent_to_sign_in = answer.status_code == 303 and "/sign-in" in answer.headers["location"]
    return 401 if is_sent_to_sign_in else answer.status_code, answer.text


@pytest.fixture
async def strangers(stage: Stage) -> dict[str, Person]:
    """Somebody of each role, in an organisation of their own; and nobody at all."""
    made = {str(role): await stage.person(role) for role in Role}
    return made | {"visitor": stage.anyone}


async def test_nobody_gets_what_the_policy_does_not_grant(
    stage: Stage, strangers: dict[str, Person]
) -> None:
    """Roles that are not allowed are refused everywhere; allowed ones of other organisations find nothing to touch."""
    lot = await stage.published(lasts=600, opens_in=600)
    _, bidder = await stage.registered(lot)
    ids = await ids_of(stage, lot, bidder)
    before = await digests(stage)
    wrong, number = [], 0
    for method, path, who in rows_of_matrix():
        if path == _ENDLESS or who == "public":
            continue
        for role, person in strangers.items():
            is_allowed = role != "visitor" and (who == "signed_in" or role in who.split(","))
            if (
                is_allowed
                and method != "GET"
                and (role == "platform_administrator" or path == _BY_DESIGN)
            ):
                continue  # whose work it is to change organisations and people of all
            number += 1
            status, text = await call(person, method, address(path, ids), number)
            if not is_allowed:
                fits = status == (401 if role == "visitor" else 403)
            elif status >= 300:
                fits = status in _REFUSED
            elif role in _OVERSEERS or role == "platform_administrator":
                fits = True
            else:  # an answer of their own: it knows nothing of the sale
                published = lot["id"] if path == _OF_THE_PUBLISHED else None
                fits = not any(value in text for value in ids.values() if value != published)
            if not fits:
                wrong.append(f"{role}: {method} {path} {status} {text[:200]}")
    assert "\n".join(wrong) == ""
    assert number > 2_000
    assert await digests(stage) == before, "a stranger's call changed something"


async def test_own_people_in_other_roles_are_refused(stage: Stage) -> None:
    """To be of the house is not enough: each of the sale's people is refused what their role is not allowed."""
    own = {
        "venue_operator": stage.operator, "venue_checker": stage.checker,
        "bank_maker": stage.bank_maker, "bank_checker": stage.bank_checker,
    }  # fmt: skip
    ids = {"lot_id": str(UUID(int=1))}
    wrong = []
    for number, (method, path, who) in enumerate(rows_of_matrix()):
        if who in ("public", "signed_in"):
            continue
        for role, person in own.items():
            if role not in who.split(","):
                status, _ = await call(person, method, address(path, ids), number)
                if status != 403:
                    wrong.append(f"{role}: {method} {path} {status}")
    assert "\n".join(wrong) == ""


def test_regulators_and_auditors_change_nothing() -> None:
    """Read-only but for what is theirs: receipts, papers, computations, and the second key of sealed bids."""
    may_send = {
        f"{method} {path}"
        for method, path, who in rows_of_matrix()
        if method != "GET" and _OVERSEERS & set(who.split(","))
    }
    assert may_send == {
        "POST /v1/bulletins",
        "POST /returns/bulletins",
        "POST /v1/returns/{return_id:uuid}/receipt",
        "POST /v1/returns/{return_id:uuid}/reopen",
        "POST /returns/{return_id:uuid}/receipt",
        "POST /returns/{return_id:uuid}/reopen",
        # Papers are numbered when they are printed.
        "POST /v1/claims/{claim_id:uuid}/papers/{kind:str}",
        "POST /v1/liabilities/{liability_id:uuid}/papers/{kind:str}",
        "POST /liabilities/{liability_id:uuid}/papers/{kind:str}/{form:str}",
        "POST /v1/licences/{licence_id:uuid}/paper",
        "POST /v1/returns/{return_id:uuid}/paper",
        "POST /claims/{claim_id:uuid}/papers/{kind:str}/{form:str}",
        "POST /returns/{return_id:uuid}/paper/{form:str}",
        # Computations that are answered and not kept.
        "POST /v1/assets/{asset_id:uuid}/licence-check",
        "POST /v1/valuation-computations",
        "POST /v1/valuation-scores",
        # A second opener (bank, notary or regulator) holds the other key of a sealed auction (design, sealed bids).
        "POST /v1/auctions/{auction_id:uuid}/opening/share",
        "POST /v1/lots/{lot_id:uuid}/sealing/canary-opened",
        "POST /v1/lots/{lot_id:uuid}/sealing/opener-key",
    }
