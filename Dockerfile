# Runcite in a container: `docker build -t runcite .`, or `docker compose up` with the vectors on a Qdrant server.
FROM python:3.11-slim-bookworm AS build

# Where to take torch from, if not from the configured package index: a URL of CPU-only wheels saves gigabytes.
ARG TORCH_INDEX=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

RUN python -m venv /opt/runcite
WORKDIR /src
COPY constraints.txt ./
RUN /opt/runcite/bin/pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} --constraint constraints.txt torch
COPY pyproject.toml README.md LICENSE ./
COPY ingest ingest
COPY index index
COPY agent agent
COPY api api
COPY kb_samples kb_samples
RUN /opt/runcite/bin/pip install --constraint constraints.txt ".[office]"


FROM python:3.11-slim-bookworm

# git reads work trees and repositories by URL.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /var/lib/runcite --shell /usr/sbin/nologin runcite \
    && install --directory --owner=runcite --group=runcite --mode=0700 /var/lib/runcite
COPY --from=build /opt/runcite /opt/runcite

ENV PATH=/opt/runcite/bin:$PATH PYTHONUNBUFFERED=1 RUNCITE_HOME=/var/lib/runcite/home
USER 10001:10001
WORKDIR /var/lib/runcite
VOLUME /var/lib/runcite
EXPOSE 8321
STOPSIGNAL SIGTERM

# Alive, not ready: a server without articles, or without its Qdrant, is not mended by starting it anew.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8321/healthz', timeout=4)"]

ENTRYPOINT ["runcite"]
CMD ["serve"]
