"""`python -m kuanxin.conversations`: who waits for a person, what was said, and the all-clear after an alert."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from kuanxin.bootstrap import services
from kuanxin.conversations.model import ConversationNotFound, ConversationsUnavailable
from kuanxin.conversations.replies import as_text
from kuanxin.conversations.review import Filters
from kuanxin.pseudonym import pseudonym
from kuanxin.settings import SettingsError

if TYPE_CHECKING:
    from kuanxin.bootstrap import Services

LOT = 500


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m kuanxin.conversations", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands.add_parser("waiting", help="everybody who waits for a person, the most urgent first")
    for name, text in {
        "show": "the transcript of a conversation",
        "reply": "answer in it as a colleague (the text from standard input)",
        "close": "a colleague is done: the assistant answers again",
        "clear-safety": "the danger is over: money may be talked about again",
    }.items():
        commands.add_parser(name, help=text).add_argument("conversation")
    finding = commands.add_parser("find", help="the conversation that logs and events call so, the newest first")
    finding.add_argument("conversation", metavar="PSEUDONYM")
    args = parser.parse_args(argv)
    try:
        COMMANDS[args.command](services(), getattr(args, "conversation", ""))
    except ConversationNotFound as error:
        print(f"There is no conversation {error}.", file=sys.stderr)
        return 1
    except (ConversationsUnavailable, SettingsError) as error:
        print(f"Not possible at the moment: {error}", file=sys.stderr)
        return 1
    return 0


def waiting(parts: Services, _: str) -> None:
    for handover in parts.conversations.waiting():
        since = f"{handover.waiting_since:%m-%d %H:%M}"
        print(f"{handover.urgency:7} {since}  {handover.conversation_id}  {handover.reason}  {handover.summary}")


def show(parts: Services, conversation_id: str) -> None:
    conversation = parts.conversations.get(conversation_id)
    state = [conversation.holder]
    state += ["safety hold"] * conversation.safety_hold + ["third party"] * conversation.third_party
    print(f"{conversation.id} ({conversation.channel}): {', '.join(state)}; in logs: {pseudonym(conversation.id)}")
    for entry in parts.conversations.transcript(conversation_id, limit=1000):
        text = as_text({"text": entry.text, "card": entry.card, "buttons": entry.buttons})
        print(f"{entry.at:%m-%d %H:%M} {entry.author:9} {text.replace(chr(10), chr(10) + ' ' * 22)}")


def find(parts: Services, wanted: str) -> None:
    page = parts.staff.page(Filters(), limit=LOT)
    while not (found := [row.id for row in page.rows if pseudonym(row.id) == wanted]):
        if page.following is None:
            raise ConversationNotFound(wanted)
        page = parts.staff.page(Filters(), page.following, LOT)
    print(found[0])


def reply(parts: Services, conversation_id: str) -> None:
    """Answering takes the conversation over: from now on the assistant is silent in it."""
    text = sys.stdin.read().strip()
    parts.conversations.take_over(conversation_id)
    if text:
        parts.conversations.record_replies(conversation_id, [{"text": text}], parts.clock.now(), author="staff")


def close(parts: Services, conversation_id: str) -> None:
    parts.conversations.give_back(conversation_id, parts.clock.now())


def clear_safety(parts: Services, conversation_id: str) -> None:
    parts.conversations.clear_safety_hold(conversation_id, parts.clock.now())


COMMANDS = {
    "waiting": waiting,
    "show": show,
    "find": find,
    "reply": reply,
    "close": close,
    "clear-safety": clear_safety,
}


if __name__ == "__main__":
    sys.exit(main())
