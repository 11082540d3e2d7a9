#!/usr/bin/env bash
# The comparison and the allocation count, one after the other: both must pass.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:?usage: scripts/bench.sh BINARY [arguments of Benchmarks/compare.py]}
shift
python=.build/venv/bin/python
status=0
PATH="$PWD/.build/venv/bin:$PATH" $python Benchmarks/compare.py --pillion "$binary" "$@" || status=1
echo
$python Benchmarks/allocations.py --pillion "$binary" || status=1
exit $status
