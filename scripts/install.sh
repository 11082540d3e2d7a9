#!/usr/bin/env bash
# Installs what one purpose needs: build, demo, test or bench. Debian packages only where they are
# missing; Python packages only into .build/venv.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:?usage: scripts/install.sh build|demo|test|bench}

packages=(libre2-dev libyaml-dev libc-ares-dev libssl-dev zlib1g-dev libsqlite3-dev)
python=false
case $purpose in
    build) ;;
    demo) packages+=(curl python3) ;;
    test)
        packages+=(curl openssl haproxy nginx wrk nghttp2-client nghttp2-server python3 python3-venv)
        packages+=(binutils nftables iptables iproute2 redis-server postgresql)
        packages+=(rsyslog rsyslog-openssl librdkafka1 kcat)
        python=true
        ;;
    bench)
        packages+=(curl openssl haproxy nginx wrk nghttp2-client nghttp2-server python3 python3-venv)
        packages+=(gcc libc6-dev rsyslog rsyslog-elasticsearch)
        python=true
        ;;
    *)
        echo "install.sh: unknown purpose '$purpose'; use build, demo, test or bench" >&2
        exit 2
        ;;
esac

if ! command -v swift >/dev/null; then
    echo "install.sh: Swift 6.3 or newer is needed: https://www.swift.org/install/linux/" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [[ $state == "install ok installed" ]] || missing+=("$package")
done
if ((${#missing[@]})); then
    as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || {
            echo "install.sh: as root, run: apt-get install ${missing[*]}" >&2
            exit 1
        }
        as_root=(sudo)
    fi
    echo "install.sh: installing ${missing[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
        --no-install-recommends "${missing[@]}" >/dev/null
fi

if $python; then
    wanted=IntegrationTests/requirements.txt
    if ! cmp -s "$wanted" .build/venv/installed.txt; then
        mkdir -p .build
        [[ -x .build/venv/bin/python ]] || python3 -m venv .build/venv
        .build/venv/bin/pip install --quiet --disable-pip-version-check -r "$wanted"
        cp "$wanted" .build/venv/installed.txt
    fi
fi
