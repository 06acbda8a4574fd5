"""Serve the page: ``python -m app``, then open the address it prints."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.limits import CACHE_SECONDS, MAX_UPLOAD, MAX_WAITING
from motionbeat.command import EXIT_USER_ERROR, OneLineParser, print_error
from motionbeat.errors import UserError

if TYPE_CHECKING:
    import gradio as gr


def serve(page: gr.Blocks, host: str | None = None, port: int | None = None, blocking: bool = True) -> str:
    """Serve the page with limits and nothing but its own files; returns its address.

    Args:
        page: from :func:`app.page.build_page`.
        host: address to listen on; None is gradio's own choice, 127.0.0.1 unless GRADIO_SERVER_NAME is set.
        port: None is a free one.
        blocking: wait until interrupted; otherwise ``page.close()`` ends it.
    """
    from app.page import CSS, theme

    # One job at a time: a dance uses every core, and its timings are those of the whole process.
    _, address, _ = page.queue(max_size=MAX_WAITING, default_concurrency_limit=1).launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=not blocking,
        share=False,
        show_error=False,
        max_file_size=MAX_UPLOAD,
        allowed_paths=[],
        ssr_mode=False,
        run_history=False,
        # Gradio would give up if its own page took more than three seconds, as on a busy machine, or went to a proxy.
        _frontend=False,
        footer_links=["api", "gradio"],
        theme=theme(),
        css=CSS,
    )
    return str(address)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted, and load the models meanwhile; returns the exit status."""
    parser = OneLineParser(prog="python -m app", description="Serves the MotionBeat page.")
    parser.add_argument("--host", help="address to listen on (default: GRADIO_SERVER_NAME, else 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port (default: GRADIO_SERVER_PORT, else a free one from 7860 on)")
    parser.add_argument(
        "--model", type=Path, metavar="DIR", help="folder of dancegen.train (default: the shipped one)"
    )
    args = parser.parse_args(argv)

    print("Building the page ...", flush=True)
    from app.warm_up import read_everything, read_tracker
    from app.worker import EARS, WORKER

    # they get ready while the page is built
    EARS.start(read_tracker)
    WORKER.start(partial(read_everything, args.model))
    try:
        # a folder of its own, because old files in it are deleted whoever has made them
        parent = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="motionbeat-page-", dir=parent, ignore_cleanup_errors=True) as own:
            os.environ["GRADIO_TEMP_DIR"] = own
            return _serve_page(args)
    except OSError as error:
        print_error(UserError(f"no place for visitors' files: {error}. Set GRADIO_TEMP_DIR to a folder on a disk."))
        return EXIT_USER_ERROR
    finally:
        EARS.end()
        WORKER.end()


def _serve_page(args: argparse.Namespace) -> int:
    from app.page import build_page
    from app.tidy import keep_tidy, sweep

    began = time.time()
    # A container is stopped with SIGTERM: end as with Ctrl-C, which deletes the visitors' files.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        page = build_page(args.model)
        cache = Path(page.GRADIO_CACHE)
        # the example songs, and what else the page itself consists of
        own_files = {path for path in cache.rglob("*") if path.lstat().st_ctime >= began}
        keep_tidy(cache, CACHE_SECONDS, own_files)
        try:
            serve(page, host=args.host, port=args.port)
        finally:
            sweep(cache, 0.0, own_files)
    except (UserError, OSError) as error:  # OSError: the port is taken, or the address not this machine's
        print_error(error)
        return EXIT_USER_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main())
