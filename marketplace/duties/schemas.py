"""What a duty is, and which kinds there are."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Kind(StrEnum):
    """What has to be done; `subject_id` is the lot's id, for bidders and orders their own."""

    OPEN_REGISTRATION = "open_registration"
    CREATE_AUCTION = "create_auction"
    OPEN_AUCTION = "open_auction"
    CLOSE_AUCTION = "close_auction"
    ADMIT_BIDDER = "admit_bidder"
    CHANGE_LIMIT = "change_limit"
    CARRY_OUT_ORDER = "carry_out_order"
    FOLLOW_SUSPENSION = (
        "follow_suspension"  # added by the database, with the epoch that suspended the auction
    )
    REVIEW_RESULT = "review_result"
    ISSUE_CONFIRMATION = "issue_confirmation"
    LAPSE_UNDERBIDDER_OFFER = "lapse_underbidder_offer"
    RELEASE_DEPOSIT = "release_deposit"
    CHECK_PAYMENT = "check_payment"
    SHARE_RECOVERY = "share_recovery"
    FOLLOW_PLAN = (
        "follow_plan"  # the subject is whatever ended: a lot, an offer of a licence, a mandate
    )
    FOLLOW_SESSION = "follow_session"
    MATCH_SUBSCRIPTIONS = "match_subscriptions"
    OPEN_OFFERS = "open_offers"
    CLOSE_OFFERS = "close_offers"
    CLOSE_OPENING = "close_opening"
    CLOSE_FINAL_OFFERS = "close_final_offers"
    CLOSE_FINAL_OPENING = "close_final_opening"
    DECISION_OVER = "decision_over"
    SHARE_SET_OFF = "share_set_off"
    CHECK_DISPOSAL = "check_disposal"
    SHARE_FLOW = "share_flow"
    SHARE_CLAIM_ON_BUYER = "share_claim_on_buyer"  # the subject is the credit
    CHECK_INSTALMENT = "check_instalment"
    LAPSE_REPURCHASE = "lapse_repurchase"
    CLOSE_LICENCE_OFFER = "close_licence_offer"
    CLOSE_LICENCE_OPENING = "close_licence_opening"
    FOLLOW_LICENCE_OFFER = "follow_licence_offer"
    LET_LICENCE_GO = "let_licence_go"  # nobody signed it in time
    CHECK_RECORDAL = "check_recordal"
    LAPSE_OPTION = "lapse_option"
    ACTIVATE_LICENCE = "activate_licence"
    END_LICENCE = "end_licence"
    START_MANDATE = "start_mandate"
    ASK_MANDATE_REPORT = "ask_mandate_report"
    CHECK_MANDATE_REPORT = "check_mandate_report"
    REMIND_MANDATE_PAYMENT = "remind_mandate_payment"
    CHECK_MANDATE_PAYMENT = "check_mandate_payment"
    END_MANDATE = "end_mandate"
    SHARE_MANDATE_RECEIPT = "share_mandate_receipt"
    WATCH_CASE = (
        "watch_case"  # added by the database, with every change of a loan or its collateral
    )
    RECHECK_CONSIGNMENT = "recheck_consignment"  # likewise
    RUN_IMPORT = "run_import"


class State(StrEnum):
    """How far a duty is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STUCK = "stuck"


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must happen at `due_at` or soon after."""

    id: UUID
    kind: Kind
    subject_id: UUID
    due_at: datetime
    state: State
    attempts: int
    claims: int
    last_error: str | None
