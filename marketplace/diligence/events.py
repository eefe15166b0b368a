"""What is told of due diligence."""

from uuid import UUID

import msgspec


class DiligenceRun(msgspec.Struct, frozen=True, kw_only=True, tag="diligence_run"):
    """The eligibility rules were run over a consignment, and the outcome is another than before."""

    run_id: UUID
    consignment_id: UUID
    organisation_id: UUID
    outcome: str
