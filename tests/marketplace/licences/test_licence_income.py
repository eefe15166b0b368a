"""Licences over HTTP: agreed by two, invoiced, received by their holder, shared by the claim, on paper."""

from typing import Any

from kit.ids import uuid7
from tests.make_claims import Office, advanced, make_loan


def terms(office: Office, case_id: object, **changes: Any) -> dict[str, Any]:
    """3 % of net sales, the agency keeps 15 %, the venue holds the money."""
    cast = office.cast
    return {
        "case_id": str(case_id), "title": "普通许可", "licensee_id": str(uuid7(office.now)),
        "pledgor_id": str(uuid7(office.now)), "agency_id": str(cast.agency.organisation_id),
        "holder_id": str(cast.venue_operator.organisation_id), "starts_on": "2026-01-01",
        "ends_on": "2028-12-31",
        "terms": {"rate_bp": 300, "agency_bp": 1500, "entry_fee_fen": 10_000_000, "late_bp_year": 500},
    } | changes  # fmt: skip


async def test_a_licence_pays_into_its_claim(office: Office) -> None:
    """From terms to the shared recovery; a receipt sent twice moves once; the holder can pay everybody out."""
    cast = office.cast
    loan = await make_loan(office)
    claim = await advanced(office, loan)
    made = await office.do(cast.bank_maker, "/v1/licences", terms(office, loan.id))
    path = f"/v1/licences/{made['id']}"
    await office.do(
        cast.bank_checker, f"{path}/approve", {"content_sha256": made["content_sha256"]}
    )
    await office.do(cast.bank_maker, f"{path}/entry-fee", {"due_on": "2026-12-01"})
    period = {
        "period_from": "2026-01-01", "period_to": "2026-12-31", "sales_fen": 432_198_765,
        "due_on": "2027-01-31",
    }  # fmt: skip
    licence = await office.do(cast.bank_maker, f"{path}/periods", period)
    fee, year = licence["invoices"]
    assert (fee["due_fen"], year["due_fen"]) == (10_000_000, 12_965_963)
    credit = {"bank_reference": "R-1", "amount_fen": 12_965_963, "received_at": office.now}
    receipts = f"{path}/invoices/{year['id']}/receipts"
    assert (await office.post(cast.other_venue_operator, receipts, credit)).status_code == 404
    assert (
        await office.post(cast.bank_maker, receipts, credit)
    ).status_code == 404  # not the holder
    for _ in range(2):
        licence = await office.do(cast.venue_operator, receipts, credit)
    (receipt,) = licence["receipts"]
    assert (receipt["state"], receipt["agency_fen"]) == ("DISTRIBUTED", 1_944_894)
    after = await office.read(cast.bank_maker, f"/v1/claims/{claim['id']}")
    (recovered,) = after["recoveries"]
    assert recovered["recovered"]["movements"] == {"bank": 6_612_641, "fund": 4_408_428}
    audited = await office.do(
        cast.bank_maker,
        f"{path}/invoices/{year['id']}/audits",
        {"reference": "A-1", "found_sales_fen": 532_198_765},
    )
    assert [charge["amount_fen"] for charge in audited["waiting"]] == [3_000_000]
    charged = await office.do(cast.bank_maker, f"{path}/charges", {"due_on": "2026-12-31"})
    assert charged["invoices"][-1]["due_fen"] == 3_000_000
    for form, start in (("json", b"{"), ("xlsx", b"PK"), ("html", b"<!doctype")):
        paper = await office.post(cast.agency, f"{path}/paper?form={form}")
        assert paper.status_code == 200, paper.text
        assert paper.content.startswith(start)
    held = await office.count(
        "SELECT count(*) FROM settlement.payouts_held WHERE holder_id = $1",
        cast.venue_operator.organisation_id,
    )
    assert held == 2  # the agency's and the bank's


async def test_only_its_own_people_see_and_run_a_licence(office: Office) -> None:
    """Its drafter can't approve it; another bank and another's loan are not found; terms name their field."""
    cast = office.cast
    loan = await make_loan(office)
    made = await office.do(cast.bank_maker, "/v1/licences", terms(office, loan.id))
    path = f"/v1/licences/{made['id']}"
    assert (await office.get(cast.other_bank_maker, path)).status_code == 404
    assert (await office.get(cast.regulator, path)).status_code == 200
    stranger = await office.post(cast.other_bank_maker, "/v1/licences", terms(office, loan.id))
    assert stranger.status_code == 404
    early = await office.post(cast.bank_maker, f"{path}/entry-fee", {"due_on": "2026-12-01"})
    assert (early.status_code, early.json()["code"]) == (409, "illegal_step")
    nobody = await office.post(
        cast.bank_maker, "/v1/licences", terms(office, loan.id, agency_id=None)
    )
    assert (nobody.status_code, nobody.json()["field"]) == (400, "agency_id")
