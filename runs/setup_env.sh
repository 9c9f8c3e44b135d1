#!/bin/sh
# Makes a virtual environment with this package, its solver and its development tools. Called
# again, it works only if pyproject.toml has changed, the checkout was moved or Python has gone.
#
#   sh runs/setup_env.sh && . .venv/bin/activate
#
#   PYTHON=/path/to/python   the interpreter; otherwise the first one that works and is new enough
#   VENV=.venv               the environment
set -eu
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
stamp=$venv/installed-for
log=$venv/install.log
oldest="3, 12"

fail() {
  echo "setup: $*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

is_new() { "$1" -c "import sys; sys.exit(sys.version_info < ($oldest))" </dev/null >/dev/null 2>&1; }

has_venv() { "$1" -c "import venv, ensurepip" </dev/null >/dev/null 2>&1; }

candidates() {
  printf '%s\n' python3.12 python3.13 python3 python python3.14 \
    "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/*/bin/python \
    "${HOME:-}"/.local/share/uv/python/*/bin/python3 \
    "${HOME:-}"/*conda*/bin/python "${HOME:-}"/*forge*/bin/python \
    /usr/local/bin/python3.1? /opt/*/bin/python3
}

# Sets python. Candidates are run, not looked up: a pyenv shim exists for versions that do not work.
find_python() {
  if [ -n "${PYTHON:-}" ]; then
    is_new "$PYTHON" || fail "PYTHON=$PYTHON is not a working Python 3.12 or newer; name another"
    has_venv "$PYTHON" || have uv || fail_venv "$PYTHON"
    python=$PYTHON
    return
  fi
  bare=
  for python in $(candidates); do
    is_new "$python" || continue
    if has_venv "$python" || have uv; then return; fi
    bare=$python
  done
  [ -z "$bare" ] || fail_venv "$bare"
  if have uv && uv python install --quiet 3.12; then
    python=$(uv python find 3.12)
    return
  fi
  fail "no working Python 3.12 or newer found; install one (apt-get install python3.12-venv," \
    "pip install uv && uv python install 3.12, conda, module load python) or name it: PYTHON=..."
}

fail_venv() {
  fail "$1 has no venv module; install it (Debian: apt-get install python3-venv) or install uv"
}

check_compiler() {
  for cc in "${CC:-}" gcc cc clang; do
    [ -n "$cc" ] && have "$cc" && return
  done
  fail "no C compiler found, and membranes and finite elements are compiled at run time; install" \
    "one (Debian: apt-get install gcc libc6-dev; cluster: module load gcc) or name it: CC=..."
}

wanted() {
  pwd
  cat pyproject.toml
}

is_installed() { wanted | cmp -s - "$stamp" && "$venv/bin/python" -c "" 2>/dev/null; }

# Only an environment that this script made may be emptied.
make_venv() {
  if [ -f "$stamp" ] && [ "$(head -n 1 "$stamp")" = "$(pwd)" ] && is_new "$venv/bin/python"; then
    return
  fi
  find_python
  clear=
  [ ! -f "$stamp" ] || clear=--clear
  echo "setup: making $venv with $("$python" -V 2>&1) ($python)"
  if has_venv "$python"; then
    "$python" -m venv $clear "$venv"
  else
    uv venv --quiet --allow-existing $clear --python "$python" "$venv"
  fi
}

install() {
  echo "setup: installing the package, its solver and its tools (about a minute)"
  : >"$log"
  if have uv && uv pip install --python "$venv/bin/python" -e '.[dev,formats]' >>"$log" 2>&1; then
    return
  fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -e '.[dev,formats]' \
    >>"$log" 2>&1 || fail_install
}

fail_install() {
  { grep -iE '^ *(error:|×)' "$log" || tail -n 4 "$log"; } | tail -n 4 | cut -c 1-300 >&2
  if grep -qiE 'connection|resolution|no matching distribution|failed to fetch|proxy' "$log"; then
    fail "the packages could not be fetched (all of it: $log); is there a network? Behind a proxy" \
      "set HTTPS_PROXY, without a network PIP_INDEX_URL or PIP_FIND_LINKS"
  fi
  fail "pip could not install the packages; what it says is above and in $log"
}

check_headers() {
  "$venv/bin/python" -c "import os, sysconfig, sys; sys.exit(not os.path.isfile(sysconfig.get_config_h_filename()))" ||
    fail "$venv/bin/python has no headers, and finite elements are compiled with them; install them" \
      "(Debian: apt-get install python3-dev), or name a Python that has them: PYTHON=..."
}

check_compiler
if ! is_installed; then
  make_venv
  check_headers
  install
  wanted >"$stamp"
fi
