# The book's environment with JupyterLab, for systems that have no MXNet (Windows, Apple silicon).
#
#   docker build -t block-by-block .
#   docker run --rm -p 127.0.0.1:8888:8888 block-by-block      then open the address that it prints
#
# It runs on x86-64 and on aarch64; the libraries below are those that MXNet needs on either.
# .devcontainer/ stops after the stage `system` and calls make in the reader's own checkout.
FROM python:3.12-slim AS system

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git libgomp1 liblapacke libopenblas0-pthread make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 reader

USER 1000

FROM system

WORKDIR /home/reader/book

# First what changes rarely, so that an edited chapter does not install everything again.
COPY --chown=reader:reader Makefile pyproject.toml requirements.txt requirements-mxnet.txt README.md LICENSE ./
COPY --chown=reader:reader constraints constraints
COPY --chown=reader:reader scripts scripts
COPY --chown=reader:reader d2lres d2lres
RUN make env PYTHON=python3.12 && rm -rf /home/reader/.cache

COPY --chown=reader:reader . .
ENV PATH=/home/reader/book/.venv/bin:$PATH

EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser", "--notebook-dir=chapters"]
