# One image for the operator and the worker.
#
#   make image IMAGE=registry.example.com/mogulsync:0.2.0
#
# It needs nothing that only BuildKit has, so that any builder can make it. BASE_IMAGE may carry a digest
# (python:3.13-slim@sha256:…): the release pins it, and Renovate keeps it.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
# Of every file that is made here; a build of the same commit on the same base makes the same files.
ARG SOURCE_DATE_EPOCH=0
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore PIP_RETRIES=10 PIP_DEFAULT_TIMEOUT=60 SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH}
WORKDIR /build
COPY locks/build.txt locks/runtime.txt locks/
# Two environments: `tools` builds the wheel and stays behind, `/opt/mogulsync` is what runs.
RUN python3 -m venv tools \
 && tools/bin/pip install --quiet --require-hashes --only-binary :all: -r locks/build.txt \
 && python3 -m venv --without-pip /opt/mogulsync \
 && tools/bin/pip --python /opt/mogulsync/bin/python install --quiet --require-hashes --only-binary :all: -r locks/runtime.txt
# Of the Kubernetes client only the asynchronous half (kubernetes.aio) is used; the synchronous one is as large again.
RUN kubernetes="$(/opt/mogulsync/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/kubernetes" \
 && sed -i '/^from \. import/d' "$kubernetes/__init__.py" \
 && for half in client config dynamic informer leaderelection stream utils watch; do rm -r "${kubernetes:?}/$half"; done
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN tools/bin/pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir dist . \
 && tools/bin/pip --python /opt/mogulsync/bin/python install --quiet --no-deps --no-index dist/*.whl \
 && /opt/mogulsync/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/mogulsync/lib \
 && /opt/mogulsync/bin/mogulsync operator --help >/dev/null \
 && find /opt/mogulsync -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

FROM ${BASE_IMAGE}
# The official image carries no bytecode of the standard library, and a read-only root file system keeps a Pod from
# writing it: without this each start would compile anew. pip is not needed to run, and what is not there cannot be used.
RUN python3 -c "import compileall, re, sysconfig; compileall.compile_dir(sysconfig.get_path('stdlib'), quiet=2, workers=0, \
      rx=re.compile('/(site-packages|dist-packages|ensurepip|idlelib|test|tkinter|turtledemo)/'))" \
 && find / -xdev \( -path '*/ensurepip' -o -path '*-packages/pip' -o -path '*-packages/pip-*.dist-info' \
      -o -path '*/bin/pip*' \) -prune -exec rm -r {} + \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
COPY --from=build /opt/mogulsync /opt/mogulsync
ENV PATH=/opt/mogulsync/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
WORKDIR /
ENTRYPOINT ["mogulsync"]
# Last, so that another revision changes no layer.
ARG VERSION=dev
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="mogulsync" \
      org.opencontainers.image.description="Keeps Intercom contacts supplied with ChartMogul's customer data, from Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
