"""Many visitors at once, and many one after another: who is served, what is said to the others, what is left behind.

``python benchmarks/visitors.py`` starts ``python -m app`` with folders of its own, lets VISITORS programs ask for a
short dance at once, then asks for RUNS more in turn, and prints JSON. Memory is the proportional set size (PSS) of the
server and all its processes (elsewhere than on Linux the resident size), disk what lies in its folder for temporary
files and in Gradio's cache. The cache is emptied by age only (app.limits.CACHE_SECONDS), so it grows with each dance;
``work_files`` must be 0 between dances.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from gradio_client import Client, handle_file

from motionbeat.assets import asset_path

START_S = 900.0
POLL_S = 0.25
PATIENCE_S = 120.0
"""With one answer of the server, seconds; the client's own few seconds are too short for a busy machine."""


@dataclass(frozen=True)
class Visit:
    """What one visitor met: ``outcome`` is 'served' or what they were told; ``place`` the worst place in the queue."""

    outcome: str
    wall_s: float
    place: int | None


def visit(address: str, asked: dict[str, Any], seed: int) -> Visit:
    """One visitor with a session and a seed of their own: the cache keeps equal files once."""
    with tempfile.TemporaryDirectory() as folder:
        client = Client(address, verbose=False, download_files=folder, httpx_kwargs={"timeout": PATIENCE_S})
        began = time.perf_counter()
        place = None
        try:
            job = client.submit(**asked, seed=seed, api_name="/dance")
            while not job.done():
                rank = job.status().rank
                place = rank if place is None else max(place, rank or 0)
                time.sleep(POLL_S)
            video, motion, report = job.result()
            assert Path(motion).stat().st_size > 0 and report["duration_s"] > 0, video
            outcome = "served"
        except Exception as error:
            outcome = f"{type(error).__name__}: {error}"
        wall_s = time.perf_counter() - began
        client.close()
    return Visit(outcome, round(wall_s, 1), place)


def weighed(server: psutil.Process, folders: dict[str, Path]) -> dict[str, float]:
    """Megabytes and files of the server."""
    processes = [server, *server.children(recursive=True)]
    sizes = [process.memory_full_info() for process in processes]
    found: dict[str, float] = {
        "processes": len(processes),
        "memory_mb": round(sum(getattr(size, "pss", size.rss) for size in sizes) / 1e6, 1),
        "server_mb": round(getattr(sizes[0], "pss", sizes[0].rss) / 1e6, 1),
    }
    for name, folder in folders.items():
        # the sockets of multiprocessing are not left by a dance
        files = [path for path in folder.rglob("*") if path.is_file()]
        found[f"{name}_files"] = len(files)
        found[f"{name}_mb"] = round(sum(path.stat().st_size for path in files) / 1e6, 1)
    return found


def start(folder: Path, model: Path | None) -> tuple[subprocess.Popen[bytes], str, dict[str, Path]]:
    """The server, its address, and its folders."""
    folders = {"work": folder / "work", "cache": folder / "cache"}
    for each in folders.values():
        each.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"TMPDIR": str(folders["work"]), "GRADIO_TEMP_DIR": str(folders["cache"])}
    command = [sys.executable, "-m", "app", "--host", "127.0.0.1", "--port", str(port)]
    command += [] if model is None else ["--model", str(model)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/"
    until = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(address, timeout=30)
            return server, address, folders
        except OSError:
            if server.poll() is not None or time.monotonic() > until:
                raise SystemExit("error: the server has not started; its standard error says why") from None
            time.sleep(POLL_S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=20, help="at once (20)")
    parser.add_argument("--runs", type=int, default=50, help="one after another (50)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each dance (5)")
    parser.add_argument("--steps", type=int, default=4, help="of denoising (4)")
    parser.add_argument("--model", type=Path, help="folder of dancegen.train (default: the shipped one)")
    args = parser.parse_args()
    song = asset_path("songs", "demo_4-4.ogg")
    asked = {"song": handle_file(str(song)), "seconds": args.seconds, "steps": args.steps, "renderer": "skeleton"}
    with tempfile.TemporaryDirectory() as folder:
        process, address, folders = start(Path(folder), args.model)
        server = psutil.Process(process.pid)
        try:
            first = visit(address, asked, 0)  # reads the models
            fresh = weighed(server, folders)
            began = time.perf_counter()
            with ThreadPoolExecutor(args.visitors) as pool:
                together = list(pool.map(lambda seed: visit(address, asked, seed), range(args.visitors)))
            wall_s = time.perf_counter() - began
            after_visitors = weighed(server, folders)
            weights, runs = [], []
            for number in range(args.runs):
                runs.append(visit(address, asked, args.visitors + number))
                weights.append(weighed(server, folders))
            ended = time.perf_counter()
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            ended = time.perf_counter() - ended
            left = {name: sum(path.is_file() for path in place.rglob("*")) for name, place in folders.items()}
        finally:
            process.kill()
    memory = np.array([weight["memory_mb"] for weight in weights])
    found = {
        "song_seconds": args.seconds,
        "first_visit": first.__dict__,
        "at_once": {
            "visitors": args.visitors,
            "outcomes": Counter(each.outcome for each in together),
            "wall_s": round(wall_s, 1),
            "wait_s_of_the_served": sorted(each.wall_s for each in together if each.outcome == "served"),
            "worst_place": max((each.place or 0 for each in together), default=0),
        },
        "one_after_another": {
            "runs": args.runs,
            "outcomes": Counter(each.outcome for each in runs),
            "wall_s_median": float(np.median([each.wall_s for each in runs])) if runs else None,
            # of the second half, where everything that is kept once is there
            "memory_mb_a_run": round(
                float(np.polyfit(np.arange(len(memory) // 2), memory[-(len(memory) // 2) :], 1)[0]), 3
            )
            if len(memory) >= 4
            else None,
        },
        "weight": {"fresh": fresh, "after_visitors": after_visitors, "after_runs": weights[-1] if weights else None},
        "end": {"wall_s": round(ended, 1), "files_left": left},
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
