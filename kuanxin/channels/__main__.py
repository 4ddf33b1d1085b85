"""`python -m kuanxin.channels`: who is bound to which account, ending a binding, the WeChat account's menu."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from kuanxin.bootstrap import services
from kuanxin.channels.wechat.events import menu as wechat_menu
from kuanxin.gateways.calls import Unreachable
from kuanxin.gateways.wechat import WeChatRefused
from kuanxin.settings import SettingsError

if TYPE_CHECKING:
    from kuanxin.bootstrap import Services


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m kuanxin.channels", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    command = commands.add_parser("bindings", help="which borrowers are bound, since when and until when")
    command.add_argument("borrower", nargs="?", help="this borrower only")
    command = commands.add_parser("unbind", help="ends the bindings of a borrower at once")
    command.add_argument("borrower")
    command.add_argument("--channel", help="in this channel only: wechat, wecom, …")
    commands.add_parser("menu", help="sets up the menu of the WeChat Official Account")
    args = parser.parse_args(argv)
    try:
        return int(COMMANDS[args.command](services(), args))
    except (SettingsError, Unreachable, WeChatRefused) as error:
        print(f"Not possible: {error}", file=sys.stderr)
    except SQLAlchemyError as error:
        print(f"The database cannot be read at the moment ({type(error).__name__}).", file=sys.stderr)
    return 1


def bindings(parts: Services, args: argparse.Namespace) -> int:
    """The address itself is left out: nobody needs it, and it names a person."""
    for address, until in parts.addresses.bindings(args.borrower):
        print(f"{address.borrower_id:16} {address.channel:9} since {address.bound_at:%Y-%m-%d}  until {until:%Y-%m-%d}")
    return 0


def unbind(parts: Services, args: argparse.Namespace) -> int:
    ended = parts.addresses.release(args.borrower, args.channel)
    print(f"{ended} ended." if ended else f"{args.borrower} is not bound there; nothing was changed.")
    return 0 if ended else 1


def menu(parts: Services, args: argparse.Namespace) -> int:
    if not parts.settings.wechat_app_id:
        raise SettingsError("KUANXIN_WECHAT_APP_ID: missing, expected the account (docs/integration/wechat.md)")
    parts.official_account().post("menu/create", wechat_menu())
    print("The menu is set up; followers see it within some minutes.")
    return 0


COMMANDS = {"bindings": bindings, "unbind": unbind, "menu": menu}


if __name__ == "__main__":
    sys.exit(main())
