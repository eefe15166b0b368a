"""The portfolio workbook (资产包模板) as data: its sheets and columns, in order. Template and reader both follow it."""

from typing import Final

import msgspec
from openpyxl.utils import get_column_letter

from marketplace.assets.types import FACTS
from marketplace.imports.columns import YES_NO, Column, Kind, later
from marketplace.imports.particulars import COMMON, DETAILS

__all__ = [
    "INSTRUCTIONS_TITLE",
    "LAYOUT_VERSION",
    "LOANS",
    "PLEDGES",
    "RIGHTS",
    "SHEETS",
    "VALUATIONS",
    "YES_NO",
    "Column",
    "Kind",
    "Sheet",
]

LAYOUT_VERSION: Final = "2026-12"


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One sheet; its first row is the header, everything below is data."""

    title: str
    title_en: str
    columns: tuple[Column, ...]

    @property
    def first_columns(self) -> tuple[Column, ...]:
        """Those that every file has: the columns of the first layout."""
        return tuple(column for column in self.columns if not column.is_later)

    def columns_of(self, width: int) -> tuple[Column, ...]:
        """Those of a header of so many cells: a file of an earlier layout lacks the last of the later columns."""
        first = len(self.first_columns)
        return self.columns[:width] if first <= width < len(self.columns) else self.columns

    def address(self, row: int, key: str) -> str:
        """A cell as people name it: `贷款!C7`."""
        place = next(n for n, column in enumerate(self.columns, 1) if column.key == key)
        return f"{self.title}!{get_column_letter(place)}{row}"


def _text(key: str, zh: str, en: str) -> Column:
    return Column(key=key, title_zh=zh, title_en=en)


def _names(key: str, zh: str, en: str) -> Column:
    return Column(
        key=key,
        title_zh=zh,
        title_en=en,
        kind=Kind.LIST,
        is_required=False,
        length_max=30_000,
        note_zh="多个以；分隔；名称中有分隔符的，加双引号",
        note_en="parted by ; a name that holds a separator stands in double quotes",
    )


def _consents(key: str, zh: str, en: str) -> Column:
    return Column(
        key=key,
        title_zh=zh,
        title_en=en,
        kind=Kind.CONSENTS,
        choices=YES_NO,
        is_required=False,
        length_max=30_000,
        note_zh="一个答复适用于全部，或按顺序各一个，以；分隔",
        note_en="one word for all of them, or one each in their order, parted by ;",
    )


def _code(key: str, zh: str, en: str, *, required: bool = True) -> Column:
    return Column(key=key, title_zh=zh, title_en=en, kind=Kind.CREDIT_CODE, is_required=required)


def _amount(key: str, zh: str, en: str, *, required: bool = True, least_fen: int = 0) -> Column:
    return Column(
        key=key,
        title_zh=zh,
        title_en=en,
        kind=Kind.AMOUNT,
        is_required=required,
        least_fen=least_fen,
    )


def _key(key: str, zh: str, en: str, *, note: tuple[str, str] = ("", "")) -> Column:
    return Column(
        key=key, title_zh=zh, title_en=en, length_max=64, note_zh=note[0], note_en=note[1]
    )


def _day(key: str, zh: str, en: str, *, required: bool = True) -> Column:
    return Column(key=key, title_zh=zh, title_en=en, kind=Kind.DAY, is_required=required)


def _choice(
    key: str, zh: str, en: str, choices: dict[str, str], *, required: bool = True
) -> Column:
    return Column(
        key=key, title_zh=zh, title_en=en, kind=Kind.CHOICE, choices=choices, is_required=required
    )


def _choices(key: str, zh: str, en: str, choices: dict[str, str]) -> Column:
    return Column(
        key=key, title_zh=zh, title_en=en, kind=Kind.CHOICES, choices=choices, is_required=False
    )


LOANS: Final = Sheet(
    title="贷款",
    title_en="Loans",
    columns=(
        _key("contract_number", "合同编号", "Contract no."),
        _text("borrower_name", "借款人", "Borrower"),
        _code("borrower_code", "借款人统一社会信用代码", "Borrower's credit code"),
        _amount("loan_amount_fen", "贷款金额(元)", "Loan amount (CNY)", least_fen=1),
        _amount("principal_fen", "未偿本金(元)", "Principal left (CNY)"),
        _amount("interest_fen", "欠息(元)", "Interest (CNY)"),
        _amount("penalty_fen", "罚息(元)", "Penalty interest (CNY)", required=False),
        _day("granted_on", "发放日", "Granted on"),
        _day("due_on", "到期日", "Due on"),
        _day("defaulted_on", "违约日", "Defaulted on"),
        _day("demanded_on", "催收通知送达日", "Demand served on", required=False),
        _day("limitation_ends_on", "诉讼时效届满日", "Limitation ends on", required=False),
        _choice(
            "grade",
            "五级分类",
            "Five-class grade",
            {
                "normal": "正常",
                "special_mention": "关注",
                "substandard": "次级",
                "doubtful": "可疑",
                "loss": "损失",
            },
        ),
        _choices(
            "flags",
            "标志",
            "Flags",
            {
                "pledgor_bankrupt": "出质人破产或重整",
                "combined_collateral": "组合贷",
                "fund_enrolled": "已纳入风险补偿",
                "science_branch": "科技支行",
                "pledgor_dishonest": "失信被执行人",
                "pledgor_abnormal": "经营异常",
                "pledgor_revoked": "吊销营业执照",
                "counterparty_missing": "交易对手不存在",
            },
        ),
        Column(
            key="ip_part_bp",
            title_zh="知识产权质押占比(%)",
            title_en="Share secured by IP (%)",
            kind=Kind.PERCENT,
            is_required=False,
        ),
    ),
)

PLEDGES: Final = Sheet(
    title="质押",
    title_en="Pledges",
    columns=(
        _key(
            "contract_number",
            "合同编号",
            "Contract no.",
            note=("与“贷款”一致", "as in the loans sheet"),
        ),
        _key("registration_number", "质押登记号", "Registration no."),
        _day("registered_on", "登记日", "Registered on"),
        _text("pledgee_name", "质权人", "Pledgee"),
        _code("pledgee_code", "质权人统一社会信用代码", "Pledgee's credit code"),
        _text("pledgor_name", "出质人", "Pledgor"),
        _code("pledgor_code", "出质人统一社会信用代码", "Pledgor's credit code"),
        _amount("secured_amount_fen", "担保金额(元)", "Secured amount (CNY)", least_fen=1),
        _choice("is_maximum", "是否最高额质押", "Maximum pledge?", YES_NO),
        Column(
            key="assets",
            title_zh="质押知识产权编号",
            title_en="Numbers of the rights",
            kind=Kind.NUMBERS,
            note_zh="多个以；分隔，商标可写 注册号/类别",
            note_en="several parted by ; a mark may be written number/class",
        ),
        _names("joint_pledgees", "其他共同质权人", "Joint pledgees"),
        _consents("joint_consent", "共同质权人是否同意处置", "Joint consent?"),
        msgspec.structs.replace(
            later(
                "lead_share_bp",
                "本行份额(%)",
                "Lead's share (%)",
                Kind.PERCENT,
                note=("有共同质权人时填写", "with joint pledgees"),
            ),
            least_bp=1,
        ),
    ),
)

RIGHTS: Final = Sheet(
    title="知识产权",
    title_en="IP assets",
    columns=(
        _choice(
            "ip_type", "类型", "Type", {kind.value: facts.title_zh for kind, facts in FACTS.items()}
        ),
        _key("number", "编号", "Number", note=("专利号可带ZL", "patents with or without ZL")),
        Column(
            key="nice_class",
            title_zh="商标类别",
            title_en="Nice class",
            kind=Kind.NICE_CLASS,
            is_required=False,
        ),
        _text("title", "名称", "Title"),
        _text("owner_name", "登记权利人", "Registered owner"),
        _code("owner_code", "权利人统一社会信用代码", "Owner's credit code", required=False),
        _names("co_owners", "其他共有人", "Co-owners"),
        _consents("co_owner_consent", "共有人是否同意处置", "Co-owners' consent?"),
        _day("filed_on", "申请日", "Filed on", required=False),
        _day("granted_on", "授权(注册)日", "Granted on", required=False),
        _day("expires_on", "届满日", "Expires on", required=False),
        _choice(
            "legal_status",
            "法律状态",
            "Legal status",
            {
                "in_force": "有效",
                "pending": "审中",
                "lapsed": "终止",
                "invalidated": "无效",
                "revoked": "撤销",
                "expired": "届满",
            },
        ),
        _day("status_as_of", "状态查询日", "Status as of"),
        _text("status_source", "状态来源", "Source of status"),
        _day("fee_paid_to", "年费缴至", "Fees paid to", required=False),
        _choice(
            "has_evaluation_report", "有无评价报告", "Evaluation report?", YES_NO, required=False
        ),
        _choices(
            "flags",
            "标志",
            "Flags",
            {
                "preservation": "被保全",
                "ownership_suspended": "权属中止",
                "defence_patent": "国防专利",
                "secret_patent": "保密专利",
                "invalidation_pending": "无效审查中",
                "non_use_request": "被申请撤三",
                "litigation": "涉诉",
                "exclusive_licence": "独占或排他许可",
                "open_licence": "开放许可",
                "same_day_pair": "同日申请",
                "government_funded": "财政资助",
                "standard_essential": "标准必要",
                "state_owned": "国有权利人",
            },
        ),
        *COMMON,
        *DETAILS,
    ),
)

VALUATIONS: Final = Sheet(
    title="评估",
    title_en="Valuations",
    columns=(
        _key("report_number", "评估报告编号", "Report no."),
        Column(
            key="assets",
            title_zh="评估知识产权编号",
            title_en="Numbers of the rights",
            kind=Kind.NUMBERS,
            note_zh="多个以；分隔，为合并估值",
            note_en="several parted by ; are valued together",
        ),
        _choice(
            "kind",
            "评估类型",
            "Kind",
            {"internal": "银行内部评估", "negotiated": "银企协商", "external": "外部评估"},
        ),
        _choice(
            "method",
            "评估方法",
            "Method",
            {
                "income": "收益法",
                "market": "市场法",
                "cost": "成本法",
                "comprehensive": "综合指标法",
            },
        ),
        _text("valuer_name", "评估机构", "Valuer"),
        _day("base_on", "评估基准日", "Base date"),
        _amount("value_fen", "评估价值(元)", "Value (CNY)", least_fen=1),
        _day("valid_to", "有效期至", "Valid to"),
        later("valuer_licence", "评估机构备案编号", "Valuer's filing no.", length_max=100),
        later("is_filed", "是否国资备案", "Filed for state assets?", Kind.CHOICE, choices=YES_NO),
        later(
            "computation",
            "评估测算",
            "Computation",
            Kind.JSON,
            length_max=30_000,
            note=(
                "接口所用 JSON，须得出评估价值",
                "JSON as the API has it; it must give the value",
            ),
        ),
        later(
            "scores",
            "指标评分",
            "Indicator scores",
            Kind.JSON,
            length_max=30_000,
            note=(
                "接口所用 JSON：version、scene、scores",
                "JSON as the API has it: version, scene, scores",
            ),
        ),
    ),
)

SHEETS: Final = (LOANS, PLEDGES, RIGHTS, VALUATIONS)
INSTRUCTIONS_TITLE: Final = "说明"
