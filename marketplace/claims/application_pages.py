"""The form of an application for compensation (补偿申请): a loan, a scheme, its parties, the papers that prove it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect

from kit.errors import InvalidInput
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.cases import service as cases
from marketplace.claims import schemes, service
from marketplace.claims.rules import KIND_OF_ROLE
from marketplace.claims.schemas import ClaimIn
from marketplace.documents import service as documents
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import money_words
from marketplace.pages.filling import REFUSALS, Form, chosen_of
from marketplace.pages.forms import built, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import LONG_FORM_BYTES, PAGE, form_of, visitor_of
from marketplace.pages.vocabulary import Words
from settlement.rules.scheme import BANK, Scheme
from settlement.schemes import SchemeFile

_SQL = load_statements("marketplace.claims", "queries.sql")
_WHY: Final = "A bank and its funds work on one claim, and each step tells the other."
_MAKER: Final = allow(Role.BANK_MAKER)
_APPLIES: Final[dict[str, Any]] = {"request_max_body_size": LONG_FORM_BYTES, **PAGE}
#: What a scheme's marks of a loan are called, which add to the rate.
_FLAGS: Final[Mapping[str, Words]] = {
    "ip_pledge_or_key_list": Words("知识产权质押或重点名单企业", "IP pledged, or on the key list"),
    "monetary_policy_tool": Words("使用货币政策工具的贷款", "Lent by a monetary policy tool"),
}


@get("/claims/new", opt={POLICY: _MAKER}, **PAGE)
async def new_claim_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    caller: Me,
    now: Now,
    case: FromQuery[UUID],
    scheme: FromQuery[str | None] = None,
) -> Response[str]:
    """First the scheme is chosen; then the form asks for what that one needs."""
    return await _form(request, reader, caller, case, scheme, Form(), now=now)


@post("/claims/new", opt={POLICY: _MAKER, REACH: _WHY}, **_APPLIES)
async def apply_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, case: FromQuery[UUID]
) -> Response[Any]:
    """Draft the claim; the bank's checker sends it to the fund from its page, or among the approvals."""
    fields = await form_of(request)
    chosen = await chosen_of(request, "evidence", "flags")
    written = fields.get("scheme")
    try:
        async with conn.transaction():
            file = await _file(conn, written, now=now)
            papers = await _papers(conn, caller, case)
            wanted = _claim(case, fields, chosen, file, papers)
            claim = await service.draft(conn, caller, wanted, now=now)
    except REFUSALS as error:
        form = Form(values=fields, chosen=chosen, error=error)
        return await _form(request, conn, caller, case, written, form, now=now)
    return Redirect(f"/claims/{claim.id}", status_code=303)


async def _form(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    case_id: UUID,
    written: str | None,
    form: Form,
    *,
    now: datetime,
) -> Response[str]:
    case = await cases.get(conn, caller, case_id)
    usable = await schemes.usable(conn, now=now)
    file = usable.get(written or "")
    return page(
        "new_claim.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/claims",
        form=form,
        case=case,
        schemes={
            key: Words(f"{one.name_zh} v{one.version}", one.name) for key, one in usable.items()
        },
        key=written if file is not None else None,
        parties=[] if file is None else await _parties(conn, file),
        flags=[] if file is None or file.scheme is None else _flags(file.scheme),
        papers=await _papers(conn, caller, case_id),
        terms=money_words,
    )


async def _file(conn: Connection, written: str | None, *, now: datetime) -> SchemeFile:
    usable = await schemes.usable(conn, now=now)
    file = usable.get(written or "")
    if file is None:
        raise InvalidInput("scheme", "choose a scheme in force", "请选择有效的方案")
    return file


async def _parties(conn: Connection, file: SchemeFile) -> list[tuple[str, list[tuple[UUID, str]]]]:
    """Each party of the scheme but the bank, with the organisations that may be it."""
    assert file.scheme is not None
    async with everything(conn):  # who may stand behind a party is no secret
        rows = await conn.fetch(_SQL["who_may_bear"])
    return [
        (
            party.party,
            [(row["id"], row["name"]) for row in rows if row["kind"] == KIND_OF_ROLE[party.role]],
        )
        for party in file.scheme.parties
        if party.role != BANK
    ]


def _flags(scheme: Scheme) -> list[tuple[str, Words]]:
    known = dict.fromkeys(addon.flag for addon in scheme.addons)
    return [(flag, _FLAGS.get(flag, Words(flag, flag))) for flag in known]


async def _papers(conn: Connection, caller: Caller, case_id: UUID) -> dict[str, tuple[str, bool]]:
    """The loan's papers by SHA-256 of their newest version: title, and whether it is a loan contract."""
    found = await documents.of_subject(conn, caller, case_id)
    return {
        one.versions[-1].sha256: (one.title, one.kind == "loan_contract")
        for one in found
        if one.versions and not one.is_withdrawn
    }


def _claim(
    case_id: UUID,
    fields: Mapping[str, str],
    chosen: Mapping[str, frozenset[str]],
    file: SchemeFile,
    papers: Mapping[str, tuple[str, bool]],
) -> ClaimIn:
    """The claim as the API takes it. Raises `InvalidInput`."""
    assert file.scheme is not None
    parties = {
        party.party: fields.get(f"party_{party.party}", "")
        for party in file.scheme.parties
        if party.role != BANK
    }
    for name, wanted in parties.items():
        if not wanted:
            raise InvalidInput(f"party_{name}", "choose an organisation", "请选择机构")
    values: dict[str, object] = {
        "case_id": str(case_id),
        "scheme_id": file.id,
        "scheme_version": file.version,
        "parties": parties,
        "contract_sha256": fields.get("contract_sha256", "").strip(),
        "flags": sorted(chosen["flags"]),
        "evidence": [
            {"name": papers[sha256][0], "sha256": sha256}
            for sha256 in sorted(chosen["evidence"])
            if sha256 in papers
        ],
    }
    received = in_fen(fields, "received").get("received_fen")
    if received is not None:
        values["received_fen"] = int(received)
    return built(values, ClaimIn)


routes: list[HTTPRouteHandler] = [new_claim_page, apply_by_form]
