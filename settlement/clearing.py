"""Clearing from files: documents in, clearings out, and nothing stored. Source: contracts 2.

The service layer clears step by step with the same functions: `open_claim` (steps 1 to 7), `start_book`,
`recover` (step 8, one event), `finish` (step 9), all in `settlement.rules`.
"""

from collections.abc import Sequence
from pathlib import Path

from kit.errors import InvalidInput
from settlement.rules.case import read_case
from settlement.rules.clearing import Clearing, clear
from settlement.rules.reading import escaped, read_json


def clear_document(document: bytes) -> Clearing:
    """Clears the case in a JSON document; raises `InvalidInput` that names the field."""
    return clear(read_case(read_json(document)))


def clear_files(paths: Sequence[str]) -> list[Clearing]:
    """Clears one case a file, in the order given; one bad file refuses them all.

    Raises `InvalidInput` that names the file and the field.
    """
    return [_clear_file(path) for path in paths]


def case_files(paths: Sequence[str]) -> list[str]:
    """The files that are meant: a directory stands for the `*.json` files in it, by name.

    Raises `InvalidInput` for a directory that holds none: nothing cleared is not all cleared.
    """
    files: list[str] = []
    for path in paths:
        if not _is_directory(path):
            files.append(path)
            continue
        found = sorted(str(file) for file in Path(path).glob("*.json"))
        if not found:
            raise InvalidInput(escaped(path), "holds no *.json file", "目录中没有 *.json 文件")
        files += found
    return files


def _is_directory(path: str) -> bool:
    try:
        # Path takes no name at all for the directory one stands in, which nobody named.
        return path != "" and Path(path).is_dir()
    except ValueError:
        return False  # a NUL in the name; reading it says so


def _clear_file(path: str) -> Clearing:
    name = escaped(path) or '""'
    try:
        return clear_document(Path(path).read_bytes())
    except InvalidInput as error:
        field = f"{name}: {error.field}"
        reason = error.message.removeprefix(f"{error.field}: ")
        reason_zh = error.message_zh.removeprefix(f"{error.field}：")
        raise InvalidInput(field, reason, reason_zh) from error
    except (OSError, ValueError) as error:
        # Path refuses a name with a NUL in it as a ValueError.
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(name, f"cannot be read: {reason}", f"无法读取：{reason}") from error
