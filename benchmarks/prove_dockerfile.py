"""Build the Dockerfile and use the image as visitors do, where no Docker daemon is (as root).

    apt-get install --no-install-recommends debootstrap podman runc netavark iptables
    python benchmarks/prove_dockerfile.py

podman reads the same Dockerfile, and runc is the runtime of Docker too. The base image is made by debootstrap under
the name that the Dockerfile asks for: Debian bookworm with Debian's own Python 3.11, where the official image has one
built from source. ``--official-base`` pulls that one instead. What is shown, and fails the command otherwise:

1. the Dockerfile builds, and where the bytes of the image are;
2. ``run -p 7860:7860``: how long until the health check passes and the models are read, and the memory then; a dance
   of 5 s with its video, asked for over the port with gradio_client; it ends by itself when it is stopped;
3. the same with a read-only root, no capabilities and a network that leads nowhere but to this machine;
4. ``python -m dancegen.sample`` in the image, without any network, as a user that the image does not know.

The report is printed and written as JSON to ``--out``. Images and layers stay in ``--storage`` (some GB; a second run
builds only what changed); ``--forget`` removes them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from motionbeat.ffmpeg import ffmpeg_executable

ROOT = Path(__file__).resolve().parent.parent
IMAGE = "motionbeat-demo"
INTERNAL = "motionbeat-cut-off"
PORT = 7860
SONG = "assets/songs/demo_4-4.ogg"
STRANGER = 12345
"""A user id that no image knows."""
RUN_OPTIONS = ("--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096", "--health-interval=disable")
"""What podman does by itself needs CAP_SYS_RESOURCE for the first two and systemd, which repeats the check, for the
third; the check is run by hand here."""
WRITABLE = "find / -type d -writable -not -path '/proc/*' -not -path '/sys/*' 2>/dev/null | grep -v '^/tmp/'; true"
"""Prints the folders that the user of a container may write to."""
KILLED = 137
"""Exit status of a container that had to be killed."""
BASE_PACKAGES = ("ca-certificates", "python3", "python3-pip", "python3-venv")
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Podman:
    """podman with a storage of its own."""

    storage: Path

    def start(self, *arguments: str) -> list[str]:
        """The argument list of a podman command."""
        places = ["--root", str(self.storage / "images"), "--runroot", str(self.storage / "state")]
        # cgroupfs and file: neither asks for systemd
        places += ["--network-config-dir", str(self.storage / "networks")]
        return ["podman", *places, "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "file",
            "--network-backend", "netavark", *arguments]  # fmt: skip

    def __call__(self, *arguments: str) -> str:
        """Run a podman command and return what it printed.

        Raises:
            SystemExit: it failed; its own words are on standard error.
        """
        done = subprocess.run(self.start(*arguments), stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"error: podman {arguments[0]} failed with status {done.returncode}")
        return done.stdout.strip()

    def run(self, *options: str, command: tuple[str, ...] = ()) -> str:
        """``podman run`` of the image with these options; what it printed."""
        # set where others compute too: threads that wait for each other by spinning make no headway there
        threads = ["--env=OMP_NUM_THREADS"] if "OMP_NUM_THREADS" in os.environ else []
        return self("run", "--pull=never", *RUN_OPTIONS, *threads, *options, IMAGE, *command)


def base_names(dockerfile: str) -> list[str]:
    """Images that the stages of a Dockerfile begin with, stages before it left out, each once."""
    stages = re.findall(r"^FROM\s+(\S+)(?:\s+AS\s+(\S+))?", dockerfile, flags=re.MULTILINE | re.IGNORECASE)
    own = {name for _, name in stages if name}
    return list(dict.fromkeys(base for base, _ in stages if base not in own))


def make_base(podman: Podman, name: str) -> None:
    """Debian's smallest system with its Python as ``python``, under the name of the official image."""
    system = podman.storage / "debian"
    shutil.rmtree(system, ignore_errors=True)
    packages = f"--include={','.join(BASE_PACKAGES)}"
    subprocess.run(
        ["debootstrap", "--variant=minbase", packages, "bookworm", str(system)], check=True, stdout=sys.stderr
    )
    for command in ("python", "pip"):
        (system / "usr/local/bin" / command).symlink_to(f"/usr/bin/{command}3")
    shutil.rmtree(system / "var/cache/apt")
    archive = podman.storage / "debian.tar"
    subprocess.run(["tar", "--create", f"--file={archive}", f"--directory={system}", "."], check=True)
    podman("import", "--quiet", str(archive), f"docker.io/library/{name}")
    shutil.rmtree(system)
    archive.unlink()


def build(podman: Podman, context: Path, official_base: bool, options: list[str]) -> float:
    """Build the image; returns the wall seconds."""
    if not official_base:
        for name in base_names((context / "Dockerfile").read_text()):
            if subprocess.run(podman.start("image", "exists", f"docker.io/library/{name}")).returncode:
                make_base(podman, name)
    begun = time.monotonic()
    pull = "--pull=missing" if official_base else "--pull=never"
    command = podman.start("build", pull, "--isolation=chroot", "--format=docker", "--layers", f"--tag={IMAGE}")
    if subprocess.run([*command, *options, str(context)], stdout=sys.stderr).returncode:
        raise SystemExit("error: the Dockerfile does not build; podman's own words are above")
    return time.monotonic() - begun


def sizes(podman: Podman) -> dict[str, Any]:
    """Megabytes of the image, of each of its layers (newest first) and of the largest packages."""
    layers = {}
    for layer in json.loads(podman("history", "--format=json", "--no-trunc", IMAGE)):
        if layer["size"] > MEGABYTE / 10:
            # podman does not say what a COPY copied
            made_by = layer["CreatedBy"].removeprefix("/bin/sh -c #(nop) ")[:40]
            layers[made_by] = round(layer["size"] / MEGABYTE, 1)
    places = ["/opt/venv", "/opt/bytecode", "/opt/motionbeat"]
    lines = podman.run("--rm", "--network=none", command=("du", "--bytes", "--summarize", *places)).splitlines()
    copied = {place: round(int(size) / MEGABYTE, 1) for size, place in (line.split("\t") for line in lines)}
    listing = "cd /opt/venv/lib/python3*/site-packages && du --bytes --summarize * | sort --numeric-sort --reverse"
    lines = podman.run("--rm", "--network=none", command=("sh", "-c", listing)).splitlines()
    packages = {name: round(int(size) / MEGABYTE, 1) for size, name in (line.split("\t") for line in lines[:15])}
    total = json.loads(podman("image", "inspect", IMAGE))[0]["Size"]
    return {"image_mb": round(total / MEGABYTE), "layers_mb": layers, "copied_mb": copied, "packages_mb": packages}


class Container:
    """The page in a container; removed at the end of its ``with`` block."""

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        self.podman("rm", "--force", "--time=0", self.name)

    def __init__(self, podman: Podman, *options: str) -> None:
        self.podman = podman
        self.begun = time.monotonic()
        self.name = podman.run("--detach", *options)
        self.pid = int(podman("inspect", "--format={{.State.Pid}}", self.name))

    def seconds_until_healthy(self, limit_s: float = 600.0) -> float:
        """Wall seconds from ``run`` until the image's own health check passes."""
        check = self.podman.start("healthcheck", "run", self.name)
        while subprocess.run(check, capture_output=True).returncode:
            if not psutil.pid_exists(self.pid) or time.monotonic() > self.begun + limit_s:
                self.podman("logs", self.name)
                raise SystemExit(f"error: ended, or not healthy within {limit_s:g} s; what it printed is above")
            time.sleep(0.2)
        return time.monotonic() - self.begun

    def processes(self) -> list[psutil.Process]:
        """The container's first process and all that it started."""
        first = psutil.Process(self.pid)
        return [first, *first.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """What it has computed so far: all threads, and the processes that have ended too."""
        return sum(sum(process.cpu_times()[:4]) for process in self.processes())

    def seconds_until_idle(self, limit_s: float = 1800.0) -> float:
        """Wall seconds from ``run`` until it has computed next to nothing for 5 s: the models are read."""
        while time.monotonic() < self.begun + limit_s:
            before = self.cpu_seconds()
            time.sleep(5)
            if self.cpu_seconds() < before + 0.2:
                return time.monotonic() - self.begun - 5
        raise SystemExit(f"error: still computing after {limit_s:g} s without a visitor")

    def memory_mb(self) -> dict[str, int]:
        """Memory of its processes now, pages that they share counted once, and the largest one's peak so far."""
        peaks = []
        for process in self.processes():
            status = Path(f"/proc/{process.pid}/status").read_text()
            peaks += [int(kilobytes) / 1e3 for kilobytes in re.findall(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)]
        now = sum(process.memory_full_info().pss for process in self.processes())
        return {"now": round(now / MEGABYTE), "peak_of_the_largest": round(max(peaks))}

    def dance(self, address: str) -> dict[str, Any]:
        """Ask the page at this address for 5 s of dance, as a program elsewhere would."""
        from gradio_client import Client, handle_file

        with tempfile.TemporaryDirectory() as folder:
            client = Client(address, verbose=False, download_files=folder)
            begun = time.monotonic()
            video, motion, report = client.predict(
                song=handle_file(str(ROOT / SONG)), seconds=5, seed=7, api_name="/dance"
            )
            wall = time.monotonic() - begun
            return {
                "wall_s": round(wall, 1),
                "beat_lock": report["metrics"]["beat_lock"]["value"],
                "motion_kb": round(Path(motion).stat().st_size / 1e3),
                "video": described(Path(video["video"] if isinstance(video, dict) else video)),
            }

    def stop(self) -> dict[str, Any]:
        """Ask it to end as ``docker stop`` does; wall seconds, exit status and all that it has printed.

        Raises:
            SystemExit: it did not end by itself and was killed.
        """
        begun = time.monotonic()
        self.podman("stop", "--time=60", self.name)
        wall = time.monotonic() - begun
        status = int(self.podman("inspect", "--format={{.State.ExitCode}}", self.name))
        if status == KILLED:
            raise SystemExit("error: the page went on for a minute after it was asked to end")
        printed = subprocess.run(self.podman.start("logs", self.name), capture_output=True, text=True)
        lines = (printed.stdout + printed.stderr).splitlines()
        return {"wall_s": round(wall, 1), "exit_status": status, "printed": lines}


def described(video: Path) -> str:
    """What ffmpeg finds in a video: its length, its streams and that every frame decodes.

    Raises:
        SystemExit: it does not decode, or has no picture or no sound.
    """
    command = [ffmpeg_executable(), "-nostdin", "-hide_banner", "-xerror", "-i", str(video), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = re.findall(r"(Duration: [\d:.]+|Stream #0:\d.*?: (?:Video|Audio): \w+)", done.stderr)[:3]
    if done.returncode or len(lines) < 3:
        raise SystemExit(f"error: {video} is no video with sound: {done.stderr}")
    return "; ".join(line.strip() for line in lines) + f"; {video.stat().st_size / 1e3:.0f} kB"


def page_on_a_port(podman: Podman) -> dict[str, Any]:
    """The documented command: ``docker run --rm -p 7860:7860 motionbeat-demo``."""
    with Container(podman, f"--publish={PORT}:{PORT}") as container:
        shown: dict[str, Any] = {"healthy_after_s": round(container.seconds_until_healthy(), 1)}
        shown["models_read_after_s"] = round(container.seconds_until_idle(), 1)
        shown["cpu_s_until_then"] = round(container.cpu_seconds(), 1)
        shown["memory_mb_when_read"] = container.memory_mb()
        print(f"the page before its first visitor: {shown}", file=sys.stderr)
        shown["dance"] = container.dance(f"http://127.0.0.1:{PORT}")
        shown["memory_mb_after_a_dance"] = container.memory_mb()
        return shown | {"stop": container.stop()}


def page_cut_off(podman: Podman) -> dict[str, Any]:
    """The page where nothing may be written but /tmp, and no address but this machine's can be reached."""
    if subprocess.run(podman.start("network", "exists", INTERNAL)).returncode:
        podman("network", "create", "--internal", INTERNAL)
    options = ("--read-only", "--tmpfs=/tmp", "--cap-drop=all", "--security-opt=no-new-privileges")
    with Container(podman, f"--network={INTERNAL}", *options) as container:
        inside = podman.start("exec", container.name)
        look = "from urllib.request import urlopen; urlopen('http://192.0.2.1', timeout=5)"
        looked = subprocess.run([*inside, "python", "-c", look], capture_output=True, text=True)
        if not looked.returncode or "unreachable" not in looked.stderr:
            raise SystemExit(f"error: the network of the cut-off container leads somewhere: {looked.stderr}")
        form = f'{{{{(index .NetworkSettings.Networks "{INTERNAL}").IPAddress}}}}'
        address = podman("inspect", f"--format={form}", container.name)
        return {
            "who": podman("exec", container.name, "id"),
            "may_write_to": podman("exec", container.name, "sh", "-c", WRITABLE).splitlines(),
            "outside": looked.stderr.splitlines()[-1],
            "healthy_after_s": round(container.seconds_until_healthy(), 1),
            "dance": container.dance(f"http://{address}:{PORT}"),
            "in_tmp_mb": int(
                podman("exec", container.name, "du", "--summarize", "--block-size=1M", "/tmp").split()[0]
            ),
            "stop": container.stop(),
        }


def sample_on_the_command_line(podman: Podman) -> dict[str, Any]:
    """A song of the user's folder to a video in that folder, under the user's own number."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ROOT / SONG, folder / "song.ogg")
        for each in (folder, folder / "song.ogg"):
            os.chown(each, STRANGER, STRANGER)
        begun = time.monotonic()
        printed = podman.run(
            "--rm", "--network=none", "--read-only", "--tmpfs=/tmp", f"--user={STRANGER}", f"--volume={folder}:/songs",
            "--workdir=/songs", command=("python", "-m", "dancegen.sample", "--audio", "song.ogg", "--duration", "5"),
        )  # fmt: skip
        timing = json.loads((folder / "out" / "song.json").read_text())["timing"]
        return {
            "wall_s": round(time.monotonic() - begun, 1),
            "stages_cpu_s": {name: stage["cpu_s"] for name, stage in timing["stages"].items()},
            "printed": printed.splitlines()[-1:],
            "files": sorted(path.name for path in (folder / "out").iterdir()),
            "video": described(folder / "out" / "song.mp4"),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Prove the Dockerfile without a Docker daemon (as root).")
    parser.add_argument(
        "--context", type=Path, default=ROOT, help="folder with Dockerfile and code (default: this checkout)"
    )
    parser.add_argument("--storage", type=Path, default=ROOT / "build" / "docker", help="where images are kept")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "docker.json")
    parser.add_argument("--forget", action="store_true", help="remove all images in --storage at the end")
    parser.add_argument("--official-base", action="store_true", help="pull the base image instead of making one")
    parser.add_argument("--build-option", action="append", default=[], metavar="OPTION",
        help="for podman build, once for each: --build-option=--secret=id=pip_config,src=/etc/pip.conf")  # fmt: skip
    args = parser.parse_args()
    if os.geteuid():
        raise SystemExit("error: this needs root: it makes a root file system and network interfaces")
    missing = [tool for tool in ("debootstrap", "podman", "runc", "iptables") if not shutil.which(tool)]
    if missing:
        raise SystemExit(f"error: not found: {', '.join(missing)}; the packages are named in this file's first lines")
    args.storage.mkdir(parents=True, exist_ok=True)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    podman = Podman(args.storage.resolve())
    report: dict[str, Any] = {"build_s": round(build(podman, args.context, args.official_base, args.build_option))}
    for show in (sizes, page_on_a_port, page_cut_off, sample_on_the_command_line):
        report[show.__name__] = show(podman)
        print(json.dumps({show.__name__: report[show.__name__]}, indent=2), flush=True)
    args.out.write_text(json.dumps(report, indent=2) + "\n")
    if args.forget:
        podman("network", "rm", INTERNAL)
        podman("rmi", "--all", "--force")
        shutil.rmtree(args.storage)


if __name__ == "__main__":
    main()
