# Two stages: the first builds a wheel with the R4 core definitions inside, the second holds only what runs. Validating
# the fixtures fills the cache, which is read-only afterwards, and shows that what was built works.
FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN scripts/setup && scripts/wheel /wheels

FROM python:3.13-slim
COPY --from=build /wheels /wheels
COPY requirements.lock /wheels/
RUN python -m venv /opt/adapter \
    && /opt/adapter/bin/pip install --no-cache-dir --require-hashes --requirement /wheels/requirements.lock \
    && /opt/adapter/bin/pip install --no-cache-dir --no-deps /wheels/*.whl \
    && useradd --system --create-home --home-dir /var/lib/adapter adapter \
    && ADAPTER_CACHE=/opt/adapter/cache /opt/adapter/bin/adapter validate \
        /opt/adapter/lib/python3*/site-packages/adapter/share/fixtures/journeys/home-with-sip/*.json \
    && chmod -R a+rX /opt/adapter
ENV PATH=/opt/adapter/bin:$PATH ADAPTER_CACHE=/opt/adapter/cache ADAPTER_CONFIG=/etc/adapter/adapter.toml PYTHONUNBUFFERED=1
USER adapter
WORKDIR /var/lib/adapter
VOLUME ["/etc/adapter", "/var/lib/adapter"]
EXPOSE 8443
ENTRYPOINT ["adapter"]
CMD ["serve"]
