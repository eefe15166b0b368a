"""The operations of banking. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.banking import schemas as banking_schemas
from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors


class Banking:
    """Operations of banking."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_accounts(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[banking_schemas.AccountView]:
        """The register of my organisation, newest first.

        `GET /v1/banking/accounts`
        """
        return await self._calls.struct(
            "GET",
            "/v1/banking/accounts",
            edge_cursors.Page[banking_schemas.AccountView],
            query={"cursor": cursor, "limit": limit},
        )

    async def propose_account(
        self, data: banking_schemas.AccountIn, *, key: str | None = None
    ) -> banking_schemas.AccountView:
        """Propose where a payee is to be paid, or my organisation's own account.

        `POST /v1/banking/accounts`
        """
        return await self._calls.struct(
            "POST",
            "/v1/banking/accounts",
            banking_schemas.AccountView,
            body=data,
            key=key or new_key(),
        )

    async def approve_account(
        self, account_id: UUID, data: banking_schemas.AccountApproval, *, key: str | None = None
    ) -> banking_schemas.AccountView:
        """Approve an account as shown; one that takes another's place waits a day, and voids files
        not exported.

        `POST /v1/banking/accounts/{account_id}/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/banking/accounts/{account_id}/approve",
            banking_schemas.AccountView,
            body=data,
            key=key or new_key(),
        )

    async def refuse_account(
        self, account_id: UUID, data: banking_schemas.Withdrawal, *, key: str | None = None
    ) -> banking_schemas.AccountView:
        """Refuse a proposed account.

        `POST /v1/banking/accounts/{account_id}/refuse`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/banking/accounts/{account_id}/refuse",
            banking_schemas.AccountView,
            body=data,
            key=key or new_key(),
        )

    async def list_answers(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[banking_schemas.BankFileView]:
        """The status files of my organisation, newest first.

        `GET /v1/banking/answers`
        """
        return await self._calls.struct(
            "GET",
            "/v1/banking/answers",
            edge_cursors.Page[banking_schemas.BankFileView],
            query={"cursor": cursor, "limit": limit},
        )

    async def receive_answers(
        self, content: bytes, content_type: str, *, key: str | None = None
    ) -> banking_schemas.BankFileView:
        """Take in the bank's answer to payments (pain.002 or CSV); a rejected payout goes back to
        the queue.

        `POST /v1/banking/answers`
        """
        return await self._calls.struct(
            "POST",
            "/v1/banking/answers",
            banking_schemas.BankFileView,
            content=(content, content_type),
            key=key or new_key(),
        )

    async def second(
        self, decision_id: UUID, data: banking_schemas.SecondIn, *, key: str | None = None
    ) -> banking_schemas.DecisionView:
        """Agree with a decision that needs two people, or refuse it; by another person than who made
        it.

        `POST /v1/banking/decisions/{decision_id}/second`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/banking/decisions/{decision_id}/second",
            banking_schemas.DecisionView,
            body=data,
            key=key or new_key(),
        )

    async def list_decisions(self, entry_id: UUID) -> list[banking_schemas.DecisionView]:
        """Every decision on an entry, in the order made.

        `GET /v1/banking/entries/{entry_id}/decisions`
        """
        return await self._calls.struct(
            "GET", f"/v1/banking/entries/{entry_id}/decisions", list[banking_schemas.DecisionView]
        )

    async def decide(
        self, entry_id: UUID, data: banking_schemas.DecisionIn, *, key: str | None = None
    ) -> banking_schemas.DecisionView:
        """Assign a credit to a due, send it back, hold it, or note a debit, with the reason.

        `POST /v1/banking/entries/{entry_id}/decisions`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/banking/entries/{entry_id}/decisions",
            banking_schemas.DecisionView,
            body=data,
            key=key or new_key(),
        )

    async def list_free_money(self) -> banking_schemas.FreeMoneyList:
        """What others have with my organisation that pays and secures nothing, but for released
        deposits.

        `GET /v1/banking/free-money`
        """
        return await self._calls.struct(
            "GET", "/v1/banking/free-money", banking_schemas.FreeMoneyList
        )

    async def send_free_money_back(
        self, data: banking_schemas.FreeMoneyIn, *, key: str | None = None
    ) -> banking_schemas.Refund:
        """Queue a payout of free money to whose it is, with the reason; it leaves by a file of two
        people.

        `POST /v1/banking/free-money/refunds`
        """
        return await self._calls.struct(
            "POST",
            "/v1/banking/free-money/refunds",
            banking_schemas.Refund,
            body=data,
            key=key or new_key(),
        )

    async def list_files(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[banking_schemas.PaymentFileView]:
        """The instruction files of my organisation, newest first.

        `GET /v1/banking/payment-files`
        """
        return await self._calls.struct(
            "GET",
            "/v1/banking/payment-files",
            edge_cursors.Page[banking_schemas.PaymentFileView],
            query={"cursor": cursor, "limit": limit},
        )

    async def draft_file(
        self, data: banking_schemas.PaymentFileIn, *, key: str | None = None
    ) -> banking_schemas.PaymentFileView:
        """Gather payouts into an instruction file, pain.001 or CSV.

        `POST /v1/banking/payment-files`
        """
        return await self._calls.struct(
            "POST",
            "/v1/banking/payment-files",
            banking_schemas.PaymentFileView,
            body=data,
            key=key or new_key(),
        )

    async def get_file(self, file_id: UUID) -> banking_schemas.PaymentFileView:
        """A file line by line, with what the bank said of each payment.

        `GET /v1/banking/payment-files/{file_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/banking/payment-files/{file_id}", banking_schemas.PaymentFileView
        )

    async def approve_file(
        self, file_id: UUID, data: banking_schemas.PaymentFileApproval, *, key: str | None = None
    ) -> banking_schemas.PaymentFileView:
        """Approve a file as shown, by another person than who drafted it.

        `POST /v1/banking/payment-files/{file_id}/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/banking/payment-files/{file_id}/approve",
            banking_schemas.PaymentFileView,
            body=data,
            key=key or new_key(),
        )

    async def get_content(self, file_id: UUID) -> bytes:
        """The exported file: the same bytes every time.

        `GET /v1/banking/payment-files/{file_id}/content`
        """
        return await self._calls.raw("GET", f"/v1/banking/payment-files/{file_id}/content")

    async def export_file(
        self, file_id: UUID, *, key: str | None = None
    ) -> banking_schemas.PaymentFileView:
        """Release an approved file for the bank: from here its payouts are sent.

        `POST /v1/banking/payment-files/{file_id}/export`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/banking/payment-files/{file_id}/export",
            banking_schemas.PaymentFileView,
            key=key or new_key(),
        )

    async def withdraw_file(
        self, file_id: UUID, data: banking_schemas.Withdrawal, *, key: str | None = None
    ) -> banking_schemas.PaymentFileView:
        """Withdraw a file that was not exported; its payouts are free for another.

        `POST /v1/banking/payment-files/{file_id}/withdraw`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/banking/payment-files/{file_id}/withdraw",
            banking_schemas.PaymentFileView,
            body=data,
            key=key or new_key(),
        )

    async def list_payouts(self) -> banking_schemas.PayoutList:
        """What waits to leave my organisation's custody, oldest first.

        `GET /v1/banking/payouts`
        """
        return await self._calls.struct("GET", "/v1/banking/payouts", banking_schemas.PayoutList)

    async def list_queue(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[banking_schemas.EntryView]:
        """Entries that nobody can be told for certain: each with its verdict.

        `GET /v1/banking/queue`
        """
        return await self._calls.struct(
            "GET",
            "/v1/banking/queue",
            edge_cursors.Page[banking_schemas.EntryView],
            query={"cursor": cursor, "limit": limit},
        )

    async def list_refunds_due(self) -> banking_schemas.RefundDueList:
        """Released deposits that are to go back to their bidders, each with the last moment of its
        regime.

        `GET /v1/banking/refunds-due`
        """
        return await self._calls.struct(
            "GET", "/v1/banking/refunds-due", banking_schemas.RefundDueList
        )

    async def list_statements(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[banking_schemas.BankFileView]:
        """The statement files of my organisation, newest first.

        `GET /v1/banking/statements`
        """
        return await self._calls.struct(
            "GET",
            "/v1/banking/statements",
            edge_cursors.Page[banking_schemas.BankFileView],
            query={"cursor": cursor, "limit": limit},
        )

    async def receive_statement(
        self, content: bytes, content_type: str, *, key: str | None = None
    ) -> banking_schemas.BankFileView:
        """Enter a bank statement (camt.053 or CSV), sent as it is or as a form's one field `file`.

        `POST /v1/banking/statements`
        """
        return await self._calls.struct(
            "POST",
            "/v1/banking/statements",
            banking_schemas.BankFileView,
            content=(content, content_type),
            key=key or new_key(),
        )

    async def get_statement(self, file_id: UUID) -> banking_schemas.BankFileView:
        """A statement file with the entries that it brought, and what became of each.

        `GET /v1/banking/statements/{file_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/banking/statements/{file_id}", banking_schemas.BankFileView
        )

    async def get_own_dues(self, lot_id: UUID) -> banking_schemas.DueList:
        """Deposit and price that my agency owes for a lot, each with the reference to write on the
        transfer.

        `GET /v1/lots/{lot_id}/dues/me`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/dues/me", banking_schemas.DueList
        )

    async def refund_deposit(
        self, lot_id: UUID, data: banking_schemas.RefundIn, *, key: str | None = None
    ) -> banking_schemas.Refund:
        """Queue the payout of a released deposit to its bidder, once.

        `POST /v1/lots/{lot_id}/refunds`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/refunds",
            banking_schemas.Refund,
            body=data,
            key=key or new_key(),
        )

    async def get_template(self) -> bytes:
        """The CSV's columns in both languages, and a block that adds up.

        `GET /v1/templates/bank-statement.csv`
        """
        return await self._calls.raw("GET", "/v1/templates/bank-statement.csv")
