"""Who plays: synthetic organisations and people, made once in an installation."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from marketplace.demo.actors import Actor
from marketplace.demo.run import Run
from marketplace.imports.sample import BANK_CODE, BANK_NAME, credit_code_of


class House(NamedTuple):
    """An organisation of the story and its people: user name, name, roles."""

    kind: str
    name: str
    credit_code: str
    people: tuple[tuple[str, str, tuple[str, ...]], ...]


HOUSES: Mapping[str, House] = {
    "bank": House(
        "bank",
        BANK_NAME,
        BANK_CODE,
        (
            ("demo-bank-maker", "林经办（示例）", ("bank_maker",)),
            ("demo-bank-checker", "周复核（示例）", ("bank_checker",)),
        ),
    ),
    "venue": House(
        "venue",
        "汾河示例知识产权交易中心",
        credit_code_of("91140000MA0EXAMP3"),
        (
            ("demo-venue-operator", "何主持（示例）", ("venue_operator",)),
            ("demo-venue-checker", "罗复核（示例）", ("venue_checker",)),
        ),
    ),
    "fund": House(
        "fund",
        "示例风险补偿资金管理中心",
        credit_code_of("12140000MB0EXAMP4"),
        (
            ("demo-fund-administrator", "秦审核（示例）", ("fund_administrator",)),
            ("demo-fund-checker", "许复审（示例）", ("fund_checker",)),
        ),
    ),
    "jinchuang": House(
        "agency",
        "晋创示例知识产权运营有限公司",
        credit_code_of("91140100MA0EXAMP5"),
        (("demo-jinchuang", "晋创竞买代表（示例）", ("agency_bidder",)),),
    ),
    "yunshan": House(
        "agency",
        "云杉示例专利运营有限公司",
        credit_code_of("91140100MA0EXAMP6"),
        (("demo-yunshan", "云杉竞买代表（示例）", ("agency_bidder",)),),
    ),
    "qiyuan": House(
        "agency",
        "启原示例技术转移有限公司",
        credit_code_of("91140100MA0EXAMP7"),
        (("demo-qiyuan", "启原竞买代表（示例）", ("agency_bidder",)),),
    ),
    "guest": House(
        "agency",
        "观摩示例运营有限公司",
        credit_code_of("91140100MA0EXAMP8"),
        (("demo-guest", "您（观摩竞买人）", ("agency_bidder",)),),
    ),
    "auditor": House(
        "auditor",
        "示例审计师事务所",
        credit_code_of("91140000MA0EXAMP9"),
        (("demo-auditor", "郑审计（示例）", ("auditor",)),),
    ),
}


class Cast(NamedTuple):
    """The people signed in, by what they are, and the ids of their organisations by name."""

    people: Mapping[str, Actor]
    organisation_ids: Mapping[str, str]

    def person(self, who: str) -> Actor:
        """A person by user name without `demo-`."""
        return self.people[f"demo-{who}"]


@contextmanager
def assembled(base_url: str, run: Run, administrator: tuple[str, str]) -> Iterator[Cast]:
    """Everybody registered (once) and signed in."""
    with ExitStack() as stack:
        admin = stack.enter_context(Actor(base_url, run, *administrator))
        admin.sign_in()
        ids = {name: _registered(admin, name, house, run) for name, house in HOUSES.items()}
        people = {}
        for house in HOUSES.values():
            for username, _, _ in house.people:
                actor = stack.enter_context(Actor(base_url, run, username, run.password(username)))
                actor.sign_in()
                people[username] = actor
        yield Cast(people, ids)


def _registered(admin: Actor, name: str, house: House, run: Run) -> str:
    body = {"kind": house.kind, "name": house.name, "credit_code": house.credit_code}
    organisation: dict[str, Any] = admin.post_once(
        "/v1/organisations", body, key=f"demo-cast-{name}"
    )
    for username, display_name, roles in house.people:
        person = {
            "organisation_id": organisation["id"],
            "username": username,
            "display_name": display_name,
            "roles": list(roles),
            "password": run.password(username),
        }
        admin.post_once("/v1/users", person, key=f"demo-cast-{username}")
    return str(organisation["id"])
