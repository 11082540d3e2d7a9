#!/usr/bin/env bash
# The comparison, the allocation count and the log shipper, one after the other: all must pass. Of the
# scenarios named, those that the allocation count knows are counted; without a name all are.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:?usage: scripts/bench.sh BINARY [arguments of Benchmarks/compare.py]}
shift
python=.build/venv/bin/python
status=0
PATH="$PWD/.build/venv/bin:$PATH" $python Benchmarks/compare.py --pillion "$binary" "$@" || status=$?
# A mistake in the arguments: there is nothing to count.
((status == 2)) && exit 2

named=false counted=()
all=" $($python Benchmarks/compare.py --list) "
countable=" $($python Benchmarks/allocations.py --list) "
for argument in "$@"; do
    [[ $all == *" $argument "* ]] && named=true
    [[ $countable == *" $argument "* ]] && counted+=("$argument")
done
if ! $named || ((${#counted[@]} > 0)); then
    echo
    $python Benchmarks/allocations.py --pillion "$binary" "${counted[@]}" || status=1
fi
if ! $named; then
    echo
    $python Benchmarks/logs.py --pillion "$binary" || status=1
fi
exit $status
