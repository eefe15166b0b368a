"""Field types of the API's structs: each says its unit and bounds once, in the schema and at the decoder."""

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from kit.money import BP_ONE, FEN_MAX

#: An instant as RFC 3339 with a zone; answers are in UTC (`Z`).
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
#: Money: whole fen, nothing or more.
Fen: TypeAlias = Annotated[
    int, msgspec.Meta(ge=0, le=FEN_MAX, description="fen (1 CNY = 100 fen) 分")
]
#: Money that is not nothing.
PositiveFen: TypeAlias = Annotated[
    int, msgspec.Meta(ge=1, le=FEN_MAX, description="fen (1 CNY = 100 fen) 分")
]
#: A share of one: whole basis points.
Bp: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=BP_ONE, description="basis points 基点")]
#: A bank's own reference of a credit or debit, as it stands on its paper: printable ASCII and Chinese characters, no
#: blanks around it. Two that look alike are one: nothing unseen and no full-width letters make another of it.
BankReference: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=140,
        pattern=r"^[!-~一-鿿]+( +[!-~一-鿿]+)*\Z",
        description="printable ASCII and Chinese, no blanks around it 可见半角字符与汉字，首尾无空格",
    ),
]
#: A name or title.
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
#: Prose.
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=10_000)]
#: Why something was decided, in a sentence.
Reason: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
