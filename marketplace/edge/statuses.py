"""The status of every error code: 400 malformed, 401 and 403 who, 404 none such, 409 the state forbids it,
422 understood and refused, 429 too fast, 503 try again, 504 the outcome is unknown.

A class without an entry of its own has its parent's; a test shows that every class finds one.
"""

from http import HTTPStatus

_BY_STATUS: dict[HTTPStatus, tuple[str, ...]] = {
    HTTPStatus.BAD_REQUEST: (
        "malformed_body",
        "invalid_input",
        "idempotency_key_missing",
        "invalid_cursor",
        "malformed_envelope",
    ),
    HTTPStatus.UNAUTHORIZED: (
        "unauthenticated",
        "sign_in_refused",
        "second_factor_needed",
        "second_factor_refused",
    ),
    HTTPStatus.FORBIDDEN: ("forbidden", "cross_site_request"),
    HTTPStatus.NOT_FOUND: ("not_found", "unknown_account", "scheme_unknown"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed",),
    HTTPStatus.CONFLICT: (
        "conflict",
        "idempotency_in_progress",
        "insufficient_funds",
        "append_only",
        "illegal_step",
        "over_capture",
        "deposit_exists",
        "duplicate_bank_reference",
        "already_enrolled",
    ),
    HTTPStatus.PRECONDITION_FAILED: ("version_changed", "plan_changed"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("body_too_large",),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("unsupported_media_type",),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        "idempotency_key_reused",
        "notice_incomplete",
        "role_not_allowed",
        "invitation_refused",
        "import_file_refused",
        "file_refused",
        "opening_refused",
        "will_not_open",
        "wrong_sealing_key",
        "opening_unproved",
        "unbalanced_transfer",
        "idempotency_id_reused",
    ),
    HTTPStatus.PRECONDITION_REQUIRED: ("version_missing",),
    HTTPStatus.TOO_MANY_REQUESTS: ("too_many_requests", "too_fast"),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "error",
        "internal",
        # Met at the start of a process or on the command line, never by a request:
        "embedded_server",
        "benchmark_not_whole",
        "migration_failed",
        "route_refused",
        "settings",
        "signing_key",
        "stack",
        "story_broken",
        "story_refused",
        "bundle_does_not_hold",
        "unreadable_bundle",
        "unknown_durability_mode",
        # Met by who calls us, not by us:
        "api_refused",
        # A mistake of ours, whatever was asked:
        "checkpoint_inconsistent",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "unavailable",
        "journal_broken",
        "library_mismatch",
        "weak_durability",
        "replica_not_durable",
    ),
    HTTPStatus.GATEWAY_TIMEOUT: ("outcome_unknown", "client_outcome_unknown"),
}

_LISTED = [code for codes in _BY_STATUS.values() for code in codes]
assert len(_LISTED) == len(set(_LISTED)), "a code stands twice in the table of statuses"

STATUSES: dict[str, int] = {
    code: int(status) for status, codes in _BY_STATUS.items() for code in codes
}
