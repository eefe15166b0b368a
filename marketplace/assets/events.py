"""What is told of rights. Ids only: whoever is told asks for the rest and sees what they may."""

from uuid import UUID

import msgspec


class AssetRegistered(msgspec.Struct, frozen=True, kw_only=True, tag="asset_registered"):
    """A bank entered a right."""

    asset_id: UUID
    organisation_id: UUID


class AssetStatusRead(msgspec.Struct, frozen=True, kw_only=True, tag="asset_status_read"):
    """A newer reading of the register was entered: what rests on the right is to be checked again."""

    asset_id: UUID
    organisation_id: UUID
