"""Documents and data rooms as they are stored, handed in and shown."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec

from marketplace.edge.fields import Name

Sha256: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Visibility(StrEnum):
    """Who may read a document. Source: domain 3.8 (P, R, N, I)."""

    PUBLIC = "public"
    REGISTERED = "registered"
    NDA = "nda"
    INTERNAL = "internal"


class Subject(StrEnum):
    """What a document is about."""

    CASE = "case"
    ASSET = "asset"
    PLEDGE = "pledge"
    VALUATION = "valuation"
    CONSIGNMENT = "consignment"
    LOT = "lot"


class DocumentKind(StrEnum):
    """What kind of paper it is. Source: domain 7."""

    LOAN_CONTRACT = "loan_contract"  # 借款合同
    PLEDGE_CONTRACT = "pledge_contract"  # 质押合同
    REGISTRATION_CERTIFICATE = "registration_certificate"  # 质押登记证明
    DEMAND_NOTICE = "demand_notice"  # 催收通知
    RIGHT_CERTIFICATE = "right_certificate"  # 权利证书
    REGISTER_EXTRACT = "register_extract"  # 登记簿副本
    EVALUATION_REPORT = "evaluation_report"  # 专利权评价报告
    VALUATION_REPORT = "valuation_report"  # 评估报告
    LICENCE_CONTRACT = "licence_contract"  # 许可合同
    CONSENT = "consent"  # 同意书
    COURT_PAPER = "court_paper"  # 法院文书
    BUNDLE_STATEMENT = "bundle_statement"  # 相同近似商标声明
    TECHNICAL_PAPER = "technical_paper"  # 技术资料
    PHOTOGRAPH = "photograph"  # 照片
    OTHER = "other"  # 其他


class NewDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document before its first version: what it is about, what it is, who may read it."""

    subject: Subject
    subject_id: UUID
    kind: DocumentKind
    title: Name
    visibility: Visibility


class DocumentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of a document from now on; one that is withdrawn is read by its owner alone."""

    title: Name
    kind: DocumentKind
    visibility: Visibility
    is_withdrawn: bool = False


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a document; `given_name` is what its file was called, for people only."""

    number: int
    sha256: Sha256
    media_type: str
    size: int
    given_name: str
    uploaded_by: UUID
    uploaded_at: datetime


class Document(NewDocument, frozen=True, kw_only=True):
    """A document as it is on record, its versions from the first to the newest."""

    id: UUID
    organisation_id: UUID
    is_withdrawn: bool
    version: int
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    versions: tuple[Version, ...] = ()


class NewTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Secrecy terms (保密条款) of a lot's data room, in both languages."""

    text_zh: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]
    text_en: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]


class SecrecyTerms(NewTerms, frozen=True, kw_only=True):
    """The terms as published; `sha256` is over both texts and is what is accepted."""

    lot_id: UUID
    number: int
    sha256: Sha256
    published_at: datetime


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That my organisation accepts the terms which it read: the hash says which."""

    sha256: Sha256


class DataRoom(msgspec.Struct, frozen=True, kw_only=True):
    """What of a lot's documents the caller may read, and what they must accept for more."""

    lot_id: UUID
    terms: SecrecyTerms | None
    has_accepted: bool
    withheld: int
    documents: tuple[Document, ...]


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody read a version; nobody named is a visitor, or (`is_withheld`) somebody who may yet bid.

    Who sells a lot learns who looked once it is sold: before, that is who might be spoken to (拍卖法 art. 37).
    """

    id: UUID
    document_id: UUID
    number: int
    lot_id: UUID | None
    organisation_id: UUID | None
    user_id: UUID | None
    accessed_at: datetime
    is_withheld: bool = False
