# Make .venv with the Python given. Debian parts `venv` from python3: where it is missing and we may, install it.
set -eu
python=${1:-python3}
[ -x .venv/bin/pip ] && exit 0
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Comptoir needs Python 3.11 or newer; this is $("$python" --version). Say: make PYTHON=python3.12 …" >&2; exit 1; }
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  if [ "$(id -u)" = 0 ]; then sudo=''; else sudo='sudo -n'; fi
  { $sudo apt-get update -qq && $sudo apt-get install -y -qq python3-venv; } >/dev/null || {
    echo "Python's venv is missing here and could not be installed. Say: apt-get install python3-venv" >&2; exit 1; }
fi
rm -rf .venv
"$python" -m venv .venv
