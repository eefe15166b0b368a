"""The operations of claim_ends. Made by `make client` from the routes; not to be edited."""

from typing import Literal
from urllib.parse import quote
from uuid import UUID

from marketplace.claim_ends import schemas as claim_ends_schemas
from marketplace.client.calling import Calls, new_key


class ClaimEnds:
    """Operations of claim_ends."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def record_charge_paid(
        self,
        claim_id: UUID,
        charge_id: UUID,
        data: claim_ends_schemas.ChargePaid,
        *,
        key: str | None = None,
    ) -> claim_ends_schemas.ClaimEnd:
        """Late interest, or what was taken back, reached the special account.

        `POST /v1/claims/{claim_id}/charges/{charge_id}`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/claims/{claim_id}/charges/{charge_id}",
            claim_ends_schemas.ClaimEnd,
            body=data,
            key=key or new_key(),
        )

    async def propose_clawback(
        self, claim_id: UUID, data: claim_ends_schemas.ClawbackIn, *, key: str | None = None
    ) -> claim_ends_schemas.ClaimEnd:
        """Propose to take back everything that my fund paid, for fraud or breach.

        `POST /v1/claims/{claim_id}/clawback`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/claims/{claim_id}/clawback",
            claim_ends_schemas.ClaimEnd,
            body=data,
            key=key or new_key(),
        )

    async def approve_clawback(
        self, claim_id: UUID, *, key: str | None = None
    ) -> claim_ends_schemas.ClaimEnd:
        """Take everything back as proposed; by another person than the proposer.

        `POST /v1/claims/{claim_id}/clawback/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/claims/{claim_id}/clawback/approve",
            claim_ends_schemas.ClaimEnd,
            key=key or new_key(),
        )

    async def get_claim_end(self, claim_id: UUID) -> claim_ends_schemas.ClaimEnd:
        """Every clearing of a claim, what is asked back by when, what was charged, and a clawback if
        any.

        `GET /v1/claims/{claim_id}/end`
        """
        return await self._calls.struct(
            "GET", f"/v1/claims/{claim_id}/end", claim_ends_schemas.ClaimEnd
        )

    async def print_claim(
        self,
        claim_id: UUID,
        kind: Literal["application", "review"],
        *,
        form: Literal["json", "xlsx", "html"] = "json",
        key: str | None = None,
    ) -> bytes:
        """The 补偿申请书 or the 审核表 of a claim, as JSON, workbook or printable page.

        `POST /v1/claims/{claim_id}/papers/{kind}`
        """
        return await self._calls.raw(
            "POST",
            f"/v1/claims/{claim_id}/papers/{quote(str(kind), safe='')}",
            query={"form": form},
            key=key or new_key(),
        )

    async def resume_claim(
        self, claim_id: UUID, *, key: str | None = None
    ) -> claim_ends_schemas.ClaimEnd:
        """Look again at a claim that a breaker deferred; it goes on once the figures allow it.

        `POST /v1/claims/{claim_id}/resume`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/claims/{claim_id}/resume",
            claim_ends_schemas.ClaimEnd,
            key=key or new_key(),
        )

    async def get_ageing(self, fund_id: UUID) -> claim_ends_schemas.Ageing:
        """Money that should come back to a fund, by how late it is.

        `GET /v1/funds/{fund_id}/ageing`
        """
        return await self._calls.struct(
            "GET", f"/v1/funds/{fund_id}/ageing", claim_ends_schemas.Ageing
        )

    async def print_progress(
        self,
        quarter: str,
        *,
        form: Literal["json", "xlsx", "html"] = "json",
        key: str | None = None,
    ) -> bytes:
        """The 追偿进展表 of my organisation for a quarter.

        `POST /v1/progress/{quarter}`
        """
        return await self._calls.raw(
            "POST",
            f"/v1/progress/{quote(str(quarter), safe='')}",
            query={"form": form},
            key=key or new_key(),
        )
