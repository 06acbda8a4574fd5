"""Dockerfile and .dockerignore, read without Docker: what goes into the image, and how it is started and asked."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PORT = "7860"


class Step(NamedTuple):
    """One instruction: its word in capitals, its flags (``--from=x``) and the rest of it."""

    word: str
    flags: dict[str, str]
    rest: str


def read_dockerfile(text: str) -> list[Step]:
    """The instructions of a Dockerfile, continued lines joined and comments dropped."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    steps = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if line.strip():
            word, rest = line.split(maxsplit=1)
            flags = {}
            while match := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
                flags[match[1]] = match[2]
                rest = rest[match.end() :]
            steps.append(Step(word.upper(), flags, rest))
    return steps


def stages(steps: list[Step]) -> list[list[Step]]:
    """The instructions by stage, each beginning with its FROM."""
    starts = [index for index, step in enumerate(steps) if step.word == "FROM"]
    return [steps[a:b] for a, b in zip(starts, [*starts[1:], len(steps)], strict=True)]


def goes_in(path: str) -> bool:
    """Whether .dockerignore lets a file into the build: the last pattern that fits it or a parent decides."""
    parts = path.split("/")
    itself_and_parents = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    kept = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip().removeprefix("!")
        if pattern and not line.startswith("#"):
            anywhere = pattern.removeprefix("**/")
            names = parts if anywhere != pattern else itself_and_parents
            if any(fnmatch.fnmatchcase(name, anywhere) for name in names if "/" not in name or name == anywhere):
                kept = line.startswith("!")
    return kept


def environment(stage: list[Step]) -> dict[str, str]:
    """Variables that a stage sets."""
    return {key: value for step in stage if step.word == "ENV" for key, value in re.findall(r"(\w+)=(\S+)", step.rest)}


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    return read_dockerfile((ROOT / "Dockerfile").read_text())


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_readers_of_this_file_read() -> None:
    read = read_dockerfile(
        "# note\nFROM a:1 AS b\nRUN --mount=type=x,y \\\n    # why\n    one \\\n  && two\nCOPY --from=b c d\n"
    )
    assert [step.word for step in read] == ["FROM", "RUN", "COPY"]
    assert [step.flags for step in read] == [{}, {"mount": "type=x,y"}, {"from": "b"}]
    assert [step.rest for step in read] == ["a:1 AS b", "one && two", "c d"]
    assert [len(stage) for stage in stages(read)] == [3]


def test_every_stage_begins_with_one_pinned_base_or_an_earlier_stage(
    steps: list[Step], project: dict[str, Any]
) -> None:
    names: set[str] = set()
    bases = set()
    for step in steps:
        if step.word == "FROM":
            base, *name = re.split(r"\s+AS\s+", step.rest)
            if base not in names:
                bases.add(base)
            names.update(name)
    assert len(bases) == 1
    match = re.fullmatch(r"python:(\d+\.\d+)(\.\d+)?-slim-[a-z]+", bases.pop())
    assert match and project["project"]["requires-python"] == f">={match[1]}"


def test_every_copied_file_exists_and_is_not_ignored(steps: list[Step]) -> None:
    names = {step.rest.split()[-1] for step in steps if step.word == "FROM" and " AS " in step.rest}
    copied = 0
    for step in steps:
        assert step.word != "ADD"
        if step.word == "COPY":
            *sources, _ = step.rest.split()
            if "from" in step.flags:
                assert step.flags["from"] in names
                continue
            for source in sources:
                copied += 1
                assert (ROOT / source).exists(), source
                assert source == "." or goes_in(source), source
    assert copied


def test_all_that_the_wheel_is_built_from_goes_in(project: dict[str, Any]) -> None:
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = ["pyproject.toml", project["project"]["readme"], *project["project"]["license-files"], *wheel["packages"]]
    needed += wheel["force-include"]
    assert "assets" in needed
    listed = subprocess.run(["git", "ls-files", "-z", *needed], cwd=ROOT, capture_output=True, text=True)
    # a source archive has no git: then what lies there
    files = [name for name in listed.stdout.split("\0") if name] or [
        path.relative_to(ROOT).as_posix() for name in needed for path in [ROOT / name, *(ROOT / name).rglob("*")]
        if path.is_file() and path.suffix != ".pyc"
    ]  # fmt: skip
    assert {"pyproject.toml", "app/__main__.py"} < set(files)
    assert sum(name.endswith(".safetensors") for name in files) >= 3
    assert [name for name in files if not goes_in(name)] == []


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        ".netrc",
        ".venv/bin/python",
        "Dockerfile",
        "app/.env",
        "app/__pycache__/page.cpython-311.pyc",
        "build/docker",
        "dist/x.whl",
        "id_rsa",
        "motionbeat/beats/decoding.best.nbi",
        "out/song.mp4",
        "pip.conf",
        "runs/dance/model.safetensors",
        "shared/data/x",
        "tests/conftest.py",
        "wheels/x.whl",
    ],
)
def test_nothing_else_goes_in(path: str) -> None:
    assert not goes_in(path)


def test_the_environment_is_made_without_the_code(steps: list[Step]) -> None:
    """Otherwise every change of the code would install PyTorch again."""
    first = stages(steps)[0]
    assert [step.rest for step in first if step.word == "COPY"] == ["constraints.txt pyproject.toml ./"]
    last = stages(steps)[-1]
    copied = [(step.flags.get("from"), step.rest.split()) for step in last if step.word == "COPY"]
    assert [stage for stage, _ in copied] == ["environment", "package", "package"]
    # each lands where it was made, or scripts, bytecode and virtual environment would point elsewhere
    assert all(source == target for _, (source, target) in copied)


def test_the_image_is_tried_in_the_places_that_it_has(steps: list[Step]) -> None:
    _, package, last = stages(steps)
    tried, used = environment(package), environment(last)
    for name in ("PYTHONPATH", "PYTHONPYCACHEPREFIX"):
        assert tried[name] == used[name]
    song = re.search(r"--audio (\S+)", package[-1].rest)
    assert song and song[1].startswith(f"{used['PYTHONPATH']}/motionbeat/_assets/")
    assert (ROOT / "assets" / song[1].partition("/_assets/")[2]).is_file()


def test_the_environment_holds_exactly_the_dependencies(
    steps: list[Step], project: dict[str, Any], tmp_path: Path
) -> None:
    install = next(step.rest for step in steps if step.word == "RUN" and "requirements.txt" in step.rest)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    code = re.search(r'python -c "(.*?)"\s*>', install)
    assert code
    printed = subprocess.run([sys.executable, "-c", code[1]], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert printed.stdout.splitlines() == project["project"]["dependencies"]
    assert "-c constraints.txt -r requirements.txt" in install


def test_the_page_is_started_by_an_unprivileged_user(steps: list[Step]) -> None:
    last = stages(steps)[-1]
    users = [step.rest for step in last if step.word == "USER"]
    assert users and all(user.isdigit() and int(user) > 0 for user in users)
    assert f"--uid {users[-1]} " in next(step.rest for step in last if step.word == "RUN")
    # the working directory, which Gradio may serve, is root's: some builders give one that WORKDIR makes to USER
    words = [(step.word, step.rest) for step in last]
    made = next(index for index, (_, rest) in enumerate(words) if "mkdir /srv/empty" in rest)
    assert made < words.index(("WORKDIR", "/srv/empty")) < words.index(("USER", users[-1]))
    # nothing is made for that user to write to: only /tmp is
    assert not any("chown" in step.rest or "chmod" in step.rest or "chown" in step.flags for step in last)


def test_any_other_command_may_follow_the_name_of_the_image(steps: list[Step]) -> None:
    last = stages(steps)[-1]
    assert not any(step.word == "ENTRYPOINT" for step in last)
    assert json.loads(last[-1].rest) == ["python", "-m", "app"] and last[-1].word == "CMD"
    assert [step.rest for step in last if step.word == "STOPSIGNAL"] == ["SIGINT"]


def test_one_port_and_nothing_sought_in_the_network_at_start(steps: list[Step]) -> None:
    last = stages(steps)[-1]
    variables = environment(last)
    assert variables["GRADIO_SERVER_PORT"] == PORT and variables["GRADIO_SERVER_NAME"] == "0.0.0.0"
    assert [step.rest for step in last if step.word == "EXPOSE"] == [PORT]
    assert variables["HF_HUB_OFFLINE"] == "1" and variables["GRADIO_ANALYTICS_ENABLED"] == "False"
    for name in ("HOME", "GRADIO_TEMP_DIR", "NUMBA_CACHE_DIR", "MPLCONFIGDIR"):
        assert variables[name].split("/")[1] == "tmp"


def test_no_address_and_no_secret_is_written_down(steps: list[Step]) -> None:
    text = " ".join(step.rest for step in steps)
    assert re.findall(r"\w+://[^/'\"\s]+", text) == [f"http://127.0.0.1:{PORT}"]
    named = [step.rest.split("=")[0] for step in steps if step.word == "ARG"]
    assert named == ["PIP_ARGS"]


def health_check(steps: list[Step], port: int) -> int:
    """Exit status of the image's health check, asking another port than the image's."""
    check = next(step for step in stages(steps)[-1] if step.word == "HEALTHCHECK")
    assert {"interval", "timeout", "start-period"} <= set(check.flags)
    kind, command = check.rest.split(maxsplit=1)
    assert kind == "CMD"
    program, *arguments = json.loads(command)
    assert program == "python"
    arguments = [argument.replace(f":{PORT}/", f":{port}/") for argument in arguments]
    # a proxy that nobody answers at, as a company's would be for this address
    environment = os.environ | {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, timeout=30).returncode


class Page(ThreadingHTTPServer):
    """Answers every GET with one status."""

    status = 200


class Answer(BaseHTTPRequestHandler):
    server: Page

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Page]:
    with Page(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (500, False)])
def test_the_health_check_asks_the_page(steps: list[Step], server: Page, status: int, healthy: bool) -> None:
    server.status = status
    assert (health_check(steps, server.server_port) == 0) == healthy


def test_the_health_check_fails_where_nobody_answers(steps: list[Step], server: Page) -> None:
    port = server.server_port
    server.shutdown()
    server.server_close()
    assert health_check(steps, port) != 0
