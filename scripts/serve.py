"""Serve the rendered book at the loopback address, compressed as any web server would.

python scripts/serve.py [PORT]    8000 unless said otherwise; 0 takes a free one
"""

import asyncio
import sys
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, StaticFileHandler

HTML = Path(__file__).parents[1] / "_build" / "html"


def start(port: int = 0, folder: Path = HTML) -> int:
    """Serve `folder` from the running event loop; the port."""
    pages = {"path": folder, "default_filename": "index.html"}
    book = Application([("/(.*)", StaticFileHandler, pages)], compress_response=True)
    sockets = bind_sockets(port, "127.0.0.1")
    HTTPServer(book).add_sockets(sockets)
    return sockets[0].getsockname()[1]


async def main() -> None:
    port = start(int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
    print(f"The book is at http://127.0.0.1:{port}/ (Ctrl-C ends it)", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
