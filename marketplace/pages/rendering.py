"""Renders templates: one environment for all rooms, which escapes everything, everywhere. Source: reliability T56."""

from collections.abc import Callable
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from litestar import MediaType, Response

from marketplace.pages import (
    content_words,
    evidence_words,
    format_terms,
    formats,
    ledger_words,
    money_words,
    route_words,
    vocabulary,
    work_words,
)
from settlement.statement_words import gap_in_words

#: Pages show what one person may see at one moment, so nobody else's cache keeps them.
HEADERS: Final = {"cache-control": "no-store"}

#: The rooms whose `templates` directory is searched; the first one holds the layout.
ROOMS: Final = (
    "marketplace.pages",
    "marketplace.lots",
    "marketplace.auctions",
    "marketplace.bidders",
    "marketplace.audit",
    "marketplace.documents",
    "marketplace.sales",
    "marketplace.organisations",
    "marketplace.statements",
    "marketplace.plans",
    "marketplace.collections",
    "marketplace.licence_offers",
    "marketplace.licences",
    "marketplace.remedies",
    "marketplace.sessions",
    "marketplace.banking",
    "marketplace.claims",
    "marketplace.liabilities",
    "marketplace.enrolments",
    "marketplace.funds",
    "marketplace.returns",
    "marketplace.transfers",
    "marketplace.records",
    "marketplace.people",
    "marketplace.ledgers",
    "marketplace.imports",
    "marketplace.consignments",
    "marketplace.monitoring",
    "marketplace.white_lists",
    "marketplace.webhooks",
    "marketplace.subscriptions",
    "marketplace.approvals",
    "marketplace.revocations",
    "marketplace.resales",
    "marketplace.disclosures",
    "marketplace.valuation_orders",
    "marketplace.pledgors",
    "marketplace.experts",
    "marketplace.anomalies",
    "marketplace.mandates",
    "marketplace.set_offs",
    "marketplace.recorded_routes",
    "marketplace.cases",
    "marketplace.assets",
    "marketplace.pledges",
    "marketplace.valuations",
    "marketplace.party_notices",
    "marketplace.inquiries",
)

_FILTERS: Final[dict[str, Callable[..., str]]] = {
    "money": formats.money,
    "plain": formats.plain,
    "blank": formats.blank,
    "percent": formats.percent,
    "moment": formats.moment,
    "clock_ms": formats.clock_ms,
    "day": formats.day,
    "iso": formats.iso,
    "length_zh": formats.length_zh,
    "length_en": formats.length_en,
    "grouped": formats.grouped,
    "gap": gap_in_words,
}


def environment() -> Environment:
    """The template environment: escapes every value, and stops at a name that does not exist."""
    env = Environment(
        loader=ChoiceLoader([PackageLoader(room) for room in ROOMS]),
        autoescape=select_autoescape(
            default=True, default_for_string=True, enabled_extensions=("html",)
        ),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(_FILTERS)
    env.globals["words"] = vocabulary
    env.globals["files"] = ledger_words
    env.globals["terms"] = money_words
    env.globals["bids"] = format_terms
    env.globals["licence_words"] = route_words
    env.globals["lot_words"] = content_words
    env.globals["work"] = work_words
    env.globals["evidence_in_words"] = evidence_words.in_words
    assert callable(env.autoescape)
    assert all(env.autoescape(name) for name in ("page.html", "page.txt", None))
    return env


_ENVIRONMENT: Final = environment()


def text(template: str, /, **values: Any) -> str:
    """The template as text."""
    return _ENVIRONMENT.get_template(template).render(values)


def page(template: str, /, *, status_code: int = 200, **values: Any) -> Response[str]:
    """The template as an answer, and nobody's cache keeps it."""
    return Response(
        text(template, **values),
        status_code=status_code,
        media_type=MediaType.HTML,
        headers=dict(HEADERS),
    )
