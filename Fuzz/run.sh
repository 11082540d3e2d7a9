#!/bin/sh
# Fuzzes one target: Fuzz/run.sh [seconds] [target] [more libFuzzer options]
#
# New inputs that reach new code are kept under .build; copy what is worth keeping to the corpus,
# and every input that ever failed. A test replays the corpus.
set -eu
cd "$(dirname "$0")"
seconds=${1:-180}
target=${2:-HTTP1Fuzz}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] && shift
case $target in
    HTTP1Fuzz) corpus=corpus/http1 ;;
    ClientHelloFuzz) corpus=corpus/client-hello ;;
    ProxyProtocolFuzz) corpus=corpus/proxy-protocol ;;
    HTTP2FramesFuzz) corpus=corpus/http2-frames ;;
    HPACKFuzz) corpus=corpus/hpack ;;
    *) echo "no such target: $target" >&2; exit 2 ;;
esac
swift build -c release --product "$target"
mkdir -p ".build/found/$target" ".build/failures"
# The backtracer would hide the trap from the fuzzer.
SWIFT_BACKTRACE=enable=no exec ".build/release/$target" \
    -max_total_time="$seconds" -max_len=4096 -timeout=10 -dict=http1.dict \
    -artifact_prefix=.build/failures/ "$@" ".build/found/$target" "$corpus"
