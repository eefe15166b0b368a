"""The operations of inquiries. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.inquiries import schemas as inquiries_schemas


class Inquiries:
    """Operations of inquiries."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def acknowledge_notice(
        self, lot_id: UUID, data: inquiries_schemas.AcknowledgementIn, *, key: str | None = None
    ) -> inquiries_schemas.Acknowledgement:
        """Accept every warning of the notice in force, named by its hash.

        `POST /v1/lots/{lot_id}/acknowledgements`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/acknowledgements",
            inquiries_schemas.Acknowledgement,
            body=data,
            key=key or new_key(),
        )

    async def list_questions(self, lot_id: UUID) -> inquiries_schemas.QuestionList:
        """What was asked about a lot and answered; my own open questions too.

        `GET /v1/lots/{lot_id}/questions`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/questions", inquiries_schemas.QuestionList
        )

    async def ask_question(
        self, lot_id: UUID, data: inquiries_schemas.QuestionIn, *, key: str | None = None
    ) -> inquiries_schemas.QuestionList:
        """Ask about a lot; the answer is read by everybody, who asked by nobody.

        `POST /v1/lots/{lot_id}/questions`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/questions",
            inquiries_schemas.QuestionList,
            body=data,
            key=key or new_key(),
        )

    async def answer_question(
        self,
        lot_id: UUID,
        question_id: UUID,
        data: inquiries_schemas.AnswerIn,
        *,
        key: str | None = None,
    ) -> inquiries_schemas.QuestionList:
        """Answer a question, once, for everybody to read.

        `POST /v1/lots/{lot_id}/questions/{question_id}/answer`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/questions/{question_id}/answer",
            inquiries_schemas.QuestionList,
            body=data,
            key=key or new_key(),
        )

    async def list_viewings(self, lot_id: UUID) -> inquiries_schemas.SlotList:
        """When and where a lot can be viewed, and how many places are left.

        `GET /v1/lots/{lot_id}/viewings`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/viewings", inquiries_schemas.SlotList
        )

    async def offer_viewing(
        self, lot_id: UUID, data: inquiries_schemas.SlotIn, *, key: str | None = None
    ) -> inquiries_schemas.SlotList:
        """Offer a time for viewing, before the sale opens.

        `POST /v1/lots/{lot_id}/viewings`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/viewings",
            inquiries_schemas.SlotList,
            body=data,
            key=key or new_key(),
        )

    async def book_viewing(
        self, lot_id: UUID, slot_id: UUID, *, key: str | None = None
    ) -> inquiries_schemas.SlotList:
        """Take a place at a viewing.

        `POST /v1/lots/{lot_id}/viewings/{slot_id}/bookings`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/viewings/{slot_id}/bookings",
            inquiries_schemas.SlotList,
            key=key or new_key(),
        )
