"""Who may be signed in as after the demo: a file with their names and passwords, for this machine's owner alone."""

from pathlib import Path

from marketplace.demo.cast import HOUSES
from marketplace.demo.run import Run
from marketplace.pages import vocabulary


def write_people(folder: Path, run: Run) -> Path:
    """`people.txt` in the demo's folder, readable by its owner alone; a line a person."""
    lines = [
        "sign in at /sign-in 登录 | password 密码 | who 人员 | role 角色 | organisation 机构",
        *(
            f"{username} | {run.password(username)} | {name} | {_roles(roles)} | {house.name}"
            for house in HOUSES.values()
            for username, name, roles in house.people
        ),
    ]
    file = folder / "people.txt"
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _roles(roles: tuple[str, ...]) -> str:
    named = [vocabulary.of(vocabulary.ROLES, role) for role in roles]
    return ", ".join(f"{role.zh} {role.en}" for role in named)
