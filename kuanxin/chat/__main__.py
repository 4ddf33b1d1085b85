"""`python -m kuanxin.chat`: talk to the running assistant as a demo borrower or as a visitor. Ctrl-D ends."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from rich.console import Console
from rich.table import Table

from kuanxin.bootstrap import services
from kuanxin.chat.client import ChatClient, Refusal, ServerDown, visitor_token, wait_until_ready
from kuanxin.chat.screen import show
from kuanxin.clock import ClockError
from kuanxin.conversations.choices import chosen
from kuanxin.demo import DemoBorrower, NoDemo, demo_borrowers, demo_token
from kuanxin.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS = 180
RECENT = 6
NOT_UP = "宽心还没有启动。请在另一个终端运行 [bold]make run[/]，等它说“已就绪”，再来 [bold]make chat[/]。"
BROKE_OFF = "连不上宽心了。请看看运行 [bold]make run[/] 的终端；它恢复后直接再发一次就行。"
VISITOR = "访客（不登录）"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m kuanxin.chat", description=__doc__)
    parser.add_argument("--url", help="where the assistant answers (default: KUANXIN_PUBLIC_URL)")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--borrower", metavar="ID", help="sign in as this demo borrower")
    who.add_argument("--visitor", action="store_true", help="do not sign in")
    args = parser.parse_args(argv)
    console = Console(highlight=False)
    try:
        url = (args.url or services().settings.public_url).rstrip("/")
        with console.status("等宽心准备好…"):
            if not wait_until_ready(url, START_SECONDS):
                console.print("宽心启动了，但一直没有准备好。运行 [bold]make run[/] 的终端里写着原因。")
                return 1
        read = _reader()
        return _talk(console, ChatClient(url, _who(console, read, url, args.borrower, args.visitor)), read)
    except ServerDown:
        console.print(NOT_UP)
        return 1
    except (NoDemo, SettingsError, ClockError, Refusal) as error:
        console.print(str(error), markup=False)
        return 1
    except (EOFError, KeyboardInterrupt):
        console.print("\n再见，照顾好自己。")
        return 0


def _reader() -> Callable[[str], str]:
    """Reads a line: with a line editor at a terminal, plainly from a pipe."""
    if sys.stdin.isatty():
        return PromptSession().prompt
    return input


def _who(
    console: Console, read: Callable[[str], str], url: str, borrower: str | None, visitor: bool
) -> Callable[[], str]:
    """How to get a token for whoever talks."""
    if not visitor and borrower is None:
        borrower = _choose(console, read)
    if borrower is None:
        return lambda: visitor_token(url)
    return lambda: demo_token(services(), borrower)


def _choose(console: Console, read: Callable[[str], str]) -> str | None:
    """The id of a demo borrower; None for a visitor."""
    borrowers = demo_borrowers(services())
    table = Table("", "演示用户", "情况", box=None, header_style="dim", padding=(0, 2, 0, 0))
    for number, person in enumerate(borrowers, 1):
        table.add_row(str(number), person.name, person.situation)
    table.add_row("0", VISITOR, "问一般问题，或用登录链接")
    console.print("以谁的身份聊？", style="bold")
    console.print(table)
    while True:
        answer = read("编号：").strip()
        if answer in {"0", "０", ""}:
            return None
        person = _named(answer, borrowers)
        if person:
            return person.id
        console.print(f"请输入 0 到 {len(borrowers)} 之间的编号。")


def _named(answer: str, borrowers: tuple[DemoBorrower, ...]) -> DemoBorrower | None:
    index = chosen(answer, len(borrowers))
    if index is not None:
        return borrowers[index]
    return next((person for person in borrowers if answer.lower() == person.id.lower()), None)


def _talk(console: Console, client: ChatClient, read: Callable[[str], str]) -> int:
    console.print("直接打字就行；有编号的可以输入编号。空行看有没有新消息，Ctrl-D 结束。", style="dim")
    buttons = show(console, client.recent(RECENT)["messages"])
    while True:
        said = read("您 ").strip()
        index = chosen(said, len(buttons))
        try:
            if not said:
                answer = client.news()
            elif index is not None:
                console.print(f"   → {buttons[index]['title']}", style="dim", markup=False)
                answer = client.press(buttons[index]["id"])
            else:
                answer = client.say(said)
        except ServerDown:
            console.print(BROKE_OFF)
            continue
        except Refusal as refusal:
            console.print(str(refusal), markup=False)
            continue
        buttons = show(console, answer["messages"]) or (buttons if not said else [])
        if said and not answer["messages"] and answer["holder"] == "human":
            console.print("（同事正在处理，消息已送达）", style="dim")


if __name__ == "__main__":
    sys.exit(main())
