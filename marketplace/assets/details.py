"""What each type of right has besides what all have. Source: domain 3.1, 3.8."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, TypeAlias

import msgspec

from marketplace.assets.types import IpType
from marketplace.edge.fields import Fen, Name

_Names: TypeAlias = Annotated[tuple[Name, ...], msgspec.Meta(max_length=100)]
_Ipc: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-H]\d{2}[A-Z](\d{1,4}/\d{2,6})?\Z")]
_Group: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^\d{4}\Z")]
_Short: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]


class PersonalData(StrEnum):
    """What a data set holds of persons."""

    NONE = "none"
    ANONYMISED = "anonymised"
    CONSENTED = "consented"


class DataClass(StrEnum):
    """How the data security law grades a data set (数据分类分级)."""

    GENERAL = "general"
    IMPORTANT = "important"
    CORE = "core"


class _Details(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of one family of types: unknown ones are refused."""


class PatentDetails(_Details, frozen=True, kw_only=True, tag="patent"):
    """A patent or application. `has_service_inventors`: they have priority on equal terms (Civil Code 847)."""

    ipc: Annotated[tuple[_Ipc, ...], msgspec.Meta(max_length=50)] = ()
    inventors: _Names = ()
    claims: Annotated[int, msgspec.Meta(ge=1, le=5_000)] | None = None
    priority_on: date | None = None
    family: _Names = ()
    has_service_inventors: bool = False
    evaluation_report_number: Annotated[str, msgspec.Meta(max_length=64)] = ""


class MarkDetails(_Details, frozen=True, kw_only=True, tag="mark"):
    """A mark. `similar_marks`: the owner's identical or similar ones, which must go with it (domain 3.5)."""

    specimen: _Short = ""
    goods: Annotated[tuple[_Group, ...], msgspec.Meta(max_length=200)] = ()
    similar_marks: _Names = ()
    used_last_on: date | None = None
    rules_of_use: _Short = ""


class Component(_Details, frozen=True, kw_only=True):
    """Somebody else's work inside a program or work, under which licence, and whether that lets it be sold on."""

    name: Name
    licence: Name
    is_compatible: bool | None = None


class CopyrightDetails(_Details, frozen=True, kw_only=True, tag="copyright"):
    """A work or program. Moral rights stay with the author; what would sell them is a finding (ELG-26)."""

    author: Annotated[str, msgspec.Meta(max_length=200)] = ""
    completed_on: date | None = None
    published_on: date | None = None
    moral_rights_in_scope: bool = False
    components: Annotated[tuple[Component, ...], msgspec.Meta(max_length=500)] = ()


class LayoutDetails(_Details, frozen=True, kw_only=True, tag="layout"):
    """An IC layout: ten years from filing or first exploitation, at most fifteen from its creation (条例 12)."""

    created_on: date | None = None
    first_exploited_on: date | None = None


class VarietyDetails(_Details, frozen=True, kw_only=True, tag="variety"):
    """A plant or animal variety; a plant goes with its propagating material."""

    species: Annotated[str, msgspec.Meta(max_length=200)] = ""
    is_woody: bool = False
    has_material: bool | None = None


class DataDetails(_Details, frozen=True, kw_only=True, tag="data"):
    """Data rights: who registered them, and what was attested of source, persons and security (ELG-25)."""

    registry: Annotated[str, msgspec.Meta(max_length=200)] = ""
    is_source_lawful: bool | None = None
    personal_data: PersonalData | None = None
    security_class: DataClass | None = None
    delivery: _Short = ""


class SecretDetails(_Details, frozen=True, kw_only=True, tag="secret"):
    """A trade secret: what keeps it secret, and how many know it."""

    measures: _Short = ""
    knowers: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None


class ReceivableDetails(_Details, frozen=True, kw_only=True, tag="receivable"):
    """Licence fees to come: from whom, under which contract, how much is due until when."""

    contract_number: Annotated[str, msgspec.Meta(max_length=64)] = ""
    debtor_name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    outstanding_fen: Fen | None = None
    last_due_on: date | None = None


class IndicationDetails(_Details, frozen=True, kw_only=True, tag="indication"):
    """A geographical indication: the product, its area, and whose announcement protects it."""

    product: Annotated[str, msgspec.Meta(max_length=200)] = ""
    area: _Short = ""
    announcement: _Short = ""


Details: TypeAlias = (
    PatentDetails
    | MarkDetails
    | CopyrightDetails
    | LayoutDetails
    | VarietyDetails
    | DataDetails
    | SecretDetails
    | ReceivableDetails
    | IndicationDetails
)
DETAILS_OF: Final[Mapping[IpType, type[Details]]] = MappingProxyType(
    {
        IpType.PATENT_INVENTION: PatentDetails,
        IpType.PATENT_UTILITY: PatentDetails,
        IpType.PATENT_DESIGN: PatentDetails,
        IpType.PATENT_APPLICATION: PatentDetails,
        IpType.TRADEMARK: MarkDetails,
        IpType.TM_COLLECTIVE: MarkDetails,
        IpType.TM_CERTIFICATION: MarkDetails,
        IpType.GI_PRODUCT: IndicationDetails,
        IpType.COPYRIGHT: CopyrightDetails,
        IpType.SOFTWARE_COPYRIGHT: CopyrightDetails,
        IpType.IC_LAYOUT: LayoutDetails,
        IpType.PLANT_VARIETY: VarietyDetails,
        IpType.ANIMAL_VARIETY: VarietyDetails,
        IpType.DATA_IP: DataDetails,
        IpType.TRADE_SECRET: SecretDetails,
        IpType.LICENCE_RECEIVABLE: ReceivableDetails,
    }
)
