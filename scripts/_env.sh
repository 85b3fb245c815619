# Sourced by every script: go to the project, make .venv as the lock says, put it on the PATH.
set -eu
CDPATH="" cd "$(dirname "$0")/.."

if [ -z "${PYTHON:-}" ]; then
  for PYTHON in python3 python3.14 python3.13 python3.12 python3.11; do
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
  done
fi
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo "The refund ledger needs Python 3.11 or newer: install it, or name it with PYTHON=/path/to/python3." >&2
  exit 2
}

# A stamp of what was installed where: a matching one saves several seconds on every later run.
want=$("$PYTHON" -c 'import hashlib, os, sys
read = [open(name, "rb").read() for name in sys.argv[1:]] + [os.fsencode(os.getcwd())]
print(hashlib.sha256(b"\0".join(read)).hexdigest())' pyproject.toml scripts/requirements/dev.txt)

with_uv() {
  export UV_PYTHON_DOWNLOADS=never
  uv pip sync -q -p .venv/bin/python --only-binary :all: --require-hashes scripts/requirements/dev.txt &&
    uv pip install -q -p .venv/bin/python --no-deps --no-build-isolation -e .
}

with_pip() {
  export PIP_DISABLE_PIP_VERSION_CHECK=1
  .venv/bin/python -m pip install -q --only-binary :all: --require-hashes -r scripts/requirements/dev.txt &&
    .venv/bin/python -m pip install -q --no-deps --no-build-isolation -e .
}

if [ "$(cat .venv/.stamp 2>/dev/null || true)" != "$want" ]; then
  (
    set -x
    rm -f .venv/.stamp
    .venv/bin/python -m pip --version >/dev/null 2>&1 || "$PYTHON" -m venv .venv
    # Where uv cannot reach the packages, pip may: a company's proxy is often known to pip alone.
    { command -v uv >/dev/null && with_uv; } || with_pip
  )
  echo "$want" > .venv/.stamp
fi
PATH=$PWD/.venv/bin:$PATH
