"""Serve the page: ``python -m app``, then open the address it prints."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.limits import MAX_UPLOAD, MAX_WAITING
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
        footer_links=["api", "gradio"],
        theme=theme(),
        css=CSS,
    )
    return str(address)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted, and load the models meanwhile; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m app", description="Serves the MotionBeat page.")
    parser.add_argument("--host", help="address to listen on (default: GRADIO_SERVER_NAME, else 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port (default: GRADIO_SERVER_PORT, else a free one from 7860 on)")
    args = parser.parse_args(argv)

    print("Building the page ...", flush=True)
    from app.page import build_page
    from app.warm_up import warm_up

    try:
        page = build_page()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # A container is stopped with SIGTERM: end as with Ctrl-C, which deletes the visitors' files.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warm_up()
    serve(page, host=args.host, port=args.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
