"""The operations of licences. Made by `make client` from the routes; not to be edited."""

from typing import Literal
from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.licences import schemas as licences_schemas


class Licences:
    """Operations of licences."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def draft_licence(
        self, data: licences_schemas.LicenceIn, *, key: str | None = None
    ) -> licences_schemas.LicenceOut:
        """Draft a licence of my loan's collateral, with its terms.

        `POST /v1/licences`
        """
        return await self._calls.struct(
            "POST", "/v1/licences", licences_schemas.LicenceOut, body=data, key=key or new_key()
        )

    async def get_licence(self, licence_id: UUID) -> licences_schemas.LicenceOut:
        """A licence with its invoices and receipts, for its lender, holder, licensee and agency.

        `GET /v1/licences/{licence_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/licences/{licence_id}", licences_schemas.LicenceOut
        )

    async def approve_licence(
        self, licence_id: UUID, data: licences_schemas.LicenceApproval, *, key: str | None = None
    ) -> licences_schemas.LicenceOut:
        """Agree to a licence as shown; by another person than its drafter.

        `POST /v1/licences/{licence_id}/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licences/{licence_id}/approve",
            licences_schemas.LicenceOut,
            body=data,
            key=key or new_key(),
        )

    async def invoice_charges(
        self, licence_id: UUID, data: licences_schemas.DueIn, *, key: str | None = None
    ) -> licences_schemas.LicenceOut:
        """Invoice what audits found and what was late although no period follows.

        `POST /v1/licences/{licence_id}/charges`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licences/{licence_id}/charges",
            licences_schemas.LicenceOut,
            body=data,
            key=key or new_key(),
        )

    async def distribute_licence(
        self, licence_id: UUID, *, key: str | None = None
    ) -> licences_schemas.LicenceOut:
        """Pass on what waited in escrow for its case.

        `POST /v1/licences/{licence_id}/distribute`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licences/{licence_id}/distribute",
            licences_schemas.LicenceOut,
            key=key or new_key(),
        )

    async def end_licence(
        self, licence_id: UUID, *, key: str | None = None
    ) -> licences_schemas.LicenceOut:
        """No further period is invoiced; what is due still comes in.

        `POST /v1/licences/{licence_id}/end`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licences/{licence_id}/end",
            licences_schemas.LicenceOut,
            key=key or new_key(),
        )

    async def invoice_entry_fee(
        self, licence_id: UUID, data: licences_schemas.DueIn, *, key: str | None = None
    ) -> licences_schemas.LicenceOut:
        """Invoice the entry fee, once.

        `POST /v1/licences/{licence_id}/entry-fee`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licences/{licence_id}/entry-fee",
            licences_schemas.LicenceOut,
            body=data,
            key=key or new_key(),
        )

    async def record_audit(
        self,
        licence_id: UUID,
        invoice_id: UUID,
        data: licences_schemas.AuditIn,
        *,
        key: str | None = None,
    ) -> licences_schemas.LicenceOut:
        """What an audit found of a period: its difference stands in the next invoice.

        `POST /v1/licences/{licence_id}/invoices/{invoice_id}/audits`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licences/{licence_id}/invoices/{invoice_id}/audits",
            licences_schemas.LicenceOut,
            body=data,
            key=key or new_key(),
        )

    async def record_receipt(
        self,
        licence_id: UUID,
        invoice_id: UUID,
        data: licences_schemas.ReceiptIn,
        *,
        key: str | None = None,
    ) -> licences_schemas.LicenceOut:
        """A credit for an invoice reached my organisation; it is shared at once where its case can
        take it.

        `POST /v1/licences/{licence_id}/invoices/{invoice_id}/receipts`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licences/{licence_id}/invoices/{invoice_id}/receipts",
            licences_schemas.LicenceOut,
            body=data,
            key=key or new_key(),
        )

    async def print_licence(
        self,
        licence_id: UUID,
        *,
        form: Literal["json", "xlsx", "html"] = "json",
        key: str | None = None,
    ) -> bytes:
        """The 许可费结算单 as JSON, workbook or printable page.

        `POST /v1/licences/{licence_id}/paper`
        """
        return await self._calls.raw(
            "POST", f"/v1/licences/{licence_id}/paper", query={"form": form}, key=key or new_key()
        )

    async def invoice_period(
        self, licence_id: UUID, data: licences_schemas.PeriodIn, *, key: str | None = None
    ) -> licences_schemas.LicenceOut:
        """Invoice a period by the licensee's statement, with what audits found and what was late.

        `POST /v1/licences/{licence_id}/periods`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licences/{licence_id}/periods",
            licences_schemas.LicenceOut,
            body=data,
            key=key or new_key(),
        )
