# SPDX-License-Identifier: Apache-2.0
# The bridge, rootless: docs/how-to/containers.md. What is built comes from this checkout alone.

FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY setup.py pyproject.toml README.md LICENSE ./
COPY notifier notifier
COPY bridge bridge
RUN python -m pip wheel --no-cache-dir --wheel-dir /wheels '.[bridge,postgresql]'

FROM python:3.12-slim-bookworm
RUN useradd --uid 10001 --user-group --create-home --home-dir /var/lib/workflow-notifier bridge
COPY --from=build /wheels /wheels
# The versions are those of the wheels.
# hadolint ignore=DL3013
RUN python -m pip install --no-cache-dir --no-index --find-links /wheels 'workflow-notifier[bridge,postgresql]' \
    && rm -r /wheels
USER 10001:10001
WORKDIR /var/lib/workflow-notifier
# Its data, where no PostgreSQL and no key from the environment are.
ENV XDG_DATA_HOME=/var/lib PYTHONUNBUFFERED=1
VOLUME /var/lib/workflow-notifier
EXPOSE 8990
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8990/healthz', timeout=4)"]
ENTRYPOINT ["notifier-bridge"]
CMD ["serve"]
