"""The page on which a venue changes a published notice (重新披露): proposed by one person, published by another."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.clock import CHINA
from kit.errors import InvalidInput, NotFound
from kit.sql import Connection
from marketplace.disclosures import service
from marketplace.disclosures.http import CHECKER, OPERATOR, PARTIES, WHY
from marketplace.disclosures.rules import BEFORE, changes_until
from marketplace.disclosures.schemas import (
    DisclosureChange,
    RedisclosureDecision,
    RedisclosureIn,
)
from marketplace.edge.days import require_years
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY
from marketplace.edge.reach import REACH
from marketplace.lots import service as lots
from marketplace.lots.schemas import Conditions, Lot
from marketplace.notices.rules import CONTENTS
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.forms import given, in_china
from marketplace.pages.rendering import page
from marketplace.pages.serving import NOTICE_FORM_BYTES, PAGE, form_of, visitor_of

_STEPS: Final[dict[str, Any]] = {"request_max_body_size": NOTICE_FORM_BYTES, **PAGE}
#: The sections of a notice that a venue writes itself, in the order of the notice.
_SECTIONS: Final = tuple(
    item for item in CONTENTS.items if item.section in Conditions.__struct_fields__
)
_TIMES: Final = ("priority_closes_at", "opens_at", "closes_at")


@get("/lots/{lot_id:uuid}/redisclosure", opt={POLICY: PARTIES}, **PAGE)
async def redisclosure_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """What was changed, what waits for a decision, and the form of the next change; for the lot's venue and bank."""
    lot = await lots.owned(reader, caller, lot_id)
    waiting = await _waiting(reader, caller, lot_id)
    is_venue = caller.organisation_id == lot.venue_id
    can_change = lot.status in BEFORE and now < changes_until(lot)
    return page(
        "redisclosure.html",
        visitor=visitor_of(request),
        here="",
        lot=await lots.public(reader, lot_id),
        sections=_SECTIONS,
        texts=_texts(lot.conditions),
        times={name: _local(lot, name) for name in _TIMES},
        changes=await service.published(reader, lot_id),
        waiting=waiting,
        differences=[] if waiting is None else _differences(lot, waiting),
        until=changes_until(lot),
        may_propose=is_venue and caller.has(Role.VENUE_OPERATOR) and can_change and waiting is None,
        may_decide=is_venue
        and caller.has(Role.VENUE_CHECKER)
        and waiting is not None
        and waiting.proposed_by != caller.user_id,
    )


@post("/lots/{lot_id:uuid}/redisclosure", opt={POLICY: OPERATOR, REACH: WHY}, **_STEPS)
async def propose_redisclosure_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Propose the words and times of the form."""
    fields = await form_of(request)
    wanted = _wanted(fields, await lots.owned(conn, caller, lot_id))
    await service.propose(conn, caller, lot_id, wanted, now=now)
    return Redirect(path=f"/lots/{lot_id}/redisclosure")


@post("/lots/{lot_id:uuid}/redisclosure/decision", opt={POLICY: CHECKER, REACH: WHY}, **_STEPS)
async def decide_redisclosure_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Publish the change that the page showed, or refuse it."""
    wanted = given(await form_of(request), RedisclosureDecision)
    await service.decide(conn, caller, lot_id, wanted, now=now)
    return Redirect(path=f"/lots/{lot_id}/redisclosure")


def _wanted(fields: Mapping[str, str], lot: Lot) -> RedisclosureIn:
    """The form as the API's struct: `section.zh` and `section.en` are a text, one that both leave empty is left out."""
    conditions: dict[str, Any] = {"listing_extension": lot.conditions.listing_extension}
    for item in _SECTIONS:
        pair = {
            tongue: fields.get(f"{item.section}.{tongue}", "").strip().replace("\r\n", "\n")
            for tongue in ("en", "zh")
        }
        if any(pair.values()):
            conditions[item.section] = pair
    written = in_china(fields, *(name for name in _TIMES if fields.get(name) != _local(lot, name)))
    # A time that was left as shown stays as it is, to the microsecond.
    kept = {
        name: getattr(lot, name).isoformat()
        for name in _TIMES
        if fields.get(name) == _local(lot, name)
    }
    values: dict[str, Any] = {
        name: text.strip()
        for name, text in (written | kept).items()
        if name in (*_TIMES, "reason") and text.strip()
    }
    shown = msgspec.to_builtins(conditions)
    try:
        made = msgspec.convert(values | {"conditions": shown}, RedisclosureIn, strict=False)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$.")
        raise InvalidInput(path.rstrip("`") or "form", what, "填写有误，请核对") from error
    require_years(made)
    return made


def _local(lot: Lot, name: str) -> str:
    """One of the lot's times for a field that browsers fill in without a zone, to the second."""
    at: datetime = getattr(lot, name)
    return at.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M:%S")


def _texts(conditions: Conditions) -> dict[str, dict[str, str]]:
    shown: dict[str, Any] = msgspec.to_builtins(conditions)
    return {item.section: shown.get(item.section) or {"zh": "", "en": ""} for item in _SECTIONS}


def _differences(lot: Lot, change: DisclosureChange) -> list[dict[str, Any]]:
    """What the waiting change would say otherwise, section by section."""
    assert change.conditions is not None, "a redisclosure says what"
    before, after = _texts(lot.conditions), _texts(change.conditions)
    return [
        {"item": item, "before": before[item.section], "after": after[item.section]}
        for item in _SECTIONS
        if before[item.section] != after[item.section]
    ]


async def _waiting(conn: Connection, caller: Caller, lot_id: UUID) -> DisclosureChange | None:
    try:
        return await service.waiting(conn, caller, lot_id)
    except NotFound:
        return None


routes: list[HTTPRouteHandler] = [
    redisclosure_page,
    propose_redisclosure_by_form,
    decide_redisclosure_by_form,
]
