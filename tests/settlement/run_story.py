"""Plays a story step by step in a process of its own, which an armed failpoint kills.

Arguments: the story, the database, the lot's id, the instant, a file that says which step was begun last.
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from tests.settlement.owing_story import OwingStory
from tests.settlement.test_failpoints import Story

STORIES: dict[str, type[Story] | type[OwingStory]] = {"whole": Story, "owing": OwingStory}


def note(progress: Path, begun: str) -> None:
    """Write down what is begun."""
    progress.write_text(begun)


async def main(name: str, database_url: str, lot_id: str, at: str, progress: Path) -> None:
    """Each step in a transaction of its own."""
    story = STORIES[name](datetime.fromisoformat(at))
    story.lot_id = UUID(lot_id)
    conn = await asyncpg.connect(database_url)
    for place, step in enumerate(story.steps()):
        note(progress, f"{place} {story.case_id}")
        async with conn.transaction():
            await step(conn)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5], Path(sys.argv[5])))
