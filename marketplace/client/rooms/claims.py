"""The operations of claims. Made by `make client` from the routes; not to be edited."""

from urllib.parse import quote
from uuid import UUID

from marketplace.claims import schemas as claims_schemas
from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.statements import schemas as statements_schemas
from settlement import schemes as settlement_schemes


class Claims:
    """Operations of claims."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_claims(
        self, *, case_id: UUID | None = None, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[claims_schemas.ClaimSummary]:
        """My bank's claims, those that came to my fund, those whose loss I share; for regulators
        those they oversee.

        `GET /v1/claims`
        """
        return await self._calls.struct(
            "GET",
            "/v1/claims",
            edge_cursors.Page[claims_schemas.ClaimSummary],
            query={"case_id": case_id, "cursor": cursor, "limit": limit},
        )

    async def draft_claim(
        self, data: claims_schemas.ClaimIn, *, key: str | None = None
    ) -> claims_schemas.Claim:
        """Draft a claim for a loan of my bank, with every figure and how it was computed.

        `POST /v1/claims`
        """
        return await self._calls.struct(
            "POST", "/v1/claims", claims_schemas.Claim, body=data, key=key or new_key()
        )

    async def get_claim(self, claim_id: UUID) -> claims_schemas.Claim:
        """A claim, whole: figures, reviews, positions, payments, recoveries, final clearing, steps.

        `GET /v1/claims/{claim_id}`
        """
        return await self._calls.struct("GET", f"/v1/claims/{claim_id}", claims_schemas.Claim)

    async def advance_claim(
        self, claim_id: UUID, *, key: str | None = None
    ) -> claims_schemas.Claim:
        """Pay the advance of a reviewed claim out of the special account, once.

        `POST /v1/claims/{claim_id}/advance`
        """
        return await self._calls.struct(
            "POST", f"/v1/claims/{claim_id}/advance", claims_schemas.Claim, key=key or new_key()
        )

    async def approve_claim(
        self, claim_id: UUID, data: claims_schemas.Decision, *, key: str | None = None
    ) -> claims_schemas.Claim:
        """Send a drafted claim to its funds, or return it; by another person than its drafter.

        `POST /v1/claims/{claim_id}/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/claims/{claim_id}/approve",
            claims_schemas.Claim,
            body=data,
            key=key or new_key(),
        )

    async def propose_final(
        self, claim_id: UUID, *, key: str | None = None
    ) -> claims_schemas.Claim:
        """Propose the final clearing, once every sale of the loan is distributed and shared.

        `POST /v1/claims/{claim_id}/final`
        """
        return await self._calls.struct(
            "POST", f"/v1/claims/{claim_id}/final", claims_schemas.Claim, key=key or new_key()
        )

    async def approve_final(
        self, claim_id: UUID, data: claims_schemas.FinalDecision, *, key: str | None = None
    ) -> claims_schemas.Claim:
        """Clear as proposed, or refuse; by another person than the proposer. It issues the clearing
        statement.

        `POST /v1/claims/{claim_id}/final/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/claims/{claim_id}/final/approve",
            claims_schemas.Claim,
            body=data,
            key=key or new_key(),
        )

    async def confirm_payment(
        self,
        claim_id: UUID,
        payment_id: UUID,
        data: claims_schemas.PaidOut,
        *,
        key: str | None = None,
    ) -> claims_schemas.Claim:
        """A payment was made by hand, says one person; it is booked when another reads the same from
        the bank's paper.

        `POST /v1/claims/{claim_id}/payments/{payment_id}`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/claims/{claim_id}/payments/{payment_id}",
            claims_schemas.Claim,
            body=data,
            key=key or new_key(),
        )

    async def record_recovery(
        self,
        claim_id: UUID,
        data: claims_schemas.SaleRecovery | claims_schemas.ReceiptRecovery,
        *,
        key: str | None = None,
    ) -> claims_schemas.Claim:
        """Share what came in: of a distributed sale, or of another receipt.

        `POST /v1/claims/{claim_id}/recoveries`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/claims/{claim_id}/recoveries",
            claims_schemas.Claim,
            body=data,
            key=key or new_key(),
        )

    async def record_return(
        self, claim_id: UUID, data: claims_schemas.ReturnIn, *, key: str | None = None
    ) -> claims_schemas.Claim:
        """Money that the final clearing asked back reached the special account.

        `POST /v1/claims/{claim_id}/returns`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/claims/{claim_id}/returns",
            claims_schemas.Claim,
            body=data,
            key=key or new_key(),
        )

    async def review_claim(
        self, claim_id: UUID, data: claims_schemas.Decision, *, key: str | None = None
    ) -> claims_schemas.Claim:
        """Review a claim for my fund: the administrator first, then the checker, another person.

        `POST /v1/claims/{claim_id}/review`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/claims/{claim_id}/review",
            claims_schemas.Claim,
            body=data,
            key=key or new_key(),
        )

    async def get_clearing_statement(self, claim_id: UUID) -> statements_schemas.Statement:
        """The newest clearing statement of a claim; there is one from the final clearing on.

        `GET /v1/claims/{claim_id}/statement`
        """
        return await self._calls.struct(
            "GET", f"/v1/claims/{claim_id}/statement", statements_schemas.Statement
        )

    async def list_schemes(self) -> claims_schemas.SchemeList:
        """Every version of every scheme; one without `scheme` is a template, and says what is
        missing.

        `GET /v1/schemes`
        """
        return await self._calls.struct("GET", "/v1/schemes", claims_schemas.SchemeList)

    async def get_scheme(self, scheme_id: str) -> claims_schemas.SchemeList:
        """The versions of one scheme, oldest first.

        `GET /v1/schemes/{scheme_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/schemes/{quote(str(scheme_id), safe='')}", claims_schemas.SchemeList
        )

    async def set_advance(
        self, scheme_id: str, data: claims_schemas.AdvanceRate, *, key: str | None = None
    ) -> settlement_schemes.SchemeFile:
        """Set how much of a promise is advanced (先行拨付比例), as a new version; earlier claims keep
        theirs.

        `POST /v1/schemes/{scheme_id}/versions`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/schemes/{quote(str(scheme_id), safe='')}/versions",
            settlement_schemes.SchemeFile,
            body=data,
            key=key or new_key(),
        )
