# One image for the operator and the worker.
#
#   docker build -t mogulsync:dev .
#
# It needs nothing that only BuildKit has, so that any builder can make it.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY locks/build.txt locks/runtime.txt locks/
# Two environments: `tools` builds the wheel and stays behind, `/opt/mogulsync` is what runs.
RUN python3 -m venv tools \
 && tools/bin/pip install --quiet --require-hashes --only-binary :all: -r locks/build.txt \
 && python3 -m venv --without-pip /opt/mogulsync \
 && tools/bin/pip --python /opt/mogulsync/bin/python install --quiet --require-hashes --only-binary :all: -r locks/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN tools/bin/pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir dist . \
 && tools/bin/pip --python /opt/mogulsync/bin/python install --quiet --no-deps --no-index dist/*.whl \
 && /opt/mogulsync/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/mogulsync/lib

FROM ${BASE_IMAGE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mogulsync" \
      org.opencontainers.image.description="Keeps Intercom contacts supplied with ChartMogul's customer data, from Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The official image carries no bytecode of the standard library, and a read-only root file system keeps a Pod from
# writing it: without this each start would compile anew.
RUN python3 -c "import compileall, re, sysconfig; compileall.compile_dir(sysconfig.get_path('stdlib'), quiet=2, workers=0, \
      rx=re.compile('/(site-packages|dist-packages|ensurepip|idlelib|test|tkinter|turtledemo)/'))"
COPY --from=build /opt/mogulsync /opt/mogulsync
ENV PATH=/opt/mogulsync/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
WORKDIR /
ENTRYPOINT ["mogulsync"]
