"""The columns of what each type of right has besides what all have: every field of `assets.details`, by family.

A column's key is its family and field (`patent.ipc`); its title says the family, so that no two columns are headed
alike. Source: domain 3.1, 3.8.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marketplace.imports.columns import YES_NO, Column, Kind, later

_LONG: Final = 30_000
_SEVERAL: Final = ("多个以；分隔", "parted by ;")

FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "patent": "专利",
        "mark": "商标",
        "copyright": "著作权",
        "layout": "布图",
        "variety": "品种",
        "data": "数据",
        "secret": "秘密",
        "receivable": "应收账款",
        "indication": "地理标志",
    }
)


def _of(
    family: str,
    field: str,
    title_zh: str,
    title_en: str,
    kind: Kind = Kind.TEXT,
    *,
    choices: dict[str, str] | None = None,
    length_max: int = 200,
    note: tuple[str, str] = ("", ""),
) -> Column:
    return later(
        f"{family}.{field}",
        f"{FAMILIES[family]}·{title_zh}",
        f"{family}: {title_en}",
        kind,
        choices=choices,
        length_max=length_max,
        note=note,
    )


def _list(
    family: str, field: str, title_zh: str, title_en: str, note: tuple[str, str] = _SEVERAL
) -> Column:
    return _of(family, field, title_zh, title_en, Kind.LIST, length_max=_LONG, note=note)


def _yes_no(family: str, field: str, title_zh: str, title_en: str) -> Column:
    return _of(family, field, title_zh, title_en, Kind.CHOICE, choices=YES_NO)


def _day(family: str, field: str, title_zh: str, title_en: str) -> Column:
    return _of(family, field, title_zh, title_en, Kind.DAY)


def _short(family: str, field: str, title_zh: str, title_en: str) -> Column:
    return _of(family, field, title_zh, title_en, Kind.PARAGRAPH, length_max=500)


#: What people find out about a right of any type: grade, class, place.
COMMON: Final = (
    later(
        "grade",
        "目录等级",
        "Catalogue grade",
        Kind.CHOICE,
        choices={"a": "A级", "b": "B级", "c": "C级", "d": "D级"},
    ),
    later(
        "region",
        "地区代码",
        "Region code",
        note=("GB/T 2260 六位数字，如 420100", "six digits of GB/T 2260, such as 420100"),
    ),
    later(
        "industry",
        "行业代码",
        "Industry code",
        note=("GB/T 4754 门类字母与数字，如 C35", "letter and digits of GB/T 4754, such as C35"),
    ),
    later(
        "export_class",
        "出口类别",
        "Export class",
        Kind.CHOICE,
        choices={
            "free": "自由出口",
            "restricted": "限制出口",
            "prohibited": "禁止出口",
            "no_technology": "不含技术",
        },
    ),
)
DETAILS: Final = (
    _list(
        "patent",
        "ipc",
        "IPC分类号",
        "IPC",
        ("如 G06F16/00；多个以；分隔", "such as G06F16/00, parted by ;"),
    ),
    _list("patent", "inventors", "发明人", "inventors"),
    _of("patent", "claims", "权利要求项数", "claims", Kind.INTEGER, note=("1至5000", "1 to 5000")),
    _day("patent", "priority_on", "优先权日", "priority date"),
    _list("patent", "family", "同族", "family"),
    _yes_no("patent", "has_service_inventors", "是否职务发明", "service invention?"),
    _of(
        "patent",
        "evaluation_report_number",
        "评价报告编号",
        "evaluation report no.",
        length_max=64,
    ),
    _short("mark", "specimen", "图样", "specimen"),
    _list(
        "mark",
        "goods",
        "商品类似群",
        "groups of goods",
        ("四位数字，如 0901；多个以；分隔", "four digits such as 0901, parted by ;"),
    ),
    _list("mark", "similar_marks", "相同近似商标", "similar marks"),
    _day("mark", "used_last_on", "最近使用日", "last used on"),
    _short("mark", "rules_of_use", "使用管理规则", "rules of use"),
    _of("copyright", "author", "作者", "author"),
    _day("copyright", "completed_on", "完成日", "completed on"),
    _day("copyright", "published_on", "发表日", "published on"),
    _yes_no("copyright", "moral_rights_in_scope", "是否含人身权", "moral rights included?"),
    _of(
        "copyright",
        "components",
        "第三方组件",
        "components",
        Kind.PARTS,
        length_max=_LONG,
        note=(
            "每个写作 名称|许可证|是否可转让（是或否，可空），以；分隔",
            "each as name|licence|may be sold on (是 or 否, or nothing), parted by ;",
        ),
    ),
    _day("layout", "created_on", "创作完成日", "created on"),
    _day("layout", "first_exploited_on", "首次商业利用日", "first exploited on"),
    _of("variety", "species", "种属", "species"),
    _yes_no("variety", "is_woody", "是否木本或藤本", "woody or vine?"),
    _yes_no("variety", "has_material", "有无繁殖材料", "propagating material?"),
    _of("data", "registry", "登记机构", "registry"),
    _yes_no("data", "is_source_lawful", "来源是否合法", "lawful source?"),
    _of(
        "data",
        "personal_data",
        "个人信息",
        "personal data",
        Kind.CHOICE,
        choices={"none": "不含", "anonymised": "已匿名化", "consented": "已取得同意"},
    ),
    _of(
        "data",
        "security_class",
        "安全分级",
        "security class",
        Kind.CHOICE,
        choices={"general": "一般数据", "important": "重要数据", "core": "核心数据"},
    ),
    _short("data", "delivery", "交付方式", "delivery"),
    _short("secret", "measures", "保密措施", "measures"),
    _of(
        "secret", "knowers", "知悉人数", "knowers", Kind.INTEGER, note=("1至100000", "1 to 100000")
    ),
    _of("receivable", "contract_number", "许可合同编号", "contract no.", length_max=64),
    _of("receivable", "debtor_name", "债务人", "debtor"),
    _of("receivable", "outstanding_fen", "未收金额(元)", "outstanding (CNY)", Kind.AMOUNT),
    _day("receivable", "last_due_on", "最后到期日", "last due on"),
    _of("indication", "product", "产品", "product"),
    _short("indication", "area", "产地范围", "area"),
    _short("indication", "announcement", "保护公告", "announcement"),
)
