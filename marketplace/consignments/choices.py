"""Which consignments a form offers to choose among: those of the caller's bank, or at the caller's venue."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from kit.sql import Connection, load_statements
from marketplace.consignments.schemas import ConsignmentState
from marketplace.organisations.schemas import Caller, OrganisationKind

_SQL = load_statements("marketplace.consignments", "choices.sql")
#: A form that offers more is no form any more; whoever has more names the consignment in the address.
CHOICES_MAX: Final = 200


async def choices(
    conn: Connection, caller: Caller, states: Collection[ConsignmentState]
) -> list[tuple[UUID, str]]:
    """Id, number and title of the newest consignments in one of `states`."""
    is_venue = caller.organisation_kind is OrganisationKind.VENUE
    statement = _SQL["at_venue" if is_venue else "of_bank"]
    rows = await conn.fetch(statement, caller.organisation_id, [*states], CHOICES_MAX)
    return [(row["id"], f"{row['number']} {row['title']}") for row in rows]


async def rights_of_loan(
    conn: Connection, caller: Caller, case_id: UUID
) -> list[tuple[UUID, str, str]]:
    """Id, title and number of the rights that stand behind one of the caller's loans."""
    rows = await conn.fetch(_SQL["rights_of_loan"], case_id, caller.organisation_id, CHOICES_MAX)
    return [(row["id"], row["title"], row["number"]) for row in rows]
