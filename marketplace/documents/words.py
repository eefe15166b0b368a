"""What documents are called on pages, and what they are about."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.pages.vocabulary import Words

KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "loan_contract": Words("借款合同", "Loan contract"),
        "pledge_contract": Words("质押合同", "Pledge contract"),
        "registration_certificate": Words("质押登记证明", "Certificate of registration"),
        "demand_notice": Words("催收通知", "Demand notice"),
        "right_certificate": Words("权利证书", "Certificate of the right"),
        "register_extract": Words("登记簿副本", "Register extract"),
        "evaluation_report": Words("专利权评价报告", "Patent evaluation report"),
        "valuation_report": Words("评估报告", "Valuation report"),
        "licence_contract": Words("许可合同", "Licence contract"),
        "consent": Words("同意书", "Consent"),
        "court_paper": Words("法院文书", "Court paper"),
        "bundle_statement": Words("相同近似商标声明", "Statement on similar marks"),
        "technical_paper": Words("技术资料", "Technical paper"),
        "photograph": Words("照片", "Photograph"),
        "other": Words("其他", "Other"),
    }
)
SUBJECTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "case": Words("贷款案件", "Loan"),
        "asset": Words("知识产权", "Right"),
        "pledge": Words("质押登记", "Pledge"),
        "valuation": Words("评估报告", "Valuation"),
        "consignment": Words("委托", "Consignment"),
        "lot": Words("标的", "Lot"),
    }
)
