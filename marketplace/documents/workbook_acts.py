"""What a workbook does or fetches when it is opened. Source: reliability T67; ECMA-376 part 2 (relationships).

Its parts may have any names; what one is to another is said by relationships, and by nothing else.
"""

import io
import zipfile
from typing import Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

#: Kinds of relationships, by the end of their type: other workbooks (and DDE), queries, files, controls, macros.
_ACTS: Final = frozenset(
    {
        "externalLink",
        "externalLinkPath",
        "connections",
        "queryTable",
        "oleObject",
        "package",
        "control",
        "activeXControlBinary",
        "ctrlProp",
        "vbaProject",
        "xlMacrosheet",
        "xlIntlMacrosheet",
        "attachedToolbars",
        "extensibility",
    }
)
#: A link that somebody has to press is a text.
_PRESSED: Final = "hyperlink"


def found_in(content: bytes) -> str | None:
    """The first kind of relationship by which a workbook acts or reaches out; None for one that only shows.

    `content` passed `imports.container.check_container`. What can't be read as relationships counts as acting.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if not name.lower().endswith(".rels"):
                continue
            try:
                relationships = fromstring(archive.read(name))
            except (ParseError, DefusedXmlException, ValueError):
                return name[:80]
            for one in relationships.iter():
                kind = one.get("Type", "").rpartition("/")[2]
                is_outside = one.get("TargetMode", "").lower() == "external"
                if kind in _ACTS or (is_outside and kind != _PRESSED):
                    return kind
    return None
