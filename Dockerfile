# The MotionBeat page on port 7860, its weights inside:
#
#   docker build -t motionbeat-demo .
#   docker run --rm -p 7860:7860 motionbeat-demo
#
# Any other command may follow, as any user, and only /tmp has to be writable:
#
#   docker run --rm --read-only --tmpfs /tmp --user "$(id -u)" -v "$PWD:/songs" -w /songs motionbeat-demo \
#       python -m dancegen.sample --audio song.mp3
#
# PyTorch is what pip takes by itself: on Linux the CUDA build, several GB, which computes on the CPU unless it is run
# with --gpus all. An image for the CPU only is far smaller; name the CPU index of PyTorch's installation page:
#
#   docker build -t motionbeat-demo --build-arg PIP_ARGS="--extra-index-url <CPU index>" .
#
# A pip configuration of your own (mirror, certificate) is given as a secret, which stays out of the image:
# --secret id=pip_config,src=/etc/pip.conf

FROM python:3.11-slim-bookworm AS environment
# Only this stage has binutils, and whatever is newest in Debian stable is wanted.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv --without-pip /opt/venv
WORKDIR /src
# Without the code, so that a change of it leaves this layer, the large one, as it was.
COPY constraints.txt pyproject.toml ./
ARG PIP_ARGS=""
# PIP_ARGS is meant to be split into words.
# hadolint ignore=SC2086
RUN --mount=type=secret,id=pip_config,target=/etc/pip.conf \
    python -c "import tomllib as t; print(*t.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
        > requirements.txt \
    && pip --python /opt/venv/bin/python install --no-cache-dir --no-compile ${PIP_ARGS} \
        -c constraints.txt -r requirements.txt
# What is never read while the project runs: tests, headers, PyTorch's test programs, symbols for debuggers.
# torch_shm_manager stays: it is how processes share tensors.
WORKDIR /opt/venv/lib/python3.11/site-packages
RUN find . -type d -name tests -prune -exec rm -rf {} + \
    && rm -rf torch/include torch/share torch/test \
    && find torch/bin -type f ! -name torch_shm_manager -delete \
    && find torch/lib llvmlite -type f -name '*.so' -exec strip --strip-unneeded {} +

FROM environment AS package
WORKDIR /src
COPY . .
RUN --mount=type=secret,id=pip_config,target=/etc/pip.conf \
    pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --no-deps --target /opt/motionbeat .
# A first dance: the build fails where the image would. It leaves the bytecode of what was imported, half of all.
WORKDIR /tmp/trial
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/motionbeat \
    PYTHONPYCACHEPREFIX=/opt/bytecode \
    NUMBA_CACHE_DIR=/tmp/numba
RUN python -c "from app.page import build_page; build_page()" \
    && python -m dancegen.sample --audio /opt/motionbeat/motionbeat/_assets/songs/demo_4-4.ogg --duration 3

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="motionbeat-demo" \
    org.opencontainers.image.description="Turns any song into a video of a person dancing to it" \
    org.opencontainers.image.licenses="Apache-2.0 AND LicenseRef-weights-research-and-non-commercial-use"
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin dancer \
    && mkdir /srv/empty
COPY --from=environment /opt/venv /opt/venv
COPY --from=package /opt/bytecode /opt/bytecode
COPY --from=package /opt/motionbeat /opt/motionbeat
# Caches lie in /tmp, which any user may write, so that --user and --read-only work. PYTHONSAFEPATH: a file of the
# working directory is never taken for a module.
ENV PATH=/opt/venv/bin:/opt/motionbeat/bin:$PATH \
    HOME=/tmp \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_TEMP_DIR=/tmp/gradio \
    GRADIO_ANALYTICS_ENABLED=False \
    HF_HUB_OFFLINE=1 \
    NUMBA_CACHE_DIR=/tmp/numba \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONPATH=/opt/motionbeat \
    PYTHONPYCACHEPREFIX=/opt/bytecode \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1
# Gradio may serve files of its working directory: this one is root's, and so stays empty.
WORKDIR /srv/empty
USER 10001
EXPOSE 7860
# Python as process 1 would ignore SIGTERM where the program does not handle it; SIGINT it always handles.
STOPSIGNAL SIGINT
# Not by way of a proxy that the container may have been given.
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "from urllib.request import ProxyHandler as P, build_opener as b; \
        b(P({})).open('http://127.0.0.1:7860/', timeout=4)"]
CMD ["python", "-m", "app"]
