# syntax=docker/dockerfile:1
# Earful for CPUs. `docker build -t earful .`, then see compose.yml and docs/installing.md.

FROM python:3.11-slim-bookworm AS build
# The build of torch for CPUs; its own index has no other package that Earful needs.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1
# `strip`, for torch's symbols.
RUN apt-get update \
    && apt-get install -y --no-install-recommends binutils=2.40-* \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# In this order an unchanged layer is taken again when only the code has changed.
COPY constraints.txt ./
RUN python -m venv --without-pip /opt/earful \
    && pip --python /opt/earful/bin/python install --no-deps --index-url "$TORCH_INDEX" \
        "$(grep '^torch==' constraints.txt)"
COPY . .
RUN pip --python /opt/earful/bin/python install -c constraints.txt . \
    && python deploy/slim.py /opt/earful/bin/python \
    && /opt/earful/bin/python -m compileall -q -j 0 /opt/earful/lib/python3.11/site-packages \
        -x '/(sympy|torch/(_inductor|_dynamo|distributed|testing|onnx)|babel/locale-data)/' \
    && /opt/earful/bin/earful --version

FROM python:3.11-slim-bookworm
COPY --from=build /opt/earful /opt/earful
# Numbers, so that Kubernetes' runAsNonRoot can see that it is nobody's root.
RUN groupadd --gid 10001 earful \
    && useradd --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin earful \
    && install -d -o 10001 -g 10001 -m 700 /data
USER 10001:10001
# The store, the config and what Earful measures once a machine lie in the volume, and nothing else
# is written: the root may be read-only (`docker run --read-only --tmpfs /tmp`).
WORKDIR /data
VOLUME /data
ENV PATH=/opt/earful/bin:$PATH \
    HOME=/data \
    XDG_CACHE_HOME=/data/.cache \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# Unhealthy when `earful status` says that something is wrong; it only reads.
HEALTHCHECK --interval=1m --timeout=30s --start-period=3m --retries=3 \
    CMD ["earful", "status"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["earful"]
CMD ["run", "--no-serve"]
