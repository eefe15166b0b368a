"""The operations of organisations. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.approvals import schemas as approvals_schemas
from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.organisations import schemas as organisations_schemas


class Organisations:
    """Operations of organisations."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def ask_access_step(
        self, data: organisations_schemas.AccessStepIn, *, key: str | None = None
    ) -> approvals_schemas.Approval:
        """Ask another person to approve switching off or on, a reset, or the removal of a second
        factor; then do it.

        `POST /v1/access-steps`
        """
        return await self._calls.struct(
            "POST", "/v1/access-steps", approvals_schemas.Approval, body=data, key=key or new_key()
        )

    async def list_api_keys(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[organisations_schemas.ApiKey]:
        """My keys, without their secrets.

        `GET /v1/api-keys`
        """
        return await self._calls.struct(
            "GET",
            "/v1/api-keys",
            edge_cursors.Page[organisations_schemas.ApiKey],
            query={"cursor": cursor, "limit": limit},
        )

    async def create_api_key(
        self, data: organisations_schemas.ApiKeyIn, *, key: str | None = None
    ) -> organisations_schemas.NewApiKey:
        """Make a key that acts as me with some of my roles. Its text is shown in this answer and
        never again.

        `POST /v1/api-keys`
        """
        return await self._calls.struct(
            "POST", "/v1/api-keys", organisations_schemas.NewApiKey, body=data, key=key or new_key()
        )

    async def revoke_api_key(self, api_key_id: UUID) -> None:
        """Revoke one of my keys for good.

        `DELETE /v1/api-keys/{api_key_id}`
        """
        await self._calls.raw("DELETE", f"/v1/api-keys/{api_key_id}")

    async def me(self) -> organisations_schemas.Profile:
        """The user, the organisation and the roles behind this session or key.

        `GET /v1/me`
        """
        return await self._calls.struct("GET", "/v1/me", organisations_schemas.Profile)

    async def change_password(self, data: organisations_schemas.PasswordChange) -> None:
        """Set a new password; all my other sessions end. For people who are signed in, not for keys.

        `POST /v1/me/password`
        """
        await self._calls.raw("POST", "/v1/me/password", body=data)

    async def list_organisations(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[organisations_schemas.Organisation]:
        """All organisations, in the order in which they were made.

        `GET /v1/organisations`
        """
        return await self._calls.struct(
            "GET",
            "/v1/organisations",
            edge_cursors.Page[organisations_schemas.Organisation],
            query={"cursor": cursor, "limit": limit},
        )

    async def create_organisation(
        self, data: organisations_schemas.OrganisationIn, *, key: str | None = None
    ) -> organisations_schemas.Organisation:
        """Register an organisation; it is active at once.

        `POST /v1/organisations`
        """
        return await self._calls.struct(
            "POST",
            "/v1/organisations",
            organisations_schemas.Organisation,
            body=data,
            key=key or new_key(),
        )

    async def get_organisation(self, organisation_id: UUID) -> organisations_schemas.Organisation:
        """My own organisation; any, for the platform's administrator.

        `GET /v1/organisations/{organisation_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/organisations/{organisation_id}", organisations_schemas.Organisation
        )

    async def change_organisation(
        self, organisation_id: UUID, data: organisations_schemas.OrganisationChange, version: int
    ) -> organisations_schemas.Organisation:
        """Rename an organisation, or switch it off: then none of its people can act.

        `PATCH /v1/organisations/{organisation_id}`
        """
        return await self._calls.struct(
            "PATCH",
            f"/v1/organisations/{organisation_id}",
            organisations_schemas.Organisation,
            body=data,
            version=version,
        )

    async def sign_out(self) -> None:
        """End this session; signing out twice is no error.

        `DELETE /v1/session`
        """
        await self._calls.raw("DELETE", "/v1/session")

    async def sign_in(self, data: organisations_schemas.SignIn) -> organisations_schemas.Session:
        """Start a session, whose token comes as a cookie. A wrong name and a wrong password get the
        same answer.

        `POST /v1/session`
        """
        return await self._calls.struct(
            "POST", "/v1/session", organisations_schemas.Session, body=data
        )

    async def list_sessions(self) -> edge_cursors.Page[organisations_schemas.Session]:
        """Where I am signed in now, newest first.

        `GET /v1/sessions`
        """
        return await self._calls.struct(
            "GET", "/v1/sessions", edge_cursors.Page[organisations_schemas.Session]
        )

    async def end_session(self, session_id: UUID) -> None:
        """End one of my sessions; it is dead everywhere within a second.

        `DELETE /v1/sessions/{session_id}`
        """
        await self._calls.raw("DELETE", f"/v1/sessions/{session_id}")

    async def list_users(
        self, *, organisation_id: UUID | None = None, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[organisations_schemas.User]:
        """Users, of one organisation or of all, in the order in which they were made.

        `GET /v1/users`
        """
        return await self._calls.struct(
            "GET",
            "/v1/users",
            edge_cursors.Page[organisations_schemas.User],
            query={"organisation_id": organisation_id, "cursor": cursor, "limit": limit},
        )

    async def create_user(
        self, data: organisations_schemas.UserIn, *, key: str | None = None
    ) -> organisations_schemas.User:
        """Add a person to an organisation, with roles that such an organisation has; while one
        person administers alone.

        `POST /v1/users`
        """
        return await self._calls.struct(
            "POST", "/v1/users", organisations_schemas.User, body=data, key=key or new_key()
        )

    async def get_user(self, user_id: UUID) -> organisations_schemas.User:
        """One user.

        `GET /v1/users/{user_id}`
        """
        return await self._calls.struct("GET", f"/v1/users/{user_id}", organisations_schemas.User)

    async def change_user(
        self, user_id: UUID, data: organisations_schemas.UserChange, version: int
    ) -> organisations_schemas.User:
        """Rename a user, change their roles, switch them on or off. New roles end the user's
        sessions.

        `PATCH /v1/users/{user_id}`
        """
        return await self._calls.struct(
            "PATCH", f"/v1/users/{user_id}", organisations_schemas.User, body=data, version=version
        )
