"""The operations of people. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.approvals import schemas as approvals_schemas
from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.organisations import schemas as organisations_schemas


class People:
    """Operations of people."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_invitations(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[organisations_schemas.Invitation]:
        """Invitations and resets, newest first, without their tokens.

        `GET /v1/invitations`
        """
        return await self._calls.struct(
            "GET",
            "/v1/invitations",
            edge_cursors.Page[organisations_schemas.Invitation],
            query={"cursor": cursor, "limit": limit},
        )

    async def invite_user(
        self, data: organisations_schemas.InvitationIn, *, key: str | None = None
    ) -> organisations_schemas.NewInvitation:
        """Invite a person, who sets a password of their own. Where two administer, the other
        approves the roles first.

        `POST /v1/invitations`
        """
        return await self._calls.struct(
            "POST",
            "/v1/invitations",
            organisations_schemas.NewInvitation,
            body=data,
            key=key or new_key(),
        )

    async def accept_invitation(
        self, data: organisations_schemas.Acceptance
    ) -> organisations_schemas.User:
        """Set my password by the link that I was given, once; then sign in.

        `POST /v1/invitations/acceptance`
        """
        return await self._calls.struct(
            "POST", "/v1/invitations/acceptance", organisations_schemas.User, body=data
        )

    async def revoke_invitation(self, invitation_id: UUID) -> None:
        """The link lets nobody in any more.

        `DELETE /v1/invitations/{invitation_id}`
        """
        await self._calls.raw("DELETE", f"/v1/invitations/{invitation_id}")

    async def get_second_factor(self) -> organisations_schemas.SecondFactor:
        """Whether it is on, and how many recovery codes are left.

        `GET /v1/me/second-factor`
        """
        return await self._calls.struct(
            "GET", "/v1/me/second-factor", organisations_schemas.SecondFactor
        )

    async def begin_second_factor(
        self, data: organisations_schemas.PasswordProof, *, key: str | None = None
    ) -> organisations_schemas.SecondFactorBegun:
        """A secret for an authenticator app, shown this once; it counts after a code of it was
        confirmed.

        `POST /v1/me/second-factor`
        """
        return await self._calls.struct(
            "POST",
            "/v1/me/second-factor",
            organisations_schemas.SecondFactorBegun,
            body=data,
            key=key or new_key(),
        )

    async def confirm_second_factor(
        self, data: organisations_schemas.CodeProof, *, key: str | None = None
    ) -> organisations_schemas.RecoveryCodes:
        """Turn it on by what the authenticator shows; my other sessions end. The recovery codes are
        shown this once.

        `POST /v1/me/second-factor/confirmation`
        """
        return await self._calls.struct(
            "POST",
            "/v1/me/second-factor/confirmation",
            organisations_schemas.RecoveryCodes,
            body=data,
            key=key or new_key(),
        )

    async def remove_own_second_factor(
        self, data: organisations_schemas.PasswordProof, *, key: str | None = None
    ) -> None:
        """Take it away, by password and code; my other sessions end.

        `POST /v1/me/second-factor/removal`
        """
        await self._calls.raw(
            "POST", "/v1/me/second-factor/removal", body=data, key=key or new_key()
        )

    async def reset_password(
        self, user_id: UUID, *, key: str | None = None
    ) -> organisations_schemas.NewInvitation:
        """End a user's access and make a link by which they set a new password. Nobody else ever
        sees it.

        `POST /v1/users/{user_id}/password-reset`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/users/{user_id}/password-reset",
            organisations_schemas.NewInvitation,
            key=key or new_key(),
        )

    async def ask_rights(
        self, user_id: UUID, data: organisations_schemas.RightsIn, *, key: str | None = None
    ) -> approvals_schemas.Approval:
        """Ask another administrator to approve a user's roles; changing the user then carries them
        out.

        `POST /v1/users/{user_id}/rights`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/users/{user_id}/rights",
            approvals_schemas.Approval,
            body=data,
            key=key or new_key(),
        )

    async def remove_second_factor(self, user_id: UUID, *, key: str | None = None) -> None:
        """For who lost authenticator and recovery codes: their access ends too, until a password
        reset lets them in.

        `POST /v1/users/{user_id}/second-factor-removal`
        """
        await self._calls.raw(
            "POST", f"/v1/users/{user_id}/second-factor-removal", key=key or new_key()
        )
