"""What overrides do to findings, and what a run comes to. Source: domain 3.10."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from marketplace.consignments.facts import EligibilityFinding
from marketplace.diligence.schemas import Examined, Outcome
from marketplace.lots.regimes import Severity

_OUTCOMES: Final = (
    (Severity.BLOCK, Outcome.BLOCKED),
    (Severity.HOLD, Outcome.HELD),
    (Severity.WARN, Outcome.WARNED),
)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An override that may count: its reason, and who gave it."""

    reason: str
    overridden_by: UUID


def fingerprint(finding: EligibilityFinding) -> str:
    """What makes two findings one: rule, subject, field, words and evidence. Anything new in it is a new finding."""
    seen = (finding.code, finding.subject, finding.field, finding.message, finding.evidence)
    return hashlib.sha256(msgspec.json.encode(seen, order="deterministic")).hexdigest()


def examined(
    findings: Iterable[EligibilityFinding], overrides: Mapping[str, Standing]
) -> tuple[Examined, ...]:
    """The findings with overrides applied: what held and was passed over is disclosed, nothing else changes."""
    found = []
    for finding in findings:
        digest = fingerprint(finding)
        given = overrides.get(digest) if finding.severity is Severity.HOLD else None
        fields = msgspec.structs.asdict(finding)
        if given is not None:
            fields |= {
                "severity": Severity.WARN,
                "overridden_reason": given.reason,
                "overridden_by": given.overridden_by,
            }
        found.append(Examined(**fields, evidence_sha256=digest))
    return tuple(found)


def outcome(findings: Sequence[EligibilityFinding]) -> Outcome:
    """The gravest of the findings."""
    severities = {finding.severity for finding in findings}
    return next((result for severity, result in _OUTCOMES if severity in severities), Outcome.CLEAR)
