'''The HTTP edge: what every route has in common. A room's `http.py` uses it like this:

    from uuid import UUID

    from litestar import get, patch, post
    from litestar.params import FromPath, FromQuery, JSONBody

    from marketplace.edge.cursors import Page, page_of
    from marketplace.edge.dependencies import At, Conn, IfMatch, Me, Now
    from marketplace.edge.policies import allow, public, signed_in
    from marketplace.edge.versions import etag, require_version

    @post("/v1/consignments", opt={"policy": allow(Role.BANK_MAKER)}, summary="Consign 委托处置")
    async def consign(conn: Conn, caller: Me, now: Now, data: JSONBody[ConsignmentIn]) -> Consignment:
        """One sentence or two: the description in the API's documentation."""
        return await service.consign(conn, caller, data, now=now)

    @get("/v1/consignments", opt={"policy": signed_in()}, summary="Consignments 委托列表")
    async def list_consignments(
        reader: Conn, caller: Me, position: At, state: FromQuery[State | None] = None
    ) -> Page[Consignment]:
        found = await service.consignments(reader, caller, after=position.after, rows=position.rows)
        return page_of(found, position, key=lambda item: item.id)

    @patch("/v1/consignments/{consignment_id:uuid}", opt={"policy": allow(Role.BANK_MAKER)}, summary="Change 修改")
    async def change(
        conn: Conn, caller: Me, now: Now, consignment_id: FromPath[UUID], if_match: IfMatch,
        data: JSONBody[ConsignmentChange],
    ) -> Response[Consignment]:
        ...  # require_version(found.version, if_match); answer with headers={"ETag": etag(changed.version)}

    routes = [consign, list_consignments, change]   # app.py finds `routes` of every room's http.py and pages.py

- Structs of bodies have `forbid_unknown_fields=True`, all the way down; else the application does not start. Types
  of fields with bounds and units are in `edge.fields` (`Fen`, `Bp`, `Moment`, `Name` ...).
- `conn` is a transaction, committed before the answer leaves; `reader` (annotated `Conn` too) is a connection without
  one. `visitor: Visitor` is the caller or None, on public routes; `now: Now` the instant; `settings: Config`.
- A POST under /v1 needs `Idempotency-Key` by itself and must take `conn`; its answer is stored in the same transaction.
  `opt={"idempotency": "own"}` for a route that hands ids on (bids), `"none"` where repeating does no harm.
  `opt={"shown_once": ("key",)}` empties a field of the stored answer.
- Raise LuochuiError; `edge.statuses` has its status. The body of a bid is small: `request_max_body_size=16384`.
- Pages declare a policy as well and are not in the schema (`include_in_schema=False`).
'''
