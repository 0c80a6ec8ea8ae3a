"""iicl-tui serve"""

from __future__ import annotations

import argparse
import asyncio
import sys
from urllib.parse import urlsplit

from iicl_tui.errors import LabError
from iicl_tui.text import printable

OPEN_WARNING = """Warning: everybody who can reach {host} can use the program, without a password, as a user of this machine.
Visitors get a folder of their own, but nothing keeps them from naming other files that you can read."""


def main(arguments: argparse.Namespace) -> int:
    """Serves the program to browsers until Ctrl+C."""
    try:
        from iicl_tui.web import server
    except ModuleNotFoundError as error:
        raise LabError(
            "Serving needs the extra `serve`", f"{error.name} is not installed.", "pip install 'iicl-tui[serve]'"
        ) from error
    if arguments.visitors < 1 or not 0 <= arguments.port <= 65535:
        raise LabError("--visitors is at least 1, and --port between 0 and 65535")
    if arguments.public_url is not None and urlsplit(arguments.public_url).scheme not in ("http", "https"):
        raise LabError("--public-url starts with http:// or https://")
    opened = () if arguments.lesson is None else ("learn", arguments.lesson)
    offer = server.Offer(arguments.host, arguments.port, arguments.public_url, opened, arguments.visitors, arguments.allow_keys)
    if arguments.host not in server.LOOPBACK:
        print(OPEN_WARNING.format(host=printable(arguments.host)), file=sys.stderr)
    if arguments.allow_keys:
        print("Warning: visitors' chains are paid with your provider keys.", file=sys.stderr)

    def ready(address: str) -> None:
        print(f"Serving at {printable(address)} for up to {arguments.visitors} visitors. Ctrl+C stops it.", flush=True)

    try:
        asyncio.run(server.serve(offer, ready))
    except OSError as error:
        raise LabError(
            f"Cannot serve at {arguments.host}, port {arguments.port}",
            f"{error.strerror or error}.",
            "Choose another --port or --host.",
        ) from error
    return 0
