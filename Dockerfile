# The page on port 7860:  docker build -t motionbeat-demo . && docker run --rm -p 7860:7860 motionbeat-demo
# PIP_ARGS goes to pip: with the CPU index of PyTorch's installation page as an extra index, the image needs no CUDA.
FROM python:3.11-slim AS build
ARG PIP_ARGS=""
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir --upgrade pip && pip install --no-cache-dir ${PIP_ARGS} -c constraints.txt .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 dancer
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_TEMP_DIR=/home/dancer/gradio \
    GRADIO_ANALYTICS_ENABLED=False \
    HF_HUB_OFFLINE=1 \
    NUMBA_CACHE_DIR=/home/dancer/numba \
    MPLCONFIGDIR=/home/dancer/matplotlib \
    PYTHONUNBUFFERED=1
USER dancer
# Gradio may serve files of its working directory: keep that one empty.
WORKDIR /home/dancer/empty
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/', timeout=4)"]
CMD ["python", "-m", "app"]
