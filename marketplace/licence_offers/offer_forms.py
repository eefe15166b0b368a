"""The terms of an offer of licences (许可条件) as a form has them: yuan, percent, lengths of time, credit codes."""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from kit.errors import InvalidInput
from kit.sql import Connection
from marketplace.burdens.schemas import LicenceKind
from marketplace.licence_offers.rules import SEALED
from marketplace.licence_offers.schemas import Clauses, OfferTerms, Power
from marketplace.lots.draft_forms import lot_terms_of
from marketplace.organisations import service as organisations
from marketplace.pages import route_words
from marketplace.pages.forms import built
from marketplace.pages.written import Written, under, within

#: The clauses of a licence that are texts.
CLAUSES: Final = ("audit", "improvements", "termination", "recordal")
#: Before the names of the fields of the lot by which an option is exercised.
OPTION: Final = "option."
_APART: Final = re.compile(r"[\s,，、;；]+")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def variant(fields: Mapping[str, str], at: str = "") -> str:
    """What was chosen that decides which fields there are."""
    way = fields.get(f"{at}way", "") or "negotiated"
    return f"{way}/{fields.get(f'{at}has_option', '') == 'true'}"


async def ids_of(conn: Connection, fields: Mapping[str, str]) -> dict[str, str]:
    """The form with the ids of the organisations that it names by their credit codes. Raises `InvalidInput`."""
    found = dict(fields)
    for name, value in fields.items():
        if not value.strip() or not re.fullmatch(r"(licensee|agency|later)_code(_\d+)?", name):
            continue
        of = organisations.by_code if name.startswith("later") else organisations.agency_by_code
        organisation_id = await of(conn, value)
        if organisation_id is None:
            raise InvalidInput(
                name,
                "is the credit code of nobody who is registered here in that part",
                "不是已在平台登记的相应机构的统一社会信用代码",
            )
        found[name.replace("_code", "_id")] = str(organisation_id)
    return found


def terms_of(fields: Mapping[str, str], *, venue_id: UUID) -> OfferTerms:
    """The terms that were written, `ids_of` the form. Raises `InvalidInput` that names the form's field."""
    written = Written(fields)
    way = written.choice("way", route_words.WAYS)
    terms: dict[str, Any] = {
        "title": written.required("title"),
        "title_zh": written.required("title_zh"),
        "way": way,
        "kind": written.choice("licence_kind", set(LicenceKind)),
        "territories": _list(written, "territories"),
        "fields": _list(written, "fields"),
        "starts_in_days": _count(written, "starts_in_days", 0, least=0, most=3_650),
        "term_months": written.count("term_months", most=600),
        "terms": _fees(written),
        "power": written.choice("power", set(Power)),
        "power_document_sha256": _hash(written),
        "may_sublicense": written.flag("may_sublicense"),
        "clauses": _clauses(written),
        "open_seconds": written.seconds("open"),
        "later_pledgees": {
            written.required(f"later_name_{row}"): _id(written, "later", f"_{row}")
            for row in written.rows("later_name", "later_code")
        },
    }
    if written.text("agency_code"):
        terms["agency_id"] = _id(written, "agency")
    if written.flag("venue_holds"):
        terms["holder_id"] = str(venue_id)
    if way == "negotiated":
        terms["licensee_id"] = _id(written, "licensee")
    else:
        terms["places"] = _count(written, "places", 1, most=1_000)
    if way in SEALED:
        terms["opening_seconds"] = written.seconds("opening")
        terms["sign_within_days"] = _count(written, "sign_within_days", 30, most=180)
        terms["floor_fen"] = (
            written.fen("entry_floor", least=0) if written.text("entry_floor") else 0
        )
    if way == "tender":
        terms["price_weight_bp"] = written.bp("price_weight", most=9_999)
    if written.flag("has_option"):
        terms["option"] = _option(written, fields)
    return built(terms, OfferTerms)


def usual() -> dict[str, str]:
    """What a new offer's form begins with: the law's own clauses, thirty days to apply."""
    clauses = Clauses()
    texts = {
        f"{name}_{language}": getattr(getattr(clauses, name), language)
        for name in CLAUSES
        for language in ("zh", "en")
    }
    return texts | {
        "report_months": str(clauses.report_months),
        "open": "30 d",
        "term_months": "36",
        "way": "posted",
        "licence_kind": "ordinary",
    }


def _fees(written: Written) -> dict[str, int]:
    fees = {"rate_bp": written.bp("rate")}
    for name in ("entry_fee", "minimum"):
        if written.text(name):
            fees[f"{name}_fen"] = written.fen(name, least=0)
    for name, key in (("agency", "agency_bp"), ("late", "late_bp_year")):
        if written.text(name):
            fees[key] = written.bp(name)
    return fees


def _clauses(written: Written) -> dict[str, Any]:
    clauses: dict[str, Any] = {
        name: {"zh": written.required(f"{name}_zh"), "en": written.required(f"{name}_en")}
        for name in CLAUSES
    }
    return clauses | {"report_months": _count(written, "report_months", 3, most=12)}


def _option(written: Written, fields: Mapping[str, str]) -> dict[str, Any]:
    option: dict[str, Any] = {
        "price_fen": written.fen("option_price"),
        "credited_bp": written.bp("credited") if written.text("credited") else 0,
        "until": written.day("until"),
        "offer_seconds": written.seconds("offer_within"),
    }
    with within(OPTION):
        return option | {"lot": lot_terms_of(Written(under(fields, OPTION)))}


def _id(written: Written, name: str, row: str = "") -> str:
    written.required(f"{name}_code{row}")
    return written.required(f"{name}_id{row}")


def _list(written: Written, name: str) -> list[str]:
    return [part.upper() for part in _APART.split(written.text(name)) if part]


def _count(written: Written, name: str, otherwise: int, *, least: int = 1, most: int) -> int:
    return written.count(name, least=least, most=most) if written.text(name) else otherwise


def _hash(written: Written) -> str:
    value = written.text("power_document_sha256").lower()
    if not _SHA256.fullmatch(value):
        raise InvalidInput(
            "power_document_sha256",
            "choose the document, or give its SHA-256 of 64 hexadecimal digits",
            "须选择依据文件，或填写其 SHA-256（64 位十六进制）",
        )
    return value
