# Residual Networks, Block by Block.  `make help` lists what can be made.
#
# PYTHON=python3.13  the interpreter (default: the first that runs of python3.11, 3.12, 3.13, python3)
# VENV=.venv-3.13    the virtual environment (default: .venv)

PYTHON ?=
VENV   ?= .venv
PORT   ?= 8000

SHELL := bash
BIN   := $(VENV)/bin
READY := $(VENV)/.complete
HTML  := _build/html
BUILT := _build/.complete

# What the rendered book is made from.  It shows the outputs stored in the notebooks.
SOURCES := _config.yml _toc.yml references.bib runs/README.md $(wildcard chapters/* chapters/*/* _static/* _ext/page/*.py assets/*)
# What runs in the reader's browser (see _ext/browser).
SOURCES += $(wildcard _static/*/* _ext/browser/*.* _ext/browser/js/* d2lres/*.py d2lres/machine/*.py)
SOURCES += $(wildcard d2lres/structure/*.py d2lres/structure/*/*.py d2lres/drawing/*.py d2lres/practice/*.py)
# The trained networks, their images, and what the figures that move are drawn from.
SOURCES += $(wildcard d2lres/twins/*.py d2lres/runs/*.py d2lres/train/*.py d2lres/data/samples/cifar-10-test*)
SOURCES += $(wildcard runs/*/run.json runs/*/*/run.json runs/depth/*/* runs/cifar10-fast-0/*)

# The user's own Python settings stay out of the environment.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
export PYTHONNOUSERSITE := 1

.PHONY: book env test unit twins notebooks rerun golden lint address format lab serve bench bench-page clean distclean constraints help FORCE
.DEFAULT_GOAL := book
.NOTPARALLEL:

book: $(BUILT) ## render the book into _build/html (the default)
	@echo "The book: $(HTML)/index.html"

# All pages, every time: with the pages that did not change left out, their warnings would be too.
$(BUILT): $(READY) $(SOURCES)
	@rm -f $@
	$(BIN)/jupyter-book build --all -W -n --keep-going -q .
	@touch $@

env: $(READY) ## make or update the virtual environment
$(READY): FORCE
	@scripts/env.sh "$(VENV)" "$(PYTHON)"

test: lint book ## lint, unit tests, the rendered book and its links, every notebook
	$(PYTEST) $(NBVAL) $(OTHERS) $(LEFT_OUT) tests chapters

# Three processes of one thread each, for two cores: one of them waits, for a browser or a kernel, most
# of the time.  Each takes a file at a time; tests/conftest.py begins with the longest.
PYTEST := OMP_NUM_THREADS=1 OMP_PROC_BIND=false $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
NBVAL  := --nbval --nbval-current-env --nbval-cell-timeout 300 --nbval-sanitize-with tests/nbval-sanitize.cfg

unit: env ## unit tests only: make unit ARGS="-k blocks"
	$(PYTEST) $(OTHERS) tests --ignore tests/test_book.py $(ARGS)

# The tests of other frameworks, and the chapter that needs PyTorch, are a group of their own, so that
# `make test` stays short and needs none.
OTHERS := --ignore-glob='tests/test_twins_*' --ignore chapters/same-in-pytorch.ipynb

twins: env ## install PyTorch; test the same nets there and in ONNX, and the chapter: make twins ARGS="-k padding"
	$(BIN)/python -m pip install -q -r requirements-twins.txt \
		-c constraints/$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])').txt
	$(PYTEST) $(NBVAL) tests/test_twins_*.py chapters/same-in-pytorch.ipynb $(ARGS)

notebooks: env ## run the notebooks and compare their outputs: make notebooks ARGS="-k resnet18"
	$(PYTEST) $(NBVAL) $(OTHERS) chapters $(ARGS)

rerun: env ## run chapters and store their outputs: make rerun ARGS=chapters/resnet18.ipynb
	$(BIN)/python scripts/rerun.py $(ARGS)

golden: env ## write the table of all counts anew, after a change that is meant
	$(BIN)/python tests/test_golden.py

lint: env ## check style and format of the code, the scripts and the Dockerfile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/hadolint Dockerfile
	@if [ -x $(BIN)/shellcheck ]; then set -x; $(BIN)/shellcheck scripts/*.sh .ci/run .binder/postBuild; fi

address: env ## write the repository's address, kept in _config.yml, into pages and notebooks
	$(BIN)/python scripts/address.py

format: env ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lab: env ## open the notebooks in JupyterLab
	cd chapters && "$(abspath $(BIN))/jupyter" lab

serve: book ## show the book at http://127.0.0.1:8000 (PORT=8000)
	$(BIN)/python scripts/serve.py $(PORT)

bench: env ## measure importing, counting and training side by side
	$(BIN)/python benchmarks/counting.py
	$(BIN)/python benchmarks/train_throughput.py
	$(BIN)/python benchmarks/train_throughput.py --net cifar-resnet20 --batch-size 128 --batches 12
	$(BIN)/python benchmarks/kernels.py

bench-page: book ## measure the rendered book against its goals (needs npm and Chromium)
	$(BIN)/python benchmarks/page.py

clean: ## remove what was rendered and cached
	rm -rf _build build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name .venv\* -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -exec rm -rf {} +

distclean: clean ## remove the virtual environments as well
	rm -rf .venv .venv-*

constraints: ## resolve requirements.txt anew for every Python (needs all three)
	scripts/constraints.sh

# The core of Pyodide, from its npm package, and nothing that it can do without.
.PHONY: pyodide
pyodide: env ## renew the Python of the pages: make pyodide VERSION=314.0.7 (needs npm and Chromium)
	cd _static/pyodide && npm pack --silent pyodide@$(VERSION)
	cd _static/pyodide && tar xzf pyodide-$(VERSION).tgz --strip-components 1 $(addprefix package/,$(PYODIDE))
	rm _static/pyodide/pyodide-$(VERSION).tgz
	$(BIN)/python scripts/compile_stdlib.py

# Of ONNX Runtime Web, the build for the processor alone.
.PHONY: onnxruntime
onnxruntime: ## renew what runs the trained networks: make onnxruntime VERSION=1.30.0 (needs npm)
	cd _static/onnxruntime && npm pack --silent onnxruntime-web@$(VERSION)
	cd _static/onnxruntime && tar xzf onnxruntime-web-$(VERSION).tgz --strip-components 2 $(addprefix package/dist/,$(ONNXRUNTIME))
	rm _static/onnxruntime/onnxruntime-web-$(VERSION).tgz

ONNXRUNTIME := ort.wasm.bundle.min.mjs ort-wasm-simd-threaded.wasm
PYODIDE := pyodide.mjs pyodide.asm.mjs pyodide.asm.wasm python_stdlib.zip pyodide-lock.json

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "  PYTHON=python3.13 picks the interpreter, VENV=.venv-3.13 the environment"
