"""What became of arrangements, noted beside the conversation in which they were agreed.

The loan book is the judge. It is noted in the transaction that appends to a loan, by each run of the planner (what
time and payments did), and when the desk shows it. A request stays one until its answer was told: `Staff.conclude`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from kuanxin.store.tables_conversations import agreements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection


def note_states(connection: Connection, states: Mapping[str, str]) -> int:
    """Writes the states, by arrangement, that are others than those noted; how many were."""
    if not states:
        return 0
    a = agreements.c
    noted = connection.execute(select(a.id, a.state).where(a.id.in_(list(states)), a.state != "requested")).all()
    changed = [row.id for row in noted if row.state != states[row.id]]
    for id in changed:
        connection.execute(update(agreements).where(a.id == id).values(state=states[id]))
    return len(changed)
