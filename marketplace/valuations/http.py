"""Routes of valuations (评估)."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.assets.identifiers import reference_key
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.versions import etag
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.valuations import service
from marketplace.valuations.calculators import Computation, Computed, compute
from marketplace.valuations.schemas import Clearing, NewValuation, RegistryEntry, Valuation
from marketplace.valuations.scoring import SETS, IndicatorSet, NewScores, Scored, scored

_MAKER = allow(Role.BANK_MAKER)
_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.COLLATERAL,),
)


def _tagged(valuation: Valuation, *, status: int = 200) -> Response[Valuation]:
    headers = {"ETag": etag(valuation.version), "Location": f"/v1/valuations/{valuation.id}"}
    return Response(valuation, status_code=status, headers=headers)


@post("/v1/valuations", opt={"policy": _MAKER}, summary="Enter a valuation 登记评估")
async def register_valuation(
    conn: Conn, caller: Me, now: Now, data: JSONBody[NewValuation]
) -> Response[Valuation]:
    """Enter a valuation of my bank."""
    return _tagged(await service.register(conn, caller, data, now=now), status=201)


@get("/v1/valuations", opt={"policy": _READERS}, summary="Valuations 评估列表")
async def list_valuations(reader: Conn, caller: Me, position: At) -> Page[Valuation]:
    """Those that I may see: my bank's, those consigned to my venue, or all for supervisors."""
    rows = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(rows, position, key=lambda row: row.id)


@get(
    "/v1/valuations/{valuation_id:uuid}", opt={"policy": _READERS}, summary="One valuation 评估详情"
)
async def get_valuation(
    reader: Conn, caller: Me, valuation_id: FromPath[UUID]
) -> Response[Valuation]:
    """One valuation that I may see."""
    return _tagged(await service.get(reader, caller, valuation_id))


@post(
    "/v1/valuation-computations",
    opt={"policy": _READERS, "idempotency": "none"},
    summary="Compute a value 估值计算",
    status_code=200,
)
async def compute_value(data: JSONBody[Computation]) -> Computed:
    """Royalty relief, profit split, market or cost, line by line, exact. Nothing is stored."""
    return compute(data)


@post(
    "/v1/valuation-scores",
    opt={"policy": _READERS, "idempotency": "none"},
    summary="Score the indicators 指标评分",
    status_code=200,
)
async def score_indicators(data: JSONBody[NewScores]) -> Scored:
    """The total after GB/T 42748 by first level and in all, and the grade. Nothing is stored."""
    return scored(data)


@get("/v1/indicator-sets", opt={"policy": _READERS}, summary="Indicator sets 指标体系")
async def list_indicator_sets() -> list[IndicatorSet]:
    """The indicators with their weights and bands, by version."""
    return list(SETS.values())


@get(
    "/v1/valuation-registry/{number:str}",
    opt={
        "policy": allow(
            Role.BANK_MAKER,
            Role.BANK_CHECKER,
            Role.REGULATOR,
            Role.AUDITOR,
            areas=(Area.COLLATERAL,),
        )
    },
    summary="Reports about a right 评估报告互认查询",
)
async def look_up_reports(reader: Conn, now: Now, number: FromPath[str]) -> list[RegistryEntry]:
    """Reports from outside that hold today, of whichever bank, with the banks that recognise them."""
    return await service.registry_of(reader, reference_key(number), now=now)


@post(
    "/v1/valuations/{valuation_id:uuid}/recognition",
    opt={"policy": allow(Role.BANK_CHECKER)},
    summary="Recognise a report 互认评估报告",
    status_code=204,
)
async def recognise_report(conn: Conn, caller: Me, now: Now, valuation_id: FromPath[UUID]) -> None:
    """My bank takes another bank's report as its own, while it holds."""
    await service.recognise(conn, caller, valuation_id, now=now)


@post(
    "/v1/valuations/{valuation_id:uuid}/recognition-withdrawal",
    opt={"policy": allow(Role.BANK_CHECKER)},
    summary="Withdraw a recognition 撤销互认",
    status_code=204,
)
async def withdraw_recognition(
    conn: Conn, caller: Me, now: Now, valuation_id: FromPath[UUID], data: JSONBody[Clearing]
) -> None:
    """My bank takes the report as its own no more, with a reason."""
    await service.withdraw_recognition(conn, caller, valuation_id, reason=data.reason, now=now)


routes: list[HTTPRouteHandler] = [
    register_valuation,
    list_valuations,
    get_valuation,
    compute_value,
    score_indicators,
    list_indicator_sets,
    look_up_reports,
    recognise_report,
    withdraw_recognition,
]
