"""One defaulted loan and what happened to it: the input of a clearing, as contracts 2 names it."""

from datetime import date

import msgspec

from kit.money import BP_ONE
from settlement.rules.reading import Fields, refuse
from settlement.rules.scheme import NET_LOSS, Scheme, read_scheme

RECOVERY, FINAL = "recovery", "final"

CASE_FIELDS = ("scheme", "loan", "junior_claims", "events")
LOAN_FIELDS = (
    *("amount_fen", "principal_fen", "interest_fen", "penalty_fen"),
    *("received_fen", "ip_part_bp", "flags"),
)


class Loan(msgspec.Struct, frozen=True, kw_only=True):
    """A loan at its default: `amount_fen` as granted, the rest as owed; `ip_part_bp` of it is the IP's part.

    `received_fen` is what came in, net, before the claim; it counts for `NET_LOSS` only.
    """

    amount_fen: int
    principal_fen: int
    interest_fen: int = 0
    penalty_fen: int = 0
    received_fen: int = 0
    ip_part_bp: int = BP_ONE
    flags: tuple[str, ...] = ()


class JuniorClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What a later pledgee is owed; the earlier registration goes first, and one day shares pro rata."""

    party: str
    claim_fen: int
    registered_at: date


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """A cost of a recovery, by name."""

    name: str
    amount_fen: int


class RecoveryEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Money recovered, before its costs."""

    id: str
    gross_fen: int
    costs: tuple[Cost, ...] = ()


class FinalEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the disposal: what is left is trued up and settled with the funds."""

    id: str


Event = RecoveryEvent | FinalEvent


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A scheme, a loan, the later pledgees, and the events, each once, a final one last if there is one."""

    scheme: Scheme
    loan: Loan
    junior_claims: tuple[JuniorClaim, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def recoveries(self) -> tuple[RecoveryEvent, ...]:
        """The recoveries, in order."""
        return tuple(event for event in self.events if isinstance(event, RecoveryEvent))

    @property
    def is_final(self) -> bool:
        """Whether the case has come to its final clearing."""
        return any(isinstance(event, FinalEvent) for event in self.events)


def read_case(value: object) -> Case:
    """A case from JSON values; raises `InvalidInput` that names the field. Source: contracts 2, "Input"."""
    fields = Fields(value, "", CASE_FIELDS)
    scheme = read_scheme(fields.values.get("scheme", {}))
    loan = read_loan(fields.inner("loan", LOAN_FIELDS))
    check_received(scheme, loan)
    return Case(
        scheme=scheme,
        loan=loan,
        junior_claims=tuple(_junior(item, path) for item, path in fields.items("junior_claims")),
        events=_once_each(fields.items("events")),
    )


def read_loan(fields: Fields) -> Loan:
    """A loan; granted as much as its principal where nothing else is said."""
    principal_fen = fields.whole("principal_fen")
    return Loan(
        amount_fen=fields.whole_or("amount_fen", principal_fen),
        principal_fen=principal_fen,
        interest_fen=fields.whole_or("interest_fen", 0),
        penalty_fen=fields.whole_or("penalty_fen", 0),
        received_fen=fields.whole_or("received_fen", 0),
        ip_part_bp=fields.whole_or("ip_part_bp", BP_ONE, upto=BP_ONE),
        flags=tuple(fields.texts("flags")),
    )


def check_received(scheme: Scheme, loan: Loan) -> None:
    """Refuses recoveries before the claim that the base has no place for, or that exceed the debt."""
    if loan.received_fen == 0:
        return
    field = "loan.received_fen"
    if scheme.base != NET_LOSS:
        refuse(field, "must be 0 where base is not NET_LOSS", "base 不是 NET_LOSS 时须为 0")
    owed_fen = loan.principal_fen + loan.interest_fen
    if loan.received_fen > owed_fen:
        refuse(
            field,
            f"must be at most principal and interest, {owed_fen}",
            f"不能超过本金与利息之和 {owed_fen}",
        )


def _junior(value: object, path: str) -> JuniorClaim:
    item = Fields(value, path, ("party", "claim_fen", "registered_at"))
    return JuniorClaim(
        party=item.text("party"),
        claim_fen=item.whole("claim_fen"),
        registered_at=item.day("registered_at"),
    )


def read_event(value: object, path: str) -> Event:
    """An event of either kind."""
    item = Fields(value, path, ("id", "kind", "gross_fen", "costs"))
    if item.one_of("kind", (RECOVERY, FINAL)) == FINAL:
        return FinalEvent(id=Fields(value, path, ("id", "kind")).text("id"))
    return RecoveryEvent(
        id=item.text("id"),
        gross_fen=item.whole("gross_fen"),
        costs=tuple(_cost(cost, at) for cost, at in item.items("costs")),
    )


def _cost(value: object, path: str) -> Cost:
    item = Fields(value, path, ("name", "amount_fen"))
    return Cost(name=item.text("name"), amount_fen=item.whole("amount_fen"))


def _once_each(items: list[tuple[object, str]]) -> tuple[Event, ...]:
    """The events without their repeats: an id names one content, and nothing new follows a final event."""
    events: dict[str, Event] = {}
    final = False
    for value, path in items:
        event = read_event(value, path)
        known = events.get(event.id)
        if known is not None and known != event:
            refuse(f"{path}.id", "is used already, with other content", "已被内容不同的事件使用")
        if known is None and final:
            refuse(
                f"{path}.id", "follows a final event; only repeats may", "final 之后只能是重复事件"
            )
        final = final or isinstance(event, FinalEvent)
        events[event.id] = event
    return tuple(events.values())
